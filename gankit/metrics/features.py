"""What scores are measured in: a network that turns images into features and probabilities.

`features("fashion_mnist")` is the classifier that all lessons share, `"cifar10"` and
`"cats_vs_dogs"` its like for colour; `"fid"` is the network of published figures. Any Keras
classifier serves too. A score is comparable only within one extractor, so each has a hash, and
says what its scores are called.
"""

import functools
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field

import keras
import numpy as np
from scipy.special import softmax

from gankit.datasets import ImageFiles, Images, data_folder
from gankit.datasets.images import did_you_mean
from gankit.inputs import check_count, check_samples
from gankit.metrics.inception import InceptionExtractor, fid_extractor
from gankit.models import classifiers

CLASSIFIERS = ("fashion_mnist", "cifar10", "cats_vs_dogs")
STANDARD_NAMES = {"frechet": "FID", "inception": "Inception Score", "kernel": "KID"}
OTHER_NAMES = {
    "frechet": "Frechet classifier distance",
    "inception": "classifier score",
    "kernel": "kernel classifier distance",
}
UNHASHED = ("name", "trainable", "seed", "build_config")  # what changes no output
UNHASHED_ENDS = ("_initializer", "_regularizer", "_constraint")


@dataclass(frozen=True, eq=False)
class Extractor:
    """Call it with images: features and probabilities come back. Made by `features`.

    Attributes:
        name: what it is.
        read: images in [0, 1], one batch -> features `(n, d)` and probabilities `(n, classes)`.
        hash: hexadecimal, of the weights, of how they are used and how images are resized. Another
            version of Keras may describe a network in other words: then it is another hash.
        dimensions: d.
        resize: what happens to other sizes, in words.
        standard: whether its scores are those of the literature, and may be called so.
        image_shape: `(height, width, channels)`, None where any will do; or None if it resizes.
        batch_size: how many images it reads at once, unless asked otherwise.
    """

    name: str
    read: Callable = field(repr=False)
    hash: str
    dimensions: int
    resize: str
    standard: bool = False
    image_shape: tuple | None = None
    batch_size: int = 500

    @property
    def score_names(self):
        """What the scores "frechet", "inception" and "kernel" are called with these features."""
        return STANDARD_NAMES if self.standard else OTHER_NAMES

    def __call__(self, images, batch_size=None):
        """Features `(n, d)` and probabilities `(n, classes)`, float64.

        Beside these, memory for one batch is needed, and what `images` hold already.

        Args:
            images: `Images`, or an array `(n, height, width, channels)` in [0, 1].
            batch_size: of images read at once.

        Raises:
            TypeError, ValueError: as `check` says.
        """
        images = self.check(images)
        size = check_count("batch_size", self.batch_size if batch_size is None else batch_size)
        features = probabilities = None
        for start in range(0, len(images), size):
            batch = images[start : start + size]
            scale = 255 if batch.dtype == np.uint8 else 1
            part, chances = self.read(np.asarray(batch, "float32") / np.float32(scale))
            if features is None:
                features = np.empty((len(images), part.shape[1]))
                probabilities = np.empty((len(images), chances.shape[1]))
            features[start : start + size], probabilities[start : start + size] = part, chances
        return features, probabilities

    def check(self, images):
        """`images` as one array: uint8 from `Images`, or floats in [0, 1].

        Raises:
            TypeError: for bytes outside `Images`, and for images that are not in memory.
            ValueError: for another rank, size or range, NaN, or no images at all.
        """
        if isinstance(images, ImageFiles):
            raise TypeError("scores take images in memory: image_folder(path, size=...) gives them")
        array = images.images if isinstance(images, Images) else images
        if not isinstance(array, np.ndarray):
            array = keras.ops.convert_to_numpy(array)
        if array.ndim != 4 or array.shape[3] not in (1, 3):
            raise ValueError(
                f"images have shape (n, height, width, 1 or 3), not {array.shape}: one alone needs "
                "image[None], grey ones of rank 3 images[..., None]"
            )
        wanted = self.image_shape or array.shape[1:]
        if any(size not in (None, found) for size, found in zip(wanted, array.shape[1:])):
            raise ValueError(
                f"{self.name} takes {in_words(wanted)}, not {array.shape[1:]}, and "
                f"resizes nothing: Images.resized({wanted[0] or 'height'}) changes the size, "
                "np.repeat(images, 3, axis=3) makes grey images three channels; do the same to "
                "real and fake"
            )
        if not isinstance(images, Images):
            check_samples(array, array.shape[1:])  # kind, NaN, range
        return array


def features(network, layer="features", mode="pytorch_fid"):
    """The extractor of that name, or of that network.

    Args:
        network: "fashion_mnist", "cifar10" or "cats_vs_dogs", the recorded classifiers; "fid", the
            2015 Inception network with published weights; a `keras.Model` from images in [0, 1] to
            logits (or probabilities, if it ends in a softmax layer), a Sequential or Functional one
            with one input and one output; or an extractor, given back.
        layer: of a `keras.Model`, the one whose outputs `(n, d)` are the features.
        mode: of "fid" alone: how images are resized, see `gankit.metrics.resizing`.

    Returns:
        An `Extractor`.

    Raises:
        TypeError, ValueError: for another name or kind, a mode for another than "fid", a network
            without that layer or without classes, one that ends in a sigmoid, weights that cannot
            be had. FileNotFoundError: if it was not trained.
    """
    if not isinstance(layer, str):
        raise TypeError(f"layer is one layer's name, not {layer!r}")
    if mode != "pytorch_fid" and not (isinstance(network, str) and network == "fid"):
        raise ValueError(f"mode={mode!r}: only features('fid') has modes, others resize nothing")
    if isinstance(network, Extractor):
        return network
    if isinstance(network, str) and network == "fid":
        network = fid_extractor("fid", mode)
    if isinstance(network, InceptionExtractor):
        known = {name: getattr(network, name) for name in ("name", "hash", "resize", "standard")}
        return Extractor(read=network, dimensions=network.dimensions, batch_size=50, **known)
    if isinstance(network, str):
        return recorded(network, layer)
    if not isinstance(network, keras.Model):
        raise TypeError(f"features of a name or a keras.Model, not of {type(network).__name__}")
    return of_network(network, f"network {network.name}", layer)


@functools.cache  # it is compiled once, however often it is asked for
def recorded(name, layer):
    """The `Extractor` of a data set's recorded classifier."""
    if name not in CLASSIFIERS:
        near = did_you_mean(name, (*CLASSIFIERS, "fid"))
        raise ValueError(
            f"there are no features {name!r}{near}, only {', '.join(CLASSIFIERS)} and fid"
        )
    folder = data_folder() / "runs" / f"{name}_classifier"
    if not (folder / "classifier.keras").exists():
        raise FileNotFoundError(
            f"{folder} has no classifier: `python -m gankit.runs {folder.name}` trains it"
        )
    recipe = json.loads((folder / "recipe.json").read_text())
    shape = tuple(recipe["image_shape"])
    network = classifiers.cnn(shape, recipe["classes"], **recipe["network"])
    network.load_weights(folder / "classifier.keras")
    return of_network(network, f"{name} classifier", layer)


def of_network(network, name, layer):
    """An `Extractor` of a classifier's layer; images of another size are refused."""
    ends = [getattr(network, which, None) or () for which in ("inputs", "outputs")]
    if [len(end) for end in ends] != [1, 1] or len(ends[0][0].shape) != 4:
        raise ValueError(
            f"{name} must have one input, images (n, height, width, channels), and one output, "
            "both known: make it a Sequential that begins with an Input, or a Functional model"
        )
    layers = [part.name for part in network.layers]
    if layer not in layers:
        raise ValueError(
            f"{name} has no layer {layer!r}{did_you_mean(layer, layers)}: say which one holds the "
            f"features, features(network, layer=...), of {', '.join(layers)}"
        )
    inner, outer = network.get_layer(layer).output, network.outputs[0]
    if len(inner.shape) != 2 or len(outer.shape) != 2 or outer.shape[1] < 2:
        raise ValueError(
            f"wanted are features (n, d) and (n, classes), two classes or more; {name} has "
            f"{inner.shape} and {outer.shape}: choose a layer after the pooling, and a classifier"
        )
    last = network.layers[-1]
    end = getattr(last, "activation", None)
    if end is keras.activations.sigmoid:
        raise ValueError(
            f"{name} ends in a sigmoid, whose outputs are no probabilities of one class each: end "
            "it in logits (no activation) or in a softmax"
        )
    ended = isinstance(last, keras.layers.Softmax) or end is keras.activations.softmax
    both = keras.Model(network.inputs[0], [inner, outer])

    def read(images):
        found, outputs = (np.asarray(x, "float64") for x in both.predict_on_batch(images))
        return found, outputs if ended else softmax(outputs, axis=1)

    shape = tuple(network.input_shape[1:])
    resize = f"none: takes {in_words(shape)}"
    built = json.dumps(without_names(both.get_config()), sort_keys=True, default=str)
    digest = hashlib.sha256(f"{resize} {built}".encode())
    for weight in network.get_weights():
        digest.update(np.ascontiguousarray(weight).tobytes())
    return Extractor(name, read, digest.hexdigest(), inner.shape[1], resize, image_shape=shape)


def in_words(shape):
    """28 x 28 x 1, and "any" for None."""
    return " x ".join("any" if size is None else str(size) for size in shape)


def without_names(config, places=None):
    """A network's config (which says what its outputs are) with each layer's place for its name.

    Nothing of its training is in it. Keras counts names through a process (conv2d,
    conv2d_1), so that one network has many.
    """
    if isinstance(config, list | tuple):
        return [without_names(value, places) for value in config]
    if not isinstance(config, dict):
        return config
    if isinstance(config.get("layers"), list):  # a network, whose names hold within
        places = {part["config"]["name"]: i for i, part in enumerate(config["layers"])}
    found = {}
    for key, value in config.items():
        if key in ("keras_history", "input_layers", "output_layers"):
            found[key] = renamed(value, places)
        elif key not in UNHASHED and not key.endswith(UNHASHED_ENDS):
            found[key] = without_names(value, places)
    return found


def renamed(value, places):
    """Nested lists with each layer's place for its name."""
    if isinstance(value, list | tuple):
        return [renamed(part, places) for part in value]
    return places.get(value, value) if isinstance(value, str) else value
