"""What the two players minimise: GAN losses as pairs of functions on D's outputs.

Each loss is a pair: what D pays for its outputs on real and fake samples, and what G pays for D's
outputs on its fakes. D's output is a *logit* with the two cross-entropy losses (its sigmoid is the
probability "real") and a plain number with the others. Lesson 01 writes the first two out.
"""

import difflib
from collections.abc import Callable
from typing import NamedTuple

from keras import ops


def cross_entropy(logits, labels):
    """Binary cross-entropy of `sigmoid(logits)` with `labels` in [0, 1], mean over the batch."""
    return ops.mean(ops.softplus(logits) - labels * logits)


def cross_entropy_d(real, fake, real_label, fake_label):
    """D's loss in Goodfellow et al. 2014, eq. 1, negated: 2 ln 2 where D cannot tell."""
    return cross_entropy(real, real_label) + cross_entropy(fake, fake_label)


def minimax_g(fake):
    """log(1 - D(G(z))), Goodfellow et al. 2014, eq. 1: flat where D is sure."""
    return -ops.mean(ops.softplus(fake))


def non_saturating_g(fake):
    """-log D(G(z)), Goodfellow et al. 2014, section 3: steep where D is sure."""
    return ops.mean(ops.softplus(-fake))


def least_squares_d(real, fake, real_label, fake_label):
    """Mao et al. 2017, eq. 9: D's plain output is drawn to the labels."""
    return 0.5 * ops.mean((real - real_label) ** 2) + 0.5 * ops.mean((fake - fake_label) ** 2)


def least_squares_g(fake):
    """Mao et al. 2017, eq. 9."""
    return 0.5 * ops.mean((fake - 1.0) ** 2)


def hinge_d(real, fake, real_label, fake_label):
    """Lim & Ye 2017, eq. 8: no more reward beyond a margin of 1. It has no labels to smooth."""
    return ops.mean(ops.relu(1.0 - real)) + ops.mean(ops.relu(1.0 + fake))


def wasserstein_d(real, fake, real_label, fake_label):
    """Arjovsky et al. 2017, eq. 2, negated: D is a critic. It has no labels to smooth."""
    return ops.mean(fake) - ops.mean(real)


def critic_g(fake):
    """G raises the critic's output on its fakes (hinge and Wasserstein)."""
    return -ops.mean(fake)


class Loss(NamedTuple):
    """A pair of losses, and what D's output means under it.

    Attributes:
        discriminator: `(real, fake, real_label, fake_label) -> scalar`, outputs of shape `(n, 1)`.
        generator: `(fake) -> scalar`.
        threshold: the output above which D says "real"; None where it says no such thing.
        logit: whether the output's sigmoid is a probability.
        labels: whether the loss has labels (that can be smoothed or flipped).
    """

    discriminator: Callable
    generator: Callable
    threshold: float | None
    logit: bool = False
    labels: bool = False


LOSSES = {
    "minimax": Loss(cross_entropy_d, minimax_g, 0.0, logit=True, labels=True),
    "non_saturating": Loss(cross_entropy_d, non_saturating_g, 0.0, logit=True, labels=True),
    "least_squares": Loss(least_squares_d, least_squares_g, 0.5, labels=True),
    "hinge": Loss(hinge_d, critic_g, 0.0),
    "wasserstein": Loss(wasserstein_d, critic_g, None),
}


def get(name):
    """The `Loss` of that name; ValueError with the nearest name if there is none."""
    if name in LOSSES:
        return LOSSES[name]
    near = difflib.get_close_matches(str(name), LOSSES, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    raise ValueError(f"there is no GAN loss {name!r}{hint} Known: {', '.join(LOSSES)}")


def output_names(loss):
    """What `read_outputs` reports under a `Loss`."""
    names = ["d_real", "d_fake"] + (["p_real", "p_fake"] if loss.logit else [])
    return names + (["d_accuracy"] if loss.threshold is not None else [])


def read_outputs(loss, real, fake):
    """What D's outputs on reals and fakes, `(n, 1)`, say; which of it means something depends.

    Returns:
        dict: `d_real`, `d_fake`, the mean outputs; `p_real`, `p_fake`, the mean probabilities
        "real", where the output is a logit; `d_accuracy` where there is a threshold.
    """
    logs = {"d_real": ops.mean(real), "d_fake": ops.mean(fake)}
    if loss.logit:
        logs["p_real"] = ops.mean(ops.sigmoid(real))
        logs["p_fake"] = ops.mean(ops.sigmoid(fake))
    if loss.threshold is not None:
        right = ops.concatenate([real > loss.threshold, fake <= loss.threshold])
        logs["d_accuracy"] = ops.mean(ops.cast(right, "float32"))
    return logs
