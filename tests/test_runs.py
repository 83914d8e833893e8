"""Reference runs: what they leave, that they resume, and that the tracked ones are as promised."""

import keras
import numpy as np
import pytest
from keras import ops

from gankit import runs, training
from gankit.datasets import data_folder

RECORDED = sorted(path.parent.name for path in (data_folder() / "runs").glob("*/record.json"))
RECIPES = sorted(path.stem for path in runs.RECIPES.glob("*.json"))
GANS = [name for name in RECIPES if runs.load_recipe(name)["kind"] == "gan"]
FILES = ["discriminator.keras", "generator.keras", "history.csv", "probes.csv", "recipe.json"]


@pytest.fixture
def small(monkeypatch):
    """The recipe of the DCGAN, tiny and without a judge."""
    recipe = runs.load_recipe("dcgan_fashion_mnist")
    recipe |= {"judge": None, "batch_size": 8, "epochs": 3}
    recipe |= {"probe_steps": [0, 2], "look_every": 1}
    monkeypatch.setattr(runs, "load_recipe", lambda name: dict(recipe))
    take = training.datasets.Images.take
    load = training.datasets.load
    monkeypatch.setattr(training.datasets, "load", lambda *a, **k: take(load(*a, **k), 32))


def test_a_run_leaves_what_it_promises(small, tmp_path):
    runs.main(["dcgan_fashion_mnist", "--width", "2", "--out", str(tmp_path)])
    run = runs.load_run("dcgan_fashion_mnist", folder=tmp_path)
    names = sorted(path.name for path in run.folder.iterdir())
    grids = [f"samples_{step:06d}.png" for step in (0, 2, 4, 8, 12)]
    assert names == sorted([*FILES, "progress.png", "record.json", *grids])
    assert list(run.history["epoch"]) == [1, 2, 3]
    assert list(run.probes["step"]) == [0, 2, 4, 8, 12]
    assert run.recipe["generator"]["width"] == 2 and run.record["results"]["steps"] == 12
    spent = run.history["processor_seconds"]
    assert 0 < spent[0] < spent[1] < spent[2] <= run.record["processor_seconds"] + 0.1
    latent = np.zeros((2, run.recipe["generator"]["latent_dim"]))
    images = run.network("generator").predict(latent, verbose=0)
    assert images.shape == (2, 28, 28, 1)
    # a finished run is not trained again
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    runs.main(["dcgan_fashion_mnist", "--out", str(tmp_path), "--resume"])
    assert before == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}


def test_an_interrupted_run_resumes_to_the_same_numbers(small, tmp_path, monkeypatch):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    arguments = ["dcgan_fashion_mnist", "--width", "2", "--out"]
    runs.main([*arguments, str(whole)])

    def interrupt(self, batch, logs=None):
        if self.epoch == 2 and batch == 1:  # inside the third epoch
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(training.Probe, "on_train_batch_end", interrupt)
        with pytest.raises(KeyboardInterrupt):
            runs.main([*arguments, str(broken)])
    with pytest.raises(SystemExit, match="--resume"):
        runs.main([*arguments, str(broken)])
    with pytest.raises(SystemExit, match="other settings"):
        runs.main([*arguments, str(broken), "--resume", "--steps", "8"])
    runs.main(["dcgan_fashion_mnist", "--out", str(broken), "--resume"])

    one, two = (runs.load_run("dcgan_fashion_mnist", folder=f) for f in (whole, broken))
    for name in ("generator", "discriminator"):
        for a, b in zip(one.network(name).get_weights(), two.network(name).get_weights()):
            np.testing.assert_array_equal(a, b)
    for key in set(one.history) - {"seconds", "processor_seconds"}:
        np.testing.assert_array_equal(one.history[key], two.history[key])
    assert (np.diff(two.history["processor_seconds"]) > 0).all()  # counted on, not from 0
    assert set(two.probes["step"]) == {0, 4, 8, 12}


def test_steps_shorten_a_run():
    recipe = {"batch_size": 10, "epochs": 9, "generator": {"width": 8}}
    images = training.datasets.Images(np.zeros((100, 4, 4, 1), "uint8"), name="black")
    assert runs.adapted(recipe, None, None, images)["epochs"] == 9
    wanted = {**recipe, "images": 100, "image_shape": [4, 4, 1], "epochs": 3}
    assert runs.adapted(recipe, 25, None, images) == wanted
    asked = runs.adapted({**recipe, "images": 40, "steps": 6}, None, None, images)
    assert (asked["images"], asked["epochs"]) == (40, 2)
    short = runs.adapted(recipe, 4, 2, images)
    assert (short["images"], short["epochs"], short["generator"]) == (40, 1, {"width": 2})


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["dcgan_fashion_mnis"], "did you mean 'dcgan_fashion_mnist'"),
        (["mlp_fashion_mnist", "--width", "16"], "no width"),
    ],
)
def test_the_command_line_says_what_is_wrong(arguments, words, tmp_path):
    with pytest.raises(SystemExit, match=words):
        runs.main([*arguments, "--out", str(tmp_path)])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("option", ["--steps", "--width"])
@pytest.mark.parametrize("value", ["0", "-3", "many"])
def test_numbers_of_the_command_line(option, value, capsys):
    with pytest.raises(SystemExit):
        runs.main(["dcgan_fashion_mnist", f"{option}={value}"])
    assert "whole number" in capsys.readouterr().err


def test_a_damaged_state_is_told(small, tmp_path):
    folder = tmp_path / "dcgan_fashion_mnist"
    folder.mkdir()
    (folder / "state.checkpoint.keras").write_bytes(b"half a file")
    with pytest.raises(SystemExit, match="damaged"):
        runs.main(["dcgan_fashion_mnist", "--resume", "--out", str(tmp_path)])


def test_unknown_and_untrained_runs(tmp_path):
    with pytest.raises(ValueError, match="did you mean 'dcgan_fashion_mnist'"):
        runs.load_run("dcgan_fashion_mnis")
    with pytest.raises(FileNotFoundError, match="python -m gankit.runs dcgan_fashion_mnist"):
        runs.load_run("dcgan_fashion_mnist", folder=tmp_path)


@pytest.mark.parametrize("name", GANS)
def test_recipes_of_gans_fit_their_data(name):
    recipe = runs.load_recipe(name)
    shape = {"fashion_mnist": (28, 28, 1), "cifar10": (32, 32, 3)}[recipe["data"]]
    images = training.datasets.Images(np.zeros((64, *shape), "uint8"), name="black")
    gan = training.make_gan(runs.adapted(recipe, 1, None, images), 1)
    assert gan.generate(2, seed=0).shape == (2, *shape)
    assert runs.load_run(recipe["judge"]).recipe["data"] == recipe["data"]


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_runs_are_small_and_whole(name):
    run = runs.load_run(name)
    assert sum(path.stat().st_size for path in run.folder.iterdir()) < 3_000_000
    assert "(s" not in run.record["data"], "recorded on the sample or a stand-in"
    assert len(run.history["epoch"]) == run.recipe["epochs"]


def test_the_classifier_is_as_good_as_it_says():
    """On the bundled sample's 2,000 test images; the record has all 10,000."""
    run = runs.load_run("fashion_mnist_classifier")
    assert run.record["results"]["test_accuracy"] >= 0.91
    assert (run.folder / "classifier.keras").stat().st_size < 2_000_000
    test = training.datasets.fashion_mnist("test")
    found = run.network("classifier").predict(test.unit(), verbose=0).argmax(axis=1)
    assert np.mean(found == test.labels) > 0.89


def test_the_recorded_dcgan_makes_all_ten_classes():
    """An independent classifier finds ten classes among 1,000 samples, none above a quarter."""
    run = runs.load_run("dcgan_fashion_mnist")
    keras.utils.set_random_seed(0)
    shape = 1000, run.recipe["generator"]["latent_dim"]
    latent = np.random.default_rng(7).normal(size=shape).astype("float32")
    samples = run.network("generator").predict(latent, verbose=0)
    classifier = runs.load_run("fashion_mnist_classifier").network("classifier")
    counts = np.bincount(classifier.predict(samples, verbose=0).argmax(axis=1), minlength=10)
    assert counts.min() > 0 and counts.max() <= 250
    assert run.recipe["epochs"] >= 25 and run.recipe["images"] == 60_000
    assert run.probes["frechet"][-1] < run.probes["frechet"][0] / 10


def test_a_recorded_network_keeps_its_precision_whatever_is_set():
    """A GAN in mixed precision is judged by the same classifier, not by a coarser one."""
    images = np.random.default_rng(0).random((4, 28, 28, 1), "float32")
    classifier = runs.load_run("fashion_mnist_classifier").network("classifier")
    expected = ops.convert_to_numpy(classifier(images))
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        network = runs.load_run("fashion_mnist_classifier").network("classifier")
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
        features = keras.Model(network.inputs[0], network.get_layer("features").output)(images)
        np.testing.assert_array_equal(ops.convert_to_numpy(network(images)), expected)
    finally:
        keras.config.set_dtype_policy("float32")
    assert keras.backend.standardize_dtype(features.dtype) == "float32"
