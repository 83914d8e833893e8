"""Time to quality: the processor seconds that a GAN needs until its samples are as good as asked.

`python benchmarks/quality.py PEER --seed 0 --epochs 20 --out FOLDER` trains one peer on the 60,000
images of Fashion-MNIST and writes a row a look: epoch, processor seconds of the training alone, and
the Frechet classifier distance of 10,000 samples (the same classifier for all).
"""

import argparse
import csv
import time
from pathlib import Path

import numpy as np

from gankit import datasets
from gankit.training import Judge


def looks(epochs):
    """Epochs at which a peer is scored: four in the first, then one each."""
    return [0.25, 0.5, 0.75, *range(1, epochs + 1)]


def measure(step, sample, batch_size, seed, epochs, path, budget=None):
    """Train, and write the score at each look; the judge's own time is not counted."""
    images = datasets.fashion_mnist()
    judge = Judge("fashion_mnist_classifier")
    per_epoch = len(images) // batch_size
    marks = {round(e * per_epoch) for e in looks(epochs)}
    batches, spent, done = images.batches(batch_size, seed=seed), 0.0, 0
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["epoch", "processor_seconds", "frechet"])
        while done < epochs * per_epoch and (budget is None or spent < budget):
            for reals in batches:
                start = time.process_time()
                step(reals)
                spent += time.process_time() - start
                done += 1
                if done in marks:
                    score = judge.score(np.asarray(sample(10_000, 1)))["frechet"]
                    table.writerow([f"{done / per_epoch:.2f}", f"{spent:.1f}", f"{score:.2f}"])
                    file.flush()
                    print(f"{done / per_epoch:.2f} {spent:.0f} s {score:.1f}", flush=True)
            batches.on_epoch_end()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("peer")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--budget", type=float, help="stop after so many processor seconds")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/quality"))
    options = parser.parse_args()
    import quality_peers

    step, sample, batch_size = getattr(quality_peers, options.peer)(options.seed)
    path = options.out / f"{options.peer}_{options.seed}.csv"
    measure(step, sample, batch_size, options.seed, options.epochs, path, options.budget)


if __name__ == "__main__":
    main()
