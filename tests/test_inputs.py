"""Bad input gets a clear error before any step is taken: one table."""

import keras
import numpy as np
import pytest

from gankit.datasets import Images
from gankit.gans import GAN
from gankit.models import dcgan, mlp

SHAPE = (28, 28, 1)
GOOD = np.full((8, *SHAPE), 0.5, "float32")


def made(g=None, d=None, **settings):
    return GAN(
        g or mlp.generator(SHAPE, 3, (4,)), d or mlp.discriminator(SHAPE, (4,)), **settings
    )


def sigmoid_end():
    flat, last = keras.layers.Flatten(), keras.layers.Dense(1, activation="sigmoid")
    return keras.Sequential([keras.Input(SHAPE), flat, last])


def frozen_before():
    gan = made()
    gan.discriminator.trainable = False
    gan.compile()
    gan.fit(GOOD, batch_size=4, verbose=0)


def frozen_after():
    gan = made()
    gan.compile()
    gan.generator.layers[0].trainable = False
    gan.fit(GOOD, batch_size=4, verbose=0)


def reused_optimizer():
    adam = keras.optimizers.Adam()
    made().compile(adam)
    made().compile(adam)


def without_rescaling():
    last = keras.layers.Reshape(SHAPE)
    wide = keras.Sequential([keras.Input((3,)), keras.layers.Dense(784, activation="tanh"), last])
    gan = made(g=wide)
    gan.compile()
    gan.fit(GOOD, batch_size=4, verbose=0)


NETWORKS = [
    (frozen_before, ValueError, "frozen"),
    (frozen_after, ValueError, "compile the GAN again|Compile the GAN again"),
    (reused_optimizer, ValueError, "another network"),
    (without_rescaling, ValueError, "Rescaling"),
    (lambda: made(d=mlp.discriminator((32, 32, 1), (4,))), ValueError, "same image_shape"),
    (lambda: made(d=mlp.discriminator((28, 28, 3), (4,))), ValueError, "same image_shape"),
    (lambda: made(d=mlp.generator(SHAPE, 3, (4,))), ValueError, "discriminator wants"),
    (lambda: made(latent="gaussian"), ValueError, "normal"),
    (lambda: made(g=keras.Sequential([keras.layers.Dense(3)])), ValueError, "input shape"),
    (lambda: made(g="dcgan"), TypeError, "keras.Model"),
    (lambda: made(d=sigmoid_end()), ValueError, "sigmoid"),
    (lambda: dcgan.generator((30, 30, 1)), ValueError, "resize"),
]


@pytest.mark.parametrize(("call", "error", "words"), NETWORKS)
def test_networks_that_do_not_fit(call, error, words):
    with pytest.raises(error, match=words):
        call()


OPTIONS = [
    ({"loss": "non-saturating"}, "did you mean 'non_saturating'"),
    ({"d_steps": 0}, "d_steps"),
    ({"d_steps": 1.5}, "d_steps"),
    ({"fresh_fakes": True, "simultaneous": True}, "exclude"),
    ({"real_label": 1.2}, "real_label"),
    ({"label_flips": -0.1}, "label_flips"),
    ({"ema": 1.0}, "ema"),
    ({"r1": -1.0}, "r1"),
    ({"instance_noise": -0.1}, "instance_noise"),
    ({"instance_noise": float("nan")}, "instance_noise"),
    ({"instance_noise": float("inf")}, "instance_noise"),
    ({"instance_noise": lambda step: 0.1}, "schedule"),
    ({"r1": "0.3"}, "r1 is a number"),
    ({"ema": None}, "ema is a number"),
    ({"loss": "hinge", "real_label": 0.9}, "no labels"),
    ({"loss": "wasserstein", "label_flips": 0.1}, "no labels"),
]


@pytest.mark.parametrize(("options", "words"), OPTIONS)
def test_options_out_of_range(options, words):
    with pytest.raises(ValueError, match=words):
        made().compile(**options)


def test_one_optimizer_cannot_serve_both():
    adam = keras.optimizers.Adam()
    with pytest.raises(ValueError, match="an optimizer each"):
        made().compile(adam, adam)


def with_nan():
    bad = GOOD.copy()
    bad[3, 5, 5] = np.nan
    return bad


BYTES = (GOOD * 255).astype("uint8")
DATA = [
    (np.full((8, 32, 32, 1), 0.5, "float32"), {}, ValueError, "resize"),
    (np.full((8, 28, 28, 3), 0.5, "float32"), {}, ValueError, r"\(28, 28, 3\)"),
    (GOOD * 255, {}, ValueError, "divide by 255"),
    (GOOD * 2 - 1.5, {}, ValueError, r"\(x \+ 1\) / 2"),
    (BYTES, {}, TypeError, "divide bytes by 255"),
    (with_nan(), {}, ValueError, "NaN"),
    (GOOD[:0], {}, ValueError, "empty"),
    (GOOD, {"batch_size": 16}, ValueError, "only 8"),
    (GOOD, {"batch_size": 0}, ValueError, "batch_size"),
    ("fashion_mnist", {}, TypeError, "Images"),
]


@pytest.mark.parametrize(("data", "settings", "error", "words"), DATA)
def test_data_that_do_not_fit(data, settings, error, words):
    gan = made()
    gan.compile()
    with pytest.raises(error, match=words):
        gan.fit(data, **{"batch_size": 4, "verbose": 0, **settings})
    assert int(gan.d_optimizer.iterations) == 0


def test_images_of_another_size():
    gan = made()
    gan.compile()
    images = Images(np.zeros((8, 32, 32, 1), "uint8"), name="squares")
    with pytest.raises(ValueError, match="resize"):
        gan.fit(images, batch_size=4, verbose=0)


def test_a_stream_is_checked_at_its_first_batch():
    class Stream(keras.utils.PyDataset):
        def __init__(self, batch):
            super().__init__()
            self.batch = batch

        def __len__(self):
            return 2

        def __getitem__(self, i):
            return self.batch

    gan = made()
    gan.compile(d_steps=3)
    for batch, words in ((GOOD * 255, "divide by 255"), (GOOD, "no multiple of d_steps")):
        with pytest.raises(ValueError, match=words):
            gan.fit(Stream(batch), verbose=0)
    gan.fit(Stream(GOOD[:6]), verbose=0)
    assert int(gan.d_optimizer.iterations) == 6


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda gan: gan.generate(latent=np.zeros((2, 5))), r"\(n, 3\)"),
        (lambda gan: gan.generate(latent=np.zeros(3)), r"\(n, 3\)"),
        (lambda gan: gan.generate(latent=np.full((1, 3), np.nan)), "NaN"),
        (lambda gan: gan.generate(latent=np.zeros((0, 3))), "empty"),
        (lambda gan: gan.generate(0), "whole number"),
        (lambda gan: gan.generate(2.5), "whole number"),
        (lambda gan: gan.interpolate(np.zeros(3), np.ones(3), n=0), "whole number"),
        (lambda gan: gan.generate(), "generate wants"),
        (lambda gan: gan.generate(4, latent=np.zeros((4, 3))), "generate wants"),
        (lambda gan: gan.interpolate(np.zeros(5), np.ones(5)), r"\(n, 3\)"),
        (lambda gan: gan.interpolate(np.zeros(3), np.ones(3), kind="cubic"), "spherical"),
        (lambda gan: gan.fit(GOOD), "compile"),
    ],
)
def test_calls_that_cannot_be(call, words):
    with pytest.raises(ValueError, match=words):
        call(made())
