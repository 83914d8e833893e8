"""How `python -m gankit.runs sweep NAME` trains a sweep (what that is: `gankit.sweeps`).

Every variant is trained with every seed, each in a Python of its own, into an ordinary run's folder
`data/runs/NAME/VARIANT_seedK/`. What failed, was killed or is missing is trained when the same is
said again, and nothing else. joblib hands the runs out: to this machine's cores, or with
`--joblib-backend dask` (or ray) to the machines of a cluster that share a disk.
"""

import argparse
import csv
import inspect
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import joblib

from gankit import datasets
from gankit.datasets import data_folder
from gankit.runs import adapted, load_recipe, whole
from gankit.sweeps import members, merge, score_of, slug

KEYS = {"about", "kind", "base", "seeds", "variants"}
BASE_KEYS = {
    "data", "family", "generator", "discriminator", "learning_rate", "g_learning_rate",
    "d_learning_rate", "decay", "beta_1", "compile", "batch_size", "images", "epochs", "steps",
    "judge", "probe_steps", "looks", "look_every", "keep",
}  # fmt: skip
TRAIN = """
import json, sys
from pathlib import Path
from gankit import runs, training
training.train_gan(json.load(sys.stdin), Path(sys.argv[1]))
"""


def check(sweep):
    """ValueError if a sweep's recipe is not sound, down to the options of its networks."""
    if sweep.get("kind") != "sweep":
        raise ValueError(f"wanted is a recipe of kind 'sweep', not {sweep.get('kind')!r}")
    _check_names("the sweep", sweep, KEYS)
    if not sweep["seeds"] or not sweep["variants"]:
        raise ValueError("a sweep has at least one seed and one variant")
    slugs = [slug(name) for name in sweep["variants"]]
    if len({*slugs}) != len(slugs) or len({*sweep["seeds"]}) != len(sweep["seeds"]):
        raise ValueError(f"two variants or seeds are called alike: {slugs}, {sweep['seeds']}")

    from gankit.gans import GAN
    from gankit.models import dcgan, mlp

    for name, variant in sweep["variants"].items():
        recipe = merge(sweep["base"], variant)
        _check_names(f"variant {name!r}", recipe, BASE_KEYS)
        family = {"dcgan": dcgan, "mlp": mlp}[recipe["family"]]
        for part, function in (
            ("generator", family.generator),
            ("discriminator", family.discriminator),
            ("compile", GAN.compile),
        ):
            known = set(inspect.signature(function).parameters) - {"self", "kwargs"}
            _check_names(f"variant {name!r}, {part}", recipe[part], known)


def _check_names(where, given, known):
    if unknown := sorted(set(given) - set(known)):
        raise ValueError(f"{where}: {unknown} unknown; known are {sorted(known)}")


def missing(sweep, folder, only=()):
    """What is left to train: the part of `members` without a record.

    Raises:
        ValueError: for a name in `only` that no variant has, and for a run that was trained or
            begun with other settings than the sweep has now.
    """
    if unknown := sorted(set(only) - set(sweep["variants"])):
        raise ValueError(f"no variant {unknown}; known are {list(sweep['variants'])}")
    left = {}
    for (name, seed), (run, recipe) in members(sweep).items():
        begun = folder / run / "recipe.json"
        if begun.exists():
            done = json.loads(begun.read_text())
            loose = {"images", "epochs"}  # training adapts these to the data
            if any(done.get(key) != recipe[key] for key in set(recipe) - loose):
                raise ValueError(f"{begun.parent} was begun with other settings: remove it first")
        if (not only or name in only) and not (folder / run / "record.json").exists():
            left[name, seed] = (run, recipe)
    return left


def check_data(sweep, folder):
    """ValueError if a run was begun on other data than lie here, as on the bundled sample."""
    sets = {}
    for run, recipe in members(sweep).values():
        begun, record = (folder / run / name for name in ("recipe.json", "record.json"))
        if not begun.exists():
            continue
        name = recipe["data"]
        images = sets[name] = sets.get(name) or datasets.load(name)
        here, there = adapted(recipe, None, None, images), json.loads(begun.read_text())
        same = all(there.get(key) == here[key] for key in ("images", "epochs"))
        part = f"{images.name}, {here['images']:,} of {len(images):,}"
        if record.exists():
            same &= json.loads(record.read_text())["data"] in (images.name, part)
        if not same:
            raise ValueError(
                f"{begun.parent} was not trained on {part}, which is what this sweep has here: "
                "remove that run, find the data ($GANKIT_DATA), or choose another --out"
            )


def train_apart(recipe, folder, threads):
    """Train one run in a Python of its own; returns its error's last line, "" if all went well."""
    env = {
        "TF_NUM_INTRAOP_THREADS": str(threads),
        "OMP_NUM_THREADS": str(threads),
        "TF_FORCE_GPU_ALLOW_GROWTH": "true",  # several runs share a card's memory
        **os.environ,
    }
    done = subprocess.run(
        [sys.executable, "-c", TRAIN, str(folder)],
        input=json.dumps(recipe), env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if not done.returncode:
        return ""
    if done.returncode < 0:
        return f"killed by signal {-done.returncode}"
    return (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]


def run_sweep(sweep, folder, jobs=1, backend="loky", only=(), train=train_apart):
    """Train what is missing of a sweep; one line for each run that is done.

    Args:
        sweep: its recipe, a dict.
        folder: where its runs lie.
        jobs: how many are trained at once on this machine; a cluster decides by itself.
        backend: joblib's: "loky", "threading", "dask" or "ray".
        only: names of variants, by default all.
        train: a function of (recipe, folder, threads) that returns an error's text or "".

    Returns:
        The errors, `{(variant, seed): text}`; empty if all went well.

    Raises:
        ValueError: as `check`, `missing` and `check_data`, before anything is trained; as
            `check_data` afterwards, too, if a machine of the cluster has other data.
    """
    check(sweep)
    left = missing(sweep, folder, only)
    if not left:
        return {}
    check_data(sweep, folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "recipe.json").write_text(json.dumps(sweep, indent=2) + "\n")
    threads = max(1, joblib.cpu_count() // jobs)

    def one(key, run, recipe):
        return key, train(recipe, (folder / run).resolve(), threads)

    start, errors = time.monotonic(), {}
    client = start_cluster(backend, jobs)
    with joblib.parallel_config(backend=backend, n_jobs=-1 if backend == "ray" else jobs):
        work = joblib.Parallel(return_as="list" if backend == "ray" else "generator_unordered")
        found = work(joblib.delayed(one)(key, *job) for key, job in left.items())
        try:
            for done, (key, error) in enumerate(found, 1):
                if error:
                    errors[key] = error
                score = score_of(folder / left[key][0])
                minutes = (time.monotonic() - start) / done * (len(left) - done) / 60
                what = f"failed: {error}" if error else f"Frechet distance {score:.1f}"
                name = f"{key[0]}, seed {key[1]}"
                line = f"{done} of {len(left)} · {name} · {what} · {minutes:.0f} min left"
                print(line, flush=True)
        finally:
            write_summary(sweep, folder)
            if client:
                client.close()
    check_data(sweep, folder)  # a cluster's machines may have others
    return errors


def write_summary(sweep, folder):
    """`summary.csv`: a row for each finished run."""
    with (folder / "summary.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["variant", "seed", "steps", "frechet", "seconds", "processor_seconds"])
        for (name, seed), (run, _) in members(sweep).items():
            if (folder / run / "record.json").exists():
                record = json.loads((folder / run / "record.json").read_text())
                times = record["seconds"], record["processor_seconds"]
                score = f"{score_of(folder / run):.6g}"
                rows.writerow([name, seed, record["results"]["steps"], score, *times])


def start_cluster(backend, jobs):
    """Make joblib's backend ready: Dask's scheduler ($DASK_SCHEDULER_ADDRESS, or here), or Ray."""
    if backend == "dask":
        from distributed import Client

        here = {"n_workers": jobs, "threads_per_worker": 1, "dashboard_address": None}
        return Client(**({} if os.environ.get("DASK_SCHEDULER_ADDRESS") else here))
    if backend == "ray":
        from ray.util.joblib import register_ray

        register_ray()
    return None


def main(arguments=None):
    """The command line, `python -m gankit.runs sweep`."""
    parser = argparse.ArgumentParser(prog="python -m gankit.runs sweep")
    parser.add_argument("name", help="of a sweep's recipe")
    parser.add_argument("--jobs", type=whole, default=1, help="how many runs at once (default: 1)")
    parser.add_argument("--joblib-backend", default="loky",
                        choices=["loky", "threading", "dask", "ray"])  # fmt: skip
    parser.add_argument("--only", action="append", default=[], help="a variant; may be repeated")
    parser.add_argument("--out", type=Path, help="folder of runs (default: the one of gankit)")
    options = parser.parse_args(arguments)
    folder = (options.out or data_folder() / "runs") / options.name
    try:
        sweep = load_recipe(options.name)
        errors = run_sweep(sweep, folder, options.jobs, options.joblib_backend, options.only)
    except ValueError as error:
        sys.exit(f"{options.name}: {error}")
    except KeyboardInterrupt:
        sys.exit("\nstopped: the same command goes on")
    for (name, seed), error in errors.items():
        print(f"failed: {name}, seed {seed}: {error}", file=sys.stderr)
    if errors:
        sys.exit(1)
    print(f"done: {folder}")
