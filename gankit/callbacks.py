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

from gankit.doctor import TrainingDoctor

__all__ = ["Progress", "SampleGrid", "TrainingDoctor"]


class Progress(keras.callbacks.Callback):
    """A progress line: `epoch 3/25 · 412/938 · 21 s, 34 s left · d_loss 1.21 g_loss 0.93`.

    In a terminal and in a notebook one line is written over and over, at most four times a second;
    what stays at the end is the whole time and the last epoch's means. In a log (output goes to a
    file or a pipe) each epoch has a line of its own, and a long epoch one each 30 s. Within an
    epoch the losses are those of the step just done, at its end they are the epoch's means.

    Args:
        keys: which of the logs are shown; where there is none of them, the first four.
    """

    def __init__(self, keys=("d_loss", "g_loss", "d_accuracy")):
        super().__init__()
        self.keys = keys

    def on_train_begin(self, logs=None):
        """Start the clock; look where the output goes."""
        self.live = is_live(sys.stdout)
        self.begun = self.written = time.monotonic()
        self.first = None  # the epoch with which this training began
        self.steps = (self.params or {}).get("steps")
        self.done = self.width = 0

    def on_epoch_begin(self, epoch, logs=None):
        """Remember which epoch runs."""
        self.first = epoch if self.first is None else self.first
        self.epoch, self.step = epoch, 0

    def on_train_batch_end(self, batch, logs=None):
        """Write, if the last line is old enough."""
        self.step, self.done = batch + 1, self.done + 1
        if time.monotonic() - self.written >= (0.25 if self.live else 30.0):
            steps = f"{self.step:,}/{self.steps:,}" if self.steps else f"step {self.step:,}"
            self.write(f"{self.where()} · {steps} · {self.clock()} · {self.numbers(logs)}")

    def on_epoch_end(self, epoch, logs=None):
        """Write the epoch's means."""
        self.steps = self.steps or self.step
        self.write(f"{self.where()} · {self.clock()} · {self.numbers(logs)}")

    def on_train_end(self, logs=None):
        """Write the line that stays."""
        epochs = 0 if self.first is None else self.epoch + 1 - self.first
        numbers = self.numbers(logs) if self.live else ""  # a log has them in the line above
        line = f"{epochs} epoch{'s' * (epochs != 1)}, {self.done:,} steps · {self.spent()}"
        self.write(f"{line} · {numbers}" if numbers else line, last=True)

    def write(self, line, last=False):
        """Print the line, over the one before where that can be done."""
        self.written = time.monotonic()
        encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
        line = line.strip(" ·").encode(encoding, "replace").decode(encoding)
        if not self.live:
            print(line, flush=True)
            return
        line = line[: shutil.get_terminal_size((120, 24)).columns - 1]  # one line, or \r fails
        print(f"\r{line:{self.width}}", end="\n" if last else "", flush=True)
        self.width = len(line)

    def where(self):
        """`epoch 3/25`."""
        epochs = (self.params or {}).get("epochs")
        return f"epoch {self.epoch + 1}/{epochs}" if epochs else f"epoch {self.epoch + 1}"

    def clock(self):
        """`21 s, 34 s left`; what is left is known once the steps of an epoch are."""
        epochs = (self.params or {}).get("epochs")
        if not (epochs and self.steps and self.done):
            return self.spent()
        left = self.steps * (epochs - self.first) - self.done
        if left <= 0:
            return self.spent()
        return f"{self.spent()}, {duration((time.monotonic() - self.begun) / self.done * left)} left"

    def spent(self):
        """Time since training began."""
        return duration(time.monotonic() - self.begun)

    def numbers(self, logs):
        """`d_loss 1.21 g_loss 0.93`."""
        logs = logs or {}
        keys = [key for key in self.keys if key in logs] or list(logs)[:4]
        return " ".join(f"{key} {float(logs[key]):.3g}" for key in keys)


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
    """The same latent vectors drawn again and again while a GAN trains.

    Before the first step and after each `every`-th epoch it makes `n` images from `n` latent
    vectors that stay the same, keeps them, and writes them as `samples_0003.png` (the number of
    epochs done), pixel for pixel, 2 white pixels between images.

    Args:
        folder: where the files go, created if need be; None to write none.
        every: epochs between grids. n: images a grid. seed: of the latent vectors.
        columns: images a row.
        keep: how many images of each grid stay in memory (as bytes); all by default, 0 for none.

    Attributes:
        epochs: list of the numbers of epochs done, one a grid.
        frames: list of float32 `(keep, h, w, c)` in [0, 1], one a grid, for `plots.progression`.

    Errors, before training: ValueError if `folder` is a file, if the GAN makes no images (rank 4),
    or for numbers below 1; TypeError if the model is no `GAN`.
    """

    def __init__(self, folder=None, every=1, n=64, seed=0, columns=8, keep=None):
        super().__init__()
        if min(every, n, columns) < 1:
            raise ValueError(f"every={every}, n={n}, columns={columns}: each must be at least 1")
        self.folder = None if folder is None else Path(folder)
        self.every, self.n, self.seed, self.columns = every, n, seed, columns
        self.keep = n if keep is None else keep
        self.epochs, self._bytes = [], []

    @property
    def frames(self):
        return [images / np.float32(255) for images in self._bytes]

    def on_train_begin(self, logs=None):
        """Check everything; draw the latent vectors."""
        if not hasattr(self.model, "sample_latent"):
            raise TypeError(f"SampleGrid watches a gankit GAN, not {type(self.model).__name__}")
        shape = self.model.generator.output_shape
        if len(shape) != 4:
            raise ValueError(
                f"the generator makes samples of shape {shape[1:]}, which are no images: SampleGrid "
                "wants (height, width, channels). For points, use plots.scatter2d after training"
            )
        if self.folder:
            if self.folder.exists() and not self.folder.is_dir():
                raise ValueError(f"folder={str(self.folder)!r} is a file: name another folder")
            self.folder.mkdir(parents=True, exist_ok=True)
        self.latent = self.model.sample_latent(self.n, self.seed)
        self.begun = False

    def on_epoch_begin(self, epoch, logs=None):
        """Before the first step: one grid."""
        if self.begun:
            return
        self.begun = True
        kept = sum(e < epoch for e in self.epochs)  # trained again from here: the rest is void
        del self.epochs[kept:], self._bytes[kept:]
        self.draw(epoch)

    def on_epoch_end(self, epoch, logs=None):
        """After each `every`-th epoch: one more."""
        if (epoch + 1) % self.every == 0:
            self.draw(epoch + 1)

    def draw(self, epoch):
        """Make, keep and write the grid of now, after `epoch` epochs."""
        from gankit.pictures import check_images, tile

        images = check_images(self.model.generate(latent=self.latent), f"samples of epoch {epoch}")
        if self.keep:
            self.epochs.append(epoch)
            self._bytes.append(to_bytes(images[: self.keep]))
        if self.folder:
            grid = to_bytes(tile(images, self.columns))
            aside = self.folder / "samples.part"
            picture(grid).save(aside, "PNG")
            os.replace(aside, self.folder / f"samples_{epoch:04d}.png")

    def strip(self, n=8, moments=9, **kw):
        """The first `n` images at `moments` epochs, evenly spread: a figure (`plots.progression`)."""
        from gankit.plots import progression

        chosen = self.chosen(moments)
        frames = self.frames
        titles = [f"epoch {self.epochs[i]}" for i in chosen]
        return progression([frames[i] for i in chosen], titles, n=n, **kw)

    def chosen(self, moments):
        """Which grids a strip shows."""
        if not self.epochs:
            raise ValueError("there are no samples yet: train with this callback first (keep > 0)")
        return sorted({round(i) for i in np.linspace(0, len(self.epochs) - 1, moments)})

    def gif(self, path, seconds=0.4, scale=2):
        """Write all grids kept as an animation that repeats; the last one stays five times as long."""
        from gankit.pictures import tile

        self.chosen(1)
        grids = [to_bytes(tile(frame, self.columns)) for frame in self.frames]
        size = (grids[0].shape[1] * scale, grids[0].shape[0] * scale)
        pictures = [picture(grid).resize(size, Image.NEAREST) for grid in grids]
        times = [round(seconds * 1000)] * (len(pictures) - 1) + [round(seconds * 5000)]
        pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=times, loop=0)


def to_bytes(images):
    """Floats in [0, 1] as uint8."""
    return np.rint(images * 255).astype("uint8")


def picture(array):
    """A uint8 array `(h, w, 1 or 3)` as a Pillow image."""
    return Image.fromarray(array[..., 0] if array.shape[-1] == 1 else array)
