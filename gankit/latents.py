"""What G is fed: latent vectors, and ways from one to another (lesson 02)."""

import numpy as np

KINDS = ("normal", "uniform")


def sample(n, dim, kind="normal", seed=None):
    """`n` latent vectors.

    Args:
        n, dim: the shape of the result.
        kind: "normal", N(0, 1), or "uniform", U(-1, 1).
        seed: the same seed gives the same vectors, on any backend.

    Returns:
        NumPy float32 `(n, dim)`.
    """
    rng = np.random.default_rng(seed)
    drawn = rng.uniform(-1, 1, (n, dim)) if kind == "uniform" else rng.standard_normal((n, dim))
    return drawn.astype("float32")


def linear(z0, z1, t):
    """The point a share `t` of the way from `z0` to `z1` along the straight line."""
    return (1 - t) * z0 + t * z1


def spherical(z0, z1, t):
    """The point a share `t` of the way from `z0` to `z1` along the great circle (White 2016).

    It keeps the length that a normal latent vector has, about sqrt(dim); half-way along the
    straight line, two independent vectors are a factor of sqrt(2) shorter.
    """
    cosine = np.dot(z0, z1) / (np.linalg.norm(z0) * np.linalg.norm(z1))
    angle = np.arccos(np.clip(cosine, -1, 1))
    if np.isclose(np.sin(angle), 0):  # the same direction, or opposite ones
        return linear(z0, z1, t)
    return (np.sin((1 - t) * angle) * z0 + np.sin(t * angle) * z1) / np.sin(angle)


PATHS = {"spherical": spherical, "linear": linear}
