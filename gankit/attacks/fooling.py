"""Images from nothing that a model is sure of: noise or blank to us, a class at 99 % to it."""

import warnings

import keras
import numpy as np

from gankit.attacks.batches import batches, check_gradients, generators, given_back, halved, unit
from gankit.attacks.classifier import classifier
from gankit.attacks.inputs import check_bounds, check_choice, check_labels, check_positive
from gankit.attacks.virtual_adversarial import log_probabilities
from gankit.inputs import check_count


def fooling_images(model, targets, *, start="noise", confidence=0.99, steps=200, step=0.5,
                   image_shape=None, bounds=(0.0, 1.0), batch_size=256, seed=0,
                   from_logits=None):  # fmt: skip
    """Fooling images: Nguyen, Yosinski and Clune 2015 (CVPR), section 3.4, by gradient ascent.

    From random or blank images up the gradient g of the target's log-odds,

        x <- clip(x + step g / ||g||_2),

    until the model gives the target a probability of `confidence`. They look like nothing: high
    confidence is no sign that an image is like those the model was trained on. Goodfellow et al.
    2015, appendix A.3, call them rubbish class examples.

    Args:
        model, bounds, batch_size, from_logits: as in `fgsm`.
        targets: integers `(n,)`: the class that each image is to be taken for.
        start: "noise", each pixel anywhere within `bounds`, or "blank", all at the lowest value.
        confidence: the probability wanted, below 1.
        steps: at most so many. step: their l2 length, in the units of the images.
        image_shape: `(height, width, channels)`, where the model does not tell.
        seed: of the noise; each image has its own.

    Returns:
        float32 array `(n, height, width, channels)` within `bounds`. A warning tells if some did
        not reach the confidence.

    Raises:
        TypeError, ValueError: as `fgsm`; for an unknown start, a confidence outside (0, 1), a
            shape that is not known.
    """
    bounds = check_bounds(bounds)
    check_choice("start", start, ("noise", "blank"))
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is a probability between 0 and 1, not {confidence}")
    steps = check_count("steps", steps)
    check_positive(step=step)
    if not isinstance(model, keras.Model):
        raise TypeError(f"attacks want a keras.Model, not {type(model).__name__}")
    shape = image_shape or (getattr(model, "input_shape", None) or (None, None))[1:]
    if None in shape:
        raise ValueError(f"the model wants images {shape}, of any size: say image_shape=")
    n = len(np.atleast_1d(targets))
    if n == 0:
        raise ValueError("targets are empty: there is nothing to make")
    blank = np.full((n, *shape), bounds[0], "float32")
    victim = classifier(model, blank, from_logits)
    targets = check_labels(victim, np.atleast_1d(targets), n, "targets")

    made = blank.copy()
    for part, tick in batches(n, batch_size, "fooling images", steps):
        here, wanted = made[part], targets[part]  # a view: what changes here, changes in `made`
        if start == "noise":
            here[:] = [rng.uniform(*bounds, shape) for rng in generators(seed, part)]
        active, sure = np.arange(len(here)), np.zeros(len(here), bool)
        for _ in range(steps):
            active = halved(active, sure)
            if not len(active):
                break
            logits, slopes = victim.gradient(here[active], wanted[active])
            check_gradients(victim, slopes, part.start + active)
            reached = confidence_of(logits, wanted[active]) >= confidence
            sure[active] = reached
            going = active[~reached]
            moved = here[going] - np.float32(step) * unit(slopes[~reached])
            here[going] = np.clip(moved, *np.float32(bounds))
            tick()
    reached = confidence_of(victim.logits(made, batch_size), targets) >= confidence
    if not reached.all():
        warnings.warn(f"{n - reached.sum()} of {n} images did not reach {confidence:.0%}: give "
                      "more steps", stacklevel=2)
    return given_back(made, blank, bounds)


def confidence_of(logits, labels):
    """The labels' probabilities `(n,)`."""
    return np.exp(log_probabilities(logits)[np.arange(len(logits)), labels])
