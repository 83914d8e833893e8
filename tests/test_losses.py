"""Losses against their formulas, their equilibria, and what the logs say."""

import numpy as np
import pytest
from keras import ops

from gankit import losses

REAL, FAKE = np.array([[2.0], [-1.0]], "float32"), np.array([[-2.0], [1.5]], "float32")


def sigmoid(t):
    return 1 / (1 + np.exp(-t))


P, Q = sigmoid(REAL), sigmoid(FAKE)
D = -np.log(P).mean() - np.log(1 - Q).mean()

# name: D's loss and G's loss on REAL and FAKE, written out
BY_HAND = {
    "minimax": (D, np.log(1 - Q).mean()),
    "non_saturating": (D, -np.log(Q).mean()),
    "least_squares": (
        ((REAL - 1) ** 2).mean() / 2 + (FAKE**2).mean() / 2,
        ((FAKE - 1) ** 2).mean() / 2,
    ),
    "hinge": ((0 + 2) / 2 + (0 + 2.5) / 2, 0.25),
    "wasserstein": (-0.25 - 0.5, 0.25),
}


@pytest.mark.parametrize("name", losses.LOSSES)
def test_each_loss_is_its_formula(name):
    loss = losses.get(name)
    d = float(loss.discriminator(ops.array(REAL), ops.array(FAKE), 1.0, 0.0))
    np.testing.assert_allclose([d, float(loss.generator(ops.array(FAKE)))], BY_HAND[name], 1e-5)


def test_where_d_cannot_tell():
    """2 ln 2 for D; ln 2 and -ln 2 for G. With a real label of .9 D settles at .45, at 1.376."""
    zero = ops.zeros((4, 1))
    d, g, g_minimax = (
        float(losses.cross_entropy_d(zero, zero, 1.0, 0.0)),
        float(losses.non_saturating_g(zero)),
        float(losses.minimax_g(zero)),
    )
    np.testing.assert_allclose([d, g, g_minimax], [2 * np.log(2), np.log(2), -np.log(2)], 1e-6)
    logits = np.linspace(-3, 3, 6001)
    smooth = [np.log1p(np.exp(t)) * 2 - 0.9 * t for t in logits]
    best = logits[np.argmin(smooth)]
    assert sigmoid(best) == pytest.approx(0.45, abs=1e-3)
    at_best = losses.cross_entropy_d(ops.array([[best]]), ops.array([[best]]), 0.9, 0.0)
    assert float(at_best) == pytest.approx(1.376, abs=1e-3)
    assert float(losses.non_saturating_g(ops.array([[best]]))) == pytest.approx(0.799, abs=1e-3)


def test_only_the_saturating_loss_is_flat_where_d_is_sure():
    def slope(f, at=-10.0, h=0.5):
        return (float(f(ops.array([[at + h]]))) - float(f(ops.array([[at - h]])))) / (2 * h)

    assert abs(slope(losses.minimax_g)) < 1e-4
    assert slope(losses.non_saturating_g) == pytest.approx(-1, abs=1e-3)


def test_no_overflow_at_large_outputs():
    big = ops.array([[200.0], [-200.0]])
    for loss in losses.LOSSES.values():
        assert np.isfinite(float(loss.discriminator(big, big, 1.0, 0.0)))
        assert np.isfinite(float(loss.generator(big)))


def test_what_the_logs_mean_depends_on_the_loss():
    def read(name, real, fake):
        logs = losses.read_outputs(losses.get(name), ops.array(real), ops.array(fake))
        assert list(logs) == losses.output_names(losses.get(name))
        return {key: float(value) for key, value in logs.items()}

    logs = read("non_saturating", REAL, FAKE)
    assert logs["d_accuracy"] == 0.5 and logs["d_real"] == 0.5
    assert logs["p_real"] == pytest.approx(P.mean()) and logs["p_fake"] == pytest.approx(Q.mean())
    # least squares decides at 0.5, not at 0; and its output is no logit
    logs = read("least_squares", [[0.7], [0.3]], [[0.2], [0.4]])
    assert logs["d_accuracy"] == 0.75 and "p_real" not in logs
    assert "p_real" not in read("hinge", REAL, FAKE)
    assert list(read("wasserstein", REAL, FAKE)) == ["d_real", "d_fake"]


def test_an_unknown_name_suggests_the_nearest():
    with pytest.raises(ValueError, match="did you mean 'least_squares'"):
        losses.get("least_square")
