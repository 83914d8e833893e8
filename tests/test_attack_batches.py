"""What the loops of all attacks share: batches, a progress line, the dropping of the finished."""

import io
import sys

import numpy as np
import pytest

from gankit.attacks import batches as module
from gankit.attacks.batches import batches, generators, given_back, halved, margins


class Output(io.StringIO):
    def __init__(self, live):
        super().__init__()
        self.isatty = lambda: live


def printed(monkeypatch, live, seconds_a_step, n=10, batch_size=4, steps=5):
    """What is written while each step takes so long."""
    clock, out = [0.0], Output(live)
    monkeypatch.setattr(module.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(sys, "stdout", out)
    parts = []
    for part, tick in batches(n, batch_size, "Some attack", steps):
        parts.append((part.start, part.stop))
        for _ in range(steps):
            clock[0] += seconds_a_step
            tick()
    assert parts == [(0, 4), (4, 8), (8, 10)]
    return out.getvalue()


def test_what_is_quick_is_quiet(monkeypatch):
    assert printed(monkeypatch, True, 0.1) == ""
    assert printed(monkeypatch, False, 1.9) == ""


def test_what_takes_long_tells_how_long(monkeypatch):
    monkeypatch.delenv("GANKIT_PROFILE", raising=False)
    lines = printed(monkeypatch, True, 1.0).split("\r")[1:]
    assert lines[0].startswith("Some attack · 1/10 images · 2 s, 10 s left")
    assert lines[-1].split() == ["Some", "attack", "·", "10", "images", "·", "15", "s"]
    logged = printed(monkeypatch, False, 10.0).splitlines()
    assert len(logged) == 5 and logged[0] == "Some attack · 2/10 images · 30 s, 1 min 35 s left"
    assert logged[-1] == "Some attack · 10 images · 2 min 30 s"


@pytest.mark.parametrize("n", [1, 2, 7, 64])
def test_finished_images_are_dropped_by_halves(n):
    rng, active, finished, sizes = np.random.default_rng(0), np.arange(n), np.zeros(n, bool), {n}
    for i in rng.permutation(n):
        finished[i] = True
        active = halved(active, finished)
        going = np.flatnonzero(~finished)
        assert set(going) <= set(active) and len(set(active)) == len(active)
        assert len(active) < 2 * len(going) + 1  # more than half of them are still at work
        sizes.add(len(active))
    assert len(active) == 0
    assert len(sizes) <= np.log2(n) + 3  # few sizes, so few compilations


def test_what_did_not_move_comes_back_to_the_bit():
    given = np.random.default_rng(0).random((3, 5))
    made = given.astype("float32")
    made[1, 2] = 0.25
    back = given_back(made, given, (0, 1))
    assert back.dtype == "float64" and (back != given).sum() == 1 and back[1, 2] == 0.25
    assert given_back(np.float32([[1.5]]), np.float32([[1.0 + 1e-7]]), (0, 1)).max() == 1.0


def test_an_images_chance_is_its_own():
    all_of_them = [rng.random() for rng in generators(0, slice(0, 6))]
    assert [rng.random() for rng in generators(0, slice(2, 4))] == all_of_them[2:4]
    assert len(set(all_of_them + [rng.random() for rng in generators(0, slice(0, 6), 1)])) == 12


def test_margins_leave_the_label_out():
    logits = np.float32([[-3, -1, -2], [5, 1, 4]])
    np.testing.assert_allclose(margins(logits, [0, 0]), [2, -1])
