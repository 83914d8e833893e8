"""What pytorch-fid, torch-fidelity and clean-fid make of drawn weights and drawn images.

Run by a Python that has them (torch, torchvision, pytorch-fid, torch-fidelity, clean-fid), as
test_inception.py does where it finds one. `OUT.npz` holds all numbers, `OUT.json` sixteen of each,
the golden file:

    python tests/inception_peers.py tests/golden/inception.json 0 1
"""

import json
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from gankit.metrics.inception_weights import draw_weights

SIZES = [(32, 32), (48, 20), (299, 299)]
MODES = ["ttur", "pytorch_fid", "clean_fid"]
KINDS = ["features", "logits"]


def draw_image(size, seed):
    """`(1, height, width, 3)`, uint8: colours of 3 px, so that neither resize is at home."""
    rng = np.random.default_rng([*size, seed])
    coarse = rng.integers(0, 256, (1, size[0] // 3 + 1, size[1] // 3 + 1, 3), "uint8")
    return coarse.repeat(3, 1).repeat(3, 2)[:, : size[0], : size[1]]


def some(values):
    """Sixteen of them, spread evenly."""
    return np.ravel(values)[:: np.size(values) // 16][:16]


def state_dict(weights):
    """The weights as PyTorch has them."""
    import torch

    state = {}
    for name, (kernel, *rest) in weights.items():
        parts = ["bias"] if name == "fc" else ["weight", "bias", "running_mean", "running_var"]
        if name == "fc":
            state |= {"fc.weight": kernel.T, "fc.bias": rest[0]}
        else:
            state[f"{name}.conv.weight"] = kernel.transpose(3, 2, 0, 1)
            state |= {f"{name}.bn.{part}": array for part, array in zip(parts, rest)}
            state[f"{name}.bn.num_batches_tracked"] = np.array(0)
    return {key: torch.from_numpy(np.ascontiguousarray(a)) for key, a in state.items()}


def networks(seed, folder):
    """pytorch-fid's and torch-fidelity's, with drawn weights; leaves both forms of `.pth` there."""
    import torch
    from pytorch_fid import inception
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    state = state_dict(draw_weights(seed))
    path = str(folder / f"zip_{seed}.pth")
    torch.save(state, path)
    torch.save(state, folder / f"row_{seed}.pth", _use_new_zipfile_serialization=False)
    inception.load_state_dict_from_url = lambda *args, **kwargs: state
    first = inception.InceptionV3(resize_input=False, normalize_input=False).eval()
    resizing = inception.InceptionV3().eval()
    second = FeatureExtractorInceptionV3("inception", ["2048", "logits_unbiased"], path)
    return first, resizing, second, state["fc.weight"]


def outputs(seed, folder):
    """`{"seed mode height x width": [features, logits]}`."""
    import torch
    from cleanfid.resize import build_resizer

    plain, resizing, fidelity, last = networks(seed, folder)
    results = {}
    for size in SIZES:
        image = draw_image(size, seed)
        tensor = torch.from_numpy(image.transpose(0, 3, 1, 2))
        clean = build_resizer("clean")(image[0]).transpose(2, 0, 1)[None]
        with torch.no_grad():
            found = {
                "ttur": fidelity(tensor),
                "pytorch_fid": resizing(tensor / 255)[0].flatten(1),
                "clean_fid": plain((torch.from_numpy(clean) - 128) / 128)[0].flatten(1),
            }
        for mode in MODES:
            pair = found[mode] if mode == "ttur" else (found[mode], found[mode] @ last.T)
            results[f"{seed} {mode} {size[0]}x{size[1]}"] = [x.numpy()[0] for x in pair]
    return results


def main(out, seeds):
    results = {}
    with tempfile.TemporaryDirectory() as scratch:
        for seed in seeds:
            folder = Path(out).parent if out.endswith(".npz") else Path(scratch)
            results |= outputs(int(seed), folder)
    if out.endswith(".npz"):
        pairs = {f"{key} {k}": x for key, pair in results.items() for k, x in zip(KINDS, pair)}
        np.savez(out, **pairs)
    else:
        lines = [f"{json.dumps(key)}: {json.dumps(shortened(x))}" for key, x in results.items()]
        Path(out).write_text("{\n" + ",\n".join(lines) + "\n}\n")


def shortened(pair):
    """`{kind: [sixteen numbers, the largest of all]}`."""
    digits = [([float(f"{v:.8g}") for v in some(x)], float(f"{abs(x).max():.8g}")) for x in pair]
    return dict(zip(KINDS, digits))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
