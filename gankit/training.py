"""How `gankit.runs` trains a recipe: a GAN, or the classifier that judges it."""

import dataclasses
import json
import os
import platform
import subprocess
import time
import zipfile
from pathlib import Path

import keras
import numpy as np
from keras import layers
from PIL import Image

from gankit import datasets, plots
from gankit.backend import BACKEND, VERSION
from gankit.gans import GAN
from gankit.metrics.frechet import frechet_distance
from gankit.runs import adapted, append_row, build_network, keep_rows, load_run, read_table
from gankit.saving import Checkpoint


def train_gan(recipe, folder, steps=None, width=None):
    """Train or go on with a GAN's recipe, and leave in `folder` what `gankit.runs` promises."""
    images = datasets.load(recipe["data"])
    state = folder / "state.checkpoint.keras"
    recipe = adapted(recipe, steps, width, images)
    if state.exists() and (folder / "recipe.json").exists():
        begun = json.loads((folder / "recipe.json").read_text())
        if (steps or width) and recipe != begun:
            raise ValueError("it was begun with other settings: go on without --steps and --width")
        recipe = begun
    images = images if recipe["images"] == len(images) else images.take(recipe["images"])
    batch_size, epochs = recipe["batch_size"], recipe["epochs"]
    per_epoch = len(images) // batch_size // recipe["compile"].get("d_steps", 1)

    if state.exists():
        gan = load_state(state)
        print(f"going on after epoch {gan.epochs_done} of {epochs}")
    else:
        gan = make_gan(recipe, epochs * per_epoch)
    for table in ("history.csv", "probes.csv"):
        keep_rows(folder / table, last_epoch=gan.epochs_done or -1)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "recipe.json").write_text(json.dumps(recipe, indent=2) + "\n")

    judge = Judge(recipe["judge"]) if recipe.get("judge") else None
    last_only = recipe.get("looks") == "last"
    every = epochs if last_only else recipe.get("look_every", 1)
    probe = Probe(folder, judge, per_epoch, recipe.get("probe_steps", []), every)
    gan.fit(
        images,
        batch_size=batch_size,
        epochs=epochs,
        initial_epoch=gan.epochs_done,
        seed=recipe["seed"],
        callbacks=[probe, Checkpoint(state)],
    )
    networks = {"generator": gan.sampler(), "discriminator": gan.discriminator}
    for name in recipe.get("keep", networks):
        networks[name].save(folder / f"{name}.keras")
    if not last_only:
        write_progress(folder, images.image_shape[0])
    results = {"steps": epochs * per_epoch}
    if judge:
        results["frechet"] = float(read_table(folder / "probes.csv")["frechet"][-1])
    write_record(folder, images, results, probe.seconds(), probe.processor_seconds())
    for left in folder.glob("state.checkpoint*"):
        left.unlink()


def load_state(path):
    """The GAN of a checkpoint; ValueError if the file is damaged."""
    if not zipfile.is_zipfile(path):
        raise ValueError(f"{path} is damaged: remove the folder to train from the start")
    return keras.saving.load_model(path)


def make_gan(recipe, steps):
    """A compiled GAN as the recipe says; a decay reaches 0 after G's `steps`."""
    keras.utils.set_random_seed(recipe["seed"])

    def optimizer(network, steps):
        rate = recipe.get(f"{network}_learning_rate", recipe.get("learning_rate"))
        if recipe.get("decay") == "cosine":
            rate = keras.optimizers.schedules.CosineDecay(rate, steps)
        return keras.optimizers.Adam(rate, beta_1=recipe["beta_1"])

    gan = GAN(
        build_network(recipe, "generator"),
        build_network(recipe, "discriminator"),
        seed=recipe["seed"],
    )
    d_steps = steps * recipe["compile"].get("d_steps", 1)
    gan.compile(optimizer("g", steps), optimizer("d", d_steps), **recipe["compile"])
    return gan


class Judge:
    """The shared classifier: how far samples are from the test images, and which classes they are.

    Args:
        name: of the classifier's run.
        n: how many test images, and samples, are compared.
    """

    def __init__(self, name, n=10_000):
        run = load_run(name)
        network = run.network("classifier")
        outputs = [network.get_layer("features").output, network.outputs[0]]
        self.network = keras.Model(network.inputs, outputs)
        test = datasets.load(run.recipe["data"], "test")
        self.n = n
        self.real = self.read(test.take(min(n, len(test))).unit())[0]

    def read(self, images):
        """Features `(n, d)` and classes `(n,)` of images."""
        features, logits = self.network.predict(images, batch_size=256, verbose=0)
        return features, logits.argmax(axis=1)

    def score(self, images):
        """A row of `probes.csv`: the Frechet classifier distance and each class's share.

        The distance of a G that broke (NaN or infinity in its images) is infinite.
        """
        features, classes = self.read(images)
        good = np.isfinite(features).all()
        row = {"frechet": frechet_distance(self.real, features) if good else float("inf")}
        return row | {f"class_{c}": float(np.mean(classes == c)) for c in range(10)}


class Probe(keras.callbacks.Callback):
    """Looks at the samples at the given steps, and after every few epochs and the last: a grid
    and a row each.
    """

    def __init__(self, folder, judge, per_epoch, steps, every=1):
        super().__init__()
        self.folder, self.judge, self.per_epoch, self.steps = folder, judge, per_epoch, steps
        self.every = every
        past = read_table(folder / "history.csv")
        self.start = time.perf_counter() - past.get("seconds", [0.0])[-1]
        self.start_cpu = time.process_time() - past.get("processor_seconds", [0.0])[-1]

    def seconds(self):
        """Seconds so far, looks and all, those before an interruption included."""
        return time.perf_counter() - self.start

    def processor_seconds(self):
        """Processor seconds of training alone, of all its threads; counted on in the same way."""
        return time.process_time() - self.start_cpu

    def times(self):
        """Both, for a row."""
        return {"seconds": self.seconds(), "processor_seconds": self.processor_seconds()}

    def look(self, step, epoch):
        """Save a grid of 64 samples, always of the same latents, and score 10,000 others."""
        row = {"step": step, "epoch": epoch, **self.times()}
        begun = time.process_time()
        grid = np.nan_to_num(self.model.generate(64, seed=0))  # a broken G's samples are black
        size, channels = grid.shape[1], grid.shape[-1]
        sheet = grid.reshape(8, 8, size, size, channels).swapaxes(1, 2)
        sheet = np.round(sheet.reshape(8 * size, 8 * size, channels) * 255).astype("uint8")
        Image.fromarray(sheet.squeeze()).save(self.folder / f"samples_{step:06d}.png")
        if self.judge:
            row |= self.judge.score(self.model.generate(self.judge.n, seed=1))
        append_row(self.folder / "probes.csv", row)
        self.start_cpu += time.process_time() - begun  # a look is no training

    def on_train_begin(self, logs=None):
        """The untrained G."""
        if 0 in self.steps and not self.model.epochs_done:
            self.look(0, 0)

    def on_epoch_begin(self, epoch, logs=None):
        """Remember the epoch."""
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        """A look at the recipe's early steps."""
        step = self.epoch * self.per_epoch + batch + 1
        if step in self.steps:
            self.look(step, self.epoch + step / self.per_epoch % 1)

    def on_epoch_end(self, epoch, logs=None):
        """A look, and the epoch's means."""
        if (epoch + 1) % self.every == 0 or epoch + 1 == self.params["epochs"]:
            self.look((epoch + 1) * self.per_epoch, epoch + 1)
        row = {"epoch": epoch + 1, **self.times()}
        append_row(self.folder / "history.csv", row | {k: float(v) for k, v in logs.items()})


def write_progress(folder, size, moments=8, n=6):
    """`progress.png`: the first `n` samples of some of the grids, a row each, time to the right."""
    grids = sorted(folder.glob("samples_*.png"))
    chosen = sorted({round(i) for i in np.geomspace(1, len(grids), moments)})
    frames, titles = [], []
    for path in (grids[i - 1] for i in chosen):
        row = np.atleast_3d(np.asarray(Image.open(path)))[:size] / np.float32(255)
        frames.append(np.stack(np.split(row, 8, axis=1)))
        titles.append(f"step {int(path.stem[8:]):,}")
    plots.progression(frames, titles, n=n, scale=2).savefig(folder / "progress.png")


def train_classifier(recipe, folder, steps=None, width=None):
    """Train a classifier's recipe from the start; it takes minutes."""
    keras.utils.set_random_seed(recipe["seed"])
    train, test = (datasets.load(recipe["data"], split) for split in ("train", "test"))
    if recipe.get("balanced"):
        train, test = balanced(train), balanced(test)
    recipe = adapted(recipe, steps, width, train) | {"classes": len(train.class_names)}
    train = train if recipe["images"] == len(train) else train.take(recipe["images"])
    network = build_network(recipe, "classifier")
    total = recipe["epochs"] * (len(train) // recipe["batch_size"])
    rate = keras.optimizers.schedules.CosineDecay(recipe["learning_rate"], total)
    altered = [layers.RandomFlip("horizontal"), layers.RandomTranslation(0.1, 0.1, "nearest")]
    altered = altered if recipe.get("augment") else []
    model = keras.Sequential([layers.Rescaling(1 / 255), *altered, network])
    model.compile(
        keras.optimizers.Adam(rate),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    start, start_cpu = time.perf_counter(), time.process_time()
    history = model.fit(
        train.images,
        train.labels,
        batch_size=recipe["batch_size"],
        epochs=recipe["epochs"],
        validation_data=(test.images, test.labels),
        verbose=2,
    ).history
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "recipe.json").write_text(json.dumps(recipe, indent=2) + "\n")
    (folder / "history.csv").unlink(missing_ok=True)
    for epoch in range(recipe["epochs"]):
        row = {key: values[epoch] for key, values in history.items()}
        append_row(folder / "history.csv", {"epoch": epoch + 1, **row})
    bare = keras.Model(network.inputs[0], network.outputs[0], name=network.name)  # no optimizer
    bare.save(folder / "classifier.keras")
    results = {"test_accuracy": history["val_accuracy"][-1]}
    times = time.perf_counter() - start, time.process_time() - start_cpu
    write_record(folder, train, results, *times)


def balanced(images):
    """`Images` with as many of each class as the rarest has: the first ones."""
    few = np.bincount(images.labels).min()
    chosen = [np.flatnonzero(images.labels == c)[:few] for c in range(len(images.class_names))]
    chosen = np.sort(np.concatenate(chosen))
    name = f"{images.name}, {few:,} of each class"
    changes = {"images": images.images[chosen], "labels": images.labels[chosen], "name": name}
    return dataclasses.replace(images, **changes)


def write_record(folder, images, results, seconds, processor_seconds):
    """`record.json`: what was reached, on which data, machine, versions and code."""
    here = Path(__file__).parent
    command = ["git", "rev-parse", "--verify", "HEAD"]
    git = subprocess.run(command, cwd=here, capture_output=True, text=True, check=False)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    record = {
        "data": images.name,
        "results": results,
        "seconds": round(seconds, 1),
        "processor_seconds": round(processor_seconds, 1),
        "machine": f"{platform.system()} {platform.machine()}",
        "cores": cores,
        "python": platform.python_version(),
        "keras": keras.__version__,
        "backend": f"{BACKEND} {VERSION}",
        "numpy": np.__version__,
        "git": git.stdout.strip() or "unknown",
    }
    (folder / "record.json").write_text(json.dumps(record, indent=2) + "\n")
