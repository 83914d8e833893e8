"""Scores from features and probabilities, against closed forms and independent implementations."""

import subprocess
import sys

import numpy as np
import pytest
import scipy.linalg

from gankit import metrics
from gankit.metrics.frechet import frechet_distance, frechet_distance_from_moments, moments


def whitened(n, d, seed=0):
    """Samples whose mean is exactly 0 and whose covariance is exactly 1."""
    x = np.random.default_rng(seed).normal(size=(n, d))
    x -= x.mean(axis=0)
    return x @ np.linalg.inv(np.linalg.cholesky(np.atleast_2d(np.cov(x, rowvar=False)))).T


def rotation(d, seed=0):
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(d, d)))[0]


def test_importing_scores_imports_no_keras():
    code = "import sys, gankit.metrics; print('keras' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"


# The Frechet distance


def test_closed_forms():
    x = whitened(500, 3)
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-10)
    assert frechet_distance(x, x + [3, 0, 4]) == pytest.approx(25)
    assert frechet_distance(x, 2 * x) == pytest.approx(3)  # (2 - 1)^2 a dimension
    assert frechet_distance(x, 2 * x + [3, 0, 4], terms=True) == pytest.approx((28, 25, 3))
    x = whitened(500, 1)
    assert frechet_distance(x, 1 + 2 * x) == pytest.approx(2)


@pytest.mark.parametrize("lowest", [1, 1e-3, 1e-6])
def test_full_rank_to_nine_digits(lowest):
    """Covariances with common axes: the sum of squared differences of the deviations."""
    s, t, q = np.geomspace(lowest, 1, 100), np.linspace(1, 2, 100), rotation(100)
    x = whitened(400, 100)
    found = frechet_distance(x * s @ q, x * t @ q + 1)
    assert found == pytest.approx(np.sum((s - t) ** 2) + 100, rel=1e-9)
    c1, c2 = q.T * s**2 @ q, q.T * t**2 @ q
    found = frechet_distance_from_moments(np.zeros(100), c1, np.ones(100), c2)
    assert found == pytest.approx(np.sum((s - t) ** 2) + 100, rel=1e-9)


def test_against_the_square_root_of_the_product():
    """In the form of Heusel et al. 2017, with SciPy's matrix square root."""
    rng = np.random.default_rng(1)
    x, y = (rng.normal(size=(400, 6)) @ rng.normal(size=(6, 6)) + rng.normal(size=6) for _ in "xy")
    c1, c2 = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    root = scipy.linalg.sqrtm(c1 @ c2).real
    theirs = np.sum((x.mean(0) - y.mean(0)) ** 2) + np.trace(c1 + c2 - 2 * root)
    assert frechet_distance(x, y) == pytest.approx(theirs, rel=1e-9)
    assert frechet_distance(x, y) == pytest.approx(frechet_distance(y, x), rel=1e-9)


def by_eigenvalues(x, y):
    """tr (A C2 A)^(1/2) with A = C1^(1/2): the textbook's way, whatever the rank."""
    c1, c2 = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    values, vectors = np.linalg.eigh(c1)
    a = vectors * np.sqrt(np.clip(values, 0, None)) @ vectors.T
    overlap = np.sqrt(np.clip(np.linalg.eigvalsh(a @ c2 @ a), 0, None)).sum()
    return np.sum((x.mean(0) - y.mean(0)) ** 2) + np.trace(c1) + np.trace(c2) - 2 * overlap


@pytest.mark.parametrize(("n", "m"), [(9, 12), (9, 80), (80, 9), (40, 40), (41, 60)])
def test_fewer_images_than_dimensions(n, m):
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(n, 40)), 2 * rng.normal(size=(m, 40)) + 1
    found = frechet_distance(x, y)
    assert found == pytest.approx(by_eigenvalues(x, y), rel=1e-6)
    assert found == pytest.approx(frechet_distance_from_moments(*moments(x), *moments(y)))
    assert found == pytest.approx(frechet_distance(y, x))


def test_identical_and_constant_sets():
    rng = np.random.default_rng(3)
    steep = rng.normal(size=(400, 60)) * 100 * np.geomspace(1, 1e-12, 60) @ rotation(60)
    for x in (steep, steep[:30], np.maximum(steep, 0) * (np.arange(60) % 3 > 0)):
        assert 0 <= frechet_distance(x, x) < 1e-5
        assert 0 <= frechet_distance_from_moments(*moments(x), *moments(x)) < 1e-5
    assert frechet_distance(np.ones((4, 9)), np.zeros((4, 9))) == pytest.approx(9)
    assert frechet_distance(np.ones((9, 4)), np.zeros((9, 4))) == pytest.approx(4)


def test_singular_covariances_give_a_real_number():
    x = whitened(50, 2)
    flat = np.concatenate([x, np.zeros((50, 3))], axis=1)
    assert frechet_distance(flat, flat + 1) == pytest.approx(5)
    assert frechet_distance(flat, flat[:, ::-1]) == pytest.approx(4)  # nothing in common
    small, none = np.diag([1, 1e-10, 0]), np.diag([0.0, 1, 0])  # a deviation of 1e-5 counts
    found = frechet_distance_from_moments(np.zeros(3), small, np.zeros(3), none)
    assert found == pytest.approx(1 + (1 - 1e-5) ** 2, rel=1e-9)


def test_moments_are_those_of_numpy():
    x = np.random.default_rng(4).normal(size=(7, 3)).astype("float32")
    mu, sigma = moments(x)
    assert sigma.dtype == mu.dtype == np.float64
    np.testing.assert_allclose(sigma, np.cov(x.astype("float64"), rowvar=False))


@pytest.mark.parametrize(
    ("sigma", "words"),
    [
        (np.eye(3, dtype="float32"), "float32"),
        (np.eye(3) + 0j, "complex"),
        (np.eye(2), "shape|not"),
        (np.diag([1, 1, np.inf]), "infinity"),
        (np.diag([1.0, 1, -1]), "eigenvalue"),
        (np.triu(np.ones((3, 3))), "symmetric"),
    ],
)
def test_what_is_no_covariance(sigma, words):
    with pytest.raises(ValueError, match=words):
        frechet_distance_from_moments(np.zeros(3), sigma, np.zeros(3), np.eye(3))
    with pytest.raises(ValueError, match="2 and 3"):
        frechet_distance_from_moments(np.zeros(2), np.eye(2), np.zeros(3), np.eye(3))


@pytest.mark.parametrize(
    "score",
    [
        metrics.frechet_distance,
        metrics.kernel_distance,
        metrics.precision_recall,
        metrics.density_coverage,
        metrics.frechet_against_n,
    ],
)
@pytest.mark.parametrize(
    ("real", "fake", "words"),
    [
        (np.ones((1, 3)), np.ones((60, 3)), "at least"),
        (np.ones(3), np.ones((60, 3)), r"\(n, d\)"),
        (np.ones((60, 3)), np.ones((60, 4)), "3 and 4"),
        (np.full((60, 3), np.nan), np.ones((60, 3)), "real features hold NaN"),
        (np.ones((60, 3)), np.full((60, 3), np.inf), "fake features hold NaN"),
    ],
)
def test_bad_features(score, real, fake, words):
    with pytest.raises(ValueError, match=words):
        score(real, fake)


@pytest.mark.parametrize(
    ("features", "error", "words"),
    [
        (np.ones((60, 3)) + 1j, TypeError, "real numbers, not complex"),
        (np.full((60, 3), "a"), TypeError, "real numbers"),
        (np.full((60, 3), None), TypeError, "real numbers, not object"),
        ([[1, 2], [3]], TypeError, "array of numbers"),
        (np.full((60, 3), 1e60), ValueError, "overflow"),
    ],
)
def test_what_is_no_array_of_features(features, error, words):
    for one, other in ((features, np.ones((60, 3))), (np.ones((60, 3)), features)):
        with pytest.raises(error, match=words):
            frechet_distance(one, other)


def test_float32_features_as_large_as_they_get():
    huge = np.random.default_rng(0).normal(size=(60, 3)) * 1e38
    assert np.isfinite(frechet_distance(huge, 2 * huge))
    assert np.isfinite(metrics.kernel_distance(huge, 2 * huge).mean)
    assert metrics.precision_recall(huge, huge)[:2] == (1, 1)


@pytest.mark.parametrize("count", [2.5, "3", None, 0, -1])
def test_counts_are_whole_numbers(count):
    x, p = np.random.default_rng(0).normal(size=(60, 3)), np.full((60, 2), 0.5)
    for score in (
        lambda: metrics.inception_score(p, splits=count),
        lambda: metrics.kernel_distance(x, x, subsets=count),
        lambda: metrics.kernel_distance(x, x, subset_size=count),
        lambda: metrics.precision_recall(x, x, k=count),
        lambda: metrics.density_coverage(x, x, k=count),
    ):
        with pytest.raises((TypeError, ValueError), match="whole number|or more"):
            score()


# The Inception Score


def test_inception_score_of_sure_and_of_unsure_classifiers():
    one_hot = np.eye(4)[np.arange(400) % 4]
    assert metrics.inception_score(one_hot, splits=10, seed=None) == (4, 0, 10, "contiguous")
    unsure = np.full((400, 4), 0.25)
    assert metrics.inception_score(unsure)[:2] == pytest.approx((1, 0))
    one_class = np.eye(4)[np.zeros(400, dtype=int)]
    assert metrics.inception_score(one_class)[:2] == pytest.approx((1, 0))


def test_inception_score_of_the_smallest_number():
    """Its mean over four rows is 0 in float64, and so is its share of the divergence."""
    p = np.array([[1, 5e-324], [1, 0], [1, 0], [1, 0]])
    assert metrics.inception_score(p, splits=1).mean == pytest.approx(1)


def test_inception_score_by_hand():
    """p = (.9, .1) and (.1, .9): KL to (.5, .5) is ln 2 less the entropy .325083 nats."""
    p = np.tile([[0.9, 0.1], [0.1, 0.9]], (2, 1))
    assert metrics.inception_score(p, splits=1).mean == pytest.approx(2 * np.exp(-0.3250829734))


def test_inception_score_over_splits():
    """As the original code has it: contiguous parts, ddof 0."""
    p = np.random.default_rng(0).dirichlet(np.ones(5), size=32)
    parts = [p[i * 32 // 3 : (i + 1) * 32 // 3] for i in range(3)]  # 10, 11, 11
    scores = [
        np.exp(np.mean(np.sum(q * (np.log(q) - np.log(q.mean(0, keepdims=True))), 1)))
        for q in parts
    ]
    found = metrics.inception_score(p, splits=3, seed=None)
    assert found[:2] == pytest.approx((np.mean(scores), np.std(scores)))


def test_sorted_images_are_shuffled_or_warned_of():
    p = np.eye(10)[np.repeat(np.arange(10), 100)]
    found = metrics.inception_score(p)
    assert found.mean > 9 and found.order == "shuffled, contiguous"
    assert found == metrics.inception_score(p) != metrics.inception_score(p, seed=1)
    with pytest.warns(UserWarning, match="sorted by class"):
        assert metrics.inception_score(p, seed=None).mean == pytest.approx(1)


@pytest.mark.parametrize(
    ("p", "words"),
    [
        (np.full((19, 2), 0.5), "at least 20"),
        (np.full(20, 0.5), "classes"),
        (np.ones((20, 1)), "2 classes"),
        (np.ones((20, 2)), "softmax"),
        (np.tile([1.5, -0.5], (20, 1)), "softmax"),
        (np.full((20, 2), np.nan), "NaN"),
    ],
)
def test_what_is_no_probability(p, words):
    with pytest.raises(ValueError, match=words):
        metrics.inception_score(p)


# The kernel distance


def test_kernel_distance_by_loops():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(7, 3)), rng.normal(size=(7, 3)) + 1

    def mean_kernel(a, b, skip):
        pairs = [(i, j) for i in range(7) for j in range(7) if i != j or not skip]
        return np.mean([(a[i] @ b[j] / 3 + 1) ** 3 for i, j in pairs])

    wanted = mean_kernel(x, x, True) + mean_kernel(y, y, True) - 2 * mean_kernel(x, y, False)
    found = metrics.kernel_distance(x, y)
    assert found == pytest.approx((wanted, 0, 1, 7))  # nothing left to draw: one subset


def test_kernel_distance_of_constant_sets():
    """k is 1 within the zeros and across, (4 + 1)^3 within the twos."""
    found = metrics.kernel_distance(np.zeros((9, 3)), np.full((8, 3), 2.0), subset_size=5)
    assert found == pytest.approx((124, 0, 100, 5))


def test_kernel_distance_is_unbiased():
    """In one dimension it is 3 (dm1)^2 + 3 (dm2)^2 + (dm3)^2 in raw moments, at any subset size."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(4000, 1)), rng.normal(0.5, 1, (4000, 1))
    d1, d2, d3 = (np.mean(x**k) - np.mean(y**k) for k in (1, 2, 3))
    found = metrics.kernel_distance(x, y, subsets=2000, subset_size=20)
    error = found.std / np.sqrt(2000)
    assert found.mean == pytest.approx(3 * d1**2 + 3 * d2**2 + d3**2, abs=4 * error)
    same = metrics.kernel_distance(x, x, subsets=2000, subset_size=20)
    assert same.mean == pytest.approx(0, abs=4 * same.std / np.sqrt(2000))


# The Frechet distance against N


def gaussians(n, seed, d=8):
    """Two sets of n, whose Frechet distance is truly d (1^2 + (1.5 - 1)^2)."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)), rng.normal(1, 1.5, size=(n, d))


def test_infinity_lies_nearer_the_truth_and_within_its_interval():
    truth = 8 * 1.25
    fits = [metrics.frechet_against_n(*gaussians(1000, seed), seed=seed) for seed in range(40)]
    at_full_n = np.mean([fit.distances[-1] for fit in fits])
    infinity = np.mean([fit.infinity for fit in fits])
    assert abs(infinity - truth) < abs(at_full_n - truth) / 2
    within = [fit.interval[0] < truth < fit.interval[1] for fit in fits]
    assert np.mean(within) > 0.85


def test_slope_of_two_equal_gaussians():
    """The mean term is 2 d / N on average, that of covariances (d^2 + d) / (2 N)."""
    rng = np.random.default_rng(0)
    slopes = [
        metrics.frechet_against_n(*rng.normal(size=(2, 2000, 8)), seed=seed).slope
        for seed in range(20)
    ]
    assert np.mean(slopes) == pytest.approx(16 + 36, rel=0.15)


def test_sizes():
    x, y = gaussians(60, 0)
    fit = metrics.frechet_against_n(x, y, sizes=[40, 20, 60])
    assert fit.sizes.tolist() == [20, 40, 60]
    assert fit.distances[-1] == pytest.approx(frechet_distance(x, y))
    assert fit.interval[0] < fit.infinity < fit.interval[1]
    assert metrics.frechet_against_n(x, y).sizes[0] == 16  # twice the dimensions
    for sizes in ([], [30], [5, 60], [20, 61], [20, 21]):
        with pytest.raises(ValueError, match="several N"):
            metrics.frechet_against_n(x, y, sizes=sizes)
