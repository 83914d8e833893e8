"""The GANs that people copy, as they are published: what `quality.py` compares with.

Each peer is a function `peer(seed, ...) -> (step, sample, batch_size)`: `step(reals)` takes one
training step on float32 images in [0, 1], `sample(n, seed)` returns as many.

- `keras_copied`: the pattern copied from the Keras guides (an overridden `train_step`, D on fakes
  and reals in one batch, a fresh pass of G for each update), on DCGAN's networks at 28 px with
  DCGAN's own settings (Radford et al. 2016): width 64, batch 128, Adam 2e-4 with beta_1 0.5; no
  batch norm in D, as the pattern is mostly copied.
- `keras_guide`: networks and settings of the guide "Customizing what happens in fit()" itself:
  Adam 3e-4, batch 64, latent 128, labels under noise.
- `tensorflow_tutorial`: networks and settings of TensorFlow's DCGAN tutorial: two tapes under
  `tf.function`, Adam 1e-4, batch 256, dropout in D.
"""

import keras
import tensorflow as tf
from keras import Input, Sequential, layers

LOGITS = keras.losses.BinaryCrossentropy(from_logits=True)


class CopiedGAN(keras.Model):
    """The pattern of the Keras guides: D on one batch of fakes and reals, then G on fresh ones."""

    def __init__(self, generator, discriminator, latent_dim, label_noise=0.0):
        super().__init__()
        self.generator, self.discriminator = generator, discriminator
        self.latent_dim, self.label_noise = latent_dim, label_noise

    def compile(self, g_optimizer, d_optimizer):
        super().compile()
        self.g_optimizer, self.d_optimizer = g_optimizer, d_optimizer

    def train_step(self, reals):
        n = tf.shape(reals)[0]
        fakes = self.generator(tf.random.normal((n, self.latent_dim)), training=True)
        images = tf.concat([fakes, reals], axis=0)
        labels = tf.concat([tf.zeros((n, 1)), tf.ones((n, 1))], axis=0)
        labels += self.label_noise * tf.random.uniform(tf.shape(labels))
        with tf.GradientTape() as tape:
            d_loss = LOGITS(labels, self.discriminator(images, training=True))
        variables = self.discriminator.trainable_variables
        self.d_optimizer.apply_gradients(zip(tape.gradient(d_loss, variables), variables))
        latent = tf.random.normal((n, self.latent_dim))
        with tf.GradientTape() as tape:
            fakes = self.generator(latent, training=True)
            g_loss = LOGITS(tf.ones((n, 1)), self.discriminator(fakes, training=True))
        variables = self.generator.trainable_variables
        self.g_optimizer.apply_gradients(zip(tape.gradient(g_loss, variables), variables))
        return {"d_loss": d_loss, "g_loss": g_loss}


def _sampler(generator, latent_dim):
    def sample(n, seed):
        latent = keras.random.normal((n, latent_dim), seed=seed)
        return generator.predict(latent, batch_size=500, verbose=0)

    return sample


def _copied(generator, discriminator, latent_dim, rate, beta_1, label_noise):
    gan = CopiedGAN(generator, discriminator, latent_dim, label_noise)
    gan.compile(*(keras.optimizers.Adam(rate, beta_1=beta_1) for _ in range(2)))
    return tf.function(gan.train_step), _sampler(generator, latent_dim)


def keras_copied(seed, shape=(28, 28, 1), width=64):
    """DCGAN's networks and settings in the copied step."""
    from gankit.models import dcgan

    keras.utils.set_random_seed(seed)
    normal = keras.initializers.RandomNormal(stddev=0.02)
    generator = dcgan.generator(shape, 100, width, initializer=normal)
    discriminator = dcgan.discriminator(shape, width, batch_norm=False, initializer=normal)
    return *_copied(generator, discriminator, 100, 2e-4, 0.5, 0.0), 128


def keras_guide(seed):
    """The Keras guide's own networks and settings."""
    keras.utils.set_random_seed(seed)
    generator = Sequential(
        [
            Input((128,)),
            layers.Dense(7 * 7 * 128),
            layers.LeakyReLU(0.2),
            layers.Reshape((7, 7, 128)),
            layers.Conv2DTranspose(128, 4, 2, padding="same"),
            layers.LeakyReLU(0.2),
            layers.Conv2DTranspose(128, 4, 2, padding="same"),
            layers.LeakyReLU(0.2),
            layers.Conv2D(1, 7, padding="same", activation="sigmoid"),
        ]
    )
    discriminator = Sequential(
        [
            Input((28, 28, 1)),
            layers.Conv2D(64, 3, 2, padding="same"),
            layers.LeakyReLU(0.2),
            layers.Conv2D(128, 3, 2, padding="same"),
            layers.LeakyReLU(0.2),
            layers.GlobalMaxPooling2D(),
            layers.Dense(1),
        ]
    )
    return *_copied(generator, discriminator, 128, 3e-4, 0.9, 0.05), 64


def tensorflow_tutorial(seed):
    """TensorFlow's DCGAN tutorial: its networks, its settings, its step with two tapes."""
    keras.utils.set_random_seed(seed)
    generator = Sequential(
        [
            Input((100,)),
            layers.Dense(7 * 7 * 256, use_bias=False),
            layers.BatchNormalization(),
            layers.LeakyReLU(0.3),
            layers.Reshape((7, 7, 256)),
            layers.Conv2DTranspose(128, 5, 1, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.LeakyReLU(0.3),
            layers.Conv2DTranspose(64, 5, 2, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.LeakyReLU(0.3),
            layers.Conv2DTranspose(1, 5, 2, padding="same", use_bias=False, activation="tanh"),
            layers.Rescaling(0.5, offset=0.5),
        ]
    )
    discriminator = Sequential(
        [
            Input((28, 28, 1)),
            layers.Rescaling(2.0, offset=-1.0),
            layers.Conv2D(64, 5, 2, padding="same"),
            layers.LeakyReLU(0.3),
            layers.Dropout(0.3),
            layers.Conv2D(128, 5, 2, padding="same"),
            layers.LeakyReLU(0.3),
            layers.Dropout(0.3),
            layers.Flatten(),
            layers.Dense(1),
        ]
    )
    g_optimizer, d_optimizer = (keras.optimizers.Adam(1e-4) for _ in range(2))
    g_optimizer.build(generator.trainable_variables)
    d_optimizer.build(discriminator.trainable_variables)

    @tf.function
    def step(reals):
        noise = tf.random.normal((256, 100))
        with tf.GradientTape() as g_tape, tf.GradientTape() as d_tape:
            fakes = generator(noise, training=True)
            real = discriminator(reals, training=True)
            fake = discriminator(fakes, training=True)
            g_loss = LOGITS(tf.ones_like(fake), fake)
            d_loss = LOGITS(tf.ones_like(real), real) + LOGITS(tf.zeros_like(fake), fake)
        g_slopes = g_tape.gradient(g_loss, generator.trainable_variables)
        d_slopes = d_tape.gradient(d_loss, discriminator.trainable_variables)
        g_optimizer.apply_gradients(zip(g_slopes, generator.trainable_variables))
        d_optimizer.apply_gradients(zip(d_slopes, discriminator.trainable_variables))

    return step, _sampler(generator, 100), 256
