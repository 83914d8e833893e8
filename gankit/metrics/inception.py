"""The network that the FID and the Inception Score are measured in, in Keras.

`fid_extractor()` is what a score takes: images in, features and probabilities out. Its weights are
read from a published file; see `inception_weights.py`. With any other weights the network is an
ordinary feature extractor, and what is measured with it is no FID.
"""

import hashlib
from pathlib import Path

import numpy as np
from keras import Input, Model, layers, ops

from gankit.inputs import check_samples
from gankit.metrics import inception_layers
from gankit.metrics.inception_weights import check_weights, find_weights, read_weights, weights_hash
from gankit.metrics.resizing import MODES, SIZE, check_mode, preprocess

EPSILON = 1e-3  # of the batch norms
POOLS = {
    "average": lambda x: ops.average_pool(x, 3, 1, padding="same"),  # leaves the padding out
    "max": lambda x: ops.max_pool(x, 3, 1, padding="same"),
    "max, stride 2": lambda x: ops.max_pool(x, 3, 2, padding="valid"),
}


class Logits(layers.Dense):
    """The last layer. It has a bias, and leaves it out, as the Inception Score's first code did."""

    def call(self, x):
        """Logits `(n, 1008)` of features `(n, 2048)`."""
        return ops.matmul(x, self.kernel)


def fid_inception(weights=None, folded=False):
    """The 2015 Inception network: 94 convolutions, 23,885,392 numbers.

    Args:
        weights: None (untrained), `"fid"` (the published ones, found or downloaded), the path of a
            published file, or a dictionary as in `inception_weights.py`.
        folded: whether each batch norm is multiplied into the convolution before it: the same
            outputs to about 1e-6, in less time.

    Returns:
        A `keras.Model`, float32 and frozen, from `(n, 299, 299, 3)`, about -1 to 1 (see
        `resizing.preprocess`), to `[features (n, 2048), logits (n, 1008)]`. The logits are those of
        the Inception Score, without bias.

    Raises:
        ValueError: if the weights cannot be had or do not fit.
    """
    weights = _load(weights)
    x = inputs = Input((SIZE, SIZE, 3))
    x = _branch(x, inception_layers.STEM, folded)
    for branches in inception_layers.branches().values():
        x = ops.concatenate([_branch(x, steps, folded) for steps in branches], axis=-1)
    features = ops.mean(x, axis=(1, 2))
    outputs = [features, Logits(1008, dtype="float32", name="fc")(features)]
    network = Model(inputs, outputs, name="inception_2015")
    network.trainable = False
    if weights is not None:
        assign(network, weights, folded)
    return network


def _branch(x, steps, folded):
    """Steps one after the other; a list's beside each other."""
    for step in steps:
        if isinstance(step, str):
            x = POOLS[step](x)
        elif isinstance(step, list):
            x = ops.concatenate([_convolution(x, one, folded) for one in step], axis=-1)
        else:
            x = _convolution(x, step, folded)
    return x


def _convolution(x, step, folded):
    """Convolution, batch norm (unless folded into it), ReLU."""
    name = _layer_name(step.name)
    x = layers.Conv2D(
        step.filters, step.kernel, step.strides, step.padding, use_bias=folded, dtype="float32",
        name=name,
    )(x)  # fmt: skip
    if not folded:
        x = layers.BatchNormalization(epsilon=EPSILON, dtype="float32", name=f"{name}_bn")(x)
    return ops.relu(x)


def _layer_name(name):
    """No dots: PyTorch allows none in the names of its parameters."""
    return name.replace(".", "_")


def _load(weights):
    """Weights as a checked dictionary, or None."""
    if isinstance(weights, dict):
        check_weights(weights)
    elif weights is not None and not isinstance(weights, (str, Path)):
        raise TypeError(f"weights are None, 'fid', a path or a dictionary, not {type(weights)}")
    elif weights is not None:
        return read_weights(find_weights() if weights == "fid" else weights)
    return weights


def assign(network, weights, folded):
    """Give a network of `fid_inception(folded=folded)` these weights, a checked dictionary."""
    for name, arrays in weights.items():
        layer = network.get_layer(_layer_name(name))
        if name == "fc":
            layer.set_weights(arrays)
        elif folded:
            layer.set_weights(_fold(*arrays))
        else:
            layer.set_weights(arrays[:1])
            network.get_layer(f"{layer.name}_bn").set_weights(arrays[1:])


def _fold(kernel, gamma, beta, mean, variance):
    """One convolution with a bias for a convolution and its batch norm, in float64."""
    scale = np.asarray(gamma, "float64") / np.sqrt(np.asarray(variance, "float64") + EPSILON)
    return [kernel * scale, beta - mean * scale]


class InceptionExtractor:
    """Images in, features and probabilities out; made by `fid_extractor`.

    Attributes:
        name, resize: what it is and how it resizes, in words.
        hash: of weights and mode, hexadecimal.
        dimensions: 2048, of the features.
        standard: whether the weights are the published ones, so that scores may be called FID.
    """

    dimensions = 2048

    def __init__(self, network, name, standard, digest, mode):
        features, logits = network.outputs
        self.network = Model(network.inputs, [features, ops.softmax(logits)], name=network.name)
        self.name, self.standard, self.mode = name, standard, mode
        self.resize = MODES[mode][1]
        self.hash = hashlib.sha256(f"{digest} {mode}".encode()).hexdigest()

    def __call__(self, images):
        """Features `(n, 2048)` and probabilities `(n, 1008)`, float32, of a batch of images.

        Raises:
            TypeError, ValueError: for bytes, another rank, NaN, a range beyond [0, 1].
        """
        images = ops.convert_to_numpy(images)
        check_samples(images, images.shape[1:])
        features, probabilities = self.network.predict_on_batch(preprocess(images, self.mode))
        return np.asarray(features), np.asarray(probabilities)


def fid_extractor(weights="fid", mode="pytorch_fid"):
    """The feature extractor of the FID.

    Args:
        weights: as in `fid_inception`. Only published ones make the extractor `standard`.
        mode: how images are resized and scaled: `"ttur"`, `"pytorch_fid"` or `"clean_fid"`; see
            `resizing.py`.

    Returns:
        An `InceptionExtractor`: call it with a batch of images in [0, 1],
        `(n, height, width, 1 or 3)`, of any size.

    Raises:
        ValueError: for an unknown mode, or weights that cannot be had or do not fit.
    """
    check_mode(mode)
    published = isinstance(weights, (str, Path))  # `read_weights` has checked which file it is
    weights = _load(weights)
    network = fid_inception(weights, folded=weights is not None)
    if weights is None:
        digest = hashlib.sha256(b"".join(map(bytes, network.get_weights()))).hexdigest()
    else:
        digest = weights_hash(weights)
    untrained = "untrained Inception" if weights is None else "Inception with other weights"
    name = "2015 Inception (FID)" if published else untrained
    return InceptionExtractor(network, name, published, digest, mode)
