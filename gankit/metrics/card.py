"""The comparability card: scores, and beside them what they may be compared with."""

from dataclasses import dataclass

import numpy as np

from gankit.metrics.inception_score import inception_score

PUBLISHED = 10_000  # published figures take so many samples at least, most of them 50,000
ROWS = {
    "mean_term": "  of which means",
    "covariance_term": "  of which covariances",
    "inception_std": "  +- over splits",
    "kernel_std": "  +- over subsets",
}


@dataclass(frozen=True, eq=False, repr=False)
class Report:
    """What `evaluate` found; `print(report)` shows the card.

    Attributes:
        scores, floor, noise: dicts of floats, of the samples, of real images in their place, of
            noise (empty if it was not asked for), by "frechet" with its "mean_term" and
            "covariance_term", "inception" and "kernel" with "inception_std" and "kernel_std",
            "precision", "recall", "density", "coverage".
        names: what "frechet", "inception" and "kernel" are called with this extractor.
        n_real, n_fake: numbers of images.
        n_floor: of the reals that stand for the data, and of those that stand for the samples.
        conditions: dict of words, the lower lines of the card.
        warnings: tuple of texts, each "name: what was seen".
        comparable: whether published figures may be set beside these.
    """

    scores: dict
    floor: dict
    noise: dict
    names: dict
    n_real: int
    n_fake: int
    n_floor: tuple
    conditions: dict
    warnings: tuple
    comparable: bool = False

    def card(self):
        """The card: a text of some 22 lines."""
        columns = {"samples": self.scores, "real": self.floor, "noise": self.noise}
        columns = {head: column for head, column in columns.items() if column}
        counts = {"samples": self.n_fake, "real": self.n_floor[1], "noise": self.n_fake}
        lines = [f"{'':30}" + "".join(f"{head:>12}" for head in columns)]
        lines.append(f"{'N':30}" + "".join(f"{counts[head]:12,}" for head in columns))
        for key in self.scores:
            name = {**ROWS, **self.names}.get(key, key)
            lines.append(f"{name:30}" + "".join(shown(key, c[key]) for c in columns.values()))
        lines += [f"{label:12}{text}" for label, text in self.conditions.items()]
        return "\n".join(lines + [f"{'WARNING':12}{warning}" for warning in self.warnings])

    __str__ = __repr__ = card


def shown(key, value):
    """A number as it stands on the card. A spread of exactly 0 is that of a single subset: none."""
    return f"{'one subset':>12}" if key == "kernel_std" and value == 0 else f"{value:12.4g}"


def verdict(standard, comparable):
    """What the scores may be compared with."""
    if comparable:
        return "comparable with published figures of the same data, split, N and resize"
    if standard:
        return f"only within this N: published figures take {PUBLISHED:,} images or more"
    return "only within this extractor, N and resize: with no published figure"


def alarms(extractor, scores, floor, n, n_floor, probabilities, seed=0):
    """What the card must not leave unsaid, as a tuple of texts "name: what was seen"."""
    found, (n_real, n_fake) = [], n
    if len(set(probabilities.argmax(axis=1))) == 1:
        found.append("one class: the classifier sees a single class among the samples")
    if min(n) <= extractor.dimensions:
        found.append(
            f"few images: {min(n):,} in {extractor.dimensions:,} dimensions; the "
            f"{extractor.score_names['frechet']} is then mostly a matter of N"
        )
    if n_real != n_fake:
        found.append("different N: compare with results of these two N alone")
    # The distance's bias goes as 1/n + 1/m, so the floor is brought to the samples' N.
    at_n = floor["frechet"] * sum(1 / x for x in n) / sum(1 / x for x in n_floor)
    if scores["frechet"] < at_n:
        found.append(
            f"below the floor: {scores['frechet']:.3g} is less than real images get (about "
            f"{at_n:.3g} at this N); are these real or memorised images?"
        )
    # The classifier score grows with N, so as many samples are taken as reals made the floor.
    as_many = np.random.default_rng(seed).permutation(probabilities)[: n_floor[1]]
    score = inception_score(as_many, seed=seed)
    if score.mean - score.std > floor["inception"] + floor["inception_std"]:
        found.append(
            f"above the reals: {n_floor[1]:,} real images get a "
            f"{extractor.score_names['inception']} of {floor['inception']:.3g}, as many samples "
            f"{score.mean:.3g}; a perfect generator gets no more than the reals"
        )
    return tuple(found)
