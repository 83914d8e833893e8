"""The virtual adversarial perturbation: which small step changes the output most? No labels."""

import numpy as np
from keras import ops

from gankit import backend
from gankit.attacks.batches import batches, check_gradients, generators, given_back, unit
from gankit.attacks.inputs import check_epsilon, checked
from gankit.inputs import check_count


def virtual_adversarial(model, images, labels=None, *, epsilon, xi=1e-2, steps=1,
                        bounds=(0.0, 1.0), batch_size=256, seed=0, from_logits=None):  # fmt: skip
    """Virtual adversarial perturbation, Miyato et al. 2018 (TPAMI 41), section 3.3, algorithm 1.

    The r of l2 norm epsilon that moves the outputs p(x) furthest, KL(p(x) || p(x + r)). Near 0 the
    divergence is r' H r / 2, so r is along the first eigenvector of H, found by power iteration
    from a random unit vector d:

        g = gradient by r of KL(p(x) || p(x + r)) at r = xi d;  d = g / ||g||_2.

    The quadratic form cannot tell d from -d, the divergence can: the one of x + epsilon d and
    x - epsilon d, cut to `bounds`, that is further away is given back (the paper takes what comes).
    The paper's xi of 1e-6 is lost where the divergence is computed plainly in float32, and so is
    every image the model is sure of; see `divergence_gradient`.

    Args:
        model, images, bounds, batch_size, from_logits: as in `fgsm`.
        labels: not used: the method asks for none.
        epsilon: l2 norm of the perturbation, before it is cut to `bounds`.
        xi: how far from the image the gradient is taken: the smaller, the more of the float32
            rounding of the logits is in it. steps: of the power iteration.
        seed: of the random d; each image has its own.

    Returns:
        Array of the shape and dtype of `images`, within `bounds` and `epsilon`.

    Raises:
        TypeError, ValueError: as `fgsm`.
    """
    victim, x, _, bounds = checked(model, images, None, bounds, from_logits, False)
    epsilon = check_epsilon(epsilon, bounds, "l2")
    steps = check_count("steps", steps)
    if not (np.isfinite(xi) and xi > 0):
        raise ValueError(f"xi is a small number above 0, not {xi}")

    made = np.empty_like(x)
    for part, tick in batches(len(x), batch_size, "virtual adversarial", steps):
        here = x[part]
        clean = log_probabilities(victim.logits(here, batch_size))
        d = unit(np.stack([rng.normal(size=victim.shape) for rng in generators(seed, part)]))
        for _ in range(steps):
            slopes = divergence_gradient(victim, here + np.float32(xi) * d, clean)
            check_gradients(victim, slopes, part.start)
            d = np.where(slopes.any(axis=tuple(range(1, slopes.ndim)), keepdims=True),
                         unit(slopes), d)  # where all is flat, any direction is as good
            tick()
        ends = [np.clip(here + np.float32(s * epsilon) * d, *np.float32(bounds)) for s in (1, -1)]
        far = [divergence(clean, log_probabilities(victim.logits(e, batch_size))) for e in ends]
        first = (far[0] >= far[1]).reshape(-1, *[1] * len(victim.shape))
        made[part] = np.where(first, *ends)
    return given_back(made, images, bounds)


def log_probabilities(logits):
    """Log-softmax of logits `(n, classes)`, in float64."""
    shifted = logits.astype("float64") - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def divergence(log_p, log_q):
    """KL(p || q) of each row, `(n,)`: the sum of p (q / p - 1 - log(q / p)), never below 0."""
    ratio = log_q - log_p  # the plain sum of -p ratio is lost in float64 where p is nearly 1 and 0
    return (np.exp(log_p) * (np.expm1(ratio) - ratio)).sum(axis=1)


def divergence_gradient(victim, images, log_p):
    """Direction of the gradient of KL(p || q(x)) by x, `(n, ...)`; its length means nothing.

    The gradient is the sum over classes of (q_j - p_j) dz_j / dx, with the logits z. Where the
    model is sure, q - p is lost in float32 (and the gradient 0). It is written as
    p_j (q_j / p_j - 1), divided by the second largest p, and the largest one's is minus the sum of
    the others.
    """

    def slopes_of(images, log_p):
        def pulled(images):
            logits = victim.logits_of(images)
            ratio = ops.stop_gradient(ops.log_softmax(logits) - log_p)
            top = ops.one_hot(ops.argmax(log_p, axis=1), victim.classes)
            second = ops.max(log_p - 1e30 * top, axis=1, keepdims=True)
            others = (1 - top) * ops.exp(ops.minimum(log_p - second, 0.0)) * ops.expm1(ratio)
            weights = others - top * ops.sum(others, axis=1, keepdims=True)
            return ops.sum(weights * logits, axis=1), logits

        return backend.value_and_input_gradients(pulled, images)[1]

    run = victim.compiled("divergence", slopes_of)
    victim.queries += len(images)
    slopes = run(ops.convert_to_tensor(images), ops.convert_to_tensor(log_p.astype("float32")))
    return ops.convert_to_numpy(slopes)
