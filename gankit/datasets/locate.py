"""Where data lie: the project's own folder, `$GANKIT_DATA`, Keras' cache, the network."""

import hashlib
import os
import socket
from pathlib import Path

SAMPLE = "fashion_mnist_sample.npz"
SECONDS = 5  # a server that says nothing for so long is taken to be out of reach

_announced = set()
_failed = {}  # name of a set: why its download failed; it is not tried again


class OutOfReach(Exception):
    """A set cannot be had; the message says why."""


def data_folder():
    """The project's `data/`: in the repository, or `gankit/data` in an installed package."""
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "data", package.parent / "data"):
        if (folder / SAMPLE).is_file():
            return folder
    raise ValueError(f"there is no data/{SAMPLE} in {package} or beside it: install gankit again")


def environment_folder():
    """`$GANKIT_DATA` as a path, or None if it is not set."""
    folder = os.environ.get("GANKIT_DATA")
    if not folder:
        return None
    folder = Path(folder).expanduser()
    if not folder.is_dir():
        raise ValueError(f"$GANKIT_DATA is {str(folder)!r}, but no such folder exists: correct it")
    return folder


def announce(name, line):
    """Print a line; a second one for the same name stays unsaid."""
    if name not in _announced:
        _announced.add(name)
        print(f"gankit: {line}")


def fetch(name, url, digest, file, subfolder="datasets"):
    """A file of Keras' cache, downloaded into it if need be.

    Args:
        name: of the set; after one failure nothing of it is tried again in this process.
        url: where `keras.datasets` has it from.
        digest: MD5 or SHA-256 of the file, in hexadecimal.
        file: its name in the cache, the same as Keras gives it.
        subfolder: of `~/.keras` (or `$KERAS_HOME`).

    Raises:
        OutOfReach: if it cannot be had.
    """
    home = Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser()
    path = home / subfolder / file
    if path.is_file() and _digest(path, digest) == digest:
        return path
    if os.environ.get("GANKIT_OFFLINE") == "1":
        raise OutOfReach("GANKIT_OFFLINE=1 forbids a download")
    if name in _failed:
        raise OutOfReach(_failed[name])
    import keras

    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(SECONDS)
    try:
        home.mkdir(parents=True, exist_ok=True)
        return Path(keras.utils.get_file(
            file, url, file_hash=digest, cache_subdir=subfolder, cache_dir=str(home)
        ))
    except (Exception, KeyboardInterrupt) as error:  # get_file removes what is incomplete
        why = " ".join(str(error).split()) or "interrupted"
        _failed[name] = f"the download failed ({why})"
        raise OutOfReach(_failed[name]) from error
    finally:
        socket.setdefaulttimeout(before)


def _digest(path, like):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256" if len(like) == 64 else "md5").hexdigest()
