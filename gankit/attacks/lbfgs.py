"""The first attack of all: L-BFGS with a box, for each image by itself."""

import numpy as np
from scipy.optimize import Bounds, minimize
from scipy.special import expit, logsumexp

from gankit.attacks.batches import batches, check_gradients, given_back
from gankit.attacks.inputs import check_epsilon, check_positive, check_targets, checked
from gankit.attacks.minimum import Nearest, reached, search_weight
from gankit.inputs import check_count


def lbfgs(model, images, labels, *, probability=0.0, steps=100, searches=10, first_c=0.1,
          targeted=True, bounds=(0.0, 1.0), batch_size=256, seed=0, from_logits=None):  # fmt: skip
    """Box-constrained L-BFGS, Szegedy et al. 2014 (ICLR), section 4.1.

    For each image, SciPy's L-BFGS-B minimises ||x' - x||_2^2 + c L(x', y) over x' within `bounds`,
    with L the cross-entropy and y the target class. The smallest c that succeeds is sought:
    tenfold until it does, then by bisection (the paper has |x' - x| c + L, and so 1 / c). The
    nearest result of all c is kept. Images that are where they should be already stay as they
    are, and so do those for which nothing is found. Lesson 11 turns a digit into all others.

    Args:
        model, images, bounds, batch_size, seed, from_logits: as in `fgsm`.
        labels: integers `(n,)`, the target classes.
        probability: that the target must have in the end, below 1; 0: it must only be the
            likeliest class.
        steps: of L-BFGS, for each c. searches: number of weights c. first_c: the first of them.
        targeted: True; the method has no other form.

    Returns:
        Array of the shape and dtype of `images`, within `bounds`.

    Raises:
        TypeError, ValueError: as `fgsm`; for `targeted=False`.
    """
    if not targeted:
        raise ValueError("L-BFGS goes to a target class: give the classes to be reached as labels, "
                         "or use carlini_wagner or deepfool")
    victim, x, labels, bounds = checked(model, images, labels, bounds, from_logits)
    if not 0 <= check_epsilon(probability, bounds, "l2", "probability") < 1:
        raise ValueError(f"probability is a number from 0 to below 1, not {probability}")
    check_positive(first_c=first_c)
    steps, searches = check_count("steps", steps), check_count("searches", searches)
    check_count("batch_size", batch_size)  # not used: each image goes by itself
    check_targets(victim, x, labels, batch_size)

    made = x.copy()
    for part, _ in batches(len(x), 1, "L-BFGS"):
        made[part] = one(victim, x[part], labels[part], probability, steps, searches, first_c,
                         bounds, part.start)  # fmt: skip
    return given_back(made, images, bounds)


def one(victim, image, label, probability, steps, searches, first_c, bounds, number):
    """One image, `(1, ...)`, turned into the class `label`, `(1,)`, or as it was."""
    start, found = image.reshape(-1).astype("float64"), Nearest(image)

    def as_image(flat):
        return flat.astype("float32").reshape(image.shape)

    def good(x):
        logits = victim.logits(x)
        return reached(logits, label, targeted=True)[0] & (expit(-odds(logits)) >= probability)

    def odds(logits):
        """log(1 - p) - log(p) of the target's probability p: cross-entropy is softplus of it."""
        others = np.delete(logits[0].astype("float64"), label[0])
        return logsumexp(others) - logits[0, label[0]]

    def descend(c):
        def loss_and_slope(flat):
            logits, slopes = victim.gradient(as_image(flat), label)
            check_gradients(victim, slopes, number)
            u, shift = odds(logits), flat - start
            loss = shift @ shift + c[0] * np.logaddexp(0, u)
            return loss, 2 * shift + c[0] * expit(u) * slopes.reshape(-1).astype("float64")

        result = minimize(loss_and_slope, start, jac=True, method="L-BFGS-B",
                          bounds=Bounds(*bounds), options={"maxiter": steps})  # fmt: skip
        x = as_image(result.x)
        succeeded = good(x)
        found.keep(np.array([0]), x, np.array([np.sum((result.x - start) ** 2)]), succeeded)
        return succeeded

    if not good(image)[0]:
        search_weight(descend, 1, first_c, searches)
    return found.images
