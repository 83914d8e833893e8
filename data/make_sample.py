"""Make `fashion_mnist_sample.npz` from Debian's package `dataset-fashion-mnist`.

    apt-get install dataset-fashion-mnist && python data/make_sample.py
    python data/make_sample.py FOLDER      (a package unpacked by `dpkg -x PACKAGE.deb FOLDER`)

It holds 1,000 training and 200 test images of each of the ten classes, drawn with a fixed seed and
kept in the official order; `train_index` and `test_index` are their places in the full set. The
package's notice is copied beside it.
"""

import hashlib
import shutil
import sys
from pathlib import Path

import numpy as np

from gankit.datasets.files import read_idx_pair

SEED = 20261122
PER_CLASS = {"train": 1000, "test": 200}
# SHA-256 of the full set's images, then labels, unpacked: the same as in the published files.
PUBLISHED = {
    "train": "16d82e2b505296aa2b78bd5ea0992634f30419a4c97def7c907d154a35ac6157",
    "test": "9f1ec356a747bfe4ebab3cfb722d3694c9ca737e2570f6f90cf31d7b6fd689d4",
}


def main(root="/"):
    """Draw, save, and print what `README.md` records."""
    here, root = Path(__file__).resolve().parent, Path(root)
    rng = np.random.default_rng(SEED)
    arrays = {}
    for split, count in PER_CLASS.items():
        pair = read_idx_pair(root / "usr/share/datasets/fashion-mnist", split)
        if pair is None:
            raise SystemExit(f"the package dataset-fashion-mnist is not in {root}")
        images, labels = pair
        if hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest() != PUBLISHED[split]:
            raise SystemExit(f"the package's {split} files are not those that were published")
        index = np.sort(np.concatenate(
            [rng.choice(np.flatnonzero(labels == k), count, replace=False) for k in range(10)]
        ))
        arrays[f"{split}_images"] = images[index, :, :, 0]
        arrays[f"{split}_labels"] = labels[index]
        arrays[f"{split}_index"] = index.astype(np.uint16)
    sample = here / "fashion_mnist_sample.npz"
    np.savez_compressed(sample, **arrays)
    notice = root / "usr/share/doc/dataset-fashion-mnist/copyright"
    shutil.copyfile(notice, here / "fashion_mnist_sample.LICENSE")
    content = hashlib.sha256(b"".join(a.tobytes() for a in arrays.values())).hexdigest()
    print(f"{sample.stat().st_size:,} bytes\n"
          f"SHA-256 of the file    {hashlib.sha256(sample.read_bytes()).hexdigest()}\n"
          f"SHA-256 of the arrays  {content}")


if __name__ == "__main__":
    main(*sys.argv[1:])
