"""TrainingDoctor: says in plain words, while a GAN trains, what has gone wrong and what to try.

The limits on losses were set by 27 runs of 500 to 2,000 steps (the simple GAN and the DCGAN on
Fashion-MNIST, a ring of Gaussians; all five losses), means over 100 steps. In the 19 that learnt, D
was right in at most 98.9 % of all cases, gave fakes a probability of 0.14 at least, and G's
gradient was never shorter than 0.08. Where D had won it was right in 99.9 % and gave fakes 0.014 or
less; where G's gradient vanished it was shorter than 0.006 by step 150, and went on shrinking.

The limits on samples (in `gankit.symptoms`) were set by the runs in the table of `TrainingDoctor`
and some more. Over the four looks that a verdict needs, the samples of healthy runs were spread
over half of what reals are, or had come nearer to these: most narrowly under "least_squares", whose
distance at step 500 was 0.76 of the best before. D preferred training reals in 42 to 59 % of all
pairs, where it memorised in 76 to 100 %. Mean samples of healthy runs moved by up to 0.64 from look
to look (mean of three), but came nearer to the reals; where G swung, by 0.61 to 3.

These limits then met four seeds that they had not been chosen on, and were left as they were. What
was healthy stayed clear of each verdict in one respect at least: training reals were preferred in
40 to 61 %; on one seed mean samples moved by 1.25 between looks, while the distance fell to 0.53.
Two faults passed for healthy because a swing came near the reals, which counts as progress. With
the median of the four looks in place of the nearest both would have been told; it was refused,
because it spoke falsely of two healthy runs.
"""

import math
from collections import deque

import keras

from gankit import symptoms

ACCURACY, P_FAKE = 0.995, 0.02  # D has won: right more often, fakes less probable
SHORT = 0.01  # G's gradient vanishes: shorter than this
SURE = 0.9  # ... while D is right so often: where both players rest, it is short as well


def announce(text):
    """Print on a line of its own, also while a progress line is being rewritten."""
    print(f"\n{text}", flush=True)


class TrainingDoctor(keras.callbacks.Callback):
    """Tells what has gone wrong: from the losses, and from samples it looks at now and then.

    It is silent while all is well. A verdict is told once, when the means over the last `window`
    steps have been bad for `patience` steps running, and again only after they have been good for
    `window + patience` steps. A value that is not finite is told at once and stops the training.

    - "d_won": D is right in at least 99.5 % of all cases, and gives fakes a probability of 0.02 at
      most. D's accuracy alone decides under "hinge" and "least_squares", which have no
      probabilities; a Wasserstein critic decides nothing and is never said to have won.
    - "vanishing": G's gradient is shorter than 0.01, while D is right in 90 % of all cases (where
      the players rest at equilibrium it is short too), or it is exactly 0.
    - "not_finite": a value in the logs is NaN or infinite.

    Each `every` steps it looks at 128 samples of G itself, not of its average, always of the same
    latent vectors. Four looks running tell:

    - "collapsing": the samples are less than half as far apart as reals are, or visit less than
      half of the places that reals visit (a place: all that is nearest to one of 16 reals), and
      come no nearer to the reals. Without `reals`: they are less than 0.3 as far apart as they
      once were; data left out, and samples alike from the start, are then not seen. Less than
      about three quarters of the data left out are not seen in either case.
    - "memorising": D gives training reals a higher output than held-out ones in 75 % of all pairs.
      It needs `reals` and `held_out`.
    - "oscillating": from look to look the mean sample moves by 0.6 of the distance between two
      reals, to and fro, and the samples come no nearer to the reals. It needs `reals`.

    "No nearer": the energy distance to the reals (Szekely & Rizzo 2013) did not fall to 0.8 of the
    best before. A GAN that is slow but on its way is left alone.

    What it said of planted faults and of healthy runs (`benchmarks/doctor.py`: looks each 100
    steps; beta_1 is 0.5 and the loss "non_saturating" where nothing is said; clothes:
    Fashion-MNIST at 14 pixels, 28 for the DCGAN; numbers: 64 from N(0, 1)). First what seed 0
    heard, the kind planted before what was true as well; then on how many of the seeds 0 to 4 the
    planted kind was told (or nothing, in healthy runs). No healthy run was accused. Of the four
    planted kinds not told, two were told as "collapsing", which they had come to; two passed for
    healthy:

    ================================================  ================================  =====
    fault                                             told, at step                     seeds
    ================================================  ================================  =====
    clothes, minimax, D's rate 100 times G's          d_won 199, vanishing 222          5
    ring, hinge, G hardly moves                       d_won 201                         5
    ring, rates of 1e6                                not_finite 2                      5
    clothes, G's rate 1: its tanh is stuck            vanishing 200, d_won 210          5
    ring, D's rate 0                                  collapsing 500                    5
    ring, G's rate 10 times D's, beta_1 0.9           collapsing 500, oscillating 500   4
    clothes, G's first weights 0: deaf to its latent  collapsing 500, d_won 329         5
    128 times 64 numbers                              memorising 400                    5
    128 times 64 numbers, hinge                       memorising 400                    5
    ring, rates of 1e-2, beta_1 0.9                   oscillating 1100, collapsing 600  3
    ring, wasserstein, rates of 3e-3, no penalty      oscillating 600, collapsing 600   5
    ring, wasserstein, rates of 1e-3, d_steps 1       oscillating 900, collapsing 900   4
    ring, non_saturating, 1,000 steps                 nothing                           5
    ring, wasserstein, d_steps 5, 800 steps           nothing                           5
    clothes, minimax, 1,000 steps                     nothing                           5
    clothes, least_squares, 1,000 steps               nothing                           5
    clothes, DCGAN, hinge, 500 steps                  nothing                           5
    ================================================  ================================  =====

    Reading the numbers of each step makes an accelerator wait for it (Keras hands them out as
    numbers as soon as one callback, such as `Progress`, looks at steps); a processor does not mind.

    Args:
        window: steps over which means are taken.
        patience: steps for which they must be bad.
        report: called with each sentence.
        reals: training data, `Images`, `ImageFiles` or an array, of which 144 are used.
        held_out: data of the same kind that the GAN is not trained on.
        every: steps between looks at samples; None for no looks.

    Attributes:
        verdicts: list of `(step, kind, sentence)`; steps are counted from 1 over all trainings
            that this object has watched.

    Raises:
        ValueError, TypeError: at once for numbers below 1, or `held_out` without `reals`; before
            the first step for data that D does not take.
    """

    def __init__(
        self, window=100, patience=100, report=announce, *, reals=None, held_out=None, every=200
    ):
        super().__init__()
        if min(window, patience) < 1:
            raise ValueError(f"window={window}, patience={patience}: each must be at least 1 step")
        if every is not None and every < 1:
            raise ValueError(f"every={every}: at least 1 step between looks, or None for no looks")
        if held_out is not None and reals is None:
            raise ValueError(
                "held_out is compared with training data: give some of them too, reals=..."
            )
        self.patience, self.report = patience, report
        self.reals, self.held_out, self.every = reals, held_out, every
        self.looks = None
        self.recent = deque(maxlen=window)
        self.step = 0
        self.present = set()  # the kinds told and not recovered from
        self.contrary = dict.fromkeys(("d_won", "vanishing", *symptoms.VERDICTS), 0)
        self.verdicts = []

    def on_train_begin(self, logs=None):
        """A new training: nothing is known yet."""
        self.recent.clear()
        self.present.clear()
        self.contrary = dict.fromkeys(self.contrary, 0)  # steps against `present`, running
        self.looks = None
        if self.every and hasattr(self.model, "sample_latent"):
            self.looks = symptoms.Looks(self.model, self.reals, self.held_out)

    def on_train_batch_end(self, batch, logs=None):
        """Look at one more step."""
        self.step += 1
        logs = {key: float(value) for key, value in (logs or {}).items()}
        bad = [key for key, value in logs.items() if not math.isfinite(value)]
        if bad:
            self.tell("not_finite", self.not_finite(bad, logs))
            self.model.stop_training = True
            return
        self.recent.append(logs)
        if len(self.recent) == self.recent.maxlen:
            recovery = self.recent.maxlen  # a good moment is none
            self.judge("d_won", self.d_won(), self.patience, recovery)
            self.judge("vanishing", self.vanishing(), self.patience, recovery)
        if self.looks and self.step % self.every == 0:
            for kind, sentence in self.looks.take(self.model).items():
                self.judge(kind, sentence, 1, symptoms.FEW)

    def judge(self, kind, sentence, patience, recovery):
        """Tell the sentence if it has stood `patience` times and was not told before."""
        if (sentence is not None) == (kind in self.present):
            self.contrary[kind] = 0
            return
        self.contrary[kind] += 1
        if self.contrary[kind] < patience + (recovery if sentence is None else 0):
            return
        self.contrary[kind] = 0
        if sentence is None:
            self.present.discard(kind)
        else:
            self.present.add(kind)
            self.tell(kind, sentence)

    def tell(self, kind, sentence):
        """Keep the verdict and report it."""
        self.verdicts.append((self.step, kind, sentence))
        self.report(f"TrainingDoctor, step {self.step:,}: {sentence}")

    def mean(self, key):
        """Mean of a log over the window; None if some steps lack it."""
        if any(key not in logs for logs in self.recent):
            return None
        return sum(logs[key] for logs in self.recent) / len(self.recent)

    # What is wrong, in words; None where all is well.

    def d_won(self):
        """Whether D tells reals from fakes without fail."""
        accuracy, p_fake = self.mean("d_accuracy"), self.mean("p_fake")
        if accuracy is None or accuracy < ACCURACY or (p_fake or 0.0) > P_FAKE:
            return None
        odds = "" if p_fake is None else f" and gave fakes a probability of {p_fake:.2g}"
        return (
            f"D has won. Over the last {len(self.recent)} steps it was right in {accuracy:.1%} of "
            f"all cases{odds}: G hears 'no' to whatever it tries. To try: a smaller rate for D "
            "(or a larger one for G), a smaller D; or one of instance_noise=0.1, r1=0.3, "
            "real_label=0.9 in compile()."
        )

    def vanishing(self):
        """Whether G learns from next to nothing."""
        length, accuracy = self.mean("g_grad_norm"), self.mean("d_accuracy")
        if length is None or length >= SHORT:
            return None
        if length == 0:
            return (
                f"G's gradient has been exactly 0 for {len(self.recent)} steps: G does not learn. "
                "Either D answers the same to all fakes, or G's last layer is stuck at its limits, "
                "mostly after too large a rate. To try: build both networks anew, with rates ten "
                "times smaller."
            )
        if accuracy is not None and accuracy < SURE:
            return None
        advice = "a smaller rate for D, fewer d_steps, or instance_noise=0.1 or r1=0.3 in compile()"
        if getattr(self.model, "options", {}).get("loss") == "minimax":
            advice = f"loss='non_saturating', which is steep where 'minimax' is flat; or {advice}"
        return (
            f"G's gradient vanishes. Its length was {length:.1g} over the last "
            f"{len(self.recent)} steps (where GANs learn, it is seldom below 0.1): what is left of "
            f"it is chance. To try: {advice}."
        )

    def not_finite(self, keys, logs):
        """Which values are no numbers any more."""
        values = ", ".join(f"{key} is {logs[key]}" for key in keys)
        return (
            f"{values}. From there no training comes back, so it stops here. To try: go back to "
            "the last checkpoint or build both networks anew, with rates ten times smaller (2e-4 "
            "to 1e-3 are usual with Adam); look for NaN in the data; with loss='wasserstein' keep "
            "its gradient_penalty."
        )
