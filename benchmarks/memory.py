"""Resident memory over 30 epochs of `GAN.fit` with the callbacks that users have: is it flat?

    python benchmarks/memory.py [EPOCHS]

It trains twice: first with `SampleGrid` and `TrainingDoctor`, then with `Checkpoint` as well. A
leak of one picture an epoch would be 0.05 MB; the slope is fitted over the last two thirds.
"""

import csv
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
    """Megabytes that the process holds, files it has mapped left out (Linux tells it so)."""
    status = Path("/proc/self/status").read_text().split()
    return int(status[status.index("RssAnon:") + 1]) / 1024


def train(clothes, epochs, checkpoint):
    """Resident MB after each epoch."""
    import keras

    shape = clothes.image_shape
    gan = GAN(dcgan.generator(shape, width=8), dcgan.discriminator(shape, width=8))
    gan.compile()
    taken = []
    with tempfile.TemporaryDirectory() as folder:
        look = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: taken.append(resident()))
        saves = [Checkpoint(f"{folder}/gan.keras")] if checkpoint else []
        watch = [SampleGrid(folder, keep=0), TrainingDoctor(), *saves, look]
        gan.fit(clothes, epochs=epochs, callbacks=watch, verbose=0)
    return taken


def main(epochs=30):
    clothes = datasets.fashion_mnist().take(512)
    columns = {"without_checkpoint": False, "with_checkpoint": True}
    for name, checkpoint in columns.items():
        columns[name] = taken = train(clothes, epochs, checkpoint)
        late = np.array(taken[epochs // 3 :])
        slope = np.polyfit(np.arange(len(late)), late, 1)[0]
        print(f"{name}: {taken[0]:.0f} MB after the first epoch, {taken[-1]:.0f} MB after the last "
              f"of {epochs}; {slope:+.3f} MB an epoch from epoch {epochs // 3} on", flush=True)
    path = Path(__file__).parent / "results" / "memory.csv"
    path.parent.mkdir(exist_ok=True)
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["epoch", *columns])
        for i, marks in enumerate(zip(*columns.values())):
            table.writerow([i + 1, *(f"{mb:.1f}" for mb in marks)])


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
