"""The Jacobian saliency map attack: few pixels, chosen two by two, each changed a lot."""

import numpy as np
from keras import ops

from gankit import backend
from gankit.attacks.batches import (
    batches,
    check_gradients,
    check_outputs,
    given_back,
    halved,
)
from gankit.attacks.inputs import check_targets, checked


def jacobian_saliency_map(model, images, labels, *, theta=1.0, gamma=0.145, others=True,
                          targeted=False, bounds=(0.0, 1.0), batch_size=256, seed=0,
                          from_logits=None):  # fmt: skip
    """Jacobian saliency map attack (JSMA), Papernot et al. 2016 (EuroS&P), algorithms 1 to 3.

    With z the logits and t the target, each pixel p has a rise a_p = dz_t / dx_p and a fall
    b_p = -d(sum of the other z) / dx_p. A step adds theta to the two pixels that have the largest

        (a_p + a_q)(b_p + b_q)  among the pairs where both sums are above 0

    (below 0 for a negative theta). It ends when the target is reached, when gamma of the pixels
    were used, or when no pair is left; a pixel at its bound is used no more. It is a targeted
    attack. Where not `targeted`, the target is the second likeliest class, any other class will
    do, and misclassified images are left alone. "Pixel" is each number of an image here: a red
    and a green are two.

    Logits have a common offset that means nothing; with two classes it would decide alone, so
    that there the difference of the two logits is looked at.

    Args:
        model, images, labels, targeted, bounds, batch_size, seed, from_logits: as in `fgsm`.
        theta: what a chosen pixel is changed by, in the units of the images; may be negative.
        gamma: largest share of the pixels that are changed: at most gamma d / 2 steps.
        others: whether the fall of the other logits counts, as in the paper. False: the pair with
            the largest rise alone, as in ART's version; where the paper's finds no pair left
            whose others fall, this one goes on, and often succeeds.

    Returns:
        Array of the shape and dtype of `images`, within `bounds`: the last step's, whether or not
        the target was reached.

    Raises:
        TypeError, ValueError: as `fgsm`; for a theta of 0 or a gamma that allows no pair.
    """
    victim, x, labels, bounds = checked(model, images, labels, bounds, from_logits)
    steps = check_theta_gamma(theta, gamma, x[0].size)
    targets = labels
    if targeted:
        check_targets(victim, x, labels, batch_size)
    else:
        logits = victim.logits(x, batch_size)
        logits[np.arange(len(x)), labels] = -np.inf
        targets = logits.argmax(axis=1).astype("int32")

    signs = np.sign(np.float32([[theta], [-theta]]))
    made = x.copy()
    for part, tick in batches(len(x), batch_size, "JSMA", steps):
        of_part = made[part]  # a view: what the loop changes is changed in `made`
        active, finished = np.arange(len(of_part)), np.zeros(len(of_part), bool)
        for _ in range(steps):
            active = halved(active, finished)
            if not len(active):
                break
            logits, slopes = saliency(victim, of_part[active], targets[part][active])
            check_gradients(victim, slopes, part.start + active)
            check_outputs(logits, part.start + active)
            found = logits.argmax(axis=1)
            aim = labels[part][active]
            finished[active] |= found == aim if targeted else found != aim
            for i, (rises, falls) in zip(active, slopes * signs):
                if not finished[i]:
                    finished[i] = not push_pair(
                        of_part[i], rises, falls if others else rises, theta, bounds)
            tick()
    return given_back(made, images, bounds)


def check_theta_gamma(theta, gamma, pixels):
    """The largest number of steps; ValueError for settings that can change nothing."""
    if not np.isfinite(theta) or theta == 0:
        raise ValueError(f"theta is what a pixel is changed by: a number other than 0, not {theta}")
    if not 0 < gamma <= 1:
        raise ValueError(f"gamma is a share of the pixels, above 0 and at most 1, not {gamma}")
    if (steps := int(gamma * pixels / 2)) == 0:
        raise ValueError(f"gamma={gamma:g} of {pixels} pixels is no pair: it is {2 / pixels:.2g} "
                         "at least")
    return steps


def saliency(victim, images, targets):
    """Logits, and the gradients of the target's and of the sum of the others, `(n, 2, d)`."""

    def slopes_of(images, targets):
        target = ops.one_hot(targets, victim.classes)
        if victim.classes == 2:  # half the difference of the two logits, and its opposite
            weights = ops.stack([target - 0.5, 0.5 - target], axis=1)
        else:
            weights = ops.stack([target, 1.0 - target], axis=1)
        return backend.class_gradients(victim.logits_of, images, weights)

    run = victim.compiled("saliency", slopes_of)
    victim.queries += len(images)
    logits, slopes = run(ops.convert_to_tensor(images), ops.convert_to_tensor(targets))
    slopes = ops.convert_to_numpy(slopes).reshape(len(images), 2, -1)
    return ops.convert_to_numpy(logits), slopes


def push_pair(image, rises, falls, theta, bounds):
    """Add theta to the best two pixels of an image, in place; False if there are none."""
    low, high = np.float32(bounds)
    flat = image.reshape(-1)
    usable = flat < high if theta > 0 else flat > low
    pair = best_pair(np.where(usable, rises, -np.inf), np.where(usable, falls, -np.inf))
    if pair is None:
        return False
    flat[pair] = np.clip(flat[pair] + np.float32(theta), low, high)
    return True


def best_pair(rises, falls):
    """The p != q with the largest (rises_p + rises_q)(falls_p + falls_q), both sums above 0.

    Looked for among few: a pixel that two others equal or beat in rise *and* in fall can be
    replaced by one of the two in any pair, which gets no worse. With the pixels sorted by rise,
    those are left whose fall is above the second largest so far, some 15 of 784.

    Args:
        rises, falls: float `(d,)`; -infinity for pixels that are not to be used.

    Returns:
        Array of the two indices; None if no pair has both sums above 0.
    """
    order = np.argsort(-rises)
    sorted_falls = falls[order]
    largest = np.maximum.accumulate(sorted_falls)
    second = np.maximum.accumulate(np.minimum(sorted_falls[1:], largest[:-1]))  # of the first 2...
    front = np.concatenate([order[:2], order[2:][sorted_falls[2:] > second[:-1]]])
    rise, fall = (v[front].astype("float64") for v in (rises, falls))
    rise, fall = rise[:, None] + rise, fall[:, None] + fall
    usable = (rise > 0) & (fall > 0) & ~np.eye(len(front), dtype=bool)
    if not usable.any():
        return None
    products = np.where(usable, rise * fall, -1)
    return front[list(np.unravel_index(products.argmax(), products.shape))]
