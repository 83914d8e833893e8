"""Two scores that need no more memory for a million images than for a hundred.

`keras.metrics.Metric`s with their state in NumPy's float64 (under JAX, Keras' own variables would
be float32). Call them in a loop or a callback: a compiled training step has no numbers to count.

The state is saved with a model that has the metric as an attribute (of one that is not fitted:
`fit` asks all metrics for results at each step, and before any image there is none). Alone:

    state = {}
    metric.save_own_variables(state)
    np.savez("state.npz", **state)
    metric.load_own_variables(np.load("state.npz"))
"""

import keras
import numpy as np
from scipy.special import entr

from gankit.datasets import Images
from gankit.metrics.arrays import checked_count, checked_features, checked_probabilities
from gankit.metrics.frechet import frechet_distance_from_moments
from gankit.metrics.inception_score import Score


class Moments:
    """Mean and covariance of features that come in batches.

    Kept are n, the mean, and the sum of outer products of what deviates from it: the sum of plain
    outer products would lose its digits where the mean is large beside the spread. Two parts are
    merged by the formula of Chan, Golub & LeVeque (1979).
    """

    def __init__(self, n=0, mean=(), scatter=((),)):
        self.n = int(n)
        self.mean = np.array(mean, dtype="float64")
        self.scatter = np.array(scatter, dtype="float64")

    def checked(self, features):
        """A batch `(b, d)` as float64; ValueError if it cannot be counted with those before."""
        features = checked_features(features, at_least=1)
        d, before = features.shape[1], len(self.mean)
        if self.n and d != before:
            raise ValueError(f"features have {d} dimensions, those before had {before}")
        return features

    def add(self, features):
        """Count a batch `(b, d)`."""
        features = self.checked(features)
        n, d = features.shape
        if not self.n:
            self.mean, self.scatter = np.zeros(d), np.zeros((d, d))
        mean = features.mean(axis=0)
        centred, apart = features - mean, mean - self.mean
        self.scatter += centred.T @ centred
        self.scatter += np.outer(apart * (self.n * n / (self.n + n)), apart)
        self.mean = self.mean + apart * (n / (self.n + n))
        self.n += n

    def result(self):
        """Mean `(d,)` and covariance `(d, d)`, ddof 1, as `gankit.metrics.moments` gives them."""
        if self.n < 2:
            raise ValueError(f"a covariance needs 2 images or more, and {self.n} were counted")
        return self.mean, self.scatter / (self.n - 1)


class Streaming(keras.metrics.Metric):
    """What both have in common: images go through an extractor, others are taken as they are."""

    def __init__(self, extractor=None, name=None, dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.extractor = extractor
        self.reset_state()

    def reset_state(self):
        """Forget all images."""
        self.counted_by = ""  # nothing is counted yet

    def counter(self):
        """The extractor's hash; ValueError if images so far were counted by another."""
        mine = "none" if self.extractor is None else str(getattr(self.extractor, "hash", "no hash"))
        if self.counted_by not in ("", mine):
            raise ValueError(
                f"images so far were counted by the extractor {self.counted_by!r}, and now it is "
                f"{mine!r}: set .extractor to that one, or reset_state()"
            )
        return mine

    def extracted(self, batch, which):
        """Features (0) or probabilities (1) of a batch."""
        batch = batch if isinstance(batch, Images) else keras.ops.convert_to_numpy(batch)
        return batch if self.extractor is None else self.extractor(batch)[which]

    def save_own_variables(self, store):
        """Write the state into `store`, a dict or Keras' own."""
        store["counted_by"] = np.frombuffer(self.counted_by.encode(), dtype="uint8")

    def load_own_variables(self, store):
        """Read what `save_own_variables` wrote. The extractor is not stored: give it anew."""
        self.counted_by = np.asarray(store["counted_by"]).tobytes().decode()


@keras.saving.register_keras_serializable("gankit")
class FrechetDistance(Streaming):
    """`gankit.metrics.frechet_distance` of all images so far.

    Memory: two d x d matrices of float64 and a third while a batch is added, 32 MB each at 2,048
    dimensions, whatever the number of images.

    Args:
        extractor: images -> (features, probabilities), as `gankit.metrics.features.features` gives
            it; None if `update_state` is given features. It is not saved.
    """

    def __init__(self, extractor=None, name="frechet_distance", dtype=None):
        super().__init__(extractor, name, dtype)

    def reset_state(self):
        """Forget all images, real and fake."""
        super().reset_state()
        self.real, self.fake = Moments(), Moments()

    def update_state(self, real=None, fake=None, sample_weight=None):
        """Count a batch of either or both: images, or features `(b, d)` without an extractor.

        Raises:
            ValueError: for other shapes, NaN or infinity, weights, another extractor than before.
        """
        if sample_weight is not None:
            raise ValueError("images have no weights here")
        counter, sides = self.counter(), ((self.real, real), (self.fake, fake))
        found = [  # both are checked before either is counted
            (moments, moments.checked(self.extracted(batch, 0)))
            for moments, batch in sides
            if batch is not None
        ]
        for moments, features in found:
            moments.add(features)
            self.counted_by = counter

    def result(self):
        """The distance, a float in squared units of the features.

        Raises:
            ValueError: before 2 real and 2 fake images.
        """
        return frechet_distance_from_moments(*self.real.result(), *self.fake.result())

    def save_own_variables(self, store):
        """As in `Streaming`."""
        super().save_own_variables(store)
        for side in ("real", "fake"):
            for name, value in vars(getattr(self, side)).items():
                store[f"{side}_{name}"] = np.array(value)

    def load_own_variables(self, store):
        """As in `Streaming`."""
        super().load_own_variables(store)
        for side in ("real", "fake"):
            kept = (np.asarray(store[f"{side}_{name}"]) for name in ("n", "mean", "scatter"))
            setattr(self, side, Moments(*kept))


@keras.saving.register_keras_serializable("gankit")
class InceptionScore(Streaming):
    """`gankit.metrics.inception_score` of all images so far, the i-th in part i mod `splits`.

    Args:
        extractor: as for `FrechetDistance`; None if `update_state` is given probabilities.
        splits: parts, of at least 2 images each.
    """

    def __init__(self, extractor=None, splits=10, name="inception_score", dtype=None):
        self.splits = checked_count("splits", splits)
        super().__init__(extractor, name, dtype)

    def reset_state(self):
        """Forget all images."""
        super().reset_state()
        self.counts = np.zeros(self.splits)  # images of each part,
        self.entropies = np.zeros(self.splits)  # the sum of their entropies
        self.sums = np.zeros((self.splits, 0))  # and of their probabilities

    def update_state(self, batch):
        """Count images, or probabilities `(b, classes)` without an extractor.

        Raises:
            ValueError: for what is no probabilities, or of other classes than before.
        """
        counter = self.counter()
        p = checked_probabilities(self.extracted(batch, 1), at_least=1)
        if not self.sums.size:
            self.sums = np.zeros((self.splits, p.shape[1]))
        if p.shape[1] != self.sums.shape[1]:
            raise ValueError(f"{p.shape[1]} classes, and {self.sums.shape[1]} before")
        parts = (int(self.counts.sum()) + np.arange(len(p))) % self.splits
        member = np.eye(self.splits)[parts]
        self.counts = self.counts + member.sum(axis=0)
        self.entropies = self.entropies + member.T @ entr(p).sum(axis=1)
        self.sums = self.sums + member.T @ p
        self.counted_by = counter

    def result(self):
        """`Score(mean, std, splits, order)`.

        Raises:
            ValueError: before 2 images a part.
        """
        if self.counts.min() < 2:
            raise ValueError(
                f"{self.splits} splits need {2 * self.splits} images or more, and "
                f"{int(self.counts.sum())} were counted"
            )
        marginal = self.sums / self.counts[:, None]
        scores = np.exp(entr(marginal).sum(axis=1) - self.entropies / self.counts)
        return Score(float(scores.mean()), float(scores.std()), self.splits, "i mod splits")

    def get_config(self):
        """Name and splits; not the extractor."""
        return {**super().get_config(), "splits": self.splits}

    def save_own_variables(self, store):
        """As in `Streaming`."""
        super().save_own_variables(store)
        for name in ("counts", "entropies", "sums"):
            store[name] = getattr(self, name)

    def load_own_variables(self, store):
        """As in `Streaming`; ValueError for a state of other splits."""
        if len(np.asarray(store["counts"])) != self.splits:
            raise ValueError(f"the state has {len(store['counts'])} splits, this {self.splits}")
        super().load_own_variables(store)
        for name in ("counts", "entropies", "sums"):
            setattr(self, name, np.asarray(store[name]))
