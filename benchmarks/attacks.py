"""Attacks against those of Foolbox, ART, CleverHans and torchattacks: do they agree, who is faster?

All attack the recorded Fashion-MNIST classifier on the same test images, the first ones that it
classifies rightly. Each library is a process of its own (`attack_contenders.py`). For each attack
they take turns: a first call, with its tracing and compiling, then rounds of the same call again.
Processor seconds count, wall time stands beside them. A call that outlasts `--limit` is ended. What
is made is measured by `gankit.robustness`, alike for all. `--only` measures some attacks anew and
keeps the rows of the others.

    python benchmarks/attacks.py --bench-python OTHER/bin/python   # pip install -e .[bench]
    python benchmarks/attacks.py --only fgsm deepfool
"""

import argparse
import csv
import json
import os
import selectors
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

import numpy as np

HERE = Path(__file__).parent
LIBRARIES = ("gankit", "foolbox", "art", "cleverhans", "torchattacks")
IMAGES = {  # how many; 64 for the slow ones
    "fgsm": 256,
    "iterative_fgsm": 256,
    "least_likely_class": 256,
    "momentum_iterative": 256,
    "projected_gradient_descent": 256,
    "deepfool": 256,
    "carlini_wagner": 256,
    "elastic_net": 64,
    "lbfgs": 64,
    "jacobian_saliency_map": 64,
    "saliency of the target alone": 64,
    "one_pixel": 64,
    "one_pixel, extremes first": 64,
    "spsa": 64,
    "virtual_adversarial": 256,
    "universal_perturbation": 256,
    "feature_adversary": 64,
    "fooling_images": 64,
}
AIMED = (
    "lbfgs",
    "jacobian_saliency_map",
    "saliency of the target alone",
    "fooling_images",
)  # at the class after the label
SLOW = 20  # a call of more processor seconds is repeated once; of more than twice that, not at all


class Worker:
    """A library's process."""

    def __init__(self, python, library, folder):
        quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "", "GANKIT_OFFLINE": "1"}
        paths = os.pathsep.join(filter(None, [str(HERE.parent), os.environ.get("PYTHONPATH")]))
        self.log = tempfile.TemporaryFile("w+")  # noqa: SIM115
        self.process = subprocess.Popen(
            [python, HERE / "attack_contenders.py", library, folder],
            env=os.environ | quiet | {"PYTHONPATH": paths},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
        )
        self.known = self.answer(600) or []

    def answer(self, limit):
        """Its next line; None if it ends; "late" after so many wall seconds."""
        with selectors.DefaultSelector() as waiting:
            waiting.register(self.process.stdout, selectors.EVENT_READ)
            if not waiting.select(limit):
                return "late"
        line = self.process.stdout.readline()
        return json.loads(line) if line else None

    def call(self, attack, n, limit):
        """Attack once: seconds, or {"error": why}."""
        print(n, attack, file=self.process.stdin, flush=True)
        found = self.answer(limit)
        if found == "late":
            self.close()
            return {"error": f"did not finish {n} images in {limit:.0f} s"}
        return found or {"error": "its process ended"}

    def close(self):
        self.process.kill()
        self.process.wait()

    def complaint(self):
        """The last line it wrote to its log."""
        self.log.seek(0)
        return ([*self.log] or ["no reason given"])[-1].strip()


class Library:
    """A library: a process, begun again after it had to be ended."""

    def __init__(self, python, name, folder):
        self.python, self.name, self.folder, self.worker = python, name, folder, None
        self.worker = Worker(python, name, folder)
        if not self.worker.known:
            print(f"{name}: skipped: {self.worker.complaint()}")

    def call(self, attack, n, limit):
        if self.worker.process.poll() is not None:
            self.worker = Worker(self.python, self.name, self.folder)
        return self.worker.call(attack, n, limit)


def rounds_of(attack, n, libraries, rounds, limit):
    """{library: (first call, [call, ...])} of those that have the attack; says who fails."""
    results = {}
    for name, library in libraries.items():
        if attack not in library.worker.known:
            continue
        first = library.call(attack, n, limit)
        if "error" in first:
            print(f"  {attack}, {name}: {first['error'][:200]}", flush=True)
            results[name] = (first, [])
            continue
        print(f"  {attack}, {name}: first call {first['processor']:.2f} s", flush=True)
        results[name] = (first, [])
    running = [name for name, (first, _) in results.items() if "error" not in first]
    for i in range(rounds):
        for name in running[i % len(running) :] + running[: i % len(running)]:  # nobody is first
            first, found = results[name]
            if first["processor"] > 2 * SLOW:
                found[:] = [first]  # what tracing there was no longer shows
                continue
            if found and first["processor"] > SLOW:
                continue
            again = libraries[name].call(attack, n, 2 * limit)
            if "error" not in again:
                found.append(again)
    return results


def judged(model, attack, x, y, targets, made):
    """Success on whom it was aimed at, norms, success after rounding, which images it fooled."""
    from gankit import robustness

    made = np.clip(np.asarray(made, "float32"), 0, 1)
    said = np.asarray(model.predict_on_batch(made)).argmax(axis=1)
    if attack == "least_likely_class":
        targets = np.asarray(model.predict_on_batch(x)).argmin(axis=1)
    aimed = targets if attack in (*AIMED, "least_likely_class") else None
    hit = said == targets if aimed is not None else said != y
    if attack == "fooling_images":  # they begin from nothing: no distance to speak of
        return {"success": hit.mean()}, hit, None
    report = robustness.evaluate(model, x, y, made, aimed)
    length = np.abs(made - x) if attack == "elastic_net" else (made - x) ** 2
    length = length.reshape(len(x), -1).sum(axis=1)
    name = "success" if aimed is None else "targeted_success"
    numbers = {"success": hit.mean(), "l1": report.l1, "l2": report.l2, "linf": report.linf,
               "after_rounding": getattr(report.rounded, name)}  # fmt: skip
    if attack == "feature_adversary":
        numbers["distance_left"] = distance_left(model, x, made)
    return numbers, hit, length if attack == "elastic_net" else np.sqrt(length)


def distance_left(model, x, made):
    """Share of the way to the guide's features that is left, the mean over images."""
    import keras

    features = keras.Model(model.inputs[0], model.get_layer("features").output)
    mine, guide, now = (np.asarray(features(each)) for each in (x, np.roll(x, 1, axis=0), made))
    far = np.linalg.norm(mine - guide, axis=1)
    return float(np.mean(np.linalg.norm(now - guide, axis=1) / far))


def rows_of(attack, n, results, folder, model, given):
    """A row a library."""
    x, y, targets = (given[name][:n] for name in ("x", "y", "targets"))
    found = {}
    for name, (first, _) in results.items():
        if "error" not in first:
            made = np.load(folder / f"{name}_{attack}.npy")
            found[name] = judged(model, attack, x, y, targets, made)
    ours = found.get("gankit")
    steady = {
        name: median(call["processor"] for call in calls)
        for name, (_, calls) in results.items()
        if calls
    }
    for name, (first, calls) in results.items():
        row = {"attack": attack, "library": name, "images": n}
        if "error" in first:
            yield row | {"note": first["error"][:160]}
            continue
        row["first_processor"], row["first_wall"] = first["processor"], first["wall"]
        if calls:
            row["processor"] = steady[name]
            row["wall"] = median(call["wall"] for call in calls)
            row["rounds"] = len(calls)
            row["images_per_second"] = n / steady[name]
            if "gankit" in steady:
                row["gankit_times"] = steady[name] / steady["gankit"]
            if first["inside"]:
                bare = median(call["inside"] / call["processor"] for call in calls)
                row["over_bare_passes"] = 1 / bare
        numbers, hit, length = found[name]
        row |= numbers
        if (
            ours and length is not None and (both := hit & ours[1]).any()
        ):  # on images that both fooled
            row["norm_to_gankit"] = length[both].mean() / ours[2][both].mean()
        yield row


COLUMNS = [
    *("attack", "library", "images", "first_processor", "first_wall", "processor", "wall"),
    *("rounds", "images_per_second", "gankit_times", "over_bare_passes", "success"),
    *("after_rounding", "l1", "l2", "linf", "norm_to_gankit", "distance_left", "note"),
]


def the_images(count):
    """The classifier, and the first so many test images that it classifies rightly."""
    from gankit import datasets
    from gankit.runs import load_run

    model = load_run("fashion_mnist_classifier").network("classifier")
    test = datasets.load("fashion_mnist", split="test").take(2 * count)
    x, y = test.unit(), np.asarray(test.labels)
    right = np.asarray(model.predict(x, verbose=0)).argmax(axis=1) == y
    x, y = x[right][:count], y[right][:count]
    return model, {"x": x, "y": y.astype("int64"), "targets": ((y + 1) % 10).astype("int64")}


def kept(path, but):
    """The rows of an earlier table, but those of attacks that are measured anew."""
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return [row for row in csv.DictReader(file) if row["attack"] not in but]


def write(path, rows):
    with path.open("w", newline="") as file:
        table = csv.DictWriter(file, COLUMNS, restval="")
        table.writeheader()
        for row in rows:
            short = {k: f"{v:.4g}" if isinstance(v, float) else v for k, v in row.items()}
            table.writerow(short)


def picture(rows):
    """Images a processor second, an attack a line, a mark a library; on a logarithmic axis."""
    from gankit import plots
    from gankit.pictures import figure

    timed = [row for row in rows if row.get("images_per_second")]
    names = [name for name in IMAGES if any(row["attack"] == name for row in timed)]
    fig, axes = figure(size=(7, 5), alt="Images a processor second of each attack and library.")
    for library, marker, (colour, _) in zip(LIBRARIES, "osD^v", plots.STYLES):
        own = [row for row in timed if row["library"] == library]
        axes.plot([float(row["images_per_second"]) for row in own],
                  [names.index(row["attack"]) for row in own],
                  marker, color=colour, label=library, alpha=0.8)  # fmt: skip
    axes.set(xscale="log", xlabel="images a processor second, steady state")
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.grid(axis="y", alpha=0.3)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=len(LIBRARIES), fontsize=8)
    return fig


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bench-python", default=sys.executable, help="a Python with the peers")
    parser.add_argument("--only", nargs="+", choices=list(IMAGES), default=list(IMAGES))
    parser.add_argument("--libraries", nargs="+", choices=LIBRARIES, default=list(LIBRARIES))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--images", type=int, default=256, help="at most so many")
    parser.add_argument("--limit", type=float, default=300, help="wall seconds a call may take")
    parser.add_argument("--out", type=Path, default=HERE / "results" / "attacks.csv")
    options = parser.parse_args()

    model, given = the_images(options.images)
    rows = kept(options.out, options.only)
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        np.savez(folder / "images.npz", **given)
        libraries = {
            name: Library(options.bench_python, name, folder) for name in options.libraries
        }
        for attack in options.only:
            n = min(IMAGES[attack], options.images)
            results = rounds_of(attack, n, libraries, options.rounds, options.limit)
            rows += rows_of(attack, n, results, folder, model, given)
            rows.sort(key=lambda row: list(IMAGES).index(row["attack"]))
            write(options.out, rows)  # after each attack: nothing is lost
        for library in libraries.values():
            library.worker.close()
    picture(rows).savefig(options.out.with_suffix(".png"), bbox_inches="tight")
    print(options.out.read_text())


if __name__ == "__main__":
    main()
