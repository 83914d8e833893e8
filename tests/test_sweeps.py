"""Sweeps: each run as if trained alone, failed ones repeated alone, verdicts honest."""

import json
import os
import shutil

import numpy as np
import pytest

from gankit import datasets, runs, sweeps, training
from gankit.datasets import data_folder

pytest.importorskip("joblib", reason="joblib hands the runs out")
from gankit import sweep_training

TINY = {
    "kind": "sweep",
    "seeds": [0, 1],
    "base": {
        "data": "fashion_mnist", "family": "dcgan",
        "generator": {"latent_dim": 8, "width": 2}, "discriminator": {"width": 2},
        "learning_rate": 0.001, "beta_1": 0.5, "decay": "cosine",
        "compile": {"loss": "non_saturating"},
        "batch_size": 8, "images": 32, "steps": 6, "looks": "last", "keep": [],
    },
    "variants": {"Base": {}, "k = 2": {"compile": {"d_steps": 2}}},
}  # fmt: skip
IMAGES = datasets.Images(np.zeros((100, 28, 28, 1), "uint8"), name="fashion_mnist")


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """The tiny sweep as a recipe called "tiny"."""
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes" / "tiny.json").write_text(json.dumps(TINY))
    monkeypatch.setattr(runs, "RECIPES", tmp_path / "recipes")
    return tmp_path / "out"


def pretend(trained, failing=()):
    """A training that writes what `trained` counts, and breaks in the middle of some runs."""

    def train(recipe, folder, threads):
        folder.mkdir(parents=True, exist_ok=True)
        adapted = runs.adapted(recipe, None, None, IMAGES)
        (folder / "recipe.json").write_text(json.dumps(adapted))
        if folder.name in failing:
            return "killed by signal 9"
        trained.append(folder.name)
        record = {"results": {"steps": 6, "frechet": len(trained)}}
        record |= {"data": "fashion_mnist, 32 of 100", "seconds": 1.0, "processor_seconds": 0.5}
        (folder / "record.json").write_text(json.dumps(record))
        return ""

    return train


@pytest.fixture
def black(monkeypatch):
    """A data set of 100 black images, where real ones would be read."""
    monkeypatch.setattr(sweep_training.datasets, "load", lambda name: IMAGES)


def test_a_failed_run_is_repeated_alone(tiny, black, capsys):
    trained, folder = [], tiny / "tiny"
    broken = pretend(trained, failing=["base_seed1"])
    errors = sweep_training.run_sweep(TINY, folder, train=broken)
    assert errors == {("Base", 1): "killed by signal 9"}
    assert trained == ["base_seed0", "k_2_seed0", "k_2_seed1"]
    assert "3 of 4 · Base, seed 1 · failed: killed by signal 9" in capsys.readouterr().out
    found = sweeps.load_sweep("tiny", tiny)
    np.testing.assert_array_equal(found.scores, [[1, np.nan], [2, 3]])
    # once more: that one alone; then none
    assert sweep_training.run_sweep(TINY, folder, train=pretend(trained)) == {}
    assert trained[3:] == ["base_seed1"]
    assert sweep_training.run_sweep(TINY, folder, train=pretend(trained)) == {}
    assert len(trained) == 4
    summary = (folder / "summary.csv").read_text().splitlines()
    assert summary[0] == "variant,seed,steps,frechet,seconds,processor_seconds"
    assert summary[1:] == [
        "Base,0,6,1,1.0,0.5", "k = 2,0,6,2,1.0,0.5", "Base,1,6,4,1.0,0.5", "k = 2,1,6,3,1.0,0.5",
    ]  # fmt: skip


def test_only_some_and_other_settings(tiny, black):
    trained = []
    sweep_training.run_sweep(TINY, tiny, only=["k = 2"], train=pretend(trained))
    assert trained == ["k_2_seed0", "k_2_seed1"]
    with pytest.raises(ValueError, match="no variant"):
        sweep_training.run_sweep(TINY, tiny, only=["k = 3"], train=pretend(trained))
    sweep_training.run_sweep(TINY, tiny, train=pretend(trained, failing=["base_seed0"]))
    other = TINY | {"base": TINY["base"] | {"learning_rate": 0.1}}
    with pytest.raises(ValueError, match="other settings"):
        sweep_training.run_sweep(other, tiny, train=pretend(trained))


@pytest.mark.parametrize(
    ("file", "mine", "others"),
    [
        ("record.json", "fashion_mnist, 32 of 100", "fashion_mnist (sample), 32 of 100"),
        ("record.json", "fashion_mnist, 32 of 100", "fashion_mnist, 32 of 80"),
        ("recipe.json", '"images": 32', '"images": 30'),
        ("recipe.json", '"epochs": 2', '"epochs": 3'),
    ],
)
def test_a_sweep_on_two_data_sets_is_refused(file, mine, others, tiny, black):
    """Else runs of the bundled sample would stand beside those of all images, at other steps."""
    trained, folder = [], tiny / "tiny"
    sweep_training.run_sweep(TINY, folder, only=["Base"], train=pretend(trained))
    path = folder / "base_seed1" / file
    assert mine in path.read_text()
    path.write_text(path.read_text().replace(mine, others))
    with pytest.raises(ValueError, match="base_seed1 was not trained on fashion_mnist, 32 of 100"):
        sweep_training.run_sweep(TINY, folder, train=pretend(trained))
    assert len(trained) == 2


def test_a_worker_with_other_data_is_told(tiny, black):
    def train(recipe, folder, threads):
        pretend([])(recipe, folder, threads)
        record = folder / "record.json"
        record.write_text(record.read_text().replace("32 of 100", "32 of 80"))
        return ""

    with pytest.raises(ValueError, match="base_seed0 was not trained on"):
        sweep_training.run_sweep(TINY, tiny / "tiny", train=train)


def test_a_killed_run_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(sweep_training, "TRAIN", "import os; os.kill(os.getpid(), 9)")
    assert sweep_training.train_apart({}, tmp_path, 1) == "killed by signal 9"
    monkeypatch.setattr(sweep_training, "TRAIN", "raise ValueError('no such data')")
    assert sweep_training.train_apart({}, tmp_path, 1) == "ValueError: no such data"


def test_a_member_equals_the_run_trained_alone(tiny, monkeypatch, capsys):
    """In a Python of its own, by the command line; k = 2 takes as many steps of G."""
    monkeypatch.setenv("KERAS_BACKEND", training.BACKEND)
    arguments = ["sweep", "tiny", "--only", "k = 2", "--out", str(tiny)]
    one_seed = TINY | {"seeds": [1]}
    (runs.RECIPES / "tiny.json").write_text(json.dumps(one_seed))
    runs.main(arguments)
    assert "1 of 1 · k = 2, seed 1" in capsys.readouterr().out
    folder = tiny / "tiny" / "k_2_seed1"
    names = sorted(path.name for path in folder.iterdir())
    assert names == [
        "history.csv", "probes.csv", "recipe.json", "record.json", "samples_000006.png",
    ]  # fmt: skip
    assert sum(path.stat().st_size for path in folder.iterdir()) < 60_000
    assert json.loads((folder / "record.json").read_text())["results"]["steps"] == 6

    alone = TINY["base"] | {"kind": "gan", "seed": 1}
    alone["compile"] = {"loss": "non_saturating", "d_steps": 2}
    training.train_gan(alone, tiny / "alone")
    one, two = (runs.read_table(path / "history.csv") for path in (folder, tiny / "alone"))
    assert set(one) == set(two) and len(one["epoch"]) == 3
    for key in set(one) - {"seconds", "processor_seconds"}:
        np.testing.assert_allclose(one[key], two[key], rtol=1e-3)
    shutil.rmtree(folder)
    assert np.isnan(sweeps.load_sweep("tiny", tiny).scores).all()


@pytest.mark.parametrize("backend", ["threading", "dask"])
def test_joblib_hands_the_runs_out(backend, tiny):
    if backend == "dask":
        pytest.importorskip("distributed", reason="Dask is not installed")
    folder = tiny / "tiny"

    def train(recipe, folder, threads):  # what a worker does, without TensorFlow's start
        folder.mkdir()
        (folder / "pid").write_text(str(os.getpid()))
        return "no signal" if recipe["seed"] else ""

    errors = sweep_training.run_sweep(TINY, folder, jobs=2, backend=backend, train=train)
    assert errors == {("Base", 1): "no signal", ("k = 2", 1): "no signal"}
    pids = {int(path.read_text()) for path in folder.glob("*/pid")}
    assert (os.getpid() in pids) == (backend == "threading")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": "gan"}, "kind 'sweep'"),
        ({"seed": [0]}, "seed"),
        ({"seeds": []}, "at least one seed"),
        ({"variants": {"A b": {}, "a B": {}}}, "alike"),
        ({"variants": {"a": {"learning_rat": 1}}}, "learning_rat"),
        ({"variants": {"a": {"compile": {"los": "hinge"}}}}, "los"),
        ({"variants": {"a": {"generator": {"dropout": 0.3}}}}, "dropout"),
    ],
)
def test_unsound_sweeps_are_told_before_any_work(change, words, tmp_path):
    with pytest.raises(ValueError, match=words):
        sweep_training.run_sweep({**TINY, **change}, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_recipes_that_come_with_gankit_are_sound():
    recipes = [runs.load_recipe(path.stem) for path in runs.RECIPES.glob("*.json")]
    for sweep in [recipe for recipe in recipes if recipe["kind"] == "sweep"]:
        sweep_training.check(sweep)
    with pytest.raises(SystemExit, match="runs sweep ablation_fashion_mnist"):
        runs.main(["ablation_fashion_mnist"])


def test_merging():
    base = {"a": 1, "b": {"x": 1, "y": 2}}
    assert sweeps.merge(base, {"a": 2, "b": {"y": 3}}) == {"a": 2, "b": {"x": 1, "y": 3}}
    assert base == {"a": 1, "b": {"x": 1, "y": 2}}


@pytest.mark.parametrize(
    ("variant", "word"),
    [
        ([60, 62, 64], "no difference to be told"),
        ([61, 55, 70], "no difference to be told"),  # wide
        ([120, 130, 140], "harm"),
        ([110, 150, 200], "harm"),  # wide and far
        ([30, 31, 32], "gain"),
        ([120, np.nan, np.nan], "no difference to be told"),  # one run tells nothing
        ([61, 63, np.inf], "harm"),
    ],
)
def test_verdicts(variant, word):
    assert sweeps.verdict([61, 62, 63], variant) == word


def test_verdicts_by_chance_are_as_rare_as_said():
    draws = np.exp(np.random.default_rng(0).normal(4, 0.1, (200, 2, 3)))
    told = [sweeps.verdict(*pair) != "no difference to be told" for pair in draws]
    assert np.mean(told) < 0.07


def test_the_picture_tells_all_variants():
    scores = np.array([[61, 62, 63], [120, 130, np.inf], [30, 31, 32], [np.nan] * 3])
    sweep = sweeps.Sweep(None, {}, ["base", "broken", "better", "untrained"], [0, 1, 2], scores)
    picture = sweeps.picture(sweep)
    assert picture.alt.endswith("better 31.0 (gain), base 62.0 (base), broken inf (harm).")
    labels = [text.get_text() for text in picture.axes[0].get_yticklabels()]
    assert labels == ["better", "base", "broken"]
    picture.canvas.draw()


def test_recorded_sweeps_are_small_and_whole():
    for path in (data_folder() / "runs").glob("*/summary.csv"):
        sweep = sweeps.load_sweep(path.parent.name)
        assert sum(p.stat().st_size for p in path.parent.rglob("*.*")) < 3_000_000
        assert not np.isnan(sweep.scores).any()
        records = [json.loads(p.read_text()) for p in path.parent.glob("*/record.json")]
        assert not [r["data"] for r in records if "(s" in r["data"]], "the sample or a stand-in"


def test_the_ablation_compares_at_equal_steps():
    folder = data_folder() / "runs" / "ablation_fashion_mnist"
    records = [json.loads(path.read_text()) for path in folder.glob("*/record.json")]
    assert {(r["data"], r["results"]["steps"]) for r in records} == {
        ("fashion_mnist, 28,800 of 60,000", 900)
    }
