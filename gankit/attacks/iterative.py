"""Iterative gradient attacks: the fast gradient step many times, held within epsilon.

All four share one loop, `climb`. They differ in where it starts, whose loss it climbs, and whether
it has momentum.
"""

from types import SimpleNamespace

import numpy as np

from gankit.attacks.batches import (
    TINY,
    batches,
    check_gradients,
    generators,
    given_back,
    halved,
    margins,
)
from gankit.attacks.classifier import PER_IMAGE
from gankit.attacks.fast_gradient import stride
from gankit.attacks.inputs import (
    check_bounds,
    check_choice,
    check_epsilon,
    check_positive,
    check_targets,
    checked,
)
from gankit.inputs import check_count


def iterative_fgsm(model, images, labels, *, epsilon, step=None, steps=20, norm="linf",
                   targeted=False, loss="cross_entropy", bounds=(0.0, 1.0), batch_size=256,
                   seed=0, from_logits=None):  # fmt: skip
    """Basic iterative method (BIM), Kurakin, Goodfellow and Bengio 2017 (ICLR workshop), 2.2.

    x_0 = x;  x_{t+1} = Clip_{x, epsilon}(x_t + step sign(g_t)), with g_t the gradient of L(x_t, y).
    Clip_{x, epsilon} brings each pixel into [x - epsilon, x + epsilon] and into `bounds`. "l2":
    step g_t / ||g_t||_2, and the perturbation is shortened to epsilon, then the image cut to
    `bounds`. Targeted, with y the target, it goes down. Every image is moved, misclassified or not.

    Args:
        model, images, labels, epsilon, targeted, loss, bounds, batch_size, seed, from_logits: as
            in `fgsm`.
        step: length of a step, in the units of the images; None: 2 epsilon / steps.
        steps: their number. norm: "linf" or "l2".

    Returns:
        Array of the shape and dtype of `images`, within `bounds`, and within `epsilon` of them.

    Raises:
        TypeError, ValueError: as `fgsm`.
    """
    how = settings(bounds, epsilon, step, steps, norm, loss, pace=2)
    victim, x, labels = begin(model, images, labels, how, targeted, batch_size, from_logits)
    made = np.empty_like(x)
    for part, tick in batches(len(x), batch_size, "BIM", steps):
        made[part] = climb(victim, x[part], labels[part], x[part], how, targeted, part.start, tick)
    return given_back(made, images, how.bounds)


def least_likely_class(model, images, labels=None, *, epsilon, step=None, steps=20, norm="linf",
                       loss="cross_entropy", bounds=(0.0, 1.0), batch_size=256, seed=0,
                       from_logits=None):  # fmt: skip
    """Iterative least-likely class method, Kurakin, Goodfellow and Bengio 2017, section 2.3.

    The target is the class that the model itself holds least likely, y_LL = argmin p(y | x), and
    the loop goes down its loss: x_{t+1} = Clip_{x, epsilon}(x_t - step sign(gradient of
    L(x_t, y_LL))).

    Args:
        labels: may be left out. Where given, the true class is never the target (of two classes,
            the least likely one is the true one where the model errs).
        All others, what is returned and raised: as in `iterative_fgsm`.
    """
    how = settings(bounds, epsilon, step, steps, norm, loss, pace=2)
    victim, x, labels = begin(model, images, labels, how, False, batch_size, from_logits, False)
    made = np.empty_like(x)
    for part, tick in batches(len(x), batch_size, "least likely class", steps):
        logits = victim.logits(x[part], batch_size)
        if labels is not None:
            logits[np.arange(len(logits)), labels[part]] = np.inf
        targets = logits.argmin(axis=1)
        made[part] = climb(victim, x[part], targets, x[part], how, True, part.start, tick)
    return given_back(made, images, how.bounds)


def momentum_iterative(model, images, labels, *, epsilon, step=None, steps=10, decay=1.0,
                       norm="linf", targeted=False, loss="cross_entropy", bounds=(0.0, 1.0),
                       batch_size=256, seed=0, from_logits=None):  # fmt: skip
    """Momentum iterative method (MI-FGSM), Dong et al. 2018 (CVPR), algorithm 1.

    v_{t+1} = decay v_t + g_t / ||g_t||_1;  x_{t+1} = Clip_{x, epsilon}(x_t + step sign(v_{t+1})).
    It was made for examples that fool other models too.

    Args:
        step: None: epsilon / steps, the paper's.
        decay: mu of the paper, from 0 (`iterative_fgsm`) on.
        All others, what is returned and raised: as in `iterative_fgsm`.
    """
    how = settings(bounds, epsilon, step, steps, norm, loss, pace=1)
    decay = check_epsilon(decay, norm="any", name="decay")
    victim, x, labels = begin(model, images, labels, how, targeted, batch_size, from_logits)
    made = np.empty_like(x)
    for part, tick in batches(len(x), batch_size, "momentum", steps):
        made[part] = climb(victim, x[part], labels[part], x[part], how, targeted, part.start, tick,
                           decay)
    return given_back(made, images, how.bounds)


def projected_gradient_descent(model, images, labels, *, epsilon, step=None, steps=40, restarts=1,
                               norm="linf", targeted=False, loss="cross_entropy",
                               bounds=(0.0, 1.0), batch_size=256, seed=0,
                               from_logits=None):  # fmt: skip
    """Projected gradient descent (PGD), Madry et al. 2018 (ICLR), section 2.1.

    The loop of `iterative_fgsm`, begun at a random point of the ball of size `epsilon`, `restarts`
    times. Of an image's ends the worst for the model is given back: the one with the largest
    margin between the best other logit and the label's. Images that fool the model are not
    started again.

    Args:
        step: None: 2.5 epsilon / steps, so that all of the ball can be reached.
        restarts: how many starts.
        seed: of the starts; each image has its own, whatever `batch_size` is.
        All others, what is returned and raised: as in `iterative_fgsm`.
    """
    how = settings(bounds, epsilon, step, steps, norm, loss, pace=2.5)
    restarts = check_count("restarts", restarts)
    victim, x, labels = begin(model, images, labels, how, targeted, batch_size, from_logits)
    made = x.copy()
    for part, tick in batches(len(x), batch_size, "PGD", steps * restarts):
        wanted, best = labels[part], made[part]
        worst = np.full(len(best), -np.inf)  # the margin, from the model's view
        active = np.arange(len(best))
        for restart in range(restarts):
            here = x[part][active]
            chance = generators(seed, part, restart)
            random = within([chance[i] for i in active], how, here)
            start = project(here + random, here, how)
            ends = climb(victim, here, wanted[active], start, how, targeted, part.start + active,
                         tick)
            margin = margins(victim.logits(ends, batch_size), wanted[active])
            margin = -margin if targeted else margin
            better = (worst[active] <= 0) & (margin > worst[active])
            best[active[better]], worst[active[better]] = ends[better], margin[better]
            active = halved(active, worst > 0)
            if not len(active):
                break
    return given_back(made, images, how.bounds)


def climb(victim, images, labels, start, how, targeted, first=0, tick=bool, decay=0.0):
    """The loop: `steps` steps up the loss of `labels`, or down it where `targeted`.

    Args:
        victim: `Classifier`. images: `(n, ...)`, round which the ball lies. labels: `(n,)`.
        start: `(n, ...)`, where it begins. how: from `settings`.
        first: number of the first image, or of each, for messages. tick: called after each step.
        decay: of the momentum; 0: none.
    """
    x, velocity = start, 0.0
    for _ in range(how.steps):
        _, slopes = victim.gradient(x, labels, how.loss)
        check_gradients(victim, slopes, first)
        slopes = -slopes if targeted else slopes
        if decay:
            size = np.abs(slopes).sum(axis=tuple(range(1, slopes.ndim)), keepdims=True)
            slopes = velocity = decay * velocity + slopes / np.maximum(size, TINY)
        x = x + stride(slopes, images, how.step, how.norm, how.bounds)
        x = project(x, images, how)
        tick()
    return x


def project(x, images, how):
    """The nearest points to `x` within epsilon of `images` (Clip_{x, epsilon}), cut to bounds."""
    low, high = np.float32(how.bounds)
    epsilon = np.float32(how.epsilon)
    if how.norm == "linf":
        return np.clip(x, np.maximum(images - epsilon, low), np.minimum(images + epsilon, high))
    moves = x - images
    size = np.sqrt((moves**2).sum(axis=tuple(range(1, moves.ndim)), keepdims=True))
    return np.clip(images + moves * np.minimum(1, epsilon / np.maximum(size, TINY)), low, high)


def within(chance, how, images):
    """A random point of the ball of each image, evenly spread in it: float32, like `images`."""
    shape = images.shape[1:]
    if how.norm == "linf":
        points = [rng.uniform(-1, 1, shape) for rng in chance]
    else:
        points = [rng.normal(size=shape) for rng in chance]
        points = [p / np.linalg.norm(p) * rng.random() ** (1 / p.size)
                  for p, rng in zip(points, chance)]
    return (how.epsilon * np.stack(points)).astype("float32")


def settings(bounds, epsilon, step, steps, norm, loss, pace):
    """What the loop needs, checked; a step left out is `pace` epsilon / steps."""
    check_choice("norm", norm, ("linf", "l2"))
    check_choice("loss", loss, tuple(PER_IMAGE))
    bounds, steps = check_bounds(bounds), check_count("steps", steps)
    epsilon = check_epsilon(epsilon, bounds, norm)
    if step is None:
        step = pace * epsilon / steps
    else:
        check_positive(step=check_epsilon(step, bounds, norm, "step"))
    return SimpleNamespace(bounds=bounds, epsilon=epsilon, step=step, steps=steps, norm=norm,
                           loss=loss)  # fmt: skip


def begin(model, images, labels, how, targeted, batch_size, from_logits, needs_labels=True):
    """The victim, images and labels, checked."""
    victim, x, labels, _ = checked(model, images, labels, how.bounds, from_logits, needs_labels)
    if targeted:
        check_targets(victim, x, labels, batch_size)
    return victim, x, labels
