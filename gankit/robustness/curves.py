"""Accuracy against epsilon, several attacks on one axis."""

from dataclasses import dataclass

import numpy as np

from gankit.attacks.batches import check_outputs
from gankit.attacks.classifier import classifier
from gankit.attacks.inputs import check_bounds, check_choice, check_epsilon, check_images
from gankit.attacks.inputs import check_labels as check_classes
from gankit.pictures import figure
from gankit.plots import STYLES
from gankit.robustness.comparison import named
from gankit.robustness.distances import norms
from gankit.robustness.guards import FLOOR, alarms_of_curves, alarms_of_model, kinds_of, warn

MARKERS = "osD^"


@dataclass(frozen=True)
class Curves:
    """Accuracy against epsilon.

    Attributes:
        epsilons: array `(k,)`, rising from 0. norm: of epsilon.
        top1, top5: `{name: array (k,)}`, share of the `n` images whose label is the first, or among
            the first five, of the model's choices; `top5` is empty with five classes or fewer.
        warnings: list of texts, what the guards found.
    """

    epsilons: np.ndarray
    norm: str
    n: int
    top1: dict
    top5: dict
    warnings: list


def accuracy_curves(model, images, labels, attacks, epsilons, *, norm="linf", kinds=None,
                    guards=True, bounds=(0.0, 1.0), batch_size=256, from_logits=None):  # fmt: skip
    """Accuracy under attacks of growing size: the figure that a claim of robustness needs.

    Args:
        model, images, labels, bounds, batch_size, from_logits: as in `evaluate`.
        attacks: `{name: function}`, each called as `attack(model, images, labels, epsilon=...)`:
            `{"FGSM": fgsm, "PGD": functools.partial(projected_gradient_descent, steps=20)}`. Leave
            `step` to them, or they will not reach far. They need the same `norm` and `bounds`.
        epsilons: numbers above 0, rising; 0, where nothing is attacked, is put before them.
        norm: of epsilon, "linf", "l2" or "l1": written on the axis, and the attacks' own.
        kinds: as in `compare`.
        guards: whether to look for signs of attacks that do not work, as in `compare`; and for an
            *iterative* attack whose accuracy does not fall towards 0 as epsilon grows. Where
            `epsilons` end too early to see that, it is tried on 32 images with an epsilon that
            could make every image grey.

    Returns:
        `Curves`; `plot_curves` draws them.

    Raises:
        TypeError, ValueError: for bad input, before work begins; for an attack that goes further
            than epsilon or out of bounds, with its name as a note.
    """
    victim = classifier(model, images, from_logits)
    bounds = check_bounds(bounds)
    x = check_images(victim, images, bounds)
    labels = check_classes(victim, labels, len(x))
    check_choice("norm", norm, ("linf", "l2", "l1"))
    epsilons = [check_epsilon(epsilon, bounds, norm) for epsilon in epsilons]
    if not epsilons or epsilons[0] == 0 or (np.diff(epsilons) <= 0).any():
        raise ValueError(f"epsilons are numbers above 0, each larger than the last, not {epsilons}")
    if not attacks:
        raise ValueError("there are no attacks to draw curves of")
    kinds = kinds_of(attacks, kinds)
    found = alarms_of_model(model, x, labels, from_logits, batch_size) if guards else []

    def ranks(attack, epsilon, n=None):
        """How many classes the model prefers to the label, for the first n images."""
        made = attack(model, images[:n], labels[:n], epsilon=epsilon)
        made = check_images(victim, made, bounds, "what the attack made")
        check_reach(x[:n], made, epsilon, norm)
        logits = victim.logits(made, batch_size)
        check_outputs(logits, np.arange(len(made)))
        order = np.argsort(-logits, axis=1, kind="stable")
        return (order == labels[:n][:, None]).argmax(axis=1)

    clean = ranks(lambda model, images, labels, epsilon: images, 0)
    places = {}
    for name, attack in attacks.items():
        with named(name):
            places[name] = np.stack([clean, *(ranks(attack, epsilon) for epsilon in epsilons)])
    curves = Curves(
        epsilons=np.array([0, *epsilons]), norm=norm, n=len(x), warnings=found,
        top1={name: (place < 1).mean(axis=1) for name, place in places.items()},
        top5={name: (place < 5).mean(axis=1) for name, place in places.items()
              if victim.classes > 5},
    )  # fmt: skip
    if guards:
        d, far = x[0].size, {}
        grey = {"linf": 1, "l2": d**0.5, "l1": d}[norm] * (bounds[1] - bounds[0]) / 2
        for name in (name for name in attacks if kinds[name] == "iterative"):
            epsilon, left = epsilons[-1], curves.top1[name][-1]
            if left > FLOOR and epsilon < grey:
                epsilon, left = grey, (ranks(attacks[name], grey, 32) < 1).mean()
            far[name] = (epsilon, left)
        found += alarms_of_curves(curves, kinds, far)
        warn(found)
    return curves


def check_reach(images, made, epsilon, norm):
    """ValueError if images were lost, or moved further than epsilon allows."""
    if made.shape != images.shape:
        raise ValueError(f"it made {made.shape} of images {images.shape}")
    furthest = norms(images, made)[norm].max()
    if furthest > 1.001 * epsilon + 1e-6:
        raise ValueError(f"it moved an image by {furthest:.3g} in {norm}, where epsilon is "
                         f"{epsilon:g}: does it measure in another norm? Give both the same norm=")


def plot_curves(curves, title=None, alt=None):
    """Accuracy against epsilon, top-1 and top-5 beside each other, a line an attack.

    Args:
        curves: `Curves`. title: text above. alt: alternative text; by default where each line
            begins and ends.

    Returns:
        `gankit.pictures.Picture`.

    Errors: ValueError for more than 20 attacks, which no one could tell apart.
    """
    if len(curves.top1) > len(STYLES) * len(MARKERS):
        raise ValueError(f"{len(curves.top1)} attacks in one picture: draw at most "
                         f"{len(STYLES) * len(MARKERS)}")
    panels = {"top-1": curves.top1} | ({"top-5": curves.top5} if curves.top5 else {})
    told = [f"{name}, {panel}, from {y[0]:.2f} to {y[-1]:.2f}"
            for panel, lines in panels.items() for name, y in lines.items()]
    what = (f"accuracy on {curves.n:,} images against epsilon ({curves.norm}) from 0 to "
            f"{curves.epsilons[-1]:g}: {'; '.join(told)}.")
    what = f"{title}: {what}" if title else what[0].upper() + what[1:]
    fig, axes = figure(1, len(panels), (1 + 3.9 * len(panels), 3.4), alt=alt or what, sharey=True)
    for ax, (panel, lines) in zip(np.ravel(axes), panels.items()):
        for i, (name, accuracy) in enumerate(lines.items()):
            colour, style = STYLES[i % len(STYLES)]
            ax.plot(curves.epsilons, accuracy, color=colour, linestyle=style, linewidth=1.8,
                    marker=MARKERS[i // len(STYLES)], markersize=4, label=name)  # fmt: skip
        ax.set(xlabel=f"epsilon ({curves.norm})", ylabel=f"{panel} accuracy", ylim=(-0.02, 1.02))
        ax.spines[["top", "right"]].set_visible(False)
    np.ravel(axes)[-1].legend(frameon=False, fontsize=9)
    if title:
        fig.suptitle(title)
    return fig
