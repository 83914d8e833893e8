"""Folders of pictures: every kind of file, broken ones, and folders larger than memory."""

import dataclasses
import io
import threading
import time
import warnings

import numpy as np
import pytest
from image_sets import alone, unhurried, write_picture, zipped  # noqa: F401, alone is used by all
from PIL import Image

from gankit import datasets
from gankit.datasets import image_folder
from gankit.datasets.decoding import decode, in_order, look

# --- what files hold, and how they break ---------------------------------------------------------


def stored(picture, kind, **save):
    """A Pillow picture as the bytes of a file."""
    stream = io.BytesIO()
    picture.save(stream, kind, **save)
    return stream.getvalue()


def plain(mode, colour):
    return Image.new(mode, (8, 8), colour)


def deep(values, dtype):
    return Image.fromarray(np.full((8, 8), values, dtype))


def palette(**save):
    picture = plain("P", 1)
    picture.putpalette([9, 9, 9, 200, 100, 0])
    return stored(picture, "PNG", **save)


WHITE = [255, 255, 255]
FILES = {  # name: bytes, and what one sees
    "CMYK JPEG": (stored(plain("CMYK", (255, 0, 0, 0)), "JPEG", quality=95), [0, 255, 255]),
    "CMYK TIFF": (stored(plain("CMYK", (0, 255, 0, 127)), "TIFF"), [128, 0, 128]),
    "palette": (palette(), [200, 100, 0]),
    "palette, transparent": (palette(transparency=1), WHITE),
    "palette, half transparent": (palette(transparency=b"\xff\x80"), [227, 177, 127]),
    "GIF, transparent": (stored(plain("P", 1), "GIF", transparency=1), WHITE),
    "16 bits": (stored(deep(200 * 257, np.uint16), "PNG"), [200]),
    "16 bits, white": (stored(deep(65535, np.uint16), "PNG"), [255]),
    "16 bits, dark": (stored(deep(130, np.uint16), "TIFF"), [1]),
    "16 bits, transparent": (stored(deep(7, np.uint16), "PNG", transparency=7), [255]),
    "16 bits, PGM": (b"P5 1 1 65535\n\x80\x80", [128]),
    "16 bits, colour": (b"P6 1 1 65535\n\xff\xff\x80\x80\0\0", [255, 128, 0]),
    "32 bits": (stored(deep(100 * 257, np.int32), "TIFF"), [100]),
    "floats": (stored(deep(0.2, np.float32), "TIFF"), [51]),
    "1 bit": (stored(plain("1", 1), "PNG"), [255]),
    "grey and alpha": (stored(plain("LA", (0, 128)), "PNG"), [127]),
    "colour and alpha": (
        stored(plain("RGBA", (255, 0, 0, 51)), "WEBP", lossless=True),
        [255, 204, 204],
    ),
}


@pytest.mark.parametrize("kind", FILES)
def test_every_kind_of_file_shows_its_colour(kind):
    data, seen = FILES[kind]
    picture = decode(data)
    assert picture.mode == ("L" if len(seen) == 1 else "RGB")
    found = np.asarray(picture).reshape(-1, len(seen)).astype(int)
    assert abs(found - seen).max() <= (2 if "JPEG" in kind else 1), found[0]
    assert look(data) == (picture.mode, picture.width, picture.height)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_as_the_camera_noted(orientation, kind):
    upright = np.zeros((48, 32), np.uint8)
    upright[:16, :16], upright[32:, :16] = 250, 120  # bright above left, grey below left
    turn = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.T,
        6: lambda a: np.rot90(a),
        7: lambda a: a[::-1, ::-1].T,
        8: lambda a: np.rot90(a, -1),
    }[orientation]
    exif = Image.Exif()
    exif[274] = orientation
    picture = Image.fromarray(np.ascontiguousarray(turn(upright)))
    data = stored(picture, kind, exif=exif)
    assert abs(np.asarray(decode(data)).astype(int) - upright).max() < 12
    assert look(data) == ("L", 32, 48)
    small = np.asarray(decode(data, (6, 4)))[[1, 1, 4, 4], [1, 2, 1, 2]].astype(int)
    assert abs(small - [250, 0, 120, 0]).max() < 40, "turned after it was shrunk, or not at all"


def test_large_jpegs_are_shrunk_while_decoded_and_look_the_same():
    rng = np.random.default_rng(0)
    smooth = Image.fromarray(rng.integers(0, 256, (12, 12, 3), np.uint8)).resize((400, 300))
    data = stored(smooth, "JPEG", quality=90)
    with Image.open(io.BytesIO(data)) as opened:
        whole = Image.fromarray(np.asarray(opened))
    expected = np.asarray(datasets.decoding.fit_to(whole, (32, 32))).astype(int)
    difference = abs(np.asarray(decode(data, (32, 32))) - expected)
    assert difference.mean() < 1 and difference.max() < 6


def write_broken(folder):
    """Four good pictures and six files that are none; the names of the six."""
    for i in range(4):
        write_picture(folder / f"{'dog' if i % 2 else 'cat'}/good{i}.png", (i, 0, 0))
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8))
    good = stored(noise, "JPEG"), stored(noise, "PNG")
    broken = {
        "cat/empty.jpg": b"",
        "cat/text.png": b"no picture at all",
        "cat/notes.txt": b"hello",
        "dog/header.jpg": good[0][:20],
        "dog/short.jpg": good[0][:-200],
        "dog/flipped.png": good[1][:2000] + b"XX" + good[1][2002:],
    }
    for name, data in broken.items():
        (folder / name).write_bytes(data)
    (folder / "dog/.DS_Store").write_bytes(b"hidden files are nobody's pictures")
    return broken


@pytest.mark.parametrize("in_memory", [True, False])
@pytest.mark.parametrize("packed", [False, True])
def test_broken_files_are_left_out_with_one_warning(tmp_path, in_memory, packed):
    broken = write_broken(tmp_path / "pets")
    path = zipped(tmp_path / "pets", tmp_path / "pets.zip") if packed else tmp_path / "pets"
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        pets = image_folder(path, size=6, in_memory=in_memory)
    assert len(caught) == 1 and caught[0].filename == __file__
    text = str(caught[0].message)
    assert text.startswith("gankit: pets: 6 of 10 files are left out: ")
    assert all(f"{name} (" in text for name in broken) and "empty.jpg (empty)" in text
    assert len(pets) == 4 and pets.labels.tolist() == [0, 0, 1, 1]
    pixels = pets.images if in_memory else pets.read(slice(None))
    assert pixels[:, 0, 0, 0].tolist() == [0, 2, 1, 3]


def test_a_long_list_of_broken_files_is_cut(tmp_path):
    write_picture(tmp_path / "set/good.png", 1)
    for i in range(14):
        (tmp_path / f"set/{i:02d}.png").touch()
    with pytest.warns(UserWarning, match=r"14 of 15 .*00.png .empty., .*09.png .* and 4 more$"):
        image_folder(tmp_path / "set")


# --- files larger than memory -------------------------------------------------------------------


@pytest.fixture
def pets(tmp_path):
    """The same 20 pictures of 2 classes: on disk, and in memory."""
    rng = np.random.default_rng(0)
    for i in range(20):
        path = tmp_path / f"pets/{'cat' if i < 8 else 'dog'}/{i:02d}.{'png' if i % 3 else 'jpg'}"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (40, 30 + i, 3), np.uint8)).save(path)
    folder = tmp_path / "pets"
    return (image_folder(folder, size=8, in_memory=False, workers=3), image_folder(folder, size=8))


def test_image_files_are_images_that_stay_on_disk(pets):
    files, images = pets
    assert repr(files) == "ImageFiles(pets: 20 of 8 x 8 x 3, 2 classes; not stated)"
    for change in (
        lambda x: x,
        lambda x: x.only("dog"),
        lambda x: x.take(7, seed=3),
        lambda x: x.split(0.3)[0],
        lambda x: x.split(0.3)[1].only("dog", "cat").take(5),
    ):
        a, b = change(files), change(images)
        np.testing.assert_array_equal(a.load().images, b.images)
        np.testing.assert_array_equal(a.labels, b.labels)
        assert (a.name, a.class_names, len(a)) == (b.name, b.class_names, len(b))
    np.testing.assert_array_equal(files.read([-1, 4]), images.images[[-1, 4]])
    assert files.resized(5).read([2]).shape == (1, 5, 5, 3)
    with pytest.raises(dataclasses.FrozenInstanceError):
        files.name = "other"
    with pytest.raises(ValueError, match="read-only"):
        files.labels[0] = 1
    with pytest.raises(IndexError):
        files.read([20])


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_streamed_batches_are_those_of_memory_with_any_number_of_workers(pets, workers):
    files, images = pets
    files = dataclasses.replace(files, fetch=unhurried(files.fetch), workers=workers)
    streamed, expected = files.batches(6, seed=4, first_epoch=2), images.batches(6, 4, 2)
    for _ in range(2):
        pairs = list(zip(streamed, expected, strict=True))
        assert len(pairs) == 3
        for a, b in pairs:
            assert a.dtype == np.float32
            np.testing.assert_array_equal(a, b)
        streamed.on_epoch_end()
        expected.on_epoch_end()


def test_gan_learns_from_files_as_from_memory(pets):
    keras = pytest.importorskip("keras")
    from gankit.gans import GAN

    weights = []
    for data in pets:
        keras.utils.set_random_seed(0)
        generator = keras.Sequential(
            [keras.Input((2,)), keras.layers.Dense(192, "sigmoid"), keras.layers.Reshape((8, 8, 3))]
        )
        discriminator = keras.Sequential(
            [keras.Input((8, 8, 3)), keras.layers.Flatten(), keras.layers.Dense(1)]
        )
        gan = GAN(generator, discriminator)
        gan.compile()
        gan.fit(data, batch_size=4, epochs=2, verbose=0, seed=3)
        weights.append(gan.discriminator.get_weights())
        with pytest.raises(ValueError, match="only 20: choose a smaller batch_size"):
            gan.fit(data, batch_size=21, verbose=0)
    for a, b in zip(*weights):
        np.testing.assert_array_equal(a, b)


def test_a_picture_lost_during_training_is_replaced_by_the_next(pets, tmp_path):
    files, images = pets
    for file in files.files[4:6]:
        (tmp_path / "pets" / file).unlink()
    with pytest.warns(UserWarning, match="can no longer be read"):
        found = files.read([3, 4, 5])
    np.testing.assert_array_equal(found, images.images[[3, 6, 6]])
    for file in files.files:
        (tmp_path / "pets" / file).unlink(missing_ok=True)
    with pytest.warns(UserWarning), pytest.raises(OSError, match="in a row .*the disk"):
        files.batches(4)[0]


def test_threads_run_ahead_only_a_little():
    begun, lock, at_once, together = [], threading.Lock(), [0], [0]

    def work(i):
        with lock:
            begun.append(i)
            at_once[0] += 1
            together[0] = max(together[0], at_once[0])
        time.sleep(0.002)
        with lock:
            at_once[0] -= 1
        return i

    for done, i in enumerate(in_order(work, range(40), 3)):
        time.sleep(0.003)  # what comes of it is used slowly
        assert done == i and len(begun) <= done + 7, "results would pile up in memory"
    assert 1 < together[0] <= 3
