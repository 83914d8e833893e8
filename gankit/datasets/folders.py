"""Pictures in folders or in a zip, one folder a class, become `Images`."""

import zipfile
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image, ImageOps

from gankit.datasets.images import Images, did_you_mean, fit_to, height_and_width

SPLITS = ("train", "test", "val", "valid", "validation")
# what Pillow and zipfile raise for files that are damaged, encrypted, or no pictures
UNREADABLE = (
    OSError,
    SyntaxError,
    ValueError,
    RuntimeError,
    zipfile.BadZipFile,
    Image.DecompressionBombError,
)


def image_folder(path, split=None, size=None, colour=None):
    """`Images` from a folder or a zip of class folders: `dog/1.png`, `cat/2.jpg`, ...

    The classes may lie under `train/` and `test/`, and all of it in one more folder, as zips often
    have it. Classes and files are taken in the order of their names. Pictures that lie in no folder
    have no labels. What Pillow reads is read (PNG, JPEG, WebP, PGM, ...); pictures are turned as
    the camera noted, transparency is laid on white. All are kept in memory.

    Args:
        path: folder, or zip (read in place).
        split: "train" or "test", where there are such folders.
        size: pixels, a number or `(height, width)`; None if all have one size already. The middle
            is cut out where proportions differ, then resampled with Lanczos' filter, antialiased.
        colour: True for 3 channels, False for 1 (grey), None for what the first picture has.

    Raises:
        ValueError: if there is no such folder, split or readable picture, if sizes differ and
            `size` is not given, or if colour follows grey and `colour` is not given.
    """
    path = Path(path).expanduser()
    if path.is_dir():
        names = [p.relative_to(path).as_posix() for p in path.rglob("*") if p.is_file()]
        return _read(path.resolve().name, names, path.joinpath, split, size, colour)
    if not path.exists():
        raise ValueError(f"there is no folder or zip {path} (looked for at {path.absolute()})")
    if not zipfile.is_zipfile(path):
        raise ValueError(f"{path} is neither a folder nor a zip: give one of class folders")
    with zipfile.ZipFile(path) as archive:
        return _read(path.stem, archive.namelist(), archive.open, split, size, colour)


def _read(title, names, open_file, split, size, colour):
    """`Images` of the files among `names`; what is not said, the first picture decides."""
    files = _by_class(title, names, split)
    wanted = None if size is None else height_and_width(size)
    images, labels, broken = None, [], []
    for class_name, file in files:
        try:
            with Image.open(open_file(file)) as opened:
                mode = opened.mode
                picture = None if mode.startswith(("I", "F")) else _grey_or_rgb(opened)
        except UNREADABLE:
            broken.append(file)
            continue
        if picture is None:
            raise ValueError(f"{file} has more than 8 bits a channel (mode {mode}): convert it")
        if wanted:
            picture = fit_to(picture, wanted)
        if images is None:
            channels = 3 if (picture.mode == "RGB" if colour is None else colour) else 1
            images = np.empty((len(files), picture.height, picture.width, channels), np.uint8)
        if (picture.height, picture.width) != images.shape[1:3]:
            raise ValueError(
                f"{title}: {file} has {picture.height} x {picture.width} px, the first one "
                f"{images.shape[1]} x {images.shape[2]}: give a size, such as size=64"
            )
        if colour is None and channels == 1 and picture.mode == "RGB":
            raise ValueError(
                f"{title}: the first picture is grey, {file} is not: say colour=True or False"
            )
        pixels = np.asarray(picture.convert("RGB" if channels == 3 else "L"))
        images[len(labels)] = pixels.reshape(images.shape[1:])
        labels.append(class_name)
    if not labels:
        raise ValueError(f"none of the {len(files)} pictures in {title} can be read")
    if broken:
        print(f"gankit: {title}: {len(broken):,} of {len(files):,} pictures cannot be read and are "
              f"left out (the first: {broken[0]})")
        images = images[: len(labels)].copy()
    images.flags.writeable = False  # so that Images need not copy them
    if labels[0] is None:
        return Images(images, name=title)
    names = sorted(set(labels))
    return Images(images, np.searchsorted(names, labels), names, title)


def _by_class(title, names, split):
    """Sorted pairs (class name or None, file) of the pictures among `names`."""
    readable = {s for s, kind in Image.registered_extensions().items() if kind in Image.OPEN}
    paths = [PurePosixPath(name) for name in names]
    paths = [p for p in paths if p.suffix.lower() in readable
             and not any(part.startswith((".", "__MACOSX")) for part in p.parts)]
    if not paths:
        raise ValueError(f"there is no picture in {title}: wanted are class folders of PNG, JPEG, "
                         "WebP, PGM or the like")
    inner = {p: p.parts for p in paths}  # the path without the folders that are no class
    while True:
        tops = {parts[0] if len(parts) > 1 else None for parts in inner.values()}
        deep = max(len(parts) for parts in inner.values())
        if tops <= set(SPLITS) or len(tops) > 1 or deep < 3:
            break
        inner = {p: parts[1:] for p, parts in inner.items()}  # all lie in one folder more
    if tops <= set(SPLITS):
        if split is None and len(tops) > 1:
            raise ValueError(f"{title} has {' and '.join(sorted(tops))}: say which as split=")
        if split is not None and split not in tops:
            raise ValueError(f"{title} has no split {split!r}{did_you_mean(split, tops)}; it has "
                             f"{', '.join(sorted(tops))}")
        inner = {p: parts[1:] for p, parts in inner.items() if split in (None, parts[0])}
    elif split is not None:
        raise ValueError(f"{title} has no folder {split}/, only {_some(tops)}: leave split out")
    files = sorted((parts[0] if len(parts) > 1 else "", str(p)) for p, parts in inner.items())
    if files[0][0] == "" and files[-1][0] != "":
        raise ValueError(f"{title} has class folders, and pictures in none ({files[0][1]}): put "
                         "them into one, or away")
    return [(class_name or None, file) for class_name, file in files]


def _some(names):
    names = sorted(str(name) for name in names if name)
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "") or "pictures"


def _grey_or_rgb(picture):
    """Upright, of mode "L" or "RGB", on white where it was transparent."""
    mode = "L" if picture.mode in ("1", "L", "LA", "La") else "RGB"
    picture = ImageOps.exif_transpose(picture)
    if "A" in picture.getbands() or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture)
    return picture.convert(mode)
