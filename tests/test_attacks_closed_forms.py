"""Attacks on linear models, whose smallest perturbations are known; no pixel is clipped."""

import keras
import numpy as np
import pytest
from keras import layers

from gankit.attacks import carlini_wagner, deepfool, elastic_net, fgsm, lbfgs

N, PIXELS = 8, 16


def linear(outputs, seed=0):
    """A linear model of 4 x 4 images, its weights `(16, k)` and biases, k logits (2 for a unit)."""
    rng = np.random.default_rng(seed)
    weights = rng.normal(0, 1, (PIXELS, outputs)).astype("float32")
    biases = (-0.5 * weights.sum(axis=0)).astype("float32")  # the boundaries meet in grey
    model = keras.Sequential([keras.Input((4, 4, 1)), layers.Flatten(), layers.Dense(outputs)])
    model.layers[-1].set_weights([weights, biases])
    if outputs == 1:
        weights, biases = np.c_[0 * weights, weights], np.r_[0 * biases, biases]
    return model, weights.astype("float64"), biases.astype("float64")


def images_of(weights, biases):
    """Images around grey, and what a linear model says of them."""
    images = np.random.default_rng(1).uniform(0.25, 0.75, (N, 4, 4, 1)).astype("float32")
    return images, (images.reshape(N, -1) @ weights + biases).argmax(axis=1)


def gaps(images, labels, weights, biases):
    """f_k = z_k - z_label, `(n, k)`, and its weights, `(n, k, 16)`, for all other classes k."""
    others = np.array([[k for k in range(len(biases)) if k != label] for label in labels])
    slopes = weights.T[others] - weights.T[labels][:, None]
    values = np.einsum("np,nkp->nk", images.reshape(N, -1), slopes)
    return values + biases[others] - biases[labels][:, None], slopes


def sizes(made, images, order):
    return np.linalg.norm((made.astype("float64") - images).reshape(N, -1), order, axis=1)


kinds = pytest.mark.parametrize("outputs", [1, 2], ids=["one unit", "two logits"])


@kinds
def test_fgsm_moves_the_margin_by_epsilon_times_the_l1_norm(outputs):
    model, *line = linear(outputs)
    images, labels = images_of(*line)
    made = fgsm(model, images, labels, epsilon=0.03)
    before, slopes = gaps(images, labels, *line)
    after, _ = gaps(made, labels, *line)
    np.testing.assert_allclose(after - before, 0.03 * np.abs(slopes).sum(axis=2), rtol=1e-5)


@pytest.mark.parametrize("outputs", [1, 2, 5])
@pytest.mark.parametrize("norm, order, dual", [("l2", 2, 2), ("linf", np.inf, 1)])
@pytest.mark.parametrize("refinements", [0, 4])
def test_deepfool_goes_to_the_nearest_boundary_and_its_overshoot(
    outputs, norm, order, dual, refinements
):
    model, *line = linear(outputs)
    images, labels = images_of(*line)
    values, slopes = gaps(images, labels, *line)
    nearest = (np.abs(values) / np.linalg.norm(slopes, dual, axis=2)).min(axis=1)
    for overshoot in (0.02, 0.1):
        made = deepfool(model, images, labels, norm=norm, overshoot=overshoot,
                        refinements=refinements)  # fmt: skip
        size = sizes(made, images, order)
        np.testing.assert_allclose(size, (1 + overshoot) * nearest, rtol=1e-3, atol=1e-6)
        assert made.min() > 0 and made.max() < 1
        assert (gaps(made, labels, *line)[0].max(axis=1) > 0).all()


LONG = {"steps": 150, "searches": 8}
MINIMUM_NORM = {  # (attack, how far above the smallest l2 norm it may stay)
    "carlini_wagner": (lambda model, x, y: carlini_wagner(model, x, y, **LONG), 0.03),
    "elastic_net": (lambda model, x, y: elastic_net(model, x, y, beta=0, **LONG), 0.02),
    "lbfgs": (lambda model, x, y: lbfgs(model, x, 1 - y, searches=14), 0.01),
}


@kinds
@pytest.mark.parametrize("name", MINIMUM_NORM)
def test_minimum_norm_attacks_converge_to_the_distance_of_the_boundary(name, outputs):
    model, *line = linear(outputs)
    images, labels = images_of(*line)
    values, slopes = gaps(images, labels, *line)
    nearest = np.abs(values[:, 0]) / np.linalg.norm(slopes[:, 0], axis=1)
    far = nearest > 0.04  # nearer ones are passed by one step of Adam
    assert far.sum() >= N / 2
    attack, excess = MINIMUM_NORM[name]
    made = attack(model, images, labels)
    assert (gaps(made, labels, *line)[0] > 0).all()
    assert made.min() > 0 and made.max() < 1
    size = sizes(made, images, 2)
    assert (size > (1 - 1e-4) * nearest).all()  # nothing that succeeds is nearer
    assert (size < (1 + excess) * nearest)[far].all()
