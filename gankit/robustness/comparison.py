"""Several attacks on the same images, in one table."""

import contextlib
import time
from dataclasses import dataclass, field, replace

from gankit.attacks.classifier import classifier
from gankit.attacks.inputs import check_bounds, check_images, check_labels
from gankit.robustness.guards import alarms_of_attacks, alarms_of_model, kinds_of, warn
from gankit.robustness.report import Report, check_other, evaluate

COLUMNS = ("success", "target", "l0", "l1", "l2", "linf", "rho", "ssim", "8 bits", "queries",
           "seconds")  # fmt: skip


@dataclass(frozen=True)
class Comparison:
    """What attacks did to the same images; print it for a table, a row an attack.

    Attributes:
        reports: `{name: Report}`, with queries and seconds.
        adversarial: `{name: array}`, the images.
        warnings: list of texts, what the guards found.
    """

    reports: dict[str, Report]
    adversarial: dict = field(repr=False)
    warnings: list[str]

    def rows(self):
        """A dict a row: `COLUMNS`, after the attack's name; "8 bits" is the success after rounding
        (on the target, where there is one), "queries" are those an image.
        """
        for name, report in self.reports.items():
            aimed = "success" if report.targeted_success is None else "targeted_success"
            row = {column: getattr(report, column, None) for column in COLUMNS}
            row["target"] = report.targeted_success
            row["8 bits"] = getattr(report.rounded, aimed)
            row["queries"] = report.queries and report.queries / report.n
            yield {"attack": name, **row}

    def __str__(self):
        width = max(len("attack"), *(len(name) for name in self.reports))
        lines = [f"{'attack':{width}}" + "".join(f"{column:>9}" for column in COLUMNS)]
        for row in self.rows():
            cells = ("-" if row[c] is None else f"{row[c]:.4g}" for c in COLUMNS)
            lines.append(f"{row['attack']:{width}}" + "".join(f"{cell:>9}" for cell in cells))
        return "\n".join(lines + [f"warning: {text}" for text in self.warnings])


def compare(model, images, labels, attacks, targets=None, *, kinds=None, guards=True,
            bounds=(0.0, 1.0), batch_size=256, from_logits=None):  # fmt: skip
    """Run attacks on the same images and measure them; warn where one does not really work.

    Args:
        model, images, labels, bounds, batch_size, from_logits: as in `evaluate`.
        attacks: `{name: function of (model, images, labels)}`, such as
            `{"FGSM": functools.partial(fgsm, epsilon=0.1)}`. They need the same `bounds`.
        targets: `{name: classes (n,)}` for the targeted ones, which are given them as labels.
        kinds: what an attack is, where it is not gankit's; see `guards.kinds_of`.
        guards: whether to look for signs of attacks that do not work (`gankit.robustness.guards`):
            zero gradients, a model no better than chance, an attack that changes nothing, an
            iterative one weaker than one step, one without gradients that beats one with them.

    Returns:
        `Comparison`. Its seconds are by the clock, each attack's first compilation included.

    Raises:
        TypeError, ValueError: as `evaluate`, before work begins; what an attack raises, with its
            name as a note.
    """
    victim = classifier(model, images, from_logits)
    bounds, targets = check_bounds(bounds), targets or {}
    x = check_images(victim, images, bounds)
    labels = check_labels(victim, labels, len(x))
    if not attacks or (unknown := set(targets) - set(attacks)):
        raise ValueError("there are no attacks to compare" if not attacks else
                         f"targets are given for {', '.join(unknown)}, which is no attack here")
    kinds = {**kinds_of(attacks, kinds), **dict.fromkeys(targets, "other")}
    targets = {name: check_other(victim, t, labels) for name, t in targets.items()}
    found = alarms_of_model(model, x, labels, from_logits, batch_size) if guards else []

    reports, made = {}, {}
    for name, attack in attacks.items():
        asked, begun = victim.queries, time.perf_counter()
        with named(name):
            made[name] = attack(model, images, targets.get(name, labels))
            seconds, asked = time.perf_counter() - begun, victim.queries - asked
            report = evaluate(model, images, labels, made[name], targets.get(name), bounds=bounds,
                              batch_size=batch_size, from_logits=from_logits)  # fmt: skip
        reports[name] = replace(report, queries=asked or None, seconds=seconds)
    found += alarms_of_attacks(reports, kinds) if guards else []
    warn(found)
    return Comparison(reports, made, found)


@contextlib.contextmanager
def named(attack):
    """Errors on the way tell in which attack."""
    try:
        yield
    except Exception as error:
        error.add_note(f"(in the attack {attack!r})")
        raise
