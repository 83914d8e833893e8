"""What the loops of all attacks share: batches with a progress line, and the way back.

An attack looks like this:

    made = images.copy()
    for part, tick in batches(len(images), batch_size, "FGSM", steps):
        x = images[part]
        for _ in range(steps):
            logits, slopes = victim.gradient(x, labels[part])
            check_gradients(victim, slopes, part.start)
            x = ...
            tick()
        made[part] = x
    return given_back(made, given, bounds)
"""

import math
import os
import sys
import time

import numpy as np

from gankit.callbacks import duration, is_live
from gankit.inputs import check_count

TINY = 1e-30  # a length that is divided by is at least this


def batches(n, batch_size, name, steps=1):
    """Goes through `n` images `batch_size` at a time, under a progress line.

    Args:
        n: number of images. batch_size: how many are worked on at once; it bounds the memory.
        name: of the attack, for the line. steps: of its loop within a batch, if it ticks.

    Returns:
        An iterator over `(part, tick)`: a slice of the images; a function to be called after each
        step of the loop (it may be called less often, or never).
    """
    batch_size = check_count("batch_size", batch_size)
    return _walk(n, batch_size, Progress(name, n, steps))


def _walk(n, batch_size, progress):
    for start in range(0, n, batch_size):
        part = slice(start, min(start + batch_size, n))
        progress.begin(part)
        yield part, progress.tick
    progress.end()


class Progress:
    """A line such as `DeepFool · 512/1,024 images · 21 s, 20 s left`, after a few seconds.

    In a terminal or notebook it is written over and over; in a log there is one each 30 s.
    """

    def __init__(self, name, n, steps):
        self.name, self.n, self.steps = name, n, steps
        self.live = is_live(sys.stdout)
        self.begun = time.monotonic()
        self.next, self.width = self.begun + (2 if self.live else 30), 0
        if os.environ.get("GANKIT_PROFILE") == "smoke":  # whose tests compare what cells print
            self.next = math.inf

    def begin(self, part):
        """A batch begins."""
        self.part, self.step = part, 0
        self.show()

    def tick(self):
        """A step of the batch is done."""
        self.step = min(self.step + 1, self.steps)
        self.show()

    def show(self):
        """Write, if the last line is old enough."""
        now, (start, stop) = time.monotonic(), (self.part.start, self.part.stop)
        done = start + (stop - start) * self.step / self.steps
        if now < self.next or done == self.n:
            return
        spent = now - self.begun
        left = f", {duration(spent * (self.n / done - 1))} left" if done else ""
        self.write(f"{int(done):,}/{self.n:,} images · {duration(spent)}{left}")
        self.next = now + (0.25 if self.live else 30)

    def end(self):
        """The line that stays, if any was written."""
        if self.width:
            self.write(f"{self.n:,} images · {duration(time.monotonic() - self.begun)}")
            if self.live:
                print(flush=True)

    def write(self, text):
        """Print a line, over the one before where that can be done."""
        text = f"{self.name} · {text}"
        encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
        text = text.encode(encoding, "replace").decode(encoding)
        print(f"\r{text:{self.width}}" if self.live else text, end="" if self.live else "\n",
              flush=True)
        self.width = len(text)


def halved(active, finished):
    """Which images to go on with: finished ones are dropped as soon as half of them can be.

    The number of images is halved, perhaps several times, and filled up with finished ones, so
    that few batch sizes occur: each new one may be compiled anew. The loop must leave the finished
    ones among them as they are.

    Args:
        active: indices `(m,)` of the images in work.
        finished: bool `(n,)` of all images of the batch (the indices point into it).

    Returns:
        Indices, as `active`; empty once all are finished.
    """
    done = finished[active]
    going = int((~done).sum())
    if going == 0:
        return active[:0]
    size = len(active)
    while (size + 1) // 2 >= going and size > 1:
        size = (size + 1) // 2
    if size == len(active):
        return active
    return np.sort(np.concatenate([active[~done], active[done][: size - going]]))


def given_back(made, given, bounds):
    """`made`, float32, in the dtype of the images given, within `bounds`; unmoved pixels exact."""
    given = np.asarray(given)
    given = np.clip(given, *(given.dtype.type(b) for b in bounds))
    unmoved = made == given.astype("float32")
    return np.where(unmoved, given, np.clip(made, *np.float32(bounds)).astype(given.dtype))


def generators(seed, part, salt=0):
    """A `numpy.random.Generator` for each image of a part: its own, whatever the batches are.

    `salt` tells apart uses of one seed, such as restarts.
    """
    seed = check_count("seed", seed, least=0)
    return [np.random.default_rng([seed, salt, i]) for i in range(part.start, part.stop)]


def check_gradients(victim, slopes, first=0):
    """ValueError for NaN in gradients `(m, ...)`, or for a model that has no gradient at all.

    `first` is the number of the first image, or the numbers of all, `(m,)`: the message gives it.
    """
    flat = slopes.reshape(len(slopes), -1)
    bad = np.flatnonzero(~np.isfinite(flat).all(axis=1))
    if len(bad):
        number = first[bad[0]] if np.ndim(first) else first + bad[0]
        raise ValueError(f"the gradient of image {number} holds NaN or infinity: look at the "
                         "model's weights, and at what it divides by")
    if not flat.any() and not _has_gradient(victim):
        raise ValueError(
            f"{victim.model.name} has no gradient: it is exactly 0 for every image (is there an "
            "ops.round, argmax or comparison inside?). Attacks that only look at outputs still "
            "work: spsa, one_pixel"
        )


def check_outputs(found, numbers):
    """ValueError, with its number, for an image for which the model's outputs were NaN."""
    bad = ~np.isfinite(found).all(axis=tuple(range(1, found.ndim)))
    if bad.any():
        raise ValueError(f"the model's outputs for image {numbers[np.argmax(bad)]} hold NaN or "
                         "infinity: look at its weights, and at what it divides by")


def _has_gradient(victim):
    """Whether any of a few random images has a gradient."""
    rng, n = np.random.default_rng(0), 16
    noise = rng.random((n, *victim.shape), dtype="float32")
    return victim.gradient(noise, rng.integers(0, victim.classes, n))[1].any()


def adam(moments, active, slopes, t, tiny=1e-8):
    """The way Adam (Kingma and Ba 2015) goes in its step t, from 1 on, before the learning rate.

    Args:
        moments: `(2, n, ...)`, zeros at first: the running means of slopes and of their squares;
            those of the images `active` are moved. slopes: of these images. tiny: its epsilon.
    """
    moments[0, active] = 0.9 * moments[0, active] + 0.1 * slopes
    moments[1, active] = 0.999 * moments[1, active] + 0.001 * slopes**2
    size = np.sqrt(moments[1, active] / (1 - 0.999**t)) + tiny
    return moments[0, active] / (1 - 0.9**t) / size


def unit(vectors):
    """Arrays `(n, ...)`, each divided by its l2 norm; float32."""
    vectors = vectors.astype("float64")
    size = np.sqrt((vectors**2).sum(axis=tuple(range(1, vectors.ndim)), keepdims=True))
    return (vectors / np.maximum(size, TINY)).astype("float32")


def margins(logits, labels):
    """The best other logit minus the label's, `(n,)`: above 0 where the label is not chosen."""
    rows = np.arange(len(logits))
    others = logits.astype("float64")
    others[rows, labels] = -np.inf
    return others.max(axis=1) - logits[rows, labels]
