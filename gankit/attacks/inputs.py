"""What attacks are given is checked here, before any work begins."""

import difflib
import numbers
import warnings

import numpy as np

from gankit.attacks.classifier import classifier


def checked(model, images, labels, bounds, from_logits=None, needs_labels=True):
    """What an attack begins with: `(victim, images, labels, bounds)`, checked.

    Raises:
        TypeError, ValueError: as `classifier`, `check_bounds`, `check_images`, `check_labels`.
    """
    victim = classifier(model, images, from_logits)
    bounds = check_bounds(bounds)
    images = check_images(victim, images, bounds)
    if needs_labels or labels is not None:
        labels = check_labels(victim, labels, len(images))
    return victim, images, labels, bounds


def check_images(victim, images, bounds=(0.0, 1.0), name="images"):
    """`images` as a float32 array `(n, ...)`.

    Args:
        victim: `Classifier`.
        images: float array `(n, height, width, channels)` within `bounds`.
        bounds: (lowest, highest) value of a pixel.

    Raises:
        TypeError, ValueError: for another kind, an empty batch, NaN, a wrong shape or range.
    """
    low, high = check_bounds(bounds)
    given = np.asarray(images)
    if given.dtype.kind != "f":
        hint = "divide bytes by 255" if high <= 1 else 'use .astype("float32")'
        raise TypeError(f"{name} are floats in [{low:g}, {high:g}], not {given.dtype}: {hint}")
    if len(given) == 0:
        raise ValueError(f"{name} are empty: there is nothing to attack")
    bad = ~np.isfinite(given).all(axis=tuple(range(1, given.ndim)))
    if bad.any():
        raise ValueError(f"image {np.argmax(bad)} of {name} holds NaN or infinity")
    outside = (given < low - 1e-6) | (given > high + 1e-6)
    if outside.any():
        first = np.argmax(outside.any(axis=tuple(range(1, given.ndim))))
        hint = "rescale them, or say bounds="
        if (low, high) == (0, 1) and given.min() >= -1 and given.max() <= 1:
            hint = "perhaps they are in [-1, 1]: use (x + 1) / 2"
        elif (low, high) == (0, 1) and given.min() >= 0 and given.max() <= 255:
            hint = "perhaps they are in 0-255: divide by 255"
        raise ValueError(f"{name} lie in [{low:g}, {high:g}], but image {first} spans "
                         f"[{given[first].min():.3g}, {given[first].max():.3g}]; {hint}")
    return np.clip(given.astype("float32"), np.float32(low), np.float32(high))


def check_labels(victim, labels, n, name="labels"):
    """`labels` as int32 `(n,)`; ValueError for one-hot ones, another length, or no such class."""
    labels = np.asarray(labels)
    if labels.dtype.kind not in "iufb":
        raise ValueError(f"{name} are class numbers (n,), not {labels.dtype}")
    if labels.ndim == 2 and labels.shape[1] > 1:
        raise ValueError(f"{name} are class numbers (n,), not one-hot {labels.shape}: use "
                         f"{name}.argmax(axis=1)")
    labels = labels.reshape(-1)
    if len(labels) != n:
        raise ValueError(f"there are {n} images, but {len(labels)} {name}: give one for each")
    if labels.dtype.kind not in "iu" and not (labels == np.round(labels)).all():
        raise ValueError(f"{name} are class numbers, not {labels.dtype}")
    if victim.classes and (labels.min() < 0 or labels.max() >= victim.classes):
        wrong = int(np.argmax((labels < 0) | (labels >= victim.classes)))
        raise ValueError(f"{name} go from 0 to {victim.classes - 1}, but that of image {wrong} is "
                         f"{labels[wrong]}")
    return labels.astype("int32")


def check_targets(victim, images, labels, batch_size):
    """ValueError if all images are taken for their targets already; a warning if most are."""
    already = (victim.predict(images, batch_size) == labels).mean()
    hint = "with targeted=True, labels are the classes to be reached, not the true ones"
    if already == 1:
        raise ValueError(f"every image is already taken for its target: {hint}")
    if already > 0.5:
        warnings.warn(f"{already:.0%} of the images are already taken for their targets: {hint}",
                      stacklevel=3)


def check_bounds(bounds):
    """`bounds` as two floats, the lower first."""
    pair = np.ravel(bounds)
    if pair.dtype.kind not in "iuf" or len(pair) != 2 or not -np.inf < pair[0] < pair[1] < np.inf:
        raise ValueError(f"bounds are (lowest, highest) value of a pixel, not {bounds!r}")
    return float(pair[0]), float(pair[1])


def check_epsilon(epsilon, bounds=(0.0, 1.0), norm="linf", name="epsilon"):
    """`epsilon` as a float; ValueError below 0, NaN, or in the units of bytes."""
    low, high = bounds
    if isinstance(epsilon, bool) or not isinstance(epsilon, numbers.Real):
        raise ValueError(f"{name} is a number, not {epsilon!r}")
    epsilon = float(epsilon)
    if not np.isfinite(epsilon) or epsilon < 0:
        raise ValueError(f"{name} is a number from 0 on, not {epsilon}")
    if norm == "linf" and epsilon > high - low:
        raise ValueError(f"{name}={epsilon:g} is larger than the whole range of a pixel, "
                         f"[{low:g}, {high:g}]; perhaps it is in 0-255: divide it by 255")
    return epsilon


def check_positive(**values):
    """ValueError for a number that is not above 0, with its name."""
    for name, value in values.items():
        if check_epsilon(value, norm="any", name=name) == 0:
            raise ValueError(f"{name} is a number above 0, not {value}")


def check_choice(name, value, offered):
    """ValueError, with the nearest one, if `value` is not among what is offered."""
    if value not in offered:
        near = difflib.get_close_matches(str(value), [str(o) for o in offered], n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"{name} is one of {', '.join(map(repr, offered))}, not {value!r}{hint}")
    return value
