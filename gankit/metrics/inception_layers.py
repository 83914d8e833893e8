"""The 2015 Inception network as a table: what the FID and the Inception Score are measured in.

It is Inception v3 (Szegedy et al. 2015) as it was exported in December 2015 as a TensorFlow graph,
with 1,008 outputs. It differs from the Inception v3 of today's libraries (`keras.applications`
too): other weights, average pools that leave the padding out, and a max pool in the last block.

A step of a branch is `(filters, kernel)` or `(filters, kernel, strides)`, the name of a pool, or a
list of two convolutions beside each other. Kernels and strides of one number are square.
"""

from typing import NamedTuple


class Convolution(NamedTuple):
    """A convolution with batch norm (epsilon 0.001) and ReLU."""

    name: str  # as PyTorch users know it: "Mixed_5b.branch1x1"
    graph: str  # in the TensorFlow graph: "mixed/conv"
    channels: int  # that it is given
    filters: int  # that it makes
    kernel: int | tuple
    strides: int = 1
    padding: str = "same"

    @property
    def shape(self):
        """`(height, width, in, out)` of the kernel."""
        height, width = (self.kernel,) * 2 if isinstance(self.kernel, int) else self.kernel
        return height, width, self.channels, self.filters


STEM = [
    Convolution("Conv2d_1a_3x3", "conv", 3, 32, 3, 2, "valid"),
    Convolution("Conv2d_2a_3x3", "conv_1", 32, 32, 3, 1, "valid"),
    Convolution("Conv2d_2b_3x3", "conv_2", 32, 64, 3),
    "max, stride 2",
    Convolution("Conv2d_3b_1x1", "conv_3", 64, 80, 1),
    Convolution("Conv2d_4a_3x3", "conv_4", 80, 192, 3, 1, "valid"),
    "max, stride 2",
]


def _a(pooled):
    """35 x 35."""
    return {
        "branch1x1": [(64, 1)],
        "branch5x5": [(48, 1), (64, 5)],
        "branch3x3dbl": [(64, 1), (96, 3), (96, 3)],
        "branch_pool": ["average", (pooled, 1)],
    }


def _c(inner):
    """17 x 17: a 7 x 7 as a row and a column."""
    row, column = (1, 7), (7, 1)
    return {
        "branch1x1": [(192, 1)],
        "branch7x7": [(inner, 1), (inner, row), (192, column)],
        "branch7x7dbl": [(inner, 1), (inner, column), (inner, row), (inner, column), (192, row)],
        "branch_pool": ["average", (192, 1)],
    }


def _e(pool):
    """8 x 8: wide rather than deep."""
    both = [(384, (1, 3)), (384, (3, 1))]
    return {
        "branch1x1": [(320, 1)],
        "branch3x3": [(384, 1), both],
        "branch3x3dbl": [(448, 1), (384, 3), both],
        "branch_pool": [pool, (192, 1)],
    }


BLOCKS = {
    "Mixed_5b": _a(32),
    "Mixed_5c": _a(64),
    "Mixed_5d": _a(64),
    "Mixed_6a": {  # to 17 x 17
        "branch3x3": [(384, 3, 2)],
        "branch3x3dbl": [(64, 1), (96, 3), (96, 3, 2)],
        "branch_pool": ["max, stride 2"],
    },
    "Mixed_6b": _c(128),
    "Mixed_6c": _c(160),
    "Mixed_6d": _c(160),
    "Mixed_6e": _c(192),
    "Mixed_7a": {  # to 8 x 8
        "branch3x3": [(192, 1), (320, 3, 2)],
        "branch7x7x3": [(192, 1), (192, (1, 7)), (192, (7, 1)), (192, 3, 2)],
        "branch_pool": ["max, stride 2"],
    },
    "Mixed_7b": _e("average"),
    "Mixed_7c": _e("max"),  # the graph's own; elsewhere Inception v3 has an average here
}


def branches():
    """`{block: [branch, ...]}`: a branch is a list of `Convolution`s, names of pools, and pairs."""
    blocks, channels = {}, STEM[-2].filters
    for i, (block, parts) in enumerate(BLOCKS.items()):
        graph, towers = f"mixed_{i}" if i else "mixed", iter(["tower", "tower_1", "tower_2"])
        blocks[block] = []
        for j, (branch, steps) in enumerate(parts.items()):
            # A lone convolution in front stands in the graph's block itself, not in a tower.
            scope = graph if j == 0 and len(steps) == 1 else f"{graph}/{next(towers)}"
            blocks[block].append(list(_named(f"{block}.{branch}", scope, steps, channels)))
        channels = sum(_width(branch, channels) for branch in blocks[block])
    return blocks


def _named(name, graph, steps, channels):
    """The steps of a branch with their names."""
    number = 0  # of convolutions so far
    alone = sum(not isinstance(step, str) for step in steps) == 1
    for step in steps:
        if isinstance(step, str):
            yield step
            continue
        label = name if alone else f"{name}_{number + 1}"
        if isinstance(step, list):
            yield [
                _convolution(label + letter, f"{graph}/mixed/conv{suffix}", channels, shape)
                for letter, suffix, shape in zip("ab", ["", "_1"], step)
            ]
        else:
            suffix = f"_{number}" if number else ""
            yield _convolution(label, f"{graph}/conv{suffix}", channels, step)
            channels = step[0]
        number += 1


def _convolution(name, graph, channels, shape):
    """One that halves the size has no padding, the others keep the size."""
    filters, kernel, strides = (*shape, 1)[:3]
    padding = "same" if strides == 1 else "valid"
    return Convolution(name, graph, channels, filters, kernel, strides, padding)


def _width(branch, channels):
    """Channels that a branch makes of so many."""
    if isinstance(branch[-1], str):
        return channels  # a pool alone
    last = branch[-1] if isinstance(branch[-1], list) else [branch[-1]]
    return sum(step.filters for step in last)


def convolutions():
    """All 94 of them, in order."""
    steps = STEM + [step for block in branches().values() for branch in block for step in branch]
    flat = [one for step in steps for one in (step if isinstance(step, list) else [step])]
    return [step for step in flat if isinstance(step, Convolution)]


def kernel_shapes():
    """`{name: shape}` of all kernels, that of the last layer, "fc", too."""
    return {step.name: step.shape for step in convolutions()} | {"fc": (2048, 1008)}
