"""Signs that an attack is not really working, told loudly: a model is not robust because of them.

After Carlini et al. 2019, "On evaluating adversarial robustness", section 4, and Athalye, Carlini
and Wagner 2018, "Obfuscated gradients give a false sense of security", section 3.1.
"""

import warnings

import numpy as np
from scipy.special import expit

from gankit.attacks.classifier import classifier

MANY = 0.1  # gradients that are exactly 0, as a share of the images
SLACK = 0.05  # a success rate must be so much better to tell: chance alone is not meant
FLOOR = 0.1  # an accuracy as low as this has fallen towards 0
KINDS = {
    "fgsm": "one-shot",
    "iterative_fgsm": "iterative",
    "momentum_iterative": "iterative",
    "projected_gradient_descent": "iterative",
    "spsa": "gradient-free",
    "one_pixel": "gradient-free",
}


class AttackWarning(UserWarning):
    """An attack, or the model it attacks, gives a false picture of robustness."""


def warn(texts):
    """Each text as an `AttackWarning`, at the line that called `compare` or `accuracy_curves`."""
    for text in texts:
        warnings.warn(text, AttackWarning, stacklevel=3)


def kinds_of(attacks, kinds=None):
    """The kind of each attack, `{name: "one-shot", "iterative", "gradient-free" or "other"}`.

    It is known for gankit's own, also inside `functools.partial` or a lambda, and can be said for
    others in `kinds`. Attacks that seek the smallest perturbation, or a target, are "other".
    """
    kinds = kinds or {}
    if unknown := set(kinds) - set(attacks):
        raise ValueError(f"kinds names {', '.join(sorted(unknown))}; attacks are "
                         f"{', '.join(attacks)}")
    if wrong := set(kinds.values()) - {*KINDS.values(), "other"}:
        raise ValueError(f"a kind is 'one-shot', 'iterative', 'gradient-free' or 'other', not "
                         f"{wrong.pop()!r}")
    return {name: kinds.get(name) or kind_of(attack) for name, attack in attacks.items()}


def kind_of(attack):
    """See `kinds_of`."""
    function = getattr(attack, "func", attack)  # of a partial
    code = getattr(function, "__code__", None)
    called = [getattr(function, "__name__", ""), *(code.co_names if code else ())]
    found = {KINDS[name] for name in called if name in KINDS}
    return found.pop() if len(found) == 1 else "other"


def alarms_of_model(model, images, labels, from_logits=None, batch_size=256):
    """Warnings about the model, a list of texts: gradients that are 0; no better than chance."""
    victim = classifier(model, images, from_logits)
    images, labels = images[:256], labels[:256]
    logits, slopes = victim.gradient(images, labels, batch_size=batch_size)
    n, rows, alarms = len(images), np.arange(len(images)), []
    right = (logits.argmax(axis=1) == labels).mean()
    chance = 1 / victim.classes
    if right < min(1, chance + 2 * np.sqrt(chance * (1 - chance) / n)):
        alarms.append(f"the model is right for {right:.0%} of {n} images, no better than chance "
                      f"({chance:.0%}): is it trained, and are labels and images those it was "
                      "trained on? Any attack looks strong against it")
    flat = slopes.reshape(n, -1)
    none = (~flat.any(axis=1)).mean()
    others = logits.copy()
    others[rows, labels] = -np.inf
    sureness = np.logaddexp.reduce(others, axis=1) - logits[rows, labels]
    plain = np.abs(expit(sureness)[:, None] * flat).max(axis=1)  # of the cross-entropy
    vanished = (plain < np.finfo("float32").tiny).mean()
    if none > MANY:
        alarms.append(f"the gradient of the logits is exactly 0 for {none:.0%} of the images: "
                      "gradient attacks cannot work. Try spsa or one_pixel")
    elif vanished > MANY:
        alarms.append(f"the gradient of the cross-entropy is exactly 0 in float32 for "
                      f"{vanished:.0%} of the images, for the model is very sure (masked "
                      "gradients): attacks that follow it look weak. gankit's follow the "
                      "log-odds, which do not vanish")
    return alarms


def alarms_of_attacks(reports, kinds):
    """Warnings about attacks compared on the same images, a list of texts.

    Two attacks are compared where the one that should win had at least as much room: its largest
    perturbations were as large in linf, and not much shorter in l2.

    Args:
        reports: `{name: Report}`. kinds: from `kinds_of`.
    """
    alarms = [f"{name} changed no image: it does nothing"
              for name, report in reports.items() if not report.each["linf"].any()]
    for strong, weak in pairs(reports, kinds):
        one, other = reports[strong], reports[weak]
        if not room(one, other) or not one.success < other.success - SLACK - 1 / one.n:
            continue
        alarms.append(told(strong, weak, kinds, f"success {one.success:.2f} against "
                                                f"{other.success:.2f}"))
    return alarms


def room(one, other):
    """Whether an attack's perturbations were at least as large as another's."""
    largest = [[report.each[size].max() for size in ("linf", "l2")] for report in (one, other)]
    (linf, l2), (linf_other, l2_other) = largest
    return linf >= 0.99 * linf_other and l2 >= 0.5 * l2_other


def pairs(names, kinds):
    """Pairs (stronger, weaker) of attacks, as they should be: iterative before one-shot, and the
    white-box ones before gradient-free ones.
    """
    for strong in names:
        for weak in names:
            if (kinds[strong], kinds[weak]) in {("iterative", "one-shot"),
                                                ("iterative", "gradient-free"),
                                                ("one-shot", "gradient-free")}:  # fmt: skip
                yield strong, weak


def told(strong, weak, kinds, figures):
    """A warning, in words, about a pair that came out the wrong way round."""
    if kinds[weak] == "one-shot":
        return (f"{strong}, iterative, is weaker than {weak}, one step: {figures}. Its steps are "
                "too few or too long, it goes the wrong way, or gradients are masked")
    return (f"{weak}, without gradients, beats {strong}, which sees them: {figures}. The gradients "
            "do not lead uphill: masked, or the attack goes wrong")


def alarms_of_curves(curves, kinds, far):
    """Warnings about accuracy against epsilon, a list of texts.

    Args:
        curves: `Curves`. kinds: from `kinds_of`.
        far: `{name: (epsilon, accuracy)}` of iterative attacks, where epsilon is so large that
            every image could have become grey.
    """
    epsilons, top1, alarms = curves.epsilons, curves.top1, []
    slack = SLACK + 1 / curves.n
    for strong, weak in pairs(top1, kinds):
        gap = top1[strong] - top1[weak]
        at = int(gap.argmax())
        if gap[at] > slack:
            alarms.append(told(strong, weak, kinds, f"accuracy {top1[strong][at]:.2f} against "
                                                    f"{top1[weak][at]:.2f} at {epsilons[at]:g}"))
    for name, accuracy in top1.items():
        if kinds[name] != "iterative":
            continue
        rise = accuracy - np.minimum.accumulate(accuracy)
        at = int(rise.argmax())
        if rise[at] > slack:
            alarms.append(f"{name}: accuracy rises to {accuracy[at]:.2f} at epsilon "
                          f"{epsilons[at]:g}: a larger ball holds the smaller one, so the attack "
                          "does not find what is there")
        epsilon, left = far.get(name, (0, 0))
        if left > FLOOR:
            alarms.append(f"{name}: accuracy does not fall towards 0 as epsilon grows: {left:.2f} "
                          f"are left at {epsilon:g}, where every image could be made grey. Its "
                          "steps are too few or too short, or gradients are masked")
    return alarms
