"""GAN: a `keras.Model` whose training step is Algorithm 1 of Goodfellow et al. 2014.

Lesson 01 writes the step out with two tapes and shows that `GAN` does the same.
"""

from functools import partial

import keras
from keras import ops

from gankit import inputs, losses, tricks
from gankit.backend import JIT_COMPILE, OptimizerPair, gradients, pipeline, run_step
from gankit.callbacks import Progress
from gankit.sampling import Sampling
from gankit.saving import EpochCounter, ExactSaving

RATE, COLOUR_RATE = 4e-3, 1e-3  # of both optimizers by default; the second in colour


@keras.saving.register_keras_serializable("gankit")
class GAN(Sampling, ExactSaving, keras.Model):
    """A generator and a discriminator that learn from each other.

    Args:
        generator: a Functional or Sequential model from `(n, latent_dim)` to samples `(n, ...)`;
            images are float32 in [0, 1].
        discriminator: a Functional or Sequential model from samples to `(n, 1)`, without a
            sigmoid at its end.
        latent: what G's input is drawn from: "normal", N(0, 1), or "uniform", U(-1, 1).
        seed: of all that is random in training.

    Raises:
        ValueError: if the networks do not fit each other.
    """

    def __init__(self, generator, discriminator, latent="normal", seed=0, **kwargs):
        inputs.check_networks(generator, discriminator, latent)
        super().__init__(**kwargs)
        self.generator = generator
        self.discriminator = discriminator
        self.latent = latent
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.latent_dim = generator.input_shape[-1]
        self.ema_generator = None
        self.epochs_done = 0  # stored in a saved file: where to go on
        self.built = True

    def compile(
        self,
        g_optimizer=None,
        d_optimizer=None,
        loss="non_saturating",
        *,
        d_steps=1,
        real_label=1.0,
        fake_label=0.0,
        label_flips=0.0,
        instance_noise=0.0,
        r1=0.0,
        gradient_penalty=None,
        joint_batches=False,
        fresh_fakes=False,
        simultaneous=False,
        ema=0.999,
        **kwargs,
    ):
        """Choose the game, and the tricks that steady it (all off by default but the average).

        Penalties and noise are in the papers' units, where images span [-1, 1].

        Args:
            g_optimizer: Keras optimizer of G; default Adam(4e-3, beta_1=0.5), in colour 1e-3; try
                1e-3 on other data or without batch norm in D, too. DCGAN's 2e-4 takes many times
                the steps. Best in colour: batches of 16 and a cosine from 2e-3 to 0.
            d_optimizer: of D, by default alike; another rate: two time scales, Heusel et al. 2017.
            loss: a name in `gankit.losses.LOSSES`.
            d_steps: D's steps before each step of G: k in Algorithm 1.
            real_label: D's target for reals; 0.9 is one-sided label smoothing (Salimans et al.
                2016).
            fake_label: D's target for fakes; 0.1 beside a real_label of 0.9 is two-sided.
            label_flips: the share of D's labels that are swapped by chance.
            instance_noise: standard deviation of the noise added to all D sees (Soenderby et al.
                2017): a number, or a Keras learning-rate schedule of D's step for a decay.
            r1: gamma of the R1 penalty on D's gradient at reals (Mescheder et al. 2018). Best with
                batch_norm=False in D: TensorFlow's own batch norm leaves a part of the penalty's
                gradient out.
            gradient_penalty: lambda of WGAN-GP (Gulrajani et al. 2017); by default 10 with the
                "wasserstein" loss, else 0.
            joint_batches: whether D sees reals and fakes in one batch: it shares its batch
                statistics among them.
            fresh_fakes: whether G's step draws fakes of its own, as Algorithm 1 has it; by default
                it takes those D was just trained on, which saves a pass of G.
            simultaneous: whether G learns from the D *before* its step, of the same passes (as in
                TensorFlow's DCGAN tutorial), which saves a pass of D.
            ema: decay of a running average of G's weights, used by `generate`; 0 for none.
                After s steps it is (1 + s) / (10 + s) at most, so that the untrained G is soon
                forgotten. Training does not depend on it; a second `compile` goes on with it.
            **kwargs: `run_eagerly`, `jit_compile`, `steps_per_execution`, as Keras has them.

        Raises:
            ValueError: for an unknown loss or an option out of range.
        """
        objective = losses.get(loss)
        if gradient_penalty is None:
            gradient_penalty = 10.0 if loss == "wasserstein" else 0.0
        options = dict(
            loss=loss, d_steps=d_steps, real_label=real_label, fake_label=fake_label,
            label_flips=label_flips, instance_noise=instance_noise, r1=r1,
            gradient_penalty=gradient_penalty, joint_batches=joint_batches,
            fresh_fakes=fresh_fakes, simultaneous=simultaneous, ema=ema,
        )  # fmt: skip
        inputs.check_options(objective, loss, options)
        rate = COLOUR_RATE if self.generator.output_shape[3:] == (3,) else RATE
        g_optimizer = keras.optimizers.get(g_optimizer or keras.optimizers.Adam(rate, beta_1=0.5))
        d_optimizer = keras.optimizers.get(d_optimizer or keras.optimizers.Adam(rate, beta_1=0.5))
        inputs.check_optimizers(self, g_optimizer, d_optimizer)

        self.objective, self.options, self.d_steps = objective, options, int(d_steps)
        self.g_optimizer, self.d_optimizer = g_optimizer, d_optimizer
        g_optimizer.build(self.generator.trainable_variables)
        d_optimizer.build(self.discriminator.trainable_variables)
        if not ema:
            self.ema_generator = None
        elif self.ema_generator is None:  # else it goes on
            self.ema_generator = tricks.begin_average(self.generator)

        names = ["d_loss", "g_loss", "g_grad_norm", *losses.output_names(objective)]
        self.trackers = {name: keras.metrics.Mean(name=name) for name in names}
        super().compile(optimizer=None, **{"jit_compile": JIT_COMPILE, **kwargs})
        self.optimizer = OptimizerPair(self.g_optimizer, self.d_optimizer)  # for JAX's trainer

    # --- Algorithm 1 ---------------------------------------------------------------------------

    def train_step(self, *args):
        """One call a batch, by `fit`: see `algorithm_1`."""
        return run_step(self, self.algorithm_1, args)

    def algorithm_1(self, batch):
        """k steps of D, then one of G, on `batch`: k times m real samples."""
        batch = keras.utils.unpack_x_y_sample_weight(batch)[0]
        minibatches = ops.reshape(batch, (self.d_steps, -1, *batch.shape[1:]))
        fresh = self.options["fresh_fakes"]
        for k in range(self.d_steps if fresh else self.d_steps - 1):
            fakes = self.draw_fakes(ops.shape(minibatches[k])[0])
            logs = self.discriminator_step(minibatches[k], fakes)
        if fresh:
            logs |= self.generator_step(minibatches[-1])
        elif self.options["simultaneous"]:
            logs = self.simultaneous_step(minibatches[-1])
        else:
            logs = self.generator_step(minibatches[-1], and_discriminator=True)
        if self.ema_generator is not None:
            step = self.g_optimizer.iterations
            tricks.average(self.ema_generator, self.generator, self.options["ema"], step)
        for name, tracker in self.trackers.items():
            tracker.update_state(logs[name])
        return logs

    def draw_fakes(self, n):
        """`n` fakes to train D on; G is left as it is, batch statistics included."""
        return ops.stop_gradient(tricks.frozen_call(self.generator, self.draw_latent(n)))

    def discriminator_step(self, reals, fakes):
        """D's step: raise its output on reals, lower it on fakes. Nothing of G moves."""
        slopes, logs, _ = self.discriminator_slopes(reals, fakes)
        self.d_optimizer.apply(slopes, self.discriminator.trainable_variables)
        return logs

    def discriminator_slopes(self, reals, fakes):
        """The gradients of D's loss, the logs, and D's outputs on the fakes."""
        reals, fakes = self.show(reals), self.show(fakes)

        def d_loss():
            if self.options["joint_batches"]:
                both = self.discriminator(ops.concatenate([reals, fakes]), training=True)
                real, fake = ops.split(both, 2)
            else:
                real = self.discriminator(reals, training=True)
                fake = self.discriminator(fakes, training=True)
            labels = tricks.labels(self.options, real, fake, self.seed_generator)
            loss = self.objective.discriminator(real, fake, *labels)
            given = self.options, self.discriminator, reals, fakes, self.seed_generator
            return loss + tricks.penalty(*given), (real, fake)

        variables = self.discriminator.trainable_variables
        loss, (real, fake), slopes = gradients(d_loss, variables)
        logs = {"d_loss": loss, **losses.read_outputs(self.objective, real, fake)}
        return slopes, logs, fake

    def generator_step(self, reals, and_discriminator=False):
        """G's step: raise D's output on its fakes. Nothing of D moves, its statistics included.

        With `and_discriminator`, D takes its own step on these fakes first, and G's loss is read
        from the D that comes out: one pass of G for both.
        """

        def g_loss():
            fakes = self.generator(self.draw_latent(ops.shape(reals)[0]), training=True)
            logs = {}
            if and_discriminator:
                logs = self.discriminator_step(reals, ops.stop_gradient(fakes))
            if self.options["joint_batches"]:
                both = ops.concatenate([self.show(reals), self.show(fakes)])
                fake = ops.split(tricks.frozen_call(self.discriminator, both), 2)[1]
            else:
                fake = tricks.frozen_call(self.discriminator, self.show(fakes))
            return self.objective.generator(fake), logs

        variables = self.generator.trainable_variables
        loss, logs, slopes = gradients(g_loss, variables)
        self.g_optimizer.apply(slopes, variables)
        return {**logs, "g_loss": loss, "g_grad_norm": tricks.length(slopes)}

    def simultaneous_step(self, reals):
        """Both steps from the same passes: G learns from the D before its step."""

        def g_loss():
            fakes = self.generator(self.draw_latent(ops.shape(reals)[0]), training=True)
            d_slopes, logs, fake = self.discriminator_slopes(reals, fakes)
            return self.objective.generator(fake), (d_slopes, logs)

        variables = self.generator.trainable_variables
        loss, (d_slopes, logs), slopes = gradients(g_loss, variables)
        self.d_optimizer.apply(d_slopes, self.discriminator.trainable_variables)
        self.g_optimizer.apply(slopes, variables)
        return {**logs, "g_loss": loss, "g_grad_norm": tricks.length(slopes)}

    # --- its parts -----------------------------------------------------------------------------

    def draw_latent(self, n):
        """`n` latent vectors, `(n, latent_dim)`, from the model's own random stream."""
        shape = (n, self.latent_dim)
        if self.latent == "uniform":
            uniform = partial(keras.random.uniform, minval=-1.0, maxval=1.0)
            return tricks.draw(uniform, shape, self.seed_generator)
        return tricks.draw(keras.random.normal, shape, self.seed_generator)

    def show(self, samples):
        """What D is shown: the samples, under instance noise if there is any."""
        size = self.options["instance_noise"]
        if not callable(size) and not size:
            return samples
        size = size(self.d_optimizer.iterations) if callable(size) else size
        return tricks.add_noise(samples, size, self.seed_generator)

    # --- for users -----------------------------------------------------------------------------

    def fit(
        self,
        x,
        batch_size=64,
        epochs=1,
        initial_epoch=0,
        callbacks=None,
        verbose="auto",
        seed=0,
    ):
        """Train.

        Args:
            x: `Images`, `ImageFiles`, a float array `(n, ...)` (images in [0, 1]), or a
                `keras.utils.PyDataset` of such batches, `d_steps` times `batch_size` long.
            batch_size: m in Algorithm 1, over all replicas. The last partial batch is dropped.
            epochs: the number of the epoch at which to stop, as in Keras.
            initial_epoch: the epoch to begin with: `gan.epochs_done` after loading a checkpoint.
            callbacks: list of Keras callbacks.
            verbose: 0 for silence; anything else for a progress line.
            seed: of the data's order, which depends on (seed, epoch) alone.

        Returns:
            Keras' `History`: means over each epoch. `d_loss`, `g_loss`; `d_real`, `d_fake`: D's
            mean output; `g_grad_norm`: length of G's gradient; with the cross-entropy losses
            `p_real`, `p_fake`: mean probability "real"; `d_accuracy` where the loss decides.

        Raises:
            ValueError, TypeError: for data that do not fit, before any step is taken.
        """
        self._assert_compile_called("fit")
        inputs.check_trainable(self)
        batches = inputs.training_batches(self, x, batch_size, seed, initial_epoch)
        data = pipeline(batches)
        counter = EpochCounter(batches if data is not batches else None)
        callbacks = [counter, *(callbacks or []), *([Progress()] if verbose else [])]
        return super().fit(
            data,
            epochs=epochs,
            initial_epoch=initial_epoch,
            callbacks=callbacks,
            verbose=0,
            shuffle=False,
        )

    def _maybe_symbolic_build(self, *args, **kwargs):
        """Nothing is left to build; Keras would read data here, and so change their order."""

    @property
    def metrics(self):
        """Running means of a step's logs, and nothing else: then `History` holds epoch means."""
        return list(getattr(self, "trackers", {}).values())
