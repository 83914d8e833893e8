"""Bad input to an attack: a clear error, before any work."""

import inspect

import keras
import numpy as np
import pytest
from attack_rows import CLASSES, ROWS, SHAPE, data, network
from keras import layers

from gankit import attacks
from gankit.attacks.classifier import Classifier, classifier
from gankit.attacks.inputs import check_epsilon
from gankit.datasets import Images

images, labels = data(6)


def two_inputs():
    a, b = keras.Input(SHAPE), keras.Input(SHAPE)
    return keras.Model([a, b], layers.Dense(CLASSES)(layers.Flatten()(layers.add([a, b]))))


def with_nan():
    x = images.copy()
    x[3, 0, 0] = np.nan
    return x


BAD = {
    "bytes": ({"images": (images * 255).astype("uint8")}, "floats in .*divide bytes by 255"),
    "0 to 255": ({"images": images * 255}, "0-255: divide by 255"),
    "-1 to 1": ({"images": 2 * images - 1}, r"in \[-1, 1\]"),
    "NaN": ({"images": with_nan()}, "image 3 .*NaN"),
    "none": ({"images": images[:0], "labels": labels[:0]}, "empty"),
    "another size": ({"images": images[:, :8]}, r"\(8, 12, 1\).*wants \(12, 12, 1\)"),
    "no array": ({"images": Images(np.zeros((6, 12, 12, 1), "uint8"))}, r"\.unit\(\)"),
    "one-hot": ({"labels": np.eye(CLASSES)[labels]}, "one-hot"),
    "no such class": ({"labels": labels + 1}, "from 0 to 5, but that of image 5 is 6"),
    "a negative class": ({"labels": labels - 1}, "image 0 is -1"),
    "too few labels": ({"labels": labels[:-1]}, "6 images, but 5 labels"),
    "probabilities": ({"labels": labels + 0.5}, "class numbers"),
    "two inputs": ({"model": two_inputs()}, "one of its inputs, not 2"),
    "no model": ({"model": print}, "keras.Model"),
    "no image model": ({"model": keras.Sequential([keras.Input(SHAPE), layers.Conv2D(2, 3)])},
                       r"\(n, classes\)"),
    "upside down": ({"bounds": (1, 0)}, "bounds"),
    "no batch": ({"batch_size": 0}, "batch_size"),
    "seed": ({"seed": -1}, "seed"),
    "epsilon below 0": ({"epsilon": -0.1}, "epsilon is a number from 0 on"),
    "epsilon NaN": ({"epsilon": float("nan")}, "epsilon"),
    "epsilon as text": ({"epsilon": "0.1"}, "epsilon is a number"),
    "epsilon of bytes": ({"epsilon": 8}, "0-255: divide it by 255"),
    "no steps": ({"steps": 0}, "steps is a whole number from 1 on"),
    "a step of bytes": ({"step": 2.0}, "step=2.*0-255"),
    "no norm": ({"norm": "inf"}, "norm is one of .*did you mean 'linf'"),
    "no loss": ({"loss": "crossentropy"}, "did you mean 'cross_entropy'"),
    "target reached": ({"targeted": True}, "already taken for its target"),
}  # fmt: skip


def concerns(row, case):
    """Whether an attack has the options of a case, and means by them what the table does."""
    what = BAD[case][0]
    if (what.keys() & {"epsilon", "step"} and row.norm != "linf"
            or "seed" in what and not row.random
            or "labels" in what and not row.labels
            or "targeted" in what and row.aims != "at will"
            or (row.attack, case) == (attacks.one_pixel, "no steps")):  # fmt: skip
        return False
    known = inspect.signature(row.attack).parameters
    return all(name in known for name in what)


PAIRS = [(name, case) for name, row in ROWS.items() for case in BAD if concerns(row, case)]


@pytest.mark.parametrize("name, case", PAIRS)
def test_bad_input_is_told_before_work_begins(name, case, monkeypatch):
    (what, message), row = BAD[case], ROWS[name]
    given = {"model": network(), "images": images, "labels": labels, **row.options, **what}
    if case == "target reached":
        given["labels"] = classifier(network(), images).predict(images)
    elif row.aims == "always" and "labels" not in what:
        given["labels"] = (given["labels"] + 1) % CLASSES

    def no_work(*args, **kw):
        raise AssertionError("work began")

    monkeypatch.setattr(Classifier, "gradient", no_work)
    with pytest.raises((TypeError, ValueError), match=message):
        row.attack(given.pop("model"), given.pop("images"), given.pop("labels"), **given)


def test_an_epsilon_of_zero_or_of_the_whole_range_is_no_mistake():
    made = ROWS["fgsm"](network(), images, labels, epsilon=0.0)
    np.testing.assert_array_equal(made, images)
    assert check_epsilon(1, (0, 1)) == 1 and check_epsilon(8, (0, 255)) == 8
    assert check_epsilon(8.0, (0, 1), norm="l2") == 8


def dense_head(activation, units=3):
    """A network on pixels whose last layer has that activation."""
    model = keras.Sequential([keras.Input(SHAPE), keras.layers.Flatten()])
    model.add(keras.layers.Dense(units, activation=activation))
    model.layers[-1].kernel.assign(20 * keras.ops.convert_to_numpy(model.layers[-1].kernel))
    return model


class Cosine(keras.layers.Dense):
    """A head of its own, which calls itself a softmax."""

    def call(self, x):
        return keras.ops.softmax(keras.ops.matmul(x, -self.kernel))


@pytest.mark.parametrize("head", ["hard_sigmoid", "own softmax", "own head"])
def test_a_last_layer_of_another_kind_is_not_taken_for_logits(head):
    """What gankit takes for the choice of class is what the model says; or it warns."""
    if head == "own head":
        model = keras.Sequential([keras.Input(SHAPE), keras.layers.Flatten()])
        model.add(Cosine(3, activation="softmax"))
    elif head == "own softmax":
        model = dense_head(lambda z: keras.ops.softmax(z))
    else:
        model = dense_head(head, 1)
    given = keras.ops.convert_to_numpy(model(images))
    said = given.argmax(axis=1) if given.shape[1] > 1 else (given[:, 0] > 0.5).astype(int)
    with pytest.warns(UserWarning, match="hides its logits"):
        victim = classifier(model, images)
    np.testing.assert_array_equal(victim.predict(images), said)


def test_trained_layers_in_a_second_model_and_half_precision_are_read_rightly():
    first = dense_head("softmax")
    second = keras.Sequential([keras.Input(SHAPE), keras.layers.Rescaling(1.0), *first.layers])
    expected = classifier(first, images).logits(images)
    np.testing.assert_allclose(classifier(second, images).logits(images), expected, rtol=1e-5)
    keras.config.set_dtype_policy("float16")
    try:
        small = dense_head("softmax")
    finally:
        keras.config.set_dtype_policy("float32")
    assert classifier(small, images).logits(images).dtype == "float32"


def test_a_model_that_says_yes_or_no_to_each_class_is_refused():
    with pytest.raises(ValueError, match="chooses one"):
        classifier(dense_head("sigmoid"), images)


def test_outputs_that_are_no_numbers_are_told():
    model = dense_head("linear")
    model.layers[-1].bias.assign([0, np.nan, 0])
    for attack in (attacks.deepfool, attacks.jacobian_saliency_map):
        with pytest.raises(ValueError, match="NaN"):
            attack(model, images, labels % 3)


def test_true_labels_given_as_targets_are_told():
    model = network()
    true = classifier(model, images).predict(images)
    true[0] = (true[0] + 1) % CLASSES  # no model is always right
    with pytest.warns(UserWarning, match="not the true ones"):
        attacks.fgsm(model, images, true, epsilon=0.1, targeted=True)


def test_a_search_that_finds_nothing_is_told():
    with pytest.warns(UserWarning, match="larger first_c"):
        attacks.carlini_wagner(network(), images, labels, first_c=1e-9, searches=1, steps=2)
