"""Checks of lesson 11: the fast gradient step both ways, a fair control, the smallest step."""

import copy

import numpy as np

from gankit.checks import Check


def untouched(*case):
    """Asks that a solution leaves the arrays alone that it is given."""

    def own(solution):
        given = copy.deepcopy(case)
        solution(*given)
        for before, after in zip(case, given):
            if isinstance(before, np.ndarray) and not np.array_equal(before, after):
                return (
                    "The result is right, but the array you were given is changed, too: `+=` and "
                    "`*=` work in place, and the images of all later cells would move. Write "
                    "`x = x + ...`."
                )
        return None

    return own


# --- one step uphill -----------------------------------------------------------------------------

# two images of 1 x 2 pixels; slopes as small as those of a network that is sure
_X = np.array([[[[0.05], [0.5]]], [[[0.98], [0.3]]]])
_SLOPES = np.array([[[[-0.02], [0.005]]], [[[0.001], [-0.004]]]])


def _cut(images):
    return np.clip(images, 0, 1)


def _unit(slopes):
    return slopes / np.linalg.norm(slopes.reshape(len(slopes), -1), axis=1).reshape(-1, 1, 1, 1)


fgsm_step = Check(
    reference=lambda x, slopes, epsilon: _cut(x + epsilon * np.sign(slopes)),
    right="every pixel goes as far as it may, uphill for the network, and stays a pixel",
    look="Three things: the sign of each slope, epsilon times it added to the image, and the "
    "result kept between black and white.",
    cases=((_X, _SLOPES, 0.1),),
    own=untouched(_X, _SLOPES, 0.1),
    wrong={
        (lambda x, g, e: _cut(x - e * np.sign(g))): "That goes downhill: the loss falls, and the "
        "network is surer than before. Uphill for whom? The loss is the network's.",
        (lambda x, g, e: _cut(x + e * g)): "The sign is missing: the largest change is far below "
        "epsilon, for slopes are small numbers. How steep it is does not matter, only which way.",
        (lambda x, g, e: x + e * np.sign(g)): "A pixel stands at -0.05, and one above 1: nobody "
        "can show such an image. Bring it back between black and white.",
        (lambda x, g, e: _cut(x + np.sign(g))): "Epsilon was forgotten: every pixel went all the "
        "way to black or white.",
        (lambda x, g, e: e * np.sign(g)): "That is the perturbation alone. The image is missing.",
        (lambda x, g, e: x + _cut(e * np.sign(g))): "The perturbation was cut, not the image: "
        "no pixel can become darker any more. Add first.",
        (lambda x, g, e: _cut(x + e * _unit(g))): "That gives the whole perturbation the length "
        "epsilon (l2). Here each single pixel may go as far as epsilon (l-inf).",
        (lambda x, g, e: _cut(x + e * g / np.abs(g).max())): "Scaled by the largest slope, one "
        "pixel of all goes as far as epsilon. All others may, too.",
        (lambda x, g, e: _cut(x + e * np.sign(x))): "That is the sign of the pixels: every image "
        "just becomes lighter. Whose sign is wanted?",
    },
)


# --- noise as long as a perturbation -------------------------------------------------------------

_DARK = np.array([[[[0.0], [0.1]]], [[[0.5], [0.9]]]])
_NOISE = np.array([[[[-0.6], [0.8]]], [[[2.0], [-1.5]]]])  # as long as 1.0 and 2.5
_SHIFT = np.array([[[[0.3], [0.4]]], [[[-0.12], [0.05]]]])  # as long as 0.5 and 0.13
_COLOURED = tuple(array.reshape(2, 1, 1, 2) for array in (_DARK, _NOISE, _SHIFT))


def _length(d):
    return np.sqrt((d**2).sum(axis=(1, 2, 3), keepdims=True))


def _by_channel(d):
    return np.sqrt((d**2).sum(axis=(1, 2), keepdims=True))


def _largest(d):
    return np.abs(d).max(axis=(1, 2, 3), keepdims=True)


fair_noise = Check(
    reference=lambda x, noise, shift: x + noise * _length(shift) / _length(noise),
    right="each image by itself, as far as the attack went and no farther",
    look="For each image: how long is the attack's shift, how long is this noise, and what must "
    "the noise be multiplied by?",
    cases=((_DARK, _NOISE, _SHIFT), _COLOURED),  # two pixels of one channel, one pixel of two
    own=untouched(_DARK, _NOISE, _SHIFT),
    wrong={
        (lambda x, z, s: x + z * _length(s)): "The noise has a length already, about 28 with 784 "
        "pixels of sigma 1: it comes out that many times too long. Divide it out.",
        (lambda x, z, s: x + z * np.linalg.norm(s) / np.linalg.norm(z)): "One length was taken for "
        "the whole batch. Each image has its own: some shifts are shorter than others.",
        (lambda x, z, s: _cut(x + z * _length(s) / _length(z))): "Clipped, half of the noise is "
        "lost on black, and what is left is shorter and always lighter: the mean shifts. A fair "
        "control is made first and clipped, if at all, as a case of its own.",
        (lambda x, z, s: x + z * _largest(s) / _largest(z)): "That makes the largest *pixel* as "
        "large as the attack's (l-inf). Of noise, all others are then smaller: too short in l2.",
        (lambda x, z, s: x + z * (_length(s) / _length(z)) ** 2): "Those are squared lengths: the "
        "root is missing.",
        (lambda x, z, s: x + z * _length(z) / _length(s)): "The ratio is upside down.",
        (lambda x, z, s: x + z * _by_channel(s) / _by_channel(z)): "Each channel got a length of "
        "its own. With one channel it is the same; an image in colour has one length for all "
        "three.",
        (lambda x, z, s: z * _length(s) / _length(z)): "That is the noise alone; the image is "
        "missing.",
        (lambda x, z, s: x + z): "The noise is as it came. How long is it, and how long should it "
        "be?",
        (lambda x, z, s: x + s): "That is the attack itself, not noise of its size.",
    },
)


# --- the smallest step over the line of a linear model -------------------------------------------

_W, _MARGIN = np.array([3.0, -5.0]), 5.0

smallest_step = Check(
    reference=lambda w, margin: margin / np.abs(w).sum(),
    right="all pixels push, each with its own weight",
    look="If every pixel moves by epsilon, each the way that lowers the score, by how much does "
    "the score fall?",
    cases=((_W, _MARGIN),),
    wrong={
        (lambda w, m: m / np.linalg.norm(w)): "That is the length (l2) of the shortest way over "
        "the line. Asked is how far each single pixel must go.",
        (lambda w, m: m / np.abs(w).max()): "That is what one pixel must do alone, the strongest: "
        "the answer for l1. Here all may help.",
        (lambda w, m: m): "The weights were forgotten: a step of epsilon lowers the score by more "
        "than epsilon.",
        (lambda w, m: m / w.sum()): "Weights of both signs cancel there. Each pixel chooses the "
        "way that helps: what counts is how large a weight is, not its sign.",
        (lambda w, m: m / abs(w.sum())): "Weights of both signs cancel in that sum. Take the size "
        "of each weight first, then add: each pixel chooses the way that helps.",
        (lambda w, m: np.abs(w).sum() / m): "Upside down: the larger the margin, the farther one "
        "has to go.",
        (lambda w, m: m / np.abs(w).mean()): "That is the *mean* weight. Steps of all pixels add "
        "up, and here lies the secret of many pixels: the sum grows with their number.",
        (lambda w, m: m / (w @ w)): "That is the factor by which w is multiplied to get over the "
        "line the shortest way. How far does a pixel go?",
    },
)


# --- towards a wish ------------------------------------------------------------------------------

_CLASSES = np.array([[0.02, -0.01, 0.004], [-0.03, -0.02, 0.01], [0.01, 0.03, 0.02]])


def slopes(x, labels):
    """The slope of the loss of these labels at images x: here a fixed row for each class."""
    return _CLASSES[np.asarray(labels)].reshape(len(labels), 1, 3, 1) * (1 + np.asarray(x))


_TWO = np.array([0.05, 0.5, 0.7, 0.4, 0.97, 0.6]).reshape(2, 1, 3, 1)
_TRUE, _WISH = np.array([0, 1]), np.array([2, 0])

targeted_step = Check(
    reference=lambda x, y, wish, epsilon, slopes: _cut(x - epsilon * np.sign(slopes(x, wish))),
    right="downhill on the loss of the wish; the true class is not even asked",
    look="Whose loss is to become small? Take its slope, and go the way on which it falls.",
    cases=((_TWO, _TRUE, _WISH, 0.1, slopes),),
    own=untouched(_TWO, _TRUE, _WISH, 0.1, slopes),
    wrong={
        (lambda x, y, w, e, g: _cut(x + e * np.sign(g(x, w)))): "That flees the target: plus "
        "raises the loss of the wish, and it will be hit 0 times.",
        (lambda x, y, w, e, g: _cut(x + e * np.sign(g(x, y)))): "That goes away from the true "
        "class, wherever it leads: the attack without a target. The wish is never looked at.",
        (lambda x, y, w, e, g: _cut(x - e * np.sign(g(x, y)))): "Downhill on the loss of the "
        "*true* class: the network becomes surer of it. You made the images safer.",
        (lambda x, y, w, e, g: x - e * np.sign(g(x, w))): "Right way, but a pixel left the range "
        "between black and white.",
        (lambda x, y, w, e, g: _cut(x - e * g(x, w))): "The sign is missing: slopes are small, "
        "and so is the step.",
        (lambda x, y, w, e, g: _cut(x + e * np.sign(g(x, y) - g(x, w)))): "Away from the truth "
        "*and* towards the wish: a good idea, and another loss (the margin between the two). "
        "Asked is the plain one: the wish alone.",
        (lambda x, y, w, e, g: _cut(x - np.sign(g(x, w)))): "Epsilon was forgotten.",
    },
)
