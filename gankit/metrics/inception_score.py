"""The Inception Score of a classifier's probabilities (Salimans et al. 2016).

Only with the outputs of the Inception network may it be called so; with our Fashion-MNIST
classifier we say *classifier score*. Lesson 03 computes it by hand on three classes.
"""

import warnings
from typing import NamedTuple

import numpy as np
from scipy.special import rel_entr

from gankit.metrics.arrays import checked_count, checked_probabilities


class Score(NamedTuple):
    """Mean and standard deviation over the splits, and how the images were split."""

    mean: float
    std: float
    splits: int
    order: str


def inception_score(probabilities, splits=10, seed=0):
    """exp of the mean KL(p(y|x) || p(y)), in each of `splits` contiguous parts of the images.

    The order matters: images sorted by class, split as they lie, show each part few classes (1.28
    instead of 8.26 in one case). So they are shuffled first.

    Args:
        probabilities: `(n, classes)`, each row the softmax output for one image.
        splits: parts, of at least 2 images each; papers take 10 parts of 5,000.
        seed: of the shuffle; None leaves the order as it is, and warns if it is sorted by class.

    Returns:
        `Score(mean, std, splits, order)`: between 1 and the number of classes; std with ddof 0.

    Raises:
        ValueError: for too few images, and for rows that are no probabilities.
    """
    splits = checked_count("splits", splits)
    p = checked_probabilities(probabilities, at_least=2 * splits)
    if seed is not None:
        p = np.random.default_rng(seed).permutation(p)
    elif sorted_by_class(p) and splits > 1:
        warnings.warn(
            "the images seem sorted by class: contiguous splits then score far too low; give a "
            "seed to shuffle them",
            stacklevel=2,
        )
    edges = [i * len(p) // splits for i in range(1, splits)]  # as the first code has them
    scores = [split_score(part) for part in np.split(p, edges)]
    order = "contiguous" if seed is None else "shuffled, contiguous"
    return Score(float(np.mean(scores)), float(np.std(scores)), splits, order)


def split_score(p):
    """exp of the mean KL divergence, in nats, of the rows from their mean."""
    mean = np.maximum(p.mean(axis=0), np.finfo("float64").tiny)  # never 0 where some p is not
    return np.exp(rel_entr(p, mean).sum(axis=1).mean())


def sorted_by_class(p):
    """Whether neighbours share their likeliest class far more often than in a random order."""
    top = p.argmax(axis=1)
    shares = np.bincount(top) / len(top)
    return np.mean(top[1:] != top[:-1]) < (1 - np.sum(shares**2)) / 2
