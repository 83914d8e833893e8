"""Checks of lesson 03: both scores by hand, a published claim, two models, comparable figures."""

import numpy as np

from gankit.checks import Check, show

# --- Frechet distance of two Gaussians on a line -------------------------------------------------

frechet_1d = Check(
    reference=lambda mean1, sd1, mean2, sd2: (mean1 - mean2) ** 2 + (sd1 - sd2) ** 2,
    right="means and standard deviations, each difference squared",
    look="Two squares, added: how far apart the means are, and how far apart the spreads.",
    cases=((1.0, 0.5, -2.0, 2.5),),
    wrong={
        (lambda m1, s1, m2, s2: (m1 - m2) ** 2 + (s1**2 - s2**2) ** 2): "That takes the difference "
        "of the variances. The spreads count as standard deviations: take the root first.",
        (lambda m1, s1, m2, s2: (m1 - m2) ** 2 + s1**2 + s2**2): "The cross term is missing: "
        "variances add up, and then twice the root of their product is taken off. As it is, two "
        "equal Gaussians would be apart.",
        (lambda m1, s1, m2, s2: np.hypot(m1 - m2, s1 - s2)): "That is the root of it. What papers "
        "print as a Frechet distance is squared, strictly speaking.",
        (lambda m1, s1, m2, s2: (m1 - m2) ** 2): "Those are the means alone. A G that draws one "
        "average garment for ever would get 0.",
        (lambda m1, s1, m2, s2: (s1 - s2) ** 2): "Those are the spreads alone; the means are "
        "missing.",
        (lambda m1, s1, m2, s2: (m1 - m2 + s1 - s2) ** 2): "The differences were added before they "
        "were squared; so a mean too high and a spread too small would cancel. Square each.",
        (lambda m1, s1, m2, s2: abs(m1 - m2) + abs(s1 - s2)): "Both differences are there, but not "
        "squared.",
        (lambda m1, s1, m2, s2: (m1 - m2) ** 2 + abs(s1**2 - s2**2)): "Squared standard deviations "
        "are not what is to be subtracted: subtract first, then square.",
    },
)


# --- the Inception Score's formula, one split ----------------------------------------------------


def _score(p, marginal=None, summary=np.mean):
    """exp of the mean KL of rows from a marginal; `summary` of the rows' divergences."""
    marginal = np.mean(p, axis=0) if marginal is None else marginal
    return np.exp(summary(np.sum(p * np.log(p / marginal), axis=1)))


def _entropy(p):
    return -np.sum(p * np.log(p), axis=-1)


_P = np.array([[0.8, 0.1, 0.1], [0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]])

classifier_score = Check(
    reference=_score,
    right="sure of each image, even over all of them",
    look="Three steps: the mean of the rows; each row's divergence from it, a sum over classes; "
    "the mean of these, and exp of that.",
    cases=((_P,),),
    wrong={
        (lambda p: np.log(_score(p))): "That is the mean divergence itself; exp is missing, which "
        "turns it into something like a number of classes.",
        (lambda p: _score(p, np.full(3, 1 / 3))): "That measures from a uniform marginal, as if "
        "all classes came equally often; the mean along the other axis gives that, too, for each "
        "row adds up to 1. The marginal is the mean of *these* rows, over the images: axis 0.",
        (lambda p: np.exp(np.mean(p * np.log(p / p.mean(axis=0))))): "The mean was taken over "
        "images *and* classes. The sum runs over the classes, the mean over the images alone.",
        (lambda p: np.exp(np.mean(np.sum(p * np.log2(p / p.mean(axis=0)), axis=1)))): "The "
        "logarithm is to base 2, and exp undoes the natural one. Take np.log.",
        (lambda p: np.mean(np.exp(np.sum(p * np.log(p / p.mean(axis=0)), axis=1)))): "exp came "
        "before the mean. Average the divergences first.",
        (lambda p: _score(p, summary=np.sum)): "The divergences were summed over the images: twice "
        "as many images would square it. Take their mean.",
        (lambda p: np.exp(-np.mean(np.sum(p * np.log(p / p.mean(axis=0)), axis=1)))): "The sign is "
        "turned: a divergence is positive, so a score is at least 1.",
        (lambda p: np.exp(_entropy(p.mean(axis=0)))): "That is the variety of the marginal alone; "
        "how sure the classifier is of each image does not enter.",
        (lambda p: np.exp(np.mean(_entropy(p)))): "That is how *un*sure the classifier is of each "
        "image; where is the marginal?",
        (lambda p: np.exp(np.mean(np.sum(p.mean(axis=0) * np.log(p.mean(axis=0) / p), axis=1)))): (
            "The divergence goes the other way round: from the marginal to the row. It is not "
            "symmetric; each row's own probabilities weigh the logarithms."
        ),
        (lambda p: np.exp(np.sum(p * np.log(p / p.mean(axis=0)), axis=1))): "That is a number for "
        "each image. One is wanted: average before exp.",
    },
)


# --- a published claim: "Inception Score 64 and FID 95 on CIFAR-10, 5,000 samples" ---------------

PUBLISHED = {
    "a": "nothing is wrong: it has a good Inception Score and a poor FID",
    "b": "the FID must be wrong: with such a score it would be far lower",
    "c": "the Inception Score cannot be that of honest samples",
    "d": "both are right, but 5,000 samples are too few to compare with others",
    "e": "nothing can be said without seeing samples",
}
_PUBLISHED = {
    "a": "A good score, far above reality? Real CIFAR-10 images get 11.24: what would a generator "
    "have to draw, to be told apart so much better than the photographs?",
    "b": "95 is possible: a weak model gets that. But 64 is not: the real images get 11.24.",
    "d": "Few samples move a score by a few percent, and mostly downwards. They do not make 64 out "
    "of 11.24, what all the real images get (Salimans et al. 2016).",
    "e": "One thing can: the real images get 11.24. Can a generator of such images get 64?",
}


def _letters(answer, known):
    """The letters in an answer ("AE", "a, e", a list), in small; None if there are unknown ones."""
    if isinstance(answer, str):
        answer = [letter for letter in answer if letter not in ", "]
    try:
        letters = sorted({str(letter).strip().lower() for letter in answer})
    except TypeError:
        return None
    return letters if letters and set(letters) <= set(known) else None


def _check_published(answer):
    letters = _letters(answer, PUBLISHED)
    if letters is None or len(letters) != 1:
        return f"Your answer is {show(answer)}: wanted is one letter from a to e."
    return _PUBLISHED.get(letters[0])


published = Check(
    reference="c",
    right="six times what the images themselves get, together with a FID of 95, is no G that "
    "draws CIFAR-10. Either the measurement is wrong (range, labels, split), or the pictures were "
    "made to please the network",
    look="What do the real images get?",
    own=_check_published,
)


# --- which of two models does the Frechet distance prefer? ---------------------------------------

PAIRS = {
    1: "reals N(0, 1). A draws N(0.5, 1); B draws N(0, 2), a standard deviation of 2",
    2: "reals: half at -1, half at +1. A draws N(0, 1); B draws -1 and +1 only, but +1 in 70 of "
    "100 cases",
    3: "reals: 10,000 garments. A shows the same 200 photographs, 20 of each class, over and over; "
    "B shows photographs that are all different, each with a little grain",
}
_PREFERS = {1: "a", 2: "a", 3: "a"}
_WHY = {
    1: "Pair 1: work it out by exercise 1. A is off by 0.5 in the mean, B by 1 in the spread, and "
    "both are squared.",
    2: "Pair 2: only mean and spread count. Those of the reals are 0 and 1, and so are A's; B's "
    "mean is 0.4. That A hardly ever draws a -1 or a +1 is seen by no mean and no spread.",
    3: "Pair 3: was measured in part 8. Twenty of each class have nearly the mean and covariance "
    "of all; a little grain moves every single feature.",
}


def _check_prefers(answer):
    if not isinstance(answer, dict) or set(answer) != set(PAIRS):
        return (
            f"Your answer is {show(answer)}: wanted is a dict {{1: ..., 2: ..., 3: ...}} with a "
            "letter for each pair."
        )
    for pair, letter in answer.items():
        letter = str(letter).strip().lower()
        if letter not in ("a", "b"):
            return f"For pair {pair} you say {letter!r}: wanted is 'a' or 'b'."
        if letter != _PREFERS[pair]:
            return _WHY[pair]
    return None


prefers = Check(
    reference=_PREFERS,
    right="it sees means and covariances, and nothing else",
    look="Only means and covariances enter.",
    own=_check_prefers,
)


# --- which figures may stand in one table with ours? ---------------------------------------------

OURS = (
    "FID 21: Inception of 2015, pytorch-fid's resize, CIFAR-10, 50,000 samples against the 50,000 "
    "training images"
)
FIGURES = {
    "a": "FID 24: the same network and resize, 50,000 samples against the 50,000 training images",
    "b": "FID 19: the same, clean-fid's resize",
    "c": "FID 27: the same, 5,000 samples",
    "d": "FID 23: the same, against the 10,000 test images",
    "e": "FID 18: by another program, whose resize, network and weights are pytorch-fid's; N and "
    "split as ours",
    "f": "Frechet classifier distance 12: a CIFAR-10 classifier of their own; N and split as ours",
    "g": "FID 9: all as ours, but on LSUN bedrooms",
}
_NO = {
    "b": "b has another resize. Parmar et al. found that this alone can move a FID by more than "
    "two models differ.",
    "c": "c has a tenth of the samples, and the bias falls as 1/N: this model may well be better.",
    "d": "d is against other reals, and fewer of them: another split, another N.",
    "f": "f lives in other features. Its units have nothing to do with ours.",
    "g": "g is about other images: a distance to bedrooms says nothing of CIFAR-10.",
}
_YES = {
    "a": "One more may: network, resize, N and split are all that counts. Look at the first.",
    "e": "One more may. It is not the program's name that counts but network, weights, resize, N "
    "and split.",
}


def _check_comparable(answer):
    letters = _letters(answer, FIGURES)
    if letters is None:
        return f"Your answer is {show(answer)}: wanted are letters from a to g, such as ['b', 'c']."
    accepted = [letter for letter in letters if letter in _NO]
    missing = [letter for letter in _YES if letter not in letters]
    return _NO[accepted[0]] if accepted else _YES[missing[0]] if missing else None


comparable = Check(
    reference=["a", "e"],
    right="network and weights, resize, N, split and data: all of them, or no comparison",
    look="Network and weights, resize, N, split, data.",
    own=_check_comparable,
)
