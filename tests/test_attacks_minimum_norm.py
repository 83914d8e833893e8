"""DeepFool, Carlini-Wagner, elastic net, L-BFGS and the universal perturbation: what is theirs."""

import numpy as np
import pytest
from attack_rows import CLASSES, data, network

from gankit import attacks
from gankit.attacks.classifier import classifier
from gankit.attacks.minimum import reached, search_weight

QUICK = {"steps": 40, "searches": 3, "first_c": 0.1, "learning_rate": 0.05}


def some(n=12):
    images, labels = data(n)
    return images, labels


def logits(images):
    return classifier(network(), images).logits(np.asarray(images, "float32"))


def l2(made, images):
    return np.linalg.norm((made - images).reshape(len(images), -1), axis=1)


def test_deepfool_survives_bytes_and_does_so_by_its_overshoot():
    images, labels = data(60)
    shares = {}
    for overshoot in (0.0, 0.02, 0.05):
        made = attacks.deepfool(network(), images, labels, overshoot=overshoot)
        assert (logits(made).argmax(axis=1) != labels).all()
        saved = np.round(made * 255) / 255
        shares[overshoot] = (logits(saved).argmax(axis=1) != labels).mean()
    assert shares[0.0] < 0.8 and shares[0.02] >= 0.9 and shares[0.05] >= 0.98


def test_deepfools_refinements_shorten_the_way():
    images, labels = data(60)
    plain, refined = (attacks.deepfool(network(), images, labels, refinements=n) for n in (0, 4))
    assert (l2(refined, images) <= l2(plain, images) * (1 + 1e-5)).all()
    assert l2(refined, images).mean() < 0.995 * l2(plain, images).mean()


@pytest.mark.parametrize("attack, options", [
    (attacks.deepfool, {}), (attacks.carlini_wagner, QUICK), (attacks.elastic_net, QUICK),
])  # fmt: skip
def test_misclassified_images_stay_as_they_are(attack, options):
    images, labels = some()
    wrong = labels.copy()
    wrong[::2] = (wrong[::2] + 1) % CLASSES
    made = attack(network(), images, wrong, **options)
    np.testing.assert_array_equal(made[::2], images[::2])
    assert (l2(made, images)[1::2] > 0).all()


@pytest.mark.parametrize("attack", [attacks.carlini_wagner, attacks.elastic_net])
def test_confidence_is_the_margin_that_is_left(attack):
    images, labels = some()
    for targeted, wanted in ((False, labels), (True, (labels + 1) % CLASSES)):
        made = attack(network(), images, wanted, targeted=targeted, confidence=2.0, **QUICK)
        moved = l2(made, images) > 0
        assert moved.mean() > 0.8
        over, margin = reached(logits(made), wanted, targeted)
        assert over[moved].all() and (margin[moved] > 1.99).all()
        assert margin[moved].min() < 4  # and not much more


def test_the_elastic_net_is_sparse_and_its_rules_keep_what_they_say():
    images, labels = some()
    few = {}
    for beta in (0.0, 0.02):
        made = attacks.elastic_net(network(), images, labels, beta=beta, **QUICK)
        few[beta] = (made != images).reshape(len(images), -1).sum(axis=1).mean()
    assert few[0.02] < 0.7 * few[0.0]
    by_rule = {rule: attacks.elastic_net(network(), images, labels, beta=0.02, rule=rule, **QUICK)
               for rule in ("en", "l1")}  # fmt: skip
    l1 = {rule: np.abs(made - images).sum(axis=(1, 2, 3)) for rule, made in by_rule.items()}
    en = {rule: l2(made, images) ** 2 + 0.02 * l1[rule] for rule, made in by_rule.items()}
    assert (l1["l1"] <= l1["en"] + 1e-6).all() and (en["en"] <= en["l1"] + 1e-6).all()
    assert (l1["l1"] < l1["en"]).any()


def test_lbfgs_gives_the_target_its_probability():
    images, labels = some(2)
    targets = (labels + 1) % CLASSES
    for probability in (0.0, 0.95):
        made = attacks.lbfgs(network(), images, targets, probability=probability, searches=5,
                             steps=30, first_c=1.0)  # fmt: skip
        z = logits(made).astype("float64")
        p = np.exp(z - np.logaddexp.reduce(z, axis=1)[:, None])[np.arange(2), targets]
        assert (z.argmax(axis=1) == targets).all() and (p >= probability - 1e-4).all()
    assert p.max() < 0.999


def test_the_weight_is_sought_until_it_is_enclosed():
    least = np.array([0.004, 0.3, 7.0, 1e9])
    tried = []

    def descend(c):
        tried.append(c)
        return c >= least

    search_weight(descend, 4, 0.1, 20)
    enough = np.where(np.array(tried) >= least, tried, np.inf).min(axis=0)
    np.testing.assert_allclose(enough[:3], least[:3], rtol=1e-3)
    np.testing.assert_allclose(np.array(tried)[:11, 3], 0.1 * 10.0 ** np.arange(11))


@pytest.mark.parametrize("norm, epsilon", [("linf", 0.2), ("l2", 2.0)])
def test_one_perturbation_fools_more_than_noise_of_its_size(norm, epsilon):
    images, _ = data(30)
    said = logits(images).argmax(axis=1)
    v, again = (attacks.universal_perturbation(network(), images, epsilon=epsilon, norm=norm,
                                               passes=1, seed=5) for _ in range(2))  # fmt: skip
    np.testing.assert_array_equal(v, again)
    assert v.shape == images.shape[1:] and v.dtype == images.dtype
    size = np.abs(v).max() if norm == "linf" else np.linalg.norm(v)
    assert 0.5 * epsilon < size <= epsilon * (1 + 1e-5)
    noise = np.random.default_rng(0).choice([-1.0, 1.0], v.shape) * np.linalg.norm(v) / v.size**0.5
    rate, by_noise = (
        np.mean(logits(np.clip(images + d, 0, 1)).argmax(axis=1) != said) for d in (v, noise)
    )
    assert rate > 0.25 and rate > 2 * by_noise


def test_the_universal_perturbation_stops_at_its_rate():
    images, _ = data(30)
    victim = classifier(network(), images)
    spent = []
    for rate in (0.2, 1.0):
        before = victim.queries
        attacks.universal_perturbation(network(), images, epsilon=0.2, fooling_rate=rate, passes=3)
        spent.append(victim.queries - before)
    assert spent[0] < 0.8 * spent[1]


@pytest.mark.parametrize("call, words", [
    (lambda x, y: attacks.deepfool(network(), x, y, targeted=True), "cannot be targeted"),
    (lambda x, y: attacks.deepfool(network(), x, y, norm="l1"), "norm is one of"),
    (lambda x, y: attacks.deepfool(network(), x, y, overshoot=-1), "overshoot"),
    (lambda x, y: attacks.lbfgs(network(), x, y + 1, targeted=False), "to a target class"),
    (lambda x, y: attacks.lbfgs(network(), x, (y + 1) % 6, probability=1), "below 1"),
    (lambda x, y: attacks.lbfgs(network(), x, y), "already taken for its target"),
    (lambda x, y: attacks.carlini_wagner(network(), x, y, confidence=-1), "confidence"),
    (lambda x, y: attacks.carlini_wagner(network(), x, y, targeted=True), "already taken"),
    (lambda x, y: attacks.elastic_net(network(), x, y, rule="l2"), "rule is one of"),
    (lambda x, y: attacks.elastic_net(network(), x, y, beta=-0.1), "beta"),
    (lambda x, y: attacks.universal_perturbation(network(), x, fooling_rate=2), "up to 1"),
])  # fmt: skip
def test_bad_settings(call, words):
    with pytest.raises(ValueError, match=words):
        call(*some())
