"""Images per second of `GAN.fit` and of the loops that people copy: `make bench`.

Each contender (`contenders.py`) is a process of its own; they take turns, a round each, so that
what else the machine does meets all alike. The table holds medians over the rounds; processor time
counts, wall time stands beside it. Nothing is trained to the end: for quality see `quality.py`.

    python benchmarks/throughput.py --torch-python OTHER/bin/python     # about 10 minutes
    python benchmarks/throughput.py --settings 28px_w16 --rounds 3      # one
"""

import argparse
import contextlib
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import operations

HERE = Path(__file__).parent
SETTINGS = {"28px_w16": (28, 16, 100), "28px_w64": (28, 64, 30), "64px_w32": (64, 32, 8)}
ONEDNN, PLAIN = {"TF_ENABLE_ONEDNN_OPTS": "1"}, {"TF_ENABLE_ONEDNN_OPTS": "0"}
CONTENDERS = {  # what the table calls it: (function of contenders.py, environment)
    "gankit": ("gankit", ONEDNN),
    "gankit, steps by ten": ("gankit_by_ten", ONEDNN),
    "gankit, fresh fakes": ("gankit_fresh", ONEDNN),
    "gankit, bfloat16": ("gankit_bfloat16", ONEDNN),
    "(a) copied Keras pattern": ("keras_copied", ONEDNN),
    "(b) two-tape tutorial loop": ("two_tapes", ONEDNN),
    "gankit, without oneDNN": ("gankit", PLAIN),
    "(a) without oneDNN": ("keras_copied", PLAIN),
    "(b) without oneDNN": ("two_tapes", PLAIN),
    "(c) PyTorch, channels_last": ("torch_plain", {"KERAS_BACKEND": "torch"}),
    "(c) with torch.compile": ("torch_compiled", {"KERAS_BACKEND": "torch"}),
}
RIVAL = {"gankit, without oneDNN": "(a) without oneDNN"}  # else the copied pattern with it
BATCH = 64


class Worker:
    """A contender's process; it has done its first round when it is made."""

    def __init__(self, command, environment, threads):
        limits = {"TF_NUM_INTRAOP_THREADS": threads, "OMP_NUM_THREADS": threads}
        quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
        self.complaints = tempfile.TemporaryFile("w+")  # noqa: SIM115
        self.process = subprocess.Popen(
            [str(word) for word in command],
            env=os.environ | quiet | {k: str(v) for k, v in limits.items()} | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.complaints,
            text=True,
        )
        self.first = self.round()

    def round(self):
        """Train a round: its wall and processor seconds; None if the process is no more."""
        try:
            self.process.stdin.write("go\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            return None
        line = self.process.stdout.readline()
        return json.loads(line) if line else None

    def close(self):
        """Let it end; the last line of its complaints."""
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait()
        self.complaints.seek(0)
        return ([*self.complaints] or ["no reason given"])[-1].strip()


def choose(torch_python, flags):
    """The contenders that can run here, each with its Python; says which cannot, and why."""
    chosen = {}
    probe = [torch_python, "-c", "import torch"]
    has_torch = subprocess.run(probe, capture_output=True, check=False).returncode == 0
    for label, (name, environment) in CONTENDERS.items():
        if "torch" in name and not has_torch:
            print(f"{label}: skipped, {torch_python} has no torch")
        elif "bfloat16" in name and not {"avx512_bf16", "amx_bf16"} & set(flags):
            print(f"{label}: skipped, this processor has no bfloat16 ({', '.join(flags)})")
        else:
            chosen[label] = (torch_python if "torch" in name else sys.executable, name, environment)
    return chosen


def measure(setting, contenders, rounds, threads):
    """Interleaved rounds of one setting: {label: (first round, [round, ...])}."""
    workers, results = {}, {}
    try:
        for label, (python, name, environment) in contenders.items():
            command = [python, HERE / "contenders.py", name, *setting]
            workers[label] = Worker(command, environment, threads)
            results[label] = (workers[label].first, [])
            first = workers[label].first
            seconds = f"{first['wall']:.1f} s" if first else "failed"
            print(f"  {label}: first round {seconds}", flush=True)
        for i in range(rounds):
            labels = list(workers)
            for label in labels[i % len(labels) :] + labels[: i % len(labels)]:  # nobody is first
                if (seconds := workers[label].round()) is not None:
                    results[label][1].append(seconds)
                    ms = 1e3 * seconds["processor"] / setting[2]
                    print(f"  round {i + 1}, {label}: {ms:.1f} ms a step", flush=True)
    finally:
        for label, worker in workers.items():
            why = worker.close()
            if not results.get(label, (None, []))[1]:
                print(f"  {label}: did not run: {why}")
    return {label: result for label, result in results.items() if result[1]}


def rows(name, setting, results, contenders, rate):
    """The table's rows of one setting."""
    from gankit.models import dcgan

    size, width, steps = setting
    shape = (size, size, 1 if size == 28 else 3)
    networks = dcgan.generator(shape, width=width), dcgan.discriminator(shape, width)
    for label, (first, rounds) in results.items():
        processor, wall = ([r[k] / steps for r in rounds] for k in ("processor", "wall"))
        rival = results.get(RIVAL.get(label, "(a) copied Keras pattern"), (None, []))[1]
        ratios = [b["processor"] / a["processor"] for a, b in zip(rounds, rival)]
        work = operations.step(*networks, contenders[label][1], BATCH)
        yield {
            "setting": name,
            "contender": label,
            "images_per_processor_second": round(BATCH / median(processor), 1),
            "images_per_second": round(BATCH / median(wall), 1),
            "times_copied": round(median(ratios), 3) if ratios else "",
            "lowest": round(min(ratios), 3) if ratios else "",
            "highest": round(max(ratios), 3) if ratios else "",
            "processor_ms_a_step": round(1e3 * median(processor), 2),
            "spread_ms": round(1e3 * (max(processor) - min(processor)), 2),
            "gflop_a_step": round(work / 1e9, 3),
            "share_of_matrix_rate": round(work / median(processor) / rate, 3),
            "first_round_s": round(first["wall"], 1),
        }


def picture(table, path):
    """Bars of images a processor second, a panel a setting."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    names = list(dict.fromkeys(row["setting"] for row in table))
    figure, panels = plt.subplots(1, len(names), figsize=(4.6 * len(names), 3.6), sharey=True)
    for name, panel in zip(names, [panels] if len(names) == 1 else panels):
        part = [row for row in table if row["setting"] == name][::-1]
        colours = ["#0072B2" if "gankit" in row["contender"] else "#BBBBBB" for row in part]
        speeds = [float(row["images_per_processor_second"]) for row in part]
        bars = panel.barh([row["contender"] for row in part], speeds, color=colours)
        panel.bar_label(bars, [f"{s:,.0f}" for s in speeds], padding=3)
        panel.set(title=name.replace("_", ", "), xlim=(0, 1.2 * max(speeds)))
        panel.set_xlabel("images a processor second")
        panel.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(path, dpi=72)


def write(table, folder):
    """`throughput.csv` and `throughput.png`."""
    folder.mkdir(exist_ok=True)
    with (folder / "throughput.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, table[0])
        writer.writeheader()
        writer.writerows(table)
    picture(table, folder / "throughput.png")


def show(table):
    """Print the table in Markdown."""
    keys = list(table[0])
    print("\n| " + " | ".join(key.replace("_", " ") for key in keys) + " |")
    print("|---" * len(keys) + "|")
    for row in table:
        print("| " + " | ".join(str(row[k]) for k in keys) + " |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--settings", nargs="+", default=list(SETTINGS), choices=list(SETTINGS))
    parser.add_argument("--only", nargs="+", default=list(CONTENDERS), help="labels of the table")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--torch-python", default=sys.executable, help="a Python with torch")
    parser.add_argument("--out", type=Path, default=HERE / "results")
    options = parser.parse_args()

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    threads = int(os.environ.get("TF_NUM_INTRAOP_THREADS", cores))
    name, flags = operations.processor()
    print(f"{name} ({', '.join(flags)}), {cores} of {os.cpu_count()} cores, {threads} threads")
    contenders = choose(options.torch_python, flags)
    contenders = {label: contenders[label] for label in contenders if label in options.only}
    table, start = [], time.perf_counter()
    for setting in options.settings:
        print(setting, flush=True)
        rates = [operations.matrix_rate()]
        results = measure(SETTINGS[setting], contenders, options.rounds, threads)
        rates.append(operations.matrix_rate())
        print("  matrix product, before and after:", *(f"{r / 1e9:.1f}" for r in rates), "GFLOP/s")
        table += rows(setting, SETTINGS[setting], results, contenders, median(rates))
        write(table, options.out)  # what there is, should the rest be broken off
    show(table)
    print(f"\n{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
