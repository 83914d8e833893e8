"""SPSA, virtual adversarial perturbations, feature adversaries, images from nothing."""

import itertools

import keras
import numpy as np
import pytest
from keras import layers, ops

from gankit.attacks.classifier import classifier
from gankit.attacks.feature_adversary import feature_adversary
from gankit.attacks.fooling import fooling_images
from gankit.attacks.spsa import estimate, spsa
from gankit.attacks.virtual_adversarial import virtual_adversarial
from gankit.models.classifiers import linear

SHAPE = (4, 4, 1)


def weighted(weights, bias=0.0):
    """A linear classifier of 4 x 4 images with these weights `(16, outputs)`."""
    model = linear(SHAPE, weights.shape[1])
    model.set_weights([weights, np.full(weights.shape[1], bias)])
    return model


def random_weights(outputs, seed=0, d=16):
    return np.random.default_rng(seed).normal(size=(d, outputs)).astype("float32")


def grey(n, seed=1):
    """Images in [0.4, 0.6]: small steps meet no bound."""
    return np.random.default_rng(seed).uniform(0.4, 0.6, (n, *SHAPE)).astype("float32")


def rounding(model, levels):
    """The model behind a rounding, which has no gradient."""
    first = layers.Lambda(lambda x: ops.round(x * levels) / levels)
    return keras.Sequential([keras.Input(SHAPE), first, model])


def test_spsa_estimates_the_gradient_of_a_linear_function():
    """Over all 16 directions of four pixels the mean is the gradient itself."""
    w = random_weights(1, d=4)
    model = linear((2, 2, 1), 1)
    model.set_weights([w, np.zeros(1)])
    images = np.full((3, 2, 2, 1), 0.5, "float32")
    signs = np.array(list(itertools.product([-1, 1], repeat=4)), "float32").reshape(-1, 2, 2, 1)
    found = estimate(classifier(model, images), images, np.array([0, 1, 0]), signs, 0.01)
    wanted = w.reshape(1, 2, 2, 1) * np.array([1, -1, 1]).reshape(-1, 1, 1, 1)
    np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-4)
    parts = estimate(classifier(model, images), images, np.array([0, 1, 0]), signs, 0.01, 7)
    np.testing.assert_allclose(parts, found, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("targeted", [False, True])
def test_spsa_fools_a_linear_model_from_the_epsilon_on_that_can(targeted):
    """A margin of m falls to steps of epsilon > m / ||w||_1, and to no smaller ones."""
    w = random_weights(1)
    images = grey(8)
    model = weighted(w, bias=1 - float(images.reshape(8, -1).mean(axis=0) @ w[:, 0]))
    logits = classifier(model, images).logits(images)[:, 1]
    given = (logits > 0).astype(int)
    needed = np.abs(logits) / np.abs(w).sum()
    epsilon = float(np.median(needed))
    far = np.abs(needed / epsilon - 1) > 0.2
    labels = 1 - given if targeted else given
    made = spsa(model, images, labels, epsilon=epsilon, steps=40, samples=64, rate=epsilon / 10,
                targeted=targeted)
    assert np.abs(made - images).max() <= epsilon + 1e-6
    fooled = classifier(model, images).predict(made) != given
    np.testing.assert_array_equal(fooled[far], (needed < epsilon)[far])
    assert 0 < fooled[far].mean() < 1


def test_spsa_needs_no_gradient():
    inner = weighted(random_weights(3))
    model = rounding(inner, 50)
    images = grey(12)
    labels = classifier(model, images, True).predict(images)
    made = spsa(model, images, labels, epsilon=0.2, samples=32, from_logits=True)
    assert (classifier(model, images, True).predict(made) != labels).all()
    again = spsa(model, images, labels, epsilon=0.2, samples=32, from_logits=True, batch_size=5)
    np.testing.assert_allclose(again, made, atol=1e-6)
    with pytest.raises(ValueError, match="larger delta"):
        spsa(model, np.round(images * 50) / 50, labels, epsilon=0.2, samples=32, delta=1e-3)
    wrong = (labels + 1) % 3  # what is misclassified stays
    np.testing.assert_array_equal(spsa(model, images, wrong, epsilon=0.2), images)


def first_eigenvector(weights, image):
    """Of the KL divergence's Hessian at an image, for logits W'x: W (diag p - p p') W'."""
    logits = image.reshape(-1).astype("float64") @ weights
    p = np.exp(logits - logits.max())
    p /= p.sum()
    values, vectors = np.linalg.eigh(weights @ (np.diag(p) - np.outer(p, p)) @ weights.T)
    return vectors[:, np.argmax(values)]


def directions(made, images):
    moves = (made - images).reshape(len(images), -1).astype("float64")
    return moves / np.linalg.norm(moves, axis=1, keepdims=True)


@pytest.mark.parametrize("scale", [1.0, 60.0])
def test_the_virtual_direction_of_two_classes_is_along_the_weights(scale):
    """For one unit it is +-w / ||w||, also where the model is so sure that float32 sees 0."""
    w, images = random_weights(1), grey(6)
    model = weighted(scale * w, bias=-3 * scale)
    made = virtual_adversarial(model, images, epsilon=0.1)
    np.testing.assert_allclose(np.linalg.norm((made - images).reshape(6, -1), axis=1), 0.1, 1e-4)
    # the way that goes further from p is up, for a model that says "0" everywhere
    wanted = w[:, 0] / np.linalg.norm(w)
    np.testing.assert_allclose(directions(made, images), np.tile(wanted, (6, 1)), atol=2e-3)


def test_the_virtual_direction_is_the_first_eigenvector():
    weights, images = random_weights(5), grey(6)
    model = weighted(weights)
    made = virtual_adversarial(model, images, epsilon=0.05, steps=30)
    for found, image in zip(directions(made, images), images):
        assert abs(found @ first_eigenvector(weights, image)) > 0.999
    lost = virtual_adversarial(model, images, epsilon=0.05, steps=30, xi=1e-8)
    assert min(abs(d @ first_eigenvector(weights, x))
               for d, x in zip(directions(lost, images), images)) < 0.99


def test_virtual_perturbations_keep_to_their_rules():
    model, images = weighted(random_weights(5)), np.round(grey(7))
    made = virtual_adversarial(model, images, epsilon=1.0)
    assert made.min() >= 0 and made.max() <= 1
    assert np.linalg.norm((made - images).reshape(7, -1), axis=1).max() <= 1 + 1e-6
    again = virtual_adversarial(model, images, epsilon=1.0, batch_size=3)
    np.testing.assert_allclose(again, made, atol=1e-3)
    other = virtual_adversarial(model, images, epsilon=1.0, seed=1)
    assert not np.array_equal(other, made)
    with pytest.raises(ValueError, match="spsa"):
        virtual_adversarial(rounding(model, 4), images, epsilon=1.0, from_logits=True)


def test_feature_adversaries_of_a_layer_that_keeps_all():
    """Where the features are the pixels, the nearest image in the box is the guide, cut to it."""
    model = weighted(random_weights(3))
    rng = np.random.default_rng(0)
    images, guides = rng.random((2, 5, *SHAPE), dtype="float32")
    made = feature_adversary(model, images, guides, model.layers[0].name, epsilon=0.1)
    wanted = np.clip(guides, images - 0.1, images + 0.1)
    np.testing.assert_allclose(made, wanted, atol=2e-3)
    assert np.abs(made - images).max() <= 0.1 + 1e-6
    one = feature_adversary(model, images, guides[:1], 0, epsilon=0.1, batch_size=2)
    np.testing.assert_allclose(one, np.clip(guides[:1], images - 0.1, images + 0.1), atol=2e-3)
    # a guide that is the image itself: nothing to do
    same = feature_adversary(model, images, images, -1, epsilon=0.1)
    np.testing.assert_array_equal(same, images)


def test_feature_adversaries_of_a_hidden_layer():
    hidden = layers.Dense(8, activation="tanh", name="hidden")
    model = keras.Sequential([keras.Input(SHAPE), layers.Flatten(), hidden, layers.Dense(3)])
    features = keras.Model(model.inputs[0], hidden.output)
    images, guides = np.random.default_rng(0).random((2, 6, *SHAPE), dtype="float32")

    def distance(x):
        return np.linalg.norm(np.asarray(ops.convert_to_numpy(features(x) - features(guides))),
                              axis=1)

    near, nearer = (feature_adversary(model, images, guides, "hidden", epsilon=e)
                    for e in (0.1, 0.3))
    assert (distance(near) < distance(images)).all() and (distance(nearer) < distance(near)).all()
    assert distance(nearer).mean() < 0.3 * distance(images).mean()


@pytest.mark.parametrize("start", ["noise", "blank"])
def test_images_from_nothing_of_every_class(start):
    model = weighted(3 * random_weights(4))
    targets = np.arange(12) % 4
    made = fooling_images(model, targets, start=start, step=0.2, confidence=0.9)
    logits = ops.convert_to_numpy(model(made))
    sure = ops.convert_to_numpy(ops.softmax(logits))[np.arange(12), targets]
    assert (sure >= 0.9).all() and made.shape == (12, *SHAPE) and made.dtype == np.float32
    assert made.min() >= 0 and made.max() <= 1
    again = fooling_images(model, targets, start=start, step=0.2, confidence=0.9, batch_size=5)
    np.testing.assert_allclose(again, made, atol=1e-6)
    assert (len(np.unique(made, axis=0)) == 12) == (start == "noise")
    with pytest.warns(UserWarning, match="did not reach 90%"):
        fooling_images(model, targets, start=start, step=1e-3, confidence=0.9, steps=1)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda m, x: spsa(m, x, [0] * 3, epsilon=25.5), "0-255"),
        (lambda m, x: spsa(m, x, [0] * 3, epsilon=0.1, delta=0.0), "above 0"),
        (lambda m, x: spsa(m, x, [0] * 3, epsilon=0.1, samples=0), "samples"),
        (lambda m, x: virtual_adversarial(m, x, epsilon=1.0, xi=0.0), "xi"),
        (lambda m, x: virtual_adversarial(m, x[:0], epsilon=1.0), "empty"),
        (lambda m, x: feature_adversary(m, x, x[:2], "dense"), "one guide for all"),
        (lambda m, x: feature_adversary(m, x, x, "dens"), "did you mean 'dense'"),
        (lambda m, x: feature_adversary(m, x, x, 7), "no layer 7"),
        (lambda m, x: fooling_images(m, []), "empty"),
        (lambda m, x: fooling_images(m, [3]), "from 0 to 2"),
        (lambda m, x: fooling_images(m, [0], start="blanc"), "did you mean 'blank'"),
        (lambda m, x: fooling_images(m, [0], confidence=99), "between 0 and 1"),
    ],
)
def test_bad_settings(call, words):
    keras.backend.clear_session()  # so that the layers' names are the plain ones
    with pytest.raises(ValueError, match=words):
        call(weighted(random_weights(3)), grey(3))
