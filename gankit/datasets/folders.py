"""Pictures in folders or in a zip, one folder a class, become `Images` or `ImageFiles`."""

import os
import threading
import time
import warnings
import zipfile
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image, UnidentifiedImageError

from gankit.datasets.decoding import decode, in_order, look, pixels
from gankit.datasets.images import Images, did_you_mean, height_and_width
from gankit.datasets.streaming import ImageFiles

SPLITS = ("train", "test", "val", "valid", "validation")
NAMED = 10  # so many of the files left out are named
PATIENCE = 5  # seconds after which one is told how long it will take


def image_folder(path, split=None, size=None, colour=None, in_memory=True, workers=None):
    """`Images` or `ImageFiles` from class folders or a zip of them: `dog/1.png`, `cat/2.jpg`, ...

    The classes may lie under `train/` and `test/`, and all of it in one more folder, as zips often
    have it. Classes and files are taken in the order of their names. Pictures that lie in no folder
    have no labels. What Pillow reads is read (PNG, JPEG, WebP, PGM, ...) as `decoding.decode` says:
    upright, on white, at 8 bits. Files that are damaged, empty or no pictures are left out, with
    one warning that counts and names them.

    Args:
        path: folder, or zip (read in place).
        split: "train" or "test", where there are such folders.
        size: pixels, a number or `(height, width)`; None if all have one size already. The middle
            is cut out where proportions differ, then resampled with Lanczos' filter, antialiased.
        colour: True for 3 channels, False for 1 (grey), None for what the first picture has.
        in_memory: False for sets larger than memory: `ImageFiles`, decoded anew for each batch.
            All files are gone through once at first, which takes a part of one epoch's decoding.
        workers: threads that decode; None for one a processor core, at most 8.

    Raises:
        ValueError: if there is no such folder, split or readable picture, if sizes differ and
            `size` is not given, or if colour follows grey and `colour` is not given.
    """
    path = Path(path).expanduser()
    workers = min(8, os.cpu_count() or 1) if workers is None else workers
    if not isinstance(workers, int | np.integer) or workers < 1:
        raise ValueError(f"workers is a whole number from 1 on, or None, not {workers!r}")
    if path.is_dir():
        names = [p.relative_to(path).as_posix() for p in path.rglob("*") if p.is_file()]
        title, fetch = path.resolve().name, lambda file: path.joinpath(file).read_bytes()
    elif not path.exists():
        raise ValueError(f"there is no folder or zip {path} (looked for at {path.absolute()})")
    elif not zipfile.is_zipfile(path):
        raise ValueError(f"{path} is neither a folder nor a zip: give one of class folders")
    else:
        title, (names, fetch) = path.stem, _zip(path)
    files, others = _by_class(title, names, split)
    size = None if size is None else height_and_width(size)
    examined = in_order(partial(_examine, fetch, size, in_memory), files, workers)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Pillow remarks on single files
        shape, good, broken, images = _gather(
            title, files, _with_patience(title, examined, len(files)), size, colour, in_memory
        )
    left_out = broken + [(file, "no picture, by its name") for file in others]
    if not good:
        raise ValueError(
            f"none of the {len(files):,} pictures in {title} can be read: {_listed(left_out)}"
        )
    if left_out:
        warnings.warn(
            f"gankit: {title}: {len(left_out):,} of {len(files) + len(others):,} files are left "
            f"out: {_listed(left_out)}", stacklevel=2,
        )
    labels = [class_name for class_name, _ in good]
    names = () if labels[0] is None else tuple(sorted(set(labels)))
    labels = np.searchsorted(names, labels) if names else None
    if not in_memory:
        files = tuple(file for _, file in good)
        return ImageFiles(fetch, files, shape, labels, names, title, workers=workers)
    images = images if len(good) == len(files) else images[: len(good)].copy()
    images.flags.writeable = False  # so that Images need not copy them
    return Images(images, labels, names, title)


def _zip(path):
    """Names in a zip, and a function from a name to its bytes.

    One open zip serves all threads, one at a time: reading is the small part of decoding.
    """
    archive, lock = zipfile.ZipFile(path), threading.Lock()

    def fetch(file):
        with lock:
            return archive.read(file)

    return [name for name in archive.namelist() if not name.endswith("/")], fetch


def _examine(fetch, size, in_memory, entry):
    """A picture (or, unless it is wanted in memory, a `Look` at it), or why it cannot be read."""
    try:
        data = fetch(entry[1])
        if not data:
            raise ValueError("empty")
        return decode(data, size) if in_memory else look(data)
    except MemoryError:
        raise
    except Exception as why:  # Pillow and zipfile raise errors of many kinds
        return why


def _gather(title, files, examined, size, colour, in_memory):
    """Shape of the pictures, good files, broken ones with reasons, pixels (if wanted in memory).

    What is not said, the first readable picture decides.
    """
    shape, images, good, broken = None, None, [], []
    for entry, picture in zip(files, examined):
        file = entry[1]
        if isinstance(picture, Exception):
            broken.append((file, _reason(picture)))
            continue
        height, width = size or (picture.height, picture.width)
        if shape is None:
            channels = 3 if (picture.mode == "RGB" if colour is None else colour) else 1
            shape = (height, width, channels)
            images = np.empty((len(files), *shape), np.uint8) if in_memory else None
        if (height, width) != shape[:2]:
            raise ValueError(
                f"{title}: {file} has {height} x {width} px, the first one "
                f"{shape[0]} x {shape[1]}: give a size, such as size=64"
            )
        if colour is None and channels == 1 and picture.mode == "RGB":
            raise ValueError(
                f"{title}: the first picture is grey, {file} is not: say colour=True or False"
            )
        if in_memory:
            images[len(good)] = pixels(picture, channels)
        good.append(entry)
    return shape, good, broken, images


def _with_patience(title, results, n):
    """`results` as they are; once, if they take long, a line that says for how long yet."""
    start, told = time.monotonic(), False
    for i, result in enumerate(results, start=1):
        spent = time.monotonic() - start
        if spent > PATIENCE and not told:
            told = True
            print(f"gankit: going through {n:,} pictures of {title}: about "
                  f"{spent / i * (n - i):.0f} s more", flush=True)
        yield result


def _reason(error):
    """Why a file cannot be read, in a few words."""
    if isinstance(error, UnidentifiedImageError):  # its text shows an address in memory
        return "no picture"
    return " ".join(str(error).split())[:80] or type(error).__name__


def _listed(left_out):
    """The first files that were left out, each with its reason; how many more there are."""
    more = f" and {len(left_out) - NAMED:,} more" if len(left_out) > NAMED else ""
    return ", ".join(f"{file} ({why})" for file, why in left_out[:NAMED]) + more


def _by_class(title, names, split):
    """Sorted pairs (class name or None, file) of the pictures, and the other files beside them."""
    readable = {s for s, kind in Image.registered_extensions().items() if kind in Image.OPEN}
    seen = [p for p in map(PurePosixPath, names) if p.name not in ("Thumbs.db", "desktop.ini")
            and not any(part.startswith((".", "__MACOSX")) for part in p.parts)]
    paths = [p for p in seen if p.suffix.lower() in readable]
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
    beside = {PurePosixPath(file).parent for _, file in files}
    others = sorted(str(p) for p in set(seen) - set(paths) if p.parent in beside)
    return [(class_name or None, file) for class_name, file in files], others


def _some(names):
    names = sorted(str(name) for name in names if name)
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "") or "pictures"
