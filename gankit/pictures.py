"""A figure that carries a sentence for those who do not see it, and images as one array.

What `plots` and the lessons' own drawings stand on. matplotlib's `Figure` is used without pyplot:
no global list keeps what was drawn, and no screen is needed.
"""

import base64
import io
import math

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

DPI = 72  # a point of text is a pixel then, and notebooks stay small
SIZE, LINE, LETTER = 9, 13, 5.1  # of text, in pixels: its size, a line's and a letter's room


class Picture(Figure):
    """A matplotlib figure that carries alternative text (`.alt`) into the notebook."""

    alt = ""
    exact = False  # a sheet of images is shown pixel for pixel; a drawing may take fewer colours

    def _repr_mimebundle_(self, include=None, exclude=None):
        png = io.BytesIO()
        self.savefig(png, format="png", dpi=DPI)
        png = fewer_bytes(png, self.exact)
        data = {"image/png": base64.b64encode(png.getvalue()).decode(), "text/plain": self.alt}
        return data, {"image/png": {"alt": self.alt}}


def fewer_bytes(png, exact):
    """About half the bytes: one channel for what is grey, for other drawings a palette of 256."""
    picture, small = Image.open(png).convert("RGB"), io.BytesIO()
    red, green, blue = picture.split()
    if red.tobytes() == green.tobytes() == blue.tobytes():  # nothing is lost
        red.save(small, "png", optimize=True)
    elif exact or picture.getcolors(4096) is None:  # photographs in colour stay
        return png
    else:
        picture.quantize(256, dither=Image.Dither.NONE).save(small, "png", optimize=True)
    return small


def figure(rows=1, columns=1, size=(6, 3.5), *, alt, **kw):
    """An empty figure for one's own drawing.

    Args:
        rows, columns: how many axes.
        size: width and height in inches (72 pixels each).
        alt: what one sees and why it matters, with numbers.
        kw: what `Figure.subplots` takes, such as `sharey=True`.

    Returns:
        `(figure, axes)`; axes is one, or an array of them, as `Figure.subplots` has it.
    """
    fig = Picture(figsize=size, dpi=DPI, layout="constrained")
    fig.alt = alt
    return fig, fig.subplots(rows, columns, **kw)


def check_images(images, what="images"):
    """The images as float32 `(n, h, w, c)`; ValueError if they are anything but that in [0, 1]."""
    images = np.asarray(images)
    if images.ndim != 4 or images.shape[-1] not in (1, 3) or 0 in images.shape:
        raise ValueError(
            f"{what} have shape {images.shape}; wanted (n, height, width, 1 or 3), n at least 1 "
            "(one image: images[None]; grey without channels: images[..., None])"
        )
    if not np.issubdtype(images.dtype, np.floating):
        raise ValueError(f"{what} are {images.dtype}; wanted floats in [0, 1]: divide by 255")
    low, high = images.min(), images.max()
    if not (low >= -1e-3 and high <= 1 + 1e-3):  # so written, NaN fails too
        raise ValueError(
            f"{what} run from {low:.3g} to {high:.3g}; wanted [0, 1] "
            "(from [-1, 1]: x / 2 + 0.5; from [0, 255]: x / 255)"
        )
    return images.astype("float32").clip(0, 1)


def tile(images, columns, gap=(2, 2)):
    """Images `(n, h, w, c)` side by side, `columns` a row, as one array `(H, W, c)` of their type.

    `gap` is the white between rows and between columns, in pixels: row i begins at pixel
    `i * (h + gap[0])`. What the last row lacks is white: 1, among bytes 255.
    """
    n, h, w, c = images.shape
    rows = math.ceil(n / columns)
    white = 255 if images.dtype == np.uint8 else 1
    array = np.full((rows, h + gap[0], columns, w + gap[1], c), white, images.dtype)
    for i, image in enumerate(images):
        array[i // columns, :h, i % columns, :w] = image
    array = array.reshape(rows * (h + gap[0]), columns * (w + gap[1]), c)
    return array[: array.shape[0] - gap[0], : array.shape[1] - gap[1]]


def sheet(images, columns, alt, title=None, titles=(), heads=(), sides=(), scale=None, gap=2):
    """The images as one array, pixel for pixel, and words round it.

    Args:
        images: float32 `(n, h, w, c)` in [0, 1]. columns: images a row.
        alt: alternative text. title: text above all.
        titles, heads, sides: texts above each image, above each column, left of each row.
        scale: pixels of the screen a pixel of the image; by default 1 to 3, more under long words.
        gap: white between images, in their pixels.
    """
    n, h, w, _ = images.shape
    rows = math.ceil(n / columns)
    titles, heads, sides = ([str(text) for text in words] for words in (titles, heads, sides))
    for name, words, count in (
        ("titles", titles, n),
        ("titles of columns", heads, columns),
        ("names of rows", sides, rows),
    ):
        if words and len(words) != count:
            raise ValueError(f"{len(words)} {name} were given; wanted one each, {count}")
    if scale is None:
        scale = max(1, min(3, 740 // (columns * (w + gap))), math.ceil(_wide(titles + heads) / w))
    # 1 how many pixels of the screen everything takes
    room = math.ceil(_high(titles) / scale)  # above each image, in its pixels
    array = tile(images, columns, (gap + room, gap))
    height, width = array.shape[0] * scale, array.shape[1] * scale
    left = _wide(sides) + 8 if sides else 0
    head = 20 if title else 0
    top = head + _high(heads) + room * scale
    whole = max(left + width, _wide([title or ""]) * 1.5)  # a title may be wider than its images
    # 2 axes that count in these pixels, and the array on them
    fig = Picture(figsize=(whole / DPI, (top + height) / DPI), dpi=DPI)
    fig.exact = True
    axes = fig.add_axes([0, 0, 1, 1])
    place = (left, left + width, top + height, top)
    shown = array if array.shape[-1] == 3 else array[..., 0]
    axes.imshow(shown, "gray", vmin=0, vmax=1, interpolation="nearest", extent=place)
    axes.set(xlim=(0, whole), ylim=(top + height, 0), aspect="auto")
    axes.set_axis_off()
    # 3 the words
    down, across = (h + gap + room) * scale, (w + gap) * scale
    for i, text in enumerate(titles):
        x = left + (i % columns) * across + w * scale / 2
        axes.text(x, top + (i // columns) * down - 3, text, ha="center", size=SIZE)
    for i, text in enumerate(heads):
        axes.text(left + i * across + w * scale / 2, top - 3, text, ha="center", size=SIZE)
    for i, text in enumerate(sides):
        y = top + i * down + h * scale / 2
        axes.text(left - 6, y, text, ha="right", va="center", size=SIZE)
    axes.text(0, head - 6, title or "", size=12)
    fig.alt = alt
    return fig


def _wide(words):
    """Pixels that the longest line of the words takes."""
    longest = max((len(line) for text in words for line in text.split("\n")), default=0)
    return math.ceil(LETTER * longest)


def _high(words):
    """Pixels that the lines of the words take."""
    return LINE * max((text.count("\n") + 1 for text in words), default=0)
