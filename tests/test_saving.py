"""Exact resuming: stopped anywhere, even killed, training ends with the same numbers."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops
from test_gans import moved, state

from gankit.gans import GAN
from gankit.models import dcgan, mlp
from gankit.saving import Checkpoint


def everything():
    """A GAN in which all that is random or has a state is switched on."""
    keras.utils.set_random_seed(0)
    decay = keras.optimizers.schedules.PolynomialDecay(0.2, 20)
    gan = GAN(
        dcgan.generator((28, 28, 1), 8, width=4),
        dcgan.discriminator((28, 28, 1), width=4, dropout=0.2),
        seed=3,
    )
    rate = keras.optimizers.schedules.CosineDecay(1e-3, 12)
    gan.compile(
        keras.optimizers.Adam(rate),
        keras.optimizers.RMSprop(1e-3),
        real_label=0.9,
        label_flips=0.1,
        instance_noise=decay,
        r1=0.1,
        ema=0.9,
    )
    return gan


def full_state(gan):
    """Networks, average, optimizers and random states."""
    optimizers = gan.g_optimizer.variables + gan.d_optimizer.variables
    return state(gan) + [ops.convert_to_numpy(v) for v in optimizers]


def test_two_and_two_epochs_are_four(pictures, tmp_path):
    whole = everything()
    whole.fit(pictures, batch_size=16, epochs=4, verbose=0)

    path = tmp_path / "half.keras"
    everything().fit(pictures, batch_size=16, epochs=2, verbose=0, callbacks=[Checkpoint(path)])
    half = keras.saving.load_model(path)
    assert half.epochs_done == 2 and list(tmp_path.iterdir()) == [path]
    half.fit(pictures, batch_size=16, epochs=4, initial_epoch=half.epochs_done, verbose=0)
    assert moved(full_state(whole), full_state(half)) == 0
    np.testing.assert_array_equal(whole.generate(3, seed=0), half.generate(3, seed=0))


def test_a_file_keeps_every_option(tmp_path):
    gan = GAN(mlp.generator((2,), 3, (4,)), mlp.discriminator((2,), (4,)), latent="uniform", seed=5)
    gan.compile(loss="wasserstein", d_steps=3, gradient_penalty=4.0, joint_batches=True)
    gan.save(tmp_path / "gan.keras")
    again = keras.saving.load_model(tmp_path / "gan.keras")
    assert again.options == gan.options and again.d_steps == 3
    assert (again.latent, again.seed, again.latent_dim) == ("uniform", 5, 3)
    assert type(again.g_optimizer) is type(gan.g_optimizer)
    assert again.g_optimizer.get_config() == gan.g_optimizer.get_config()


def test_a_broken_epoch_is_not_saved(points, tmp_path):
    """Neither one that was stopped half-way nor one with losses that are no numbers."""

    class Spoil(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if self.model.epochs_done == 2 and batch == 1:
                self.model.stop_training = True
                self.model.generator.set_weights(
                    [np.full(w.shape, np.nan) for w in self.model.generator.get_weights()]
                )

    path = tmp_path / "gan.keras"
    gan = GAN(mlp.generator((2,), 3, (4,)), mlp.discriminator((2,), (4,)))
    gan.compile()
    with pytest.raises(ValueError, match="not compiled|compile"):
        GAN(mlp.generator((2,), 3, (4,)), mlp.discriminator((2,), (4,))).fit(points)
    callbacks = [Spoil(), Checkpoint(path)]
    gan.fit(points, batch_size=32, epochs=4, verbose=0, callbacks=callbacks)
    kept = keras.saving.load_model(path)
    assert gan.epochs_done == kept.epochs_done == 2
    assert all(np.isfinite(w).all() for w in kept.get_weights())


def test_a_save_that_fails_leaves_the_old_file(points, tmp_path, monkeypatch):
    path = tmp_path / "gan.keras"
    gan = GAN(mlp.generator((2,), 3, (4,)), mlp.discriminator((2,), (4,)))
    gan.compile()
    gan.fit(points, batch_size=64, verbose=0, callbacks=[Checkpoint(path)])

    def half(self, file):
        file.write_bytes(b"half a file")
        raise KeyboardInterrupt

    monkeypatch.setattr(GAN, "save", half)
    with pytest.raises(KeyboardInterrupt):
        gan.fit(points, 64, 2, initial_epoch=1, verbose=0, callbacks=[Checkpoint(path)])
    assert keras.saving.load_model(path).epochs_done == 1


def train(path, pause=0.0):
    """Train to epoch 12, or go on to it; returns the weights."""
    if os.path.exists(path):
        gan = keras.saving.load_model(path)
    else:
        keras.utils.set_random_seed(0)
        gan = GAN(mlp.generator((2,), 3, (16,)), mlp.discriminator((2,), (16,)))
        gan.compile()
    data = np.random.default_rng(0).normal(size=(64, 2)).astype("float32")
    wait = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: time.sleep(pause))
    gan.fit(
        data,
        batch_size=16,
        epochs=12,
        initial_epoch=gan.epochs_done,
        verbose=0,
        callbacks=[wait, Checkpoint(path)],
    )
    return gan.get_weights()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_killed_run_goes_on_to_the_same_numbers(tmp_path):
    path = tmp_path / "killed.keras"
    code = f"import test_saving; test_saving.train({str(path)!r}, pause=0.05)"
    killed = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parent)
    whole = train(tmp_path / "whole.keras")  # meanwhile
    until = time.monotonic() + 300
    while not path.exists() and time.monotonic() < until:
        time.sleep(0.05)
    time.sleep(0.3)  # some way into a later epoch
    assert killed.poll() is None, "it ended before it could be killed"
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    assert 0 < keras.saving.load_model(path).epochs_done < 12
    for a, b in zip(whole, train(path)):
        np.testing.assert_array_equal(a, b)


def test_a_checkpoint_is_a_keras_file():
    with pytest.raises(ValueError, match=r"\.keras"):
        Checkpoint("weights.h5")
