"""The simple GAN: fully connected networks, for images or for points (lesson 01)."""

import math

from keras import Input, Sequential, layers


def generator(image_shape, latent_dim=64, hidden=(256, 512)):
    """A fully connected generator.

    Args:
        image_shape: `(height, width, channels)` for images in [0, 1]; `(d,)` for points, whose
            range is free (the last layer is then linear).
        latent_dim: length of the latent vector.
        hidden: widths of the hidden layers.

    Returns:
        A `keras.Model` from `(n, latent_dim)` to `(n, *image_shape)`.
    """
    model = Sequential([Input((latent_dim,))], name="mlp_generator")
    for width in hidden:
        model.add(layers.Dense(width, activation="relu"))
    if len(image_shape) == 1:
        model.add(layers.Dense(image_shape[0], dtype="float32"))
        return model
    model.add(layers.Dense(math.prod(image_shape), activation="tanh", dtype="float32"))
    model.add(layers.Reshape(image_shape))
    model.add(layers.Rescaling(0.5, offset=0.5, dtype="float32"))  # tanh's [-1, 1] to [0, 1]
    return model


def discriminator(image_shape, hidden=(512, 256)):
    """A fully connected discriminator.

    Args:
        image_shape: `(height, width, channels)` for images in [0, 1]; `(d,)` for points.
        hidden: widths of the hidden layers.

    Returns:
        A `keras.Model` from `(n, *image_shape)` to `(n, 1)`: a logit, large for "real".
    """
    model = Sequential([Input(image_shape)], name="mlp_discriminator")
    if len(image_shape) > 1:
        model.add(layers.Rescaling(2.0, offset=-1.0))  # [0, 1] to [-1, 1]
        model.add(layers.Flatten())
    for width in hidden:
        model.add(layers.Dense(width))
        model.add(layers.LeakyReLU(0.2))
    model.add(layers.Dense(1, dtype="float32"))
    return model
