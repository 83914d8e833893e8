"""How well an attack did, as made and as an 8-bit file would keep it."""

from dataclasses import dataclass, field

import numpy as np
from scipy.special import softmax

from gankit.attacks.batches import check_outputs
from gankit.attacks.classifier import classifier
from gankit.attacks.inputs import check_bounds, check_images, check_labels
from gankit.robustness.distances import norms, rounded, ssim

SIZES = ("l0", "l1", "l2", "linf", "rho", "ssim")


@dataclass(frozen=True)
class Report:
    """What an attack did to `n` images.

    Attributes:
        success: share fooled, of the images that the model took for their label before; NaN if
            it took none.
        targeted_success: share taken for the target, of the images that were not so before; None
            without targets.
        clean_accuracy, adversarial_accuracy: share of all images taken for their label.
        clean_confidence, adversarial_confidence: mean probability of the class chosen.
        l0, l1, l2, linf, rho, ssim: means over the images on which the attack succeeded (on the
            target, where there are targets); NaN if there are none. See `distances`.
        rounded: `Report` of the same after an 8-bit round trip; None in that one itself.
        each: dict of arrays `(n,)`: the sizes and "success" of each image, fooled or not.
        queries: how many images were shown to the network; None if that was not counted.
        seconds: by the clock, the first call's compilation included; None if not measured.
    """

    n: int
    success: float
    targeted_success: float | None
    clean_accuracy: float
    adversarial_accuracy: float
    clean_confidence: float
    adversarial_confidence: float
    l0: float
    l1: float
    l2: float
    linf: float
    rho: float
    ssim: float
    each: dict = field(repr=False)
    rounded: "Report | None" = field(default=None, repr=False)
    queries: int | None = None
    seconds: float | None = None

    def __str__(self):
        names = ["success", "targeted_success", "clean_accuracy", "adversarial_accuracy",
                 "clean_confidence", "adversarial_confidence", *SIZES]  # fmt: skip
        rows = [f"{f'{self.n:,} images':24}{'as made':>12}{'after 8 bits':>14}"]
        for name in names:
            made, kept = getattr(self, name), getattr(self.rounded or self, name)
            if made is not None:
                kept = f"{kept:14.4g}" if self.rounded else ""
                rows.append(f"{name.replace('_', ' '):24}{made:12.4g}{kept}")
        if self.seconds is not None:
            asked = "not counted" if self.queries is None else f"{self.queries / self.n:,.4g}"
            rows.append(f"{'queries an image':24}{asked:>12}")
            rows.append(f"{'seconds':24}{self.seconds:12.3g}")
        return "\n".join(rows)


def evaluate(model, images, labels, adversarial, target_labels=None, *, bounds=(0.0, 1.0),
             batch_size=256, from_logits=None, tolerance=1 / 510):  # fmt: skip
    """Measure adversarial images against the model, as they are and after an 8-bit round trip.

    Args:
        model: `keras.Model`, a classifier.
        images: float `(n, ...)` within `bounds`, as they were. labels: their classes, `(n,)`.
        adversarial: what the attack made of them, of the same shape.
        target_labels: `(n,)`, what they should be taken for, if the attack was targeted.
        bounds, batch_size, from_logits: as in `gankit.attacks.fgsm`.
        tolerance: smallest change that l0 counts, as a share of the range; see `distances.norms`.

    Returns:
        `Report`; print it.

    Raises:
        TypeError, ValueError: for images or labels that do not fit, adversarial images out of
            bounds, or a target that is the label.
    """
    victim = classifier(model, images, from_logits)
    bounds = check_bounds(bounds)
    x = check_images(victim, images, bounds)
    labels = check_labels(victim, labels, len(x))
    made = check_images(victim, adversarial, bounds, "adversarial")
    if made.shape != x.shape:
        raise ValueError(f"adversarial images have shape {made.shape}, the images {x.shape}: give "
                         "one for each image")
    if target_labels is not None:
        target_labels = check_other(victim, target_labels, labels)
    before = victim.logits(x, batch_size)
    check_outputs(before, np.arange(len(x)))

    was, targeted = before.argmax(axis=1), target_labels is not None
    right, open_to = was == labels, was != target_labels

    def measured(made, **more):
        after = victim.logits(made, batch_size)
        check_outputs(after, np.arange(len(x)))
        now = after.argmax(axis=1)
        fooled = right & (now != labels)
        hit = open_to & (now == target_labels) if targeted else fooled
        sizes = norms(x, made, bounds, tolerance) | {"ssim": ssim(x, made, bounds)}
        return Report(
            n=len(x),
            success=share(fooled, right),
            targeted_success=share(hit, open_to) if targeted else None,
            clean_accuracy=float(right.mean()),
            adversarial_accuracy=float((now == labels).mean()),
            clean_confidence=float(softmax(before, axis=1).max(axis=1).mean()),
            adversarial_confidence=float(softmax(after, axis=1).max(axis=1).mean()),
            **{name: mean_where(hit, sizes[name]) for name in SIZES},
            each=sizes | {"success": hit},
            **more,
        )

    return measured(made, rounded=measured(rounded(made, bounds)))


def check_other(victim, targets, labels):
    """`targets` as int32 `(n,)`; ValueError where one is no class, or the image's own."""
    targets = check_labels(victim, targets, len(labels), "target_labels")
    same = np.flatnonzero(targets == labels)
    if len(same):
        raise ValueError(f"the target of image {same[0]} is its label, {labels[same[0]]}: a target "
                         "is another class")
    return targets


def share(some, of):
    """How many of these are among those: NaN of none."""
    return float((some & of).sum() / of.sum()) if of.any() else float("nan")


def mean_where(chosen, values):
    """Mean of the chosen values that are numbers; NaN of none."""
    chosen = chosen & ~np.isnan(values)
    return float(values[chosen].mean()) if chosen.any() else float("nan")
