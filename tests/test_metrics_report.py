"""Extractors and the comparability card: what is refused, what is said, and what it is called."""

import subprocess
import sys
import tracemalloc

import keras
import numpy as np
import pytest
from keras import layers

from gankit import datasets, runs, training
from gankit.datasets import Images
from gankit.metrics import features as extractors
from gankit.metrics import report
from gankit.metrics.card import alarms, verdict
from gankit.metrics.features import Extractor, features
from gankit.metrics.inception import InceptionExtractor
from gankit.metrics.report import evaluate

RANDOM = np.random.default_rng(0).random((300, 4, 4, 1), dtype="float32")
STANDARD = ("FID", "Inception Score", "KID")


def toy(seen=None, **changes):
    """An extractor without a network: two pixels are the features, three the classes."""

    def read(images):
        if seen is not None:
            seen.append(len(images))
        flat = images.reshape(len(images), -1)
        chances = flat[:, 2:5] + 1e-3
        return flat[:, :2], chances / chances.sum(axis=1, keepdims=True)

    known = {"hash": "00ff", "dimensions": 2, "resize": "none"}
    return Extractor("toy", read, **(known | changes))


def classifier(shape=(4, 4, 1), end=None, classes=3, within="relu"):
    """A small network with a layer "features"."""
    return keras.Sequential([
        keras.Input(shape),
        layers.Flatten(),
        layers.Dense(5, activation=within, name="features"),
        layers.Dense(classes, activation=end),
    ])  # fmt: skip


# --- extractors ---------------------------------------------------------------------------------


def test_the_shared_classifier():
    test = datasets.fashion_mnist("test").take(300)
    extractor = features("fashion_mnist")
    found, chances = extractor(test)
    assert extractor.name == "fashion_mnist classifier" and not extractor.standard
    assert found.shape == (300, extractor.dimensions) == (300, 64) and found.dtype == np.float64
    assert np.mean(chances.argmax(axis=1) == test.labels) > 0.85
    np.testing.assert_allclose(chances.sum(axis=1), 1, atol=1e-12)
    for again in (extractor(test.unit(), batch_size=70), features(extractor)(test)):
        np.testing.assert_allclose(again[0], found, rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(again[1], chances, atol=1e-4)


def test_a_network_gives_its_layer_and_probabilities():
    network = classifier()
    found, chances = features(network)(RANDOM)
    weights, bias = network.get_layer("features").get_weights()
    wanted = np.maximum(RANDOM.reshape(300, -1) @ weights + bias, 0)
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    logits = wanted @ network.get_weights()[2] + network.get_weights()[3]
    np.testing.assert_allclose(chances, np.exp(logits) / np.exp(logits).sum(1, keepdims=True),
                               atol=1e-5)  # fmt: skip
    ended = classifier(end="softmax")
    ended.set_weights(network.get_weights())
    np.testing.assert_allclose(features(ended)(RANDOM)[1], chances, atol=1e-5)


def test_the_hash_is_that_of_weights_and_layer():
    network = classifier()
    before = features(network).hash
    assert features(network).hash == before
    flat = next(layer.name for layer in network.layers if isinstance(layer, layers.Flatten))
    assert features(network, layer=flat).hash != before
    assert features(network, layer=flat).dimensions == 16
    network.set_weights([w + 1e-6 for w in network.get_weights()])
    assert features(network).hash != before


def test_the_hash_is_that_of_how_weights_are_used():
    networks = classifier(), classifier(within="tanh"), classifier(end="softmax")
    for network in networks:
        network.set_weights(networks[0].get_weights())
    assert len({features(network).hash for network in networks}) == 3


def joined(first):
    """Two branches, one of them a network; `first` is what the sum takes first and doubles."""
    image = keras.Input((4, 4, 1))
    branch = keras.Sequential([keras.Input((4, 4, 1)), layers.Flatten(), layers.Dense(5)])
    parts = [branch(image), layers.Dense(5)(layers.Flatten()(image))]
    x = layers.Add(name="features")([parts[first], parts[first], parts[1 - first]])
    return keras.Model(image, layers.Dense(3)(x))


def test_the_hash_of_branches_is_that_of_how_they_are_joined():
    one, other, again = joined(0), joined(1), joined(0)
    for network in (other, again):  # the layers of both have other names than those of `one`
        network.set_weights(one.get_weights())
    assert features(one).hash == features(again).hash != features(other).hash
    flat = [next(x.name for x in part.layers if "flatten" in x.name) for part in (one, again)]
    assert flat[0] != flat[1] and features(one, flat[0]).hash == features(again, flat[1]).hash


def test_the_hash_is_the_same_in_another_process():
    code = "from gankit.metrics.features import features; print(features('fashion_mnist').hash)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    classifier()  # names are counted on
    built = extractors.recorded.__wrapped__("fashion_mnist", "features")
    assert out.stdout.split()[-1] == built.hash == features("fashion_mnist").hash


def test_any_size():
    image = keras.Input((None, None, 1))
    x = layers.GlobalAveragePooling2D(name="features")(layers.Conv2D(2, 3)(image))
    extractor = features(keras.Model(image, layers.Dense(3)(x)))
    assert extractor.resize == "none: takes any x any x 1"
    assert extractor(PICTURES)[0].shape == (50, 2) and extractor(RANDOM)[0].shape == (300, 2)
    with pytest.raises(ValueError, match="takes any x any x 1, not"):
        extractor(np.repeat(PICTURES, 3, axis=3))


def test_memory_is_that_of_one_batch():
    seen, images = [], Images(np.zeros((6000, 28, 28, 1), np.uint8))
    extractor = toy(seen)
    tracemalloc.start()
    extractor(images)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert seen == [500] * 12
    assert peak < 6000 * 28 * 28, "all of them as float32 would be four times as much"


class Inception(InceptionExtractor):
    """The FID's extractor without its network."""

    def __init__(self, standard):
        self.name, self.hash, self.resize, self.standard = "2015", "abc", "299 px", standard

    def __call__(self, images):
        return np.zeros((len(images), 2048), "float32"), np.full((len(images), 1008), 1 / 1008)


@pytest.mark.parametrize("standard", [True, False])
def test_standard_names_are_for_published_weights_alone(standard, monkeypatch):
    extractor = features(Inception(standard))
    assert set(extractor.score_names) == {"frechet", "inception", "kernel"}
    assert (tuple(extractor.score_names.values()) == STANDARD) == standard
    assert (extractor.hash, extractor.resize, extractor.dimensions) == ("abc", "299 px", 2048)
    assert extractor(np.zeros((3, 9, 7, 1)))[0].shape == (3, 2048), "any size is taken"
    monkeypatch.setattr(extractors, "fid_extractor", lambda weights, mode: Inception(standard))
    assert features("fid").hash == "abc"


PICTURES = np.full((50, 28, 28, 1), 0.5, "float32")


@pytest.mark.parametrize("images, error, says", [
    (255 * PICTURES, ValueError, r"span \[128, 128\]; perhaps they are in 0-255: divide by 255"),
    (PICTURES - 1, ValueError, r"perhaps they are in \[-1, 1\]: use \(x \+ 1\) / 2"),
    (PICTURES * np.nan, ValueError, "NaN"),
    (PICTURES.astype("uint8"), TypeError, "divide bytes by 255, or pass Images"),
    (PICTURES[..., 0], ValueError, r"images\[..., None\]"),
    (PICTURES[0], ValueError, r"image\[None\]"),
    (PICTURES[:0], ValueError, "empty"),
    (PICTURES[:, :14], ValueError, r"28 x 28 x 1, not \(14, 28, 1\).*resized\(28\)"),
    (np.repeat(PICTURES, 3, axis=3), ValueError, "28 x 28 x 1, not"),
    (np.repeat(PICTURES, 2, axis=3), ValueError, "1 or 3"),
    (PICTURES[:39], ValueError, "39 images; 40 are the least"),
])  # fmt: skip
def test_bad_images_are_refused_before_the_network_sees_any(images, error, says):
    seen = []
    extractor = toy(seen, image_shape=(28, 28, 1))
    for sets in ((images, PICTURES), (PICTURES, images)):
        name = "real" if sets[0] is images else "fake"
        with pytest.raises(error, match=f"(?s)^{name}: .*{says}"):
            evaluate(*sets, features=extractor)
    assert not seen


class Subclassed(keras.Model):
    """A network that tells nothing before it is called."""

    def call(self, x):
        return x


def two_inputs():
    """Of two images."""
    ends = keras.Input((4, 4, 1)), keras.Input((4, 4, 1))
    x = layers.Dense(5, name="features")(layers.Flatten()(layers.Add()(ends)))
    return keras.Model(ends, layers.Dense(3)(x))


@pytest.mark.parametrize("call, error, says", [
    (lambda: features("fashion_mnits"), ValueError, "did you mean 'fashion_mnist'.*cifar10"),
    (lambda: features(RANDOM), TypeError, "not of ndarray"),
    (lambda: features(classifier(), layer="featrues"), ValueError, "did you mean 'features'"),
    (lambda: features(classifier(classes=1)), ValueError, "two classes or more"),
    (lambda: features(classifier(end="sigmoid")), ValueError, "sigmoid.*end it in logits"),
    (lambda: features(keras.Sequential([layers.Dense(3)])), ValueError, "begins with an Input"),
    (lambda: features(Subclassed()), ValueError, "a Functional model"),
    (lambda: features(two_inputs()), ValueError, "one input"),
    (lambda: features(classifier(), layer=["features"]), TypeError, "one layer's name"),
    (lambda: features("fashion_mnist", layer=["features"]), TypeError, "one layer's name"),
    (lambda: features("fashion_mnist", mode="clean_fid"), ValueError, r"only features\('fid'\)"),
    (lambda: features("fid", mode="nonsense"), ValueError, "nonsense"),
    (lambda: features(toy())(RANDOM, batch_size=-1), ValueError, "batch_size"),
    (lambda: features(toy())(RANDOM, batch_size=0), ValueError, "batch_size"),
    (lambda: evaluate(RANDOM, RANDOM, toy(), n=301), ValueError, "real: n asks for 301 of 300"),
    (lambda: evaluate(RANDOM, RANDOM, toy(), n=1.5), ValueError, "n is a whole number"),
    (lambda: evaluate(RANDOM, PICTURES, toy()), ValueError, "one image size.*28.*resize"),
    (lambda: evaluate(RANDOM, RANDOM, toy(), held_out=RANDOM[:3]), ValueError, "held_out: 3"),
])  # fmt: skip
def test_other_bad_input(call, error, says):
    with pytest.raises(error, match=f"(?s){says}"):
        call()


def test_a_classifier_that_was_not_trained(monkeypatch, tmp_path):
    monkeypatch.setattr(extractors, "data_folder", lambda: tmp_path)
    extractors.recorded.cache_clear()
    with pytest.raises(FileNotFoundError, match="python -m gankit.runs cifar10_classifier"):
        features("cifar10")


# --- the report ---------------------------------------------------------------------------------


def test_every_image_is_seen_once():
    for options, more in (({}, 120), ({"noise": False}, 0), ({"held_out": RANDOM[:50]}, 170)):
        seen = []
        found = evaluate(RANDOM, RANDOM[:120], toy(seen), **options)
        assert sum(seen) == 300 + 120 + more
        assert (found.n_real, found.n_fake) == (300, 120)
        assert found.n_floor == ((300, 50) if "held_out" in options else (180, 120))
    seen = []
    evaluate(RANDOM, RANDOM, toy(seen), n=60)
    assert sum(seen) == 180


def test_fewer_images_held_out_than_n():
    images = Images((255 * RANDOM).astype("uint8"))
    for held_out in (images.take(45), RANDOM[:45]):
        found = evaluate(images, images, toy(), n=55, held_out=held_out)
        assert found.n_floor == (55, 45)


class Nameless(np.ndarray):
    name = None  # as PyTorch's tensors have it


def test_tensors_and_lists():
    wanted = evaluate(RANDOM, RANDOM**2, toy(), n=60).card()
    for kind in (keras.ops.convert_to_tensor, np.ndarray.tolist, lambda x: x.view(Nameless)):
        assert evaluate(kind(RANDOM), kind(RANDOM**2), toy(), n=60).card() == wanted


def test_split_none_is_not_stated():
    assert "split: not stated" in evaluate(RANDOM, RANDOM, toy(), split=None).card()


def test_scores_are_those_of_the_plain_functions():
    from gankit import metrics

    fake = RANDOM**2
    found = evaluate(RANDOM, fake, toy(), seed=3)
    (r, _), (f, p) = toy()(RANDOM), toy()(fake)
    scores = found.scores
    assert scores["frechet"] == metrics.frechet_distance(r, f)
    assert scores["frechet"] == pytest.approx(scores["mean_term"] + scores["covariance_term"])
    assert scores["inception"] == metrics.inception_score(p, seed=3).mean
    assert scores["kernel"] == metrics.kernel_distance(r, f, seed=3).mean
    assert (scores["precision"], scores["recall"]) == metrics.precision_recall(r, f)[:2]
    assert (scores["density"], scores["coverage"]) == metrics.density_coverage(r, f)[:2]
    assert found.scores.keys() == found.floor.keys() == found.noise.keys()
    assert found.floor["frechet"] < scores["frechet"]
    assert evaluate(RANDOM, fake, toy(), seed=3).card() == found.card(), "seeded"


def test_identical_sets():
    found = evaluate(RANDOM, RANDOM.copy(), toy())
    assert found.scores["frechet"] == pytest.approx(0, abs=1e-5)
    assert found.scores["kernel"] <= found.floor["kernel"] + 1e-3
    assert found.scores["precision"] == found.scores["recall"] == found.scores["coverage"] == 1
    assert any(warning.startswith("below the floor") for warning in found.warnings)


def pixels(*columns):
    """300 random images whose first pixels are these columns."""
    images = RANDOM[::-1].copy()
    for i, column in enumerate(columns):
        images[:, 0, i, 0] = column
    return images


SPREAD = np.linspace(0, 1, 300) ** 2
BLACK = pixels(SPREAD, SPREAD, 1, 0)  # features off, and class 0 alone: pixel 5 is overwritten
BLACK[:, 1, 0] = 0
EACH = pixels(SPREAD, SPREAD, *(np.arange(300) % 3 == np.arange(2)[:, None]))
EACH[:, 1, 0, 0] = np.arange(300) % 3 == 2  # sure of its class, and each as often


@pytest.mark.parametrize("fake, changes, options, names", [
    (pixels(SPREAD), {}, {}, set()),
    (BLACK, {}, {}, {"one class"}),
    (pixels(SPREAD), {"dimensions": 300}, {}, {"few images"}),
    (pixels(SPREAD)[:200], {}, {}, {"different N"}),
    (pixels(SPREAD)[:200], {}, {"n": 200}, set()),
    (RANDOM, {}, {}, {"below the floor"}),
    (RANDOM, {}, {"held_out": pixels(SPREAD)}, {"below the floor"}),
    (EACH, {}, {}, {"above the reals"}),
    (RANDOM[:150], {"dimensions": 150}, {}, {"few images", "different N", "below the floor"}),
])  # fmt: skip
def test_warnings(fake, changes, options, names):
    found = evaluate(RANDOM, fake, toy(**changes), **options)
    assert {warning.split(":")[0] for warning in found.warnings} == names
    assert found.card().count("WARNING") == len(names)


def test_the_floor_is_brought_to_the_samples_n():
    """The distance of 150 to 150 is 2: that of 300 to 300 would be about 1."""
    floor = {"frechet": 2.0, "inception": 3.0, "inception_std": 0}
    unsure = np.full((300, 3), 1 / 3)
    unsure[0] = 0, 1, 0
    for distance, warned in ((1.5, False), (0.9, True)):
        found = alarms(toy(), floor | {"frechet": distance}, floor, (300, 300), (150, 150), unsure)
        assert any("below the floor" in x and "about 1 at" in x for x in found) == warned
        assert len(found) == warned


@pytest.mark.parametrize("n", [40, 100, 300])
def test_a_perfect_generator_is_not_above_the_reals(n):
    """Sure of one of ten classes: the score of N / 10 images a split grows with N."""

    def read(images):
        chances = np.eye(10)[np.minimum(10 * images[:, 0, 0, 0], 9).astype(int)]
        return images.reshape(len(images), -1)[:, :2], chances

    for seed in range(10):
        real, fake = np.random.default_rng(seed).random((2, n, 4, 4, 1), dtype="float32")
        extractor = Extractor("toy", read, "00ff", 2, "none")
        found = evaluate(real, fake, extractor, noise=False, seed=seed)
        assert not any("above the reals" in warning for warning in found.warnings)


def test_the_card_of_a_classifier_never_says_fid():
    images = datasets.fashion_mnist("test").take(100)
    found = evaluate(images, images, split="test")
    card = str(found)
    assert card == repr(found) == found.card()
    for name in (*STANDARD, "IS", "nception"):
        assert name not in card
    for words in (
        "Frechet classifier distance", "classifier score", "kernel classifier distance",
        "precision", "recall", "density", "coverage", "fashion_mnist classifier, 64 dimensions",
        features("fashion_mnist").hash[:12], "none: takes 28 x 28 x 1", images.name,
        "split: test", "100 real, 100 samples", "50 of them as samples of the 50 others",
        "no maximum", "10, shuffled, contiguous", "1 of 100", "3 for precision", "5 for density",
        "only within this extractor",
    ):  # fmt: skip
        assert words in card, words
    assert not found.comparable


def test_the_card_of_the_standard_network(monkeypatch):
    found = evaluate(RANDOM, RANDOM**2, toy(standard=True), noise=False)
    for name in STANDARD:
        assert f"\n{name} " in found.card()
    assert "classifier" not in found.card() and found.noise == {}
    assert "only within this N" in found.conditions["verdict"] and not found.comparable
    monkeypatch.setattr(report, "PUBLISHED", 300)
    assert evaluate(RANDOM, RANDOM**2, toy(standard=True)).comparable
    assert not evaluate(RANDOM, RANDOM[:250], toy(standard=True)).comparable
    assert not evaluate(RANDOM, RANDOM**2, toy()).comparable


def test_verdicts():
    assert verdict(True, True).startswith("comparable with published figures")
    for known in ((True, False), (False, False)):
        assert verdict(*known).startswith("only within this")


# --- the classifiers' recipes -------------------------------------------------------------------


@pytest.mark.parametrize("name", ["cifar10", "cats_vs_dogs"])
def test_a_recipe_trains_what_features_read(name, monkeypatch, tmp_path):
    load = datasets.load
    monkeypatch.setattr(training.datasets, "load", lambda *a: load(*a).take(200))
    runs.main([f"{name}_classifier", "--steps", "1", "--width", "2", "--out", f"{tmp_path}/runs"])
    monkeypatch.setattr(extractors, "data_folder", lambda: tmp_path)
    extractors.recorded.cache_clear()
    try:
        found, chances = features(name)(load(name, "test").take(5))
    finally:
        extractors.recorded.cache_clear()
    assert found.shape == (5, 64) and chances.shape == (5, 2 if name == "cats_vs_dogs" else 10)


def test_balanced_takes_as_many_of_each_class():
    labels = np.array([0, 2, 1, 0, 0, 2, 1, 2])
    pixels = np.arange(8, dtype="uint8").reshape(8, 1, 1, 1)
    images = training.balanced(Images(pixels, labels, ("a", "b", "c"), "toy"))
    assert images.images.ravel().tolist() == [0, 1, 2, 3, 5, 6]
    assert images.labels.tolist() == [0, 2, 1, 0, 2, 1]
    assert images.name == "toy, 2 of each class"


def recorded(name):
    """The run of the classifier; skipped, saying so, where it was not trained."""
    try:
        return runs.load_run(f"{name}_classifier")
    except FileNotFoundError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("name", ["cifar10", "cats_vs_dogs"])
def test_recorded_classifiers_are_small_and_of_the_real_set(name):
    run = recorded(name)
    assert sum(path.stat().st_size for path in run.folder.iterdir()) < 2**20
    assert run.record["data"].startswith(name) and "stand-in" not in run.record["data"]
    extractor = features(name)
    assert extractor.dimensions == 64 and extractor.image_shape == tuple(run.recipe["image_shape"])


@pytest.mark.realdata
@pytest.mark.parametrize("name", ["cifar10", "cats_vs_dogs"])
def test_recorded_classifiers_are_as_good_as_they_say(name):
    run, test = recorded(name), datasets.load(name, "test")
    if "stand-in" in test.name:
        pytest.skip(f"{name} is not at hand")
    test = training.balanced(test).take(1000)
    found = features(name)(test)[1].argmax(axis=1)
    assert abs(np.mean(found == test.labels) - run.record["results"]["test_accuracy"]) < 0.05
