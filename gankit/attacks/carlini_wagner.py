"""Carlini and Wagner's l2 attack: Adam on the norm plus c times the missing margin."""

import numpy as np

from gankit.attacks.batches import adam, check_gradients, given_back, halved
from gankit.attacks.inputs import check_epsilon, check_positive, check_targets, checked
from gankit.attacks.minimum import (
    Nearest,
    Patience,
    column,
    flat_sum,
    not_yet_there,
    reached,
    search_weight,
)
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
        steps: of Adam, for each c. searches: number of weights c. first_c: the first of them, in
            the units of the images, squared: for bounds (0, 255), 255^2 times that for (0, 1).
        learning_rate: of Adam.

    Returns:
        Array of the shape and dtype of `images`, within `bounds`.

    Raises:
        TypeError, ValueError: as `fgsm`.
    """
    victim, x, labels, bounds = checked(model, images, labels, bounds, from_logits)
    check_epsilon(confidence, bounds, "l2", "confidence")
    check_positive(learning_rate=learning_rate, first_c=first_c)
    steps, searches = check_count("steps", steps), check_count("searches", searches)
    if targeted:
        check_targets(victim, x, labels, batch_size)

    made = x.copy()
    for chosen, tick in not_yet_there(victim, x, made, labels, targeted, confidence,
                                      batch_size, "Carlini-Wagner", steps * searches):  # fmt: skip
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
            w[active] -= np.float32(learning_rate) * adam(moments, active, slopes, t)
            active = halved(active, waiting.over(active, sizes + c[active] * missing, t))
            tick()
            if len(active) == 0:
                break
        return succeeded

    search_weight(descend, len(images), first_c, searches)
    return found.images
