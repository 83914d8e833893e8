"""From images of any size to what the Inception network takes: resize and scaling together.

Published FIDs differ by as much as models do where this step differs (Parmar et al. 2022), so a mode
names both halves of it, as one of three programs does them:

| mode | resize to 299 x 299 | scaling | program |
|---|---|---|---|
| `"ttur"` | bilinear as in TensorFlow 1: corners aligned at the top left, no antialias | (x - 128) / 128 of 0 to 255 | the FID's first code (TTUR), torch-fidelity |
| `"pytorch_fid"` | bilinear, pixel centres aligned, no antialias | 2 x - 1 of 0 to 1 | pytorch-fid |
| `"clean_fid"` | bicubic with antialias, as Pillow's on floats, clipped to 0 to 255 | (x - 128) / 128 | clean-fid |

The scalings differ by up to 1/128. All three programs begin with images of 8 bits (files, or uint8
arrays); none rounds after its resize. We do not round at all: give images that were 8 bits, divided
by 255, to compare with published figures; for a generator's, `np.round(255 * images) / 255`.
"""  # noqa: E501

import numpy as np
from keras import ops
from PIL import Image

SIZE = 299


def tensorflow1_bilinear(size):
    """`(299, size)`: pixel i of the result lies at i * size / 299 (in float32, as there)."""
    return _bilinear(np.arange(SIZE, dtype="float32") * np.float32(size / SIZE), size)


def torch_bilinear(size):
    """`(299, size)`: the centre of pixel i lies at (i + 1/2) * size / 299 - 1/2."""
    centres = np.arange(SIZE, dtype="float32") + np.float32(0.5)
    return _bilinear(centres * np.float32(size / SIZE) - np.float32(0.5), size)


def _bilinear(positions, size):
    """Each position takes from its two neighbours; beyond the border, from the last pixel."""
    distances = np.clip(positions, 0, size - 1)[:, None] - np.arange(size, dtype="float32")
    return np.maximum(1 - np.abs(distances), 0)


def pillow_bicubic(size):
    """`(299, size)`: what Pillow does to each of `size` unit vectors."""
    unit = Image.fromarray(np.eye(size, dtype="float32"))
    return np.asarray(unit.resize((SIZE, size), Image.Resampling.BICUBIC)).T


MODES = {  # name: (matrix of a resize, the whole in words)
    "ttur": (tensorflow1_bilinear, "299 px, bilinear (TensorFlow 1), (x - 128) / 128, as TTUR"),
    "pytorch_fid": (torch_bilinear, "299 px, bilinear (PyTorch), 2 x - 1, as pytorch-fid"),
    "clean_fid": (pillow_bicubic, "299 px, antialiased bicubic, (x - 128) / 128, as clean-fid"),
}


def check_mode(mode):
    """Raise a `ValueError` for a mode that is none."""
    if mode not in MODES:
        raise ValueError(f"mode {mode!r} is unknown: it is one of {', '.join(MODES)}")


def preprocess(images, mode):
    """What the network takes, from images.

    Args:
        images: `(n, height, width, channels)`, float32 in [0, 1], of 1 channel (it is repeated) or
            3; an array or a tensor of the backend. Height, width and channels must be known.
        mode: `"ttur"`, `"pytorch_fid"` or `"clean_fid"`; see the top of this file.

    Returns:
        Tensor `(n, 299, 299, 3)`, about -1 to 1.

    Raises:
        ValueError: for another mode or another shape.
    """
    check_mode(mode)
    if len(images.shape) != 4 or images.shape[-1] not in (1, 3):
        shape = tuple(images.shape)
        raise ValueError(f"images are (n, height, width, channels), 1 channel or 3, not {shape}")
    height, width = images.shape[1:3]
    matrix = MODES[mode][0]
    x = ops.cast(images, "float32")
    x = x if mode == "pytorch_fid" else 255.0 * x
    x = ops.einsum("ih,nhwc->niwc", matrix(height), x)
    x = ops.einsum("jw,niwc->nijc", matrix(width), x)
    if mode == "clean_fid":
        x = ops.clip(x, 0.0, 255.0)
    x = 2.0 * x - 1.0 if mode == "pytorch_fid" else (x - 128.0) / 128.0
    return ops.repeat(x, 3, axis=-1) if images.shape[-1] == 1 else x
