import base64
import io
import subprocess
import sys

import nbclient
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from PIL import Image

from gankit import pictures, plots


def images(n=6, size=8, channels=1, top=1.0):
    """Random images; none of them reaches black or white if `top` is below 1."""
    x = np.random.default_rng(0).random((n, size, size, channels), dtype="float32")
    return 0.2 + (top - 0.2) * x


def drawn(figure):
    """What a notebook gets to see: `(H, W, 3)` bytes."""
    png = figure._repr_mimebundle_()[0]["image/png"]
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB"))


HISTORY = {"d_loss": [1.0, 1.3], "g_loss": [2.0, 0.7], "step": [10, 20]}
RING = np.array([[2.0, 0], [0, 2], [-2, 0], [0, -2]])

ALL = {
    "image_grid": lambda **kw: plots.image_grid(images(), **kw),
    "progression": lambda **kw: plots.progression([images(), images()], **kw),
    "interpolation": lambda **kw: plots.interpolation(images(), **kw),
    "side_by_side": lambda **kw: plots.side_by_side(images(), images(), ["a", "b"], **kw),
    "loss_curves": lambda **kw: plots.loss_curves(HISTORY, **kw),
    "d_outputs": lambda **kw: plots.d_outputs([1, 2], [-1, 0.5], **kw),
    "scatter2d": lambda **kw: plots.scatter2d(RING, RING, centres=RING, **kw),
}


@pytest.mark.parametrize("name", ALL)
def test_every_figure_tells_in_words_what_it_shows(name):
    figure = ALL[name](title="Some title")
    assert figure.alt.startswith("Some title: ") and any(c.isdigit() for c in figure.alt)
    assert ALL[name](alt="my own words").alt == "my own words"
    data, metadata = figure._repr_mimebundle_()
    assert metadata == {"image/png": {"alt": figure.alt}} and data["text/plain"] == figure.alt
    assert drawn(figure).std() > 10  # and it is not an empty sheet


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("scale", [1, 3])
def test_a_grid_shows_each_pixel_as_it_is(channels, scale):
    x = images(5, channels=channels, top=0.6)  # darker than white: it must not be stretched
    seen = drawn(plots.image_grid(x, columns=3, scale=scale))
    assert seen.shape == (18 * scale, 28 * scale, 3)  # 2 rows of 8 and 3 columns, 2 between them
    seen = seen.reshape(18, scale, 28, scale, 3)  # every pixel is a square of equal ones
    assert (seen == seen[:, :1, :, :1]).all()
    seen = seen[:, 0, :, 0]
    for i, image in enumerate(x):
        top, left = 10 * (i // 3), 10 * (i % 3)
        there = seen[top : top + 8, left : left + 8]
        np.testing.assert_allclose(there, np.broadcast_to(image, (8, 8, 3)) * 255, atol=2)
    assert (seen[8:10] == 255).all() and (seen[10:, 20:] == 255).all()


def test_text_stands_beside_the_images_and_moves_none():
    x = images(4)
    plain = drawn(plots.image_grid(x, columns=2, scale=4))
    figure = plots.image_grid(
        x, columns=2, scale=4, rows=["one", "two"], title="Title", titles=list("abcd")
    )
    assert {t.get_text() for t in figure.axes[0].texts} == {"one", "two", "Title", *"abcd"}
    seen = drawn(figure)
    assert seen.shape[0] > plain.shape[0] and seen.shape[1] > plain.shape[1]
    np.testing.assert_array_equal(seen[-32:, -72:], plain[-32:, -72:])  # the last row of images


@pytest.mark.parametrize(
    "wrong, said",
    [
        (np.full((2, 8, 8, 1), 7, "uint8"), "divide by 255"),
        (images() * 255, "x / 255"),
        (images() * 2 - 1, r"\[-1, 1\]"),
        (np.full((2, 8, 8, 1), np.nan), "nan"),
        (images()[0], "images\\[None\\]"),
        (images()[..., 0], r"images\[..., None\]"),
        (images(channels=2), "shape"),
        (images()[:0], "at least 1"),
    ],
)
def test_what_is_no_batch_of_images_is_refused(wrong, said):
    for draw in (
        plots.image_grid,
        lambda x: plots.progression([images(), x]),
        lambda x: plots.side_by_side(images(), x, ["a", "b"]),
    ):
        with pytest.raises(ValueError, match=said):
            draw(wrong)


def test_texts_and_frames_must_match():
    with pytest.raises(ValueError, match="5 titles were given; wanted one each, 6"):
        plots.image_grid(images(), titles="abcde")
    with pytest.raises(ValueError, match="3 names of rows were given; wanted one each, 1"):
        plots.interpolation(images(), rows="abc")
    with pytest.raises(ValueError, match="wanted at least one, all alike"):
        plots.progression([images(6), images(5)])
    with pytest.raises(ValueError, match="wanted at least one, all alike"):
        plots.progression([])


def test_progression_gives_a_row_to_a_latent_and_a_column_to_a_moment():
    frames = [np.full((9, 4, 4, 1), 0.1 * t, "float32") for t in range(3)]
    for i in range(9):
        for frame in frames:
            frame[i] += 0.02 * i
    shown = plots.progression(frames, n=5).axes[0].images[0].get_array()
    middles = shown[2::6, 2::6]
    expected = 0.02 * np.arange(5)[:, None] + 0.1 * np.arange(3)
    np.testing.assert_allclose(middles, expected, atol=1e-6)


def test_curves_carry_their_names_at_their_ends():
    history = {"d_loss": [2, 1.0], "g_loss": [0, 1.01], "d_accuracy": [1, 0.0], "lr": [1, 1.0]}
    axes = plots.loss_curves(history, keys=["d_loss", "g_loss", "d_accuracy"]).axes[0]
    place = {t.get_text(): t.xy[1] for t in axes.texts}
    assert place["d_accuracy"] < place["d_loss"] - 0.3
    assert place["g_loss"] >= place["d_loss"] + 0.07  # they end together: pushed apart
    styles = {(line.get_color(), line.get_linestyle()) for line in axes.lines}
    assert len({colour for colour, _ in styles}) == len({style for _, style in styles}) == 3
    assert axes.get_legend() is None


def test_curves_know_their_axis_levels_and_histories():
    class Run:
        history = {k: np.array(v) for k, v in HISTORY.items()}

    figure = plots.loss_curves(Run(), x="step", levels={"2 ln 2": 1.386})
    assert "step 10 to 20" in figure.alt and "2 ln 2 = 1.386" in figure.alt
    assert "d_loss from 1 to 1.3" in figure.alt
    assert "2 ln 2" in [t.get_text() for t in figure.axes[0].texts]
    drawn(plots.loss_curves({"d_loss": [1.0, np.nan], "g_loss": [np.nan, np.nan]}))
    for history, options in (
        (HISTORY, {"keys": ["d_los"]}),
        (HISTORY, {"x": "epoch"}),
        ({}, {}),
        ({"loss": [1]}, {}),
        ({"d_loss": []}, {}),
        ({"d_loss": [1, 2], "g_loss": [1]}, {}),
    ):
        with pytest.raises(ValueError):
            plots.loss_curves(history, **options)


def test_d_outputs_counts_every_sample():
    real, fake = np.array([[3.0], [1], [1], [-1]]), np.array([-2.0, 2])
    figure = plots.d_outputs(real, fake)
    up, down = (patch.get_data().values for patch in figure.axes[0].patches)
    assert up.sum() == pytest.approx(100) and down.sum() == pytest.approx(-100)
    assert "75% of the reals lie above 0, 50% of the fakes do not" in figure.alt
    assert "above 0.5" in plots.d_outputs([0.7], [0.2], output="probability").alt
    assert "above" not in plots.d_outputs(real, fake, output="score").alt
    for bad in ([], [np.nan], [np.inf]):
        with pytest.raises(ValueError, match="wanted numbers"):
            plots.d_outputs(bad, fake)


def test_scatter_keeps_its_axes_and_counts_who_is_outside():
    figure = plots.scatter2d(RING, {"good": RING, "lost": RING * 9, "nan": RING[:1] * np.nan})
    assert len({(axes.get_xlim(), axes.get_ylim()) for axes in figure.axes}) == 1
    assert figure.axes[0].get_xlim() == pytest.approx((-2.6, 2.6))
    told = [[t.get_text() for t in axes.texts] for axes in figure.axes]
    assert told == [[], ["4 outside"], ["1 outside"]]
    for wrong in (RING[0], np.zeros((4, 3))):
        with pytest.raises(ValueError, match=r"wanted \(n, 2\)"):
            plots.scatter2d(RING, wrong)


def test_own_drawings_carry_words_too():
    figure, axes = pictures.figure(1, 2, alt="two empty panels", sharey=True)
    assert axes.shape == (2,) and figure.alt == "two empty panels"
    with pytest.raises(TypeError):
        plots.figure()  # no words


def test_no_pyplot_and_no_backend_is_loaded():
    code = "import io, sys, gankit.plots as p; p.loss_curves({'d_loss': [1]}).savefig(io.BytesIO())"
    code += "; print([m for m in ('matplotlib.pyplot', 'keras', 'tensorflow') if m in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


def test_a_notebook_stores_the_words_beside_the_picture():
    draw = "plots.scatter2d([[0, 1.0]], [[1.0, 0]], alt='left' if 1 else 'right')"
    cells = ["import matplotlib.pyplot\nfrom gankit import plots\n" + draw, f"display({draw})"]
    notebook = new_notebook(cells=[new_code_cell(cell) for cell in cells])
    nbclient.NotebookClient(notebook, kernel_name="python3", timeout=60).execute()
    for cell in notebook.cells:
        (output,) = cell.outputs  # once, though pyplot is there
        assert output.metadata["image/png"]["alt"] == "left" == output.data["text/plain"]
        assert len(output.data["image/png"]) < 15_000
