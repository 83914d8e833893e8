"""One perturbation for all images: DeepFool's steps, gathered in a ball."""

import numpy as np

from gankit.attacks.batches import batches
from gankit.attacks.deepfool import cross
from gankit.attacks.inputs import check_choice, check_epsilon, checked
from gankit.inputs import check_count


def universal_perturbation(model, images, *, epsilon=0.1, norm="linf", fooling_rate=0.8, passes=10,
                           steps=10, overshoot=0.02, bounds=(0.0, 1.0), batch_size=256, seed=0,
                           from_logits=None):  # fmt: skip
    """Universal adversarial perturbation, Moosavi-Dezfooli et al. 2017 (CVPR), algorithm 1.

    Goes through the images in random order. Where v does not change what the model says yet, adds
    to v the shortest step over the boundary from x + v (`deepfool`, l2) and brings v back into the
    ball: ||v|| <= epsilon. Stops after the pass in which v fools the wanted share of the images.
    What is fooled is what the model says of x, right or wrong: no labels are needed. Unlike in the
    paper, x + v is cut to `bounds` before it is shown to the model, as an image must be.

    Args:
        model, images, bounds, batch_size, from_logits: as in `fgsm`.
        epsilon: norm of v, in the units of the images. norm: "linf" or "l2".
        fooling_rate: share of the images, up to 1, at which to stop.
        passes: through the images, at most. steps: of DeepFool, at most, for each image.
        overshoot: of DeepFool. seed: of the order of the images.

    Returns:
        The best v of all passes: array of the shape of one image and the dtype of `images`. The
        adversarial images are `np.clip(images + v, *bounds)`.

    Raises:
        TypeError, ValueError: as `fgsm`.
    """
    victim, x, _, bounds = checked(model, images, None, bounds, from_logits, False)
    check_choice("norm", norm, ("linf", "l2"))
    epsilon = check_epsilon(epsilon, bounds, norm)
    if not 0 < check_epsilon(fooling_rate, bounds, "l2", "fooling_rate") <= 1:
        raise ValueError(f"fooling_rate is a share of the images, up to 1, not {fooling_rate}")
    passes, steps = check_count("passes", passes), check_count("steps", steps)

    said = victim.predict(x, batch_size)
    rng = np.random.default_rng(check_count("seed", seed, least=0))
    best, most, v = np.zeros_like(x[0]), 0.0, np.zeros_like(x[0])
    order = np.concatenate([rng.permutation(len(x)) for _ in range(passes)])
    for part, _ in batches(len(order), 1, "Universal perturbation"):
        i = order[part]
        moved = np.clip(x[i] + v, *bounds)
        further = cross(victim, moved, said[i], bounds, "l2", overshoot, steps, first=i[0])
        v = within(v + (further - moved)[0], epsilon, norm)
        if part.stop % len(x) == 0:
            now = victim.predict(np.clip(x + v, *bounds), batch_size)
            rate = np.mean(now != said)
            best, most = (v, rate) if rate >= most else (best, most)
            if rate >= fooling_rate:
                break
    return best.astype(np.asarray(images).dtype)


def within(v, epsilon, norm):
    """The nearest point of the ball of radius `epsilon`."""
    if norm == "linf":
        return np.clip(v, -epsilon, epsilon).astype("float32")
    return (v * min(1.0, epsilon / max(float(np.linalg.norm(v)), 1e-30))).astype("float32")
