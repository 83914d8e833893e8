"""Checks of lesson 12: BIM, norms, what a file keeps, a network that hides, which attack."""

import numpy as np

from gankit.checks import Check, show

# --- the basic iterative method ------------------------------------------------------------------


def _climb(slope, x, epsilon, step, steps, *, ball=True, box=True, once=False, down=False,
           late=False, sign=np.sign):  # fmt: skip
    """BIM, or what one forgets of it."""
    made, first = x, slope(x)
    for _ in range(steps):
        uphill = first if once else slope(made)
        made = made + (-step if down else step) * sign(uphill)
        if ball and not late:
            made = np.clip(made, x - epsilon, x + epsilon)
        if box:
            made = np.clip(made, 0, 1)
    return np.clip(made, x - epsilon, x + epsilon) if late else made


def _slope(x):
    """Five pixels' slopes: three keep their sign, one turns, one hangs on another."""
    a, b, c, d, e = x
    return np.array([1.0, 2.0, 4 * (0.14 - c), -3.0, 5 * (0.61 - b)])


def _bim(**forgot):
    return lambda slope, x, epsilon, step, steps: _climb(slope, x, epsilon, step, steps, **forgot)


def _in_place(slope, x, epsilon, step, steps):
    """`made += ...` while made is x: the first step moves x, and the ball's centre with it."""
    made = x = x + step * np.sign(slope(x))
    for t in range(steps):
        made = made + step * np.sign(slope(made)) if t else made
        made = np.clip(np.clip(made, x - epsilon, x + epsilon), 0, 1)
    return made


bim = Check(
    reference=_bim(),
    right="a step, back into the ball, back into the box, and a new gradient each time",
    look="In each round: the slope *where you are*, a step along its sign, and two clips.",
    cases=((_slope, np.array([0.97, 0.5, 0.1, 0.3, 0.7]), 0.1, 0.03, 6),),
    wrong={
        _bim(ball=False): "It left the ball: the clip to x - epsilon and x + epsilon is missing, "
        "or goes round the last image in place of the first. Ten steps of a fifth of .05 then "
        "leave 1 garment in 100 in place of 9: stronger, as the change is .1.",
        _bim(box=False): "A pixel is above 1 or below 0: no image. The second clip is missing.",
        _bim(ball=False, box=False): "Nothing brings it back: both clips are missing.",
        _in_place: "`made += ...` works in place: it changes x itself, and the ball goes with it. "
        "Write made = made + ...",
        _bim(once=True): "The gradient was asked for once, at x: that is FGSM, in one step or in "
        "small ones. Take the slope anew, where you are.",
        _bim(down=True): "It goes down: the network gets surer. Which sign makes the loss rise?",
        _bim(late=True): "The ball's clip comes after the loop. On the way the attack walks, and "
        "takes its slopes, where it must not be. Clip in each round.",
        _bim(sign=lambda s: s): "The slope itself is the step: large where it is steep. The "
        "step's length is to be `step` in every pixel: take the sign.",
        (lambda slope, x, epsilon, step, steps: _climb(slope, x, epsilon, 2 * epsilon, steps)): (
            "Each step is 2 epsilon long: it bounces from wall to wall of the ball. On the "
            "garments ten such steps leave 18 in 100, ten short ones 9. Use `step`."
        ),
        (lambda slope, x, epsilon, step, steps: _climb(slope, x, epsilon, epsilon, steps)): (
            "Each step is epsilon long: after one, it is at the wall already. Use `step`."
        ),
    },
)


# --- four sizes of a perturbation ----------------------------------------------------------------


def _sizes(images, adversarial, tolerance=1 / 510, l2=None, worst=None, l1=None, axes=(1, 2)):
    d = np.abs(np.asarray(adversarial, "float64") - images)
    changed = np.any(d > tolerance, axis=-1) if axes == (1, 2) else d > tolerance
    flat = d.reshape(len(d), -1)
    return np.stack(
        [
            changed.reshape(len(d), -1).sum(axis=1),
            (l1 or (lambda f: f.sum(axis=1)))(flat),
            (l2 or (lambda f: np.sqrt((f**2).sum(axis=1))))(flat),
            (worst or (lambda f: f.max(axis=1)))(flat),
        ],
        axis=1,
    )


_A = np.array([0.2, 0.5, 0.8, 0.4, 0.1, 0.9, 0.3, 0.6]).reshape(2, 2, 2, 1)
_D = np.array([0.3, 0.0001, -0.4, 0.003, 0.0, -0.12, 0.0003, 0.0]).reshape(2, 2, 2, 1)


def _with(**other):
    return lambda images, adversarial: _sizes(images, adversarial, **other)


four_norms = Check(
    reference=_with(),
    right="how many, how much in all, how long, how much at worst; an image a row",
    look="A row an image: l0, l1, l2, l-infinity, each of |adversarial - image|.",
    cases=((_A, _A + _D),),
    wrong={
        _with(tolerance=0): "l0 counts float dust: two pixels differ by less than half a step of "
        "8 bits. Count what a file would keep: changes above 1/510.",
        _with(tolerance=1 / 255): "l0 misses a pixel: a change of more than *half* a step of 8 "
        "bits, 1/510, already makes another level.",
        _with(l2=lambda f: np.full(len(f), np.sqrt((f**2).sum()))): "The l2 is that of the whole "
        "batch: of 32 images it grows like the root of 32. Sum over the pixels of each image.",
        _with(worst=lambda f: f.mean(axis=1)): "The last column is a mean. l-infinity is the "
        "worst pixel.",
        _with(l2=lambda f: (f**2).sum(axis=1)): "l2 is squared: its root is missing.",
        _with(l1=lambda f: f.mean(axis=1)): "l1 is a mean over the pixels; it is the sum.",
        (lambda a, b: _sizes(a, b, tolerance=0, worst=lambda f: f.mean(axis=1))): "Two things: "
        "l0 counts float dust, and l-infinity is a mean in place of the worst pixel.",
        (lambda a, b: _sizes(a, b).T): "The rows are the norms: wanted is a row an image.",
        (lambda a, b: _sizes(np.zeros_like(a), b)): "These are the sizes of the adversarial "
        "images, not of what was added to them: subtract first.",
        (lambda a, b: np.stack([_sizes(a, b)[:, 0], (np.asarray(b, "float64") - a).reshape(
            len(a), -1).sum(axis=1), *_sizes(a, b)[:, 2:].T], axis=1)): "l1 adds changes with "
        "their signs, so that up and down cancel. Take |...| first.",
    },
)  # fmt: skip


# --- over the line, and saved --------------------------------------------------------------------


def _to_the_line(x, w, b, boxed=True):
    """The nearest image on the line w x + b = 0, within the box or not."""
    made = x
    for _ in range(12):
        stuck = ((made <= 0) & (w > 0)) | ((made >= 1) & (w < 0))
        free = np.where(stuck, 0, w) if boxed else w
        made = made - (w @ made + b) * free / (free @ free)
        if boxed:
            made = np.clip(made, 0, 1)
    return made


def _saved(x, w, b, overshoot, boxed=True, clip=True, bytes_=True):
    made = x + (1 + overshoot) * (_to_the_line(x, w, b, boxed) - x)
    made = np.clip(made, 0, 1) if clip else made
    return np.rint(made * 255) / 255 if bytes_ else made


_LINE = (np.array([204, 51, 4, 230]) / 255, np.array([3.0, -4.0, 2.0, -1.5]), 0.1, 0.2)

past_the_line = Check(
    reference=_saved,
    right="past the line, in the box, and in bytes",
    look="Three things, in this order: the way from x made longer; what lies outside of [0, 1] cut "
    "off; each pixel rounded to a 255th.",
    cases=(_LINE,),
    wrong={
        (lambda x, w, b, o: _saved(x, w, b, o, bytes_=False)): "Measured before rounding. What "
        "is saved counts: a file keeps 256 levels.",
        (lambda x, w, b, o: _saved(x, w, b, 0)): "It stops on the line: `overshoot` is not used. "
        "Rounding then throws a coin.",
        (lambda x, w, b, o: _saved(x, w, b, o - 1)): "Only the overshoot is gone, not the way: "
        "multiply by 1 + overshoot.",
        (lambda x, w, b, o: _saved(x, w, b, 1)): "That goes twice as far as the line. It "
        "survives, and is twice as long: `overshoot` is the share to be added.",
        (lambda x, w, b, o: _saved(x, w, b, o, boxed=False)): "The box was forgotten on the way, "
        "and clipped last: what is cut off is missing, and the image may go back. Pixels that "
        "would leave the box must not count.",
        (lambda x, w, b, o: _saved(x, w, b, o, clip=False)): "A pixel lies outside of [0, 1]. No "
        "file keeps that: clip before you round.",
        (lambda x, w, b, o: _saved(x, w, b, o, clip=False, bytes_=False)): "No clip and no "
        "rounding: that is not yet what a file keeps.",
        (lambda x, w, b, o: np.rint(np.clip((1 + o) * _to_the_line(x, w, b), 0, 1) * 255) / 255): (
            "The whole image was made brighter. It is the *way from x* that becomes longer."
        ),
        (lambda x, w, b, o: np.floor(_saved(x, w, b, o, bytes_=False) * 255) / 255): "Each pixel "
        "was cut down to a level. A picture is rounded to the nearest: np.rint.",
        (lambda x, w, b, o: np.rint(_saved(x, w, b, o, bytes_=False) * 255)): "Those are bytes, 0 "
        "to 255. Divide again: images lie in [0, 1].",
    },
)


# --- the second network, and what to do about it -------------------------------------------------


def second_network(network):
    """Network B of lesson 12. How it is made is told in the lesson, in "Made to fail"."""
    import keras

    return keras.Model(network.inputs[0], network.outputs[0] * 20.0, name="b")


NEXT = {
    "a": "report that B is robust",
    "b": "take more steps: BIM in place of FGSM",
    "c": "take a larger epsilon",
    "d": "look at the gradient itself: is there anything to follow?",
    "e": "add noise to the images, so that the gradient is not 0",
}
_NEXT = {
    "a": "B decides as A does, image by image: what fools the one fools the other. Decisions are "
    "equal; the attack is not.",
    "b": "The step is epsilon times sign(0), and 0 stays 0: a hundred of them go nowhere.",
    "c": "sign(0) = 0 times any epsilon is 0. You saw it: the accuracy hardly moves.",
    "e": "Near the image B is as sure as on it: in float32 the gradient is 0 there, too. The loss "
    "is flat, not the network.",
}


def _letter(answer, known):
    """One letter of `known`, in small; None for anything else."""
    if isinstance(answer, (list, tuple, set)) and len(answer) == 1:
        answer = next(iter(answer))
    letter = str(answer).strip().lower()
    return letter if letter in known else None


def _check_diagnose(answer):
    letter = _letter(answer, NEXT)
    if letter is None:
        return f"Your answer is {show(answer)}: wanted is one letter from a to e."
    return _NEXT.get(letter)


diagnose = Check(
    reference="d",
    right="zeros are no robustness: look whether the attack had anything to follow",
    look="What does the attack follow, and is there any of it?",
    own=_check_diagnose,
)


# --- which attack answers which question? --------------------------------------------------------

ATTACKS = {
    "a": "FGSM",
    "b": "PGD, several restarts",
    "c": "Carlini-Wagner",
    "d": "JSMA",
    "e": "SPSA",
    "f": "universal perturbation",
    "g": "fooling images",
    "h": "VAT",
}
QUESTIONS = {
    1: "How far, in l2, is the nearest image of another class?",
    2: "Is there anything within .03 of this image, pixel by pixel, that the network gets wrong?",
    3: "A service tells me its ten scores, and nothing else. Can its verdicts be turned?",
    4: "I know the network. How few pixels are enough?",
    5: "One sticker for the camera's lens, whatever it sees?",
    6: "Is the network sure of things that are no garment at all?",
    7: "A thousand images, no labels: in which direction is the output most unsteady?",
}
_ANSWERS = dict(zip(QUESTIONS, "cbedfgh"))
_WHY = {
    1: "Question 1 asks for a smallest distance in l2. Which attack makes that norm its goal, in "
    "place of being given an epsilon?",
    2: "Question 2 gives a ball and asks for the worst point in it: the strongest search with "
    "gradients, and not from one start only. One step is not a search.",
    3: "Question 3: scores, but no gradient. Which attack gets along with scores alone, and still "
    "moves every pixel?",
    4: "Question 4 is about l0, and gradients are known.",
    5: "Question 5 is about the scope: one perturbation for all images.",
    6: "Question 6 is about the other kind of error: nothing is there, and a garment is seen.",
    7: "Question 7: without labels there is no loss of a label. Which attack looks only at how far "
    "the output moves?",
}


def _check_chosen(answer):
    if not isinstance(answer, dict) or set(answer) != set(QUESTIONS):
        return (
            f"Your answer is {show(answer)}: wanted is a dict with a letter for each of the "
            f"questions 1 to {len(QUESTIONS)}."
        )
    for number, given in answer.items():
        letter = _letter(given, ATTACKS)
        if letter is None:
            return f"For question {number} you say {given!r}: wanted is a letter from a to h."
        if letter != _ANSWERS[number]:
            return _WHY[number]
    return None


chosen = Check(
    reference=_ANSWERS,
    right="by norm, by knowledge, by aim: the question chooses the attack",
    look="Ask which norm, what is known, and what is aimed at.",
    own=_check_chosen,
)
