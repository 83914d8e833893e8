"""The attacks of `attacks.py`, one function a library: `{attack: function(x, y, targets)}`.

Each is given images (n, 28, 28, 1) in [0, 1], their classes, and targets, as NumPy arrays, and
gives images back. CleverHans, ART and Foolbox get the Keras model itself, under TensorFlow;
torchattacks gets the same weights in a plain PyTorch network, whose logits are compared first.

`python attack_contenders.py LIBRARY FOLDER` is a process that attacks: each line it reads is
`n attack`; it answers with seconds, or with what was raised, and leaves `LIBRARY_attack.npy`.
"""

import contextlib
import json
import os
import sys
import time
from pathlib import Path

import numpy as np

EPSILON, STEP = 0.1, 0.01
SEARCH = {"searches": 5, "steps": 200, "rate": 0.01, "c": 0.01}  # of C&W and EAD
BATCH = 256
LAYER = "features"


def keras_model():
    from gankit.runs import load_run

    return load_run("fashion_mnist_classifier").network("classifier")


# --- gankit ---------------------------------------------------------------------------------------


def gankit():
    from gankit import attacks

    model = keras_model()
    fixed = {"epsilon": EPSILON, "step": STEP}
    search = dict(steps=SEARCH["steps"], searches=SEARCH["searches"], first_c=SEARCH["c"],
                  learning_rate=SEARCH["rate"])  # fmt: skip

    def of(attack, aimed=False, **options):
        return lambda x, y, t: attack(model, x, t if aimed else y, targeted=aimed, **options)

    def universal(x, y, t):
        v = attacks.universal_perturbation(model, x, epsilon=EPSILON, fooling_rate=0.8)
        return np.clip(x + v, 0, 1)

    return {
        "fgsm": of(attacks.fgsm, epsilon=EPSILON),
        "iterative_fgsm": of(attacks.iterative_fgsm, **fixed, steps=20),
        "least_likely_class": lambda x, y, t: attacks.least_likely_class(
            model, x, **fixed, steps=20
        ),
        "momentum_iterative": of(attacks.momentum_iterative, **fixed, steps=20),
        "projected_gradient_descent": of(attacks.projected_gradient_descent, **fixed, steps=40),
        "deepfool": of(attacks.deepfool),
        "carlini_wagner": of(attacks.carlini_wagner, **search),
        "elastic_net": of(attacks.elastic_net, rule="l1", beta=0.01, **search),
        "lbfgs": of(attacks.lbfgs, aimed=True),
        "jacobian_saliency_map": of(attacks.jacobian_saliency_map, aimed=True),
        "saliency of the target alone": of(attacks.jacobian_saliency_map, aimed=True, others=False),
        "one_pixel": of(attacks.one_pixel, exhaustive=False),  # as in the paper, and the peers
        "one_pixel, extremes first": of(attacks.one_pixel),  # gankit's default
        "spsa": of(attacks.spsa, epsilon=EPSILON),
        "virtual_adversarial": lambda x, y, t: attacks.virtual_adversarial(model, x, epsilon=2.0),
        "universal_perturbation": universal,
        "feature_adversary": lambda x, y, t: attacks.feature_adversary(
            model, x, np.roll(x, 1, axis=0), LAYER
        ),
        "fooling_images": lambda x, y, t: attacks.fooling_images(model, t),
    }


# --- on the same Keras model ----------------------------------------------------------------------


def cleverhans():
    import tensorflow as tf
    from cleverhans.tf2.attacks.basic_iterative_method import basic_iterative_method
    from cleverhans.tf2.attacks.carlini_wagner_l2 import carlini_wagner_l2
    from cleverhans.tf2.attacks.fast_gradient_method import fast_gradient_method
    from cleverhans.tf2.attacks.momentum_iterative_method import momentum_iterative_method
    from cleverhans.tf2.attacks.projected_gradient_descent import projected_gradient_descent
    from cleverhans.tf2.attacks.spsa import spsa

    keras = keras_model()
    model = tf.function(lambda x: keras(x, training=False))  # what a user can do; eager is slower
    box = {"clip_min": 0.0, "clip_max": 1.0}

    def of(attack, *options, labels="y", **named):
        def run(x, y, t):
            return np.asarray(attack(model, tf.constant(x), *options, **named, **{labels: y}))

        return run

    def one_by_one(x, y, t):
        made = [
            spsa(model, tf.constant(x[i : i + 1]), y[i : i + 1], EPSILON, 20, **box)
            for i in range(len(x))
        ]
        return np.concatenate(made)

    far, linf = {"eps_iter": STEP, "nb_iter": 20}, {"norm": np.inf}
    return {
        "fgsm": of(fast_gradient_method, EPSILON, np.inf, **box),
        "iterative_fgsm": of(  # whose own sanity checks raise
            basic_iterative_method, EPSILON, STEP, 20, np.inf, sanity_checks=False, **box
        ),
        "momentum_iterative": of(momentum_iterative_method, eps=EPSILON, **far, **linf, **box),
        "projected_gradient_descent": of(
            projected_gradient_descent, EPSILON, STEP, 40, np.inf, **box
        ),
        "carlini_wagner": of(
            carlini_wagner_l2, binary_search_steps=SEARCH["searches"], batch_size=BATCH, **box,
            max_iterations=SEARCH["steps"], learning_rate=SEARCH["rate"], initial_const=SEARCH["c"],
        ),
        "spsa": one_by_one,
    }  # fmt: skip


def foolbox():
    import foolbox as fb
    import tensorflow as tf

    model = fb.TensorFlowModel(keras_model(), bounds=(0, 1))

    def of(attack, epsilons=EPSILON, aim=None):
        def run(x, y, t):
            goal = fb.criteria.Misclassification(tf.constant(y))
            if aim is not None:
                goal = fb.criteria.TargetedMisclassification(tf.constant(aim(x, t)))
            return np.asarray(attack(model, tf.constant(x), goal, epsilons=epsilons)[1])

        return run

    def least_likely(x, t):
        return np.asarray(model(tf.constant(x))).argmin(axis=1)

    all_of = fb.attacks
    walk = {"abs_stepsize": STEP}
    search = dict(binary_search_steps=SEARCH["searches"], steps=SEARCH["steps"],
                  initial_const=SEARCH["c"])  # fmt: skip
    return {
        "fgsm": of(all_of.LinfFastGradientAttack()),
        "iterative_fgsm": of(all_of.LinfBasicIterativeAttack(steps=20, **walk)),
        "least_likely_class": of(
            all_of.LinfBasicIterativeAttack(steps=20, **walk), aim=least_likely
        ),
        "momentum_iterative": of(all_of.LinfMomentumIterativeFastGradientMethod(steps=20, **walk)),
        "projected_gradient_descent": of(all_of.LinfPGD(steps=40, **walk)),
        "deepfool": of(all_of.L2DeepFoolAttack(), None),
        "carlini_wagner": of(all_of.L2CarliniWagnerAttack(stepsize=SEARCH["rate"], **search), None),
        "elastic_net": of(
            all_of.EADAttack(
                initial_stepsize=SEARCH["rate"], regularization=0.01, decision_rule="L1", **search
            ),
            None,
        ),
        "virtual_adversarial": of(all_of.VirtualAdversarialAttack(steps=1, xi=1e-2), 2.0),
    }


def art():
    import tensorflow as tf
    from art.attacks import evasion
    from art.estimators.classification import TensorFlowV2Classifier

    keras = keras_model()
    loss = tf.keras.losses.SparseCategoricalCrossentropy
    what = {"nb_classes": 10, "input_shape": (28, 28, 1), "clip_values": (0, 1)}
    victim = TensorFlowV2Classifier(keras, loss_object=loss(from_logits=True), **what)
    sure = tf.keras.Sequential([keras, tf.keras.layers.Softmax()])  # which one attack asks for
    probabilities = TensorFlowV2Classifier(sure, loss_object=loss(), **what)

    def of(name, aim=None, victim=victim, **options):
        attack = getattr(evasion, name)(victim, **options)

        def run(x, y, t):
            return attack.generate(x, np.eye(10, dtype="float32")[y if aim is None else aim(x, t)])

        return run

    def least_likely(x, t):
        return victim.predict(x).argmin(axis=1)

    quiet = {"verbose": False}
    walk = {"eps": EPSILON, "eps_step": STEP, "batch_size": BATCH, "verbose": False}
    search = dict(binary_search_steps=SEARCH["searches"], max_iter=SEARCH["steps"], verbose=False,
                  learning_rate=SEARCH["rate"], initial_const=SEARCH["c"],
                  batch_size=64)  # fmt: skip

    def features(x, y, t):
        attack = evasion.FeatureAdversariesTensorFlowV2(
            victim, delta=10 / 255, layer=LAYER, max_iter=100, batch_size=BATCH, step_size=2 / 255,
            verbose=False,
        )  # fmt: skip
        return np.asarray(attack.generate(x, np.roll(x, 1, axis=0)))

    return {
        "fgsm": of("FastGradientMethod", eps=EPSILON, batch_size=BATCH),
        "iterative_fgsm": of("BasicIterativeMethod", max_iter=20, **walk),
        "least_likely_class": of(
            "BasicIterativeMethod", least_likely, max_iter=20, targeted=True, **walk
        ),
        "momentum_iterative": of("MomentumIterativeMethod", max_iter=20, **walk),
        "projected_gradient_descent": of(
            "ProjectedGradientDescent", max_iter=40, num_random_init=1, **walk
        ),
        "deepfool": of("DeepFool", max_iter=50, epsilon=0.02, batch_size=BATCH, **quiet),
        "carlini_wagner": of("CarliniL2Method", **search),
        "elastic_net": of("ElasticNet", beta=0.01, decision_rule="L1", **search),
        "saliency of the target alone": of(  # which is what ART makes of JSMA
            "SaliencyMapMethod", lambda x, t: t, theta=1.0, gamma=0.145, batch_size=BATCH, **quiet
        ),
        "one_pixel": of("PixelAttack", th=1, es=1, max_iter=20),
        "virtual_adversarial": of(
            "VirtualAdversarialMethod", victim=probabilities, eps=2.0, finite_diff=1e-2, max_iter=1,
            batch_size=BATCH, **quiet,
        ),
        "universal_perturbation": of(
            "UniversalPerturbation", attacker="deepfool", eps=EPSILON, norm=np.inf, max_iter=10,
            attacker_params={"max_iter": 10, "verbose": False}, batch_size=BATCH, **quiet,
        ),
        "feature_adversary": features,
    }  # fmt: skip


# --- on the same weights in PyTorch ---------------------------------------------------------------


def torch_network(keras):
    """The Keras classifier's layers in PyTorch, channels first."""
    import torch
    from torch import nn

    class Rescaling(nn.Module):
        def forward(self, x):
            return 2 * x - 1

    class ChannelsLast(nn.Module):
        def forward(self, x):
            return x.permute(0, 2, 3, 1).flatten(1)

    stack = []
    for layer in keras.layers:
        weights = [torch.tensor(np.asarray(w)) for w in layer.get_weights()]
        kind = type(layer).__name__
        if kind == "Rescaling":
            stack.append(Rescaling())
        elif kind == "Conv2D":
            kernel = weights[0].permute(3, 2, 0, 1)
            stride = layer.strides[0]
            stack.append(nn.ZeroPad2d((2 - stride, 1, 2 - stride, 1)))  # TensorFlow's "same"
            stack.append(nn.Conv2d(kernel.shape[1], kernel.shape[0], 3, stride, bias=False))
            stack[-1].weight.data = kernel.contiguous()
        elif kind == "BatchNormalization":
            stack.append(nn.BatchNorm2d(len(weights[0]), eps=layer.epsilon))
            names = ("weight", "bias", "running_mean", "running_var")
            stack[-1].load_state_dict(dict(zip(names, weights)), strict=False)
        elif kind == "ReLU":
            stack.append(nn.ReLU())
        elif kind == "Flatten":
            stack.append(ChannelsLast())
        elif kind == "Dense":
            stack.append(nn.Linear(*weights[0].shape))
            stack[-1].weight.data, stack[-1].bias.data = weights[0].T.contiguous(), weights[1]
            if layer.activation.__name__ == "relu":
                stack.append(nn.ReLU())
        elif kind != "Dropout":
            raise TypeError(f"{kind} is not known here")
    return nn.Sequential(*stack).eval()


def torchattacks():
    import torch
    import torchattacks as ta

    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    keras = keras_model()
    network = torch_network(keras)
    probe = np.random.default_rng(0).random((8, 28, 28, 1), dtype="float32")
    with torch.no_grad():
        theirs = network(torch.tensor(probe).permute(0, 3, 1, 2)).numpy()
    np.testing.assert_allclose(theirs, np.asarray(keras(probe)), rtol=1e-4, atol=1e-3)

    def of(name, aim=None, **options):
        attack = getattr(ta, name)(network, **options)
        if aim == "label":
            attack.set_mode_targeted_by_label(quiet=True)
        elif aim == "least":
            attack.set_mode_targeted_least_likely(quiet=True)

        def run(x, y, t):
            images = torch.tensor(x).permute(0, 3, 1, 2).contiguous()
            labels = torch.tensor(t if aim == "label" else y).long()
            return attack(images, labels).permute(0, 2, 3, 1).detach().numpy()

        return run

    walk = {"eps": EPSILON, "alpha": STEP}
    return {
        "fgsm": of("FGSM", eps=EPSILON),
        "iterative_fgsm": of("BIM", steps=20, **walk),
        "least_likely_class": of("BIM", "least", steps=20, **walk),
        "momentum_iterative": of("MIFGSM", steps=20, **walk),
        "projected_gradient_descent": of("PGD", steps=40, **walk),
        "deepfool": of("DeepFool"),
        "carlini_wagner": of("CW", c=1, lr=SEARCH["rate"], steps=1000),
        "elastic_net": of(
            "EADL1", beta=0.01, lr=SEARCH["rate"], initial_const=SEARCH["c"],
            binary_search_steps=SEARCH["searches"], max_iterations=SEARCH["steps"],
        ),
        "jacobian_saliency_map": of("JSMA", "label", theta=1.0, gamma=0.145),
        "one_pixel": of("OnePixel", pixels=1, steps=20, popsize=100, inf_batch=BATCH),
        "spsa": of("SPSA", eps=EPSILON, delta=0.01, lr=0.01, nb_iter=20, nb_sample=128),
    }  # fmt: skip


LIBRARIES = {f.__name__: f for f in (gankit, foolbox, art, cleverhans, torchattacks)}


# --- the process ----------------------------------------------------------------------------------


class Inside:
    """Processor seconds spent in the compiled passes through the network."""

    def __init__(self):
        from gankit.attacks.classifier import Classifier

        self.seconds, compiled = 0.0, Classifier.compiled

        def timed(classifier, name, function):
            run = compiled(classifier, name, function)

            def once(*tensors):
                begun = time.process_time()
                found = run(*tensors)
                self.seconds += time.process_time() - begun
                return found

            return once

        Classifier.compiled = timed


def main(library, folder):
    given = np.load(folder / "images.npz")
    answers, sys.stdout = sys.stdout, sys.stderr  # some libraries print
    inside = Inside() if library == "gankit" else None
    known = LIBRARIES[library]()
    print(json.dumps(sorted(known)), file=answers, flush=True)
    for line in sys.stdin:
        n, attack = line.rstrip().split(maxsplit=1)
        x, y, targets = (given[name][: int(n)] for name in ("x", "y", "targets"))
        if inside:
            inside.seconds = 0.0
        begun = time.perf_counter(), time.process_time()
        try:
            with contextlib.redirect_stdout(sys.stderr):
                made = known[attack](x, y, targets)
        except Exception as error:
            print(json.dumps({"error": f"{type(error).__name__}: {error}"}), file=answers)
            answers.flush()
            continue
        seconds = {
            "wall": time.perf_counter() - begun[0],
            "processor": time.process_time() - begun[1],
            "inside": inside.seconds if inside else None,
        }
        np.save(folder / f"{library}_{attack}.npy", made)
        print(json.dumps(seconds), file=answers, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
