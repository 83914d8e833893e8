"""Reference runs: what takes longer than a lesson is trained once, recorded, and then read.

A recipe is data (`gankit/recipes/NAME.json`). `python -m gankit.runs NAME` trains it and leaves in
`data/runs/NAME/`: the recipe, `history.csv` (a row an epoch), `probes.csv` (a row a look at the
samples), `samples_STEP.png`, the networks, and `record.json` (machine, versions, seconds, results).
Stopped anywhere, `--resume` goes on to the same numbers. Lessons read it with `load_run(NAME)`.
Many runs at once, over seeds and variants: `python -m gankit.runs sweep NAME` (`gankit.sweeps`).
"""

import argparse
import difflib
import json
import math
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gankit.datasets import data_folder

RECIPES = Path(__file__).parent / "recipes"


def load_recipe(name):
    """The recipe of that name, a dict; ValueError with the nearest name if there is none."""
    known = sorted(path.stem for path in RECIPES.glob("*.json"))
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else "."
        raise ValueError(f"there is no recipe {name!r}{hint} Known: {', '.join(known)}")
    return json.loads((RECIPES / f"{name}.json").read_text())


@dataclass(frozen=True)
class Run:
    """What a finished run left behind.

    Attributes:
        folder: where it lies.
        recipe, record: dicts: what was asked for; machine, versions, seconds, results.
        history, probes: dicts of arrays: means over each epoch; each look at the samples.
        samples: paths of the sample grids, by step.
    """

    folder: Path
    recipe: dict
    record: dict
    history: dict
    probes: dict
    samples: list

    def network(self, name):
        """A network of the run: "generator", "discriminator" or "classifier".

        It is built from the recipe and only its weights are read, since an older Keras cannot read
        what a newer one writes of a network's layers; in float32, as it was trained, whatever
        precision is set for networks made now.
        """
        import keras

        policy = keras.config.dtype_policy()
        keras.config.set_dtype_policy("float32")
        try:
            network = build_network(self.recipe, name)
        finally:
            keras.config.set_dtype_policy(policy)
        network.load_weights(self.folder / f"{name}.keras")
        return network


def build_network(recipe, name):
    """The untrained network that a recipe calls "generator", "discriminator" or "classifier"."""
    from gankit.models import classifiers, dcgan, mlp

    shape = tuple(recipe["image_shape"])
    if name == "classifier":
        build = {"cnn": classifiers.cnn, "linear": classifiers.linear}[recipe.get("family", "cnn")]
        return build(shape, recipe["classes"], **recipe["network"])
    family = {"dcgan": dcgan, "mlp": mlp}[recipe["family"]]
    build = {"generator": family.generator, "discriminator": family.discriminator}[name]
    return build(shape, **recipe[name])


def load_run(name, folder=None):
    """The recorded run of that name.

    Args:
        name: of its recipe.
        folder: the folder that holds runs; by default the one that comes with gankit.

    Raises:
        ValueError: for an unknown name. FileNotFoundError: if it was not trained.
    """
    recipe = load_recipe(name)
    folder = Path(folder or data_folder() / "runs") / name
    if not (folder / "record.json").exists():
        raise FileNotFoundError(
            f"the run {name!r} is not in {folder.parent}: `python -m gankit.runs {name}` trains it"
        )
    return Run(
        folder=folder,
        recipe={**recipe, **json.loads((folder / "recipe.json").read_text())},
        record=json.loads((folder / "record.json").read_text()),
        history=read_table(folder / "history.csv"),
        probes=read_table(folder / "probes.csv"),
        samples=sorted(folder.glob("samples_*.png")),
    )


def read_table(path):
    """A CSV file as a dict of float arrays, empty if there is none."""
    if not path.exists():
        return {}
    table = np.atleast_1d(np.genfromtxt(path, delimiter=",", names=True))
    return {name: table[name] for name in table.dtype.names}


def append_row(path, row):
    """Add a row to a CSV file; the first one writes the header, which the others follow."""
    if not path.exists():
        path.write_text(",".join(row) + "\n")
    with path.open("r+") as file:
        names = file.readline().strip().split(",")
        file.seek(0, os.SEEK_END)
        file.write(",".join(f"{row[name]:.6g}" for name in names) + "\n")


def keep_rows(path, last_epoch):
    """Drop the rows of a CSV file after `last_epoch`: what came after the checkpoint."""
    table = read_table(path)
    if table:
        path.unlink()
        for i in np.flatnonzero(table["epoch"] <= last_epoch):
            append_row(path, {name: values[i] for name, values in table.items()})


def adapted(recipe, steps, width, images):
    """The recipe shortened to `steps` steps and set to `width`, with what follows from it.

    Args:
        recipe: from `load_recipe`.
        steps: number of G's steps, rounded up to whole epochs, or None for the recipe's ("steps",
            or "epochs"); less than an epoch's takes fewer images.
        width: of the networks, or None.
        images: the training images, of which the recipe may take fewer ("images").

    Raises:
        ValueError: for a width where the networks have no single one.
    """
    count = min(recipe.get("images", len(images)), len(images))
    recipe = {**recipe, "images": count, "image_shape": list(images.image_shape)}
    steps = steps or recipe.get("steps")
    if width:
        for part in sorted({"generator", "discriminator", "network"} & set(recipe)):
            if "width" not in recipe[part]:
                raise ValueError(f"the {part} of this recipe has no width to set")
            recipe[part] = {**recipe[part], "width": width}
    if steps:
        a_step = recipe["batch_size"] * recipe.get("compile", {}).get("d_steps", 1)
        recipe["images"] = min(count, steps * a_step)
        recipe["epochs"] = math.ceil(steps / (recipe["images"] // a_step))
    return recipe


def whole(text):
    """A whole number from 1 on, from the command line."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"wanted is a whole number from 1 on, not {text!r}")
    return int(text)


def main(arguments=None):
    """The command line."""
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # 10-30 % faster on some processors
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == ["sweep"]:
        from gankit import sweep_training

        return sweep_training.main(arguments[1:])
    parser = argparse.ArgumentParser(prog="python -m gankit.runs")
    parser.add_argument("name", help="of a recipe; or `sweep NAME`, for many runs")
    parser.add_argument("--steps", type=whole, help="train so long, rounded up to epochs")
    parser.add_argument("--width", type=whole, help="of both networks")
    parser.add_argument("--resume", action="store_true", help="go on with what was interrupted")
    parser.add_argument("--out", type=Path, help="folder of runs (default: the one of gankit)")
    options = parser.parse_args(arguments)
    try:
        recipe = load_recipe(options.name)
    except ValueError as error:
        sys.exit(str(error))
    if recipe["kind"] == "sweep":
        sys.exit(f"{options.name} is many runs: python -m gankit.runs sweep {options.name}")
    from gankit import training

    folder = (options.out or data_folder() / "runs") / options.name
    state = folder / "state.checkpoint.keras"
    if folder.exists() and not options.resume and any(folder.iterdir()):
        sys.exit(f"{folder} exists: go on with --resume, or remove it to train from the start")
    if (folder / "record.json").exists() and not state.exists():
        print(f"{options.name} is complete: {folder}")
        return
    train = {"gan": training.train_gan, "classifier": training.train_classifier}[recipe["kind"]]
    try:
        train(recipe, folder, steps=options.steps, width=options.width)
    except ValueError as error:
        sys.exit(f"{options.name}: {error}")


if __name__ == "__main__":
    main()
