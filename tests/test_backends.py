"""The other backends, where they are installed: a step is trained, in a process of its own."""

import importlib.util
import os
import subprocess
import sys

import keras
import numpy as np
import pytest

import gankit.gans  # noqa: F401  (so that Keras knows the class in a file)

SCRIPT = """
import sys
import keras, numpy as np
from gankit.gans import GAN
from gankit.models import dcgan

assert keras.backend.backend() == sys.argv[1] and "tensorflow" not in sys.modules
keras.utils.set_random_seed(0)
gan = GAN(dcgan.generator((28, 28, 1), 8, width=4), dcgan.discriminator((28, 28, 1), width=4))
gan.compile(r1=0.1, ema=0.9, instance_noise=0.1, label_flips=0.1, d_steps=2)
before = [keras.ops.convert_to_numpy(v).copy() for v in gan.trainable_variables]
images = np.random.default_rng(0).random((32, 28, 28, 1), dtype="float32")
history = gan.fit(images, batch_size=8, epochs=1, verbose=0).history
after = [keras.ops.convert_to_numpy(v) for v in gan.trainable_variables]
assert all(np.abs(a - b).max() > 0 for a, b in zip(before, after)), "a network did not move"
assert int(gan.d_optimizer.iterations) == 4 and int(gan.g_optimizer.iterations) == 2
assert all(np.isfinite(values).all() for values in history.values())
gan.save(sys.argv[2])
np.save(sys.argv[2] + ".npy", gan.generate(4, seed=0))
"""


@pytest.mark.parametrize("backend", ["torch", "jax"])
def test_a_step_on_another_backend(backend, tmp_path):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    path = str(tmp_path / "gan.keras")
    environment = {**os.environ, "KERAS_BACKEND": backend}
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT, backend, path],
        capture_output=True,
        text=True,
        env=environment,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    # ... and what it saved gives the same images here
    images = keras.saving.load_model(path).generate(4, seed=0)
    np.testing.assert_allclose(images, np.load(path + ".npy"), atol=1e-5)
