import functools
import time
import warnings

import keras
import numpy as np
import pytest
from attack_rows import CLASSES, data, network
from keras import layers, ops

from gankit import attacks, backend, robustness
from gankit.attacks.classifier import classifier
from gankit.robustness import AttackWarning, guards

images, labels = data(96)
FGSM = functools.partial(attacks.fgsm, epsilon=0.1)
PGD = functools.partial(attacks.projected_gradient_descent, epsilon=0.1, steps=8)


def threshold(at, steepness=1000.0):
    """Class 1 where the mean pixel is above `at`."""
    model = keras.Sequential([keras.Input((12, 12, 1)), layers.Flatten(), layers.Dense(1)])
    weights = np.full((144, 1), steepness / 144, "float32")
    model.layers[-1].set_weights([weights, np.array([-steepness * at])])
    return model


def grey(*values):
    return np.stack([np.full((12, 12, 1), v, "float32") for v in values])


# distances


def test_norms_are_what_they_are_called():
    x = np.zeros((2, 4, 4, 3), "float32")
    x[:, 0, 0] = 0.5
    y = x.copy()
    y[0, 1, 1], y[0, 2, 2, 0], y[0, 3, 3] = (0.3, -0.4, 0), 0.1, 1e-4  # 1e-4 is dust
    found = robustness.norms(x, y)
    assert found["l0"].tolist() == [2, 0]
    assert found["l1"][0] == pytest.approx(0.8 + 3e-4)
    assert found["l2"][0] == pytest.approx(np.sqrt(0.09 + 0.16 + 0.01), rel=1e-6)
    assert found["linf"][0] == pytest.approx(0.4)
    assert found["rho"][0] == pytest.approx(np.sqrt(0.26 / 0.75), rel=1e-6)
    assert all(size[1] == 0 for size in found.values())
    assert robustness.norms(255 * x, 255 * y, (0, 255))["l0"].tolist() == [2, 0]
    assert robustness.norms(x, y, tolerance=0)["l0"].tolist() == [3, 0]


def test_ssim_is_the_formula():
    rng = np.random.default_rng(0)
    x, y = rng.random((2, 3, 14, 13, 2))
    at = np.arange(-5, 6)
    window = np.exp(-(at[:, None] ** 2 + at**2) / (2 * 1.5**2))
    window /= window.sum()
    c1, c2 = 0.01**2, 0.03**2
    for n in range(3):
        seen = []
        for i, j, c in np.ndindex(4, 3, 2):
            a, b = (z[n, i : i + 11, j : j + 11, c] for z in (x, y))
            ma, mb = (window * a).sum(), (window * b).sum()
            va, vb = (window * (a - ma) ** 2).sum(), (window * (b - mb) ** 2).sum()
            cov = (window * (a - ma) * (b - mb)).sum()
            seen.append((2 * ma * mb + c1) * (2 * cov + c2)
                        / ((ma**2 + mb**2 + c1) * (va + vb + c2)))  # fmt: skip
        assert robustness.ssim(x, y)[n] == pytest.approx(np.mean(seen), abs=1e-9)
    np.testing.assert_allclose(robustness.ssim(x, x), 1)
    np.testing.assert_allclose(robustness.ssim(2 * x - 1, 2 * x - 1, (-1, 1)), 1)
    assert np.isnan(robustness.ssim(x[:, :10], y[:, :10])).all()
    assert np.isnan(robustness.ssim(x[..., 0], y[..., 0])).all()


def test_rounding_gives_what_a_png_keeps():
    x = np.array([0, 0.0019, 0.002, 0.5, 1], "float32")
    np.testing.assert_allclose(robustness.rounded(x) * 255, [0, 0, 1, 128, 255], atol=1e-4)
    np.testing.assert_allclose(robustness.rounded(2 * x - 1, (-1, 1)),
                               2 * robustness.rounded(x) - 1, atol=1e-6)  # fmt: skip


# evaluate


def test_success_is_counted_among_the_images_that_were_right():
    x = grey(0.2, 0.2, 0.8, 0.8, 0.8)
    y = [0, 0, 1, 1, 0]  # the last is wrong before the attack
    made = grey(0.6, 0.2, 0.4, 0.8, 0.8)
    report = robustness.evaluate(threshold(0.5), x, y, made)
    assert report.success == 0.5 and report.targeted_success is None
    assert report.clean_accuracy == 0.8 and report.adversarial_accuracy == 0.4
    assert report.each["success"].tolist() == [True, False, True, False, False]
    assert report.linf == pytest.approx(0.4)  # of the two that fooled it, not of all
    assert report.l0 == 144 and report.rho == pytest.approx((2 + 0.5) / 2)
    assert report.clean_confidence > 0.999
    assert "after 8 bits" in str(report) and "0.5" in str(report)
    targets = [1, 1, 0, 0, 1]
    aimed = robustness.evaluate(threshold(0.5), x, y, made, targets)
    assert aimed.targeted_success == 0.5  # of four: the last is taken for 1 already
    assert aimed.success == 0.5
    assert aimed.each["success"].tolist() == [True, False, True, False, False]


def test_rounding_undoes_what_barely_crossed():
    level = 127.5 / 255  # bytes lie on either side of it
    x, model = grey(100 / 255, 100 / 255), threshold(level - 0.2 / 255)
    made = grey(127.4 / 255, 128.2 / 255)
    report = robustness.evaluate(model, x, [0, 0], made)
    assert report.success == 1 and report.rounded.success == 0.5
    assert report.rounded.linf == pytest.approx(28 / 255) and report.rounded.rounded is None
    assert report.linf == pytest.approx(27.8 / 255, rel=1e-4)


def test_nothing_achieved_is_no_number():
    report = robustness.evaluate(network(), images, labels, images)
    assert report.success == 0 and np.isnan(report.l2) and np.isnan(report.ssim)
    assert report.each["l2"].max() == 0


@pytest.mark.parametrize("what, message", [
    ({"adversarial": images[:5]}, "shape"),
    ({"adversarial": images + 1}, "adversarial lie in"),
    ({"target_labels": labels}, "target of image 0 is its label"),
    ({"target_labels": labels[:3]}, "target_labels"),
    ({"labels": np.eye(CLASSES)[labels]}, "one-hot"),
])  # fmt: skip
def test_evaluate_refuses_what_does_not_fit(what, message):
    given = {"images": images, "labels": labels, "adversarial": images, **what}
    with pytest.raises(ValueError, match=message):
        robustness.evaluate(network(), **given)


# compare


def silent(function, *args, **kw):
    with warnings.catch_warnings():
        warnings.simplefilter("error", AttackWarning)
        return function(*args, **kw)


def test_compare_measures_each_attack_and_is_silent_when_all_is_well():
    def slow(model, images, labels):
        time.sleep(0.1)
        return attacks.fgsm(model, images, labels, epsilon=0.1)

    def foreign(model, images, labels):
        return np.clip(images + 0.01, 0, 1)

    aimed = functools.partial(attacks.iterative_fgsm, epsilon=0.1, steps=3, targeted=True)
    tried = {
        "FGSM": FGSM,
        "PGD": lambda model, x, y: attacks.projected_gradient_descent(
            model, x, y, epsilon=0.1, steps=8),
        "slow": slow, "foreign": foreign, "aimed": aimed,
        "SPSA": functools.partial(attacks.spsa, epsilon=0.1, steps=3, samples=8),
    }  # fmt: skip
    targets = (labels + 1) % CLASSES
    found = silent(robustness.compare, network(), images, labels, tried, {"aimed": targets})
    reports = found.reports
    assert list(reports) == list(tried) and found.warnings == []
    assert reports["FGSM"].queries == 96 and reports["PGD"].queries == 9 * 96
    assert reports["foreign"].queries is None
    assert reports["slow"].seconds > 0.1 and reports["FGSM"].seconds > 0
    by_hand = robustness.evaluate(network(), images, labels, found.adversarial["FGSM"])
    assert by_hand.success == reports["FGSM"].success and by_hand.l2 == reports["FGSM"].l2
    assert reports["aimed"].targeted_success > 0.1
    assert len(str(found).splitlines()) == 7 and "queries" in str(found)


def test_an_attack_that_raises_is_named():
    with pytest.raises(ValueError) as caught:
        robustness.compare(network(), images, labels,
                           {"too large": functools.partial(attacks.fgsm, epsilon=8)})  # fmt: skip
    assert "too large" in str(caught.value.__notes__)
    with pytest.raises(ValueError, match="no attacks"):
        robustness.compare(network(), images, labels, {})
    with pytest.raises(ValueError, match="nobody"):
        robustness.compare(network(), images, labels, {"FGSM": FGSM}, {"nobody": labels})
    for kinds in ({"FGSM": "quick"}, {"nobody": "iterative"}):
        with pytest.raises(ValueError, match=r"quick|nobody"):
            robustness.compare(network(), images, labels, {"FGSM": FGSM}, kinds=kinds)


# guards: each finds its planted case


def told(*args, **kw):
    """What `compare` warns of, and that it does so aloud."""
    with pytest.warns(AttackWarning):
        found = robustness.compare(*args, **kw)
    return " / ".join(found.warnings)


def nothing(model, images, labels, epsilon=None):
    return np.array(images)


def downhill(model, images, labels, epsilon=0.1):
    """PGD that goes the wrong way."""
    made = images
    for _ in range(8):
        slopes = classifier(model, images).gradient(made, labels)[1]
        made = np.clip(made - epsilon / 4 * np.sign(slopes), images - epsilon, images + epsilon)
        made = made.clip(0, 1).astype("float32")
    return made


def test_an_attack_that_does_nothing_is_told():
    assert "idle changed no image" in told(network(), images, labels, {"idle": nothing})


def test_a_random_model_is_told():
    wrong = np.random.default_rng(0).permutation(labels)
    assert "no better than chance" in told(network(), images, wrong, {"FGSM": FGSM})


def test_zero_gradients_are_told():
    said = told(network("rounds"), images, labels, {"idle": nothing})
    assert "logits is exactly 0 for 100%" in said
    for kind in ("logits", "softmax"):
        said = told(network(kind, scale=20.0), images, labels, {"FGSM": FGSM})
        assert "cross-entropy is exactly 0 in float32 for" in said
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model, x = network(scale=20.0), ops.convert_to_tensor(images)
    slopes = backend.input_gradients(lambda z: loss(ops.convert_to_tensor(labels), model(z)), x)
    zero = (ops.convert_to_numpy(slopes) == 0).all(axis=(1, 2, 3)).mean()
    counted = float(said.split("float32 for ")[1].split("%")[0]) / 100
    assert counted == pytest.approx(zero, abs=0.05)  # as many as there really are


def test_an_iterative_attack_weaker_than_one_step_is_told():
    said = told(network(), images, labels, {"FGSM": FGSM, "mine": downhill},
                kinds={"mine": "iterative"})  # fmt: skip
    assert "mine, iterative, is weaker than FGSM, one step" in said
    assert silent(robustness.compare, network(), images, labels, {"FGSM": FGSM, "mine": downhill},
                  guards=False).warnings == []  # fmt: skip


def test_an_attack_without_gradients_that_wins_is_told():
    spsa = functools.partial(attacks.spsa, epsilon=0.1, steps=10, samples=32, rate=0.03)
    said = told(network(), images[:48], labels[:48], {"mine": downhill, "SPSA": spsa},
                kinds={"mine": "iterative"})  # fmt: skip
    assert "SPSA, without gradients, beats mine" in said


# curves

EPSILONS = (0.05, 0.1, 0.2)
ITERATIVE = functools.partial(attacks.projected_gradient_descent, steps=8)


def test_curves_of_a_linear_model_are_known():
    """Every pixel pushes: accuracy under epsilon is the share of margins above it."""
    x = grey(*np.linspace(0.05, 0.45, 9), 0.9)
    found = silent(robustness.accuracy_curves, threshold(0.5, 100.0), x, [0] * 9 + [1],
                   {"FGSM": attacks.fgsm, "PGD": ITERATIVE}, (0.07, 0.22, 0.47))  # fmt: skip
    assert found.epsilons.tolist() == [0, 0.07, 0.22, 0.47] and found.n == 10
    for accuracy in found.top1.values():
        np.testing.assert_allclose(accuracy, [1.0, 0.9, 0.6, 0.0], atol=1e-9)
    assert found.top5 == {}  # two classes


def test_curves_are_silent_when_all_is_well_and_drawn_with_words():
    tried = {"FGSM": attacks.fgsm, "PGD": ITERATIVE}
    found = silent(robustness.accuracy_curves, network(), images, labels, tried, EPSILONS)
    right = (classifier(network(), images).predict(images) == labels).mean()
    for name in tried:
        assert found.top1[name][0] == right
        assert (found.top5[name] >= found.top1[name]).all()
        made = tried[name](network(), images, labels, epsilon=0.1)
        logits = classifier(network(), images).logits(made)
        own = logits[np.arange(96), labels][:, None]
        assert found.top5[name][2] == ((logits > own).sum(axis=1) < 5).mean()
    assert found.top1["PGD"][-1] <= 0.1
    for picture in (robustness.plot_curves(found, title="Some title"),
                    robustness.plot_curves(found, alt="my words")):  # fmt: skip
        assert len(picture.axes) == 2
    assert picture.alt == "my words"
    alt = robustness.plot_curves(found).alt
    assert "PGD, top-1, from 1.00 to" in alt and "linf" in alt
    assert picture._repr_mimebundle_()[1]["image/png"]["alt"] == "my words"


def warned(attack, kind="iterative", epsilons=EPSILONS, **more):
    with pytest.warns(AttackWarning):
        found = robustness.accuracy_curves(network(), images, labels, {"mine": attack, **more},
                                           epsilons, kinds={"mine": kind})  # fmt: skip
    return " / ".join(found.warnings)


def test_an_iterative_attack_that_does_not_reach_zero_is_told():
    short = functools.partial(attacks.iterative_fgsm, step=0.001, steps=2)
    assert "mine: accuracy does not fall towards 0" in warned(short)
    assert "left at 0.5, where every image could be made grey" in warned(short, epsilons=(0.01,))

    def one_step(model, images, labels, epsilon):  # FGSM need not fall
        return attacks.fgsm(model, images, labels, epsilon=epsilon / 100)

    tried = {"mine": one_step}
    found = silent(robustness.accuracy_curves, network(), images, labels, tried, EPSILONS,
                   kinds={"mine": "one-shot"})  # fmt: skip
    assert found.top1["mine"][-1] > 0.5


def test_an_accuracy_that_rises_with_epsilon_is_told():
    def once(model, images, labels, epsilon):
        return attacks.fgsm(model, images, labels, epsilon=0.1 if epsilon < 0.15 else 0.01)

    assert "accuracy rises to" in warned(once, epsilons=(0.1, 0.2))


def test_curves_that_lie_the_wrong_way_round_are_told():
    assert "mine, iterative, is weaker than FGSM" in warned(downhill, FGSM=attacks.fgsm)
    spsa = functools.partial(attacks.spsa, steps=10, samples=32, rate=0.03)
    assert "SPSA, without gradients, beats mine" in warned(downhill, "one-shot", (0.1,), SPSA=spsa)


@pytest.mark.parametrize("epsilons", [(), (0.0, 0.1), (0.2, 0.1), (-0.1,), (8,), ("0.1",)])
def test_epsilons_rise_from_above_zero(epsilons):
    with pytest.raises(ValueError, match="epsilon"):
        robustness.accuracy_curves(network(), images, labels, {"FGSM": attacks.fgsm}, epsilons)


def test_the_kind_of_an_attack_is_found_where_it_is_gankits():
    kinds = guards.kinds_of({
        "a": attacks.fgsm, "b": functools.partial(attacks.spsa, epsilon=0.1),
        "c": lambda m, x, y: attacks.iterative_fgsm(m, x, y, epsilon=0.1),
        "d": attacks.deepfool, "e": print, "f": downhill,
    }, {"f": "iterative"})  # fmt: skip
    assert list(kinds.values()) == ["one-shot", "gradient-free", "iterative", "other", "other",
                                    "iterative"]  # fmt: skip


@pytest.mark.parametrize("attack", [attacks.fgsm, lambda m, x, y, epsilon: x * (1 - 2 * epsilon)])
def test_curves_refuse_an_attack_that_goes_further_than_epsilon(attack):
    with pytest.raises(ValueError, match="another norm") as told:
        robustness.accuracy_curves(network(), images, labels, {"mine": attack}, [0.1], norm="l2")
    assert "mine" in told.value.__notes__[0]


def test_a_black_image_does_not_spoil_rho():
    x = np.concatenate([images[:3], 0 * images[:1]])
    found = robustness.norms(x, np.clip(x + 0.1, 0, 1))["rho"]
    assert np.isfinite(found[:3]).all() and np.isnan(found[3])


def test_few_images_of_a_perfect_model_raise_no_alarm():
    model = threshold(0.5, 20.0)
    assert guards.alarms_of_model(model, grey(0.2, 0.9), np.array([0, 1])) == []


def test_spsa_reaches_its_epsilon():
    x = grey(0.0, 0.05)
    made = attacks.spsa(threshold(0.5, 4.0), x, np.array([0, 0]), epsilon=0.45, samples=16)
    assert np.abs(made - x).max() > 0.44
