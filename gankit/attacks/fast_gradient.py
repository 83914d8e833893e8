"""The fast gradient method: one step along the gradient, as far as the norm allows."""

import numpy as np

from gankit.attacks.batches import batches, check_gradients, given_back, unit
from gankit.attacks.classifier import PER_IMAGE
from gankit.attacks.inputs import check_choice, check_epsilon, check_targets, checked


def fgsm(model, images, labels, *, epsilon, norm="linf", targeted=False, loss="cross_entropy",
         bounds=(0.0, 1.0), batch_size=256, seed=0, from_logits=None):  # fmt: skip
    """Fast gradient (sign) method, Goodfellow, Shlens and Szegedy 2015 (ICLR), section 4.

    With g the gradient of the loss L(x, y) by the image x, clipped to `bounds` at the end:

    - "linf": x + epsilon sign(g), the paper's method; a pixel with g = 0 goes to the side where
      `bounds` leave more room, or it would be lost for the attack;
    - "l2": x + epsilon g / ||g||_2;
    - "l1": epsilon is spent on the pixels with the largest |g|, on each as much as `bounds` leave
      room for: the largest rise of g . d among all d with ||d||_1 <= epsilon and x + d in bounds.

    Targeted, with y the target: the same with -g, down the target's loss. Every image is moved,
    misclassified or not. Lesson 11 writes it out.

    Args:
        model: `keras.Model`, a classifier; see `gankit.attacks.classifier.Classifier`.
        images: float `(n, ...)` within `bounds`.
        labels: integers `(n,)`: the true classes, or the targets where `targeted`.
        epsilon: largest norm of the perturbation of an image, in the units of the images.
        norm: "linf", "l2" or "l1".
        loss: "cross_entropy" or "margin" (see `Classifier.gradient`).
        bounds: lowest and highest value of a pixel.
        batch_size: images worked on at once.
        seed: not used: nothing here is left to chance. All attacks take one.
        from_logits: whether the model gives logits; None finds out.

    Returns:
        Array of the shape and dtype of `images`, within `bounds`.

    Raises:
        TypeError, ValueError: for bad input, before any work; for NaN gradients, with the image's
            number; for a model whose gradient is 0 everywhere.
    """
    victim, x, labels, bounds = checked(model, images, labels, bounds, from_logits)
    check_choice("norm", norm, ("linf", "l2", "l1"))
    check_choice("loss", loss, tuple(PER_IMAGE))
    epsilon = check_epsilon(epsilon, bounds, norm)
    if targeted:
        check_targets(victim, x, labels, batch_size)

    made = np.empty_like(x)
    for part, _ in batches(len(x), batch_size, "FGSM"):
        _, slopes = victim.gradient(x[part], labels[part], loss)
        check_gradients(victim, slopes, part.start)
        slopes = -slopes if targeted else slopes
        made[part] = x[part] + stride(slopes, x[part], epsilon, norm, bounds)
    return given_back(made, images, bounds)


def stride(slopes, images, length, norm, bounds):
    """A step of `length` in `norm` uphill, `(n, ...)`; what lies out of bounds is cut by others.

    A pixel whose derivative is exactly 0 has no sign. Left where it is, it would be lost for the
    attack, also for its later steps; in "linf" it goes to the side where the box has more room.
    """
    if norm == "linf":
        signs = np.sign(slopes)
        if not signs.all():
            inwards = np.where(images < sum(bounds) / 2, np.float32(1), np.float32(-1))
            signs = np.where(signs == 0, inwards, signs)
        return np.float32(length) * signs
    if norm == "l2":
        return np.float32(length) * unit(slopes)
    flat = slopes.reshape(len(slopes), -1)
    order = np.argsort(-np.abs(flat), axis=1, kind="stable")
    room = np.where(slopes > 0, bounds[1] - images, images - bounds[0]).reshape(flat.shape)
    room = np.take_along_axis(np.where(flat == 0, 0, room), order, axis=1).astype("float64")
    spent = np.minimum(np.cumsum(room, axis=1), length)  # on the pixels so far, steepest first
    moves = np.zeros_like(flat)
    np.put_along_axis(moves, order, np.diff(spent, axis=1, prepend=0).astype("float32"), axis=1)
    return (np.sign(flat) * moves).reshape(slopes.shape)
