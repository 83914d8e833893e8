"""One pixel attack: a few pixels, found by differential evolution from outputs alone."""

import itertools

import numpy as np

from gankit.attacks.batches import batches, check_outputs, given_back, margins
from gankit.attacks.inputs import check_targets, checked
from gankit.inputs import check_count

F = 0.5  # how much of a difference is added, in the paper


def one_pixel(model, images, labels, *, pixels=1, population=100, steps=20, exhaustive=True,
              targeted=False, bounds=(0.0, 1.0), batch_size=256, seed=0,
              from_logits=None):  # fmt: skip
    """One pixel attack, Su, Vargas and Sakurai 2019 (IEEE TEVC 23), section III.

    A candidate is a list of `pixels` places, each with its new colour. In each generation every
    candidate c_i gets a rival, c_r1 + 0.5 (c_r2 - c_r3) with random r1, r2, r3, and the better of
    the two stays. Better is the larger margin, the best other logit minus the label's (the paper
    takes the label's probability, which does not tell whether an image fools). An image is done
    as soon as one of its candidates fools; gradients are never asked for.

    The paper begins with random candidates, and evolves 400 of them for 100 generations. Here
    each pixel is first set to each of its extremes (black and white; 8 corners of red, green and
    blue), and the best of these are the first generation, alone or together: so the result is at
    least as good as the best of all extremes, and few generations do.

    Args:
        model, images, labels, targeted, bounds, batch_size, seed, from_logits: as in `fgsm`;
            images of rank 4.
        pixels: how many may change in an image (all channels of a place count as one).
        population: candidates an image. steps: generations.
        exhaustive: whether the extremes are tried, height x width x 2^channels queries an image;
            False for large images: random candidates, as in the paper.

    Returns:
        Array of the shape and dtype of `images`, within `bounds`: each image with its best
        candidate, whether it fools or not; not `targeted`, misclassified images are left alone.

    Raises:
        TypeError, ValueError: as `fgsm`, for images of another rank, for counts below 1.
    """
    victim, x, labels, bounds = checked(model, images, labels, bounds, from_logits)
    if x.ndim != 4:
        raise ValueError(f"images (n, height, width, channels) have pixels; these are {x.shape}")
    pixels, population = check_count("pixels", pixels), check_count("population", population, 4)
    steps, seed = check_count("steps", steps, least=0), check_count("seed", seed, least=0)
    batch_size = check_count("batch_size", batch_size)
    if targeted:
        check_targets(victim, x, labels, batch_size)

    made = x.copy()
    queries = steps * population + (2 ** x.shape[3] * x[0, ..., 0].size if exhaustive else 0)
    chunks = -(-queries * min(len(x), batch_size) // batch_size)
    for part, tick in batches(len(x), batch_size, "one pixel", chunks):
        rng = np.random.default_rng(seed)  # an image's luck does not depend on its batch

        def tried(who, genes, part=part, tick=tick):
            """Margins `(m, population)` of candidates of some images, above 0 where they fool."""
            numbers = part.start + who
            found = candidate_margins(victim, x[numbers], labels[numbers], genes, batch_size, tick)
            check_outputs(found, numbers)
            return -found if targeted else found

        who = np.arange(part.stop - part.start)
        clean = tried(who, np.zeros((len(who), 1, 0, 2 + x.shape[3]), "float32"))[:, 0]
        who = who[clean <= 0]
        if not len(who):
            continue
        start = first_extremes if exhaustive else first_random
        genes, scores = start(tried, who, x.shape[1:], pixels, population, bounds, rng)
        for _ in range(steps):
            going = np.flatnonzero(scores.max(axis=1) <= 0)
            if not len(going):
                break
            rivals = recombined(genes[going], x.shape[1:], bounds, rng)
            new = tried(who[going], rivals)
            better = new > scores[going]
            genes[going] = np.where(better[..., None, None], rivals, genes[going])
            scores[going] = np.where(better, new, scores[going])
        best = genes[np.arange(len(who)), scores.argmax(axis=1)]
        made[part.start + who] = altered(x[part][who], best)
    return given_back(made, images, bounds)


def altered(images, genes):
    """Images `(m, h, w, c)` with the pixels of their genes, `(m, pixels, 2 + c)`, put in.

    A gene is (row, column, colour ...); rows and columns are rounded down. Of two genes at one
    place the later one counts.
    """
    made = images.copy()
    each = np.arange(len(images))
    for gene in np.moveaxis(genes, 1, 0):
        rows, columns = gene[:, :2].astype(int).T
        made[each, rows, columns] = gene[:, 2:]
    return made


def candidate_margins(victim, images, labels, genes, batch_size, tick=bool):
    """Margins `(n, population)` of images with genes `(n, population, pixels, 2 + c)` put in."""
    n, population = genes.shape[:2]
    owners, members = np.divmod(np.arange(n * population), population)
    found = np.empty(n * population)
    for start in range(0, len(found), batch_size):
        some = slice(start, start + batch_size)
        candidates = altered(images[owners[some]], genes[owners[some], members[some]])
        found[some] = margins(victim.logits(candidates, batch_size), labels[owners[some]])
        tick()
    return found.reshape(n, population)


def first_extremes(tried, who, shape, pixels, population, bounds, rng):
    """The first generation, from all extremes of all pixels: genes and their scores.

    With one pixel these are the best ones. With more, the first candidate has the best ones
    together, the second the best one alone, and each of the others one of the best and some
    random others of them.
    """
    places = itertools.product(range(shape[0]), range(shape[1]))
    colours = list(itertools.product(bounds, repeat=shape[2]))
    singles = [(r + 0.5, c + 0.5, *colour) for r, c in places for colour in colours]
    singles = np.array(singles, "float32")
    every = np.broadcast_to(singles[:, None], (len(who), len(singles), 1, 2 + shape[2]))
    scores = tried(who, every)
    order = np.argsort(-scores, axis=1, kind="stable")[:, np.arange(population) % len(singles)]
    if pixels == 1:
        return singles[order][:, :, None], np.take_along_axis(scores, order, axis=1)
    picks = rng.integers(population, size=(population, pixels))
    picks[:, 0] = np.arange(population)
    picks[0], picks[1] = np.arange(pixels) % population, 0
    genes = singles[order[:, picks]]
    return genes, tried(who, genes)


def first_random(tried, who, shape, pixels, population, bounds, rng):
    """The paper's first generation: places anywhere, colours normal round the middle."""
    low, high = bounds
    places = rng.uniform(0, shape[:2], (population, pixels, 2))
    colours = rng.normal((low + high) / 2, (high - low) / 2, (population, pixels, shape[2]))
    genes = np.concatenate([places, colours], axis=2).astype("float32")
    genes = np.repeat(inside(genes, shape, bounds)[None], len(who), axis=0)
    return genes, tried(who, genes)


def recombined(genes, shape, bounds, rng):
    """A rival for each candidate; the same three different numbers r1, r2, r3 for all images."""
    n = genes.shape[1]
    one, two, three = np.argsort(rng.random((n, n)), axis=1)[:, :3].T
    return inside(genes[:, one] + F * (genes[:, two] - genes[:, three]), shape, bounds)


def inside(genes, shape, bounds):
    """Genes cut to places of the image and colours within bounds."""
    low = np.array([0, 0, *[bounds[0]] * shape[2]], "float32")
    high = np.array([shape[0] - 0.01, shape[1] - 0.01, *[bounds[1]] * shape[2]], "float32")
    return np.clip(genes, low, high).astype("float32")
