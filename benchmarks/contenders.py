"""One contender of `throughput.py`, in a process of its own: `contenders.py NAME SIZE WIDTH STEPS`.

TensorFlow and PyTorch in one process fight over its threads, so each contender has its own, and
`throughput.py` tells them in turn to train a round. A line on stdin is the word to go; the answer,
a line on stdout, holds the round's wall and processor seconds. The first round traces or compiles.

All train the same networks (`gankit.models.dcgan`, batch norm in both) on the same images, batch
64, Adam(2e-4, beta_1=0.5), in a game of cross-entropy. A round is an epoch of STEPS batches, given
out by `images.batches`; (a) has them from `tf.data`, as in its guide.
"""

import json
import os
import sys
import time

BATCH, LATENT = 64, 100
ANSWERS = os.dup(1)  # stdout is the answers'; what training prints goes nowhere


class Clock:
    """`begin` waits for the word to go, `end` answers with what the round took."""

    def begin(self):
        if not sys.stdin.readline():
            sys.exit()  # nobody asks any more
        self.start = time.perf_counter(), time.process_time()

    def end(self):
        now = time.perf_counter(), time.process_time()
        wall, processor = (b - a for a, b in zip(self.start, now))
        line = json.dumps({"wall": wall, "processor": processor})
        os.write(ANSWERS, f"{line}\n".encode())


def load(size, steps):
    """The images of a round: Fashion-MNIST at 28 px, CIFAR-10 enlarged at any other size."""
    from gankit import datasets

    if size == 28:
        return datasets.fashion_mnist().take(steps * BATCH)
    return datasets.cifar10().take(steps * BATCH).resized(size)


def loop(step, images, batch_size=BATCH):
    """A training loop written by hand: a round an epoch."""
    clock, batches = Clock(), images.batches(batch_size)
    while True:
        clock.begin()
        for reals in batches:
            step(reals)
        clock.end()
        batches.on_epoch_end()


# --- TensorFlow ----------------------------------------------------------------------------------


def networks(images, width):
    from gankit.models import dcgan

    shape = images.image_shape
    return dcgan.generator(shape, LATENT, width), dcgan.discriminator(shape, width)


def adam():
    import keras

    return keras.optimizers.Adam(2e-4, beta_1=0.5)


def rounds():
    """A Keras callback that makes each epoch a round."""
    import keras

    clock = Clock()
    return keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: clock.begin(),
        on_epoch_end=lambda epoch, logs: clock.end(),
    )


def gankit(images, width, **options):
    """`GAN.fit`."""
    from gankit.gans import GAN

    gan = GAN(*networks(images, width))
    gan.compile(adam(), adam(), ema=0.0, **options)  # no peer has an average
    gan.fit(images, batch_size=BATCH, epochs=10**6, callbacks=[rounds()])


def gankit_fresh(images, width):
    """`GAN.fit`, where G's step draws fakes of its own: Algorithm 1 to the letter."""
    gankit(images, width, fresh_fakes=True)


def gankit_by_ten(images, width):
    """`GAN.fit`, which goes back to Python, and to callbacks, after every tenth step."""
    gankit(images, width, steps_per_execution=10)


def gankit_bfloat16(images, width):
    """`GAN.fit` in mixed precision."""
    import keras

    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    gankit(images, width)


def keras_copied(images, width):
    """The pattern of the Keras guides, their data included: a fresh pass of G for each update."""
    import tensorflow as tf
    from quality_peers import CopiedGAN

    gan = CopiedGAN(*networks(images, width), LATENT)
    gan.compile(adam(), adam())
    data = tf.data.Dataset.from_tensor_slices(images.unit()).shuffle(1024).batch(BATCH)
    gan.fit(data, epochs=10**6, callbacks=[rounds()], verbose=2)


def two_tapes(images, width):
    """The loop of TensorFlow's DCGAN tutorial: both gradients of the same passes."""
    import tensorflow as tf
    from quality_peers import LOGITS

    generator, discriminator = networks(images, width)
    g_optimizer, d_optimizer = adam(), adam()
    g_optimizer.build(generator.trainable_variables)
    d_optimizer.build(discriminator.trainable_variables)

    @tf.function
    def step(reals):
        noise = tf.random.normal((BATCH, LATENT))
        with tf.GradientTape() as g_tape, tf.GradientTape() as d_tape:
            fakes = generator(noise, training=True)
            real = discriminator(reals, training=True)
            fake = discriminator(fakes, training=True)
            g_loss = LOGITS(tf.ones_like(fake), fake)
            d_loss = LOGITS(tf.ones_like(real), real) + LOGITS(tf.zeros_like(fake), fake)
        for tape, loss, network, optimizer in (
            (g_tape, g_loss, generator, g_optimizer),
            (d_tape, d_loss, discriminator, d_optimizer),
        ):
            variables = network.trainable_variables
            optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))

    loop(step, images)


# --- PyTorch -------------------------------------------------------------------------------------


def torch_networks(shape, width, max_width=512):
    """`gankit.models.dcgan`, layer by layer, in plain PyTorch."""
    from torch import nn

    from gankit.models.dcgan import SIZES

    (smallest, doublings), colours = SIZES[shape[0]], shape[2]
    widths = [min(width * 2**i, max_width) for i in range(doublings)]

    class Scale(nn.Module):
        def __init__(self, factor, offset):
            super().__init__()
            self.factor, self.offset = factor, offset

        def forward(self, x):
            return x * self.factor + self.offset

    first = widths[-1]
    g = [
        nn.Linear(LATENT, first * smallest**2, bias=False),
        nn.Unflatten(1, (first, smallest, smallest)),
        nn.BatchNorm2d(first),
        nn.ReLU(True),
    ]
    for before, after in zip(reversed(widths[1:]), reversed(widths[:-1])):
        g += [nn.ConvTranspose2d(before, after, 4, 2, 1, bias=False)]
        g += [nn.BatchNorm2d(after), nn.ReLU(True)]
    g += [nn.ConvTranspose2d(width, colours, 4, 2, 1), nn.Tanh(), Scale(0.5, 0.5)]

    d = [Scale(2.0, -1.0), nn.Conv2d(colours, width, 4, 2, 1), nn.LeakyReLU(0.2, True)]
    for before, after in zip(widths[:-1], widths[1:]):
        d += [nn.Conv2d(before, after, 4, 2, 1, bias=False)]
        d += [nn.BatchNorm2d(after), nn.LeakyReLU(0.2, True)]
    d += [nn.Flatten(), nn.Linear(first * smallest**2, 1)]
    return nn.Sequential(*g), nn.Sequential(*d)


def torch_step(g, d, g_optimizer, d_optimizer):
    """A step of PyTorch's DCGAN example: one pass of G serves both updates."""
    import torch

    loss = torch.nn.BCEWithLogitsLoss()
    ones, zeros = torch.ones(BATCH, 1), torch.zeros(BATCH, 1)

    def step(reals):
        reals = torch.from_numpy(reals).permute(0, 3, 1, 2)  # channels last, as it lies
        d_optimizer.zero_grad()
        loss(d(reals), ones).backward()
        fakes = g(torch.randn(BATCH, LATENT))
        loss(d(fakes.detach()), zeros).backward()
        d_optimizer.step()
        g_optimizer.zero_grad()
        loss(d(fakes), ones).backward()
        g_optimizer.step()

    return step


def torch_adams(*networks):
    """An Adam with DCGAN's settings for each network."""
    import torch

    return [torch.optim.Adam(network.parameters(), 2e-4, (0.5, 0.999)) for network in networks]


def torch_plain(images, width, compiled=False):
    """The loop of PyTorch's DCGAN example, in channels_last."""
    import torch

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    g, d = torch_networks(images.image_shape, width)
    g, d = (network.to(memory_format=torch.channels_last) for network in (g, d))
    optimizers = torch_adams(g, d)
    if compiled:
        g, d = torch.compile(g), torch.compile(d)
    loop(torch_step(g, d, *optimizers), images)


def torch_compiled(images, width):
    """The same under `torch.compile`."""
    torch_plain(images, width, compiled=True)


if __name__ == "__main__":
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    name, size, width, steps = sys.argv[1:]
    globals()[name](load(int(size), int(steps)), int(width))
