"""What the tests of data sets share: sets and pictures that they write, and no network."""

import socket
import time
import zipfile

import numpy as np
import pytest
from PIL import Image

from gankit.datasets import Images, locate


@pytest.fixture(autouse=True)
def alone(monkeypatch, tmp_path, request):
    """No network, no real data, an empty cache, nothing announced yet."""
    if "realdata" not in request.keywords:
        monkeypatch.delenv("GANKIT_DATA", raising=False)
    monkeypatch.setenv("GANKIT_OFFLINE", "1")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    socket.setdefaulttimeout(None)
    monkeypatch.setattr(locate, "_announced", set())
    monkeypatch.setattr(locate, "_failed", {})


def numbered(n, labels=None, names=("cat", "dog")):
    """Images of 2 x 2 px whose first pixel is their number."""
    pixels = np.zeros((n, 2, 2, 1), np.uint8)
    pixels[:, 0, 0, 0] = np.arange(n)
    return Images(pixels, np.arange(n) % len(names) if labels is None else labels, names, "toy")


def numbers(images):
    return images.images[:, 0, 0, 0].tolist()


def write_picture(path, colour, size=(6, 6), **save):
    path.parent.mkdir(parents=True, exist_ok=True)
    mode = "L" if isinstance(colour, int) else ("RGBA" if len(colour) == 4 else "RGB")
    Image.new(mode, size[::-1], colour).save(path, **save)


def zipped(folder, path):
    with zipfile.ZipFile(path, "w") as archive:
        for file in folder.rglob("*"):
            archive.write(file, file.relative_to(folder))
    return path


def unhurried(fetch):
    """`fetch`, by a disk that takes its time, now more, now less."""
    return lambda file: (time.sleep(sum(file.encode()) % 7 / 2000), fetch(file))[1]
