"""Arrays in, matplotlib figure out.

Every function returns a `Picture`: a matplotlib figure with a sentence for those who do not see it,
`.alt`, which a notebook stores beside the picture. Images are float `(n, h, w, c)` in [0, 1], c 1
or 3, and share one range of greys: black is 0 and white is 1, everywhere. Nothing is told by colour
alone. Shown in a notebook, or saved with `.savefig("x.png")`.
"""

import numpy as np

from gankit.pictures import check_images, figure, sheet, tile

# Okabe & Ito 2008: told apart by colour-blind readers too.
ORANGE, BLUE, GREEN, PURPLE = "#E69F00", "#0072B2", "#009E73", "#CC79A7"
SKY, VERMILION, BLACK, GREY = "#56B4E9", "#D55E00", "#000000", "#999999"
STYLES = [(BLUE, "-"), (ORANGE, "--"), (GREEN, "-."), (PURPLE, ":"), (BLACK, (0, (5, 1, 1, 1)))]


def image_grid(images, columns=None, titles=None, rows=None, title=None, alt=None, scale=None):
    """Images in rows.

    Args:
        images: float `(n, h, w, c)` in [0, 1].
        columns: images a row; by default 10, or 6 to 9 where that fills the rows.
        titles: a text above each image. rows: a text left of each row. title: above all.
        alt: alternative text; by default number, size and mean brightness.
        scale: pixels of the screen a pixel of the image.

    Errors: ValueError if the images are not that (integers, other range, NaN, other rank), or if
    there are not as many texts as images or rows.
    """
    images = check_images(images)
    n = len(images)
    columns = min(n, columns or next((k for k in (10, 8, 9, 7, 6) if n % k == 0), 10))
    alt = alt or _alt(
        title,
        f"{n} {_kind(images)} in rows of {columns}, mean brightness {images.mean():.2f}",
        [", ".join(str(text) for text in words) for words in (rows, titles) if words],
    )
    return sheet(images, columns, alt, title, titles or (), (), rows or (), scale)


def progression(frames, titles=None, n=8, title=None, alt=None, scale=None):
    """The same latent vectors at several moments of training: a row each, time runs rightwards.

    Args:
        frames: list of float `(m, h, w, c)` in [0, 1], one a moment; image i is always made from
            latent i (`SampleGrid.frames`).
        titles: a text above each moment, such as "epoch 3".
        n: how many latents are shown. title, alt, scale: as in `image_grid`.

    Errors: ValueError as in `image_grid`, and if the frames' shapes differ.
    """
    images = _alike(frames, "frames")[:, :n]
    titles = [str(text) for text in titles or range(1, len(images) + 1)]
    alt = alt or _alt(
        title,
        f"{images.shape[1]} rows, each one latent vector at {len(images)} moments of training",
        [", ".join(titles)],
    )
    images = images.swapaxes(0, 1).reshape(-1, *images.shape[2:])
    return sheet(images, len(titles), alt, title, heads=titles, scale=scale)


def interpolation(strips, rows=None, title=None, alt=None, scale=None):
    """Strips of images, each from one end to another.

    Args:
        strips: float `(k, h, w, c)` in [0, 1], one strip, or a list of such.
        rows: a text left of each strip. title, alt, scale: as in `image_grid`.

    Errors: ValueError as in `image_grid`, and if the strips' shapes differ.
    """
    strips = _alike([strips] if np.ndim(strips[0]) == 3 else strips, "strips")
    r, k = strips.shape[:2]
    alt = alt or _alt(
        title,
        f"{r} strip{'s' * (r > 1)} of {k} {_kind(strips[0])}, from one end to the other",
        [", ".join(str(text) for text in rows or ())],
    )
    images = strips.reshape(-1, *strips.shape[2:])
    return sheet(images, k, alt, title, sides=rows or (), scale=scale)


def side_by_side(left, right, titles, columns=6, title=None, alt=None, scale=None):
    """Two runs beside each other, in grids alike.

    Args:
        left, right: float `(n, h, w, c)` in [0, 1], of one shape (best: from the same latents).
        titles: two texts, above the grids.
        columns: images a row of one grid. title, alt, scale: as in `image_grid`.

    Errors: ValueError as in `image_grid`, and if the shapes differ.
    """
    pair = _alike([left, right], "left and right")
    n, columns = pair.shape[1], min(columns, pair.shape[1])
    grids = np.stack([tile(images, columns) for images in pair])
    scale = scale or max(1, min(3, 740 // (2 * grids.shape[2])))
    what = f"two grids of {n} {_kind(pair[0])}"
    alt = alt or _alt(title, what, [f"{titles[0]} on the left, {titles[-1]} on the right"])
    return sheet(grids, 2, alt, title, heads=titles, scale=scale, gap=10)


def loss_curves(history, keys=None, x=None, levels=None, ylabel="loss", title=None, alt=None):
    """Curves with their names at their right ends.

    Args:
        history: dict of equally long lists (Keras' `History.history`, a run's `.history`), or what
            has one as `.history`.
        keys: which to draw, at most 5; by default those of d_loss and g_loss that are there.
        x: the key that runs along the axis, such as "step"; by default epochs 1, 2, ...
        levels: reference lines, `{"2 ln 2": 1.386}`.
        ylabel, title: texts. alt: by default where each curve begins and ends.

    Errors: ValueError for a key that is not there, an empty history, or unequal lengths.
    """
    history = getattr(history, "history", history)
    keys = list(keys or [key for key in ("d_loss", "g_loss") if key in history])
    missing = [key for key in [*keys, x] if key and key not in history]
    if missing or not 0 < len(keys) <= len(STYLES):
        raise ValueError(
            f"asked for {', '.join(missing or keys or ['d_loss', 'g_loss'])}; the history has "
            f"{', '.join(history) or 'nothing'} (at most {len(STYLES)} curves a picture)"
        )
    curves = [np.asarray(history[key], "float64") for key in keys]
    along = np.asarray(history[x]) if x else np.arange(1, len(curves[0]) + 1)
    if not len(along) or any(curve.shape != along.shape for curve in curves):
        raise ValueError(f"curves of {[len(c) for c in curves]} points over {len(along)} {x or ''}")
    x, levels = x or "epoch", levels or {}
    told = [f"{key} from {c[0]:.3g} to {c[-1]:.3g}" for key, c in zip(keys, curves)]
    told += [f"a line at {text} = {value:.4g}" for text, value in levels.items()]
    alt = alt or _alt(title, f"curves over {x} {along[0]:g} to {along[-1]:g}", [", ".join(told)])

    fig, axes = figure(alt=alt)
    for curve, (colour, style) in zip(curves, STYLES):
        marker = "o" if len(curve) == 1 else None
        axes.plot(along, curve, color=colour, linestyle=style, marker=marker, linewidth=1.8)
    for text, value in levels.items():
        axes.axhline(value, color=GREY, linewidth=1, linestyle=(0, (1, 2)), zorder=0)
        axes.annotate(text, (0.99, value), (0, 2), ("axes fraction", "data"), "offset points",
                      ha="right", color="#555555", fontsize=9)  # fmt: skip
    axes.margins(x=0)
    axes.set(xlabel=x, ylabel=ylabel, title=title or "")
    axes.spines[["top", "right"]].set_visible(False)
    # the names, from the lowest end upwards, pushed apart where ends meet
    low, high = axes.get_ylim()
    ends = [c[np.isfinite(c)][-1] if np.isfinite(c).any() else low for c in curves]
    place = -1.0
    for i in np.argsort(ends):
        place = max((ends[i] - low) / (high - low), place + 0.07)
        axes.annotate(keys[i], (1, place), (5, 0), "axes fraction", "offset points",
                      va="center", color=STYLES[i][0], fontweight="bold")  # fmt: skip
    return fig


def d_outputs(real, fake, output="logit", bins=40, title=None, alt=None):
    """What D says: its outputs on reals upwards, on fakes downwards, over one axis.

    Args:
        real, fake: D's outputs, any shape.
        output: what they are: "logit" (D decides at 0), "probability" (at 0.5), or any other name,
            without a threshold.
        bins: how many. title: text. alt: by default the means and how many are told right.

    Errors: ValueError if there are none, or some are not finite.
    """
    real, fake = (np.asarray(outputs, "float64").ravel() for outputs in (real, fake))
    both = np.concatenate([real, fake])
    if not (real.size and fake.size and np.isfinite(both).all()):
        bad = (~np.isfinite(both)).sum()
        raise ValueError(f"{real.size} reals, {fake.size} fakes, {bad} not finite; wanted numbers")
    threshold = {"logit": 0.0, "probability": 0.5}.get(output)
    what = (
        f"histograms of D's {output} on {real.size:,} reals (upwards, mean {real.mean():.2f}) and "
        f"{fake.size:,} fakes (downwards, mean {fake.mean():.2f})"
    )
    if threshold is not None:
        what += (
            f": {(real > threshold).mean():.0%} of the reals lie above {threshold:g}, "
            f"{(fake <= threshold).mean():.0%} of the fakes do not"
        )
    fig, axes = figure(alt=alt or _alt(title, what))

    edges = np.histogram_bin_edges(both, bins, (0, 1) if output == "probability" else None)
    for values, sign, style, name in (
        (real, 1, {"facecolor": GREY}, f"reals, mean {real.mean():.2f}"),
        (fake, -1, {"facecolor": ORANGE, "hatch": "///"}, f"fakes, mean {fake.mean():.2f}"),
    ):
        share = np.histogram(values, edges)[0] / values.size * 100
        axes.stairs(sign * share, edges, fill=True, edgecolor="white", **style)
        axes.annotate(name, (0.01, 0.5 + sign * 0.46), xycoords="axes fraction", va="center")
    if threshold is not None:
        axes.axvline(threshold, color=BLACK, linewidth=1, linestyle="--")
    axes.axhline(0, color=BLACK, linewidth=0.8)
    most = 1.15 * max(map(abs, axes.get_ylim()))
    axes.set(xlabel=f"D's {output}", ylabel="share, %", title=title or "", ylim=(-most, most))
    axes.yaxis.set_major_formatter(lambda value, _: f"{abs(value):g}")
    axes.spines[["top", "right"]].set_visible(False)
    return fig


def scatter2d(real, fake, centres=None, limit=None, title=None, alt=None):
    """Points of the plane: reals as grey dots, fakes as orange crosses, one panel a run.

    Args:
        real: `(n, 2)`.
        fake: `(m, 2)`, or a dict `{title of the panel: points}`. All panels share their axes,
            which the reals set; fakes outside are counted in a corner.
        centres: `(k, 2)`, drawn as circles.
        limit: the axes run from -limit to limit; by default a little beyond the reals.
        title: text. alt: by default the numbers of points.

    Errors: ValueError if the points are not `(n, 2)`.
    """
    runs = fake if isinstance(fake, dict) else {"": fake}
    real, *fakes = (np.asarray(points, "float64") for points in (real, *runs.values()))
    wrong = [points.shape for points in (real, *fakes) if points.ndim != 2 or points.shape[1] != 2]
    if wrong or not len(real) or not fakes:
        raise ValueError(f"points have shape {(wrong or [real.shape])[0]}; wanted (n, 2)")
    limit = limit or 1.3 * np.abs(real).max()
    told = [f"{len(points):,} fakes{name and f' ({name})'}" for name, points in zip(runs, fakes)]
    what = f"{len(real):,} real points in grey, in orange {', '.join(told)}"
    if centres is not None:
        what += f", {len(centres)} centres circled"
    fig, panels = figure(
        1, len(runs), (3.4 * len(runs), 3.5 + 0.4 * bool(title)), alt=alt or _alt(title, what)
    )
    for axes, name, points in zip(np.ravel(panels), runs, fakes):
        axes.scatter(*real.T, s=6, color=GREY, marker="o", linewidths=0)
        axes.scatter(*points.T, s=14, color=ORANGE, marker="x", linewidths=0.8)
        if centres is not None:
            axes.scatter(*np.asarray(centres).T, s=260, facecolors="none", edgecolors=BLACK)
        outside = np.sum(~(np.abs(points).max(axis=1) <= limit))  # so written, NaN is outside
        if outside:
            axes.text(0.02, 0.03, f"{outside} outside", transform=axes.transAxes, fontsize=9,
                      bbox={"facecolor": "white", "edgecolor": "none", "pad": 1})  # fmt: skip
        axes.set(xlim=(-limit, limit), ylim=(-limit, limit), aspect="equal", title=name)
        axes.tick_params(labelsize=8)
    if title:
        fig.suptitle(title)
    return fig


def _alike(batches, what):
    """Batches of images of one shape as one array `(batches, n, h, w, c)`."""
    batches = [check_images(batch, f"{what} [{i}]") for i, batch in enumerate(batches)]
    if len({batch.shape for batch in batches}) != 1:
        shapes = ", ".join(str(batch.shape) for batch in batches)
        raise ValueError(f"{what} have shapes {shapes or 'none'}; wanted at least one, all alike")
    return np.stack(batches)


def _kind(images):
    """What the images are, in words."""
    _, h, w, c = images.shape
    return f"{'grey' if c == 1 else 'colour'} images of {h} x {w} pixels"


def _alt(title, what, details=()):
    """A plain sentence, so that alternative text is never empty."""
    text = ": ".join(part for part in (title, what, *details) if part).replace("\n", " ")
    return f"{text[0].upper()}{text[1:]}."
