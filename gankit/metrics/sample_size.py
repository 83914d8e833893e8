"""The Frechet distance falls with the number of images; where would it end?

An estimate from N images lies above the truth by about a / N (Chong & Forsyth 2020, "Effectively
unbiased FID"), and `a` is another one for each generator: two distances at different N cannot be
compared, and at the same N not always. A line through distances against 1/N, read off at 0, can.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit

from gankit.metrics.arrays import checked_pair
from gankit.metrics.frechet import frechet_distance

SPLITS = 5


class Fit(NamedTuple):
    """Distances at each size, and the line `infinity + slope / N` through them."""

    sizes: np.ndarray
    distances: np.ndarray
    infinity: float
    slope: float
    interval: tuple[float, float]


def frechet_against_n(real, fake, sizes=None, seed=0):
    """Frechet distances of N reals and N fakes for several N, extrapolated to infinitely many.

    Chong & Forsyth keep all reals at every N, and so the bias that comes from these; here both sets
    are cut. At N below the dimension the bias is no longer straight in 1/N: then the sizes start
    above it where there are images enough.

    The interval (95 %) comes from the same fit in 5 disjoint parts of the images: their spread,
    over sqrt(5), with Student's factor for 4 degrees of freedom, around `infinity`. Percentiles of
    a bootstrap would lie too high: images drawn with replacement repeat, so each redrawn set is
    poorer than the set it stands for, and carries the bias of a smaller N. The parts are fitted at
    N / 5, which falls below the dimension d if the smallest N is below 5 d: there their own
    `infinity` is biased, and only its spread over the parts is used. Give `sizes` from 5 d on to
    keep above it.

    Args:
        real, fake: features `(n, d)` and `(m, d)`, at least 50 of each.
        sizes: several N, at least 10, none above the smaller set; by default ten steps.
        seed: of the drawing of subsets and parts.

    Returns:
        `Fit(sizes, distances, infinity, slope, interval)`; `infinity` may fall a little below 0.

    Raises:
        ValueError: for too few samples, sizes out of range, other shapes, NaN or infinity.
    """
    real, fake = checked_pair(real, fake, at_least=10 * SPLITS)
    n, d = min(len(real), len(fake)), real.shape[1]
    if sizes is None:
        sizes = np.linspace(max(10, n // 10, min(2 * d, n // 2)), n, 10)
    sizes = np.unique(np.asarray(sizes, dtype=int))
    if len(set(sizes // SPLITS)) < 2 or sizes[0] < 2 * SPLITS or sizes[-1] > n:
        raise ValueError(f"sizes are several N from {2 * SPLITS} to {n}, not {sizes.tolist()}")
    rng = np.random.default_rng(seed)
    distances = at_sizes(real, fake, sizes, rng)
    infinity, slope = line(sizes, distances)
    parts = zip(*(np.array_split(rng.permutation(x), SPLITS) for x in (real, fake)))
    ends = [line(s, at_sizes(*part, s, rng))[0] for part in parts for s in [sizes // SPLITS]]
    half = stdtrit(SPLITS - 1, 0.975) * np.std(ends, ddof=1) / np.sqrt(SPLITS)
    return Fit(sizes, distances, infinity, slope, (infinity - half, infinity + half))


def at_sizes(real, fake, sizes, rng):
    """The distance of a random N of each, for each N."""
    drawn = ([rng.choice(x, n, replace=False) for x in (real, fake)] for n in sizes)
    return np.array([frechet_distance(*pair) for pair in drawn])


def line(sizes, distances):
    """Least squares of `infinity + slope / N`."""
    slope, infinity = np.polyfit(1 / sizes, distances, 1)
    return float(infinity), float(slope)
