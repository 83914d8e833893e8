"""SPSA: a gradient attack without gradients, from differences of the model's outputs."""

import numpy as np

from gankit.attacks.batches import adam, batches, check_outputs, given_back, margins
from gankit.attacks.inputs import check_epsilon, check_positive, check_targets, checked
from gankit.inputs import check_count


def spsa(model, images, labels, *, epsilon, steps=20, samples=128, delta=0.01, rate=None,
         targeted=False, bounds=(0.0, 1.0), batch_size=256, seed=0, from_logits=None):  # fmt: skip
    """Simultaneous perturbation stochastic approximation, Uesato et al. 2018 (ICML), algorithm 1.

    The gradient of the margin m (the best other logit minus the label's) is estimated from random
    directions v of +1 and -1 in every pixel,

        g = mean over v of (m(x + delta v) - m(x - delta v)) / (2 delta) v,

    Adam goes up along it, and after each step the image is brought back within epsilon and
    `bounds`. Only outputs are looked at, so it also works on models without a gradient. An image is
    done as soon as it fools the model.

    Args:
        model, images, labels, epsilon (linf), targeted, bounds, batch_size, seed, from_logits: as
            in `fgsm`.
        steps: at most so many. samples: directions a step; 2 samples + 1 queries.
        delta: how far the model is probed, also beyond `bounds`; larger for a model that rounds.
        rate: Adam's, in the units of the images; None: 2 epsilon / steps, so that it gets there.

    Returns:
        Array of the shape and dtype of `images`, within `bounds` and `epsilon`; not `targeted`,
        misclassified images are left alone.

    Raises:
        TypeError, ValueError: as `fgsm`; if probing changes no output at all.
    """
    victim, x, labels, bounds = checked(model, images, labels, bounds, from_logits)
    epsilon = np.float32(check_epsilon(epsilon, bounds))
    steps, samples = check_count("steps", steps), check_count("samples", samples)
    seed = check_count("seed", seed, least=0)
    rate = 2 * epsilon / steps if rate is None else rate
    check_positive(delta=delta, rate=rate)
    if targeted:
        check_targets(victim, x, labels, batch_size)
    sign = -1 if targeted else 1

    made = x.copy()
    for part, tick in batches(len(x), batch_size, "SPSA", steps):
        here, wanted = made[part], labels[part]  # a view: what changes here, changes in `made`
        lowest = np.maximum(x[part] - epsilon, np.float32(bounds[0]))
        highest = np.minimum(x[part] + epsilon, np.float32(bounds[1]))
        moments = np.zeros((2, *here.shape), "float32")
        rng = np.random.default_rng(seed)  # the same directions for every image
        going = np.arange(len(here))
        for step in range(1, steps + 1):
            fooled = sign * margins(victim.logits(here[going], batch_size), wanted[going]) > 0
            going = going[~fooled]
            if not len(going):
                break
            v = rng.integers(0, 2, (samples, *victim.shape)).astype("float32") * 2 - 1
            slopes = sign * estimate(victim, here[going], wanted[going], v, delta, batch_size)
            check_outputs(slopes, part.start + going)
            if step == 1 and not slopes.any():
                raise ValueError(f"steps of delta={delta:g} change no output of {victim.model.name}"
                                 " at all: it may round its input; give a larger delta")
            moved = here[going] + np.float32(rate) * adam(moments, going, slopes, step)
            here[going] = np.clip(moved, lowest[going], highest[going])
            tick()
    return given_back(made, images, bounds)


def estimate(victim, images, labels, directions, delta, batch_size=256):
    """The margin's gradient at each image, `(m, ...)`, from differences along directions.

    Args:
        victim: `Classifier`. images: float32 `(m, ...)`. labels: `(m,)`.
        directions: float32 `(samples, ...)`, of +1 and -1. delta: how far along them.
        batch_size: images shown to the model at once.
    """
    samples = len(directions)
    probes = np.float32(delta) * np.concatenate([directions, -directions])
    at_once = max(1, batch_size // len(probes))
    slopes = []
    for start in range(0, len(images), at_once):
        some = slice(start, start + at_once)
        probed = (images[some, None] + probes).reshape(-1, *images.shape[1:])
        found = margins(victim.logits(probed, batch_size), np.repeat(labels[some], len(probes)))
        found = found.reshape(-1, 2, samples)
        slopes.append((found[:, 0] - found[:, 1]) @ directions.reshape(samples, -1))
    slopes = np.concatenate(slopes) / (2 * delta * samples)
    return slopes.reshape(images.shape).astype("float32")
