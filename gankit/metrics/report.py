"""All scores of samples at once, with the card that says what they may be compared with.

A score alone says little: with another extractor, resize, N or split it would be another number.
So `evaluate` gives two more with each, of the same N as far as there are images: the *floor*, what
real images score that took no part, and what uniform noise scores. Noise is a landmark and no
maximum: images in a wrong range score far worse.
"""

import numpy as np

from gankit.datasets import Images
from gankit.inputs import check_count
from gankit.metrics import features as extractors
from gankit.metrics.card import PUBLISHED, Report, alarms, verdict
from gankit.metrics.frechet import frechet_distance
from gankit.metrics.inception_score import inception_score
from gankit.metrics.kernel_distance import kernel_distance
from gankit.metrics.neighbours import density_coverage, precision_recall

LEAST = 40  # images of each set: the floor halves the reals, the classifier score has 10 splits


def evaluate(
    real, fake, features="fashion_mnist", n=None, held_out=None, split="not stated", noise=True,
    seed=0,
):  # fmt: skip
    """All scores of samples against real images; every image goes through the network once.

    Args:
        real, fake: `Images` or arrays `(n, height, width, channels)` in [0, 1], of one size, at
            least 40 of each.
        features: as `gankit.metrics.features.features` takes it: a name, a network, an extractor.
        n: how many of each are drawn, of `held_out` as many as there are; None for all.
        held_out: real images beside `real`, for the floor. Without them a part of `real` is taken
            for the samples, and the rest for the data; the card says how many.
        split: which images `real` are ("test", "train"); stands on the card.
        noise: False leaves the noise out, a third of the time.
        seed: of all draws.

    Returns:
        `Report`.

    Raises:
        TypeError, ValueError: for other images than the extractor takes, sets of two sizes, too few
            images, and as `features` raises. The message begins with the set's name.
    """
    extractor = extractors.features(features)
    sets = {"real": real, "fake": fake} | ({} if held_out is None else {"held_out": held_out})
    for name, images in sets.items():
        try:
            array = check_set(extractor, images, n if name != "held_out" else None)
            sets[name] = images if isinstance(images, Images) else array
        except (TypeError, ValueError) as error:
            raise type(error)(f"{name}: {error}") from None
    shapes = {name: getattr(x, "images", x).shape[1:] for name, x in sets.items()}
    if len(set(shapes.values())) > 1:
        raise ValueError(f"all sets have one image size, but these have {shapes}: resize them")

    found = {name: extractor(drawn(images, n, seed)) for name, images in sets.items()}
    n_real, n_fake = len(found["real"][0]), len(found["fake"][0])
    if held_out is None:
        data, like_samples = halves(found["real"], n_fake, seed)
    else:
        data, like_samples = found["real"][0], [x[:n_fake] for x in found["held_out"]]
    n_floor = (len(data), len(like_samples[0]))
    scores, settings = all_scores(found["real"][0], *found["fake"], seed)
    floor, _ = all_scores(data, *like_samples, seed)
    if noise:
        seen = noise_features(extractor, n_fake, shapes["fake"], seed)
        noise = all_scores(found["real"][0], *seen, seed)[0]
    n, chances = (n_real, n_fake), found["fake"][1]
    comparable = extractor.standard and min(n_real, n_fake) >= PUBLISHED
    whose = "of them" if held_out is None else "held out"
    conditions = {
        "data": f"{getattr(real, 'name', None) or 'an array'}; split: {split or 'not stated'}",
        "extractor": f"{extractor.name}, {extractor.dimensions:,} dimensions, "
        f"hash {extractor.hash[:12]}",
        "resize": extractor.resize,
        "N": f"{n_real:,} real, {n_fake:,} samples",
        "real": f"the floor: {n_floor[1]:,} {whose} as samples of the {n_floor[0]:,} others",
        "noise": "uniform noise: a landmark, no maximum" if noise else "left out",
        **settings,
        "verdict": verdict(extractor.standard, comparable),
    }
    return Report(
        scores=scores,
        floor=floor,
        noise=noise or {},
        names=extractor.score_names,
        n_real=n_real,
        n_fake=n_fake,
        n_floor=n_floor,
        conditions=conditions,
        warnings=alarms(extractor, scores, floor, n, n_floor, chances, seed),
        comparable=comparable,
    )


def check_set(extractor, images, n):
    """The images as an array; TypeError or ValueError unless `n` of them can be scored."""
    array = extractor.check(images)
    there = len(array)
    n = there if n is None else check_count("n", n)
    if n > there:
        raise ValueError(f"n asks for {n:,} of {there:,} images: ask for no more than there are")
    if n < LEAST:
        raise ValueError(f"{n:,} images; {LEAST} are the least")
    return array


def drawn(images, n, seed):
    """`n` of the images or all there are, without repetition; in their order if n is None."""
    if n is None:
        return images
    if isinstance(images, Images):
        return images.take(min(n, len(images)), seed)
    return images[np.random.default_rng(seed).permutation(len(images))[:n]]


def halves(real, n_fake, seed):
    """The reals in two: features that stay the data; features, probabilities like `n_fake` samples.

    At most half of them play the samples.
    """
    order = np.random.default_rng(seed).permutation(len(real[0]))
    part = min(n_fake, len(order) // 2)
    return real[0][order[part:]], [x[order[:part]] for x in real]


def noise_features(extractor, n, shape, seed, at_once=500):
    """Features and probabilities of `n` images of uniform noise, made as they are needed."""
    rng = np.random.default_rng(seed)
    sizes = [min(at_once, n - start) for start in range(0, n, at_once)]
    parts = [extractor(rng.random((size, *shape), dtype="float32")) for size in sizes]
    return [np.concatenate(x) for x in zip(*parts)]


def all_scores(real, fake, probabilities, seed):
    """A dict of all scores of `fake` features `(n, d)`, and a dict of their settings in words."""
    frechet = frechet_distance(real, fake, terms=True)
    score = inception_score(probabilities, seed=seed)
    kernel = kernel_distance(real, fake, seed=seed)
    near, dense = precision_recall(real, fake), density_coverage(real, fake)
    scores = {
        "frechet": frechet.distance,
        "mean_term": frechet.mean_term,
        "covariance_term": frechet.covariance_term,
        "inception": score.mean,
        "inception_std": score.std,
        "kernel": kernel.mean,
        "kernel_std": kernel.std,
        "precision": near.precision,
        "recall": near.recall,
        "density": dense.density,
        "coverage": dense.coverage,
    }
    return scores, {
        "splits": f"{score.splits}, {score.order}",
        "subsets": f"{kernel.subsets} of {kernel.subset_size:,}",
        "neighbours": f"{near.k} for precision and recall, {dense.k} for density and coverage",
    }
