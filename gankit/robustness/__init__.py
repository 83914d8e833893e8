"""What attacks achieve, and whether they really work: reports, comparisons, curves, guards."""

from gankit.robustness.comparison import Comparison, compare
from gankit.robustness.curves import Curves, accuracy_curves, plot_curves
from gankit.robustness.distances import norms, rounded, ssim
from gankit.robustness.guards import AttackWarning
from gankit.robustness.report import Report, evaluate

__all__ = [
    "AttackWarning",
    "Comparison",
    "Curves",
    "Report",
    "accuracy_curves",
    "compare",
    "evaluate",
    "norms",
    "plot_curves",
    "rounded",
    "ssim",
]
