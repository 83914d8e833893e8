"""DeepFool: step by step over the nearest boundary of the network, made straight."""

import numpy as np
from keras import ops

from gankit import backend
from gankit.attacks.batches import TINY, batches, check_gradients, check_outputs, given_back, halved
from gankit.attacks.inputs import check_choice, check_epsilon, checked
from gankit.attacks.minimum import column, flat_sum, reached
from gankit.inputs import check_count

AHEAD = 1.02  # a step ends on a straight boundary: the class is looked at so much further out
PULL, FURTHER = 0.4, 1.2  # see `nearer`; tried on a CNN for Fashion-MNIST


def deepfool(model, images, labels, *, norm="l2", overshoot=0.02, steps=50, candidates=10,
             refinements=4, targeted=False, bounds=(0.0, 1.0), batch_size=256, seed=0,
             from_logits=None):  # fmt: skip
    """DeepFool, Moosavi-Dezfooli, Fawzi and Frossard 2016 (CVPR), algorithm 2.

    At x_i, with f_k = z_k - z_label and w_k its gradient, the nearest of the straightened
    boundaries is that of the class with the smallest |f_k| / ||w_k||, and the step onto it is

    - "l2": |f_k| / ||w_k||_2^2 w_k;
    - "linf": |f_k| / ||w_k||_1 sign(w_k).

    Steps add up until the class changes. Pixels that a step would push out of `bounds` do not count
    in w_k. The sum is cut to where, along it, the boundary is crossed; the way is straightened a
    few times (`refinements`: not in the paper, see `nearer`); and only then, once, it is made
    longer by `overshoot`: what only just crosses is undone by saving it in 8 bits. Misclassified
    images stay as they are, and so do those for which nothing is found.

    Args:
        model, images, labels, bounds, batch_size, seed, from_logits: as in `fgsm`.
        norm: "l2" or "linf": which distance is kept small.
        overshoot: share of the perturbation that is added at the end.
        steps: at most so many.
        candidates: classes looked at in each step: the likeliest ones.
        refinements: how often the way is straightened; 0: never, as in the paper.
        targeted: must be False: DeepFool goes to the nearest class.

    Returns:
        Array of the shape and dtype of `images`, within `bounds`.

    Raises:
        TypeError, ValueError: as `fgsm`; for `targeted`.
    """
    if targeted:
        raise ValueError("DeepFool goes to the nearest other class and cannot be targeted: use "
                         "carlini_wagner, elastic_net or lbfgs")
    victim, x, labels, bounds = checked(model, images, labels, bounds, from_logits)
    check_choice("norm", norm, ("l2", "linf"))
    overshoot = check_epsilon(overshoot, bounds, "l2", "overshoot")
    steps, candidates = check_count("steps", steps), check_count("candidates", candidates)
    refinements = check_count("refinements", refinements, least=0)

    made = np.empty_like(x)
    for part, tick in batches(len(x), batch_size, "DeepFool", steps):
        made[part] = cross(victim, x[part], labels[part], bounds, norm, overshoot, steps,
                           candidates, refinements, part.start, tick)
    return given_back(made, images, bounds)


def cross(victim, images, labels, bounds, norm="l2", overshoot=0.02, steps=50, candidates=10,
          refinements=0, first=0, tick=lambda: None):  # fmt: skip
    """One batch: images over the boundary by `overshoot`, the others as they were."""
    x, over = walk(victim, images, labels, bounds, norm, steps, candidates, first, tick)
    if not over.any():
        return images
    near = shortened(victim, images, x, labels, bounds)
    for _ in range(refinements):
        near = nearer(victim, images, near, labels, bounds, norm)
    far = lengthened(images, near, 1 + overshoot, bounds)
    still = reached(victim.logits(far), labels)[0]
    return chosen(over, chosen(still, far, near), images)


def walk(victim, images, labels, bounds, norm, steps, candidates, first, tick):
    """The paper's loop: where it ends, `(n, ...)`, and which images it took over a boundary."""
    logits = victim.logits(images)
    finished = reached(logits, labels)[0]
    x, over = images.copy(), np.zeros(len(images), bool)
    active = halved(np.arange(len(images)), finished)
    for _ in range(steps):
        if len(active) == 0:
            break
        here, names = x[active], labels[active]
        gaps, slopes = straightened(victim, here, names, logits[active], candidates)
        check_gradients(victim, slopes, first + active)
        check_outputs(logits[active], first + active)
        slopes = movable(slopes, here[:, None], bounds)
        here = np.clip(here + step(gaps, slopes, norm), *bounds)
        beyond = lengthened(images[active], here, AHEAD, bounds)
        logits[active] = victim.logits(beyond)
        now = reached(logits[active], names)[0] & ~finished[active]
        going = ~finished[active] & ~now
        x[active[going]], x[active[now]] = here[going], beyond[now]
        over[active[now]] = finished[active[now]] = True
        active = halved(active, finished)
        tick()
    return x, over


def straightened(victim, images, labels, logits, candidates):
    """f_k `(n, k)` and w_k `(n, k, ...)` of the likeliest k classes besides the labels."""
    others = logits.copy()
    others[np.arange(len(labels)), labels] = -np.inf
    k = min(candidates, victim.classes - 1)
    others = np.argsort(-others, axis=1, kind="stable")[:, :k].astype("int32")

    def slopes_of(images, labels, others):
        def gaps_of(images):
            logits = victim.logits_of(images)
            own = ops.take_along_axis(logits, labels[:, None], axis=1)
            return ops.take_along_axis(logits, others, axis=1) - own

        return backend.class_gradients(gaps_of, images)

    run = victim.compiled(f"gaps of {k}", slopes_of)
    victim.queries += len(images)
    found = run(*(ops.convert_to_tensor(a) for a in (images, labels, others)))
    return (ops.convert_to_numpy(a) for a in found)


def movable(slopes, images, bounds):
    """Slopes, 0 where the pixel lies at a bound and they point out of it."""
    low, high = bounds
    return np.where(((images <= low) & (slopes < 0)) | ((images >= high) & (slopes > 0)), 0, slopes)


def step(gaps, slopes, norm):
    """The step onto the nearest boundary, from gaps `(n, k)` and slopes `(n, k, ...)`."""
    flat = slopes.reshape(*gaps.shape, -1)
    lengths = np.linalg.norm(flat, ord=2 if norm == "l2" else 1, axis=2)
    distances = np.where(lengths > 0, np.abs(gaps) / np.maximum(lengths, TINY), np.inf)
    rows, nearest = np.arange(len(gaps)), distances.argmin(axis=1)
    slopes, length, distance = (a[rows, nearest] for a in (slopes, lengths, distances))
    distance = np.where(length > 0, distance, 0)  # no way to go
    if norm == "linf":
        return column(distance, slopes) * np.sign(slopes)
    return column(distance / np.maximum(length, TINY), slopes) * slopes


def lengthened(images, others, factors, bounds):
    """From `images` towards `others` and beyond, `factors` times the way, within `bounds`."""
    return np.clip(images + factors * (others - images), *bounds).astype("float32")


def chosen(which, yes, no):
    """Images of `yes` where `which`, `(n,)`, is true, else of `no`."""
    return np.where(which.reshape(-1, *[1] * (yes.ndim - 1)), yes, no)


def shortened(victim, images, beyond, labels, bounds, passes=4):
    """Between `images` and `beyond`, just over the boundary (`beyond` where that is not over it).

    The false position method, halving the value at the end that stays, and never too near an end:
    after a few passes the boundary is held closely between both.
    """
    low, high = np.zeros(len(images)), np.ones(len(images))
    below, above = (reached(victim.logits(x), labels)[1] for x in (images, beyond))
    for _ in range(passes):
        share = np.clip(below / np.minimum(below - above, -TINY), 0.01, 0.99)
        middle = low + (high - low) * share
        between = lengthened(images, beyond, column(middle, images), bounds)
        over, margin = reached(victim.logits(between), labels)
        low, below = np.where(over, low, middle), np.where(over, below / 2, margin)
        high, above = np.where(over, middle, high), np.where(over, margin, above / 2)
    return lengthened(images, beyond, column(high, images), bounds)


def nearer(victim, images, found, labels, bounds, norm):
    """Images `found`, just over the boundary, brought nearer to `images` where that succeeds.

    With d the way so far and w the margin's gradient at its end, the boundary straightened there is
    nearest at w (w . d) / ||w||^2. The true one is curved: d is turned that way by `PULL`, followed
    `FURTHER`, and cut to where it crosses.
    """
    slopes = movable(victim.gradient(found, labels, "margin")[1], images, bounds)
    way = found - images
    ideal = step(flat_sum(slopes * way)[:, None], slopes[:, None], norm)
    turned = images + (1 - PULL) * way + PULL * ideal
    beyond = lengthened(images, turned, FURTHER, bounds)
    over = reached(victim.logits(beyond), labels)[0]
    near = shortened(victim, images, beyond, labels, bounds)
    before, now = ((x - images).reshape(len(x), -1) for x in (found, near))
    order = 2 if norm == "l2" else np.inf
    over &= np.linalg.norm(now, order, axis=1) < np.linalg.norm(before, order, axis=1)
    return chosen(over, near, found)
