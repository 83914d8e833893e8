"""Carlini and Wagner's l2 attack: Adam on the norm plus c times the missing margin."""

import math

import numpy as np

from gankit.attacks.batches import batches, check_gradients, given_back, halved
from gankit.attacks.classifier import classifier
from gankit.attacks.inputs import (
    check_bounds,
    check_epsilon,
    check_images,
    check_labels,
    check_targets,
)
from gankit.attacks.minimum import PATIENCE, Nearest, column, flat_sum, reached, search_weight
from gankit.inputs import check_count

INSIDE = 0.99  # tanh never reaches a bound, and hardly moves next to it: images begin so far inside


def carlini_wagner(model, images, labels, *, confidence=0.0, steps=200, searches=5,
                   learning_rate=0.01, first_c=0.01, targeted=False, bounds=(0.0, 1.0),
                   batch_size=256, seed=0, from_logits=None):  # fmt: skip
    """The l2 attack of Carlini and Wagner 2017 (IEEE S&P), section V and VI.

    Minimises ||x' - x||_2^2 + c f(x') by Adam over w, where x' = (tanh(w) + 1) / 2 (for `bounds`
    [0, 1]) stays in the box by itself, and

        f(x') = max(confidence - m(x'), 0), with m(x') = max_{k != y} z_k - z_y,

    or, `targeted`, m(x') = z_y - max_{k != y} z_k. The weight c is sought for each image: tenfold
    until the attack succeeds, then by bisection. The nearest image of all steps is kept. An image
    whose loss has not fallen by a twentieth in a tenth of the steps is left until the next c.
    Images that are where they should be already stay as they are, and so do those for which
    nothing is found. Unlike in the authors' code, w begins where x' is 0.99 of the way from grey to
    x: next to the bounds, where half the pixels of a garment lie, tanh is too flat to move.

    Args:
        model, images, labels, targeted, bounds, batch_size, seed, from_logits: as in `fgsm`.
        confidence: by how much the wrong (the target's) logit must win, from 0 on.
        steps: of Adam, for each c. searches: number of weights c. first_c: the first of them.
        learning_rate: of Adam.

    Returns:
        Array of the shape and dtype of `images`, within `bounds`.

    Raises:
        TypeError, ValueError: as `fgsm`.
    """
    victim = classifier(model, images, from_logits)
    bounds = check_bounds(bounds)
    x = check_images(victim, images, bounds)
    labels = check_labels(victim, labels, len(x))
    for name, value in {"confidence": confidence, "learning_rate": learning_rate,
                        "first_c": first_c}.items():  # fmt: skip
        check_epsilon(value, bounds, "l2", name)
    steps, searches = check_count("steps", steps), check_count("searches", searches)
    if targeted:
        check_targets(victim, x, labels)

    made = x.copy()
    for part, tick in batches(len(x), batch_size, "Carlini-Wagner", steps * searches):
        away = ~reached(victim.logits(x[part]), labels[part], targeted, confidence)[0]
        chosen = np.arange(part.start, part.stop)[away]
        if len(chosen):
            made[chosen] = batch(victim, x[chosen], labels[chosen], targeted, confidence, steps,
                                 searches, learning_rate, first_c, bounds, chosen, tick)
    return given_back(made, images, bounds)


def batch(victim, images, labels, targeted, confidence, steps, searches, learning_rate, first_c,
          bounds, numbers, tick):  # fmt: skip
    """One batch: the nearest successful images, the others as they were."""
    middle, half = np.float32(sum(bounds) / 2), np.float32((bounds[1] - bounds[0]) / 2)
    start = np.arctanh((images - middle) / half * np.float32(INSIDE))
    found, sign = Nearest(images), 1 if targeted else -1

    def descend(c):
        w, moments = start.copy(), np.zeros((2, *start.shape), "float32")
        succeeded, waiting = np.zeros(len(w), bool), Patience(len(w), steps // 10)
        active = np.arange(len(w))
        for t in range(1, steps + 1):
            tanh = np.tanh(w[active])
            x = middle + half * tanh
            logits, slopes = victim.gradient(x, labels[active], "margin", len(x))
            check_gradients(victim, slopes, numbers[active])
            now, margin = reached(logits, labels[active], targeted, confidence)
            now &= ~waiting.finished[active]
            shift = x - images[active]
            sizes = flat_sum(shift**2)
            found.keep(active, x, sizes, now)
            succeeded[active] |= now
            missing = np.maximum(confidence - margin, 0)
            pull = sign * c[active] * (missing > 0)
            slopes = (2 * shift + column(pull, x) * slopes) * half * (1 - tanh**2)
            w[active] -= adam(moments, active, slopes, learning_rate, t)
            active = halved(active, waiting.over(active, sizes + c[active] * missing, t))
            tick()
            if len(active) == 0:
                break
        return succeeded

    search_weight(descend, len(images), first_c, searches)
    return found.images


def adam(moments, active, slopes, learning_rate, t, beta_1=0.9, beta_2=0.999):
    """Adam's step number t (from 1 on) for the images `active`; moves `moments` `(2, n, ...)`."""
    first = beta_1 * moments[0, active] + (1 - beta_1) * slopes
    second = beta_2 * moments[1, active] + (1 - beta_2) * slopes**2
    moments[0, active], moments[1, active] = first, second
    rate = learning_rate * math.sqrt(1 - beta_2**t) / (1 - beta_1**t)
    return rate * first / (np.sqrt(second) + 1e-8)


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
