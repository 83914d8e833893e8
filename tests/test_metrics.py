"""The Frechet distance against closed forms and an independent implementation."""

import numpy as np
import pytest
import scipy.linalg

from gankit.metrics.frechet import frechet_distance


def whitened(n, d, seed=0):
    """Samples whose mean is exactly 0 and whose covariance is exactly 1."""
    x = np.random.default_rng(seed).normal(size=(n, d))
    x -= x.mean(axis=0)
    return x @ np.linalg.inv(np.linalg.cholesky(np.atleast_2d(np.cov(x, rowvar=False)))).T


def test_closed_forms():
    x = whitened(500, 3)
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-10)
    assert frechet_distance(x, x + [3, 0, 4]) == pytest.approx(25)
    assert frechet_distance(x, 2 * x) == pytest.approx(3)  # (2 - 1)^2 a dimension
    x = whitened(500, 1)
    assert frechet_distance(x, 1 + 2 * x) == pytest.approx(2)


def test_against_the_square_root_of_the_product():
    """In the form of Heusel et al. 2017, with SciPy's matrix square root."""
    rng = np.random.default_rng(1)
    x, y = (rng.normal(size=(400, 6)) @ rng.normal(size=(6, 6)) + rng.normal(size=6) for _ in "xy")
    c1, c2 = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    root = scipy.linalg.sqrtm(c1 @ c2).real
    theirs = np.sum((x.mean(0) - y.mean(0)) ** 2) + np.trace(c1 + c2 - 2 * root)
    assert frechet_distance(x, y) == pytest.approx(theirs, rel=1e-9)
    assert frechet_distance(x, y) == pytest.approx(frechet_distance(y, x), rel=1e-9)


def test_singular_covariances_give_a_real_number():
    x = whitened(50, 2)
    flat = np.concatenate([x, np.zeros((50, 3))], axis=1)
    assert frechet_distance(flat, flat + 1) == pytest.approx(5)
    assert frechet_distance(np.ones((4, 9)), np.zeros((4, 9))) == pytest.approx(9)


@pytest.mark.parametrize(
    ("real", "fake", "words"),
    [
        (np.ones((1, 3)), np.ones((5, 3)), "at least 2"),
        (np.ones(3), np.ones((5, 3)), r"\(n, d\)"),
        (np.ones((5, 3)), np.ones((5, 4)), "3 and 4"),
        (np.full((5, 3), np.nan), np.ones((5, 3)), "NaN"),
    ],
)
def test_bad_input(real, fake, words):
    with pytest.raises(ValueError, match=words):
        frechet_distance(real, fake)
