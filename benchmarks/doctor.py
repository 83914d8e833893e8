"""Planted faults and healthy runs: what `TrainingDoctor` says of each.

`python benchmarks/doctor.py` trains them one after the other (small networks on a ring of eight
Gaussians, on 64 numbers drawn from N(0, 1), and on Fashion-MNIST) and prints a table; names choose
some of them. `--figures FILE` writes what the doctor saw at each look.
"""

import argparse
import json
import time
from pathlib import Path

import keras
import numpy as np

from gankit import datasets
from gankit.callbacks import TrainingDoctor
from gankit.gans import GAN
from gankit.models import dcgan, mlp


def ring(n, seed):
    """Eight Gaussians on a circle of radius 2."""
    rng = np.random.default_rng(seed)
    angle = rng.integers(0, 8, n) * np.pi / 4
    points = 2 * np.stack([np.cos(angle), np.sin(angle)], 1) + 0.05 * rng.normal(size=(n, 2))
    return points.astype("float32")


def on_ring(seed, n=25_600):
    """Training data, held-out data, G and D for points."""
    networks = mlp.generator((2,), 2, (64, 64)), mlp.discriminator((2,), (64, 64))
    return ring(n, seed), ring(256, 99), *networks


def on_numbers(seed, n=128):
    """Few vectors of 64 independent numbers: nothing is to be learnt from them but by heart."""
    reals, held_out = np.random.default_rng(seed).normal(size=(2, n, 64)).astype("float32")
    return reals, held_out, mlp.generator((64,), 64, (64,)), mlp.discriminator((64,), (128, 64))


def clothes(n, seed, size):
    """Training and held-out images."""
    sets = datasets.fashion_mnist().take(n, seed), datasets.fashion_mnist("test").take(256)
    return [images if size == 28 else images.resized(size) for images in sets]


def on_clothes(seed, n=6_400):
    """Fashion-MNIST at 14 pixels, fully connected networks."""
    shape = (14, 14, 1)
    networks = mlp.generator(shape, 32, (128, 128)), mlp.discriminator(shape, (128, 128))
    return *clothes(n, seed, 14), *networks


def on_dcgan(seed, n=6_400):
    """Fashion-MNIST, a DCGAN of width 8."""
    shape = (28, 28, 1)
    networks = dcgan.generator(shape, width=8), dcgan.discriminator(shape, width=8)
    return *clothes(n, seed, 28), *networks


def deaf(generator):
    """G's first weights become 0 and stay so: it hears nothing of the latent vector."""
    first = generator.layers[0]
    first.kernel.assign(first.kernel * 0)
    first.trainable = False


# name: kinds that must be told, (parts, rates of G and D, steps), options
FAULTS = {
    "minimax, D's rate 100 times G's": (
        {"d_won", "vanishing"}, (on_clothes, 2e-5, 2e-3, 300), dict(loss="minimax")),
    "hinge, G hardly moves": (
        {"d_won"}, (on_ring, 1e-6, 1e-2, 300), dict(loss="hinge")),
    "rates of 1e6": (
        {"not_finite"}, (on_ring, 1e6, 1e6, 100), {}),
    "G's rate 1: tanh stuck": (
        {"vanishing"}, (on_clothes, 1.0, 5e-4, 300), {}),
    "D's rate 0": (
        {"collapsing"}, (on_ring, 1e-3, 0.0, 800), {}),
    "G's rate 10 times D's, beta_1 0.9": (
        {"collapsing"}, (on_ring, 5e-3, 5e-4, 800), dict(beta_1=0.9)),
    "G deaf to its latent": (
        {"collapsing"}, (on_clothes, 5e-4, 5e-4, 800), dict(plant=deaf)),
    "128 training vectors": (
        {"memorising"}, (on_numbers, 1e-3, 1e-3, 800), {}),
    "128 training vectors, hinge": (
        {"memorising"}, (on_numbers, 1e-3, 1e-3, 800), dict(loss="hinge")),
    "rates of 1e-2, beta_1 0.9": (
        {"oscillating"}, (on_ring, 1e-2, 1e-2, 1000), dict(beta_1=0.9)),
    "wasserstein without its penalty": (
        {"oscillating"}, (on_ring, 3e-3, 3e-3, 1000),
        dict(loss="wasserstein", gradient_penalty=0.0)),
    "wasserstein, one step of D each": (
        {"oscillating"}, (on_ring, 1e-3, 1e-3, 1000), dict(loss="wasserstein")),
}  # fmt: skip
HEALTHY = {
    "ring, non_saturating": (set(), (on_ring, 1e-3, 1e-3, 1000), {}),
    "ring, wasserstein": (
        set(), (on_ring, 1e-3, 1e-3, 800),
        dict(loss="wasserstein", d_steps=5, gradient_penalty=0.1)),
    "clothes, minimax": (set(), (on_clothes, 5e-4, 5e-4, 1000), dict(loss="minimax")),
    "clothes, least_squares": (set(), (on_clothes, 5e-4, 5e-4, 1000), dict(loss="least_squares")),
    "clothes, DCGAN, hinge": (set(), (on_dcgan, 1e-3, 1e-3, 500), dict(loss="hinge")),
}  # fmt: skip


class Timed(TrainingDoctor):
    """A doctor that counts its own processor seconds."""

    spent = 0.0

    def on_train_batch_end(self, batch, logs=None):
        start = time.process_time()
        super().on_train_batch_end(batch, logs)
        self.spent += time.process_time() - start


def examine(parts, g_rate, d_rate, steps, beta_1=0.5, plant=None, seed=0, every=100, **options):
    """Train; returns the doctor and the processor seconds of everything."""
    keras.utils.set_random_seed(seed)
    reals, held_out, generator, discriminator = parts(seed)
    if plant:
        plant(generator)
    gan = GAN(generator, discriminator, seed=seed)
    adam = keras.optimizers.Adam
    gan.compile(adam(g_rate, beta_1=beta_1), adam(d_rate, beta_1=beta_1), **options)
    doctor = Timed(report=lambda text: None, reals=reals, held_out=held_out, every=every)
    data = np.tile(reals, (50, 1)) if len(reals) < 1_000 else reals  # short epochs cost time
    epochs = -(-steps // (len(data) // (64 * options.get("d_steps", 1))))
    start = time.process_time()
    gan.fit(data, epochs=epochs, callbacks=[doctor], verbose=0, seed=seed)
    return doctor, time.process_time() - start


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", help="which of them; all by default")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--every", type=int, default=100, help="steps between looks")
    parser.add_argument("--figures", help="a JSON file for what was seen at each look")
    arguments = parser.parse_args()
    figures = {}
    for name, (expected, recipe, options) in {**FAULTS, **HEALTHY}.items():
        if arguments.names and name not in arguments.names:
            continue
        doctor, seconds = examine(*recipe, seed=arguments.seed, every=arguments.every, **options)
        told = {}
        for step, kind, _ in doctor.verdicts:
            told.setdefault(kind, step)
        told_text = ", ".join(f"{kind} at {step}" for kind, step in told.items()) or "nothing"
        wanted = ", ".join(sorted(expected)) or "nothing"
        right = expected <= set(told) if expected else not told
        print(f"{name:34} | {wanted:18} | {told_text:40} | {'right' if right else 'WRONG'} | "
              f"{doctor.spent / seconds:.1%} of {seconds:.1f} s", flush=True)  # fmt: skip
        if arguments.figures:
            looks = doctor.looks.taken
            for before, look in zip([*looks[:1], *looks], looks):
                look["swing"] = np.linalg.norm(look["mean"] - before["mean"])
            figures[name] = [
                {key: float(look[key]) for key in look if key != "mean"} for look in looks
            ]
            Path(arguments.figures).write_text(json.dumps(figures))


if __name__ == "__main__":
    main()
