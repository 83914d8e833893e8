"""Named arrays out of two foreign files, without the libraries that wrote them.

A frozen TensorFlow graph is a protocol buffer: numbered fields, each with its length. A PyTorch
file is a pickle beside raw numbers; a pickle can call anything, so this reader lets it call two
functions only.
"""

import gzip
import io
import math
import pickle
import struct
import tarfile
import zipfile
import zlib
from collections import OrderedDict
from pathlib import Path
from typing import NamedTuple

import numpy as np

GRAPH = "classify_image_graph_def.pb"
NO_GRAPH = "these bytes are no TensorFlow graph, or are damaged"


# --- TensorFlow ----------------------------------------------------------------------------------


def graph_bytes(path):
    """The frozen graph as bytes: a `.pb` as it is, or its member of a `.tgz`.

    Raises:
        ValueError: if the archive is damaged or has no such member.
    """
    path = Path(path)
    if path.suffix == ".pb":
        return path.read_bytes()
    try:
        whole = gzip.decompress(path.read_bytes())  # to its end, where its checksum stands
        with tarfile.open(fileobj=io.BytesIO(whole)) as archive:
            for member in archive:
                if member.isfile() and Path(member.name).name == GRAPH:
                    return archive.extractfile(member).read()
    except (tarfile.TarError, zlib.error, EOFError, OSError) as error:
        raise ValueError(f"{path} is no archive, or is damaged ({error})") from error
    raise ValueError(f"{path} holds no {GRAPH}: it is not inception-2015-12-05.tgz")


def graph_constants(message):
    """The float32 constants of a `GraphDef`: `{name of the node: array}`.

    Args:
        message: its bytes.

    Raises:
        ValueError: if the bytes are no such message.
    """
    try:
        nodes = [value for field, value in _fields(memoryview(message)) if field == 1]
        constants = dict(pair for node in nodes for pair in _constant(node))
    except (AttributeError, KeyError, OverflowError, TypeError) as error:
        # A field is missing, or of another kind.
        raise ValueError(f"{NO_GRAPH} ({error})") from error
    return constants


def _constant(node):
    """Name and array of a `NodeDef` (1 name, 2 operation, 5 attributes), if it is a constant."""
    fields = list(_fields(node))
    name, operation = (dict(fields).get(number, memoryview(b"")).tobytes() for number in (1, 2))
    if operation != b"Const":
        return
    for attribute in (dict(_fields(value)) for field, value in fields if field == 5):
        if attribute[1].tobytes() == b"value":  # of a pair: 1 is the key, 2 the value
            array = _tensor(dict(_fields(attribute[2]))[8])  # AttrValue: 8 is a tensor
            if array is not None:
                yield name.decode(), array


def _tensor(message):
    """A `TensorProto`: 1 type, 2 shape, 4 the numbers as bytes, 5 as floats; None if no float32."""
    kind, shape, content, floats = None, (), memoryview(b""), []
    for field, value in _fields(message):
        if field == 1:
            kind = value
        elif field == 2:  # TensorShapeProto: 2 is a dimension, whose 1 is its size
            shape = tuple(dict(_fields(d)).get(1, 0) for f, d in _fields(value) if f == 2)
        elif field == 4:
            content = value
        elif field == 5:
            floats.append(value)
    if kind != 1:
        return None
    numbers = np.frombuffer(content.tobytes() or b"".join(floats), "<f4")
    if len(numbers) == 1:  # one number stands for all
        numbers = np.broadcast_to(numbers, math.prod(shape))
    if len(numbers) != math.prod(shape):
        raise ValueError(f"{NO_GRAPH}: {len(numbers)} numbers in the shape {shape}")
    return numbers.reshape(shape)


def _fields(message):
    """Pairs of number and value: an int, or the bytes of text, numbers or a message."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        wire = key & 7
        if wire == 0:
            value, at = _varint(message, at)
        elif wire in (1, 2, 5):
            size, at = _varint(message, at) if wire == 2 else ({1: 8, 5: 4}[wire], at)
            value, at = message[at : at + size], at + size
        if wire not in (0, 1, 2, 5) or at > len(message):
            raise ValueError(NO_GRAPH)
        yield key >> 3, value


def _varint(message, at):
    """An integer in groups of seven bits, the lowest first; and where the next thing begins."""
    value = shift = 0
    while at < len(message) and shift < 64:
        byte = message[at]
        value, shift, at = value | (byte & 127) << shift, shift + 7, at + 1
        if byte < 128:
            return value, at
    raise ValueError(NO_GRAPH)


# --- PyTorch -------------------------------------------------------------------------------------


class Slice(NamedTuple):
    """A tensor as the pickle describes it: a piece of a storage, which is read later."""

    storage: tuple  # (key, type of the numbers)
    offset: int
    shape: tuple
    strides: tuple


def _slice(storage, offset, shape, strides, *_):
    return Slice(storage, offset, tuple(shape), tuple(strides))


ALLOWED = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _slice,
    ("torch", "FloatStorage"): "<f4",
    ("torch", "LongStorage"): "<i8",
}


class TensorUnpickler(pickle.Unpickler):
    """Reads dictionaries of tensors; whatever else a pickle wants to call is refused."""

    def find_class(self, module, name):
        """A name that the pickle asks for."""
        if (module, name) not in ALLOWED:
            raise ValueError(f"the file wants to call {module}.{name}: it holds more than tensors")
        return ALLOWED[module, name]

    def persistent_load(self, identity):
        """A storage, named by `("storage", type, key, device, count, ...)`."""
        return str(identity[2]), identity[1]


def torch_tensors(path):
    """The tensors of a `state_dict` that `torch.save` wrote: `{name: array}`.

    Both forms are read: a zip, since PyTorch 1.6, and pickles in a row followed by raw numbers.

    Raises:
        ValueError: if the file holds anything but float32 and int64 tensors, or is damaged.
    """
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                index = next(n for n in archive.namelist() if n.endswith("/data.pkl"))
                slices = TensorUnpickler(io.BytesIO(archive.read(index))).load()
                folder = index.removesuffix("data.pkl") + "data/"
                raw = {s.storage[0]: archive.read(folder + s.storage[0]) for s in slices.values()}
        else:
            with open(path, "rb") as file:
                slices, raw = _pickles_in_a_row(file)
        return {name: _array(piece, raw) for name, piece in slices.items()}
    except Exception as error:  # a damaged pickle or zip can raise almost any
        why = str(error) or type(error).__name__
        raise ValueError(f"{path} is no PyTorch file of tensors, or damaged ({why})") from error


def _pickles_in_a_row(file):
    """Slices and `{key: bytes}`; PyTorch's form before 1.6."""
    sizes = {"<f4": 4, "<i8": 8}
    _magic, _version, _system = (TensorUnpickler(file).load() for _ in range(3))
    slices = TensorUnpickler(file).load()
    types = dict(s.storage for s in slices.values())
    raw = {}
    for key in TensorUnpickler(file).load():
        [count] = struct.unpack("<q", file.read(8))
        raw[str(key)] = file.read(count * sizes[types[str(key)]])
    return slices, raw


def _array(piece, raw):
    """A slice's numbers; its strides must be those of an array without gaps."""
    key, kind = piece.storage
    size = math.prod(piece.shape)
    numbers = np.frombuffer(raw[key], kind)[piece.offset :][:size]
    if len(numbers) < size:
        raise ValueError(f"a tensor of shape {piece.shape} has {len(numbers)} numbers: damaged")
    array = numbers.reshape(piece.shape)
    if size > 1 and piece.strides != tuple(stride // array.itemsize for stride in array.strides):
        raise ValueError(f"a tensor of shape {piece.shape} is not stored in one piece")
    return array
