"""The 2015 Inception network against those who had it first, its weights files, its resizes."""

import hashlib
import io
import json
import os
import pickle
import subprocess
import sys
import tarfile
import types
import zipfile
from collections import OrderedDict
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from inception_peers import KINDS, MODES, SIZES, draw_image, some
from keras import ops
from PIL import Image

from gankit.metrics import inception, inception_files, inception_weights
from gankit.metrics.inception import POOLS, fid_extractor, fid_inception
from gankit.metrics.inception_layers import convolutions, kernel_shapes
from gankit.metrics.inception_weights import draw_weights, find_weights, read_weights, weights_hash
from gankit.metrics.resizing import MODES as RESIZES
from gankit.metrics.resizing import preprocess

GOLDEN = json.loads((Path(__file__).parent / "golden" / "inception.json").read_text())
TORCH = os.environ.get("GANKIT_TORCH_PYTHON", sys.executable)
LIVE_SEEDS = [2, 20151205]


@pytest.fixture(scope="module")
def weights():
    return draw_weights(0)


@pytest.fixture(scope="module")
def networks():
    """`{folded: network}`; each test gives them weights again."""
    return {folded: fid_inception(folded=folded) for folded in (False, True)}


@pytest.fixture
def quickly(networks, monkeypatch):
    """Extractors take networks that are built already: seconds each."""

    def take(weights, folded):
        if weights is not None:
            inception.assign(networks[folded], weights, folded)
        return networks[folded]

    monkeypatch.setattr(inception, "fid_inception", take)


def outputs(network, seed):
    """What our network makes of a seed, `{"seed mode size kind": numbers}`."""
    keys = [f"{seed} {mode} {size[0]}x{size[1]}" for size in SIZES for mode in MODES]
    unit = [draw_image(size, seed) / np.float32(255) for size in SIZES]
    ready = [ops.convert_to_numpy(preprocess(x, mode)) for x in unit for mode in MODES]
    found = network.predict_on_batch(np.concatenate(ready))
    return {f"{key} {kind}": np.asarray(x)[i]
            for kind, x in zip(KINDS, found) for i, key in enumerate(keys)}  # fmt: skip


# --- The network ---------------------------------------------------------------------------------


def test_the_table_has_94_convolutions_and_all_numbers(weights, networks):
    assert len(convolutions()) == 94
    assert sum(array.size for arrays in weights.values() for array in arrays) == 23_885_392
    network = networks[False]
    assert network.count_params() == 23_885_392
    assert [tuple(x.shape) for x in network.outputs] == [(None, 2048), (None, 1008)]
    for name, shape in kernel_shapes().items():
        assert tuple(network.get_layer(name.replace(".", "_")).kernel.shape) == shape, name


def test_names_in_the_graph():
    """One of each kind, as the TensorFlow graph has them."""
    graph = {c.name: c.graph for c in convolutions()}
    wanted = {
        "Conv2d_4a_3x3": "conv_4",
        "Mixed_5b.branch1x1": "mixed/conv",
        "Mixed_5b.branch5x5_2": "mixed/tower/conv_1",
        "Mixed_5d.branch_pool": "mixed_2/tower_2/conv",
        "Mixed_6a.branch3x3": "mixed_3/conv",
        "Mixed_6a.branch3x3dbl_3": "mixed_3/tower/conv_2",
        "Mixed_6e.branch7x7dbl_5": "mixed_7/tower_1/conv_4",
        "Mixed_7a.branch3x3_1": "mixed_8/tower/conv",
        "Mixed_7a.branch7x7x3_4": "mixed_8/tower_1/conv_3",
        "Mixed_7c.branch3x3_2b": "mixed_10/tower/mixed/conv_1",
        "Mixed_7c.branch3x3dbl_3a": "mixed_10/tower_1/mixed/conv",
    }
    assert {name: graph[name] for name in wanted} == wanted
    assert len(set(graph.values())) == 94


def test_average_pools_leave_the_padding_out():
    """On every backend: the average of a constant is that constant, in the corners too."""
    ones = np.full((1, 5, 4, 2), 3.0, "float32")
    np.testing.assert_array_equal(ops.convert_to_numpy(POOLS["average"](ones)), ones)


@pytest.mark.parametrize("seed, folded", [(0, False), (1, True)])
def test_agrees_with_recorded_peers(networks, seed, folded):
    """pytorch-fid, torch-fidelity and clean-fid, as they were on another day; to 1e-5."""
    inception.assign(networks[folded], draw_weights(seed), folded)
    found = outputs(networks[folded], seed)
    assert len(found) == 18
    for name, numbers in found.items():
        key, kind = name.rsplit(" ", 1)
        wanted, largest = GOLDEN[key][kind]
        assert np.abs(some(numbers) - wanted).max() < 1e-5 * largest, name
        assert abs(np.abs(numbers).max() - largest) < 1e-5 * largest, name


@pytest.fixture(scope="module")
def peers(tmp_path_factory):
    """A folder with what the peers say today, and with their `.pth` files."""
    probe = [TORCH, "-c", "import pytorch_fid, torch_fidelity, cleanfid"]
    if subprocess.run(probe, capture_output=True, check=False).returncode:
        pytest.skip(f"{TORCH} has no pytorch-fid, torch-fidelity and clean-fid: set "
                    "GANKIT_TORCH_PYTHON to a Python that has")  # fmt: skip
    folder = tmp_path_factory.mktemp("peers")
    script = Path(__file__).parent / "inception_peers.py"
    command = [TORCH, script, folder / "out.npz", *map(str, LIVE_SEEDS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return folder


@pytest.mark.parametrize("seed, folded", zip(LIVE_SEEDS, [True, False]))
def test_agrees_with_the_peers_beside_it(peers, networks, seed, folded):
    """All 2,048 features and 1,008 logits, whatever the seed."""
    truth = np.load(peers / "out.npz")
    inception.assign(networks[folded], draw_weights(seed), folded)
    for name, numbers in outputs(networks[folded], seed).items():
        assert np.abs(numbers - truth[name]).max() < 1e-5 * np.abs(truth[name]).max(), name


def test_reads_what_torch_saves(peers):
    """Both forms of file."""
    wanted = weights_hash(draw_weights(LIVE_SEEDS[0]))
    for form in ("zip", "row"):
        read = read_weights(peers / f"{form}_{LIVE_SEEDS[0]}.pth", check=False)
        assert weights_hash(read) == wanted, form


# --- Resizes -------------------------------------------------------------------------------------


def test_ttur_is_tensorflows_own():
    tf = pytest.importorskip("tensorflow")
    for size in [(32, 32), (20, 48), (299, 299), (500, 310)]:
        image = draw_image(size, 0)
        wanted = tf.raw_ops.ResizeBilinear(
            images=image.astype("float32"), size=[299, 299], align_corners=False
        ).numpy()
        found = ops.convert_to_numpy(preprocess(image / np.float32(255), "ttur"))
        np.testing.assert_allclose(128 * found + 128, wanted, atol=2e-3)


def test_clean_fid_is_pillows_own():
    for size in [(32, 32), (20, 48), (299, 299), (500, 310)]:
        image = draw_image(size, 0)
        channels = [Image.fromarray(image[0, ..., c].astype("float32")) for c in range(3)]
        resized = [np.asarray(c.resize((299, 299), Image.Resampling.BICUBIC)) for c in channels]
        wanted = np.clip(np.stack(resized, -1), 0, 255)
        found = ops.convert_to_numpy(preprocess(image / np.float32(255), "clean_fid"))[0]
        np.testing.assert_allclose(128 * found + 128, wanted, atol=2e-3)


def test_modes_differ_as_they_are_said_to():
    """White: 1 or 127 / 128. Each mode keeps a constant, and none is another under its name."""
    white = np.ones((1, 9, 9, 1), "float32")
    levels = {m: ops.convert_to_numpy(preprocess(white, m)) for m in MODES}
    for mode, level in {"ttur": 127 / 128, "pytorch_fid": 1.0, "clean_fid": 127 / 128}.items():
        assert levels[mode].shape == (1, 299, 299, 3)
        np.testing.assert_allclose(levels[mode], level, rtol=1e-6)
    assert len({round(float(matrix(32)[1, 0]), 4) for matrix, _ in RESIZES.values()}) == 3


def test_bad_images_and_modes_are_refused():
    for images, mode, said in [
        (np.zeros((2, 8, 8, 3), "float32"), "tf", "ttur, pytorch_fid, clean_fid"),
        (np.zeros((8, 8, 3), "float32"), "ttur", "(n, height, width, channels)"),
        (np.zeros((2, 8, 8, 4), "float32"), "ttur", "1 channel or 3"),
    ]:
        with pytest.raises(ValueError) as error:
            preprocess(images, mode)
        assert said in str(error.value)
    with pytest.raises(ValueError, match="one of ttur"):
        fid_extractor(None, "tf")
    with pytest.raises(TypeError, match="a path or a dictionary"):
        fid_inception(3)


# --- Weights files -------------------------------------------------------------------------------


def varint(n):
    return bytes([n & 127 | 128]) + varint(n >> 7) if n > 127 else bytes([n])


def field(number, value):
    """A field of a protocol buffer: an int, or bytes."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + bytes(value)


def constant(name, array):
    """A node of a TensorFlow graph."""
    shape = b"".join(field(2, field(1, n)) for n in array.shape)
    tensor = field(1, 1) + field(2, shape) + field(4, array.astype("<f4").tobytes())
    attributes = {"dtype": field(6, 1), "value": field(8, tensor)}
    entries = [field(5, field(1, k.encode()) + field(2, v)) for k, v in attributes.items()]
    return field(1, field(1, name.encode()) + field(2, b"Const") + b"".join(entries))


def graph(weights):
    """A frozen graph with these weights, and nodes that nobody asks for."""
    nodes = [field(1, field(1, b"pool") + field(2, b"MaxPool") + field(3, b"conv"))]
    for step in convolutions():
        names = ["conv2d_params"] + [f"batchnorm/{n}" for n in ("gamma", "beta", "moving_mean")]
        names += ["batchnorm/moving_variance"]
        nodes += [constant(f"{step.graph}/{n}", a) for n, a in zip(names, weights[step.name])]
    for name, array in zip(("weights", "biases"), weights["fc"]):
        nodes.append(constant(f"softmax/{name}", array))
    return b"".join(nodes)


@pytest.fixture(scope="module")
def graph_file(weights, tmp_path_factory):
    path = tmp_path_factory.mktemp("graph") / "classify_image_graph_def.pb"
    path.write_bytes(graph(weights))
    return path


class Saved:
    """Pickles as a tensor of PyTorch does."""

    def __init__(self, array, strides=None):
        self.array = np.ascontiguousarray(array)
        elements = [s // self.array.itemsize for s in self.array.strides]
        self.strides = tuple(elements if strides is None else strides)

    def __reduce__(self):
        rebuild = sys.modules["torch._utils"]._rebuild_tensor_v2
        shape = self.array.shape
        return rebuild, (Storage(self.array), 0, shape, self.strides, False, OrderedDict())


class Storage:
    def __init__(self, array):
        self.array = array


class Pickler(pickle.Pickler):
    """Names storages by number, and keeps them."""

    def __init__(self, file):
        super().__init__(file, protocol=2)
        self.storages = []

    def persistent_id(self, thing):
        if not isinstance(thing, Storage):
            return None
        self.storages.append(thing.array)
        kind = "FloatStorage" if thing.array.dtype == "float32" else "LongStorage"
        storage = getattr(sys.modules["torch"], kind)
        return ("storage", storage, str(len(self.storages) - 1), "cpu", thing.array.size)


def torch_named():
    """Modules with the few names of PyTorch that its files mention."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")

    def _rebuild_tensor_v2():
        """Only named."""

    _rebuild_tensor_v2.__module__ = "torch._utils"
    _rebuild_tensor_v2.__qualname__ = "_rebuild_tensor_v2"
    utils._rebuild_tensor_v2, torch._utils = _rebuild_tensor_v2, utils
    for name in ("FloatStorage", "LongStorage"):
        setattr(torch, name, type(name, (), {"__module__": "torch"}))
    return mock.patch.dict(sys.modules, {"torch": torch, "torch._utils": utils})


def save(path, tensors, form="zip"):
    """What `torch.save` writes."""
    index = io.BytesIO()
    pickler = Pickler(index)
    with torch_named():
        pickler.dump(tensors)
    storages = pickler.storages
    if form == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("archive/data.pkl", index.getvalue())
            for i, array in enumerate(storages):
                archive.writestr(f"archive/data/{i}", array.tobytes())
        return
    keys = [str(i) for i in range(len(storages))]
    with open(path, "wb") as file:
        for thing in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}):
            pickle.dump(thing, file, protocol=2)
        file.write(index.getvalue())
        pickle.dump(keys, file, protocol=2)
        for array in storages:
            file.write(np.int64(array.size).tobytes() + array.tobytes())


def state(weights):
    """Names and layout of PyTorch."""
    tensors = OrderedDict()
    for name, (kernel, *rest) in weights.items():
        if name == "fc":
            tensors |= {"fc.weight": kernel.T, "fc.bias": rest[0]}
            continue
        tensors[f"{name}.conv.weight"] = kernel.transpose(3, 2, 0, 1)
        parts = ("weight", "bias", "running_mean", "running_var")
        tensors |= {f"{name}.bn.{part}": array for part, array in zip(parts, rest)}
        tensors[f"{name}.bn.num_batches_tracked"] = np.array([0])
    return OrderedDict((name, Saved(array)) for name, array in tensors.items())


def test_all_files_give_the_same_weights(weights, graph_file, quickly, tmp_path, monkeypatch):
    """`.pb`, `.tgz` and `.pth`; only a published file makes an extractor whose score is an FID."""
    archive, pth = tmp_path / "inception.tgz", tmp_path / "inception.pth"
    with tarfile.open(archive, "w:gz", compresslevel=0) as tar:
        tar.add(graph_file, "./classify_image_graph_def.pb")
    save(pth, state(weights))
    wanted = weights_hash(weights)
    for path in (graph_file, archive, pth):
        assert weights_hash(read_weights(path, check=False)) == wanted, path.name
        with pytest.raises(ValueError, match="not the published file"):
            read_weights(path)

    digest = hashlib.sha256(pth.read_bytes()).hexdigest()
    monkeypatch.setitem(inception_weights.DIGESTS, digest, "published, for this test")
    monkeypatch.setenv("GANKIT_INCEPTION", str(pth))
    published, own = fid_extractor("fid", "ttur"), fid_extractor(weights, "ttur")
    assert published.standard and "FID" in published.name
    assert not own.standard and "FID" not in own.name
    assert published.hash == own.hash != fid_extractor(weights, "clean_fid").hash
    image = draw_image((32, 32), 0) / np.float32(255)
    features, probabilities = published(image)
    assert features.shape == (1, 2048) and probabilities.shape == (1, 1008)
    np.testing.assert_allclose(probabilities.sum(), 1, rtol=1e-5)
    wanted, largest = GOLDEN["0 ttur 32x32"]["features"]
    assert np.abs(some(features) - wanted).max() < 1e-5 * largest
    for bad, said in ((255 * image, "divide by 255"), (2 * image - 1, r"\[-1, 1\]")):
        with pytest.raises(ValueError, match=said):
            published(bad)
    with pytest.raises(TypeError, match="uint8"):
        published(draw_image((32, 32), 0))


def test_untrained_is_no_fid(quickly):
    extractor = fid_extractor(None)
    assert not extractor.standard and "FID" not in extractor.name
    assert extractor.name == "untrained Inception"


@pytest.mark.parametrize("form", ["zip", "row"])
def test_a_pickle_may_not_call_anything_else(form, tmp_path):
    """A file that would run a command when loaded."""
    flag = tmp_path / "ran"

    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(flag),)

    for payload in (Evil(), {"fc.bias": Saved(np.zeros(3, "float32")), "x": Evil()}):
        save(tmp_path / "evil.pth", payload, form)
        with pytest.raises(ValueError, match="wants to call .*mkdir"):
            inception_files.torch_tensors(tmp_path / "evil.pth")
    for module, name in [("builtins", "eval"), ("collections", "OrderedDict.__init__")]:
        with pytest.raises(ValueError, match="more than tensors"):
            inception_files.TensorUnpickler(io.BytesIO()).find_class(module, name)
    assert not flag.exists()


@pytest.mark.parametrize("form", ["zip", "row"])
def test_tensors_of_torch(form, tmp_path):
    """Values and shapes; what is cut short, strided or no file of tensors is an error."""
    path, numbers = tmp_path / "x.pth", np.arange(6, dtype="float32").reshape(2, 3)
    save(path, OrderedDict(a=Saved(numbers), n=Saved(np.array([7]))), form)
    read = inception_files.torch_tensors(path)
    np.testing.assert_array_equal(read["a"], numbers)
    np.testing.assert_array_equal(read["n"], [7])
    whole = path.read_bytes()
    for end in (len(whole) - 3, len(whole) // 2, 40, 5):
        path.write_bytes(whole[:end])
        with pytest.raises(ValueError):
            inception_files.torch_tensors(path)
    save(path, OrderedDict(a=Saved(numbers, strides=(1, 2))), form)
    with pytest.raises(ValueError, match="not stored in one piece"):
        inception_files.torch_tensors(path)


def test_damaged_files_of_tensors(tmp_path):
    """A few bytes changed: a ValueError that names the file, or tensors, never anything else."""
    path, rng = tmp_path / "x.pth", np.random.default_rng(0)
    for form in ("zip", "row"):
        save(path, OrderedDict(a=Saved(np.zeros((2, 3), "float32")), n=Saved(np.array([7]))), form)
        whole, errors = path.read_bytes(), 0
        for _ in range(300):
            other = bytearray(whole)
            for at in rng.integers(len(other), size=2):
                other[at] = rng.integers(256)
            path.write_bytes(bytes(other))
            try:
                inception_files.torch_tensors(path)
            except ValueError as error:
                assert "x.pth is no PyTorch file" in str(error)
                errors += 1
        assert errors > 50
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("hello", "no tensors")
    with pytest.raises(ValueError, match="no PyTorch file"):
        inception_files.torch_tensors(path)


def test_a_damaged_archive_is_noticed(tmp_path):
    """One bit, in numbers that look like any others: the archive's checksum tells."""
    graph, path = tmp_path / "classify_image_graph_def.pb", tmp_path / "x.tgz"
    graph.write_bytes(np.random.default_rng(0).bytes(5000))
    with tarfile.open(path, "w:gz") as tar:
        tar.add(graph, graph.name)
    whole = path.read_bytes()
    assert inception_files.graph_bytes(path) == graph.read_bytes()
    for at in (2000, len(whole) - 6):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :])
        with pytest.raises(ValueError, match="damaged"):
            inception_files.graph_bytes(path)
    path.write_bytes(whole[:-4])
    with pytest.raises(ValueError, match="damaged"):
        inception_files.graph_bytes(path)


def test_constants_are_those_tensorflow_writes():
    """Numbers as bytes, as a list, and one that stands for all; other types are left out."""
    tf = pytest.importorskip("tensorflow")
    arrays = {
        "a": np.arange(6, dtype="float32").reshape(2, 3),
        "b": np.full((2, 2), 1.5, "float32"),
        "c": np.float32(2),
    }
    with tf.Graph().as_default() as made:
        for name, array in arrays.items():
            tf.constant(array, name=name)
        tf.constant([1, 2], name="whole")
        tf.compat.v1.placeholder("float32", name="input")
    message = made.as_graph_def()
    message.node[0].attr["value"].tensor.ClearField("tensor_content")
    message.node[0].attr["value"].tensor.float_val.extend(range(6))
    message.node[1].attr["value"].tensor.ClearField("tensor_content")
    message.node[1].attr["value"].tensor.ClearField("float_val")
    message.node[1].attr["value"].tensor.float_val.append(1.5)
    found = inception_files.graph_constants(message.SerializeToString())
    assert set(found) == set(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array)


def test_damaged_graphs_are_errors():
    """Cut anywhere, or a byte changed: a ValueError, or constants, never anything else."""
    whole = constant("a", np.arange(6, dtype="float32").reshape(2, 3)) * 2
    rng = np.random.default_rng(0)
    damaged = [whole[:end] for end in range(1, len(whole) // 2)]
    damaged += [field(1, field(n, 1 << 50) + field(2, b"Const")) for n in (1, 5)]  # ints for texts
    for _ in range(500):
        other = bytearray(whole)
        other[rng.integers(len(other))] = rng.integers(256)
        damaged.append(bytes(other))
    errors = 0
    for message in damaged:
        try:
            inception_files.graph_constants(message)
        except ValueError:
            errors += 1
    assert errors > len(whole) // 2 - 2


def test_bad_files_are_refused(graph_file, tmp_path):
    whole = graph_file.read_bytes()
    cases = {
        "missing.pth": (None, "no file ending in"),
        "a.h5": (b"", "no file ending in"),
        "a.tgz": (b"no archive", "no archive, or is damaged"),
        "b.pb": (b"no graph", "no TensorFlow graph"),
        "c.pb": (whole[: len(whole) // 2], "no TensorFlow graph"),
        "d.pb": (constant("conv/conv2d_params", np.zeros((3, 3, 3, 32))), "another network"),
        "e.pb": (whole + constant("conv/batchnorm/beta", np.zeros(31)), "Conv2d_1a_3x3"),
        "f.pth": (b"no pickle", "no PyTorch file"),
    }
    for name, (data, said) in cases.items():
        if data is not None:
            (tmp_path / name).write_bytes(data)
        with pytest.raises(ValueError) as error:
            read_weights(tmp_path / name, check=False)
        assert said in str(error.value), name
    with pytest.raises(ValueError, match="another network"):
        fid_inception({"fc": []})


def test_without_weights_both_files_are_named(monkeypatch, tmp_path):
    monkeypatch.delenv("GANKIT_INCEPTION", raising=False)
    monkeypatch.setenv("GANKIT_OFFLINE", "1")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    with pytest.raises(ValueError) as error:
        fid_extractor()
    for name in ("pt_inception-2015-12-05-6726825d.pth", "inception-2015-12-05.tgz"):
        assert name in str(error.value)
    assert "GANKIT_INCEPTION" in str(error.value)
    monkeypatch.setenv("GANKIT_INCEPTION", str(tmp_path / "gone.pth"))
    assert find_weights() == tmp_path / "gone.pth"
    with pytest.raises(ValueError, match="gone.pth"):
        fid_extractor()
