"""Statistics in files: ours, other libraries', and those that must be refused."""

import numpy as np
import pytest

from gankit.metrics import Statistics, frechet_distance, frechet_distance_from_moments, moments
from gankit.metrics.statistics import load

LABELS = {"extractor": "3fa9", "resize": "none", "split": "test"}


@pytest.fixture
def features():
    return np.random.default_rng(0).normal(size=(20, 3))


def test_saved_and_read(tmp_path, features):
    Statistics.of(features, **LABELS).save(tmp_path / "real.npz")
    found = load(tmp_path / "real.npz", **LABELS)
    assert (found.n, found.extractor, found.resize, found.split) == (20, "3fa9", "none", "test")
    fake = features + 1
    again = frechet_distance_from_moments(found.mu, found.sigma, *moments(fake))
    assert again == pytest.approx(frechet_distance(features, fake))
    assert "n=20" in repr(found) and "array" not in repr(found)


@pytest.mark.parametrize("label", LABELS)
def test_a_mismatch_is_refused(tmp_path, features, label):
    Statistics.of(features, **LABELS).save(tmp_path / "real.npz")
    with pytest.raises(ValueError, match=f"{label} is '{LABELS[label]}', wanted 'another'"):
        load(tmp_path / "real.npz", **{label: "another"})


def test_bare_files_of_other_libraries(tmp_path, features):
    mu, sigma = moments(features)
    np.savez(tmp_path / "theirs.npz", mu=mu, sigma=sigma)
    found = load(tmp_path / "theirs.npz")
    np.testing.assert_array_equal(found.sigma, sigma)
    assert found.n is found.extractor is found.resize is found.split is None
    with pytest.raises(ValueError, match="not recorded"):
        load(tmp_path / "theirs.npz", extractor="3fa9")
    found.save(tmp_path / "again.npz")
    with np.load(tmp_path / "again.npz") as file:
        assert set(file.files) == {"mu", "sigma"}


def test_what_is_no_statistics(tmp_path, features):
    np.savez(tmp_path / "features.npz", features=features)
    with pytest.raises(ValueError, match="`mu` and `sigma`"):
        load(tmp_path / "features.npz")
    np.savez(tmp_path / "half.npz", mu=np.zeros(2), sigma=np.eye(2, dtype="float32"))
    with pytest.raises(ValueError, match="float32"):
        load(tmp_path / "half.npz")
    with pytest.raises(ValueError, match="npz"):
        Statistics.of(features).save(tmp_path / "real.txt")
