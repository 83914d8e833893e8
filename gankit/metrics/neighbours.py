"""Are the samples like the data, and are all the data there? Two answers from nearest neighbours.

Around each point lies a ball that reaches to its k-th nearest neighbour of its own set; the balls
together stand for where that set is. All distances are needed, so features are kept, not streamed;
the distances are not: never more than 32 MB of them at a time.

Two sets of the same n give comparable values only at that n and k, and in the same features.
"""

from typing import NamedTuple

import numpy as np

from gankit.metrics.arrays import checked_count, checked_pair


class PrecisionRecall(NamedTuple):
    """Shares from 0 to 1, and the k of the balls."""

    precision: float
    recall: float
    k: int


class DensityCoverage(NamedTuple):
    """Density, 0 or more and about 1 for real data; coverage from 0 to 1; the k of the balls."""

    density: float
    coverage: float
    k: int


def precision_recall(real, fake, k=3):
    """How many fakes lie among reals, and reals among fakes (Kynkaanniemi et al. 2019).

    One real far off has a large ball, and every fake in it counts: `density_coverage` is calmer.

    Args:
        real, fake: features `(n, d)` and `(m, d)`, more than k of each; the paper takes 50,000.
        k: neighbours, 3 in the paper.

    Returns:
        `PrecisionRecall(precision, recall, k)`: the share of fakes in at least one ball of the
        reals, and of reals in at least one ball of the fakes.

    Raises:
        ValueError: for a k below 1, too few samples, other shapes, NaN or infinity.
    """
    real, fake, k = checked(real, fake, k)
    real_limits, fake_limits = limits(real, k), limits(fake, k)
    like_real = np.zeros(len(fake), dtype=bool)
    like_fake = np.zeros(len(real), dtype=bool)
    for rows, squared in distances(real, fake):
        like_real |= (squared < real_limits[rows, None]).any(axis=0)
        like_fake[rows] = (squared < fake_limits).any(axis=1)
    return PrecisionRecall(float(like_real.mean()), float(like_fake.mean()), k)


def density_coverage(real, fake, k=5):
    """How many balls of reals a fake lies in, how many of them hold a fake (Naeem et al. 2020).

    Args:
        real, fake: features `(n, d)` and `(m, d)`, more than k of each; the paper takes 10,000.
        k: neighbours, 5 in the paper.

    Returns:
        `DensityCoverage(density, coverage, k)`: balls a fake lies in, on average, over k; and the
        share of balls with a fake in them. Real against other real: 1, and 1 - 2^-k for large n.

    Raises:
        ValueError: for a k below 1, too few samples, other shapes, NaN or infinity.
    """
    real, fake, k = checked(real, fake, k)
    real_limits = limits(real, k)
    inside, held = 0, 0
    for rows, squared in distances(real, fake):
        hits = squared < real_limits[rows, None]
        inside += hits.sum()
        held += hits.any(axis=1).sum()
    return DensityCoverage(float(inside / (k * len(fake))), float(held / len(real)), k)


def checked(real, fake, k):
    """Both as float64, centred on the reals, so that distances lose fewer digits; k as an int."""
    k = checked_count("k", k)
    real, fake = checked_pair(real, fake, at_least=k + 1)
    centre = real.mean(axis=0)
    return real - centre, fake - centre, k


def distances(x, y, at_once=2**22):
    """Squared distances from some rows of `x` to all of `y`: yields (slice of rows, `(rows, m)`).

    By |x|^2 + |y|^2 - 2 x.y, a matrix product, which is ten times as fast as `cdist` in 2,048
    dimensions. It rounds: what is nearer than 3e-7 of the points' lengths counts as a copy.
    """
    step = max(1, at_once // len(y))
    y_squared = np.sum(y**2, axis=1)
    for start in range(0, len(x), step):
        rows = slice(start, start + step)
        lengths = np.sum(x[rows] ** 2, axis=1)[:, None] + y_squared
        squared = lengths - 2 * x[rows] @ y.T
        squared[squared < 1e-13 * lengths] = 0
        yield rows, squared


def limits(x, k):
    """Squared radius of each point's ball, its edge left out, its centre never.

    The k-th neighbour itself is outside, as in the code of Naeem et al.; a copy of the centre is
    inside even where k copies have made the radius 0.
    """
    found = np.empty(len(x))
    for rows, squared in distances(x, x):
        found[rows] = np.partition(squared, k, axis=1)[:, k]  # at 0 stands the point itself
    return np.maximum(found * (1 - 1e-9), np.finfo("float64").tiny)
