"""What the scores accept: features, probabilities, moments; all else is refused with a reason."""

import numpy as np


def checked_features(features, name="the", at_least=2):
    """`features` as float64 `(n, d)`.

    Raises:
        ValueError: for fewer than `at_least` samples, another rank, no dimensions, NaN or infinity.
    """
    features = np.asarray(features, dtype="float64")
    if features.ndim != 2 or len(features) < at_least or not features.shape[1]:
        raise ValueError(f"{name} features are (n, d), n at least {at_least}, not {features.shape}")
    if not np.isfinite(features).all():
        raise ValueError(f"{name} features hold NaN or infinity: look for them in the images first")
    return features


def checked_pair(real, fake, at_least=2):
    """Both as float64, and of one feature size.

    Raises:
        ValueError: as `checked_features`, and for two feature sizes.
    """
    real = checked_features(real, "real", at_least)
    fake = checked_features(fake, "fake", at_least)
    if real.shape[1] != fake.shape[1]:
        raise ValueError(
            f"features have {real.shape[1]} and {fake.shape[1]} dimensions: take both from one "
            "extractor"
        )
    return real, fake


def checked_probabilities(probabilities, at_least=2):
    """`probabilities` as float64 `(n, classes)`, each row the output of a softmax.

    Raises:
        ValueError: for fewer than `at_least` rows, another rank, a single class, NaN, negative
            numbers, or rows whose sum is more than 0.001 off 1.
    """
    p = np.asarray(probabilities, dtype="float64")
    if p.ndim != 2 or len(p) < at_least or p.shape[1] < 2:
        raise ValueError(
            f"probabilities are (n, classes), n at least {at_least}, 2 classes or more, "
            f"not {p.shape}"
        )
    if not np.isfinite(p).all():
        raise ValueError("probabilities hold NaN or infinity")
    if p.min() < 0 or np.abs(p.sum(axis=1) - 1).max() > 1e-3:
        raise ValueError(
            f"these are no probabilities (lowest {p.min():.3g}, sums of rows {p.sum(1).min():.4g} "
            f"to {p.sum(1).max():.4g}): logits must go through a softmax first"
        )
    return p


def checked_moments(mu, sigma):
    """`mu` `(d,)` and `sigma` `(d, d)` as float64.

    Raises:
        ValueError: for other shapes, NaN, infinity, a matrix that is not symmetric, or one that is
            not float64.
    """
    mu, sigma = np.asarray(mu), np.asarray(sigma)
    if mu.ndim != 1 or not len(mu) or sigma.shape != (len(mu), len(mu)):
        raise ValueError(f"moments are (d,) and (d, d), not {mu.shape} and {sigma.shape}")
    if sigma.dtype.kind in "fc" and sigma.dtype != np.float64:
        raise ValueError(
            f"the covariance is {sigma.dtype}: its rounding can move a FID by a hundredth. Take "
            "it in float64, as gankit.metrics.moments does; a cast brings nothing back"
        )
    mu, sigma = mu.astype("float64", copy=False), sigma.astype("float64", copy=False)
    if not (np.isfinite(mu).all() and np.isfinite(sigma).all()):
        raise ValueError("moments hold NaN or infinity")
    if not np.allclose(sigma, sigma.T, rtol=1e-6, atol=1e-9 * np.abs(sigma).max()):
        raise ValueError("a covariance is symmetric; this matrix is not")
    return mu, sigma
