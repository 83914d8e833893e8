"""Statistics in files: ours, other libraries', and those that must be refused."""

import numpy as np
import pytest

from gankit.metrics import Statistics, frechet_distance, frechet_distance_from_moments, moments
from gankit.metrics import load_statistics as load

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


def test_distance_to_features_of_the_same_extractor_alone(features):
    known = Statistics.of(features, **LABELS)
    for options in ({}, {"extractor": "3fa9"}):
        found = known.distance(features[:9] + 1, **options)
        assert found == pytest.approx(frechet_distance(features, features[:9] + 1))
    for one, wanted in ((known, "another"), (Statistics.of(features), "3fa9")):
        with pytest.raises(ValueError, match=f"'{one.extractor or 'not recorded'}'.*'{wanted}'"):
            one.distance(features, extractor=wanted)


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


def test_damaged_files(tmp_path, features):
    """Cut anywhere, or a byte changed: a ValueError, or the statistics."""
    path = tmp_path / "real.npz"
    Statistics.of(features, **LABELS).save(path)
    whole = path.read_bytes()
    damaged = [whole[:end] for end in range(0, len(whole), 50)]
    damaged += [whole[:i] + bytes([whole[i] ^ 90]) + whole[i + 1 :] for i in range(len(whole))][::9]
    for data in damaged:
        path.write_bytes(data)
        try:
            found = load(path)
        except ValueError:
            continue
        np.testing.assert_array_equal(found.sigma, moments(features)[1])
    with open(path, "wb") as file:
        np.save(file, features)  # one array, not several
    with pytest.raises(ValueError, match="no .npz"):
        load(path)
    np.savez(path, mu=np.array([None]), sigma=np.eye(1))
    with pytest.raises(ValueError, match="allow_pickle"):
        load(path)
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "none.npz")


def test_labels_are_texts(tmp_path, features):
    with pytest.raises(TypeError, match="its .hash"):
        Statistics.of(features, extractor=object())
    with pytest.raises(ValueError, match="n is 2 or more"):
        Statistics(*moments(features), n=0)


def test_what_is_no_statistics(tmp_path, features):
    np.savez(tmp_path / "features.npz", features=features)
    with pytest.raises(ValueError, match="`mu` and `sigma`"):
        load(tmp_path / "features.npz")
    np.savez(tmp_path / "half.npz", mu=np.zeros(2), sigma=np.eye(2, dtype="float32"))
    with pytest.raises(ValueError, match="float32"):
        load(tmp_path / "half.npz")
    with pytest.raises(ValueError, match="npz"):
        Statistics.of(features).save(tmp_path / "real.txt")
