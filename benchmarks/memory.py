"""Resident memory over 30 epochs of `GAN.fit` with the callbacks that users have: is it flat?

    python benchmarks/memory.py [EPOCHS]

A leak of one picture an epoch would be 0.05 MB; the slope is fitted over the last two thirds.
"""

import csv
import os
import sys
import tempfile
from pathlib import Path

import numpy as np

from gankit import datasets
from gankit.callbacks import SampleGrid, TrainingDoctor
from gankit.gans import GAN
from gankit.models import dcgan
from gankit.saving import Checkpoint


def resident():
    """Resident memory in MB; Linux alone tells it in this way."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def main(epochs=30):
    import keras

    clothes = datasets.fashion_mnist().take(512)
    shape = clothes.image_shape
    gan = GAN(dcgan.generator(shape, width=8), dcgan.discriminator(shape, width=8))
    gan.compile(ema=0.999)
    taken = []
    with tempfile.TemporaryDirectory() as folder:
        look = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: taken.append(resident()))
        checkpoint = Checkpoint(f"{folder}/gan.keras")
        watch = [SampleGrid(folder, keep=0), TrainingDoctor(), checkpoint, look]
        gan.fit(clothes, epochs=epochs, callbacks=watch)
    late = np.array(taken[epochs // 3 :])
    slope = np.polyfit(np.arange(len(late)), late, 1)[0]
    path = Path(__file__).parent / "results" / "memory.csv"
    path.parent.mkdir(exist_ok=True)
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["epoch", "resident_mb"])
        table.writerows((i + 1, f"{mb:.1f}") for i, mb in enumerate(taken))
    print(f"{taken[0]:.0f} MB after the first epoch, {taken[-1]:.0f} MB after the last of {epochs}")
    print(f"slope {slope:+.3f} MB an epoch from epoch {epochs // 3} on")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
