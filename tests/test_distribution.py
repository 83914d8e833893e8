"""Several devices or machines: the same numbers as one process, each replica with its own noise.

Two logical devices, or two processes on this machine, stand for them, in processes of their own:
TensorFlow takes one such setting a process.
"""

import inspect
import json
import os
import socket
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path

import keras
import numpy as np
import pytest

from gankit.datasets import ArrayBatches
from gankit.gans import GAN
from gankit.models import dcgan, mlp
from gankit.saving import Checkpoint

TENSORFLOW = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="tf.distribute is TensorFlow's"
)
TRICKS = {"label_flips": 0.2, "instance_noise": 0.1, "r1": 0.1, "ema": 0.9, "joint_batches": True}


class OtherWay(ArrayBatches):
    """Batches of d_steps=2 as one process must get them to make the minibatches of two replicas."""

    def __getitem__(self, index):
        batch = super().__getitem__(index)
        return batch.reshape(2, 2, -1, *batch.shape[1:]).swapaxes(0, 1).reshape(batch.shape)


def points():
    return np.random.default_rng(0).normal(1.5, 0.5, (96, 2)).astype("float32")


def pictures():
    return np.random.default_rng(0).random((48, 28, 28, 1), dtype="float32")


def build(scope, optimizer, latent="normal", images=False, **options):
    """A small GAN, compiled, from the same weights each time."""
    keras.utils.set_random_seed(0)
    with scope:
        if images:
            g = dcgan.generator((28, 28, 1), 8, width=2, batch_norm=False)
            d = dcgan.discriminator((28, 28, 1), width=2, batch_norm=False)
        else:
            g, d = mlp.generator((2,), 3, (16,)), mlp.discriminator((2,), (16,))
        gan = GAN(g, d, seed=1, latent=latent)
        gan.compile(optimizer(0.01), optimizer(0.01), **options)
    return gan


def check_same(gan, other, tolerance=1e-5):
    """All weights, the averaged generator's among them."""
    pairs = list(zip(gan.get_weights(), other.get_weights(), strict=True))
    assert max(np.abs(a - b).max() for a, b in pairs) < tolerance


def check_same_logs(history, other):
    """Means over each epoch, the length of G's gradient among them."""
    assert history.keys() == other.keys()
    if "synchronization" not in inspect.signature(keras.Variable.__init__).parameters:
        return  # Keras 3.8 does not add up the replicas' means; weights are not concerned
    for name in history:
        np.testing.assert_allclose(history[name], other[name], atol=1e-5, err_msg=name)


def devices(folder):
    """In a process of its own: two devices against one."""
    import tensorflow as tf

    two = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], two)
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    assert strategy.num_replicas_in_sync == 2

    # Everything that is random, a file in between, and the order of the second epoch's data.
    options = dict(optimizer=keras.optimizers.Adam, latent="uniform", **TRICKS)
    one, several = build(nullcontext(), **options), build(strategy.scope(), **options)
    history = one.fit(points(), batch_size=32, epochs=2, verbose=0).history
    first = several.fit(
        points(), batch_size=32, verbose=0, callbacks=[Checkpoint(Path(folder) / "two.keras")]
    ).history
    with strategy.scope():
        several = keras.saving.load_model(Path(folder) / "two.keras")
    second = several.fit(
        points(), batch_size=32, epochs=2, initial_epoch=several.epochs_done, verbose=0
    ).history
    check_same(one, several)
    check_same_logs(history, {name: first[name] + second[name] for name in first})
    np.testing.assert_allclose(one.generate(5, seed=0), several.generate(5, seed=0), atol=1e-5)

    noise = strategy.run(several.draw_latent, args=(8,))
    noise = [part.numpy() for part in strategy.experimental_local_results(noise)]
    assert np.abs(noise[0] - noise[1]).max() > 0.1
    np.testing.assert_array_equal(np.concatenate(noise), one.draw_latent(16).numpy())

    # Plain descent shows a gradient's size; WGAN-GP draws places between a real and a fake.
    options = dict(optimizer=keras.optimizers.SGD, loss="wasserstein", d_steps=2, images=True)
    one, several = build(nullcontext(), **options), build(strategy.scope(), **options)
    history = one.fit(OtherWay(pictures(), 16), verbose=0).history
    check_same_logs(history, several.fit(pictures(), batch_size=8, verbose=0).history)
    check_same(one, several)


def machines(folder):
    """In two processes: each writes its own file of results; the first compares with one."""
    import tensorflow as tf

    strategy = tf.distribute.MultiWorkerMirroredStrategy()
    assert strategy.num_replicas_in_sync == 2
    number = strategy.cluster_resolver.task_id
    options = dict(optimizer=keras.optimizers.SGD, fresh_fakes=True, **TRICKS)
    gan = build(strategy.scope(), **options)
    shared = Checkpoint(Path(folder) / "checkpoint.keras")
    history = gan.fit(points(), batch_size=32, epochs=2, callbacks=[shared], verbose=0).history
    gan.save(Path(folder) / f"saved by {number}.keras")
    noise = strategy.run(gan.draw_latent, args=(8,)).numpy()
    made = gan.generate(5, seed=0)
    np.savez(Path(folder) / f"{number}.npz", *gan.get_weights(), noise=noise)
    if number == 0:
        one = build(nullcontext(), **options)
        check_same_logs(one.fit(points(), batch_size=32, epochs=2, verbose=0).history, history)
        check_same(one, gan)
        np.testing.assert_allclose(one.generate(5, seed=0), made, atol=1e-5)
        check_same(keras.saving.load_model(shared.path), gan)


def run(work, folder, environments=({},)):
    """`work(folder)` in a process for each environment, until all end or one fails."""
    code = f"import test_distribution as t; t.{work}({str(folder)!r})"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=Path(__file__).parent,
            env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1", **environment},
            stderr=(folder / f"errors_{i}.txt").open("w"),
        )
        for i, environment in enumerate(environments)
    ]
    until = time.monotonic() + 600
    try:
        while None in (ends := [p.poll() for p in processes]) and not any(ends):
            assert time.monotonic() < until, f"{work} hangs"
            time.sleep(0.1)
    finally:
        for process in processes:
            process.kill()
            process.wait()
    messages = [path.read_text()[-3000:] for path in folder.glob("errors_*.txt")]
    assert not any(ends), "\n".join(messages)


def free_ports(n):
    """Ports of this machine that nobody listens to; skips where there are none to be had."""
    try:
        sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    except OSError as error:
        pytest.skip(f"two processes cannot talk to each other here: {error}")
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


@TENSORFLOW
def test_two_devices_are_one(tmp_path):
    run("devices", tmp_path)


@TENSORFLOW
def test_two_machines_are_one(tmp_path):
    """The same numbers; each its own noise; the chief alone saves."""
    cluster = {"worker": [f"127.0.0.1:{port}" for port in free_ports(2)]}
    tasks = [{"cluster": cluster, "task": {"type": "worker", "index": i}} for i in range(2)]
    run("machines", tmp_path, [{"TF_CONFIG": json.dumps(task)} for task in tasks])
    assert sorted(p.name for p in tmp_path.glob("*.keras")) == [
        "checkpoint.keras",
        "saved by 0.keras",
    ]
    first, second = [np.load(tmp_path / f"{i}.npz") for i in range(2)]
    for name in set(first.files) - {"noise"}:
        np.testing.assert_array_equal(first[name], second[name])
    assert np.abs(first["noise"] - second["noise"]).max() > 0.1
