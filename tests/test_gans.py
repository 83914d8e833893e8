"""The training core: what must move, what must not, and in which order."""

import warnings

import keras
import numpy as np
import pytest
from keras import ops

from gankit import latents, tricks
from gankit.datasets import ArrayBatches
from gankit.gans import GAN
from gankit.models import dcgan, mlp

WATCHED = pytest.mark.skipif(
    keras.backend.backend() == "jax", reason="JAX shows no values inside a gradient"
)


def toy(seed=0, **options):
    """A small GAN of points, compiled."""
    gan = GAN(mlp.generator((2,), 3, (16,)), mlp.discriminator((2,), (16,)), seed=seed)
    gan.compile(keras.optimizers.Adam(1e-2), keras.optimizers.Adam(1e-2), **options)
    return gan


def convolutional(g_rate=1e-3, d_rate=1e-3, dropout=0.2, **options):
    """A small DCGAN with batch norm and dropout in D."""
    gan = GAN(
        dcgan.generator((28, 28, 1), 8, width=4),
        dcgan.discriminator((28, 28, 1), width=4, dropout=dropout),
    )
    gan.compile(keras.optimizers.Adam(g_rate), keras.optimizers.Adam(d_rate), **options)
    return gan


def moved(before, after):
    """Largest change of any number."""
    return max(np.abs(a - b).max() for a, b in zip(before, after))


def state(network):
    """All of a network: weights, batch statistics, random states."""
    return [ops.convert_to_numpy(v).copy() for v in network.variables]


def test_one_step_moves_both_networks(pictures):
    gan = convolutional()
    before = state(gan.generator), state(gan.discriminator)
    gan.fit(pictures[:16], batch_size=16, verbose=0)
    assert moved(before[0], state(gan.generator)) > 1e-5
    assert moved(before[1], state(gan.discriminator)) > 1e-5


def test_shared_fakes_move_d_as_its_own_step_does(pictures):
    """D's step inside G's leaves D where a step of its own on the same fakes would."""
    pair = convolutional(dropout=0.0), convolutional(dropout=0.0)
    reals, alone, shared = ops.convert_to_tensor(pictures[:16]), *pair
    shared.set_weights(alone.get_weights())
    shared.draw_latent = alone.draw_latent = lambda n: ops.ones((n, 8)) * ops.arange(8.0)
    alone.discriminator_step(reals, alone.draw_fakes(16))
    shared.generator_step(reals, and_discriminator=True)
    assert moved(state(alone.discriminator), state(shared.discriminator)) < 1e-6
    alone.generator_step(reals)
    assert moved(state(alone.generator), state(shared.generator)) < 1e-6
    assert int(shared.d_optimizer.iterations) == int(shared.g_optimizer.iterations) == 1


@pytest.mark.parametrize("joint_batches", [False, True])
def test_a_players_step_moves_nothing_of_the_other(pictures, joint_batches):
    """Not even batch statistics or dropout's random state."""
    gan = convolutional(joint_batches=joint_batches)
    reals = ops.convert_to_tensor(pictures[:16])
    before = state(gan.discriminator)
    gan.generator_step(reals)
    assert moved(before, state(gan.discriminator)) == 0
    before = state(gan.generator)
    gan.discriminator_step(reals, gan.draw_fakes(16))
    assert moved(before, state(gan.generator)) == 0


def test_a_generator_rate_of_0_keeps_g_and_moves_d(pictures):
    gan = convolutional(g_rate=0.0)
    g, d = gan.generator.trainable_variables, gan.discriminator.trainable_variables
    before = [[ops.convert_to_numpy(v) for v in network] for network in (g, d)]
    gan.fit(pictures, batch_size=16, verbose=0)
    assert moved(before[0], [ops.convert_to_numpy(v) for v in g]) == 0
    assert moved(before[1], [ops.convert_to_numpy(v) for v in d]) > 1e-5


def test_k_steps_of_d_to_one_of_g(points):
    gan = toy(d_steps=3)
    gan.fit(points, batch_size=20, verbose=0)  # 256 // 60 = 4 steps
    assert int(gan.g_optimizer.iterations) == 4
    assert int(gan.d_optimizer.iterations) == 12


@pytest.mark.parametrize("made_by_hand", [False, True])
@pytest.mark.parametrize("together", [1, 3])
def test_fit_takes_each_epochs_batches_in_their_order(made_by_hand, together):
    """As `batches` gives them out, resumed or not, also where k steps are one execution."""
    if together > 1 and keras.backend.backend() == "torch":
        pytest.skip("Keras takes one step an execution with PyTorch")
    values = np.arange(22, dtype="float32").reshape(11, 2)

    class Watcher(GAN):
        seen = []

        def algorithm_1(self, batch):
            reals = keras.utils.unpack_x_y_sample_weight(batch)[0]
            self.seen.append(ops.convert_to_numpy(reals))
            return super().algorithm_1(batch)

    expected, batches = [], ArrayBatches(values, 2, seed=5)
    for _ in range(4):
        expected += [*batches]
        batches.on_epoch_end()
    for first in (0, 2):
        gan = Watcher(mlp.generator((2,), 3, (4,)), mlp.discriminator((2,), (4,)))
        gan.compile(run_eagerly=True, steps_per_execution=together)
        x = ArrayBatches(values, 2, seed=5, first_epoch=first) if made_by_hand else values
        gan.fit(x, batch_size=2, seed=5, initial_epoch=first, epochs=4, verbose=0)
        np.testing.assert_array_equal(gan.seen[-20 + 5 * first :], expected[5 * first :])
        assert gan.epochs_done == 4 and int(gan.g_optimizer.iterations) == 20 - 5 * first


def test_batches_of_ones_own_stay_with_keras(points):
    """They may give out pairs, a last short batch, or read slowly: then Python could not exit."""

    class Pairs(ArrayBatches):
        def __len__(self):
            return 2

        def __getitem__(self, index):
            return super().__getitem__(0)[: 8 - index], np.zeros(8 - index)

    gan = toy()
    gan.fit(Pairs(points, 8), verbose=0)
    assert int(gan.g_optimizer.iterations) == 2


def test_history_is_the_mean_of_each_epoch(points):
    class Steps(keras.callbacks.Callback):
        seen = []

        def on_train_batch_end(self, batch, logs=None):
            self.seen.append({key: float(value) for key, value in logs.items()})

    steps = Steps()
    history = toy().fit(points, batch_size=64, epochs=2, verbose=0, callbacks=[steps]).history
    for key, (first, second) in history.items():
        values = [logs[key] for logs in steps.seen]
        np.testing.assert_allclose([first, second], np.mean(np.reshape(values, (2, 4)), 1), 1e-5)
    assert np.std([logs["d_loss"] for logs in steps.seen]) > 0


def test_the_known_trap_is_not_in_here(points):
    """Compile D, freeze it, compile the stack: on Keras 3 D then never moves again."""
    generator, discriminator = mlp.generator((2,), 3, (16,)), mlp.discriminator((2,), (16,))
    discriminator.compile("adam", keras.losses.BinaryCrossentropy(from_logits=True))
    discriminator.trainable = False
    stack = keras.Sequential([generator, discriminator])
    stack.compile("adam", keras.losses.BinaryCrossentropy(from_logits=True))
    before = state(discriminator)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras tells of it, but not under JAX
        discriminator.train_on_batch(points[:16], np.ones((16, 1)))
    trapped = moved(before, state(discriminator))

    gan = toy()
    before = state(gan.discriminator)
    gan.fit(points, batch_size=64, verbose=0)
    assert trapped == 0 and moved(before, state(gan.discriminator)) > 1e-3


@pytest.mark.parametrize("option", ["fresh_fakes", "simultaneous", None])
def test_the_step_is_algorithm_1_by_hand(option):
    """One step with plain gradient descent equals the paper's formulas, written in NumPy.

    D(x) = w x + b, G(z) = a z, both losses differentiated by hand. G's own latents are the second
    draw, or with shared fakes the first again; it meets D after its step, or simultaneously.
    """
    generator = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    discriminator = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    a, w, b = 0.5, 0.8, -0.3
    generator.set_weights([np.array([[a]])])
    discriminator.set_weights([np.array([[w]]), np.array([b])])
    x = np.array([[1.0], [2.0], [-0.5]], "float32")
    draws = [np.array([[0.3], [-1.0], [2.0]]), np.array([[1.0], [0.2], [-0.7]])]

    class Known(GAN):
        def draw_latent(self, n):
            return ops.convert_to_tensor(self.draws.pop(0), "float32")

    gan = Known(generator, discriminator)
    gan.draws = list(draws)
    sgd = [keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.1)]
    gan.compile(*sgd, run_eagerly=True, **({option: True} if option else {}))
    logs = gan.algorithm_1(ops.convert_to_tensor(x))
    assert len(gan.draws) == (0 if option == "fresh_fakes" else 1)

    def sigmoid(t):
        return 1 / (1 + np.exp(-t))

    fake = a * draws[0]
    p_real, p_fake = sigmoid(w * x + b), sigmoid(w * fake + b)
    d_loss = -np.log(p_real).mean() - np.log(1 - p_fake).mean()
    before = w, b
    w -= 0.1 * (((p_real - 1) * x).mean() + (p_fake * fake).mean())
    b -= 0.1 * ((p_real - 1).mean() + p_fake.mean())
    latent = draws[1] if option == "fresh_fakes" else draws[0]
    met = before if option == "simultaneous" else (w, b)
    p_fake = sigmoid(met[0] * a * latent + met[1])
    g_loss = -np.log(p_fake).mean()
    slope = ((p_fake - 1) * met[0] * latent).mean()
    np.testing.assert_allclose(float(logs["d_loss"]), d_loss, rtol=1e-5)
    np.testing.assert_allclose(float(logs["g_loss"]), g_loss, rtol=1e-5)
    np.testing.assert_allclose(float(logs["g_grad_norm"]), abs(slope), rtol=1e-5)
    np.testing.assert_allclose(discriminator.get_weights()[0], [[w]], rtol=1e-5)
    np.testing.assert_allclose(discriminator.get_weights()[1], [b], rtol=1e-5)
    np.testing.assert_allclose(generator.get_weights()[0], [[a - 0.1 * slope]], rtol=1e-5)


class Fixed(GAN):
    """A GAN whose fakes are known: all -0.4."""

    def draw_fakes(self, n):
        return ops.full((n, 1), -0.4)


def one_weight(activation=None):
    """D(x) = 0.8 x, or its square; and a G of points that fits it."""
    generator = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    discriminator = keras.Sequential(
        [keras.Input((1,)), keras.layers.Dense(1, use_bias=False, activation=activation)]
    )
    discriminator.set_weights([np.array([[0.8]])])
    return generator, discriminator


@pytest.mark.parametrize(
    ("options", "activation", "extra"),
    [
        ({}, None, 0),
        ({"r1": 0.6}, "square", 0.3 * np.mean((2 * 0.64 * np.array([1.0, 2.0])) ** 2)),
        ({"gradient_penalty": 3.0}, None, 3 * (0.8 - 1) ** 2),
    ],
)
def test_options_reach_ds_loss(options, activation, extra):
    """Labels, penalties and the second of k minibatches, against the formula."""
    gan = Fixed(*one_weight({"square": ops.square}.get(activation)))
    optimizers = keras.optimizers.SGD(0.0), keras.optimizers.SGD(0.0)
    known = {"real_label": 0.9, "fake_label": 0.2, "d_steps": 2, "fresh_fakes": True}
    gan.compile(*optimizers, run_eagerly=True, **known, **options)
    batch = ops.convert_to_tensor([[9.0], [9.0], [1.0], [2.0]])
    logs = gan.algorithm_1(batch)

    def cross_entropy(x, label):
        logit = 0.64 * x**2 if activation else 0.8 * x
        return np.mean(np.log1p(np.exp(logit)) - label * logit)

    wanted = cross_entropy(np.array([1.0, 2.0]), 0.9) + cross_entropy(np.array([-0.4]), 0.2)
    assert float(logs["d_loss"]) == pytest.approx(wanted + extra, rel=1e-5)


def test_wasserstein_has_its_penalty():
    assert toy(loss="wasserstein").options["gradient_penalty"] == 10
    assert toy(loss="hinge").options["gradient_penalty"] == 0


@WATCHED
@pytest.mark.parametrize("joint", [False, True])
def test_what_d_is_shown(joint):
    """Noise on reals and on fakes, in both players' steps; one batch or two."""
    gan = Fixed(*one_weight(), name="watched")
    gan.compile(instance_noise=0.5, joint_batches=joint, run_eagerly=True)
    seen = []
    call = gan.discriminator.layers[-1].call

    def watch(x, *arguments, **options):
        seen.append(ops.convert_to_numpy(x))
        return call(x, *arguments, **options)

    gan.discriminator.layers[-1].call = watch
    gan.generator.set_weights([np.zeros((1, 1)), np.zeros(1)])
    gan.discriminator_step(ops.full((4000, 1), 3.0), gan.draw_fakes(4000))
    gan.generator_step(ops.full((4000, 1), 3.0))
    assert [len(x) for x in seen] == ([8000, 8000] if joint else [4000] * 3)
    parts = np.split(np.concatenate(seen), 4 if joint else 3)
    means = [3, -0.4, 3, 0] if joint else [3, -0.4, 0]
    np.testing.assert_allclose([part.mean() for part in parts], means, atol=0.05)
    np.testing.assert_allclose([part.std() for part in parts], 0.5, atol=0.03)


def test_batch_norm_is_in_training_mode_in_both_steps(pictures):
    gan = convolutional(dropout=0.0)
    x = ops.convert_to_tensor(pictures[:16])
    wanted = ops.convert_to_numpy(gan.discriminator(x, training=True))
    found = ops.convert_to_numpy(tricks.frozen_call(gan.discriminator, x))
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    assert moved([wanted], [ops.convert_to_numpy(gan.discriminator(x, training=False))]) > 1e-3
    before = state(gan.generator)
    gan.g_optimizer.learning_rate = 0.0
    gan.generator_step(x)
    assert moved(before, state(gan.generator)) > 1e-3  # G's own statistics


@pytest.mark.parametrize(("channels", "rate"), [(1, 4e-3), (3, 1e-3)])
def test_the_default_rate_is_smaller_in_colour(channels, rate):
    shape = (28, 28, channels)
    gan = GAN(dcgan.generator(shape, width=2), dcgan.discriminator(shape, width=2))
    gan.compile()
    assert np.isclose([gan.g_optimizer.learning_rate, gan.d_optimizer.learning_rate], rate).all()


def test_a_second_compile_goes_on_with_the_average(points):
    gan = toy(ema=0.9)
    gan.fit(points, batch_size=64, verbose=0)
    before, count = state(gan.ema_generator), len(gan.weights)
    gan.compile(ema=0.9)
    assert moved(before, state(gan.ema_generator)) == 0 and len(gan.weights) == count


def test_average_is_used_and_lags(points):
    gan = toy(ema=0.9)
    gan.fit(points, batch_size=64, epochs=3, verbose=0)
    latent = gan.sample_latent(5, seed=0)
    averaged = ops.convert_to_numpy(gan.ema_generator(latent))
    np.testing.assert_allclose(gan.generate(latent=latent), averaged, atol=1e-6)
    assert moved([averaged], [ops.convert_to_numpy(gan.generator(latent))]) > 1e-4


def test_training_does_not_depend_on_the_average(points):
    """By default samples are drawn by an average; G itself learns as it does without one."""
    averaged, plain = toy(), toy(ema=0.0)
    plain.generator.set_weights(averaged.generator.get_weights())
    plain.discriminator.set_weights(averaged.discriminator.get_weights())
    for gan in (averaged, plain):
        gan.fit(points, batch_size=64, verbose=0)
    assert averaged.sampler() is averaged.ema_generator and plain.sampler() is plain.generator
    assert moved(state(averaged.generator), state(plain.generator)) == 0


def test_average_is_the_running_mean():
    gan = toy(ema=0.999)
    for network, value in ((gan.ema_generator, 1.0), (gan.generator, 3.0)):
        network.set_weights([np.full(w.shape, value) for w in network.get_weights()])
    tricks.average(gan.ema_generator, gan.generator, 0.75, step=1_000)  # .75 * 1 + .25 * 3
    assert all(np.allclose(w, 1.5) for w in gan.ema_generator.get_weights())
    tricks.average(gan.ema_generator, gan.generator, 0.75, step=8)  # young: decay 9/18
    assert all(np.allclose(w, 2.25) for w in gan.ema_generator.get_weights())


def quadratic(shape, slope):
    """A "discriminator" with a known gradient: slope times the sum of all inputs."""
    flat = keras.Sequential([keras.Input(shape), keras.layers.Flatten(), keras.layers.Dense(1)])
    flat.layers[-1].set_weights([np.full((int(np.prod(shape)), 1), slope), np.zeros(1)])
    return flat


def test_penalties_are_in_the_papers_units():
    """A gradient by [0, 1] is twice as long as by [-1, 1]; points are as they are."""
    x = np.random.default_rng(0).random((3, 4, 4, 1), dtype="float32")
    d = quadratic((4, 4, 1), 0.5)  # 16 slopes of 0.5: length 2 in ours, 1 in the papers' units
    x = ops.convert_to_tensor(x)
    assert float(tricks.r1_penalty(d, x)) == pytest.approx(0.5 * 1.0)
    seed = keras.random.SeedGenerator(0)
    assert float(tricks.gradient_penalty(d, x, x, seed)) == pytest.approx(0, abs=1e-6)
    p = ops.ones((3, 4))
    assert float(tricks.r1_penalty(quadratic((4,), 0.5), p)) == pytest.approx(0.5 * 1.0)
    assert float(tricks.gradient_penalty(quadratic((4,), 1.0), p, p, seed)) == pytest.approx(1.0)


@WATCHED
def test_gradient_penalty_looks_between_and_is_finite_where_d_is_flat():
    """The factor is uniform: every point lies between real and fake, evenly."""
    seen = []

    class Spy(keras.layers.Layer):
        def call(self, x):
            seen.append(x)
            return x

    network = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    spy = keras.Sequential([keras.Input((1,)), Spy(), network])
    seen.clear()
    n = 2000
    seed = keras.random.SeedGenerator(0)
    tricks.gradient_penalty(spy, ops.zeros((n, 1)), ops.ones((n, 1)), seed)
    places = ops.convert_to_numpy(seen[0])
    assert places.min() >= 0 and places.max() <= 1
    assert places.mean() == pytest.approx(0.5, abs=0.03)
    assert places.std() == pytest.approx(12**-0.5, abs=0.02)

    gan = toy(loss="wasserstein")
    gan.discriminator.set_weights([np.zeros(w.shape) for w in gan.discriminator.get_weights()])
    gan.fit(np.ones((8, 2), "float32"), batch_size=8, verbose=0)
    assert all(np.isfinite(w).all() for w in gan.discriminator.get_weights())


def test_instance_noise_has_its_size_and_decays():
    seed = keras.random.SeedGenerator(0)
    images, points = ops.zeros((50, 10, 10, 1)), ops.zeros((5000, 2))
    assert float(ops.std(tricks.add_noise(images, 0.2, seed))) == pytest.approx(0.1, rel=0.05)
    assert float(ops.std(tricks.add_noise(points, 0.2, seed))) == pytest.approx(0.2, rel=0.05)
    gan = toy(instance_noise=keras.optimizers.schedules.PolynomialDecay(1.0, 4, 0.0))
    first = float(ops.std(gan.show(points)))
    gan.fit(np.ones((8, 2), "float32"), batch_size=2, verbose=0)  # 4 steps
    assert first == pytest.approx(1.0, rel=0.1) and float(ops.std(gan.show(points))) == 0


def test_flips_and_smoothing_set_the_labels():
    gan = toy(label_flips=0.25, real_label=0.9, fake_label=0.1)
    outputs = ops.zeros((4000, 1))
    labels = tricks.labels(gan.options, outputs, outputs, gan.seed_generator)
    real, fake = (np.asarray(values) for values in labels)
    assert np.isclose(real, 0.1).mean() == pytest.approx(0.25, abs=0.03)
    assert np.isclose(real, 0.9).mean() == pytest.approx(0.75, abs=0.03)
    assert np.isclose(fake, 0.9).mean() == pytest.approx(0.25, abs=0.03)
    assert tricks.labels(toy(real_label=0.9).options, None, None, None) == (0.9, 0.0)


def test_latents_are_what_their_name_says():
    gan = GAN(mlp.generator((2,), 3, (4,)), mlp.discriminator((2,), (4,)), latent="uniform")
    for drawn in (np.asarray(gan.draw_latent(2000)), gan.sample_latent(2000, seed=1)):
        assert drawn.min() >= -1 and drawn.max() <= 1
        assert drawn.std() == pytest.approx(3**-0.5, abs=0.02)
    assert np.asarray(toy().draw_latent(2000)).std() == pytest.approx(1, abs=0.03)


def test_spherical_keeps_the_length_and_linear_does_not():
    z0, z1 = np.array([3.0, 0.0]), np.array([0.0, 3.0])
    np.testing.assert_allclose(latents.spherical(z0, z1, 0.5), [3 * 0.5**0.5] * 2)
    np.testing.assert_allclose(latents.linear(z0, z1, 0.5), [1.5, 1.5])
    np.testing.assert_allclose(latents.spherical(z0, z0, 0.5), z0)


def test_interpolation_meets_its_ends():
    gan = toy()
    z = gan.sample_latent(2, seed=0)
    path = gan.interpolate(z[0], z[1], n=5)
    np.testing.assert_allclose(path[[0, -1]], gan.generate(latent=z), atol=1e-6)
    assert path.shape == (5, 2)


def test_generate_obeys_its_seed():
    gan = toy()
    np.testing.assert_array_equal(gan.generate(4, seed=1), gan.generate(4, seed=1))
    assert moved([gan.generate(4, seed=1)], [gan.generate(4, seed=2)]) > 0
