import dataclasses
import gzip
import hashlib
import io
import os
import pickle
import socket
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest
from image_sets import (
    alone,  # noqa: F401, used by all
    numbered,
    numbers,
    unhurried,
    write_picture,
    zipped,
)
from PIL import Image

from gankit import datasets
from gankit.datasets import ArrayBatches, Images, image_folder, locate, named
from gankit.datasets.files import read_cifar_batches, read_idx

# --- Images -------------------------------------------------------------------------------------


def test_images_do_not_change():
    pixels = np.zeros((3, 2, 2, 1), np.uint8)
    images = Images(pixels, np.array([0, 1, 1], np.uint8), ["cat", "dog"])
    pixels[:] = 9
    assert images.images.max() == 0, "the caller's array is another one"
    assert images.labels.dtype == np.int64
    for array in (images.images, images.labels):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        images.name = "other"
    assert "toy: 4 of 2 x 2 x 1, 2 classes" in repr(numbered(4))
    view = images.images[:2].view()
    assert Images(view).images.base is None, "a view could be written through its base"


def test_unit_is_float32_in_0_1():
    unit = Images(np.array([0, 51, 255], np.uint8).reshape(3, 1, 1, 1)).unit()
    assert unit.dtype == np.float32 and unit.shape == (3, 1, 1, 1)
    np.testing.assert_array_equal(unit.ravel(), np.float32([0, 0.2, 1]))


def test_only_counts_labels_anew():
    images = numbered(6, names=("cat", "dog", "owl"))
    chosen = images.only("owl", "cat")
    assert numbers(chosen) == [0, 2, 3, 5] and chosen.labels.tolist() == [1, 0, 1, 0]
    assert chosen.class_names == ("owl", "cat") and chosen.name == "toy, only owl, cat"


def test_take_and_split():
    images = numbered(10)
    few, more = images.take(3, seed=1), images.take(5, seed=1)
    assert numbers(few) == np.random.default_rng(1).permutation(10)[:3].tolist()
    assert numbers(more)[:3] == numbers(few) and few.name == "toy, 3 of 10"
    assert [n % 2 for n in numbers(few)] == few.labels.tolist()
    assert numbers(images.take(3, seed=2)) != numbers(few)
    a, b = images.split(0.7)
    assert len(a) == 7 and sorted(numbers(a) + numbers(b)) == list(range(10))
    assert numbers(images.split(0.7)[0]) == numbers(a)


def test_resized_averages_and_does_not_squash():
    board = np.indices((32, 32)).sum(0) % 2 * 255
    grey = Images(board.astype(np.uint8)[None, ..., None]).resized(8)
    assert abs(grey.images.astype(int) - 127).max() < 12, "aliased: black or white, not grey"
    wide = np.zeros((1, 8, 24, 3), np.uint8)
    wide[:, :, 8:16, 1] = 200  # the middle third is green, and is what remains
    square = Images(wide).resized(8)
    assert square.image_shape == (8, 8, 3) and (square.images == [0, 200, 0]).all()
    assert Images(wide).resized((4, 12)).image_shape == (4, 12, 3)


# --- batches ------------------------------------------------------------------------------------


def test_order_is_that_of_seed_and_epoch():
    batches = numbered(10).batches(4, seed=3)
    assert len(batches) == 2, "the last, partial batch is dropped"
    for epoch in range(3):
        order = np.random.default_rng([3, epoch]).permutation(10)
        for i in range(2):
            batch = batches[i]
            assert batch.dtype == np.float32 and batch.shape == (4, 2, 2, 1)
            expected = order[4 * i : 4 * i + 4].astype("float32") / 255
            np.testing.assert_array_equal(batch[:, 0, 0, 0], expected)
        assert len(list(batches)) == 2
        batches.on_epoch_end()
    with pytest.raises(IndexError):
        batches[2]


@pytest.mark.parametrize("workers", [None, 3])
def test_fit_sees_the_order_of_each_epoch_and_the_same_when_resumed(workers, tmp_path):
    keras = pytest.importorskip("keras")

    class Watcher(keras.Model):
        def train_step(self, *data):
            scale = 255 if workers else 1
            seen.append((np.asarray(data[-1]).ravel() * scale).round().tolist())
            return {"loss": 0.0}

    if keras.backend.backend() != "tensorflow":
        pytest.skip("the watching train_step is written for TensorFlow")
    values = np.arange(12, dtype="float32").reshape(12, 1)
    if workers:  # the same from files, which take unequal time
        for i in range(12):
            write_picture(tmp_path / f"set/{i:02d}.pgm", i, (1, 1))
        files = image_folder(tmp_path / "set", in_memory=False, workers=workers)
        files = dataclasses.replace(files, fetch=unhurried(files.fetch))
    runs = []
    for first, epochs in ((0, 4), (2, 4)):
        seen, model = [], Watcher()
        model.built = True
        model.compile(run_eagerly=True)
        if workers:
            batches = files.batches(4, seed=5, first_epoch=first)
        else:
            batches = ArrayBatches(values, 4, seed=5, first_epoch=first)
        model.fit(batches, initial_epoch=first, epochs=epochs, shuffle=False, verbose=0)
        runs.append(seen)
    expected = [np.random.default_rng([5, e]).permutation(12).tolist() for e in range(4)]
    assert [sum(runs[0][3 * e : 3 * e + 3], []) for e in range(4)] == expected
    assert runs[1] == runs[0][6:]


def test_no_pipeline_that_tunes_itself_waits_between_epochs():
    """Keras' default for batches like ours: its end sleeps on TensorFlow's tuner, for seconds."""
    keras = pytest.importorskip("keras")
    if keras.backend.backend() != "tensorflow":
        pytest.skip("tf.data is TensorFlow's")
    from keras.src.trainers.data_adapters.py_dataset_adapter import PyDatasetAdapter

    from gankit.backend import pipeline

    batches = ArrayBatches(np.zeros((4, 1), "float32"), 2)
    for data in (PyDatasetAdapter(batches).get_tf_dataset(), pipeline(batches)):
        assert data.options().autotune.enabled is False


def test_float_arrays_stay_as_they_are():
    points = np.random.default_rng(0).normal(size=(6, 2))
    batch = ArrayBatches(points, 6)[0]
    assert batch.dtype == points.dtype and sorted(batch[:, 0]) == sorted(points[:, 0])


# --- what is on disk ----------------------------------------------------------------------------


def write_idx(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    path.write_bytes(gzip.compress(header + array.tobytes()))


def write_idx_set(folder, images, labels, prefix="train"):
    write_idx(folder / f"{prefix}-images-idx3-ubyte.gz", images)
    write_idx(folder / f"{prefix}-labels-idx1-ubyte.gz", labels)


def random_set(n, shape, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (n, *shape), np.uint8), rng.integers(0, 10, n, np.uint8)


class Python2(pickle._Pickler):
    """Writes bytes as Python 2 wrote its strings, as in the published CIFAR-10."""

    dispatch = dict(pickle._Pickler.dispatch)

    def save_string(self, text):
        text = text if isinstance(text, bytes) else text.encode()
        self.write(pickle.BINSTRING + len(text).to_bytes(4, "little") + text)
        self.memoize(text)

    dispatch[bytes] = dispatch[str] = save_string


def python2_pickle(value):
    stream = io.BytesIO()
    Python2(stream, protocol=2).dump(value)
    return stream.getvalue().replace(b"cnumpy._core.", b"cnumpy.core.")


def cifar_batch(images, labels):
    rows = np.ascontiguousarray(images.transpose(0, 3, 1, 2)).reshape(len(images), 3072)
    return python2_pickle({b"data": rows, b"labels": labels.tolist(), b"batch_label": b"a batch"})


def test_idx_round_trip(tmp_path, monkeypatch):
    images, labels = random_set(7, (28, 28))
    write_idx_set(tmp_path / "fashion-mnist", images, labels)
    for folder in (tmp_path, tmp_path / "fashion-mnist"):
        found = datasets.fashion_mnist(folder=folder)
        np.testing.assert_array_equal(found.images[..., 0], images)
        np.testing.assert_array_equal(found.labels, labels)
    assert found.name == "fashion_mnist (part, 7 of 60,000)" and found.licence == "MIT"
    monkeypatch.setenv("GANKIT_DATA", str(tmp_path))
    assert datasets.fashion_mnist().name == found.name
    assert "sample" in datasets.fashion_mnist("test").name, "only the train files are there"
    monkeypatch.setenv("GANKIT_DATA", str(tmp_path / "fashion-mnist"))
    assert "stand-in" in datasets.mnist().name, "MNIST's files have the same names"


@pytest.mark.parametrize("kind", ["folder", "cifar-10-batches-py.tar.gz", "cifar-10-python.tar.gz"])
def test_cifar_round_trip(tmp_path, kind):
    sets = {f"data_batch_{i}": random_set(3, (32, 32, 3), seed=i) for i in (2, 1)}
    sets["test_batch"] = random_set(2, (32, 32, 3), seed=9)
    batches = tmp_path / "cifar-10-batches-py"
    batches.mkdir()
    for name, (images, labels) in sets.items():
        (batches / name).write_bytes(cifar_batch(images, labels))
    itself = batches
    if kind != "folder":
        itself = tmp_path / "packed" / kind
        itself.parent.mkdir()
        with tarfile.open(itself, "w:gz") as archive:
            archive.add(batches, "cifar-10-batches-py")
    for folder in (itself.parent, itself):
        train, test = datasets.cifar10(folder=folder), datasets.cifar10("test", folder=folder)
        expected = np.concatenate([sets["data_batch_1"][0], sets["data_batch_2"][0]])
        np.testing.assert_array_equal(train.images, expected)
        np.testing.assert_array_equal(test.images, sets["test_batch"][0])
        np.testing.assert_array_equal(test.labels, sets["test_batch"][1])
    assert train.name == "cifar10 (part, 6 of 50,000)" and train.class_names[5] == "dog"


def test_a_pickle_that_calls_something_is_refused(tmp_path, capsys):
    class Evil:
        def __reduce__(self):
            return print, ("gotcha",)

    (tmp_path / "test_batch").write_bytes(pickle.dumps({b"data": Evil()}, protocol=2))
    with pytest.raises(ValueError, match="refused"):
        read_cifar_batches(tmp_path, "test")
    assert "gotcha" not in capsys.readouterr().out


def test_cifar_pictures_get_official_labels(tmp_path):
    for name, colour in (("truck", (9, 0, 0)), ("airplane", (0, 0, 0)), ("dog", (5, 0, 0))):
        for i in range(4):
            path = tmp_path / f"set/train/{name}/{i:05d}.webp"
            write_picture(path, colour, (32, 32), lossless=True)
    zipped(tmp_path / "set", tmp_path / "cifar10.zip")
    for folder in (tmp_path, tmp_path / "cifar10.zip", tmp_path / "set"):
        found = datasets.cifar10(folder=folder)
        assert found.class_names == named.CLASSES["cifar10"]
        np.testing.assert_array_equal(found.images[:, 0, 0, 0], found.labels)
        assert sorted(found.labels) == [0] * 4 + [5] * 4 + [9] * 4
        assert (np.diff(found.labels) < 0).any(), "classes are mixed"
    assert found.name == "cifar10 (part, 12 of 50,000)"


def test_cats_and_dogs_are_split_once_and_for_all(tmp_path, monkeypatch):
    for i in range(10):
        write_picture(tmp_path / f"cats_dogs/cat/cat.{i}.png", (2 * i, 0, 0), (64, 64))
        write_picture(tmp_path / f"cats_dogs/dog/dog.{i}.png", (2 * i + 1, 0, 0), (64, 64))
    zipped(tmp_path / "cats_dogs", tmp_path / "pets.zip")
    monkeypatch.setenv("GANKIT_DATA", str(tmp_path))
    wanted = np.random.default_rng(0).permutation(20)
    values = np.concatenate([np.arange(0, 20, 2), np.arange(1, 20, 2)])[wanted]
    for folder in (None, tmp_path, tmp_path / "cats_dogs", tmp_path / "pets.zip"):
        train, test = (datasets.cats_vs_dogs(split, folder) for split in ("train", "test"))
        assert test.images[:, 0, 0, 0].tolist() == values[:4].tolist()
        assert train.images[:, 0, 0, 0].tolist() == values[4:].tolist()
        assert (test.labels == values[:4] % 2).all() and test.class_names == ("cat", "dog")
    assert test.name == "cats_vs_dogs (part, 4 of 5,000)" and "Kaggle" in test.licence
    (tmp_path / "own").mkdir()
    (tmp_path / "pets.zip").rename(tmp_path / "own" / "cats_dogs_64.zip")
    assert len(datasets.cats_vs_dogs("test", tmp_path / "own")) == 4
    write_picture(tmp_path / "cats_dogs/owl/1.png", 1)
    with pytest.raises(ValueError, match="cat, dog, owl: wanted are the folders cat and dog"):
        datasets.cats_vs_dogs()


def test_image_folder_layouts(tmp_path):
    for split, grey in (("train", 10), ("test", 20)):
        write_picture(tmp_path / f"a/pets/{split}/dog/1.png", grey)
        write_picture(tmp_path / f"a/pets/{split}/cat/1.pgm", grey + 1)
        write_picture(tmp_path / f"a/pets/{split}/cat/2.bmp", grey + 2)
    (tmp_path / "a/pets/README.txt").write_text("no picture")
    (tmp_path / "a/pets/train/dog/._1.png").write_text("what a Mac leaves")
    for path in (tmp_path / "a/pets", tmp_path / "a", zipped(tmp_path / "a", tmp_path / "a.zip")):
        test = image_folder(path, split="test")
        assert test.class_names == ("cat", "dog") and test.labels.tolist() == [0, 0, 1]
        assert test.image_shape == (6, 6, 1) and test.images[:, 0, 0, 0].tolist() == [21, 22, 20]
    classes = image_folder(tmp_path / "a/pets/train")
    assert classes.images[:, 0, 0, 0].tolist() == [11, 12, 10] and classes.name == "train"
    flat = image_folder(tmp_path / "a/pets/train/cat")
    assert flat.labels is None and len(flat) == 2


def test_image_folder_sizes_and_colours(tmp_path):
    write_picture(tmp_path / "set/x/1.png", 100, (6, 6))
    write_picture(tmp_path / "set/x/2.png", (200, 0, 0), (6, 12))
    write_picture(tmp_path / "set/y/3.png", (200, 0, 0, 0), (12, 6))  # transparent
    images = image_folder(tmp_path / "set", size=6, colour=True)
    assert images.images[:, 3, 3].tolist() == [[100] * 3, [200, 0, 0], [255] * 3]
    assert image_folder(tmp_path / "set", size=(3, 4), colour=False).image_shape == (3, 4, 1)
    exif = Image.Exif()
    exif[274] = 6  # the camera was held upright: turn by 90 degrees
    write_picture(tmp_path / "turned/x/1.jpg", 5, (8, 4), exif=exif)
    assert image_folder(tmp_path / "turned").image_shape == (4, 8, 1)


# --- where sets come from -----------------------------------------------------------------------


def no_download(*args, **kwargs):
    raise AssertionError("offline, yet get_file was called")


def test_offline_uses_the_sample_and_says_so_once(monkeypatch, capsys):
    import keras

    monkeypatch.setattr(keras.utils, "get_file", no_download)
    fashion = datasets.fashion_mnist()
    assert fashion.name == "fashion_mnist (sample, 10,000 of 60,000)"
    assert np.bincount(fashion.labels).tolist() == [1000] * 10
    assert fashion.class_names[9] == "Ankle boot" and fashion.image_shape == (28, 28, 1)
    test = datasets.load("fashion_mnist", "test")
    assert test.name == "fashion_mnist (sample, 2,000 of 10,000)"
    assert np.bincount(test.labels).tolist() == [200] * 10
    digits = datasets.mnist("test")
    assert digits.name == "mnist (stand-in: Fashion-MNIST)" and digits.licence == "MIT"
    assert "zalando" in digits.source and digits.class_names[3] == "3"
    pets = datasets.cifar10("test")
    assert pets.name == "cifar10 (stand-in: tinted Fashion-MNIST)"
    assert pets.image_shape == (32, 32, 3) and len(pets.only("dog")) == 200
    pets = datasets.cats_vs_dogs("test")
    assert pets.name == "cats_vs_dogs (stand-in: tinted Fashion-MNIST)" and pets.licence == "MIT"
    assert pets.image_shape == (64, 64, 3) and np.bincount(pets.labels).tolist() == [200, 200]
    corner = pets.images[:, 0, 0].astype(int)  # background: dark, of many colours
    assert corner.max() < 140 and corner.std(axis=0).min() > 25
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" (")[0] for line in lines] == [
        "gankit: using fashion_mnist",
        "gankit: using mnist",
        "gankit: using cifar10",
        "gankit: using cats_vs_dogs",
    ]
    assert all("GANKIT_OFFLINE=1" in line for line in lines[:3]) and "Kaggle" in lines[3]


def test_the_sample_is_what_its_readme_records():
    folder = datasets.data_folder()
    text = (folder / "README.md").read_text()
    sample = (folder / locate.SAMPLE).read_bytes()
    assert hashlib.sha256(sample).hexdigest() in text and len(sample) < 5_500_000
    with np.load(io.BytesIO(sample)) as arrays:
        content = hashlib.sha256(b"".join(arrays[name].tobytes() for name in arrays)).hexdigest()
        index = arrays["train_index"]
    assert content in text and len(set(index.tolist())) == 10_000 and (np.diff(index) > 0).all()
    assert "Zalando" in (folder / "fashion_mnist_sample.LICENSE").read_text()


def served(tmp_path, monkeypatch):
    """What the network would serve, as file:// addresses; Fashion-MNIST's train split."""
    images, labels = random_set(5, (28, 28))
    write_idx_set(tmp_path / "server", images, labels)
    monkeypatch.setattr(named, "KERAS", (tmp_path / "server").as_uri() + "/")
    digests = {
        p.name: hashlib.md5(p.read_bytes()).hexdigest() for p in (tmp_path / "server").iterdir()
    }
    monkeypatch.setitem(named.FASHION_FILES, "train", dict(sorted(digests.items())))
    monkeypatch.delenv("GANKIT_OFFLINE")
    return images


def test_a_download_is_kept_in_keras_cache(tmp_path, monkeypatch):
    import keras

    images = served(tmp_path, monkeypatch)
    np.testing.assert_array_equal(datasets.fashion_mnist().images[..., 0], images)
    monkeypatch.setattr(keras.utils, "get_file", no_download)
    monkeypatch.setenv("GANKIT_OFFLINE", "1")
    np.testing.assert_array_equal(datasets.fashion_mnist().images[..., 0], images)
    cached = tmp_path / "keras/datasets/fashion-mnist/train-images-idx3-ubyte.gz"
    cached.write_bytes(cached.read_bytes()[:-9])  # what an interrupted download would leave
    assert "sample" in datasets.fashion_mnist().name


@pytest.mark.parametrize("error", [OSError("no route"), KeyboardInterrupt(), "another file"])
def test_a_failed_download_falls_through_at_once(tmp_path, monkeypatch, capsys, error):
    import keras

    served(tmp_path, monkeypatch)
    calls, get_file = [], keras.utils.get_file

    def fails(*args, **kwargs):
        calls.append(socket.getdefaulttimeout())
        if error == "another file":
            (tmp_path / "server/train-images-idx3-ubyte.gz").write_bytes(b"tampered")
            return get_file(*args, **kwargs)
        raise error

    monkeypatch.setattr(keras.utils, "get_file", fails)
    assert "sample" in datasets.fashion_mnist().name
    assert "sample" in datasets.fashion_mnist().name, "and again, without another attempt"
    assert calls == [locate.SECONDS] and socket.getdefaulttimeout() is None
    said = [x for x in capsys.readouterr().out.splitlines() if x.startswith("gankit")]
    assert len(said) == 1 and "the download failed" in said[0]


def test_data_folder_in_both_layouts(tmp_path, monkeypatch):
    repository = Path(datasets.__file__).parents[2]
    assert datasets.data_folder() in (repository / "data", repository / "gankit" / "data")
    monkeypatch.setattr(locate, "__file__", str(tmp_path / "gankit/datasets/locate.py"))
    with pytest.raises(ValueError, match="install gankit again"):
        datasets.data_folder()
    for folder in (tmp_path / "data", tmp_path / "gankit/data"):
        folder.mkdir(parents=True)
        (folder / locate.SAMPLE).touch()
        assert datasets.data_folder() == folder


def test_import_and_sample_need_no_keras():
    code = (
        "import sys, gankit.datasets as d; d.fashion_mnist().take(5).resized(16);"
        "sys.exit(any(m in sys.modules for m in ('keras', 'tensorflow', 'matplotlib')))"
    )
    root = Path(datasets.__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    assert subprocess.run([sys.executable, "-c", code], env=environment).returncode == 0


# --- errors -------------------------------------------------------------------------------------

PIXELS = np.zeros((4, 2, 2, 1), np.uint8)
FLOATS = np.zeros((4, 2), "float32")


@pytest.mark.parametrize(
    "call, error, says",
    [
        (lambda: Images(PIXELS / 255.0), TypeError, "uint8 .* not float64"),
        (lambda: Images(PIXELS.tolist()), TypeError, "not list"),
        (lambda: Images(PIXELS[..., 0]), ValueError, r"images\[..., None\]"),
        (lambda: Images(np.zeros((4, 2, 2, 4), np.uint8)), ValueError, "1 or 3"),
        (lambda: Images(PIXELS[:0]), ValueError, "no images"),
        (lambda: Images(PIXELS, [0, 0, 0], ["a"]), ValueError, r"shape \(4,\), not \(3,\)"),
        (lambda: Images(PIXELS, [0, 0, 0, 2], ["a", "b"]), ValueError, "2 class names"),
        (lambda: Images(PIXELS, [0.0] * 4, ["a"]), TypeError, "whole numbers"),
        (lambda: numbered(4).only("dgo"), ValueError, "did you mean 'dog'.*cat, dog"),
        (lambda: numbered(4).only(), ValueError, "one or several"),
        (lambda: numbered(4).only("dog", "dog"), ValueError, "different"),
        (lambda: Images(PIXELS).only("dog"), ValueError, "no labels"),
        (lambda: numbered(4).take(5), ValueError, "4 images: cannot take 5"),
        (lambda: numbered(4).take(0), ValueError, "cannot take 0"),
        (lambda: numbered(4).split(1.0), ValueError, "between 0 and 1"),
        (lambda: numbered(4).split(0.01), ValueError, "empty"),
        (lambda: numbered(4).resized(0), ValueError, "size is"),
        (lambda: numbered(4).resized((2, 2, 1)), ValueError, "size is"),
        (lambda: numbered(4).batches(5), ValueError, r"5 is more than the data have \(4\)"),
        (lambda: numbered(4).batches(0), ValueError, "batch_size .* from 1 on, not 0"),
        (lambda: ArrayBatches(FLOATS, 2, seed=-1), ValueError, "seed"),
        (lambda: ArrayBatches(FLOATS, 2, first_epoch=0.5), ValueError, "first_epoch"),
        (lambda: ArrayBatches(FLOATS[:0], 2), ValueError, "empty"),
        (lambda: ArrayBatches(FLOATS.astype(int), 2), TypeError, "int64"),
        (lambda: ArrayBatches([1.0, 2.0], 2), TypeError, "NumPy array, not of list"),
        (lambda: datasets.load("cifar"), ValueError, "did you mean 'cifar10'"),
        (lambda: datasets.mnist("tset"), ValueError, "did you mean 'test'"),
        (lambda: datasets.mnist(folder="/nowhere"), ValueError, "not in /nowhere"),
        (lambda: datasets.cifar10(folder="/nowhere"), ValueError, "not in /nowhere"),
        (lambda: image_folder("/nowhere/pets"), ValueError, "looked for at /nowhere/pets"),
        (lambda: image_folder(__file__), ValueError, "neither a folder nor a zip"),
    ],
)
def test_errors_say_what_to_do(call, error, says):
    with pytest.raises(error, match=says):
        call()


def test_errors_of_folders(tmp_path, monkeypatch):
    def fails(says, *args, **kwargs):
        with pytest.raises(ValueError, match=says):
            image_folder(*args, **kwargs)

    (tmp_path / "empty/cat").mkdir(parents=True)
    fails("no picture in empty", tmp_path / "empty")
    fails("workers is .* not 0", tmp_path / "empty", workers=0)
    (tmp_path / "broken/cat").mkdir(parents=True)
    (tmp_path / "broken/cat/1.png").write_bytes(b"no picture")
    for in_memory in (True, False):
        fails("none of the 1 pictures.*1.png .no picture", tmp_path / "broken", in_memory=in_memory)
    write_picture(tmp_path / "set/train/cat/1.png", 1)
    write_picture(tmp_path / "set/test/cat/1.png", (1, 2, 3), (5, 6))
    fails("test and train: say which", tmp_path / "set")
    fails("did you mean 'train'", tmp_path / "set", split="tran")
    fails("leave split out", tmp_path / "set/train", split="train")
    write_picture(tmp_path / "set/train/dog/1.png", (1, 2, 3), (5, 6))
    fails("5 x 6 px, the first one 6 x 6: give a size", tmp_path / "set/train")
    fails("first picture is grey", tmp_path / "set/train", size=4)
    write_picture(tmp_path / "set/train/title.png", 1)
    fails("pictures in none", tmp_path / "set/train")
    monkeypatch.setenv("GANKIT_DATA", str(tmp_path / "typo"))
    with pytest.raises(ValueError, match="GANKIT_DATA is .*typo"):
        datasets.mnist()


def test_errors_of_damaged_files(tmp_path):
    def fails(says, read, *args):
        with pytest.raises(ValueError, match=says):
            read(*args)

    images, labels = random_set(4, (28, 28))
    good = tmp_path / "train-images-idx3-ubyte.gz"
    write_idx_set(tmp_path, images, labels[:3])
    fails("labels", datasets.mnist, "train", tmp_path)
    write_idx(good, images)
    unpacked = gzip.decompress(good.read_bytes())
    for content, says in (
        (good.read_bytes()[:-20], "damaged"),
        (gzip.compress(unpacked[:-1]), "announces"),
        (gzip.compress(b"GIF89a"), "not an idx"),
        (b"<html>", "damaged"),
    ):
        good.write_bytes(content)
        fails(says, read_idx, good)
    tar = tmp_path / "cifar-10-python.tar.gz"
    tar.write_bytes(b"<html>")
    fails("damaged", datasets.cifar10, "train", tmp_path)
    write_picture(tmp_path / "cifar10/train/dgo/1.png", (1, 2, 3), (32, 32))
    tar.unlink()
    fails("'dgo' .did you mean 'dog'", datasets.cifar10, "train", tmp_path)


# --- the real sets ------------------------------------------------------------------------------


@pytest.fixture
def real():
    if not os.environ.get("GANKIT_DATA"):
        pytest.skip("GANKIT_DATA is not set: no real data here")


@pytest.mark.realdata
def test_real_fashion_mnist_and_the_sample_drawn_from_it(real):
    train, test = datasets.fashion_mnist(), datasets.fashion_mnist("test")
    assert (train.name, len(train), len(test)) == ("fashion_mnist", 60_000, 10_000)
    assert np.bincount(train.labels).tolist() == [6000] * 10
    assert train.labels[:5].tolist() == [9, 0, 0, 3, 0] and test.labels[:3].tolist() == [9, 2, 1]
    with np.load(datasets.data_folder() / locate.SAMPLE) as sample:
        for split, images in (("train", train), ("test", test)):
            index = sample[f"{split}_index"]
            np.testing.assert_array_equal(sample[f"{split}_images"], images.images[index, ..., 0])
            np.testing.assert_array_equal(sample[f"{split}_labels"], images.labels[index])


@pytest.mark.realdata
def test_real_mnist(real):
    train, test = datasets.mnist(), datasets.mnist("test")
    assert (train.name, len(train), len(test)) == ("mnist", 60_000, 10_000)
    assert train.labels[:5].tolist() == [5, 0, 4, 1, 9] and test.labels[:3].tolist() == [7, 2, 1]
    assert np.bincount(test.labels)[[0, 1]].tolist() == [980, 1135]
    assert train.images.mean() == pytest.approx(33.3184, abs=1e-3)


@pytest.mark.realdata
def test_real_cifar10(real):
    test = datasets.cifar10("test")
    assert test.image_shape == (32, 32, 3) and test.class_names[5] == "dog"
    assert len(test.only("dog")) == 1000, "part or whole, it has all dogs"
    assert test.name == f"cifar10 (part, {len(test):,} of 10,000)" or len(test) == 10_000
    blue = test.images[..., 2].mean(axis=(1, 2)) - test.images[..., 0].mean(axis=(1, 2))
    ships, deer = test.labels == 8, test.labels == 4
    assert blue[ships].mean() > 10 > blue[deer].mean(), "labels or channels are mixed up"


@pytest.mark.realdata
def test_real_cats_and_dogs(real):
    test = datasets.cats_vs_dogs("test")
    if "stand-in" in test.name:
        pytest.skip("cats_dogs is not under $GANKIT_DATA")
    assert test.name == "cats_vs_dogs" and test.image_shape == (64, 64, 3) and len(test) == 5000
    assert np.bincount(test.labels).tolist() == [2506, 2494], "another draw of the test images"
