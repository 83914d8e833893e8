"""A classifier as attacks see it: images in, logits out, and the logits' gradients by the image.

Attacks speak NumPy: their loops are plain arithmetic on arrays, and what costs time, the passes
through the network, is compiled once and remembered. Losses are taken on *logits* even where a
model ends in a softmax or sigmoid, for a saturated softmax has no gradient left.
"""

import functools
import warnings

import keras
import numpy as np
from keras import layers, ops

from gankit import backend
from gankit.inputs import check_count

SQUASHED = ("softmax", "sigmoid")


def classifier(model, images, from_logits=None):
    """The `Classifier` of a model for images like these: made once, then remembered."""
    if not isinstance(model, keras.Model):
        raise TypeError(f"attacks want a keras.Model, not {type(model).__name__}")
    if not hasattr(images, "shape") or len(images.shape) < 2:
        raise TypeError("images are a float array (n, height, width, channels), not "
                        f"{type(images).__name__} {getattr(images, 'shape', '')}: of `Images` take "
                        ".unit(); one image is images[None]")
    return remembered(model, tuple(images.shape[1:]), from_logits)


@functools.lru_cache(maxsize=8)  # the compiled passes of the last few models are kept
def remembered(model, shape, from_logits):
    """See `classifier`."""
    return Classifier(model, shape, from_logits)


def log_odds(logits, labels):
    """log(1 - p) - log(p) of the labels' probabilities p, `(n,)`; see `Classifier.gradient`."""
    chosen = ops.one_hot(labels, logits.shape[1], dtype="bool")
    others = ops.logsumexp(ops.where(chosen, -np.inf, logits), axis=1)
    return others - ops.sum(ops.where(chosen, logits, 0.0), axis=1)


def margin(logits, labels):
    """The best other logit minus the label's, `(n,)`: above 0 where the label is not chosen."""
    chosen = ops.one_hot(labels, logits.shape[1], dtype="bool")
    others = ops.max(ops.where(chosen, -np.inf, logits), axis=1)
    return others - ops.sum(ops.where(chosen, logits, 0.0), axis=1)


PER_IMAGE = {"cross_entropy": log_odds, "margin": margin}


class Classifier:
    """A `keras.Model` from images to classes, evaluated with `training=False`.

    Args:
        model: gives `(n, classes)`, logits or probabilities, or `(n, 1)`: one unit for two classes,
            of which 1 is the one it stands for (a cats / dogs network, a GAN's discriminator).
        shape: of one image.
        from_logits: True or False where one knows better; None finds out.

    Attributes:
        classes: their number. queries: images shown to the network so far.

    Raises:
        ValueError: for a model of several inputs or outputs, another input or output shape.
    """

    def __init__(self, model, shape, from_logits=None):
        for name in ("inputs", "outputs"):
            if (count := len(getattr(model, name, None) or [1])) != 1:
                raise ValueError(f"attacks want a model with one of its {name}, not {count}")
        wanted = getattr(model, "input_shape", None)
        if wanted and not fits(shape, wanted[1:]):
            raise ValueError(f"each image has shape {shape}, but the model wants {wanted[1:]}")
        self.model, self.shape, self.queries, self._passes = model, shape, 0, {}
        self._outputs = outputs_before_squashing(model, shape, from_logits)
        made = self._outputs(np.zeros((1, *shape), "float32"))
        if len(made.shape) != 2:
            raise ValueError(f"attacks want outputs (n, classes) or (n, 1), not {made.shape}")
        self.classes = max(2, made.shape[1])

    def logits_of(self, images):
        """Logits `(n, classes)` of a tensor of images, inside compiled passes."""
        outputs = self._outputs(images)
        if outputs.shape[1] == 1:  # sigmoid(z) is the softmax of (0, z)
            outputs = ops.concatenate([ops.zeros_like(outputs), outputs], axis=1)
        return outputs

    def logits(self, images, batch_size=256):
        """Logits, float32 `(n, classes)`, of an array of images."""
        run = self.compiled("logits", self.logits_of)
        parts = [run(part) for part in self._parts(batch_size, images)]
        return np.concatenate([ops.convert_to_numpy(part) for part in parts])

    def predict(self, images, batch_size=256):
        """Classes `(n,)` of an array of images."""
        return self.logits(images, batch_size).argmax(axis=1)

    def gradient(self, images, labels, loss="cross_entropy", batch_size=256):
        """Logits, and a gradient along which each image's loss rises, `(n, ...)`.

        For "cross_entropy" it is that of the log-odds u = log(1 - p) - log(p) of the label's
        probability p. Cross-entropy is softplus(u), so both gradients point the same way, and this
        one does not vanish where the network is sure (cross-entropy's, sigmoid(u) times this one,
        is exactly 0 in float32 below u = -88). "margin": the best other logit minus the label's.
        """

        def losses_of(images, labels):
            def loss_and_logits(images):
                logits = self.logits_of(images)
                return PER_IMAGE[loss](logits, labels), logits

            return backend.value_and_input_gradients(loss_and_logits, images)

        run = self.compiled(loss, losses_of)
        labels = np.asarray(labels, "int32")
        found = [run(*part) for part in self._parts(batch_size, images, labels)]
        logits, slopes = ([ops.convert_to_numpy(part) for part in parts] for parts in zip(*found))
        return np.concatenate(logits), np.concatenate(slopes)

    def compiled(self, name, function):
        """A function of tensors that calls `logits_of`, compiled under that name once."""
        if name not in self._passes:
            self._passes[name] = backend.compiled(function, self.model)
        return self._passes[name]

    def _parts(self, batch_size, images, labels=None):
        batch_size = check_count("batch_size", batch_size)
        self.queries += len(images)
        for start in range(0, len(images), batch_size):
            part = ops.convert_to_tensor(images[start : start + batch_size], dtype="float32")
            if labels is None:
                yield part
            else:
                yield part, ops.convert_to_tensor(labels[start : start + batch_size])


def fits(shape, wanted):
    """Whether a shape is the wanted one, in which None stands for any length."""
    return len(shape) == len(wanted) and all(w in (None, s) for s, w in zip(shape, wanted))


def outputs_before_squashing(model, shape, from_logits):
    """A function from images to the model's outputs, taken before its last softmax or sigmoid."""

    def whole(images):
        return ops.cast(model(images, training=False), "float32")

    if from_logits:
        return whole
    last, before = last_activation(model)
    if before and agree(before, whole, shape):
        return before
    linear = getattr(last, "activation", None) is keras.activations.linear
    if from_logits is None and (linear or not look_like_probabilities(whole, shape)):
        return whole
    return from_probabilities(model, whole)


def last_activation(model):
    """The layer that makes the output, and a function from images to what its softmax or sigmoid
    is given; None for a layer without such, or a model that is neither Functional nor Sequential.
    """
    if not getattr(model, "outputs", None):
        return None, None
    history = model.outputs[0]._keras_history
    last = history.operation
    name = getattr(getattr(last, "activation", None), "__name__", "")
    known = isinstance(last, layers.Dense | layers.Activation) and name in SQUASHED
    if not known and not isinstance(last, layers.Softmax):
        return last, None
    if name == "sigmoid" and model.outputs[0].shape[-1] != 1:
        raise ValueError(f"{model.name} says yes or no to each of {model.outputs[0].shape[-1]} "
                         "classes: attacks want a model that chooses one, a softmax or logits")
    given = last._inbound_nodes[history.node_index].input_tensors[0]  # also of a layer used twice
    before = keras.Model(model.inputs[0], given)

    def logits(images):
        inner = ops.cast(before(images, training=False), "float32")
        if isinstance(last, layers.Dense):
            inner = ops.matmul(inner, ops.cast(last.kernel, "float32"))
            inner = inner if last.bias is None else inner + ops.cast(last.bias, "float32")
        return inner

    return last, logits


def agree(before, whole, shape):
    """Whether the softmax (sigmoid) of `before` is what the whole model gives, on noise."""
    noise = np.random.default_rng(0).random((8, *shape), dtype="float32")
    logits, given = before(noise), whole(noise)
    made = (ops.sigmoid if logits.shape[-1] == 1 else ops.softmax)(logits)
    return bool(np.allclose(ops.convert_to_numpy(made), ops.convert_to_numpy(given), atol=2e-2))


def look_like_probabilities(whole, shape):
    """Whether the outputs on noise all lie in [0, 1], with rows that sum to 1 (or one unit)."""
    noise = np.random.default_rng(0).random((8, *shape), dtype="float32")
    made = ops.convert_to_numpy(whole(noise))
    inside = made.min() >= 0 and made.max() <= 1
    return bool(inside and (made.shape[1] == 1 or np.allclose(made.sum(axis=1), 1, atol=1e-3)))


def from_probabilities(model, whole):
    """Logits from probabilities: the best one can do, and worth a warning."""
    warnings.warn(
        f"{model.name} hides its logits: they are computed from its probabilities, whose gradient "
        "vanishes where it is sure, and attacks may look weaker than they are. Give a model that "
        "ends in logits, or a Functional or Sequential one whose last layer is the softmax",
        stacklevel=4,
    )
    tiny = 1e-30

    def logits(images):
        made = whole(images)
        if made.shape[1] == 1:
            return ops.log(made + tiny) - ops.log(1.0 - made + tiny)
        return ops.log(made + tiny)

    return logits
