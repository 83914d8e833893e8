"""The arithmetic of a GAN's step, and how fast this machine multiplies matrices."""

import time
from pathlib import Path
from statistics import median

import numpy as np

# What a contender's step takes of each network: passes forward, backward to the weights, backward
# to a layer's input. D's passes are those on one batch; `first` are those that also reach the
# images, through D's first layer, which only G's gradient needs.
PASSES = {
    "gankit": {"g": (1, 1, 1), "d": (3, 2, 3), "first": 1},
    "keras_copied": {"g": (2, 1, 1), "d": (3, 2, 3), "first": 1},
    "two_tapes": {"g": (1, 1, 1), "d": (2, 2, 3), "first": 1},
    "torch_plain": {"g": (1, 1, 1), "d": (3, 3, 3), "first": 1},
}
PASSES["gankit_fresh"] = PASSES["keras_copied"]
PASSES["gankit_by_ten"] = PASSES["gankit"]
PASSES["gankit_bfloat16"] = PASSES["gankit"]
PASSES["torch_compiled"] = PASSES["torch_plain"]


def forward(network):
    """Floating-point operations of one sample's way through each convolution or dense layer.

    Two a multiplication and addition; what pads the edges is counted, all else is left out.
    """
    found = []
    for layer in network.layers:
        kernel = getattr(layer, "kernel", None)
        if kernel is None:
            continue
        # A kernel is laid on each pixel of the smaller side: of the output, or of the input of a
        # transposed convolution.
        side = layer.input if "Transpose" in type(layer).__name__ else layer.output
        pixels = int(np.prod(side.shape[1:-1])) if len(kernel.shape) == 4 else 1
        found.append(2 * pixels * int(np.prod(kernel.shape)))
    return found


def step(generator, discriminator, name, batch):
    """Floating-point operations of one training step of the contender `name`."""
    passes = PASSES[name]
    g, d = forward(generator), forward(discriminator)
    total = sum(g) * sum(passes["g"]) - g[0]  # no gradient of the latent vectors
    total += sum(d) * sum(passes["d"]) - d[0] * (passes["d"][2] - passes["first"])
    return total * batch


def matrix_rate(size=1024, repeats=7):
    """Operations a processor second in NumPy's product of two square float32 matrices."""
    a, b = np.random.default_rng(0).random((2, size, size), np.float32)
    seconds = []
    for _ in range(repeats):
        start = time.process_time()
        a @ b
        seconds.append(time.process_time() - start)
    return 2 * size**3 / median(seconds[1:])


def processor():
    """The processor's name and those of its abilities that matter here; Linux alone tells."""
    info = Path("/proc/cpuinfo")
    lines = dict(
        (part.strip() for part in line.split(":", 1))
        for line in (info.read_text().splitlines() if info.exists() else [])
        if ":" in line
    )
    flags = set(lines.get("flags", "").split())
    known = ("avx2", "fma", "avx512f", "avx512_bf16", "amx_bf16")
    return lines.get("model name", "unknown"), [flag for flag in known if flag in flags]
