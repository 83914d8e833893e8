"""What the scores accept: features, probabilities, moments; all else is refused with a reason."""

import operator

import numpy as np

LARGEST = 1e50  # of float64 features: the kernel distance takes products of six


def checked_count(name, value, least=1):
    """`value` as an int.

    Raises:
        TypeError: for what is no whole number.
        ValueError: below `least`.
    """
    try:
        count = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} is a whole number, not {value!r}") from None
    if count < least:
        raise ValueError(f"{name} is {least} or more, not {value}")
    return count


def real_numbers(values, name):
    """`values` as float64.

    Raises:
        TypeError: for text, objects, complex numbers, whose imaginary part would be lost, and what
            has rows of several lengths.
    """
    try:
        values = np.asarray(values)
    except ValueError as error:
        raise TypeError(f"{name} are an array of numbers: {error}") from None
    if values.dtype.kind not in "biuf":
        raise TypeError(f"{name} are real numbers, not {values.dtype}")
    return values.astype("float64", copy=False)


def checked_features(features, name="the", at_least=2):
    """`features` as float64 `(n, d)`.

    Raises:
        TypeError: for what is no real numbers.
        ValueError: for fewer than `at_least` samples, another rank, no dimensions, NaN, infinity,
            or numbers so large that a score overflows.
    """
    features = real_numbers(features, f"{name} features")
    if features.ndim != 2 or len(features) < at_least or not features.shape[1]:
        raise ValueError(f"{name} features are (n, d), n at least {at_least}, not {features.shape}")
    if not np.isfinite(features).all():
        raise ValueError(f"{name} features hold NaN or infinity: look for them in the images first")
    if np.abs(features).max() > LARGEST:
        raise ValueError(f"{name} features reach {np.abs(features).max():.3g}: scores overflow")
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
        TypeError: for what is no real numbers.
        ValueError: for fewer than `at_least` rows, another rank, a single class, NaN, negative
            numbers, or rows whose sum is more than 0.001 off 1.
    """
    p = real_numbers(probabilities, "probabilities")
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
    if sigma.dtype.kind in "fc" and sigma.dtype != np.float64:  # whole numbers are exact
        raise ValueError(
            f"the covariance is {sigma.dtype}: its rounding can move a FID by a hundredth. Take "
            "it in float64, as gankit.metrics.moments does; a cast brings nothing back"
        )
    mu, sigma = real_numbers(mu, "means"), real_numbers(sigma, "covariances")
    if not (np.isfinite(mu).all() and np.isfinite(sigma).all()):
        raise ValueError("moments hold NaN or infinity")
    if not np.allclose(sigma, sigma.T, rtol=1e-6, atol=1e-9 * np.abs(sigma).max()):
        raise ValueError("a covariance is symmetric; this matrix is not")
    return mu, sigma
