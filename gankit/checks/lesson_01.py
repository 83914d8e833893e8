"""Checks of lesson 01: the best discriminator, both losses, counting modes.

The losses are written in `keras.ops`, so that networks can be trained with the references.
"""

import numpy as np
from keras import ops

from gankit.checks import Check

# --- the best discriminator, from the densities p of reals and q of fakes ------------------------

best_discriminator = Check(
    reference=lambda p, q: p / (p + q),
    right="a share between 0 and 1, and 1/2 where reals and fakes are equally dense",
    look="Ask of what arrives at one place x: which share of it is real?",
    cases=(
        (np.array([0.5, 0.02]), np.array([0.1, 0.3])),
        (0.25, 0.25),
    ),
    wrong={
        (lambda p, q: p / q): "That is how many times denser the reals are: a ratio has no upper "
        "end, and 5 is no probability. Compare the reals with all that arrives at x.",
        (lambda p, q: q / (p + q)): "That is high where the fakes live: reals and fakes are "
        "swapped. D answers 'how likely is this real?'",
        (lambda p, q: p > q): "That is a verdict, yes or no. The best D also says how sure it may "
        "be: where the densities are close, it should stay near a half.",
        (lambda p, q: p): "That is the reals' density alone. A place can be dense in reals and "
        "denser in fakes: what D should say depends on both.",
        (lambda p, q: p - q): "A difference of densities can be negative, and grows with them: it "
        "is no probability. Ask for a share instead.",
        (lambda p, q: 0.5 * np.ones_like(p)): "A half is right only where reals and fakes are "
        "equally dense: at the end of the game, not in its course.",
    },
)


# --- D's loss, from its logits on reals and on fakes ---------------------------------------------

REAL, FAKE = np.array([2, -1], "float32"), np.array([-2, 1.5], "float32")
SURE = np.array([-200, 1.5], "float32")  # D is quite sure that the first is a fake


def push_up(logits):
    """Small where D says "real"."""
    return ops.mean(ops.softplus(-logits))


def push_down(logits):
    """Small where D says "fake"."""
    return ops.mean(ops.softplus(logits))


def _d_loss(real, fake):
    return push_up(real) + push_down(fake)


def _naive_g_loss(real, fake):
    return -ops.mean(ops.log(ops.sigmoid(fake)))


def _naive_d_loss(real, fake):
    return -ops.mean(ops.log(ops.sigmoid(real))) - ops.mean(ops.log(1 - ops.sigmoid(fake)))


discriminator_loss = Check(
    reference=_d_loss,
    right="reals pushed up, fakes pushed down, both halves added",
    look="One half should be small when the logits on reals are large, the other when those on "
    "fakes are very negative; each is a mean of softplus.",
    cases=((REAL, FAKE), (-SURE, -SURE)),
    wrong={
        (lambda real, fake: _d_loss(-real, -fake)): "The labels are swapped: this D is praised "
        "for calling reals fake. Which sign makes the loss small when a real gets a large logit?",
        (lambda real, fake: push_up(real)): "The fakes never enter: this D may call everything "
        "real and pay nothing. Algorithm 1 has two terms.",
        (lambda real, fake: push_down(fake)): "The reals never enter: this D may call everything "
        "fake and pay nothing. Algorithm 1 has two terms.",
        (lambda real, fake: _d_loss(real, fake) / 2): "The halves were averaged, and Algorithm 1 "
        "adds them: a D that cannot tell should pay 2 ln 2, not ln 2.",
        (lambda real, fake: -_d_loss(real, fake)): "This is what D wants large, and an optimizer "
        "makes a loss small: look at the sign of the whole.",
        (lambda real, fake: 2 * _d_loss(real, fake)): "The examples were summed, and Algorithm 1 "
        "takes their mean: else twice the batch would mean twice the slope.",
        (lambda real, fake: ops.softplus(-real) + ops.softplus(fake)): "That is one loss for each "
        "pair, and an optimizer wants one number. Algorithm 1 says which: look at the 1/m.",
        (lambda real, fake: ops.mean(fake) - ops.mean(real)): "Those are the logits themselves: "
        "such a loss has no lower end. Each logit has to go through softplus.",
        _naive_d_loss: "Here D was very sure and wrong: its sigmoid is 0 or 1 to the last bit, "
        "and the log of 0 is infinite. softplus works on the logits themselves.",
    },
)


# --- G's loss, from the same logits --------------------------------------------------------------

generator_loss = Check(
    reference=lambda real, fake: push_up(fake),
    right="steepest where D sees through the fakes, which is where G needs it most",
    look="It should be large when D gives the fakes very negative logits, with a slope there of "
    "about -1.",
    cases=((REAL, FAKE), (REAL, SURE)),
    wrong={
        (lambda real, fake: -push_down(fake)): "That is the minimax loss: where D gives a fake "
        "the logit -10, its slope is 4.5e-5, next to nothing when G most needs it. Let G raise "
        "the log of D's probability instead of lowering the log of the rest.",
        (lambda real, fake: push_down(fake)): "This falls when D calls the fakes fake: so G helps "
        "D. Which sign makes the loss small when a fake gets a large logit?",
        _d_loss: "That is all of D's loss: with it G helps D. And the reals do not depend on G: "
        "their half gives it no slope.",
        (lambda real, fake: -_d_loss(real, fake)): "That is minus all of D's loss, the minimax "
        "game: flat where D is sure, and the reals' half gives G no slope.",
        (lambda real, fake: push_up(real) + push_up(fake)): "The half with the fakes is right. "
        "The reals do not depend on G and give it no slope: leave them to D.",
        (lambda real, fake: -ops.mean(fake)): "Those are the logits themselves: the slope is -1 "
        "even on fakes that already fool D, and the loss has no lower end. Each logit has to go "
        "through softplus.",
        (lambda real, fake: ops.softplus(-fake)): "That is one loss for each fake, and an "
        "optimizer wants one number. Algorithm 1 says which: look at the 1/m.",
        (lambda real, fake: ops.sum(ops.softplus(-fake))): "The fakes were summed, and Algorithm "
        "1 takes their mean: else twice the batch would mean twice the slope.",
        _naive_g_loss: "Here D was very sure of a fake: its sigmoid is 0 to the last bit, and the "
        "log of 0 is infinite. softplus works on the logits themselves.",
    },
)


# --- counting modes, from samples (n, 2), centres (m, 2) and the modes' standard deviation -------


def _shares(samples, centres, std, reach=4):
    """For each centre, the share of all samples that are nearest to it and within `reach` std."""
    distance = np.linalg.norm(samples[:, None] - centres[None], axis=2)
    nearest = distance == distance.min(axis=1, keepdims=True)
    return np.mean(nearest & (distance <= reach * std), axis=0)


def _ring(std=0.02):
    """200 samples about eight centres; four of the modes count, each for its own reason."""
    angle = np.arange(8) * np.pi / 4
    centres = 2 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    plan = [  # mode, how many samples, how many std outside of its centre
        (0, 120, 0.5),
        (1, 35, 3.5),  # at the edge, but near enough
        (2, 4, 0.5),  # few, but enough
        (7, 4, 0.5),
        (3, 1, 0.5),  # a stray
        (4, 15, 20),  # many, but not near
        (5, 12, 15),
        (6, 9, 25),
    ]
    parts = [np.tile(centres[i] * (1 + away * std / 2), (n, 1)) for i, n, away in plan]
    return np.concatenate(parts), centres, std


count_modes = Check(
    reference=lambda *ring: np.sum(_shares(*ring) >= 0.01),
    right="a mode counts when samples are near it, and enough of them",
    look="A mode counts when at least one in a hundred of all samples lies within 4 std of it: "
    "near *and* enough.",
    cases=(_ring(),),
    wrong={
        (lambda *ring: np.sum(_shares(*ring, reach=np.inf) >= 0.01)): "Every sample was given to "
        "its nearest centre, however far: so noise gets 8 of 8. Near means within 4 std.",
        (lambda *ring: np.sum(_shares(*ring, reach=np.inf) > 0)): "Every sample was given to its "
        "nearest centre, and one was enough: so noise gets 8 of 8. Ask for samples within 4 std, "
        "and for 1 % of all.",
        (lambda *ring: np.sum(_shares(*ring) > 0)): "One sample near a mode was enough: so a stray "
        "counts as a mode that G has learnt. Ask for 1 % of all samples.",
        (lambda *ring: np.sum(_shares(*ring) >= 1 / 16)): "Something like an equal share was asked "
        "of each mode, but uneven is not missing. 1 % of all samples is enough.",
        (lambda *ring: np.sum(_shares(*ring, reach=1) >= 0.01)): "Only samples within 1 std were "
        "near enough, but six in ten of the *real* ones lie farther out. Go as far as 4 std.",
        _shares: "Those are the shares of the modes: how many of them are at least 1 %?",
    },
)
