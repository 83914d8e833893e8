"""The elastic-net attack (EAD): a perturbation of few pixels, by shrinking steps."""

import math

import numpy as np

from gankit.attacks.batches import check_gradients, given_back, halved
from gankit.attacks.inputs import (
    check_choice,
    check_epsilon,
    check_positive,
    check_targets,
    checked,
)
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


def elastic_net(model, images, labels, *, beta=0.01, rule="en", confidence=0.0, steps=200,
                searches=5, learning_rate=0.01, first_c=0.001, targeted=False, bounds=(0.0, 1.0),
                batch_size=256, seed=0, from_logits=None):  # fmt: skip
    """EAD, Chen, Sharma, Zhang, Yi and Hsieh 2018 (AAAI), algorithm 1, with FISTA.

    Minimises c f(x') + ||x' - x||_2^2 + beta ||x' - x||_1 with the f of `carlini_wagner`, whose
    case beta = 0 this is (in the pixels themselves): from y_0 = x_0 = x,

        x_{t+1} = S(y_t - rate_t * gradient of (c f + ||. - x||_2^2) at y_t)
        y_{t+1} = x_{t+1} + t / (t + 3) (x_{t+1} - x_t),

    where S pulls each pixel back towards x by beta (not beyond x) and into `bounds`, and rate_t is
    learning_rate sqrt(1 - t / steps). The weight c is sought as in `carlini_wagner`; an image whose
    loss has not fallen by a twentieth in a quarter of the steps is left until the next c.

    Args:
        model, images, labels, targeted, bounds, batch_size, seed, from_logits: as in `fgsm`.
        beta: weight of the l1 norm, from 0 on, in the units of the images.
        rule: which of all successful images is kept: the one smallest in "en", the elastic net
            ||.||_2^2 + beta ||.||_1, or in "l1".
        confidence, steps, searches, first_c: as in `carlini_wagner`. learning_rate: in the units
            of the images, as beta.

    Returns:
        Array of the shape and dtype of `images`, within `bounds`.

    Raises:
        TypeError, ValueError: as `fgsm`.
    """
    victim, x, labels, bounds = checked(model, images, labels, bounds, from_logits)
    check_choice("rule", rule, ("en", "l1"))
    check_epsilon(beta, bounds, "l2", "beta")
    check_epsilon(confidence, bounds, "l2", "confidence")
    check_positive(learning_rate=learning_rate, first_c=first_c)
    steps, searches = check_count("steps", steps), check_count("searches", searches)
    if targeted:
        check_targets(victim, x, labels, batch_size)

    made = x.copy()
    for chosen, tick in not_yet_there(victim, x, made, labels, targeted, confidence,
                                      batch_size, "Elastic net", steps * searches):  # fmt: skip
        made[chosen] = batch(victim, x[chosen], labels[chosen], targeted, beta, rule, confidence,
                             steps, searches, learning_rate, first_c, bounds, chosen, tick)
    return given_back(made, images, bounds)


def batch(victim, images, labels, targeted, beta, rule, confidence, steps, searches, learning_rate,
          first_c, bounds, numbers, tick):  # fmt: skip
    """One batch: the nearest successful images, the others as they were."""
    found, sign = Nearest(images), 1 if targeted else -1

    def descend(c):
        x, y = images.copy(), images.copy()
        succeeded, waiting = np.zeros(len(x), bool), Patience(len(x), steps // 4)
        active = np.arange(len(x))
        for t in range(steps):
            start, here = images[active], y[active]
            logits, slopes = victim.gradient(here, labels[active], "margin", len(here))
            check_gradients(victim, slopes, numbers[active])
            missing = np.maximum(confidence - reached(logits, labels[active], targeted)[1], 0)
            pull = sign * c[active] * (missing > 0)
            rate = learning_rate * math.sqrt(1 - t / steps)
            stepped = here - rate * (2 * (here - start) + column(pull, here) * slopes)
            new = start + shrunk(stepped - start, beta)
            new = np.clip(new, *bounds).astype("float32")
            y[active], x[active] = new + t / (t + 3) * (new - x[active]), new

            logits = victim.logits(new, len(new))
            now, margin = reached(logits, labels[active], targeted, confidence)
            now &= ~waiting.finished[active]
            shift = new - start
            few = flat_sum(np.abs(shift))
            net = flat_sum(shift**2) + beta * few
            found.keep(active, new, few if rule == "l1" else net, now)
            succeeded[active] |= now
            losses = net + c[active] * np.maximum(confidence - margin, 0)
            active = halved(active, waiting.over(active, losses, t + 1))
            tick()
            if len(active) == 0:
                break
        return succeeded

    search_weight(descend, len(images), first_c, searches)
    return found.images


def shrunk(shift, beta):
    """Each number pulled towards 0 by `beta`, and no further."""
    return np.sign(shift) * np.maximum(np.abs(shift) - beta, 0)
