"""Fashion-MNIST, MNIST, CIFAR-10, cats and dogs, wherever they are; else a stand-in, saying so.

Each is looked for in `folder`, if one is given, and nowhere else; without one under `$GANKIT_DATA`,
then in Keras' cache, into which it is downloaded unless `$GANKIT_OFFLINE` is 1 (cats and dogs never
are). Where none of these has it, the bundled Fashion-MNIST images serve: as a sample, or dressed as
the other set.
"""

from pathlib import Path

import numpy as np

from gankit.datasets import locate
from gankit.datasets.files import read_cifar_batches, read_idx_pair, read_npz
from gankit.datasets.folders import image_folder
from gankit.datasets.images import Images, did_you_mean

CLASSES = {
    "fashion_mnist": ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt",
                      "Sneaker", "Bag", "Ankle boot"),
    "mnist": tuple("0123456789"),
    "cifar10": ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship",
                "truck"),
    "cats_vs_dogs": ("cat", "dog"),
}
SIZES = {
    "fashion_mnist": {"train": 60_000, "test": 10_000},
    "mnist": {"train": 60_000, "test": 10_000},
    "cifar10": {"train": 50_000, "test": 10_000},
    "cats_vs_dogs": {"train": 20_000, "test": 5_000},
}
SOURCES = {
    "fashion_mnist": "Xiao, Rasul & Vollgraf 2017, github.com/zalandoresearch/fashion-mnist",
    "mnist": "LeCun, Cortes & Burges 1998, yann.lecun.com/exdb/mnist",
    "cifar10": "Krizhevsky 2009, www.cs.toronto.edu/~kriz/cifar.html",
    "cats_vs_dogs": "Elson et al. 2007 (Asirra), www.kaggle.com/c/dogs-vs-cats",
}
LICENCES = {"fashion_mnist": "MIT", "mnist": "CC BY-SA 3.0", "cifar10": "not stated",
            "cats_vs_dogs": "Kaggle's rules: not to be passed on"}
LOOK_ALIKES = (2, 4)  # pullovers and coats: they stand in for cats and dogs

# What `keras.datasets` downloads: file, hash. The idx files' MD5 are those their authors published.
KERAS = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
FASHION_FILES = {
    "train": {"train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
              "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe"},
    "test": {"t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
             "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310"},
}
MNIST_NPZ = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"
CIFAR_URL = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
CIFAR_TAR = "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"
CIFAR_CACHED = "cifar-10-batches-py-target_archive"  # as Keras names it


def fashion_mnist(split="train", folder=None):
    """Clothes: 60,000 + 10,000 grey images, 28 x 28, of 10 classes (Xiao et al. 2017).

    Args:
        split: "train" or "test".
        folder: where the four `...-ubyte.gz` files lie, or the folder above `fashion-mnist/`.

    Returns:
        `Images`; without the set, the sample: 10,000 + 2,000 of them.

    Raises:
        ValueError: for another split, a folder without the files, or damaged files.
    """
    return load("fashion_mnist", split, folder)


def mnist(split="train", folder=None):
    """Handwritten digits: 60,000 + 10,000 grey images, 28 x 28 (LeCun et al. 1998).

    As `fashion_mnist`, under `mnist/`. The stand-in shows Fashion-MNIST's class k as digit k.
    """
    return load("mnist", split, folder)


def cifar10(split="train", folder=None):
    """Animals and vehicles: 50,000 + 10,000 colour images, 32 x 32 (Krizhevsky 2009).

    As `fashion_mnist`; found as `cifar-10-batches-py` (folder or `.tar.gz`, or under its published
    name `cifar-10-python.tar.gz`), or as pictures, `train/CLASS/...` and `test/CLASS/...`, in a
    folder `cifar10` or `cifar10.zip`; `folder` may also be one of these itself. Labels are the
    official ones. The stand-in shows Fashion-MNIST's class k, tinted, as class k.
    """
    return load("cifar10", split, folder)


def cats_vs_dogs(split="train", folder=None):
    """Cats and dogs: 20,000 + 5,000 colour images, 64 x 64 (Elson et al. 2007).

    As `fashion_mnist`; found as pictures `cat/...` and `dog/...` in `cats_dogs/cats_dogs_64.zip`,
    in a folder `cats_dogs`, or in `folder` (or zip) itself, or in a `cats_dogs_64.zip` there; other
    sizes are cut and resized. The
    set has no test images of its own: a fifth is drawn, always the same. Never downloaded. The
    stand-in shows tinted pullovers as cats, coats as dogs.
    """
    return load("cats_vs_dogs", split, folder)


def load(name, split="train", folder=None):
    """The named set: `load("mnist", "test")` is `mnist("test")`; ValueError for other names."""
    for what, given, known in (("set", name, SIZES), ("split", split, ("train", "test"))):
        if given not in known:
            raise ValueError(f"there is no {what} {given!r}{did_you_mean(given, known)}, only "
                             f"{', '.join(known)}")
    try:
        images, labels = _find(name, split, None if folder is None else Path(folder).expanduser())
    except locate.OutOfReach as why:
        stand_in = _stand_in(name, split)
        locate.announce(name, f"using {stand_in.name}, because {name} is not at hand: {why}")
        return stand_in
    total = SIZES[name][split]
    full = name if len(images) == total else f"{name} (part, {len(images):,} of {total:,})"
    return Images(images, labels, CLASSES[name], full, SOURCES[name], LICENCES[name])


def _find(name, split, folder):
    """Images and labels from the first place that has them; OutOfReach if none has."""
    if folder is not None:
        if found := _in_folder(name, split, folder, itself=True):
            return found
        raise ValueError(f"{name} ({split}) is not in {folder.absolute()}: data/README.md says "
                         "what its files are called")
    folder = locate.environment_folder()
    if folder and (found := _in_folder(name, split, folder)):
        return found
    if name == "fashion_mnist":
        paths = [locate.fetch(name, KERAS + file, digest, file, "datasets/fashion-mnist")
                 for file, digest in FASHION_FILES[split].items()]
        return read_idx_pair(paths[0].parent, split)
    if name == "cats_vs_dogs":
        raise locate.OutOfReach("Kaggle alone gives it; data/README.md says where to put it")
    if name == "mnist":
        path = locate.fetch(name, KERAS + "mnist.npz", MNIST_NPZ, "mnist.npz")
        return read_npz(path, split)
    return read_cifar_batches(locate.fetch(name, CIFAR_URL, CIFAR_TAR, CIFAR_CACHED), split)


def _in_folder(name, split, folder, itself=False):
    """Images and labels from the first layout that is there, or None.

    `itself`: the folder may be the set's own, not only one that holds several sets.
    """
    own = [folder] if itself else []
    if name == "cats_vs_dogs":
        within = [folder / "cats_dogs_64.zip"] if itself else []
        places = [folder / "cats_dogs" / "cats_dogs_64.zip", folder / "cats_dogs", *within, *own]
        return next((_cats_and_dogs(p, split) for p in places if p.exists()), None)
    if name != "cifar10":
        places = [folder / name.replace("_", "-"), *own]
        return next((found for p in places if (found := read_idx_pair(p, split))), None)
    names = ("cifar-10-batches-py", "cifar-10-batches-py.tar.gz", "cifar-10-python.tar.gz")
    for place in [folder / file for file in names] + own:
        if place.suffix != ".zip" and (found := read_cifar_batches(place, split)):
            return found
    for place in [folder / "cifar10.zip", folder / "cifar10", *own]:
        if place.exists():
            return _cifar10_pictures(place, split)
    return None


def _cifar10_pictures(path, split):
    """From class folders: classes get their official numbers, and are mixed, as published."""
    pictures = image_folder(path, split, colour=True)
    classes = CLASSES["cifar10"]
    if pictures.image_shape != (32, 32, 3) or pictures.labels is None:
        raise ValueError(f"{path} is not CIFAR-10: it has {pictures}")
    for name in pictures.class_names:
        if name not in classes:
            raise ValueError(f"{path} has a class {name!r}{did_you_mean(name, classes)}, which "
                             "CIFAR-10 has not")
    official = np.array([classes.index(name) for name in pictures.class_names])
    order = np.random.default_rng(0).permutation(len(pictures))
    return pictures.images[order], official[pictures.labels][order]


def _cats_and_dogs(path, split):
    """From class folders, mixed; the test images are a fifth of them, drawn with seed 0."""
    pictures = image_folder(path, size=64, colour=True)
    if tuple(c.lower() for c in pictures.class_names) != CLASSES["cats_vs_dogs"]:
        raise ValueError(f"{path} has the classes {', '.join(pictures.class_names) or '(none)'}: "
                         "wanted are the folders cat and dog")
    order = np.random.default_rng(0).permutation(len(pictures))
    fifth = len(order) // 5
    chosen = order[:fifth] if split == "test" else order[fifth:]
    return pictures.images[chosen], pictures.labels[chosen]


def _stand_in(name, split):
    """The bundled Fashion-MNIST images, as themselves or in place of another set."""
    with np.load(locate.data_folder() / locate.SAMPLE, allow_pickle=False) as sample:
        images, labels = sample[f"{split}_images"][..., None], sample[f"{split}_labels"]
    if name == "fashion_mnist":
        title = f"{name} (sample, {len(images):,} of {SIZES[name][split]:,})"
    elif name == "mnist":
        title = "mnist (stand-in: Fashion-MNIST)"
    else:
        title = f"{name} (stand-in: tinted Fashion-MNIST)"
        if name == "cats_vs_dogs":
            chosen = np.isin(labels, LOOK_ALIKES)
            images, labels = images[chosen], np.searchsorted(LOOK_ALIKES, labels[chosen])
        size = 32 if name == "cifar10" else 64
        images = _tinted(Images(images).resized(size).images, seed=len(images))
    return Images(images, labels, CLASSES[name], title, SOURCES["fashion_mnist"],
                  LICENCES["fashion_mnist"])


def _tinted(grey, seed):
    """Grey images in colour: each with a dark background and a bright garment of its own."""
    rng = np.random.default_rng(seed)
    dark = rng.integers(0, 128, (len(grey), 1, 1, 3), np.uint16)
    bright = rng.integers(128, 256, (len(grey), 1, 1, 3), np.uint16)
    return (dark + grey * (bright - dark) // 255).astype(np.uint8)  # at most 255 * 255: fits
