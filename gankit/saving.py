"""A `.keras` file that holds all of a GAN's training, and a callback that never tears one.

Keras stores networks and optimizers. What it leaves out, and exact resuming needs, is stored here:
the states of random generators, the number of epochs done, the options of `compile`.
"""

import os
from pathlib import Path

import keras
import numpy as np
from keras import ops

from gankit.backend import is_chief


class ExactSaving:
    """The part of `GAN` that writes it to a file and reads it back to the bit."""

    def save(self, *args, **kwargs):
        """As `keras.Model.save`; where several machines train together, the chief alone writes."""
        if is_chief(self):
            super().save(*args, **kwargs)

    def get_config(self):
        """Networks and settings."""
        return {
            **super().get_config(),
            "generator": keras.saving.serialize_keras_object(self.generator),
            "discriminator": keras.saving.serialize_keras_object(self.discriminator),
            "latent": self.latent,
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config):
        """The reverse of `get_config`."""
        config = dict(config)
        for name in ("generator", "discriminator"):
            config[name] = keras.saving.deserialize_keras_object(config[name])
        return cls(**config)

    def get_compile_config(self):
        """The options, and the optimizers as class name and config, which any backend can read."""
        if not self.compiled:
            return None
        config = dict(self.options)
        if callable(config["instance_noise"]):
            config["instance_noise"] = keras.saving.serialize_keras_object(config["instance_noise"])
        for name in ("g_optimizer", "d_optimizer"):
            optimizer = getattr(self, name)
            config[name] = {
                "class_name": type(optimizer).__name__,
                "config": optimizer.get_config(),
            }
        return config

    def compile_from_config(self, config):
        """The reverse of `get_compile_config`."""
        config = dict(config)
        if isinstance(config["instance_noise"], dict):
            config["instance_noise"] = keras.saving.deserialize_keras_object(
                config["instance_noise"]
            )
        self.compile(**config)

    def random_states(self):
        """States of the seed generators, the model's own and its layers': not among `weights`."""
        stored = {id(v) for v in self.weights}
        return [v for v in self.variables if id(v) not in stored]

    def save_own_variables(self, store):
        """Write random states and the number of epochs done."""
        for i, state in enumerate(self.random_states()):
            store[f"random_{i}"] = ops.convert_to_numpy(state)
        store["epochs_done"] = np.array(self.epochs_done)

    def load_own_variables(self, store):
        """Read what `save_own_variables` wrote."""
        for i, state in enumerate(self.random_states()):
            state.assign(store[f"random_{i}"][()])
        self.epochs_done = int(store["epochs_done"][()])


class EpochCounter(keras.callbacks.Callback):
    """Keeps `gan.epochs_done`; `GAN.fit` puts it first. An epoch broken off is not counted.

    Args:
        batches: `ShuffledBatches` to be told of epochs, where Keras does not tell them; or None.
    """

    def __init__(self, batches=None):
        super().__init__()
        self.batches = batches

    def on_epoch_begin(self, epoch, logs=None):
        """Remember G's steps so far, and tell the batches."""
        self.before, self.reached = self.steps(), 0
        if self.batches is not None:
            self.batches.on_epoch_begin()

    def on_train_batch_end(self, batch, logs=None):
        """Remember how far the epoch is."""
        self.reached = batch + 1

    def on_epoch_end(self, epoch, logs=None):
        """Count it if it is whole, and let the batches go on to the next order.

        Two signs of a whole one, for each can lag behind: Keras 3.8 does not tell of the last batch
        where several steps are one execution; an optimizer that gathers gradients counts fewer.
        """
        if self.batches is not None:
            self.batches.on_epoch_end()
        if max(self.reached, self.steps() - self.before) >= self.params["steps"]:
            self.model.epochs_done = epoch + 1

    def steps(self):
        """G's steps so far, on any number of devices."""
        return int(ops.convert_to_numpy(ops.convert_to_tensor(self.model.g_optimizer.iterations)))


class Checkpoint(keras.callbacks.Callback):
    """Saves the whole model after each epoch, so that a stopped run goes on to the same numbers.

    An epoch that was broken off, or whose losses are not finite, is not saved: the file keeps the
    last good one. To go on: `gan = keras.saving.load_model(path)`, then
    `gan.fit(..., initial_epoch=gan.epochs_done)` with the same data, batch size and seed.

    Args:
        path: a file ending in `.keras`. It is written aside and moved into place, so that a kill at
            any moment leaves a whole file, of this epoch or of the one before.

    Raises:
        ValueError: if the path does not end in `.keras`.
    """

    def __init__(self, path):
        super().__init__()
        self.path = Path(path)
        if self.path.suffix != ".keras":
            raise ValueError(f"a checkpoint's name ends in .keras, unlike {str(path)!r}")
        self.path.parent.mkdir(parents=True, exist_ok=True)

    def on_epoch_end(self, epoch, logs=None):
        """Write aside, then move."""
        good = all(np.isfinite(float(value)) for value in (logs or {}).values())
        if self.model.epochs_done != epoch + 1 or not good or not is_chief(self.model):
            return
        aside = self.path.with_suffix(".tmp.keras")
        self.model.save(aside)
        os.replace(aside, self.path)
