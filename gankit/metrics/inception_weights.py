"""The numbers of the 2015 Inception network: found, read, checked, or drawn.

Two published files hold them, and the same numbers in both: the original TensorFlow graph and
pytorch-fid's copy of it. Neither comes with this course (90 MB each).

Weights here are a dictionary: for each of the 94 convolutions, by its name,
`[kernel, gamma, beta, mean, variance]`, and `"fc": [kernel, bias]`; kernels as Keras has them,
`(height, width, in, out)`. 23,885,392 numbers in all.
"""

import hashlib
import os
from pathlib import Path

import numpy as np

from gankit.metrics.inception_files import graph_bytes, graph_constants, torch_tensors
from gankit.metrics.inception_layers import convolutions, kernel_shapes

PTH = "pt_inception-2015-12-05-6726825d.pth"
TGZ = "inception-2015-12-05.tgz"
ADDRESSES = {
    PTH: f"https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/{PTH}",
    TGZ: f"http://download.tensorflow.org/models/image/imagenet/{TGZ}",
}
# SHA-256, as published by others: neither file was at hand when this was written. The first begins
# as its file's name says. The second is of the graph inside the archive, by those who check a copy
# of 95,673,916 bytes, the size it has there.
DIGESTS = {
    "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2": PTH,
    "009d6814d1bc560d4e7b236e170e9b2d5ca6f4b57bd8037f6db05776204415c6": TGZ,
}


def find_weights():
    """The path of a weights file: `$GANKIT_INCEPTION`, else Keras' cache, downloaded if need be.

    Raises:
        ValueError: if there is none and none can be had; names the files and where they are.
    """
    if path := os.environ.get("GANKIT_INCEPTION"):
        return Path(path).expanduser()
    from gankit.datasets.locate import OutOfReach, fetch

    digest = next(digest for digest, name in DIGESTS.items() if name == PTH)
    try:
        return fetch("Inception weights", ADDRESSES[PTH], digest, PTH, "models")
    except OutOfReach as error:
        raise ValueError(
            f"the weights of the Inception network are not here, and {error}. Get one of these two "
            f"files and set GANKIT_INCEPTION to its path: {PTH} ({ADDRESSES[PTH]}) or {TGZ} "
            f"({ADDRESSES[TGZ]}). Without them, use a classifier's features."
        ) from error


def read_weights(path, check=True):
    """Weights from a file.

    Args:
        path: of `inception-2015-12-05.tgz`, of the `classify_image_graph_def.pb` in it, or of
            `pt_inception-2015-12-05-6726825d.pth` (by another name too, if it ends in `.pth`).
        check: whether the file must be one of the published ones, by its SHA-256. Without the
            check the shapes still must fit; what is measured with such weights is no FID.

    Returns:
        Weights; see the top of this file.

    Raises:
        ValueError: if the file does not exist, is another one than published, is damaged, or
            lacks a layer.
    """
    path = Path(path)
    endings = (".pb", ".tgz", ".pth")
    if not path.is_file() or path.suffix not in endings:
        raise ValueError(f"{path} is no file ending in {', '.join(endings)}: give the path of one")
    data = path.read_bytes() if path.suffix == ".pth" else graph_bytes(path)
    digest = hashlib.sha256(data).hexdigest()
    if check and digest not in DIGESTS:
        raise ValueError(
            f"{path} is not the published file: its SHA-256 is {digest}, not one of "
            f"{', '.join(DIGESTS)}. Get {PTH} or {TGZ} again, or read it with check=False"
        )
    try:
        if path.suffix == ".pth":
            weights = _from_torch(torch_tensors(path))
        else:
            weights = _from_graph(graph_constants(data))
    except KeyError as error:
        raise ValueError(f"{path} is another network: it has no {error}") from error
    check_weights(weights)
    return weights


def check_weights(weights):
    """Raise a `ValueError` unless these are the network's arrays, each of its shape."""
    for name, shape in kernel_shapes().items():
        wanted = [shape] + [shape[-1:]] * (1 if name == "fc" else 4)
        shapes = [np.shape(array) for array in weights.get(name, [])]
        if shapes != wanted:
            raise ValueError(
                f"the weights of {name} have the shapes {shapes}, not {wanted}: another network's"
            )


def _from_graph(arrays):
    names = ("conv2d_params", *(f"batchnorm/{n}" for n in _STATISTICS))
    weights = {c.name: [arrays[f"{c.graph}/{n}"] for n in names] for c in convolutions()}
    return {**weights, "fc": [arrays["softmax/weights"], arrays["softmax/biases"]]}


_STATISTICS = ("gamma", "beta", "moving_mean", "moving_variance")


def _from_torch(arrays):
    weights = {}
    for name in (c.name for c in convolutions()):
        kernel = np.transpose(arrays[f"{name}.conv.weight"], (2, 3, 1, 0))
        parts = ("weight", "bias", "running_mean", "running_var")
        weights[name] = [kernel, *(arrays[f"{name}.bn.{part}"] for part in parts)]
    return {**weights, "fc": [arrays["fc.weight"].T, arrays["fc.bias"]]}


def draw_weights(seed):
    """Random weights, the same on every machine, to compare two implementations with.

    Each layer's come from a hash of its name and the seed, so the order does not matter, and are
    scaled so that activations neither die nor explode. What is measured with them is no FID.

    Args:
        seed: int.

    Returns:
        Weights; see the top of this file.
    """
    weights = {}
    for name, shape in kernel_shapes().items():
        rng = np.random.default_rng(list(hashlib.sha256(f"{name} {seed}".encode()).digest()))
        scale = np.sqrt(1.5 / np.prod(shape[:-1]))  # 2 with neither gamma nor variance
        kernel = rng.standard_normal(shape, "float32") * np.float32(scale)
        if name == "fc":
            weights[name] = [kernel, rng.normal(0, 0.1, shape[-1]).astype("float32")]
            continue
        ranges = ((0.5, 1.5), (-0.2, 0.4), (-0.2, 0.2), (0.5, 1.5))  # gamma, beta, mean, variance
        draws = [rng.uniform(*ends, shape[-1]).astype("float32") for ends in ranges]
        weights[name] = [kernel, *draws]
    return weights


def weights_hash(weights):
    """SHA-256 of weights, in hexadecimal: the same from whichever file they were read."""
    total = hashlib.sha256()
    for name in sorted(weights):
        for array in weights[name]:
            total.update(np.ascontiguousarray(array, "<f4"))
    return total.hexdigest()
