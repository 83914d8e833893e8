"""What sweeps left: many runs of one recipe, over seeds and over variants, side by side.

A recipe of kind "sweep" holds `base` (a GAN's recipe), `variants` ({name: what differs}) and
`seeds`. `python -m gankit.runs sweep NAME` trains them (`gankit.sweep_training`); here they are
read, compared and drawn. The first variant is what the others are compared with.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.ticker import LogFormatter

from gankit.datasets import data_folder
from gankit.pictures import figure
from gankit.plots import BLACK, BLUE, GREY, VERMILION
from gankit.runs import load_recipe


def merge(base, variant):
    """The base with the variant put on: of two dicts the entries, else the variant's value."""
    merged = dict(base)
    for key, value in variant.items():
        both = isinstance(value, dict) and isinstance(base.get(key), dict)
        merged[key] = {**base[key], **value} if both else value
    return merged


def slug(variant):
    """A variant's name as part of a folder's: "No batch norm in D" is "no_batch_norm_in_d"."""
    return re.sub("[^a-z0-9.]+", "_", variant.lower()).strip("_")


def members(sweep):
    """All runs of a sweep: `{(variant, seed): (name of the folder, recipe)}`, seed by seed."""
    return {
        (name, seed): (
            f"{slug(name)}_seed{seed}",
            {"kind": "gan", **merge(sweep["base"], variant), "seed": seed},
        )
        for seed in sweep["seeds"]
        for name, variant in sweep["variants"].items()
    }


def score_of(folder):
    """The last Frechet distance of a run, NaN where there is none."""
    path = folder / "record.json"
    results = json.loads(path.read_text())["results"] if path.exists() else {}
    return results.get("frechet", np.nan)


@dataclass(frozen=True)
class Sweep:
    """What a sweep left behind.

    Attributes:
        folder: where its runs lie. recipe: the sweep's, a dict.
        variants, seeds: lists; the first variant is what the others are compared with.
        scores: Frechet distances `(variants, seeds)`; NaN where a run is missing.
    """

    folder: Path
    recipe: dict
    variants: list
    seeds: list
    scores: np.ndarray

    def verdicts(self):
        """`{variant: verdict}` of all variants but the first, against the first."""
        return {
            name: verdict(self.scores[0], scores)
            for name, scores in zip(self.variants[1:], self.scores[1:])
        }


def load_sweep(name, folder=None):
    """The sweep of that name, finished or not.

    Args:
        name: of its recipe. folder: the folder that holds runs; by default gankit's.

    Raises:
        ValueError: for an unknown name. FileNotFoundError: if nothing of it was trained.
    """
    load_recipe(name)
    folder = Path(folder or data_folder() / "runs") / name
    if not (folder / "recipe.json").exists():
        raise FileNotFoundError(
            f"the sweep {name!r} is not in {folder.parent}: `python -m gankit.runs sweep {name}` "
            "trains it"
        )
    recipe = json.loads((folder / "recipe.json").read_text())
    shape = len(recipe["seeds"]), len(recipe["variants"])
    scores = np.reshape([score_of(folder / run) for run, _ in members(recipe).values()], shape).T
    return Sweep(folder, recipe, list(recipe["variants"]), recipe["seeds"], scores)


def verdict(base_scores, variant_scores):
    """What a variant does: "harm", "gain", or "no difference to be told". Lower scores are better.

    Distances compare by their ratio, so it is the logarithms whose means are compared: they differ
    if Welch's t-test, which lets the two spread differently, says so at 95 %. By chance alone that
    is said of at most one in twenty variants that do nothing (3 to 4 % with three seeds a side).
    Missing scores (NaN) are left out, and fewer than two on a side tell nothing. A broken G (an
    infinite distance) where none of the base's did is harm.
    """
    from scipy.stats import ttest_ind

    base, variant = (np.asarray(s, float) for s in (base_scores, variant_scores))
    base, variant = base[~np.isnan(base)], variant[~np.isnan(variant)]
    unclear = "no difference to be told"
    if min(len(base), len(variant)) < 2 or not np.isfinite(base).all():
        return unclear
    if not np.isfinite(variant).all():
        return "harm"
    a, b = np.log(np.maximum(base, 1e-9)), np.log(np.maximum(variant, 1e-9))
    if np.ptp(a) == np.ptp(b) == 0:  # no spread: any difference is one
        sure = a[0] != b[0]
    else:
        sure = ttest_ind(a, b, equal_var=False).pvalue < 0.05
    return ("harm" if b.mean() > a.mean() else "gain") if sure else unclear


def picture(sweep, title=None):
    """A row for each variant, best first: a dot a seed, a bar for the mean, the verdict in words.

    The range of the first variant, the base, is shaded. The axis is logarithmic.
    """
    verdicts = {sweep.variants[0]: "base", **sweep.verdicts()}
    known = [i for i, scores in enumerate(sweep.scores) if not np.isnan(scores).all()]
    known.sort(key=lambda i: np.nanmean(sweep.scores[i]))
    told = [f"{sweep.variants[i]} {np.nanmean(sweep.scores[i]):.1f}" for i in known]
    told = [f"{text} ({verdicts[sweep.variants[i]]})" for i, text in zip(known, told)]
    alt = f"Mean Frechet distance over {len(sweep.seeds)} seeds, best first: {', '.join(told)}."
    fig, axes = figure(size=(7.5, 1 + 0.26 * len(known)), alt=alt)
    base = sweep.scores[0]
    if np.isfinite(base).any():
        axes.axvspan(np.nanmin(base), np.nanmax(base), color=GREY, alpha=0.3, linewidth=0)
    right = axes.get_yaxis_transform()
    for y, i in enumerate(known):
        word = verdicts[sweep.variants[i]]
        colour, marker = {"harm": (VERMILION, "x"), "gain": (BLUE, "D")}.get(word, (BLACK, "o"))
        scores = sweep.scores[i]
        axes.scatter(scores, np.full(len(scores), y), s=18, c=colour, marker=marker, linewidths=1)
        axes.plot([np.nanmean(scores)] * 2, [y - 0.35, y + 0.35], color=colour, linewidth=2)
        axes.text(1.01, y, word.split(" to")[0], transform=right, va="center", fontsize=8)
    axes.set_yticks(range(len(known)), [sweep.variants[i] for i in known], fontsize=8)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(LogFormatter())  # 40, not 4 x 10^1
    axes.xaxis.set_minor_formatter(LogFormatter())
    axes.set(ylim=(len(known) - 0.4, -0.6), title=title or "")
    axes.set_xlabel("Frechet classifier distance (logarithmic; left is better)")
    axes.spines[["top", "right"]].set_visible(False)
    return fig
