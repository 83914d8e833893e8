"""One core, three backends: the same steps, files that each of them reads, bfloat16.

Each backend that is installed trains in a process of its own; they meet in the files they write.
"""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

BACKENDS = ["tensorflow", "torch", "jax"]
INSTALLED = [name for name in BACKENDS if importlib.util.find_spec(name)]
OTHERS = pytest.mark.skipif(
    len(INSTALLED) < 2, reason=f"of {', '.join(BACKENDS)} only {INSTALLED[0]} is installed"
)
STEPS = {
    "shared": {"d_steps": 2},
    "fresh": {"fresh_fakes": True},
    "simultaneous": {"simultaneous": True},
    "penalty": {"r1": 0.1},
}


def images(n=48):
    return np.random.default_rng(0).random((n, 28, 28, 1), dtype="float32")


def networks(family="dcgan", **options):
    """Small ones, without dropout."""
    from gankit.models import dcgan, mlp

    shape = (28, 28, 1)
    if family == "mlp":
        return mlp.generator(shape, 8, (16,)), mlp.discriminator(shape, (16,))
    return dcgan.generator(shape, 8, width=4), dcgan.discriminator(shape, width=4, **options)


def known_steps(path, options):
    """Train three steps from known weights, with known latents; write the state and the file."""
    import keras
    from keras import ops

    from gankit.gans import GAN

    # TensorFlow's own moments hold the mean fixed, so a slope's slope through batch norm is off.
    gan = GAN(*networks(batch_norm="r1" not in options))
    rng = np.random.default_rng(0)
    for v in gan.trainable_variables:
        kernel = len(v.shape) > 1
        v.assign(rng.normal(0, 0.1, v.shape) if kernel else rng.uniform(0.5, 1.5, v.shape))
    optimizers = [keras.optimizers.SGD(0.01, momentum=0.5) for _ in "GD"]
    gan.compile(*optimizers, ema=0.9, **options)
    phases = ops.convert_to_tensor(rng.uniform(0, 6, (16, 8)), "float32")
    gan.draw_latent = lambda n: ops.sin(phases + ops.cast(gan.d_optimizer.iterations, "float32"))
    gan.fit(images(48 * gan.d_steps), batch_size=16, verbose=0)
    gan.save(f"{path}.keras")
    parts = {"g": gan.generator, "d": gan.discriminator, "mean": gan.ema_generator}
    state = {f"{part} {i} {v.path}": ops.convert_to_numpy(v)
             for part, network in parts.items() for i, v in enumerate(network.weights)}  # fmt: skip
    np.savez(f"{path}.npz", images=gan.generate(4, seed=0), **state)


def mixed_steps(path, family):
    """Train in bfloat16, every trick on: variables, outputs, losses stay float32, in files too."""
    import keras
    from keras import ops

    from gankit.gans import GAN

    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    g, d = networks(family)
    keras.mixed_precision.set_global_policy("float32")
    gan = GAN(g, d)
    gan.compile(r1=0.1, ema=0.9, instance_noise=0.1, label_flips=0.1, joint_batches=True)
    before = [ops.convert_to_numpy(v).copy() for v in gan.trainable_variables]
    logs = gan.fit(images(), batch_size=16, verbose=0).history
    after = [ops.convert_to_numpy(v) for v in gan.trainable_variables]
    assert any(layer.compute_dtype == "bfloat16" for layer in g.layers + d.layers)
    assert all(np.abs(a - b).max() > 0 for a, b in zip(before, after)), "a variable did not move"
    assert all(np.isfinite(values).all() for values in logs.values()), logs
    assert {v.dtype for v in gan.weights} <= {"float32", "int32"}
    made = gan.generator(gan.draw_latent(4))
    dtypes = [keras.backend.standardize_dtype(x.dtype) for x in (made, d(made))]
    assert dtypes == ["float32", "float32"]
    gan.save(f"{path}.keras")
    again = keras.saving.load_model(f"{path}.keras")
    np.testing.assert_allclose(again.generate(4, seed=0), gan.generate(4, seed=0), atol=1e-6)


def read(path):
    """Load what another backend wrote: the same images, and training goes on where it was."""
    import keras

    gan = keras.saving.load_model(f"{path}-shared.keras")
    wanted = np.load(f"{path}-shared.npz")["images"]
    np.testing.assert_allclose(gan.generate(4, seed=0), wanted, atol=1e-5)
    before = gan.generator.get_weights()
    assert int(gan.d_optimizer.iterations) == 6
    gan.fit(images(32), batch_size=16, epochs=2, initial_epoch=gan.epochs_done, verbose=0)
    assert int(gan.d_optimizer.iterations) == 8 and gan.epochs_done == 2
    for old, new in zip(before, gan.generator.get_weights()):
        assert np.isfinite(new).all() and np.abs(new - old).max() > 0
    made = keras.saving.load_model(f"{path}-mixed-dcgan.keras").generate(4, seed=0)
    assert made.dtype == "float32" and np.isfinite(made).all()


class NoTensorFlow:
    """A finder of modules for which TensorFlow is not installed: nothing may need it."""

    def find_spec(self, name, path=None, target=None):
        if name == "tensorflow":
            raise ModuleNotFoundError(name)


def work(backend, folder):
    """What one process does: write its files, wait until the others did, read theirs."""
    import keras

    assert keras.backend.backend() == backend
    if backend != "tensorflow":
        assert "tensorflow" not in sys.modules
        sys.meta_path.insert(0, NoTensorFlow())
    folder = Path(folder)
    for name, options in STEPS.items():
        known_steps(folder / f"{backend}-{name}", options)
    for family in ("dcgan", "mlp"):
        mixed_steps(folder / f"{backend}-mixed-{family}", family)
    print("written", flush=True)
    for other in input().split():
        read(folder / other)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The folder in which every installed backend wrote, and read what the others wrote."""
    folder = tmp_path_factory.mktemp("backends")
    processes = {}
    for backend in INSTALLED:
        code = f"import test_backends; test_backends.work({backend!r}, {str(folder)!r})"
        processes[backend] = subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=Path(__file__).parent,
            env={**os.environ, "KERAS_BACKEND": backend},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=(folder / f"{backend}.txt").open("w"),
            text=True,
        )
        processes[backend].stdout.readline()  # "written", or nothing if it failed
    for backend, process in processes.items():
        process.communicate(" ".join(b for b in INSTALLED if b != backend) + "\n")
    for backend, process in processes.items():
        message = (folder / f"{backend}.txt").read_text()[-2000:]
        assert process.returncode == 0, f"{backend}: {message}"
    return folder


@pytest.mark.parametrize("name", STEPS)
@OTHERS
def test_all_backends_take_the_same_steps(written, name):
    """Weights, batch statistics and averages, after three steps of plain descent."""
    first, *others = [np.load(written / f"{backend}-{name}.npz") for backend in INSTALLED]
    for other in others:
        assert len(first.files) > 20 and len(other.files) == len(first.files)
        for a, b in zip(first.files, other.files):
            np.testing.assert_allclose(other[b], first[a], 1e-5, 1e-5, err_msg=f"{name}: {a}")


@OTHERS
def test_each_reads_what_the_others_wrote(written):
    """The same images to 1e-5, and training goes on; bfloat16 too (all in `read`)."""
    assert len(list(written.glob("*.keras"))) == (len(STEPS) + 2) * len(INSTALLED)  # 2: mixed


def test_one_backend_alone_trains_in_bfloat16(tmp_path):
    """The same steps here, with this process' backend, whatever else is installed."""
    mixed_steps(tmp_path / "mixed", "dcgan")
