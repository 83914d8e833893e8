"""The Frechet distance at 2,048 dimensions: processor time, error, memory.

    python benchmarks/frechet.py [--dimensions 2048] [--rounds 3] [--images 50000]

1. `gankit` against the form most libraries have, covariances and `scipy.linalg.sqrtm` of their
   product, from features of N images each. Rounds are interleaved; the table holds medians and the
   median of ratios within a round. The error is relative, to a truth known in closed form: the
   features of both sets have, exactly, covariances with common axes.
2. Peak memory of streaming features in batches against keeping all until the end, each in a Python
   of its own. The features are drawn, so that no network's memory is counted.

Set OMP_NUM_THREADS=1 for one core. What is printed goes to `results/frechet.csv`, too.
"""

import argparse
import csv
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import numpy as np
import scipy.linalg

from gankit.metrics import frechet_distance

BATCH = 500


def by_sqrtm(real, fake):
    """As pytorch-fid, torchmetrics and others have it, without their epsilon."""
    c1, c2 = np.cov(real, rowvar=False), np.cov(fake, rowvar=False)
    root = scipy.linalg.sqrtm(c1 @ c2)
    apart = real.mean(axis=0) - fake.mean(axis=0)
    return float(apart @ apart + np.trace(c1) + np.trace(c2) - 2 * np.trace(root).real)


def with_known_distance(n, d):
    """Two sets of n features with common axes, and their distance.

    `white` has orthonormal, centred columns. Scaled to deviations s and t, turned by one rotation
    and shifted by 1/10, the two are sum (s - t)^2 + d / 100 apart: nothing is estimated. With
    n <= d there are n - 1 such columns; all other directions have no spread.
    """
    rng = np.random.default_rng(0)
    rank = min(n - 1, d)
    white = rng.standard_normal((n, rank))
    white = np.linalg.qr(white - white.mean(axis=0))[0] * np.sqrt(n - 1)
    s, t = np.geomspace(1, 1e-2, rank), np.geomspace(1.2, 1e-3, rank)
    axes = np.linalg.qr(rng.standard_normal((d, rank)))[0].T
    return white * s @ axes, white * t @ axes + 0.1, np.sum((s - t) ** 2) + d / 100


def timed(function, *args):
    """Its result, processor seconds and wall seconds."""
    wall, processor = time.perf_counter(), time.process_time()
    result = function(*args)
    return result, time.process_time() - processor, time.perf_counter() - wall


def compare(n, d, rounds):
    """Rows of the table for N = n."""
    real, fake, truth = with_known_distance(n, d)
    ways = {"gankit": frechet_distance, "sqrtm": by_sqrtm}
    taken = {name: [] for name in ways}
    for turn in range(rounds):
        for name in sorted(ways, reverse=turn % 2):
            taken[name].append(timed(ways[name], real, fake))
    ratios = [b[1] / a[1] for a, b in zip(taken["gankit"], taken["sqrtm"])]
    for name, found in taken.items():
        yield {
            "what": f"{name}, N = {n}, d = {d}",
            "processor_s": f"{median(f[1] for f in found):.3f}",
            "wall_s": f"{median(f[2] for f in found):.3f}",
            "times_sqrtm": f"{median(ratios):.1f}" if name == "gankit" else "1",
            "lowest_highest": f"{min(ratios):.1f}-{max(ratios):.1f}" if name == "gankit" else "",
            "relative_error": f"{abs(found[-1][0] - truth) / truth:.1e}",
        }


def batches(images, d):
    rng = np.random.default_rng(0)
    for _ in range(images // BATCH):
        yield rng.standard_normal((BATCH, d), "float32"), rng.standard_normal((BATCH, d), "float32")


def stream(images, d):
    from gankit.metrics.streaming import FrechetDistance

    metric = FrechetDistance()
    for real, fake in batches(images, d):
        metric.update_state(real, fake)
    return metric.result()


def buffer(images, d):
    from gankit.metrics.streaming import FrechetDistance  # noqa: F401  the same imports for both

    kept = np.empty((2, images, d), "float32")  # as a network gives them
    for i, pair in enumerate(batches(images, d)):
        kept[:, i * BATCH : (i + 1) * BATCH] = pair
    return frechet_distance(*kept)


def peak():
    """Highest resident memory of this process so far, MB; Linux alone tells it in this way."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def memory(images, d):
    """Rows of the table for memory: each way in a Python of its own, above what imports take."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    for way in ("stream", "buffer"):
        command = [sys.executable, __file__, "--way", way, "--images", str(images)]
        command += ["--dimensions", str(d)]
        out = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        before, after, processor, value = map(float, out.stdout.split()[-4:])
        yield {
            "what": f"{way} {images} + {images} images, d = {d}",
            "processor_s": f"{processor:.1f}",
            "peak_mb": f"{after - before:.0f}",
            "value": f"{value:.6f}",
        }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dimensions", type=int, default=2048)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--images", type=int, default=50_000, help="0 leaves memory out")
    parser.add_argument("--sizes", type=int, nargs="+", default=[500, 10_000])
    parser.add_argument("--way", choices=["stream", "buffer"], help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.way:  # in a Python of its own
        way = {"stream": stream, "buffer": buffer}[args.way]
        way(2 * BATCH, 8)  # imports
        before = peak()
        value, processor, _ = timed(way, args.images, args.dimensions)
        print(before, peak(), processor, value)
        return
    rows = [row for n in args.sizes for row in compare(n, args.dimensions, args.rounds)]
    if args.images:
        rows += memory(args.images, args.dimensions)
    columns = ["what", "processor_s", "wall_s", "times_sqrtm", "lowest_highest", "relative_error"]
    path = Path(__file__).parent / "results" / "frechet.csv"
    path.parent.mkdir(exist_ok=True)
    with path.open("w", newline="") as file:
        table = csv.DictWriter(file, [*columns, "peak_mb", "value"])
        table.writeheader()
        table.writerows(rows)
    for row in rows:
        print("  ".join(f"{name} {value}" for name, value in row.items() if value))


if __name__ == "__main__":
    main()
