"""What minimum-norm attacks share: when a goal is reached, and the search for the weight c."""

import warnings

import numpy as np

from gankit.attacks.batches import batches, margins

ROUNDING = 1e-5  # of the largest logit: a margin below it may flip in another batch
PATIENCE = 0.95  # steps that bring the loss no lower than to this are enough


def reached(logits, labels, targeted=False, confidence=0.0):
    """Whether each image is where the attack wants it, and by how much.

    Args:
        logits: `(n, classes)`. labels: `(n,)`, true classes, or targets where `targeted`.
        confidence: how far the winning logit must lie above the best other one.

    Returns:
        bool `(n,)`, and the margin `(n,)`, float64: above 0 where the class is the wanted one. A
        margin within rounding of 0 does not count: results on the boundary flip back.
    """
    margin = margins(logits, labels) * (-1 if targeted else 1)
    return margin >= np.maximum(confidence, ROUNDING * np.abs(logits).max(axis=1)), margin


def not_yet_there(victim, images, made, labels, targeted, confidence, batch_size, name, steps):
    """Goes through the images an attack has work with, as `batches`: yields (indices, tick).

    A warning tells at the end if not one image of `made` was moved.
    """
    tried = moved = 0
    for part, tick in batches(len(images), batch_size, name, steps):
        there = reached(victim.logits(images[part]), labels[part], targeted, confidence)[0]
        chosen = np.arange(part.start, part.stop)[~there]
        if len(chosen):
            yield chosen, tick
            tried += len(chosen)
            moved += (made[chosen] != images[chosen]).any()
    if tried and not moved:
        warnings.warn(f"{name} found nothing for any of {tried} images: give a larger first_c, or "
                      "more searches or steps", stacklevel=3)


def search_weight(descend, n, c, searches):
    """Binary search, for each of `n` images, for the smallest weight c with which it is reached.

    `descend(c)` minimises for weights `(n,)` and tells which images were reached, bool `(n,)`. The
    weight begins at `c`, grows tenfold until that succeeds, and is then halved in between.
    """
    c, lowest, highest = np.full(n, float(c)), np.zeros(n), np.full(n, np.inf)
    for _ in range(searches):
        succeeded = descend(c)
        lowest, highest = np.where(succeeded, lowest, c), np.where(succeeded, c, highest)
        c = np.where(np.isinf(highest), 10 * c, (lowest + np.where(succeeded, c, highest)) / 2)


class Patience:
    """Which of `n` images are given up: in `wait` steps their loss has not fallen to `PATIENCE`."""

    def __init__(self, n, wait):
        self.every = max(wait, 1)
        self.lowest, self.before = np.full(n, np.inf), np.full(n, np.inf)
        self.finished = np.zeros(n, bool)

    def over(self, active, losses, t):
        """The losses of step t of images `active`; returns bool `(n,)` of all of them."""
        self.lowest[active] = np.minimum(self.lowest[active], losses)
        if t % self.every == 0:
            self.finished |= self.lowest > PATIENCE * self.before
            self.before = self.lowest.copy()
        return self.finished


class Nearest:
    """The nearest images found so far, by any measure; at first those given, infinitely far.

    Attributes:
        images: `(n, ...)`: of images without any success the ones given. sizes: `(n,)`.
    """

    def __init__(self, images):
        self.images, self.sizes = images.copy(), np.full(len(images), np.inf)

    def keep(self, indices, candidates, sizes, succeeded):
        """Take over the candidates `(m, ...)` of images `indices` that succeed and are smaller."""
        better = succeeded & (sizes < self.sizes[indices])
        self.images[indices[better]] = candidates[better]
        self.sizes[indices[better]] = sizes[better]


def flat_sum(values):
    """The sum of each image's values, `(n,)`."""
    return values.reshape(len(values), -1).sum(axis=1)


def column(values, images):
    """Numbers `(n,)`, float32, in a shape that multiplies images `(n, ...)`."""
    return np.asarray(values, "float32").reshape(-1, *[1] * (images.ndim - 1))
