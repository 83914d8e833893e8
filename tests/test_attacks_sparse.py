"""Attacks that change few pixels: the saliency map's pairs, one pixel against trying all."""

import itertools

import keras
import numpy as np
import pytest
from keras import layers, ops

from gankit.attacks.classifier import classifier
from gankit.attacks.one_pixel import one_pixel
from gankit.attacks.saliency import best_pair, jacobian_saliency_map
from gankit.models.classifiers import linear


def weighted(weights, shape, bias=0.0):
    """A linear classifier with these weights `(d, classes)`."""
    model = linear(shape, weights.shape[1])
    model.set_weights([weights, np.full(weights.shape[1], bias)])
    return model


def curved(shape=(6, 6, 1), classes=4):
    """A small network with random weights (the same on all backends), and a curved one."""
    hidden = [layers.Conv2D(4, 3, activation="tanh"), layers.Flatten()]
    hidden += [layers.Dense(16, activation="tanh"), layers.Dense(classes)]
    model = keras.Sequential([keras.Input(shape), *hidden])
    rng = np.random.default_rng(0)
    sizes = [2 / np.sqrt(np.prod(w.shape[:-1])) for w in model.get_weights()]  # by what comes in
    weights = [rng.normal(size=w.shape) * s for w, s in zip(model.get_weights(), sizes)]
    model.set_weights([w * (w.ndim > 1) for w in weights])  # no biases
    return model


def noise(n, shape=(6, 6, 1)):
    return np.random.default_rng(1).random((n, *shape), dtype="float32")


def brute_pair_value(rises, falls):
    """The largest product among all pairs, 0 if there is none."""
    rise, fall = rises[:, None] + rises, falls[:, None] + falls
    usable = (rise > 0) & (fall > 0) & ~np.eye(len(rises), dtype=bool)
    return (rise * fall)[usable].max() if usable.any() else 0.0


@pytest.mark.parametrize("kind", ["independent", "against", "ties", "few", "none"])
def test_the_best_pair_is_that_of_all_pairs(kind):
    rng = np.random.default_rng(0)
    for _ in range(100):
        d = rng.integers(2, 60)
        rises, falls = rng.normal(size=(2, d))
        if kind == "against":  # who rises most falls least: many are left to be paired
            falls = 0.3 * falls - rises
        elif kind == "ties":
            rises, falls = np.round(rises), np.round(falls)
        elif kind == "few":
            rises[rng.random(d) < 0.8] = -np.inf
            falls[np.isinf(rises)] = -np.inf
        elif kind == "none":
            falls = -np.abs(falls)
        found = best_pair(rises, falls)
        wanted = brute_pair_value(rises, falls)
        if found is None:
            assert wanted == 0
            continue
        p, q = found
        assert p != q
        assert (rises[p] + rises[q]) * (falls[p] + falls[q]) == pytest.approx(wanted)


@pytest.mark.parametrize("others", [True, False])
@pytest.mark.parametrize("theta", [1.0, -0.5])
def test_the_first_pair_of_a_linear_model(theta, others):
    """By all pairs, from the weights themselves."""
    weights = np.random.default_rng(3).normal(size=(16, 5)).astype("float32")
    images = np.full((1, 4, 4, 1), 0.5, "float32")
    model = weighted(weights, (4, 4, 1))
    target = int((weights.sum(axis=0) / 2).argmin())
    made = jacobian_saliency_map(model, images, [target], theta=theta, gamma=2 / 16, others=others,
                                 targeted=True)  # fmt: skip
    values = {}
    for p, q in itertools.combinations(range(16), 2):
        alpha = weights[p, target] + weights[q, target]
        beta = weights[p].sum() + weights[q].sum() - alpha
        if not others and alpha * theta > 0:
            values[p, q] = alpha * theta
        elif alpha * theta > 0 and beta * theta < 0:
            values[p, q] = -alpha * beta
    moved = (made - images).reshape(-1)
    assert tuple(np.flatnonzero(moved)) == max(values, key=values.get)
    np.testing.assert_allclose(moved[moved != 0], np.clip(theta, -0.5, 0.5))


def test_two_classes_take_the_largest_weights_whichever_the_outputs():
    """Logits (0, z), (-z, 0) and one unit z are the same two classes."""
    w = np.linspace(-1, 0.5, 16, dtype="float32")
    np.random.default_rng(0).shuffle(w)
    images = np.full((1, 4, 4, 1), 0.5, "float32")
    zero = 0 * w
    wanted = np.isin(np.arange(16), np.argsort(w)[-4:]) * 0.5
    for columns in ((zero, w), (-w, zero), (w,)):
        model = weighted(np.stack(columns, axis=1), (4, 4, 1))
        made = jacobian_saliency_map(model, images, [1], gamma=4 / 16, targeted=True)
        np.testing.assert_array_equal((made - images).reshape(-1), wanted)


def test_the_saliency_attack_keeps_to_its_rules():
    model, images = curved(), noise(24)
    labels = classifier(model, images).predict(images)
    targets = (labels + 1) % 4
    made = jacobian_saliency_map(model, images, targets, gamma=0.5, targeted=True)
    changed = (made != images).reshape(24, -1).sum(axis=1)
    hit = classifier(model, images).predict(made) == targets
    assert hit.mean() > 0.5 and changed.max() <= 18 and made.max() <= 1
    assert changed[hit].mean() < changed[~hit].mean() if not hit.all() else True
    assert ((made == 1) | (made == images)).all()  # theta 1 goes to the bound
    alone = [
        jacobian_saliency_map(model, images[i : i + 1], targets[i : i + 1], gamma=0.5,
                              targeted=True) for i in range(4)
    ]
    np.testing.assert_allclose(np.concatenate(alone), made[:4], atol=1e-6)
    # an image whose pixels are all at the bound has none to choose
    white = np.ones((1, 6, 6, 1), "float32")
    target = (classifier(model, white).predict(white) + 1) % 4
    np.testing.assert_array_equal(jacobian_saliency_map(model, white, target, targeted=True), white)
    # without targets: away from the label, and what is misclassified stays
    wrong = labels.copy()
    wrong[:5] = (wrong[:5] + 1) % 4
    made = jacobian_saliency_map(model, images, wrong, gamma=0.5)
    np.testing.assert_array_equal(made[:5], images[:5])
    assert (classifier(model, images).predict(made) != wrong).mean() > 0.6


def best_single(model, images, labels):
    """The largest margin with one pixel at an extreme, every one tried; by another way."""
    best = np.full(len(images), -np.inf)
    for r, c in np.ndindex(*images.shape[1:3]):
        for colour in itertools.product([0.0, 1.0], repeat=images.shape[3]):
            changed = images.copy()
            changed[:, r, c] = colour
            best = np.maximum(best, margin(model, changed, labels))
    return best


def margin(model, images, labels):
    logits = ops.convert_to_numpy(model(images, training=False)).astype("float64")
    own = logits[np.arange(len(labels)), labels]
    logits[np.arange(len(labels)), labels] = -np.inf
    return logits.max(axis=1) - own


@pytest.mark.parametrize("shape", [(4, 5, 1), (3, 4, 3)])
def test_one_pixel_is_at_least_as_good_as_all_extremes(shape):
    model, images = curved(shape), noise(12, shape)
    labels = classifier(model, images).predict(images)
    wanted = best_single(model, images, labels)
    one = one_pixel(model, images, labels, population=20, steps=3)
    two = one_pixel(model, images, labels, pixels=2, population=20, steps=3)
    assert (np.any(one != images, axis=3).sum(axis=(1, 2)) == 1).all()
    assert np.any(two != images, axis=3).sum(axis=(1, 2)).max() == 2
    one, two = margin(model, one, labels), margin(model, two, labels)
    assert (one >= wanted - 1e-5).all()
    assert ((two >= one - 1e-5) | (two > 0)).all() and (two > 0).sum() >= (one > 0).sum()


def test_one_pixel_of_a_linear_model():
    """The best pixel has the most room times weight; the second is the next."""
    rng = np.random.default_rng(5)
    w = rng.normal(size=16).astype("float32")
    images = noise(8, (4, 4, 1))
    model = weighted(w[:, None], (4, 4, 1), bias=-40.0)  # never class 1
    flat = images.reshape(8, -1)
    rise = np.where(w > 0, (1 - flat) * w, -flat * w)
    made = one_pixel(model, images, np.ones(8, int), pixels=2, targeted=True)
    order = np.argsort(-rise, axis=1)[:, :2]
    moved = (made != images).reshape(8, -1)
    np.testing.assert_array_equal(np.argsort(~moved, axis=1, kind="stable")[:, :2], np.sort(order))
    ends = np.where(w > 0, 1, 0)[order]
    np.testing.assert_array_equal(np.take_along_axis(made.reshape(8, -1), order, 1), ends)


@pytest.mark.parametrize("exhaustive", [True, False])
def test_one_pixel_needs_no_gradient_and_no_luck(exhaustive):
    inner = curved()
    rounding = layers.Lambda(lambda x: ops.round(x * 50) / 50)
    model = keras.Sequential([keras.Input((6, 6, 1)), rounding, inner])
    images = noise(12)
    labels = classifier(inner, images).predict(images)
    how = dict(pixels=3, population=30, steps=8, exhaustive=exhaustive)
    made = one_pixel(inner, images, labels, **how)
    again = one_pixel(inner, images, labels, batch_size=5, **how)
    np.testing.assert_allclose(again, made, atol=1e-6)
    fooled = classifier(inner, images).predict(made) != labels
    rounded = one_pixel(model, images, labels, **how)
    assert fooled.mean() > 0.4
    assert (classifier(model, images).predict(rounded) != labels).mean() > 0.4
    assert made.min() >= 0 and made.max() <= 1


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda m, x, y: jacobian_saliency_map(m, x, y, theta=0.0), "other than 0"),
        (lambda m, x, y: jacobian_saliency_map(m, x, y, gamma=14.5), "at most 1"),
        (lambda m, x, y: jacobian_saliency_map(m, x, y, gamma=0.01), "no pair"),
        (lambda m, x, y: one_pixel(m, x[:, :, 0], y), "shape"),
        (lambda m, x, y: one_pixel(m, x, y, pixels=0), "pixels"),
        (lambda m, x, y: one_pixel(m, x, y, population=2), "population"),
    ],
)
def test_bad_settings(call, words):
    with pytest.raises(ValueError, match=words):
        call(curved(), noise(3), np.zeros(3, int))


@pytest.mark.parametrize("attack", [jacobian_saliency_map, one_pixel])
def test_nan_is_told_with_its_image(attack):
    """A model that breaks for bright images only."""
    breaking = layers.Lambda(lambda x: x * ops.sqrt(0.9 - ops.mean(x, (1, 2, 3), keepdims=True)))
    weights = np.random.default_rng(0).normal(size=(36, 3)).astype("float32")
    inner = weighted(weights, (6, 6, 1))
    model = keras.Sequential([keras.Input((6, 6, 1)), breaking, inner])
    images = 0.5 * noise(4)
    images[2] = 1.0
    labels = np.nan_to_num(classifier(model, images, True).logits(images)).argmax(axis=1)
    with pytest.raises(ValueError, match="image 2"):
        attack(model, images, labels, from_logits=True)
