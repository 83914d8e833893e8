"""The Frechet distance between two sets of features, each seen as one Gaussian.

With the features of the 2015 Inception network it is the FID (Heusel et al. 2017). With those of
another network it must be called by another name: with our Fashion-MNIST classifier we say
*Frechet classifier distance*.
"""

import numpy as np


def frechet_distance(real, fake):
    """|mu1 - mu2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)), Dowson & Landau 1982.

    Args:
        real, fake: features `(n, d)` and `(m, d)`, at least two of each; n and m may differ.

    Returns:
        float, 0 or more, in squared units of the features.

    Raises:
        ValueError: for fewer than two samples, other shapes, NaN or infinity.
    """
    moments = []
    for name, features in (("real", real), ("fake", fake)):
        features = np.asarray(features, dtype="float64")
        if features.ndim != 2 or len(features) < 2:
            raise ValueError(f"{name} features are (n, d), n at least 2, not {features.shape}")
        if not np.isfinite(features).all():
            raise ValueError(f"{name} features hold NaN or infinity")
        moments.append((features.mean(axis=0), np.atleast_2d(np.cov(features, rowvar=False))))
    (mu1, c1), (mu2, c2) = moments
    if mu1.shape != mu2.shape:
        raise ValueError(f"features have {len(mu1)} and {len(mu2)} dimensions: take both from one")
    # tr (C1 C2)^(1/2) from the symmetric A C2 A with A = C1^(1/2): never complex.
    values, vectors = np.linalg.eigh(c1)
    root = (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
    overlap = np.sqrt(np.clip(np.linalg.eigvalsh(root @ c2 @ root), 0, None)).sum()
    distance = np.sum((mu1 - mu2) ** 2) + np.trace(c1) + np.trace(c2) - 2 * overlap
    return float(max(distance, 0.0))
