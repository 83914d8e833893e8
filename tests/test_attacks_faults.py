"""Faults that attack libraries had, and masked gradients: each is a test here."""

import functools

import keras
import numpy as np
import pytest
from attack_rows import CLASSES, ROWS, SHAPE, data, network
from keras import layers, ops

from gankit import attacks, backend
from gankit.attacks.classifier import classifier

images, labels = data(96)


def fooled(model, made):
    return (classifier(model, made).predict(made) != labels[: len(made)]).mean()


def linear(weights, bias=0.0):
    """One sigmoid unit on top of a weighted sum of pixels."""
    model = keras.Sequential([keras.Input(SHAPE), layers.Flatten(), layers.Dense(1)])
    model.layers[-1].set_weights([weights.reshape(-1, 1).astype("float32"), np.array([bias])])
    return model


@pytest.mark.parametrize("sign, targeted", [(1, False), (-1, True)])
def test_momentum_is_dongs_and_changes_something(sign, targeted):
    x, y = images[:16], labels[:16] if not targeted else (labels[:16] + 1) % CLASSES
    model = network()
    step, made, velocity = np.float32(0.06), x, 0
    for _ in range(4):  # algorithm 1, from the paper
        slope = sign * classifier(model, x).gradient(made, y)[1]
        velocity = 0.9 * velocity + slope / np.abs(slope).sum(axis=(1, 2, 3), keepdims=True)
        made = np.clip(made + step * np.sign(velocity), x - np.float32(0.1), x + np.float32(0.1))
        made = made.clip(0, 1)
    settings = {"epsilon": 0.1, "step": 0.06, "steps": 4, "targeted": targeted}
    ours = attacks.momentum_iterative(model, x, y, decay=0.9, **settings)
    np.testing.assert_allclose(ours, made, atol=1e-6)
    without = attacks.momentum_iterative(model, x, y, decay=0.0, **settings)
    np.testing.assert_array_equal(without, attacks.iterative_fgsm(model, x, y, **settings))
    assert (np.abs(ours - without) > 0.01).mean() > 0.02


@pytest.mark.parametrize("attack", ["fgsm", "bim", "momentum", "pgd"])
def test_a_pixel_without_a_slope_moves_too_within_the_box(attack):
    weights = np.random.default_rng(0).normal(size=SHAPE)
    weights[::2] = 0
    x = np.random.default_rng(1).random((4, *SHAPE)).astype("float32")
    x[:, 0], x[:, 2], x[:, 4] = 0, 1, 0.5
    made = ROWS[attack](linear(weights), x, [0, 1, 0, 1])
    np.testing.assert_allclose(np.abs(made - x)[:, ::2], 0.1, atol=1e-6)


@pytest.mark.parametrize("name", ROWS)
def test_rounding_does_not_leave_an_awkward_box(name):
    low, high = np.float32(0.1), np.float32(0.7)
    x = images[:6].clip(low, high)
    x[:, :4], x[:, 8:] = low, high
    made = ROWS[name](network(), x, labels[:6], bounds=(0.1, 0.7))
    assert made.min() >= low and made.max() <= high
    assert made.astype("float64").min() >= 0.1 - 1e-8  # float32's 0.1 and 0.7 are not the decimals
    unmoved = made == x
    as_doubles = ROWS[name](network(), x.astype("float64"), labels[:6], bounds=(0.1, 0.7))
    np.testing.assert_allclose(as_doubles, made, atol=1e-4)
    assert (as_doubles[unmoved] == x[unmoved]).mean() > 0.95


def test_the_l1_step_is_the_best_that_ball_and_box_allow():
    weights = np.linspace(-1, 1, 144).reshape(SHAPE)
    x = np.random.default_rng(0).random((5, *SHAPE)).astype("float32")
    made = attacks.fgsm(linear(weights), x, [0] * 5, epsilon=3.3, norm="l1")
    room = np.where(weights > 0, 1 - x, x).reshape(5, -1)
    for i in range(5):  # a knapsack: the steepest pixel first
        left, rise = 3.3, 0.0
        for j in np.argsort(-np.abs(weights.ravel())):
            rise += min(left, room[i, j]) * abs(weights.ravel()[j])
            left -= min(left, room[i, j])
        moved = made[i].astype("float64") - x[i]
        assert (moved * weights).sum() == pytest.approx(rise, rel=1e-5)
        assert np.abs(moved).sum() == pytest.approx(3.3, rel=1e-5)


def test_restarts_keep_each_images_worst_and_each_start_is_new():
    x, y = images[:48], labels[:48]
    weak = {"epsilon": 0.03, "step": 0.03, "steps": 1, "loss": "margin"}
    victim, rows = classifier(network(), x), np.arange(48)

    def height(made):
        logits = victim.logits(made)
        others = logits.copy()
        others[rows, y] = -np.inf
        return others.max(axis=1) - logits[rows, y]

    heights = [height(attacks.projected_gradient_descent(network(), x, y, restarts=n, **weak))
               for n in (1, 2, 8)]
    assert (heights[1] >= heights[0]).all() and (heights[2] >= heights[1]).all()
    assert (heights[2] > heights[0] + 1e-4).mean() > 0.5


def test_least_likely_aims_at_the_class_least_believed_in():
    model, x = network(), images[:24]
    logits = classifier(model, x).logits(x)
    made = attacks.least_likely_class(model, x, epsilon=0.3, steps=10)
    hit = classifier(model, x).predict(made) == logits.argmin(axis=1)
    assert hit.mean() > 0.8
    two, last = network("two"), labels[:24] % 2  # of two classes the least likely may be the true
    wrong = classifier(two, x).predict(x) != last
    assert wrong.any()
    made = attacks.least_likely_class(two, x, last, epsilon=0.3)
    assert (classifier(two, x).predict(made) != last)[wrong].all()


def plain_fgsm(model, x, y, epsilon):
    """As everybody writes it: the sign of the cross-entropy's gradient, 0 where that is 0."""
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="none")
    slope = backend.input_gradients(lambda z: loss(ops.convert_to_tensor(y), model(z)),
                                    ops.convert_to_tensor(x))
    slope = ops.convert_to_numpy(slope)
    return np.clip(x + np.float32(epsilon) * np.sign(slope), 0, 1), (slope == 0).all(axis=(1, 2, 3))


MASKED = ["fgsm", "fgsm l2", "bim", "momentum", "pgd", "pgd l2"]


def test_the_masked_model_is_a_fair_test():
    made, _ = plain_fgsm(network(), images, labels, 0.1)
    masked, zero = plain_fgsm(network(scale=20.0), images, labels, 0.1)
    assert zero.mean() > 0.5 and fooled(network(), made) > 0.6
    assert fooled(network(scale=20.0), masked) < 0.6 * fooled(network(), made)


@pytest.mark.parametrize("kind", ["logits", "softmax"])
@pytest.mark.parametrize("loss", ["cross_entropy", "margin"])
@pytest.mark.parametrize("name", MASKED)
def test_masked_gradients_do_not_help_the_model(name, kind, loss):
    attack = ROWS[name]
    bare = fooled(network(), attack(network(), images, labels, loss=loss))
    sure = network(kind, scale=20.0)
    assert bare > 0.3
    assert fooled(sure, attack(sure, images, labels, loss=loss)) >= 0.95 * bare


@pytest.mark.parametrize("name", [name for name in ROWS if ROWS[name].gradients])
def test_a_model_without_a_gradient_is_named(name):
    with pytest.raises(ValueError, match="(?s)rounds.*no gradient.*spsa"):
        ROWS[name](network("rounds"), images[:6], labels[:6])


@pytest.mark.parametrize("name", [name for name in ROWS if not ROWS[name].gradients])
def test_without_gradients_such_a_model_is_fooled_still(name):
    x, y = images[:12], labels[:12]
    made = ROWS[name](network("rounds"), x, y)
    assert fooled(network("rounds"), made) > fooled(network("rounds"), x)


@functools.cache
def without_a_root_in_the_dark():
    """A model whose outputs and gradients are NaN for images that are darker than 0.1."""
    inputs = keras.Input(SHAPE)
    root = ops.sqrt(ops.mean(inputs, axis=(1, 2, 3), keepdims=True) - 0.1)
    hidden = layers.Flatten()(root * inputs)
    return keras.Model(inputs, layers.Dense(CLASSES, kernel_initializer="orthogonal")(hidden))


@pytest.mark.parametrize("name", [name for name in ROWS if ROWS[name].gradients])
def test_a_gradient_that_is_not_a_number_is_told_by_its_image(name):
    model, x = without_a_root_in_the_dark(), images[:7].copy()
    x[4] = 0
    with pytest.raises(ValueError, match=r"image 4\b.* NaN or infinity"):
        ROWS[name](model, x, classifier(model, x).predict(x), batch_size=3)
