"""Read the files in which MNIST, Fashion-MNIST and CIFAR-10 are published, without unpacking them.

Each `read_...` returns arrays `(images uint8 (n, h, w, c), labels)`, or None if its files are not
there; a file that is there and broken is a ValueError.
"""

import gzip
import io
import math
import pickle
import tarfile
import zlib

import numpy as np


def read_idx(path):
    """The uint8 array in an idx file, as MNIST's site described it; `.gz` is read in place."""
    try:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(f"{path} is damaged ({error}): fetch it again") from error
    # Two zero bytes, 8 for "unsigned bytes", the number of axes; then each axis in 4 bytes.
    if len(data) < 4 or data[:3] != b"\0\0\x08" or len(data) < 4 + 4 * data[3]:
        raise ValueError(f"{path} is not an idx file of bytes")
    shape = tuple(int(s) for s in np.frombuffer(data, ">u4", count=data[3], offset=4))
    values = np.frombuffer(data, np.uint8, offset=4 + 4 * len(shape))
    if values.size != math.prod(shape):
        raise ValueError(f"{path} announces {shape}, but holds {values.size:,} bytes")
    return values.reshape(shape)


def read_idx_pair(folder, split):
    """Images `(n, 28, 28, 1)` and labels from a folder of MNIST's or Fashion-MNIST's four files."""
    prefix = {"train": "train", "test": "t10k"}[split]
    paths = [folder / f"{prefix}-images-idx3-ubyte.gz", folder / f"{prefix}-labels-idx1-ubyte.gz"]
    if not all(path.is_file() for path in paths):
        return None
    images, labels = read_idx(paths[0]), read_idx(paths[1])
    if images.ndim != 3 or labels.shape != images.shape[:1]:
        raise ValueError(f"{folder} has images {images.shape} and labels {labels.shape}")
    return images[..., None], labels


def read_npz(path, split):
    """Images `(n, 28, 28, 1)` and labels from Keras' `mnist.npz`."""
    with np.load(path, allow_pickle=False) as arrays:
        return arrays[f"x_{split}"][..., None], arrays[f"y_{split}"]


class NumpyOnly(pickle.Unpickler):
    """Unpickles NumPy arrays and plain values; a pickle that calls anything else is refused.

    CIFAR-10 is published as pickles of Python 2. An ordinary `pickle.load` would run whatever a
    stranger put into the file.
    """

    def find_class(self, module, name):
        """What stands behind `module.name`, if a NumPy array needs it."""
        if module == "numpy" and name in ("ndarray", "dtype"):
            return getattr(np, name)
        if module in ("numpy.core.multiarray", "numpy._core.multiarray") and name == "_reconstruct":
            return np.empty(0).__reduce__()[0]
        raise ValueError(f"the pickle calls {module}.{name}, which no CIFAR-10 file needs: refused")


def read_cifar_batches(path, split):
    """Images `(n, 32, 32, 3)` and labels from `cifar-10-batches-py`, folder or `.tar.gz`."""
    wanted = ["test_batch"] if split == "test" else [f"data_batch_{i}" for i in range(1, 6)]
    batches = {}
    if path.is_dir():
        for name in wanted:
            if (path / name).is_file():
                batches[name] = (path / name).read_bytes()
    elif path.is_file():
        try:
            with tarfile.open(path) as archive:
                for member in archive:  # in the file's own order: a .gz cannot go back
                    if member.isfile() and (name := member.name.split("/")[-1]) in wanted:
                        batches[name] = archive.extractfile(member).read()
        except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
            raise ValueError(f"{path} is damaged ({error}): fetch it again") from error
    if not batches:
        return None
    images, labels = [], []
    for name in sorted(batches):
        try:
            batch = NumpyOnly(io.BytesIO(batches[name]), encoding="bytes").load()
            data = batch[b"data"].reshape(-1, 3, 32, 32)  # a plane of red, of green, of blue
            labels.append(np.asarray(batch[b"labels"]).reshape(len(data)))
        except Exception as error:
            raise ValueError(f"{name} of {path} is no CIFAR-10 batch: {error}") from error
        images.append(data.transpose(0, 2, 3, 1))
    return np.concatenate(images), np.concatenate(labels)
