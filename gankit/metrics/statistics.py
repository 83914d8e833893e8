"""Moments of real images, kept in a file, with what they hold for.

The file is an `.npz` with `mu` and `sigma`, the names that TTUR, pytorch-fid and clean-fid use, so
that theirs can be read here and ours there. They store nothing else, so nothing tells by which
network, after which resize, the numbers came about. Ours say so, and a mismatch is refused.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from gankit.metrics.arrays import checked_count, checked_moments
from gankit.metrics.frechet import frechet_distance_from_moments, moments

LABELS = ("extractor", "resize", "split")


@dataclass(frozen=True, eq=False)
class Statistics:
    """Mean and covariance of features, and where they come from; None where the file is silent.

    Args:
        mu, sigma: `(d,)` and `(d, d)`, float64, ddof 1.
        n: number of images.
        extractor: the extractor's `hash`, of its weights and resize mode.
        resize: the resize mode in words.
        split: which images: "test", "train", ...

    Raises:
        TypeError: for labels that are no text: of an extractor, give its `.hash`.
        ValueError: for what is no moments, or an n below 2.
    """

    mu: np.ndarray = field(repr=False)
    sigma: np.ndarray = field(repr=False)
    n: int | None = None
    extractor: str | None = None
    resize: str | None = None
    split: str | None = None

    def __post_init__(self):
        mu, sigma = checked_moments(self.mu, self.sigma)
        object.__setattr__(self, "mu", mu)
        object.__setattr__(self, "sigma", sigma)
        if self.n is not None:
            checked_count("n", self.n, 2)
        for name in LABELS:
            if not isinstance(getattr(self, name), str | None):
                raise TypeError(
                    f"{name} is a text, not {getattr(self, name)!r}: of an extractor, its .hash"
                )

    @classmethod
    def of(cls, features, **labels):
        """Of features `(n, d)`; `labels` are `extractor`, `resize` and `split`."""
        return cls(*moments(features), n=len(features), **labels)

    def distance(self, features, extractor=None):
        """Frechet distance of features `(m, d)` to these; give the `.hash` of what made them.

            network = gankit.metrics.features.features("fashion_mnist")
            load_statistics(path).distance(network(images)[0], extractor=network.hash)

        Raises:
            ValueError: if these statistics are of another extractor, or do not say; other shapes.
        """
        if extractor is not None and extractor != self.extractor:
            raise ValueError(
                f"extractor is {self.extractor or 'not recorded'!r}, that of the features "
                f"{extractor!r}: distances across the two mean nothing; take both with one"
            )
        return frechet_distance_from_moments(self.mu, self.sigma, *moments(features))

    def save(self, path):
        """Write all of it to `path`, which ends in `.npz`."""
        if Path(path).suffix != ".npz":
            raise ValueError(f"the file's name ends in .npz, unlike {str(path)!r}")
        known = {name: getattr(self, name) for name in ("n", *LABELS)}
        known = {name: value for name, value in known.items() if value is not None}
        np.savez(path, mu=self.mu, sigma=self.sigma, **known)


def load(path, extractor=None, resize=None, split=None):
    """The `Statistics` in a file of ours, or a bare `mu` and `sigma` of another library.

    Args:
        path: an `.npz`.
        extractor, resize, split: what the statistics must be of, if it matters: for Frechet
            distances to the features of `network`, give `extractor=network.hash`.

    Raises:
        ValueError: if the file has no `mu` and `sigma`, or is damaged, or if it is of something
            else than what is asked for, or does not say. FileNotFoundError: if there is none.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            names = file.files
            arrays = {x: file[x] for x in ("mu", "sigma", "n", *LABELS) if x in names}
    except FileNotFoundError:
        raise
    except Exception as error:  # of NumPy and of zip files: half a dozen kinds
        raise ValueError(f"{path} is no .npz of numbers, or is damaged ({error})") from error
    if not {"mu", "sigma"} <= set(names):
        raise ValueError(f"{path} holds {names}; statistics are `mu` and `sigma`")
    mu, sigma, n = arrays["mu"], arrays["sigma"], arrays.get("n")
    stored = {name: str(arrays[name]) for name in LABELS if name in arrays}
    for name, wanted in zip(LABELS, (extractor, resize, split)):
        if wanted is not None and wanted != stored.get(name):
            raise ValueError(
                f"{path}: {name} is {stored.get(name, 'not recorded')!r}, wanted {wanted!r}; "
                "distances across the two mean nothing. Take the statistics anew"
                + ("" if name in stored else f", or leave {name}= out if you know what they are of")
            )
    return Statistics(mu, sigma, None if n is None else checked_count("n", n, 2), **stored)
