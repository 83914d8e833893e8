"""The kernel distance: with the features of the Inception network, KID (Binkowski et al. 2018).

It sees more than means and covariances, and unlike the Frechet distance it has no bias at small n.
With our Fashion-MNIST classifier we say *kernel classifier distance*.
"""

from typing import NamedTuple

import numpy as np

from gankit.metrics.arrays import checked_count, checked_pair


class Kernel(NamedTuple):
    """Mean and standard deviation over subsets, and how many of what size they were."""

    mean: float
    std: float
    subsets: int
    subset_size: int


def kernel_distance(real, fake, subsets=100, subset_size=1000, seed=0):
    """Squared maximum mean discrepancy with the kernel (x.y / d + 1)^3, unbiased.

    Features are kept, not streamed.

    Args:
        real, fake: features `(n, d)` and `(m, d)`, at least two of each.
        subsets: how many times a subset of each is drawn, without replacement.
        subset_size: of each, or all there are where there are fewer. Where that leaves nothing to
            draw, there is one subset.
        seed: of the draws.

    Returns:
        `Kernel(mean, std, subsets, subset_size)`; std with ddof 0. The mean may fall below 0: that
        is what unbiased means when the truth is 0.

    Raises:
        ValueError: for fewer than two samples, other shapes, NaN or infinity.
    """
    real, fake = checked_pair(real, fake)
    subsets = checked_count("subsets", subsets)
    size = min(checked_count("subset_size", subset_size, 2), len(real), len(fake))
    if size == len(real) == len(fake):
        subsets = 1
    rng = np.random.default_rng(seed)
    found = [
        discrepancy(*(rng.choice(features, size, replace=False) for features in (real, fake)))
        for _ in range(subsets)
    ]
    return Kernel(float(np.mean(found)), float(np.std(found)), subsets, size)


def discrepancy(x, y):
    """Mean kernel within `x` and within `y`, no sample with itself, less twice that across."""
    n = len(x)
    within = [(np.sum(k) - np.trace(k)) / (n * (n - 1)) for k in (kernel(x, x), kernel(y, y))]
    return sum(within) - 2 * np.mean(kernel(x, y))


def kernel(x, y):
    """(x.y / d + 1)^3 of every pair, `(n, m)`."""
    k = x @ y.T / x.shape[1] + 1
    return k * k * k
