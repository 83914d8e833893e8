"""Keras callbacks that watch a GAN train: a progress line, sample grids, a doctor.

`GAN.fit` adds `Progress` by itself; the others are handed to it, `fit(callbacks=[...])`.
"""

import os
import shutil
import sys
import time
from pathlib import Path

import keras
import numpy as np
from PIL import Image

from gankit.backend import is_chief
from gankit.doctor import TrainingDoctor

__all__ = ["Progress", "SampleGrid", "TrainingDoctor"]


class Progress(keras.callbacks.Callback):
    """A progress line: `epoch 3/25 · 412/938 · 21 s, 2 min 34 s left · d_loss 1.21 g_loss 0.93`.

    In a terminal and in a notebook one line is written over and over, at most four times a second;
    what stays at the end has the whole time and the last epoch's means. In a log (output goes to a
    file or a pipe) each epoch has a line of its own, and a long epoch one each 30 s. Within an
    epoch the numbers are those of the step just done, at its end they are the epoch's means.

    Args:
        keys: which of the logs are shown; where there is none of them, the first four.
    """

    def __init__(self, keys=("d_loss", "g_loss", "d_accuracy")):
        super().__init__()
        self.keys = keys

    def on_train_begin(self, logs=None):
        """Start the clock; look where the output goes."""
        self.live = is_live(sys.stdout)
        self.epochs, self.steps = self.params.get("epochs"), self.params.get("steps")
        self.begun = self.written = time.monotonic()
        self.first = None  # the epoch with which this training began
        self.warm = None  # when its first step, which takes far longer, was done
        self.done = self.width = 0

    def on_epoch_begin(self, epoch, logs=None):
        """Remember which epoch runs."""
        self.first = epoch if self.first is None else self.first
        self.epoch, self.step = epoch, 0

    def on_train_batch_end(self, batch, logs=None):
        """Write, if the last line is old enough."""
        now = min(batch + 1, self.steps or batch + 1)  # an execution may end beyond the epoch
        self.done += now - self.step
        self.step = now
        self.warm = self.warm or (time.monotonic(), self.done)
        if time.monotonic() - self.written >= (0.25 if self.live else 30.0):
            of_all = f"/{self.steps:,}" if self.steps else " steps"
            self.write(f"epoch {self.where()} · {self.step:,}{of_all} · {self.clock()}", logs)

    def on_epoch_end(self, epoch, logs=None):
        """Write the epoch's means."""
        self.steps = self.steps or self.step
        self.write(f"epoch {self.where()} · {self.clock()}", logs)

    def on_train_end(self, logs=None):
        """Write the line that stays; in a log, the numbers stand in the line above."""
        epochs = 0 if self.first is None else self.epoch + 1 - self.first
        head = f"{epochs} epoch{'s' * (epochs != 1)}, {self.done:,} steps · {self.clock()}"
        self.write(head, logs if self.live else None, end="\n")

    def where(self):
        """`3/25`."""
        return f"{self.epoch + 1}/{self.epochs}" if self.epochs else f"{self.epoch + 1}"

    def clock(self):
        """`21 s, 34 s left`; what is left is known once the steps of an epoch are."""
        now = time.monotonic()
        spent = duration(now - self.begun)
        if not (self.epochs and self.steps and self.warm and self.done > self.warm[1]):
            return spent
        pace = (now - self.warm[0]) / (self.done - self.warm[1])
        left = pace * (self.steps * (self.epochs - self.first) - self.done)
        return f"{spent}, {duration(left)} left" if left > 0 else spent

    def write(self, line, logs, end=""):
        """Print the line with its numbers, over the one before where that can be done."""
        logs = logs or {}
        keys = [key for key in self.keys if key in logs] or list(logs)[:4]
        line += " · " * bool(keys) + " ".join(f"{key} {float(logs[key]):.3g}" for key in keys)
        encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
        line = line.encode(encoding, "replace").decode(encoding)
        if self.live:
            columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else 120
            line = line[: columns - 1]  # a line that wraps could not be written over
            print(f"\r{line:{self.width}}", end=end, flush=True)
            self.width = len(line)
        else:
            print(line, flush=True)
        self.written = time.monotonic()


def is_live(stream):
    """Whether a line written there can be written over: a terminal, or a notebook's output."""
    notebook = type(stream).__module__.startswith("ipykernel")
    return notebook or bool(getattr(stream, "isatty", bool)())


def duration(seconds):
    """`48 s`, `3 min 20 s`, `2 h 05 min`."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {seconds:02d} s" if minutes else f"{seconds} s"


class SampleGrid(keras.callbacks.Callback):
    """Draws the same latent vectors again and again while a GAN trains.

    Before the first step and after each `every`-th epoch it makes `n` images from `n` latent
    vectors that stay the same, keeps them, and writes them into one PNG, pixel for pixel, named by
    the epochs done: `samples_0003.png`.

    Args:
        folder: where the files go, made if need be; None to write none.
        every: epochs between grids. n: images a grid. seed: of the latent vectors.
        columns: images a row.
        keep: how many images of each grid stay in memory (as bytes): by default all, 0 for none.

    Attributes:
        epochs: list of the epochs done, one a grid.
        frames: list of float32 `(keep, h, w, c)` in [0, 1], one a grid, for `plots.progression`.

    Raises:
        ValueError: before training, if `folder` is a file, or the generator makes no images in
            [0, 1]; at once, for numbers below 1.
        TypeError: before training, if the model is no `GAN`.
    """

    def __init__(self, folder=None, every=1, n=64, seed=0, columns=8, keep=None):
        super().__init__()
        if min(every, n, columns) < 1:
            raise ValueError(f"every={every}, n={n}, columns={columns}: each must be at least 1")
        self.folder = None if folder is None else Path(folder)
        self.every, self.n, self.seed, self.columns = every, n, seed, columns
        self.keep = n if keep is None else keep
        self.epochs, self._kept = [], []

    @property
    def frames(self):
        """The grids kept, in the order of `epochs`."""
        return [kept / np.float32(255) for kept in self._kept]

    def on_train_begin(self, logs=None):
        """Draw the latent vectors; refuse what will not do."""
        from gankit.pictures import check_images

        if not hasattr(self.model, "sample_latent"):
            raise TypeError(f"SampleGrid watches a gankit GAN, not {type(self.model).__name__}")
        shape = self.model.generator.output_shape
        if len(shape) != 4:
            raise ValueError(
                f"SampleGrid draws images (height, width, channels), and this generator makes "
                f"samples of shape {shape[1:]}: for points, use plots.scatter2d after training"
            )
        if self.folder:
            if self.folder.exists() and not self.folder.is_dir():
                raise ValueError(f"folder={str(self.folder)!r} is a file: name another folder")
            self.folder.mkdir(parents=True, exist_ok=True)
        self.latent = self.model.sample_latent(self.n, self.seed)
        check_images(self.model.generate(latent=self.latent), "the generator's samples")
        self.begun = False

    def on_epoch_begin(self, epoch, logs=None):
        """Before the first step: one grid."""
        if not self.begun:
            self.begun = True
            kept = sum(e < epoch for e in self.epochs)  # what follows is trained again
            del self.epochs[kept:], self._kept[kept:]
            self.draw(epoch)

    def on_epoch_end(self, epoch, logs=None):
        """After each `every`-th epoch: one more."""
        if (epoch + 1) % self.every == 0:
            self.draw(epoch + 1)

    def draw(self, epoch):
        """Make, keep and write the grid of now, `epoch` epochs done."""
        samples = np.nan_to_num(self.model.generate(latent=self.latent))  # a broken GAN is black
        samples = np.rint(samples.clip(0, 1) * 255).astype("uint8")
        if self.keep:
            self.epochs.append(epoch)
            self._kept.append(samples[: self.keep])
        if self.folder and is_chief(self.model):
            aside = self.folder / "samples.part"
            self.picture(samples).save(aside, "PNG", optimize=True)
            os.replace(aside, self.folder / f"samples_{epoch:04d}.png")

    def picture(self, samples):
        """uint8 images `(n, h, w, c)` as one Pillow image."""
        from gankit.pictures import tile

        grid = tile(samples, min(self.columns, len(samples)))
        return Image.fromarray(grid[..., 0] if grid.shape[-1] == 1 else grid)

    def strip(self, n=8, moments=9, **kw):
        """The first `n` images at `moments` of the epochs, evenly spread: `plots.progression`."""
        from gankit.plots import progression

        self.check_kept()
        frames = self.frames
        chosen = sorted({round(i) for i in np.linspace(0, len(frames) - 1, moments)})
        titles = [f"epoch {self.epochs[i]}" for i in chosen]
        return progression([frames[i] for i in chosen], titles, n=n, **kw)

    def gif(self, path, seconds=0.4, scale=2):
        """Write all grids as an animation that repeats; the last one stays five times as long."""
        self.check_kept()
        first, *rest = (self.picture(kept) for kept in self._kept)
        size = (first.width * scale, first.height * scale)
        first, *rest = (grid.resize(size, Image.Resampling.NEAREST) for grid in (first, *rest))
        times = [round(1000 * seconds)] * len(rest) + [round(5000 * seconds)]
        first.save(path, "GIF", save_all=True, append_images=rest, duration=times, loop=0)

    def check_kept(self):
        """ValueError if there is nothing to show."""
        if not self.epochs:
            raise ValueError("no samples are kept yet: train with this callback first (keep > 0)")
