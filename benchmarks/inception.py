"""Inception features per second at 299 px: ours, pytorch-fid's and torch-fidelity's.

The same drawn weights, the same batches of images. Each contender is a process of its own; they
take turns, a round each. The table holds medians over the rounds; processor time counts, wall time
stands beside it. The error is that of the features against pytorch-fid's, relative to the largest.

    python benchmarks/inception.py --torch-python OTHER/bin/python  # about 5 minutes on one core
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np

HERE = Path(__file__).parent
ROOT = HERE.parent
ONEDNN, PLAIN = {"TF_ENABLE_ONEDNN_OPTS": "1"}, {"TF_ENABLE_ONEDNN_OPTS": "0"}
CONTENDERS = {  # what the table calls it: (function below, environment)
    "gankit": ("folded", ONEDNN),
    "gankit, batch norm not folded": ("plain", ONEDNN),
    "gankit, without oneDNN": ("folded", PLAIN),
    "pytorch-fid": ("pytorch_fid", {}),
    "torch-fidelity": ("torch_fidelity", {}),
}
SEED = 0


# --- The contenders: functions from a batch (n, 299, 299, 3), uint8, to features ------------------


def folded(batch_norm_folded=True):
    from gankit.metrics.inception import fid_inception
    from gankit.metrics.inception_weights import draw_weights
    from gankit.metrics.resizing import preprocess

    network = fid_inception(draw_weights(SEED), batch_norm_folded)

    def features(images):
        unit = images.astype("float32") / np.float32(255)
        return np.asarray(network.predict_on_batch(preprocess(unit, "pytorch_fid"))[0])

    return features


def plain():
    return folded(batch_norm_folded=False)


def peers():
    sys.path.insert(0, str(ROOT / "tests"))
    import inception_peers
    import torch

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    with tempfile.TemporaryDirectory() as folder:
        return inception_peers.networks(SEED, Path(folder))


def pytorch_fid():
    import torch

    _, network, _, _ = peers()

    def features(images):
        with torch.no_grad():
            tensor = torch.from_numpy(images.transpose(0, 3, 1, 2)) / 255
            return network(tensor)[0].flatten(1).numpy()

    return features


def torch_fidelity():
    import torch

    _, _, network, _ = peers()

    def features(images):
        with torch.no_grad():
            return network(torch.from_numpy(images.transpose(0, 3, 1, 2)))[0].numpy()

    return features


def work(name, batch, batches, out):
    """A contender's process: a line in is the word to go, a line out what the round took."""
    sys.path.insert(0, str(ROOT))
    answers = os.dup(1)
    os.dup2(2, 1)  # what libraries print goes to the complaints
    features = globals()[name]()
    images = np.random.default_rng(0).integers(0, 256, (batch, 299, 299, 3), "uint8")
    np.save(out, features(images))
    features(images)
    os.write(answers, b"ready\n")
    while sys.stdin.readline():
        start = time.perf_counter(), time.process_time()
        for _ in range(batches):
            features(images)
        wall, processor = time.perf_counter() - start[0], time.process_time() - start[1]
        os.write(answers, (json.dumps({"wall": wall, "processor": processor}) + "\n").encode())


# --- The table -----------------------------------------------------------------------------------


def measure(contenders, options, threads, folder):
    """Interleaved rounds: `{label: [round, ...]}`."""
    workers, rounds = {}, {}
    for label, (python, name, environment) in contenders.items():
        limits = {"TF_NUM_INTRAOP_THREADS": str(threads), "OMP_NUM_THREADS": str(threads)}
        quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
        out = str(folder / f"{len(workers)}.npy")
        with (folder / "complaints.txt").open("a") as complaints:
            workers[label] = subprocess.Popen(
                [python, __file__, "--work", name, out, "--batch", str(options.batch)]
                + ["--batches", str(options.batches)],
                env=os.environ | quiet | limits | environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=complaints,
                text=True,
            )
        if workers[label].stdout.readline() != "ready\n":
            print(f"  {label} did not run: {(folder / 'complaints.txt').read_text()[-600:]}")
            workers.pop(label).wait()
            continue
        rounds[label] = []
    for i in range(options.rounds):
        labels = list(workers)
        for label in labels[i % len(labels) :] + labels[: i % len(labels)]:  # nobody is first
            workers[label].stdin.write("go\n")
            workers[label].stdin.flush()
            rounds[label].append(json.loads(workers[label].stdout.readline()))
            seconds = rounds[label][-1]["processor"]
            print(f"  round {i + 1}, {label}: {seconds:.2f} s", flush=True)
    for worker in workers.values():
        worker.communicate()
    files = {label: folder / f"{i}.npy" for i, label in enumerate(contenders)}
    return rounds, {label: np.load(files[label]) for label in rounds}


def rows(rounds, features, options):
    """The table's rows."""
    n = options.batch * options.batches
    truth = features.get("pytorch-fid")
    for label, took in rounds.items():
        row = {
            "contender": label,
            "images_per_processor_second": round(n / median(r["processor"] for r in took), 2),
            "images_per_second": round(n / median(r["wall"] for r in took), 2),
        }
        for rival in ("pytorch-fid", "torch-fidelity"):
            pairs = zip(took, rounds.get(rival, []))
            ratios = [b["processor"] / a["processor"] for a, b in pairs]
            row |= {
                f"times_{rival}": round(median(ratios), 3) if ratios else "",
                f"lowest_{rival}": round(min(ratios), 3) if ratios else "",
            }
        # torch-fidelity scales by 128, so its features are not pytorch-fid's.
        same = truth is not None and label != "torch-fidelity"
        error = np.abs(features[label] - truth).max() / np.abs(truth).max() if same else None
        row["relative_error"] = f"{error:.1e}" if same else ""
        yield row


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--torch-python", default=sys.executable, help="a Python with the peers")
    parser.add_argument("--only", nargs="+", default=list(CONTENDERS), help="labels of the table")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--batches", type=int, default=2, help="of a round")
    parser.add_argument("--out", type=Path, default=HERE / "results")
    parser.add_argument("--work", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(options.work[0], options.batch, options.batches, options.work[1])
        return

    sys.path.insert(0, str(HERE))
    import operations

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    threads = int(os.environ.get("TF_NUM_INTRAOP_THREADS", cores))
    name, flags = operations.processor()
    print(f"{name} ({', '.join(flags)}), {cores} of {os.cpu_count()} cores, {threads} threads")
    probe = [options.torch_python, "-c", "import pytorch_fid, torch_fidelity, cleanfid"]
    has_peers = subprocess.run(probe, capture_output=True, check=False).returncode == 0
    contenders = {}
    for label, (function, environment) in CONTENDERS.items():
        python = options.torch_python if "torch" in function else sys.executable
        if "torch" in function and not has_peers:
            print(f"{label}: skipped, {python} has no pytorch-fid, torch-fidelity and clean-fid")
        elif label in options.only:
            contenders[label] = (python, function, environment)
    with tempfile.TemporaryDirectory() as folder:
        rounds, features = measure(contenders, options, threads, Path(folder))
    table = list(rows(rounds, features, options))
    options.out.mkdir(exist_ok=True)
    with (options.out / "inception.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, table[0])
        writer.writeheader()
        writer.writerows(table)
    print("\n| " + " | ".join(key.replace("_", " ") for key in table[0]) + " |")
    print("|---" * len(table[0]) + "|")
    for row in table:
        print("| " + " | ".join(map(str, row.values())) + " |")


if __name__ == "__main__":
    main()
