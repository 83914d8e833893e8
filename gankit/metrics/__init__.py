"""Scores: pure functions on features and probabilities, NumPy alone."""

from gankit.metrics.frechet import frechet_distance, frechet_distance_from_moments, moments
from gankit.metrics.inception_score import inception_score
from gankit.metrics.kernel_distance import kernel_distance
from gankit.metrics.neighbours import density_coverage, precision_recall
from gankit.metrics.sample_size import frechet_against_n
from gankit.metrics.statistics import Statistics
from gankit.metrics.statistics import load as load_statistics

__all__ = [
    "Statistics",
    "density_coverage",
    "frechet_against_n",
    "frechet_distance",
    "frechet_distance_from_moments",
    "inception_score",
    "kernel_distance",
    "load_statistics",
    "moments",
    "precision_recall",
]
