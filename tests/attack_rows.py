"""One table of all attacks, and the small networks and images that their tests use.

A new attack joins the contract by one row in `ROWS`.
"""

import functools
from dataclasses import dataclass

import keras
import numpy as np
from keras import layers

from gankit import attacks

SHAPE, CLASSES = (12, 12, 1), 6


@dataclass
class Row:
    """An attack as the contract calls it.

    attack: of (model, images, labels, **options). options: short, for tests.
    norm: "linf", "l2" or "l1", if options["epsilon"] bounds that. units: options in the units of
    the images. sure: whether every image it changes is fooled at the end. gradients: whether it
    needs them. random: whether the seed matters. labels: whether it looks at them. aims: whether it
    takes targets, "never", "at will" or "always".
    """

    attack: callable
    options: dict
    norm: str | None = None
    units: tuple = ("epsilon",)
    sure: bool = False
    gradients: bool = True
    random: bool = False
    labels: bool = True
    aims: str = "at will"

    def __call__(self, model, images, labels, **kw):
        """Attack; what always wants targets gets the next class, unless `targeted` is said."""
        if self.aims == "always" and not kw.pop("targeted", False):
            labels = (np.asarray(labels) + 1) % max(2, model.output_shape[1])
        return self.attack(model, images, labels, **{**self.options, **kw})


ROWS = {
    "fgsm": Row(attacks.fgsm, {"epsilon": 0.1}, "linf"),
    "fgsm l2": Row(attacks.fgsm, {"epsilon": 1.0, "norm": "l2"}, "l2"),
    "fgsm l1": Row(attacks.fgsm, {"epsilon": 8.0, "norm": "l1"}, "l1"),
    "bim": Row(attacks.iterative_fgsm, {"epsilon": 0.1, "steps": 5}, "linf"),
    "bim l2": Row(attacks.iterative_fgsm, {"epsilon": 1.0, "steps": 5, "norm": "l2"}, "l2"),
    "least likely": Row(attacks.least_likely_class, {"epsilon": 0.1, "steps": 5}, "linf",
                        labels=False, aims="never"),
    "momentum": Row(attacks.momentum_iterative, {"epsilon": 0.1, "steps": 5}, "linf"),
    "pgd": Row(attacks.projected_gradient_descent, {"epsilon": 0.1, "steps": 5, "restarts": 2},
               "linf", random=True),
    "pgd l2": Row(attacks.projected_gradient_descent,
                  {"epsilon": 1.0, "steps": 5, "norm": "l2"}, "l2", random=True),
    "deepfool": Row(attacks.deepfool, {}, sure=True, aims="never"),
    "deepfool linf": Row(attacks.deepfool, {"norm": "linf"}, sure=True, aims="never"),
    "carlini_wagner": Row(attacks.carlini_wagner, {"steps": 40, "searches": 3, "first_c": 0.1,
                                                   "learning_rate": 0.05}, sure=True),
    "elastic_net": Row(attacks.elastic_net, {"steps": 40, "searches": 3, "first_c": 0.1,
                                             "learning_rate": 0.05, "beta": 0.01},
                       units=("beta",), sure=True),
    "lbfgs": Row(attacks.lbfgs, {"steps": 10, "searches": 4, "first_c": 0.1}, sure=True,
                 aims="always"),
    "saliency": Row(attacks.jacobian_saliency_map, {"gamma": 0.1}, units=("theta",)),
    "one_pixel": Row(attacks.one_pixel, {"pixels": 5, "population": 20, "steps": 5},
                     gradients=False, random=True),
    "spsa": Row(attacks.spsa, {"epsilon": 0.1, "steps": 8, "samples": 32, "rate": 0.02}, "linf",
                units=("epsilon", "delta", "rate"), gradients=False, random=True),
    # At the default xi, a tenth of this, the logits' float32 rounding shows in the fourth digit.
    "virtual_adversarial": Row(attacks.virtual_adversarial, {"epsilon": 1.5, "xi": 0.1}, "l2",
                               units=("epsilon", "xi"), random=True, labels=False, aims="never"),
}  # fmt: skip


@functools.cache
def data(n=24):
    """Images `(n, 12, 12, 1)`, float32 in [0, 1], and their classes: noisy copies of six."""
    rng = np.random.default_rng(0)
    kinds = rng.uniform(0.2, 0.8, (CLASSES, *SHAPE))
    labels = np.arange(n) % CLASSES
    images = kinds[labels] + rng.normal(0, 0.08, (n, *SHAPE))
    return images.clip(0, 1).astype("float32"), labels


@functools.cache
def weights(seed=1, units=64):
    """Of a network of one hidden layer: random features, and the best linear map from them."""
    rng = np.random.default_rng(seed)
    images, labels = data(600)
    size = np.prod(SHAPE)
    hidden = rng.normal(0, 2 / np.sqrt(size), (size, units)).astype("float32")
    bias = (-0.5 * hidden.sum(axis=0)).astype("float32")  # grey is in the middle
    seen = np.maximum(images.reshape(600, -1) @ hidden + bias, 0)
    seen = np.c_[seen, np.ones(600)]
    wanted = 8.0 * np.eye(CLASSES)[labels]
    top = np.linalg.solve(seen.T @ seen + 0.1 * np.eye(units + 1), seen.T @ wanted)
    return [hidden, bias, top[:-1].astype("float32"), top[-1].astype("float32")]


@functools.cache
def network(kind="logits", scale=1.0, shift=0.0):
    """The same classifier in several guises.

    kind: "logits", "softmax", "softmax layer"; "two" for the logits of class 0 and 1 alone,
    "sigmoid" for one unit that says the same; "rounds" has no gradient; "wide" takes [-1, 1].
    """
    hidden, bias, top, top_bias = (w.copy() for w in weights())
    top, top_bias = top * scale, top_bias * scale + shift
    if kind == "two":
        top, top_bias = top[:, :2], top_bias[:2]
    if kind == "sigmoid":
        top, top_bias = top[:, 1:2] - top[:, :1], top_bias[1:2] - top_bias[:1]
    activation = {"softmax": "softmax", "sigmoid": "sigmoid"}.get(kind)
    last = layers.Dense(top.shape[1], activation=activation)
    inputs = keras.Input(SHAPE)
    x = inputs
    if kind == "wide":
        x = layers.Rescaling(0.5, offset=0.5)(x)
    if kind == "rounds":
        x = keras.ops.round(x * 64) / 64
    x = layers.Flatten()(x)
    middle = layers.Dense(hidden.shape[1], activation="relu")
    x = last(middle(x))
    if kind == "softmax layer":
        x = layers.Softmax()(x)
    middle.set_weights([hidden, bias])
    last.set_weights([top, top_bias])
    return keras.Model(inputs, x, name=kind.replace(" ", "_"))
