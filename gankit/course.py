"""What the notebooks' own cells call: `setup`, `check` and `todo`."""

import contextlib
import difflib
import importlib
import logging
import os
import sys

from gankit.checks import Check, find_fault

PROFILES = {
    "smoke": "everything runs, so short that little is learnt; seconds",
    "classroom": "small things are trained here, long ones were recorded; {}",
    "full": "everything is trained here; much longer than the classroom profile's {}",
}
OKABE_ITO = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#000000"]


class Profile:
    """How much a notebook does: `profile(smoke=5, classroom=300, full=300)` picks a value."""

    def __init__(self, name):
        self.name = name

    def __call__(self, *, smoke, classroom, full):
        """The value for this profile."""
        return {"smoke": smoke, "classroom": classroom, "full": full}[self.name]

    def __repr__(self):
        return f"Profile({self.name!r})"


def setup(minutes, data=None, title=None):
    """Prepare a notebook; called by its first code cell.

    Keras is imported with the backend's start-up lines hidden, everything random is seeded, and
    matplotlib is given its style. `$GANKIT_PROFILE` (smoke, classroom or full; default classroom)
    says how much the notebook does. Two or three lines are printed: the title, profile and time,
    and the data.

    Args:
        minutes: how long the classroom profile takes: (on two cores, with a GPU).
        data: what the notebook works on: a text, or anything with a `.name`, such as `Images`.
        title: of the notebook.

    Returns:
        The `Profile`, with a `.name`; call it to pick a value.

    Raises:
        ValueError: for an unknown profile.
    """
    name = os.environ.get("GANKIT_PROFILE") or "classroom"
    if name not in PROFILES:
        raise ValueError(
            f"$GANKIT_PROFILE is {name!r}; wanted is one of {', '.join(PROFILES)}"
            + _did_you_mean(name, PROFILES)
        )
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # errors only
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")  # two notebooks on one GPU
    # TensorFlow warns of many small networks; a filter, as it sets its own level in a notebook.
    logging.getLogger("tensorflow").addFilter(lambda record: record.levelno >= logging.ERROR)
    with _hidden_start_up():
        import keras

        keras.utils.set_random_seed(0)
        keras.ops.zeros(1)  # wakes the backend and its devices, while nobody listens
    _set_style()

    cpu, gpu = minutes
    time = f"about {cpu:g} min on two cores, {gpu:g} min with a GPU"
    if title:
        print(title)
    print(f"profile {name}: {PROFILES[name].format(time)}")
    if data is not None:
        print(f"data: {getattr(data, 'name', data)}")
    return Profile(name)


@contextlib.contextmanager
def _hidden_start_up():
    """TensorFlow writes its first lines past Python, straight to file descriptor 2."""
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _set_style():
    import matplotlib as mpl

    mpl.rcParams.update(
        {
            "figure.dpi": 72,
            "savefig.dpi": 72,
            "figure.figsize": (6, 3.5),
            "axes.prop_cycle": mpl.cycler(color=OKABE_ITO),  # Okabe & Ito 2008
            "axes.spines.top": False,
            "axes.spines.right": False,
            "legend.frameon": False,
            "image.cmap": "gray",
        }
    )


class NotSolved(Exception):
    """What `todo()` raises."""


def todo(hint=None):
    """Stands where a solution is to be written.

    In a function it is called, `todo()`, and raises. Where a value is wanted the name itself
    stands, `answer = todo`: `check` takes both for "not solved yet".
    """
    raise NotSolved("not solved yet: write it in place of todo()" + (f". {hint}" if hint else ""))


def check(name, solution):
    """Check the solution of an exercise, and say which idea a wrong one comes from.

    Args:
        name: lesson and exercise, such as "01.discriminator_loss".
        solution: the learner's function or value.

    Returns:
        `solution` if it is right, else the reference, so that the cells below run all the same.

    Raises:
        ValueError: if there is no such exercise.
    """
    exercise = _find(name)
    short = name.partition(".")[2]
    try:
        if _is_blank(solution):
            todo()
        fault = find_fault(exercise, solution, short)
    except NotSolved:
        print("not solved yet: going on with the reference")
        return exercise.reference
    except Exception as error:  # the learner's own: told plainly, and the notebook goes on
        fault = (
            f"{short} stopped with {type(error).__name__}: {error}\n"
            "Call it by hand in a new cell: the last line of what Python says shows the place."
        )
    if fault is None:
        print(f"ok: {exercise.right}")
        return solution
    print(f"not yet: {fault}\nThe cells below use the reference until then.")
    return exercise.reference


def _is_blank(solution):
    if isinstance(solution, dict):
        solution = list(solution.values())
    if isinstance(solution, (list, tuple)):
        return any(_is_blank(part) for part in solution)
    return solution is todo


def _find(name):
    lesson, _, exercise = name.partition(".")
    try:
        module = importlib.import_module(f"gankit.checks.lesson_{lesson}")
    except ModuleNotFoundError:
        raise ValueError(
            f"there are no checks for lesson {lesson!r}; a check is named like "
            "'01.discriminator_loss'"
        ) from None
    known = {key: value for key, value in vars(module).items() if isinstance(value, Check)}
    if exercise not in known:
        raise ValueError(
            f"lesson {lesson} has no exercise {exercise!r}, only {', '.join(known)}"
            + _did_you_mean(exercise, known)
        )
    return known[exercise]


def _did_you_mean(name, known):
    near = difflib.get_close_matches(name, known, n=1)
    return f". Did you mean {near[0]!r}?" if near else ""
