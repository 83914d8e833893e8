"""The Frechet distance between two sets of features, each seen as one Gaussian.

With the features of the 2015 Inception network it is the FID (Heusel et al. 2017). With those of
another network it must be called by another name: with our Fashion-MNIST classifier we say
*Frechet classifier distance*. Lesson 03 computes it by hand.

How the square root is taken: tr (C1 C2)^(1/2) is the sum of the singular values of F1' F2, for any
factors with F F' = C. A factor comes cheap (features of n <= d samples, centred, *are* one; a
Cholesky factor otherwise), singular values are never negative nor complex, and nothing is squared
that must be rooted again, so no digits are lost. `scipy.linalg.sqrtm` has none of these.
"""

from typing import NamedTuple

import numpy as np

from gankit.metrics.arrays import checked_features, checked_moments, checked_pair


class Frechet(NamedTuple):
    """A distance and the two terms that it is the sum of, in squared units of the features."""

    distance: float
    mean_term: float
    covariance_term: float


def frechet_distance(real, fake, terms=False):
    """|mu1 - mu2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)), Dowson & Landau 1982.

    It has a bias: the fewer samples, the larger. Compare at equal n only, or see
    `gankit.metrics.frechet_against_n`.

    Args:
        real, fake: features `(n, d)` and `(m, d)`, at least two of each; n and m may differ.
        terms: True for the terms of means and of covariances too.

    Returns:
        float, 0 or more, in squared units of the features; or a `Frechet` of three such.

    Raises:
        ValueError: for fewer than two samples, other shapes, NaN or infinity.
    """
    real, fake = checked_pair(real, fake)
    found = between(real.mean(axis=0), factor(real), fake.mean(axis=0), factor(fake))
    return found if terms else found.distance


def frechet_distance_from_moments(mu1, sigma1, mu2, sigma2, terms=False):
    """The same from means `(d,)` and covariances `(d, d)`, float64, ddof 1: see `moments`.

    Raises:
        ValueError: for other shapes, NaN or infinity, a matrix that is no covariance, and for
            covariances in float32, whose rounding can move a FID by a hundredth.
    """
    mu1, sigma1 = checked_moments(mu1, sigma1)
    mu2, sigma2 = checked_moments(mu2, sigma2)
    if mu1.shape != mu2.shape:
        raise ValueError(f"moments have {len(mu1)} and {len(mu2)} dimensions: take both from one")
    found = between(mu1, root(sigma1), mu2, root(sigma2))
    return found if terms else found.distance


def moments(features):
    """Mean `(d,)` and covariance `(d, d)` of features `(n, d)`, float64, ddof 1 as in FID.

    Raises:
        ValueError: for fewer than two samples, other shapes, NaN or infinity.
    """
    features = checked_features(features)
    mu = features.mean(axis=0)
    centred = features - mu
    return mu, centred.T @ centred / (len(features) - 1)


def between(mu1, factor1, mu2, factor2):
    """The distance of two Gaussians, each given by its mean and a factor of its covariance."""
    overlap = np.linalg.svd(factor1.T @ factor2, compute_uv=False).sum()
    mean = np.sum((mu1 - mu2) ** 2)
    covariance = max(np.sum(factor1**2) + np.sum(factor2**2) - 2 * overlap, 0.0)
    return Frechet(float(mean + covariance), float(mean), float(covariance))


def factor(features):
    """F `(d, k)` with F F' = the covariance of `features`; for n <= d they need not be squared."""
    n, d = features.shape
    if n > d:
        return root(moments(features)[1])
    return ((features - features.mean(axis=0)) / np.sqrt(n - 1)).T


def root(sigma):
    """F `(d, k)` with F F' = `sigma`: Cholesky's; of a singular matrix, eigenvectors of its range.

    Raises:
        ValueError: for an eigenvalue so negative that `sigma` is no covariance.
    """
    try:
        return np.linalg.cholesky(sigma)
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh(sigma)
        if values[0] < -1e-6 * np.abs(values).max():
            raise ValueError(f"a covariance has no eigenvalue below 0: {values[0]:.3g}") from None
        kept = values > len(values) * np.finfo("float64").eps * values[-1]
        return vectors[:, kept] * np.sqrt(values[kept])
