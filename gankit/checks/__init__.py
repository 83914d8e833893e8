"""What the lessons' exercises are checked with: one module a lesson, one `Check` an exercise.

A check speaks to the idea. It calls the learner's solution on a few small, *asymmetric* inputs, on
which every known wrong idea gives another result, and says which idea gave this one.
`gankit.course.check("01.discriminator_loss", solution)` finds `lesson_01.discriminator_loss`.
"""

import copy
from collections.abc import Callable
from typing import NamedTuple

import numpy as np


class Check(NamedTuple):
    """One exercise.

    Attributes:
        reference: the right solution, a function or a value, which later cells go on with when
            the learner's is not there yet.
        right: what is said of a right solution, after "ok: "; no decimals, so that it reads alike
            in every profile.
        look: where to look, said when none of the known ideas gives what came out.
        cases: of a function: tuples of arguments. Both solutions are called on each.
        wrong: of a function: `{function: sentence}`, wrong ideas and what to say of each.
        own: a function `(solution) -> None or a sentence`, for what cases cannot tell: values, or
            several right answers. It is asked alone, or after the cases if there are any.
    """

    reference: object
    right: str
    look: str
    cases: tuple = ()
    wrong: dict = {}
    own: Callable | None = None


def find_fault(check, solution, name="your answer"):
    """What is wrong with `solution`, in a few sentences; None if nothing is."""
    if check.cases and not callable(solution):
        return f"{name} is {show(solution)}: a function is wanted here, not what it gives back."
    for case in check.cases:
        call = f"{name}({', '.join(show(argument) for argument in case)})"
        wanted = as_array(check.reference(*copy.deepcopy(case)))
        with np.errstate(all="ignore"):
            value = solution(*copy.deepcopy(case))
            ideas = [(as_array(idea(*case)), text) for idea, text in check.wrong.items()]
        if value is None:
            return f"{call} gives nothing back: is there a return in it?"
        try:
            got = as_array(value)
        except (TypeError, ValueError):
            return f"{call} gives {type(value).__name__} {show(value)}: wanted are numbers."
        if wanted.ndim == 0 and got.size == 1:
            got = got.reshape(())
        if same(got, wanted):
            continue
        known = [text for result, text in ideas if same(got, result)]
        if known:
            return f"{call} gives {show(got)}. {known[0]}"
        if got.shape != wanted.shape:
            return (
                f"{call} gives {show(got)}, {shape(got)}: wanted is {shape(wanted)}. {check.look}"
            )
        return f"{call} gives {show(got)}, and that differs from what is right. {check.look}"
    return check.own(solution) if check.own else None


def as_array(value):
    """Numbers of any backend as a float64 array."""
    if hasattr(value, "detach"):  # a tensor of PyTorch
        value = value.detach().cpu()
    return np.asarray(value).astype("float64")


def same(a, b):
    """Whether two arrays have one shape and, within rounding, one content."""
    return a.shape == b.shape and np.allclose(a, b, rtol=1e-3, atol=1e-6, equal_nan=True)


def show(value):
    """A short text for what goes into a solution and what comes out of it."""
    if callable(value):
        return getattr(value, "__name__", "a function")
    try:
        array = np.asarray(value)
    except ValueError:  # lists of unequal length
        return repr(value)
    if array.dtype.kind not in "fiub":
        return repr(value)
    if array.size > 8:
        return f"<{'x'.join(map(str, array.shape))} numbers>"
    return np.array2string(array, separator=", ", formatter={"float": "{:.4g}".format})


def shape(array):
    """The shape of an array in words."""
    return f"an array of shape {array.shape}" if array.ndim else "one number"
