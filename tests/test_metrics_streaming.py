"""The streaming scores: equal to the functions, exact, small, saved and loaded."""

import keras
import numpy as np
import pytest

from gankit.datasets import Images
from gankit.metrics import frechet_distance, inception_score, moments
from gankit.metrics.streaming import FrechetDistance, InceptionScore, Moments


def batches(x, sizes=(7, 1, 30, 2)):
    return np.split(x, np.cumsum(sizes))


@pytest.fixture
def features():
    rng = np.random.default_rng(0)
    return rng.normal(size=(60, 4)), rng.normal(1, 2, size=(60, 4))


@pytest.fixture
def probabilities():
    return np.random.default_rng(0).dirichlet(np.ones(5), size=60)


def test_frechet_distance_in_batches(features):
    metric = FrechetDistance()
    for real, fake in zip(*map(batches, features)):
        metric.update_state(real, fake)
    assert metric.result() == pytest.approx(frechet_distance(*features), rel=1e-12)
    for fake in batches(features[0] + 1):  # reals and fakes need not come together
        metric.update_state(fake=fake)
    both = np.concatenate([features[1], features[0] + 1])
    assert metric.result() == pytest.approx(frechet_distance(features[0], both), rel=1e-12)
    assert metric.real.n == 60 and metric.fake.n == 120


def test_no_digits_are_lost_to_a_large_mean(features):
    running = Moments()
    for batch in batches(features[0] + 1e7):
        running.add(batch)
    np.testing.assert_allclose(running.result()[1], moments(features[0])[1], rtol=1e-7)


def test_inception_score_in_batches(probabilities):
    """The i-th image in part i mod splits: the function's contiguous parts, after sorting so."""
    metric = InceptionScore(splits=4)
    for batch in batches(probabilities):
        metric.update_state(batch)
    order = np.argsort(np.arange(60) % 4, kind="stable")
    wanted = inception_score(probabilities[order], splits=4, seed=None)
    assert metric.result() == pytest.approx((*wanted[:3], "i mod splits"))


def test_memory_does_not_grow(features, probabilities):
    def kept(*metrics):
        state = {}
        for metric in metrics:
            metric.save_own_variables(state)
        return {name: (value.shape, value.dtype) for name, value in state.items()}

    frechet, score = FrechetDistance(), InceptionScore()
    sizes = []
    for _ in range(3):
        frechet.update_state(*features)
        score.update_state(probabilities)
        sizes.append(kept(frechet, score))
    assert sizes[0] == sizes[1] == sizes[2]
    assert sizes[0]["real_scatter"] == ((4, 4), np.float64)


def test_backend_tensors_are_taken(features):
    """Keras' tensors are float32, and stay on the device until they are counted."""
    metric = FrechetDistance()
    metric.update_state(*map(keras.ops.convert_to_tensor, features))
    assert metric.result() == pytest.approx(frechet_distance(*features), rel=1e-5)
    assert metric.real.scatter.dtype == np.float64


class Extractor:
    """Images to two features and two probabilities."""

    def __init__(self, hash="3fa9"):
        self.hash = hash

    def __call__(self, images):
        flat = images.reshape(len(images), -1)
        share = flat.mean(axis=1, keepdims=True)
        return flat[:, :2], np.concatenate([share, 1 - share], axis=1)


def test_images_through_an_extractor(pictures):
    real, fake = pictures[:24], pictures[24:] ** 2
    features = [Extractor()(images)[0] for images in (real, fake)]
    frechet, score = FrechetDistance(Extractor()), InceptionScore(Extractor(), splits=1)
    frechet.update_state(real, fake)
    assert frechet.result() == pytest.approx(frechet_distance(*features))
    score.update_state(real)
    assert score.result().mean == pytest.approx(
        inception_score(Extractor()(real)[1], splits=1).mean
    )
    frechet.extractor = Extractor("77b0")
    with pytest.raises(ValueError, match="3fa9.*77b0"):
        frechet.update_state(real)
    frechet.reset_state()
    frechet.update_state(real)


def test_features_of_two_kinds_are_not_mixed(features, pictures):
    """Features as they are, then an extractor's, is refused as the other order is."""
    metric = FrechetDistance()
    metric.update_state(features[0][:, :2])
    metric.extractor = Extractor()
    with pytest.raises(ValueError, match="none.*3fa9"):
        metric.update_state(pictures)


def test_what_was_refused_binds_to_no_extractor(pictures):
    metric = FrechetDistance(Extractor())
    with pytest.raises(ValueError, match="NaN"):
        metric.update_state(pictures * np.nan)
    metric.extractor = Extractor("77b0")
    metric.update_state(pictures)


def test_images_are_handed_to_the_extractor_as_they_are():
    images = Images(np.arange(48, dtype="uint8").reshape(3, 4, 4, 1))
    seen = []

    def extractor(given):
        seen.append(given)
        return np.ones((3, 2)), np.full((3, 2), 0.5)

    FrechetDistance(extractor).update_state(images)
    InceptionScore(extractor).update_state(images)
    assert seen == [images, images]


class Scored(keras.Model):
    """A model with the two scores as attributes."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.dense = keras.layers.Dense(1)
        self.distance = FrechetDistance()
        self.score = InceptionScore(splits=3)

    def call(self, x):
        return self.dense(x)


@pytest.mark.parametrize("counted", [True, False])
def test_saved_with_a_model(tmp_path, features, probabilities, counted):
    model = Scored()
    model(np.ones((1, 2)))
    if counted:
        model.distance.update_state(*features)
        model.score.update_state(probabilities)
    model.save(tmp_path / "scored.keras")
    loaded = keras.saving.load_model(tmp_path / "scored.keras", {"Scored": Scored})
    if counted:
        assert loaded.distance.result() == model.distance.result()
        assert loaded.score.result() == model.score.result()
    for one in (model, loaded):  # both go on alike, to the bit
        one.distance.update_state(features[1], features[0])
        one.score.update_state(probabilities[::-1])
    assert loaded.distance.result() == model.distance.result()
    assert loaded.score.result() == model.score.result()


def test_saved_alone(tmp_path, pictures):
    metric = FrechetDistance(Extractor())
    metric.update_state(pictures[:24], pictures[24:])
    state = {}
    metric.save_own_variables(state)
    np.savez(tmp_path / "state.npz", **state)
    again = FrechetDistance.from_config(metric.get_config())
    again.load_own_variables(np.load(tmp_path / "state.npz"))
    assert again.result() == metric.result()
    with pytest.raises(ValueError, match="3fa9"):  # the extractor must be given anew
        again.update_state(pictures)
    config = keras.saving.serialize_keras_object(InceptionScore(splits=7))
    assert keras.saving.deserialize_keras_object(config).splits == 7


def test_bad_input(features, probabilities):
    frechet, score = FrechetDistance(), InceptionScore()
    with pytest.raises(ValueError, match="0 were counted"):
        frechet.result()
    with pytest.raises(ValueError, match="20 images or more, and 0"):
        score.result()
    frechet.update_state(*features)
    score.update_state(probabilities)
    before = frechet.result(), score.result()
    for batch, words in (
        (np.ones((3, 5)), "5 dimensions"),
        (np.full((3, 4), np.nan), "NaN"),
        (np.ones(4), r"\(n, d\)"),
    ):
        with pytest.raises(ValueError, match=words):
            frechet.update_state(fake=batch)
    for batch, words in ((probabilities[:, :3], "softmax"), (np.eye(3), "3 classes, and 5")):
        with pytest.raises(ValueError, match=words):
            score.update_state(batch)
    with pytest.raises(ValueError, match="NaN"):  # the fakes are bad, the reals are not
        frechet.update_state(features[0], np.full((3, 4), np.nan))
    state = {}
    score.save_own_variables(state)
    with pytest.raises(ValueError, match="10 splits, this 4"):
        InceptionScore(splits=4).load_own_variables(state)
    with pytest.raises(ValueError, match="no weights"):
        frechet.update_state(*features, sample_weight=1)
    assert (frechet.result(), score.result()) == before  # what was refused was not counted
    with pytest.raises(ValueError, match="splits"):
        InceptionScore(splits=0)
