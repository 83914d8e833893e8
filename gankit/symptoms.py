"""What samples tell of a training: the looks of `TrainingDoctor`, and what it reads from them.

The measures are plain functions of arrays; `Looks` takes them on a GAN while it trains. They
compare distances and ranks, so they mean the same with every loss. The verdicts below are drawn
from the last `FEW` looks together; their limits are told in `gankit.doctor`.
"""

import numpy as np
from keras import ops
from scipy.spatial.distance import cdist

from gankit import inputs, tricks

SAMPLES = 128  # how many samples, and how many reals of each kind, a look takes
PLACES = 16  # reals that mark places which samples may visit
FEW = 4  # looks for which something must be bad

ALIKE, NARROWED = 0.5, 0.3  # samples have collapsed: share of the reals' diversity; of their own
KNOWN = 0.75  # D memorises: how often it prefers a training real to one held out
SWING, PROGRESS = 0.6, 0.8  # in the unit of a look; distance to the reals against the best before


def distances(first, second):
    """Distance of each sample in `first` from each in `second`: `(n, m)`, over all pixels."""
    return cdist(*(np.reshape(x, (len(x), -1)) for x in (first, second)))


def spread(samples):
    """Mean distance between two different ones of the samples."""
    return float(distances(samples, samples).sum() / (len(samples) * (len(samples) - 1)))


def visited(samples, places):
    """Share of the `places` that are the nearest place of at least one sample."""
    return len(set(distances(samples, places).argmin(axis=1))) / len(places)


def energy_distance(samples, reals):
    """How far two sets are apart (Szekely & Rizzo 2013): 0 where they are of one kind."""
    return 2 * float(distances(samples, reals).mean()) - spread(samples) - spread(reals)


def outranks(first, second):
    """How often one of `first` is larger than one of `second`: 0.5 where they do not differ."""
    first, second = np.ravel(first)[:, None], np.ravel(second)
    return float((first > second).mean() + 0.5 * (first == second).mean())


def some(gan, data, name, n):
    """At most `n` of the data, drawn by chance, as D takes them; an error if it does not."""
    try:
        if hasattr(data, "batches"):  # Images, ImageFiles
            data = data.batches(min(n, len(data)))[0]
        inputs.check_samples(data, gan.discriminator.input_shape[1:])
    except (TypeError, ValueError) as error:
        raise type(error)(f"TrainingDoctor({name}=...): {error}") from None
    if len(data) < 4 * PLACES:
        raise ValueError(
            f"TrainingDoctor({name}=...): {len(data)} are too few, give {4 * PLACES} or more"
        )
    chosen = np.random.default_rng(0).permutation(len(data))[:n]
    return np.asarray(data, "float32")[chosen]


class Looks:
    """Looks, again and again, at a GAN's samples of the same latent vectors.

    Nothing of the GAN moves, its random states included. D is asked in training mode, as it
    judges while it learns, but without the instance noise it may be trained under.

    Args:
        gan: a `GAN`.
        reals: training data, as `fit` takes them (no `PyDataset`), of which 144 are used; or None.
        held_out: data of the same kind that it is not trained on; or None.

    Raises:
        ValueError, TypeError: for data that D does not take, or too few of them.
    """

    def __init__(self, gan, reals=None, held_out=None):
        self.latent = gan.sample_latent(SAMPLES, 0)
        self.reals = self.held_out = None
        self.taken = []
        if reals is not None:
            chosen = some(gan, reals, "reals", PLACES + SAMPLES)
            self.places, self.reals = chosen[:PLACES], chosen[PLACES:]
            self.unit = spread(self.reals) or 1.0
            self.all = visited(self.reals, self.places)
        if held_out is not None:
            self.held_out = some(gan, held_out, "held_out", SAMPLES)

    def take(self, gan):
        """Look once more; returns what the last `FEW` looks say, a dict of sentences or None.

        Looked at is G as it trains, not its average, which would hide a swing.
        """
        samples = ops.convert_to_numpy(gan.generator(self.latent, training=False))
        outputs = ()
        if self.held_out is not None:
            outputs = [
                tricks.frozen_call(gan.discriminator, ops.convert_to_tensor(x))
                for x in (self.reals, self.held_out)
            ]
        outputs = [ops.convert_to_numpy(x) for x in outputs]
        self.taken.append(self.measure(np.asarray(samples, "float64"), *outputs))
        for old in self.taken[-FEW - 1 : -FEW]:
            del old["mean"]  # an image a look: only the last ones are asked for
        return {
            kind: judge(self.taken) if len(self.taken) >= FEW else None
            for kind, judge in VERDICTS.items()
        }

    def measure(self, samples, real=None, held_out=None):
        """A look's figures, from samples and D's outputs on reals: a dict.

        `unit`: the reals' spread, without reals the samples' largest so far; `spread`, in it;
        `mean`, the mean sample, in it; with reals, `visited`: the share of the places reals
        visit; `distance` to the reals; with held out ones, `memory`.
        """
        width = spread(samples)
        if self.reals is None:  # all there is to compare with is the run's own past
            self.unit = max(width, getattr(self, "unit", 1e-12))
        look = {"spread": width / self.unit, "mean": samples.mean(axis=0).ravel() / self.unit}
        if self.reals is not None:
            look["visited"] = visited(samples, self.places) / self.all
            look["distance"] = energy_distance(samples, self.reals) / self.unit
        if held_out is not None:
            look["memory"] = outranks(real, held_out)
        return look


# What the last looks say, in words; None where all is well.


def stuck(looks):
    """Whether none of the last looks found the samples clearly nearer to the reals than before."""
    before, last = looks[:-FEW], looks[-FEW:]
    nearest = min((look["distance"] for look in before), default=np.inf)
    return min(look["distance"] for look in last) >= PROGRESS * nearest


def collapsing(looks):
    """Whether the samples are alike, and stay so."""
    last = looks[-FEW:]
    now = last[-1]
    if "visited" not in now:
        if max(look["spread"] for look in last) >= NARROWED:
            return None
        seen = f"{now['spread']:.0%} as far from each other as they once were"
    else:
        if max(min(look["spread"], look["visited"]) for look in last) >= ALIKE or not stuck(looks):
            return None
        seen = (
            f"{now['spread']:.0%} as far from each other as reals are, and fall into "
            f"{now['visited']:.0%} of the places where reals lie"
        )
    return (
        f"G collapses: its samples are {seen}, and in the last {FEW} looks this did not improve. "
        "To try: a smaller rate for G, or a larger one for D; beta_1=0.5 in both optimizers; batch "
        "norm in D; instance_noise=0.1 or r1=0.3 in compile()."
    )


def memorising(looks):
    """Whether D knows the training data by heart."""
    last = [look.get("memory", 0.0) for look in looks[-FEW:]]
    if min(last) < KNOWN:
        return None
    return (
        "D memorises. It gives a training real a higher output than a real it has not been trained "
        f"on in {last[-1]:.0%} of all pairs (50 % if it judged both alike): G hears less and less "
        "of what makes a sample real. To try: more data; a smaller D, or dropout in it; r1=0.3 or "
        "instance_noise=0.1 in compile(); or to stop at an earlier checkpoint."
    )


def oscillating(looks):
    """Whether the samples swing to and fro and come no nearer to the reals."""
    last = looks[-FEW:]
    means = np.stack([look["mean"] for look in last])
    path = np.linalg.norm(np.diff(means, axis=0), axis=1).sum()
    net = np.linalg.norm(means[-1] - means[0])
    if "distance" not in last[0] or path < SWING * (FEW - 1) or net > path / 2 or not stuck(looks):
        return None
    return (
        f"G swings to and fro without progress. From one look to the next its mean sample moves "
        f"by {path / (FEW - 1):.0%} of the distance between two reals, and comes back. To try: "
        "rates ten times smaller; beta_1=0.5 (or 0) in both optimizers; r1=0.3 in compile(); "
        "ema=0.999 (the default), whose samples average the swings away; with loss='wasserstein' "
        "keep its gradient_penalty."
    )


VERDICTS = {"collapsing": collapsing, "memorising": memorising, "oscillating": oscillating}
