"""Does a folder larger than memory train at flat memory, and does decoding keep up?

`python benchmarks/streaming.py` writes JPEGs of 256 px into a temporary folder, and measures, each
in a process of its own: reading it into memory; streaming it with 1, 2 and 4 workers; and training
a small GAN from it. It prints pictures per second of wall and of processor time, and the resident
memory when a quarter of each run was done, at its end, and at most, beyond what the imports take.

`--limit 1024 --pictures 10000 --size 256` allows each process 1,024 MB beyond its imports (Linux'
RLIMIT_DATA), where the pixels are 1,875 MB: reading them into memory must fail, training must not.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
from PIL import Image


def resident():
    """Megabytes that the process holds, files it has mapped left out (Linux tells it so)."""
    status = Path("/proc/self/status").read_text().split()
    return int(status[status.index("RssAnon:") + 1]) / 1024


def write_folder(folder, n, size=256):
    """`n` JPEGs: smooth random colours under a little noise, as photographs compress."""
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 6, (size, size, 3))
    for i in range(n):
        coarse = Image.fromarray(rng.integers(0, 256, (12, 12, 3), np.uint8))
        smooth = np.asarray(coarse.resize((size, size), Image.Resampling.BICUBIC))
        pixels = (smooth + np.roll(noise, i, axis=1)).clip(0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{i:06d}.jpg", quality=90)


class Watch(threading.Thread):
    """Notes the resident memory every 50 ms."""

    def __init__(self):
        super().__init__(daemon=True)
        self.begin, self.marks, self.over = resident(), [], threading.Event()

    def run(self):
        while not self.over.wait(0.05):
            self.marks.append(resident() - self.begin)

    def stop(self):
        """Megabytes beyond the beginning: after a quarter, at the end, at most."""
        self.over.set()
        self.join()
        return self.marks[len(self.marks) // 4], self.marks[-1], max(self.marks)


def stream(batches, epochs):
    """Go through all batches; how many pictures that were."""
    for _ in range(epochs):
        for batch in batches:
            batch.sum()
        batches.on_epoch_end()
    return epochs * len(batches) * batches.batch_size


def networks(shape, coarse=16):
    """A DCGAN of width 8; above 64 px a pair that sees squares: reading is measured, not they."""
    from keras import Sequential, layers

    from gankit.models import dcgan

    height, width, channels = shape
    if height <= 64:
        return dcgan.generator(shape, width=8), dcgan.discriminator(shape, width=8)
    squares = height // coarse, width // coarse, channels
    g = [layers.Dense(int(np.prod(squares)), "sigmoid"), layers.Reshape(squares)]
    d = [layers.AveragePooling2D(coarse), layers.Flatten(), layers.Dense(1)]
    return (
        Sequential([layers.Input((64,)), *g, layers.UpSampling2D(coarse)]),
        Sequential([layers.Input(shape), *d]),
    )


def train(data, epochs):
    """Train a small GAN; how many pictures it saw."""
    import keras

    from gankit.gans import GAN

    keras.utils.set_random_seed(0)
    gan = GAN(*networks(data.image_shape))
    gan.compile()
    gan.fit(data, batch_size=64, epochs=epochs, verbose=0)
    return epochs * (len(data) // 64 * 64)


def allow(megabytes):
    """Let this process have no more than so much memory beyond what it has by now."""
    status = Path("/proc/self/status").read_text().split()
    has = int(status[status.index("VmData:") + 1]) * 1024
    resource.setrlimit(resource.RLIMIT_DATA, (has + megabytes * 2**20,) * 2)


def measure(what, folder, side, epochs, limit):
    """One line of the table."""
    from gankit.datasets import ArrayBatches, image_folder  # noqa: F401 (Keras, before the clock)

    kind, _, workers = what.partition("-")
    workers = int(workers or 1)
    if limit:
        allow(limit)
    watch = Watch()
    watch.start()
    wall, processor = time.perf_counter(), time.process_time()
    try:
        files = image_folder(folder, size=side, in_memory=kind == "memory", workers=workers)
    except MemoryError:
        print(f"{what:10}  no room: MemoryError", flush=True)
        return
    if kind != "memory" and kind != "look":  # the look at all files is a line of its own
        wall, processor = time.perf_counter(), time.process_time()
    if kind == "stream":
        n = stream(files.batches(64), epochs)
    elif kind == "train":
        n = train(files, epochs)
    else:
        n = len(files)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    row = "  ".join(f"{mark:8.0f}" for mark in watch.stop())
    print(f"{what:10}  {n / wall:9.0f}  {n / processor:14.0f}  {row}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--pictures", type=int, default=4000)
    parser.add_argument("--size", type=int, default=64, help="pixels they are decoded to")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--limit", type=int, default=0, help="MB that a process may have, 0: any")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help="of pictures that are there already")
    options = parser.parse_args()
    if options.measure:
        measure(options.measure, options.folder, options.size, options.epochs, options.limit)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        if options.folder is None:
            write_folder(folder, options.pictures)
        n = sum(1 for _ in folder.rglob("*.jpg"))
        print(f"{n:,} pictures of {options.size} x {options.size} x 3 are "
              f"{n * options.size**2 * 3 / 2**20:,.0f} MB as pixels; {options.epochs} epochs"
              + f"; {options.limit:,} MB allowed" * bool(options.limit))
        print("what         pict./s  per proc. sec.  MB: 1/4     end       most")
        whats = ("memory-1", "look-1", "stream-1", "stream-2", "stream-4", "train-2")
        for what in whats if not options.limit else ("memory-1", "train-2"):
            subprocess.run([
                sys.executable, __file__, "--measure", what, "--folder", str(folder),
                "--size", str(options.size), "--epochs", str(options.epochs),
                "--limit", str(options.limit),
            ], check=True)


if __name__ == "__main__":
    main()
