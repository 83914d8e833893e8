import io
import os
import sys

import keras
import numpy as np
import pytest
from PIL import Image

from gankit import callbacks
from gankit.callbacks import Progress, SampleGrid
from gankit.gans import GAN
from gankit.models import mlp
from gankit.pictures import tile


def tiny(shape=(4, 4, 1), latent_dim=2, width=16, **options):
    """A compiled GAN of a few hundred weights."""
    generator = mlp.generator(shape, latent_dim=latent_dim, hidden=(width, width))
    gan = GAN(generator, mlp.discriminator(shape, hidden=(width, width)))
    gan.compile(**options)
    return gan


def ring(n):
    """Eight Gaussians on a circle of radius 2: float32 `(n, 2)`."""
    rng = np.random.default_rng(0)
    angle = rng.integers(0, 8, n) * np.pi / 4
    points = 2 * np.stack([np.cos(angle), np.sin(angle)], 1) + 0.05 * rng.normal(size=(n, 2))
    return points.astype("float32")


# --- Progress ------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self):
        return True

    def seen(self):
        """What a terminal shows in the end: a line's letters stay where nothing overwrites them."""
        lines = []
        for line in self.getvalue().split("\n"):
            shown = ""
            for text in line.split("\r"):
                shown = text + shown[len(text) :]
            lines.append(shown.rstrip())
        return lines


NotebookStream = type("OutStream", (Terminal,), {"__module__": "ipykernel.iostream"})
NotebookStream.isatty = lambda self: False


def watch(monkeypatch, stream, epochs=2, steps=96, seconds=0.0625, known=True, logs=None, first=0):
    """Lead a `Progress` through a training; returns what it wrote."""
    now = [0.0]
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setattr(callbacks.time, "monotonic", lambda: now[0])
    progress = Progress()
    progress.set_params({"epochs": epochs, "steps": steps if known else None})
    progress.on_train_begin()
    now[0] += 20  # the first step is compiled
    logs = {"d_loss": 1.20964, "g_loss": 0.93, "p_real": 0.6} if logs is None else logs
    for epoch in range(first, epochs):
        progress.on_epoch_begin(epoch)
        for batch in range(steps):
            now[0] += seconds
            progress.on_train_batch_end(batch, logs)
        progress.on_epoch_end(epoch, logs)
    progress.on_train_end(logs)
    return stream


@pytest.mark.parametrize("stream", [Terminal, NotebookStream])
def test_progress_rewrites_one_line_where_it_can(monkeypatch, stream):
    stream = watch(monkeypatch, stream())
    assert stream.seen() == ["2 epochs, 192 steps · 32 s · d_loss 1.21 g_loss 0.93", ""]
    lines = [line.strip() for line in stream.getvalue().split("\r")]
    assert 30 < len(lines) <= 12 * 4 + 5  # it moves within an epoch, at most four times a second
    # what is left is told by the pace of steps, not by that of the first
    assert "epoch 2/2 · 48/96 · 29 s, 3 s left · d_loss 1.21 g_loss 0.93" in lines


def test_progress_writes_few_lines_into_a_log(monkeypatch):
    lines = watch(monkeypatch, io.StringIO(), epochs=3, steps=1600, first=1).getvalue().split("\n")
    assert lines[-3:] == [
        "epoch 3/3 · 3 min 40 s · d_loss 1.21 g_loss 0.93",
        "2 epochs, 3,200 steps · 3 min 40 s",
        "",
    ]
    assert sum("/1,600" in line for line in lines) == 7  # one each 30 s of 220 s
    assert len(lines) == 7 + 2 + 1 + 1 and not any("\r" in line for line in lines)


def test_progress_bears_what_it_is_given(monkeypatch):
    unknown = watch(monkeypatch, io.StringIO(), known=False, epochs=3).getvalue()
    assert "epoch 1/3 · 26 s, 12 s left" in unknown  # after an epoch the steps are known
    assert watch(monkeypatch, io.StringIO(), logs={}).getvalue().startswith("epoch 1/2 · 26 s, 6 s")
    other = watch(monkeypatch, io.StringIO(), logs={"accuracy": 0.5, "loss": np.float32(2)})
    assert "accuracy 0.5 loss 2\n" in other.getvalue()
    ascii_only = io.TextIOWrapper(io.BytesIO(), "ascii")
    watch(monkeypatch, ascii_only)
    monkeypatch.setattr(callbacks.shutil, "get_terminal_size", lambda: os.terminal_size((30, 24)))
    narrow = watch(monkeypatch, Terminal())
    assert all(len(line) < 30 for line in narrow.getvalue().replace("\n", "\r").split("\r"))


def test_fit_shows_progress_unless_told_not_to(capsys, pictures):
    gan = tiny((28, 28, 1), run_eagerly=True)
    gan.fit(pictures, batch_size=24, verbose=0)
    assert capsys.readouterr().out == ""
    gan.fit(pictures, batch_size=24)
    assert "1 epoch, 2 steps" in capsys.readouterr().out


# --- SampleGrid ----------------------------------------------------------------------------------


@pytest.fixture
def squares():
    return np.random.default_rng(0).random((64, 4, 4, 1), dtype="float32")


def test_sample_grid_shows_the_same_latents_before_and_after(tmp_path, squares):
    gan = tiny(g_optimizer=keras.optimizers.Adam(1e-2), run_eagerly=True)
    grid = SampleGrid(tmp_path / "new" / "folder", every=2, n=5, seed=3, columns=3)
    latent = gan.sample_latent(5, 3)
    before = gan.generate(latent=latent)
    gan.fit(squares, batch_size=32, epochs=5, callbacks=[grid], verbose=0)
    gan.fit(squares, batch_size=32, epochs=6, initial_epoch=5, callbacks=[grid], verbose=0)
    after = gan.generate(latent=latent)

    assert grid.epochs == [0, 2, 4, 5, 6]
    names = [path.name for path in sorted((tmp_path / "new" / "folder").iterdir())]
    assert names == [f"samples_{epoch:04d}.png" for epoch in grid.epochs]
    assert abs(after - before).max() > 0.02
    for i, samples in ((0, before), (-1, after)):
        np.testing.assert_allclose(grid.frames[i], samples, atol=0.5 / 255 + 1e-6)
        written = np.asarray(Image.open(tmp_path / "new" / "folder" / names[i]))
        np.testing.assert_allclose(written, tile(samples, 3)[..., 0] * 255, atol=0.51)

    gan.fit(squares, batch_size=32, epochs=2, callbacks=[grid], verbose=0)
    assert grid.epochs == [0, 2]  # begun anew

    strip = grid.strip(n=4, title="Four")
    assert strip.alt.startswith("Four: 4 rows") and "epoch 0, epoch 2" in strip.alt
    grid.gif(tmp_path / "x.gif", seconds=0.1, scale=3)
    with Image.open(tmp_path / "x.gif") as animation:
        assert (animation.n_frames, animation.info["loop"]) == (2, 0)
        assert animation.size == ((3 * 4 + 2 * 2) * 3, (2 * 4 + 2) * 3)


def test_sample_grid_leaves_the_training_as_it_is(squares):
    weights = []
    for watching in ([], [SampleGrid(n=4)]):
        keras.utils.set_random_seed(1)
        gan = tiny(run_eagerly=True)
        gan.fit(squares, batch_size=16, epochs=2, callbacks=watching, verbose=0)
        weights.append(gan.generator.get_weights())
    for alone, watched in zip(*weights):
        np.testing.assert_array_equal(alone, watched)


def test_sample_grid_keeps_as_many_as_told(squares):
    few, none = SampleGrid(n=4, keep=1), SampleGrid(n=4, keep=0)
    gan = tiny(run_eagerly=True)
    gan.fit(squares, batch_size=64, callbacks=[few, none], verbose=0)
    assert [frame.shape for frame in few.frames] == [(1, 4, 4, 1)] * 2
    assert not none.frames
    for show in (none.strip, lambda: none.gif("x.gif")):
        with pytest.raises(ValueError, match="no samples are kept"):
            show()


def test_sample_grid_refuses_before_a_step_is_taken(tmp_path, squares):
    (tmp_path / "file").write_text("in the way")
    unbounded = keras.Sequential(
        [keras.Input((2,)), keras.layers.Dense(16, bias_initializer="ones")]
    )
    unbounded.add(keras.layers.Reshape((4, 4, 1)))
    wide = GAN(unbounded, mlp.discriminator((4, 4, 1)))
    wide.compile()
    for gan, data, grid, said in (
        (tiny(), squares, SampleGrid(tmp_path / "file"), "is a file: name another"),
        (tiny((2,)), ring(64), SampleGrid(tmp_path / "new"), "for points, use plots.scatter2d"),
        (wide, squares, SampleGrid(tmp_path / "new"), r"\[0, 1\]"),
    ):
        with pytest.raises(ValueError, match=said):
            gan.fit(data, batch_size=16, callbacks=[grid], verbose=0)
        assert gan.g_optimizer.iterations == 0
    classifier = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    classifier.compile(loss="mse")
    with pytest.raises(TypeError, match="watches a gankit GAN, not Sequential"):
        classifier.fit(ring(8), np.zeros(8), callbacks=[SampleGrid()], verbose=0)
    with pytest.raises(ValueError, match="every=0"):
        SampleGrid(every=0)
