"""Attacks on classifiers: plain functions, images in, images out, one family a file.

Most are `attack(model, images, labels, *, epsilon, targeted=False, bounds=(0, 1), batch_size=256,
seed=0)`, with `labels` the target classes where `targeted`. `gankit.robustness` measures them.
"""

from gankit.attacks.carlini_wagner import carlini_wagner
from gankit.attacks.deepfool import deepfool
from gankit.attacks.elastic_net import elastic_net
from gankit.attacks.fast_gradient import fgsm
from gankit.attacks.feature_adversary import feature_adversary
from gankit.attacks.fooling import fooling_images
from gankit.attacks.iterative import (
    iterative_fgsm,
    least_likely_class,
    momentum_iterative,
    projected_gradient_descent,
)
from gankit.attacks.lbfgs import lbfgs
from gankit.attacks.one_pixel import one_pixel
from gankit.attacks.saliency import jacobian_saliency_map
from gankit.attacks.spsa import spsa
from gankit.attacks.universal import universal_perturbation
from gankit.attacks.virtual_adversarial import virtual_adversarial

__all__ = [
    "carlini_wagner",
    "deepfool",
    "elastic_net",
    "feature_adversary",
    "fgsm",
    "fooling_images",
    "iterative_fgsm",
    "jacobian_saliency_map",
    "lbfgs",
    "least_likely_class",
    "momentum_iterative",
    "one_pixel",
    "projected_gradient_descent",
    "spsa",
    "universal_perturbation",
    "virtual_adversarial",
]
