"""Networks: shapes at every size, and the DCGAN paper's rules read off the layers."""

import numpy as np
import pytest
from keras import layers, ops

from gankit.models import classifiers, dcgan, mlp


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [28, 32, 64, 128, 256])
def test_shapes_and_range(size, channels):
    shape = (size, size, channels)
    generator = dcgan.generator(shape, 5, width=2)
    discriminator = dcgan.discriminator(shape, width=2)
    images = ops.convert_to_numpy(generator(100 * np.random.default_rng(0).normal(size=(2, 5))))
    assert images.shape == (2, *shape) and images.dtype == "float32"
    assert images.min() >= 0 and images.max() <= 1
    assert discriminator(images).shape == (2, 1)


def test_the_range_contract_of_all_networks():
    """Each D rescales [0, 1] to [-1, 1] itself; each G fills [0, 1]."""
    for family in (mlp, dcgan):
        discriminator = family.discriminator((28, 28, 1))
        rescale = discriminator.layers[0]
        np.testing.assert_allclose(
            ops.convert_to_numpy(rescale(np.array([0.0, 0.5, 1.0]))), [-1, 0, 1]
        )
        last = family.generator((28, 28, 1)).layers[-1]
        np.testing.assert_allclose(
            ops.convert_to_numpy(last(np.array([-1.0, 0.0, 1.0]))), [0, 0.5, 1]
        )


def kinds(network, kind):
    return [layer for layer in network.layers if isinstance(layer, kind)]


def test_the_papers_six_rules():
    g, d = dcgan.generator((64, 64, 3), width=4), dcgan.discriminator((64, 64, 3), width=4)
    pools = (layers.MaxPooling2D, layers.AveragePooling2D, layers.GlobalAveragePooling2D)
    assert not kinds(g, pools) and not kinds(d, pools)
    assert all(c.strides == (2, 2) for c in kinds(d, layers.Conv2D))  # 1
    assert all(c.strides == (2, 2) for c in kinds(g, layers.Conv2DTranspose))  # 2
    assert len(kinds(g, layers.Conv2DTranspose)) == len(kinds(d, layers.Conv2D)) == 4
    assert [type(x) for x in kinds(g, layers.Dense)] == [layers.Dense]  # 3
    assert g.layers[0] is kinds(g, layers.Dense)[0] and d.layers[-1] is kinds(d, layers.Dense)[0]
    # 4: after G's projection and its hidden layers, not at its end; not after D's first layer
    assert len(kinds(g, layers.BatchNormalization)) == 4
    names = [type(layer).__name__ for layer in g.layers]
    after = names[len(names) - 1 - names[::-1].index("Conv2DTranspose") :]
    assert "BatchNormalization" not in after
    names = [type(layer).__name__ for layer in d.layers]
    assert names[:4] == ["Rescaling", "Conv2D", "LeakyReLU", "Conv2D"]
    assert names.count("BatchNormalization") == 3
    activations = [x.activation.__name__ for x in kinds(g, layers.Activation)]  # 5
    assert activations == ["relu"] * 4 + ["tanh"]
    slopes = [x.negative_slope for x in kinds(d, layers.LeakyReLU)]  # 6
    assert np.allclose(slopes, 0.2) and len(slopes) == 4


def test_options_do_what_they_say():
    nearest = dcgan.generator((28, 28, 1), width=4, upsampling="nearest", activation="elu")
    assert not kinds(nearest, layers.Conv2DTranspose)
    assert len(kinds(nearest, layers.UpSampling2D)) == 2
    assert nearest(np.zeros((1, 12))).shape == (1, 28, 28, 1)  # grey: 12 latent numbers
    assert dcgan.generator((32, 32, 3), width=4).input_shape == (None, 100)  # colour: 100
    assert {x.activation.__name__ for x in kinds(nearest, layers.Activation)} == {"elu", "tanh"}
    plain = dcgan.discriminator((28, 28, 1), width=4, dropout=0.3, batch_norm=False)
    assert [x.rate for x in kinds(plain, layers.Dropout)] == [0.3, 0.3]
    assert not kinds(plain, layers.BatchNormalization)
    wide = dcgan.discriminator((256, 256, 3), width=8, max_width=16)
    assert [x.filters for x in kinds(wide, layers.Conv2D)] == [8, 16, 16, 16, 16, 16]


def test_each_rule_can_be_broken_alone():
    shape = (28, 28, 1)
    pooled = dcgan.discriminator(shape, width=4, downsampling="pooling")
    assert len(kinds(pooled, layers.AveragePooling2D)) == 2
    assert all(c.strides == (1, 1) for c in kinds(pooled, layers.Conv2D))
    assert pooled(np.zeros((2, *shape))).shape == (2, 1)
    for build in (dcgan.generator, dcgan.discriminator):
        plain, dense = build(shape, width=4), build(shape, width=4, hidden_dense=6)
        assert len(kinds(dense, layers.Dense)) == 2 == len(kinds(plain, layers.Dense)) + 1
        normal = len(kinds(plain, layers.BatchNormalization))
        everywhere = build(shape, width=4, batch_norm="everywhere")
        assert len(kinds(everywhere, layers.BatchNormalization)) == normal + 1
    relu = dcgan.discriminator(shape, width=4, activation="relu")
    assert not kinds(relu, layers.LeakyReLU) and len(kinds(relu, layers.Activation)) == 2


def test_spectral_norm_holds_every_kernel_to_1():
    network = dcgan.discriminator((28, 28, 1), width=4, batch_norm=False, spectral_norm=True)
    images = np.random.default_rng(0).random((4, 28, 28, 1), dtype="float32")
    for _ in range(50):
        network(images, training=True)
    kernels = [v for v in network.trainable_variables if "kernel" in v.path]
    assert len(kernels) == 3
    for kernel in kernels:
        matrix = np.reshape(kernel, (-1, kernel.shape[-1]))
        np.testing.assert_allclose(np.linalg.norm(matrix, 2), 1, rtol=1e-2)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: dcgan.generator((28, 28, 1), batch_norm="all"), "everywhere"),
        (lambda: dcgan.discriminator((28, 28, 1), downsampling="max"), "pooling"),
        (lambda: dcgan.generator((30, 30, 1)), "28, 32, 64, 128, 256"),
        (lambda: dcgan.discriminator((28, 32, 1)), "size, size"),
        (lambda: dcgan.generator((28, 28, 2)), "1 or 3 channels"),
        (lambda: dcgan.generator((28, 28)), "size, size, channels"),
        (lambda: dcgan.generator((28, 28, 1), upsampling="bilinear"), "nearest"),
    ],
)
def test_bad_shapes_are_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_points_are_free_of_the_range():
    generator = mlp.generator((2,), 3, (8,))
    generator.layers[-1].set_weights([np.full((8, 2), 50.0), np.full(2, 7.0)])
    assert np.abs(ops.convert_to_numpy(generator(np.ones((4, 3))))).max() > 5


def test_the_classifier_has_features_and_logits():
    model = classifiers.cnn((28, 28, 1), 10, width=4, features=6)
    assert model.get_layer("features").output.shape == (None, 6)
    assert model.output_shape == (None, 10)
