"""Precision, recall, density, coverage: by hand, by brute force, and where the answer is known."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from gankit.metrics import density_coverage, precision_recall
from gankit.metrics.neighbours import distances, limits


def by_brute_force(real, fake, k):
    """Every pair, as the papers' formulas have it."""
    radius = {
        "real": np.sort(cdist(real, real), axis=1)[:, k],
        "fake": np.sort(cdist(fake, fake), axis=1)[:, k],
    }
    across = cdist(real, fake)
    n, m = across.shape
    in_real = [[across[i, j] < radius["real"][i] for j in range(m)] for i in range(n)]
    in_fake = [[across[i, j] < radius["fake"][j] for j in range(m)] for i in range(n)]
    precision = np.mean([any(in_real[i][j] for i in range(n)) for j in range(m)])
    recall = np.mean([any(row) for row in in_fake])
    density = sum(sum(row) for row in in_real) / (k * m)
    coverage = np.mean([any(row) for row in in_real])
    return precision, recall, density, coverage


@pytest.mark.parametrize("k", [1, 3])
def test_against_brute_force(k):
    rng = np.random.default_rng(k)
    real, fake = rng.normal(size=(60, 4)) + 1e7, 0.8 * rng.normal(size=(45, 4)) + 1e7 + 1
    found = precision_recall(real, fake, k)[:2] + density_coverage(real, fake, k)[:2]
    wanted = by_brute_force(real, fake, k)
    assert min(wanted) > 0 and max(wanted[:2]) < 1
    assert found == pytest.approx(wanted)


def test_by_hand():
    """On a line, k = 1: balls around 0, 1, 3 have the radii 1, 1, 2."""
    real, fake = np.array([[0.0], [1], [3]]), np.array([[0.5], [4.5], [9]])
    assert precision_recall(real, fake, k=1) == (2 / 3, 1, 1)  # 9 is in no ball; radii 4, 4, 4.5
    assert density_coverage(real, fake, k=1) == (1, 1, 1)  # .5 in two balls, 4.5 in one


def test_copies_and_collapse():
    rng = np.random.default_rng(0)
    real = rng.normal(size=(50, 4))
    assert precision_recall(real, real) == (1, 1, 3)
    assert density_coverage(real, real) == (1, 1, 5)  # in its own ball and in k - 1 more
    far = precision_recall(real, real + 100), density_coverage(real, real + 100)
    assert far == ((0, 0, 3), (0, 0, 5))
    collapsed = np.repeat(real[:1], 50, axis=0)
    assert precision_recall(real, collapsed) == (1, 1 / 50, 3)
    assert density_coverage(real, collapsed).coverage < 0.3


@pytest.mark.parametrize("d", [3, 20, 64])
def test_the_kth_neighbour_is_outside_whatever_a_product_rounds(d):
    real = np.random.default_rng(0).normal(size=(100, d))
    near = np.argsort(cdist(real, real), axis=1)[:, :5]  # the point itself and four more
    for m in (6, 7, 37):
        found = density_coverage(real, real[:m]).density
        assert found == pytest.approx(np.sum(near < m) / (5 * m))
    edge = np.sort(cdist(real, real, "sqeuclidean"), axis=1)[:, 5]
    assert (limits(real, 5) < edge * (1 - 1e-10)).all(), "not even the last digits reach it"
    np.testing.assert_allclose(limits(real, 5), edge, rtol=1e-8)


def test_copies_in_both_sets():
    """Each point six times: all balls have the radius 0, whatever a matrix product rounds."""
    points = np.repeat(np.random.default_rng(0).normal(size=(30, 200)), 6, axis=0)
    assert precision_recall(points, points[::-1]) == (1, 1, 3)
    assert density_coverage(points, points[::-1]) == (6 / 5, 1, 5)


def test_constant_sets():
    """A copy of the centre lies in a ball of radius 0."""
    same = np.ones((9, 2))
    assert precision_recall(same, same) == (1, 1, 3)
    assert density_coverage(same, same) == (9 / 5, 1, 5)
    assert precision_recall(same, same + 1) == (0, 0, 3)


def test_real_against_real():
    """Naeem et al., section 3.3: the expected density is 1, the coverage about 1 - 2^-k."""
    x, y = np.random.default_rng(0).normal(size=(2, 2000, 3))
    found = density_coverage(x, y)
    assert found.density == pytest.approx(1, abs=0.05)
    assert found.coverage == pytest.approx(1 - 2**-5, abs=0.02)


def test_distances_come_in_small_blocks():
    x, y = np.random.default_rng(0).normal(size=(2, 30, 5))
    blocks = [block for _, block in distances(x, y, at_once=70)]
    assert max(block.size for block in blocks) <= 70
    np.testing.assert_allclose(np.concatenate(blocks), cdist(x, y, "sqeuclidean"))


def test_bad_k():
    for score in (precision_recall, density_coverage):
        with pytest.raises(ValueError, match="k is 1"):
            score(np.ones((9, 2)), np.ones((9, 2)), k=0)
        with pytest.raises(ValueError, match="at least 10"):
            score(np.ones((9, 2)), np.ones((9, 2)), k=9)
