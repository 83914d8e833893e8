import keras
import numpy as np
import pytest
from test_callbacks import ring, tiny

from gankit import datasets, doctor, symptoms
from gankit.callbacks import SampleGrid, TrainingDoctor
from gankit.gans import GAN
from gankit.models import mlp

# --- TrainingDoctor: on logs made up -------------------------------------------------------------


class Model:
    stop_training = False
    options = {"loss": "non_saturating"}


WELL = {"d_loss": 1.0, "g_loss": 1.0, "g_grad_norm": 1.0, "d_accuracy": 0.8, "p_fake": 0.3}


def examine(*phases, **options):
    """A doctor shown phases `(steps, logs that differ from WELL)`; None removes a key."""
    sentences = []
    watching = TrainingDoctor(report=sentences.append, **options)
    watching.set_model(Model())
    watching.on_train_begin()
    for steps, change in phases:
        logs = {key: value for key, value in {**WELL, **change}.items() if value is not None}
        for batch in range(steps):
            watching.on_train_batch_end(batch, logs)
    assert sentences == [
        f"TrainingDoctor, step {step:,}: {sentence}" for step, _, sentence in watching.verdicts
    ]
    return [(step, kind) for step, kind, _ in watching.verdicts]


WON = {"d_accuracy": 1.0, "p_fake": 1e-3}
NO_PROBABILITIES = {"p_fake": None}
CRITIC = {"p_fake": None, "d_accuracy": None}


def test_each_onset_is_told_once():
    assert examine((1000, WON)) == [(199, "d_won")]
    assert examine((1000, WON), (300, {}), (1000, WON)) == [
        (199, "d_won"),
        (1497, "d_won"),  # two healthy steps in a hundred do not change the mean enough
    ]
    assert examine((1000, WON), (20, {}), (1000, WON)) == [(199, "d_won")]  # no recovery
    assert examine((60, WON), window=10, patience=20) == [(29, "d_won")]


def test_a_healthy_run_hears_nothing():
    # measured on Fashion-MNIST: sure at first, then less so
    early = {"d_accuracy": 0.989, "p_fake": 0.18}
    assert (
        examine(
            (150, early),
            (300, {"d_accuracy": 0.97, "p_fake": 0.15, "g_grad_norm": 0.08}),
            (600, {}),
        )
        == []
    )
    assert examine((150, WON), (600, {})) == []  # a moment's luck
    assert examine((900, {"d_accuracy": 0.99, **NO_PROBABILITIES})) == []  # hinge, least squares
    assert examine((900, {"d_accuracy": 0.55, "p_fake": 0.49, "g_grad_norm": 1e-3})) == []  # rest


def test_what_the_loss_does_not_tell_is_not_judged():
    assert examine((900, {**WON, **NO_PROBABILITIES})) == [(199, "d_won")]
    assert examine((900, CRITIC)) == []
    assert examine((900, {**CRITIC, "g_grad_norm": 1e-3})) == [(199, "vanishing")]


def test_a_gradient_of_exactly_nothing_is_told_even_where_d_is_unsure():
    watching = TrainingDoctor(window=5, patience=5, report=lambda text: None)
    watching.set_model(Model())
    for batch in range(10):
        watching.on_train_batch_end(batch, {**WELL, "d_accuracy": 0.5, "g_grad_norm": 0.0})
    assert [kind for _, kind, _ in watching.verdicts] == ["vanishing"]
    assert "exactly 0" in watching.verdicts[0][2]


@pytest.mark.parametrize("key, value", [("d_loss", np.nan), ("g_grad_norm", np.float32("inf"))])
def test_a_value_that_is_no_number_stops_at_once(key, value):
    watching = TrainingDoctor(report=lambda text: None)
    watching.set_model(Model())
    watching.on_train_batch_end(0, {**WELL, key: value})
    (step, kind, sentence), *more = watching.verdicts
    assert (step, kind, more, watching.model.stop_training) == (1, "not_finite", [], True)
    assert f"{key} is {value}" in sentence and "To try: " in sentence


def test_the_doctor_speaks_on_a_line_of_its_own(capsys):
    doctor.announce("D has won.")
    assert capsys.readouterr().out == "\nD has won.\n"
    with pytest.raises(ValueError, match="patience=0"):
        TrainingDoctor(patience=0)


# --- The looks: measures, and verdicts on looks made up -------------------------------------------


def test_measures_of_samples():
    corners = np.array([[0, 0], [3, 4], [0, 4]], "float32")
    np.testing.assert_allclose(symptoms.distances(corners, corners[:2]), [[0, 5], [5, 0], [4, 3]])
    assert symptoms.spread(corners) == pytest.approx(4)  # 3, 4 and 5; not with themselves
    near_two = np.array([[0, 1], [0, 3.5], [0, 5]], "float32")
    assert symptoms.visited(near_two, corners) == pytest.approx(2 / 3)
    assert symptoms.outranks([1, 2, 3], [0, 2]) == pytest.approx((3 + 1 + 0.5) / 6)
    ours, theirs = np.split(ring(512), 2)
    assert symptoms.energy_distance(ours, theirs) == pytest.approx(0, abs=0.05)
    assert symptoms.energy_distance(ours, theirs + 1) > 0.3


FINE = {"spread": 1.0, "visited": 1.0, "distance": 0.01, "memory": 0.5, "mean": 0.0}
ALONE = {key: FINE[key] for key in ("spread", "mean")}  # without reals
BY_HEART = {"memory": 0.8}


def read(looks, base=FINE):
    """The kinds told of looks that differ from `base`."""
    looks = [{**base, **look} for look in looks]
    looks = [{**look, "mean": np.array([look["mean"], 0.0])} for look in looks]
    return {kind for kind, judge in symptoms.VERDICTS.items() if judge(looks)}


def test_looks_that_are_well():
    assert read([FINE] * 6) == read([ALONE] * 6, ALONE) == set()
    # a slow start: all alike, but nearer to the reals each time
    start = [{"spread": 0.2, "visited": 0.1, "distance": d} for d in (0.9, 0.8, 0.7, 0.65, 0.6)]
    assert read(start) == set()
    swings = [{"mean": m, "distance": d} for m, d in zip((0, 1, 0, 1, 0), (9, 8, 7, 6, 5))]
    assert read(swings) == set()


def test_looks_that_are_bad():
    assert read([FINE] + [{"spread": 0.2}] * 4) == {"collapsing"}
    assert read([FINE] + [{"visited": 0.4}] * 4) == {"collapsing"}  # far apart, in few places
    assert read([FINE] * 2 + [{"visited": 0.4}] * 3) == set()  # too short
    assert read([{}] + [{"spread": 0.2}] * 4, ALONE) == {"collapsing"}
    assert read([BY_HEART] * 4) == {"memorising"} and read([BY_HEART] * 2 + [{}] * 2) == set()
    swings = [{"mean": m} for m in (0, 0, 1, 0, 1)]
    assert read(swings) == {"oscillating"}
    assert read([{"mean": m} for m in (0, 1, 2, 3, 4)]) == set()  # on its way, not to and fro
    assert read([{"mean": m / 10} for m in (0, 0, 1, 0, 1)]) == set()


class Painter:
    """A GAN as far as looks need one: D says the first number of a sample."""

    def __init__(self, samples):
        self.samples = samples
        self.discriminator = mlp.discriminator((2,), hidden=(4,))

    def sample_latent(self, n, seed):
        return np.zeros((n, 2), "float32")

    def sampler(self):
        return lambda latent, training: keras.ops.convert_to_tensor(self.samples[: len(latent)])


def test_what_a_look_sees():
    reals, few = ring(400), ring(400)
    few = few[(few[:, 1] > 1.8) | (few[:, 1] < -1.8)]  # two of eight modes, opposite ones
    looks = symptoms.Looks(Painter(None), reals)
    well, dropped, one = (
        looks.measure(samples[:128].astype("float64"))
        for samples in (ring(800)[400:], np.tile(few, (2, 1)), np.tile(few[:1], (128, 1)))
    )
    assert 0.9 < well["spread"] < 1.1 and well["visited"] > 0.8 and well["distance"] < 0.02
    assert dropped["spread"] > 0.7 and dropped["visited"] < 0.5  # a mean distance would not tell
    assert one["spread"] == pytest.approx(0, abs=1e-6) and one["visited"] < 0.1
    alone = symptoms.Looks(Painter(None))
    widths = [alone.measure(w * well["mean"] + w * reals[:128])["spread"] for w in (1, 2, 0.5)]
    assert widths == pytest.approx([1, 1, 0.25])


# --- TrainingDoctor: on real trainings -----------------------------------------------------------


def train(loss, g_rate, d_rate, steps=160, window=50, patience=50, **options):
    """A GAN on the ring for some seconds; returns the doctor and the GAN."""
    adam = keras.optimizers.Adam
    gan = tiny((2,), width=64, loss=loss, g_optimizer=adam(g_rate, beta_1=0.5),
               d_optimizer=adam(d_rate, beta_1=0.5), **options)  # fmt: skip
    watching = TrainingDoctor(window, patience, report=lambda text: None)
    gan.fit(ring(64 * steps), batch_size=64, callbacks=[watching], verbose=0)
    return watching, gan


@pytest.mark.parametrize("loss", ["non_saturating", "least_squares", "hinge", "wasserstein"])
def test_the_doctor_is_silent_on_a_gan_that_learns(loss):
    watching, _ = train(loss, 1e-3, 1e-3)
    assert watching.step == 160 and watching.verdicts == []


@pytest.mark.parametrize("loss", ["non_saturating", "hinge"])
def test_the_doctor_sees_that_d_has_won(loss):
    watching, _ = train(loss, 1e-6, 1e-2)  # G hardly moves
    ((_, kind, sentence),) = watching.verdicts
    assert kind == "d_won" and "a smaller rate for D" in sentence


def test_the_doctor_sees_gs_gradient_vanish():
    watching, _ = train("minimax", 2e-5, 1e-2, steps=240)  # lesson 01: 100 times G's rate
    told = {kind: sentence for _, kind, sentence in watching.verdicts}
    assert len(watching.verdicts) == 2 and set(told) == {"d_won", "vanishing"}
    assert "loss='non_saturating'" in told["vanishing"]


def test_the_doctor_stops_what_cannot_come_back():
    watching, gan = train("non_saturating", 1e6, 1e6, run_eagerly=True)
    ((step, kind, sentence),) = watching.verdicts
    assert kind == "not_finite" and "rates ten times smaller" in sentence
    assert gan.g_optimizer.iterations == step == watching.step < 10

    gan = tiny(run_eagerly=True)
    weights = gan.generator.get_weights()
    gan.generator.set_weights([weights[0] * np.nan, *weights[1:]])
    watching, grid = TrainingDoctor(report=lambda text: None), SampleGrid(n=4)
    grid.on_train_begin = lambda logs=None: None  # it would refuse these samples
    grid.latent, grid.begun = gan.sample_latent(4, 0), True
    data = np.random.default_rng(0).random((64, 4, 4, 1), dtype="float32")
    gan.fit(data, batch_size=16, callbacks=[watching, grid], verbose=0)
    assert watching.verdicts[0][:2] == (1, "not_finite") and watching.step == 1
    assert (grid.frames[0] == 0).all()  # and the broken samples raise nothing


def watch(reals, held_out=None, every=10, g_rate=1e-3, d_rate=1e-3, epochs=12, **options):
    """A GAN on these reals under a doctor that looks often; returns both."""
    gan = tiny(reals.shape[1:], latent_dim=reals.shape[1], **options)
    gan.g_optimizer.learning_rate, gan.d_optimizer.learning_rate = g_rate, d_rate
    quiet = dict(report=lambda text: None, every=every)
    watching = TrainingDoctor(window=5, patience=100, reals=reals, held_out=held_out, **quiet)
    gan.fit(reals, batch_size=32, epochs=epochs, callbacks=[watching], verbose=0)
    return watching, gan


def test_the_doctor_sees_samples_collapse():
    watching, _ = watch(ring(256), d_rate=0.0, g_rate=1e-2)  # G climbs to where D's output is most
    kinds = {kind: sentence for _, kind, sentence in watching.verdicts}
    assert set(kinds) == {"collapsing"} and "batch norm in D" in kinds["collapsing"]


def test_looking_leaves_the_training_as_it_is():
    weights = []
    for every in (None, 1):
        keras.utils.set_random_seed(0)
        _, gan = watch(ring(256), ring(256), every=every, epochs=2)
        weights.append(gan.get_weights())
    for alone, watched in zip(*weights):
        np.testing.assert_array_equal(alone, watched)


def test_the_doctor_refuses_before_a_step_is_taken():
    for options, said in (
        (dict(reals=ring(256)[:, :1]), r"TrainingDoctor\(reals=...\): .*shape \(1,\)"),
        (dict(reals=ring(256), held_out=ring(256) * np.nan), r"held_out=.*NaN"),
        (dict(reals=ring(40)), "40 are too few, give 64"),
    ):
        gan = tiny((2,))
        with pytest.raises(ValueError, match=said):
            gan.fit(ring(64), batch_size=32, callbacks=[TrainingDoctor(**options)], verbose=0)
        assert gan.g_optimizer.iterations == 0
    with pytest.raises(ValueError, match="every=0"):
        TrainingDoctor(every=0)
    with pytest.raises(ValueError, match="give some of them too, reals="):
        TrainingDoctor(held_out=ring(256))


@pytest.mark.realdata
@pytest.mark.parametrize(
    "loss, g_rate, d_rate, expected",
    [
        ("non_saturating", 2e-4, 2e-4, set()),
        ("hinge", 2e-4, 2e-4, set()),
        ("minimax", 2e-5, 2e-3, {"d_won", "vanishing"}),
    ],
)
def test_the_doctor_on_the_simple_gan_of_lesson_01(loss, g_rate, d_rate, expected):
    images = datasets.fashion_mnist()
    if len(images) < 60_000:
        pytest.skip("all of Fashion-MNIST is not here: set GANKIT_DATA")
    images = images.take(64 * 400)
    gan = GAN(mlp.generator(images.image_shape), mlp.discriminator(images.image_shape))
    adam = keras.optimizers.Adam
    gan.compile(adam(g_rate, beta_1=0.5), adam(d_rate, beta_1=0.5), loss=loss)
    watching = TrainingDoctor(report=lambda text: None)
    gan.fit(images, callbacks=[watching], verbose=0)
    assert {kind for _, kind, _ in watching.verdicts} == expected
