"""One picture file: from its bytes to an upright Pillow image, grey or colour, of 8 bits."""

import collections
import io
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import ExifTags, Image, ImageOps

Look = collections.namedtuple("Look", "mode width height")


def decode(data, size=None):
    """A Pillow image of mode "L" (grey) or "RGB", from the bytes of a file.

    It is turned as the camera noted (EXIF), and what is transparent laid on white. More than 8 bits
    are scaled: 65535 of 16 bits, or 1 of floats, becomes 255. CMYK is converted without regard to
    colour profiles. Of several frames the first is taken.

    Args:
        data: bytes.
        size: `(height, width)`, see `fit_to`; None leaves it. A JPEG more than twice as large is
            shrunk while it is decoded, by averages, to no less than twice `size`: several times
            faster, and 0.4 of 255 away on average from doing without.

    Raises:
        Exception: whatever Pillow raises for files that are damaged or no pictures.
    """
    with Image.open(io.BytesIO(data)) as opened:
        if size:
            opened.draft(None, (2 * max(size), 2 * max(size)))
        picture = _grey_or_rgb(opened)
    return fit_to(picture, size) if size else picture


def look(data):
    """`Look` (mode, width, height) of what `decode` would make; raises where it would.

    All data are gone through, since a file that was cut off shows it nowhere else; but a JPEG is
    not computed at full size, so that a look costs a third of decoding or less.
    """
    with Image.open(io.BytesIO(data)) as opened:
        if opened.format != "JPEG":
            picture = _grey_or_rgb(opened)
            return Look(picture.mode, picture.width, picture.height)
        mode, (width, height) = "L" if opened.mode == "L" else "RGB", opened.size
        if opened.getexif().get(ExifTags.Base.Orientation, 1) in (5, 6, 7, 8):  # lying on a side
            width, height = height, width
        opened.draft("L", (1, 1))
        opened.load()
        return Look(mode, width, height)


def fit_to(picture, size):
    """A Pillow image at `size` (height, width), never squashed.

    What does not fit the new proportions is cut off evenly at two sides, the rest resampled with
    Lanczos' filter, which averages when it shrinks (no aliasing) and stays sharp when it enlarges.
    """
    height, width = size
    return ImageOps.fit(picture, (width, height), method=Image.Resampling.LANCZOS)


def pixels(picture, channels):
    """A Pillow image as uint8 `(height, width, channels)`, with 1 (grey) or 3 (colour) channels."""
    array = np.asarray(picture.convert("RGB" if channels == 3 else "L"))
    return array.reshape(picture.height, picture.width, channels)


def in_order(function, items, workers):
    """`map(function, items)` by so many threads, which run at most twice as many items ahead.

    Pillow lets other threads run while it decodes.
    """
    if workers == 1:
        yield from map(function, items)
        return
    waiting = collections.deque()
    with ThreadPoolExecutor(workers) as pool:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _grey_or_rgb(picture):
    """Upright, of mode "L" or "RGB", on white where it was transparent."""
    deep = picture.mode.startswith(("I", "F"))
    mode = "L" if deep or picture.mode in ("1", "L", "LA") else "RGB"
    picture = ImageOps.exif_transpose(picture)
    if deep:
        return _eight_bits(picture)
    if "A" in picture.getbands() or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture)
    return picture.convert(mode)


def _eight_bits(picture):
    """Mode "L" from grey integers of 16 bits (0-65535) or floats in [0, 1]."""
    values, white = np.array(picture, np.float64), 1 if picture.mode == "F" else 65535
    if not (values.min() >= 0 and values.max() <= white):  # put so, NaN is caught too
        raise ValueError(
            f"its values span [{values.min():.6g}, {values.max():.6g}], not [0, {white}]"
        )
    values[values == picture.info.get("transparency", -1)] = white
    return Image.fromarray((values * (255 / white)).round().astype(np.uint8))
