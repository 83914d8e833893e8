"""What every attack keeps to, one table over all of them (`attack_rows.ROWS`)."""

import functools

import numpy as np
import pytest
from attack_rows import CLASSES, ROWS, data, network

from gankit import attacks
from gankit.attacks.classifier import classifier

ELSEWHERE = {"universal_perturbation", "fooling_images", "feature_adversary", "virtual_adversarial"}
SIZES = {"linf": lambda d: np.abs(d).max(axis=1), "l1": lambda d: np.abs(d).sum(axis=1),
         "l2": lambda d: np.sqrt((d**2).sum(axis=1))}  # fmt: skip

every = pytest.mark.parametrize("name", ROWS)


def small():
    """8 images and their labels."""
    images, labels = data()
    return images[:8], labels[:8]


@functools.cache
def first(name):
    """What the attack of that row makes of them."""
    return ROWS[name](network(), *small(), seed=3)


def predicted(model, images):
    return classifier(model, images).predict(np.asarray(images, "float32"))


def test_every_attack_has_a_row():
    rows = {row.attack.__name__ for row in ROWS.values()}
    assert rows | ELSEWHERE >= set(attacks.__all__)


@every
def test_images_come_back_in_shape_type_bounds_and_epsilon(name):
    row, model = ROWS[name], network()
    images, labels = small()
    before, made = images.copy(), first(name)
    assert (images == before).all()  # the caller's array is as it was
    assert made.shape == images.shape and made.dtype == "float32"
    assert made.min() >= 0 and made.max() <= 1 and np.isfinite(made).all()
    d = (made.astype("float64") - images).reshape(len(made), -1)
    if row.norm:
        size = SIZES[row.norm](d)
        assert size.max() <= row.options["epsilon"] * (1 + 1e-5)
        assert size.max() > 0.5 * row.options["epsilon"]
    right = predicted(model, images) == labels
    fooled = right & (predicted(model, made) != labels)
    assert fooled.any()  # an attack that gives back its input fails here
    if row.sure:
        alone = np.concatenate([predicted(model, made[i : i + 1]) for i in range(len(made))])
        moved = np.abs(d).max(axis=1) > 0
        assert (alone != labels)[moved & right].all()  # none flips back, whatever its batch is


@every
def test_the_seed_decides_all_and_batches_nothing(name):
    row, model = ROWS[name], network()
    images, labels = small()
    np.testing.assert_array_equal(row(model, images, labels, seed=3), first(name))
    doubles = images.astype("float64")
    in_threes = row(model, doubles, labels, seed=3, batch_size=3)
    assert in_threes.dtype == "float64"
    np.testing.assert_allclose(in_threes, first(name), atol=2e-4)
    if row.random:
        assert (row(model, images, labels, seed=4) != first(name)).any()


@every
def test_softmax_logits_and_shifted_logits_are_one_model(name):
    row, made = ROWS[name], first(name)
    images, labels = small()
    kinds = ("softmax", "softmax layer") if name == "fgsm" else ("softmax",)
    for kind in kinds:
        other = row(network(kind, shift=-16.0), images, labels, seed=3)
        size, size_other = (np.abs(x - images).sum() for x in (made, other))
        assert size_other == pytest.approx(size, rel=0.02)
        agree = predicted(network(), other) == predicted(network(), made)
        assert agree.mean() > 0.8


@every
def test_one_sigmoid_unit_is_two_logits(name):
    row = ROWS[name]
    images, labels = data(72)
    images, labels = images[labels < 2][:8], labels[labels < 2][:8]
    assert (predicted(network("two"), images) == labels).all()
    one, two = (row(network(kind), images, labels) for kind in ("sigmoid", "two"))
    assert (predicted(network("two"), two) != labels).any()
    assert np.abs(one - images).sum() == pytest.approx(np.abs(two - images).sum(), rel=0.02)
    agree = predicted(network("two"), one) == predicted(network("two"), two)
    assert agree.mean() > 0.8


@every
def test_images_in_other_bounds_are_attacked_alike(name):
    row, made = ROWS[name], first(name)
    images, labels = small()
    twice = {unit: 2 * row.options[unit] for unit in row.units if unit in row.options}
    if "first_c" in row.options:  # it weighs a loss against squared distances
        twice["first_c"] = 4 * row.options["first_c"]
    wide = row(network("wide"), 2 * images - 1, labels, bounds=(-1, 1), seed=3, **twice)
    assert wide.min() >= -1 and wide.max() <= 1
    size, size_wide = np.abs(made - images).sum(), np.abs((wide + 1) / 2 - images).sum()
    assert size_wide == pytest.approx(size, rel=0.05)


@pytest.mark.parametrize("name", [name for name in ROWS if ROWS[name].aims != "never"])
def test_a_targeted_attack_nears_its_target(name):
    row, model = ROWS[name], network()
    images, labels = small()
    targets = (labels + 2) % CLASSES
    made = row(model, images, targets, targeted=True)
    victim = classifier(model, images)
    rows = np.arange(len(images))

    def chance_of_target(x):
        logits = victim.logits(np.asarray(x))
        return logits[rows, targets] - np.logaddexp.reduce(logits, axis=1)

    assert (chance_of_target(made) - chance_of_target(images)).mean() > 0.5
    if row.norm:
        d = (made.astype("float64") - images).reshape(len(made), -1)
        assert SIZES[row.norm](d).max() <= row.options["epsilon"] * (1 + 1e-5)
