"""How far an image was moved: norms of the perturbation, likeness to the eye, rounding to bytes."""

import numpy as np
from scipy.ndimage import gaussian_filter


def norms(images, adversarial, bounds=(0.0, 1.0), tolerance=1 / 510):
    """Sizes of the perturbation d of each image x, a dict of float64 `(n,)`.

    - "l0": pixels that changed, in any channel, by more than `tolerance` of the range of `bounds`:
      by default half a step of 8 bits, below which a change is lost when the image is saved.
      (Of exact inequality nothing but rounding dust would be counted.)
    - "l1", "l2", "linf": sum of |d|; square root of the sum of d^2; largest |d|, over all channels.
    - "rho": ||d||_2 / ||x||_2, the robustness measure of Moosavi-Dezfooli et al. 2016, eq. 2; NaN
      for an image that is all 0.

    Args:
        images, adversarial: float `(n, ...)` of one shape.
    """
    x, d = np.asarray(images, "float64"), np.asarray(adversarial, "float64")
    d = d - x
    changed = np.abs(d) > tolerance * (bounds[1] - bounds[0])
    changed = changed.any(axis=-1) if d.ndim == 4 else changed
    flat = np.abs(d.reshape(len(d), -1))
    length = np.sqrt((x.reshape(len(x), -1) ** 2).sum(axis=1))
    l2 = np.sqrt((flat**2).sum(axis=1))
    return {
        "l0": changed.reshape(len(d), -1).sum(axis=1).astype("float64"),
        "l1": flat.sum(axis=1),
        "l2": l2,
        "linf": flat.max(axis=1),
        "rho": np.divide(l2, length, out=np.full(len(d), np.nan), where=length > 0),
    }


def ssim(images, others, bounds=(0.0, 1.0)):
    """Structural similarity of pairs of images, `(n,)`: 1 for equal ones.

    Wang, Bovik, Sheikh and Simoncelli 2004, eq. 13, in its standard form: a Gaussian window of
    11 x 11 pixels with sigma 1.5, K1 = .01, K2 = .03, L the range of `bounds`; the mean over all
    windows that lie within the image, and over the channels.

    Args:
        images, others: float `(n, height, width, channels)`. Smaller than 11 pixels, or of
            another rank: NaN.
    """
    x, y = np.asarray(images, "float64"), np.asarray(others, "float64")
    if x.ndim != 4 or min(x.shape[1:3]) < 11:
        return np.full(len(x), np.nan)
    reach = bounds[1] - bounds[0]
    c1, c2 = (0.01 * reach) ** 2, (0.03 * reach) ** 2

    def mean(z):
        return gaussian_filter(z, (0, 1.5, 1.5, 0), radius=(0, 5, 5, 0))[:, 5:-5, 5:-5]

    mx, my = mean(x), mean(y)
    vx, vy, cov = mean(x * x) - mx**2, mean(y * y) - my**2, mean(x * y) - mx * my
    likeness = (2 * mx * my + c1) * (2 * cov + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))
    return likeness.mean(axis=(1, 2, 3))


def rounded(images, bounds=(0.0, 1.0)):
    """The images as they come back from an 8-bit file: each pixel on one of 256 levels."""
    low, high = bounds
    levels = np.rint((np.asarray(images, "float64") - low) / (high - low) * 255)
    return (low + levels / 255 * (high - low)).astype("float32")
