"""Bad input to a GAN gets a clear error here, before any step is taken."""

import numbers

import keras
import numpy as np

from gankit import latents
from gankit.datasets import ArrayBatches, ImageFiles, Images


def check_networks(generator, discriminator, latent):
    """ValueError if G and D do not fit each other, or the latent's name is unknown."""
    for name, network in (("generator", generator), ("discriminator", discriminator)):
        if not isinstance(network, keras.Model):
            raise TypeError(f"the {name} is a keras.Model, not a {type(network).__name__}")
        if getattr(network, "input_shape", None) is None:
            raise ValueError(
                f"the {name}'s input shape is not known: make it a Sequential with an Input, or a "
                "Functional model"
            )
    if len(generator.input_shape) != 2 or generator.input_shape[-1] is None:
        raise ValueError(
            f"the generator takes latent vectors (n, latent_dim), not {generator.input_shape}"
        )
    if generator.output_shape[1:] != discriminator.input_shape[1:]:
        raise ValueError(
            f"the generator makes {generator.output_shape[1:]}, but the discriminator wants "
            f"{discriminator.input_shape[1:]}: build both for the same image_shape"
        )
    if discriminator.output_shape != (None, 1):
        raise ValueError(
            f"the discriminator gives one number a sample, (n, 1), not {discriminator.output_shape}"
        )
    last = discriminator.layers[-1]
    if getattr(getattr(last, "activation", None), "__name__", "") == "sigmoid":
        raise ValueError(
            "the discriminator ends in a sigmoid, but the losses want its logit: leave the last "
            "activation out"
        )
    if latent not in latents.KINDS:
        raise ValueError(f"latent is one of {latents.KINDS}, not {latent!r}")


def check_options(objective, name, options):
    """ValueError if an option of `compile` is out of range, or means nothing with this loss."""
    check_count("d_steps", options["d_steps"])
    switches = {"joint_batches", "fresh_fakes", "simultaneous"}
    for option in sorted(set(options) - {"loss", "instance_noise"} - switches):
        if isinstance(options[option], bool) or not isinstance(options[option], numbers.Real):
            raise ValueError(f"{option} is a number, not {options[option]!r}")
    if options["fresh_fakes"] and options["simultaneous"]:
        raise ValueError("fresh_fakes and simultaneous exclude each other: choose one")
    noise = options["instance_noise"]
    if not isinstance(noise, (numbers.Real, keras.optimizers.schedules.LearningRateSchedule)):
        raise ValueError(
            f"instance_noise is a number or a Keras learning-rate schedule, not {noise!r}"
        )
    for option in ("real_label", "fake_label", "label_flips"):
        if not 0 <= options[option] <= 1:
            raise ValueError(f"{option} lies in [0, 1], unlike {options[option]!r}")
    if not 0 <= options["ema"] < 1:
        raise ValueError(f"ema, a decay, lies in [0, 1), unlike {options['ema']!r}")
    for option in ("r1", "gradient_penalty", "instance_noise"):
        value = options[option]
        if not callable(value) and not 0 <= value < float("inf"):
            raise ValueError(f"{option} is finite and not negative, unlike {value!r}")
    labels = (options["real_label"], options["fake_label"], options["label_flips"])
    if labels != (1.0, 0.0, 0.0) and not objective.labels:
        raise ValueError(
            f"the {name} loss has no labels to smooth or flip: leave real_label, fake_label and "
            "label_flips as they are, or choose another loss"
        )


def check_count(name, value, least=1):
    """`value` as an int; ValueError unless it is a whole number of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < least:
        raise ValueError(f"{name} is a whole number from {least} on, not {value!r}")
    return int(value)


def check_optimizers(gan, g_optimizer, d_optimizer):
    """ValueError if the two are one, or were made for other networks."""
    if g_optimizer is d_optimizer:
        raise ValueError("G and D need an optimizer each: the same object was given for both")
    pairs = ((gan.generator, g_optimizer, "G"), (gan.discriminator, d_optimizer, "D"))
    for network, optimizer, name in pairs:
        known = getattr(optimizer, "_trainable_variables", None)
        if optimizer.built and known and not _same(known, network.trainable_variables):
            raise ValueError(
                f"{name}'s optimizer already belongs to another network: make a new one"
            )


def check_trainable(gan):
    """ValueError before a training in which a network could not move.

    This is the widely met trap of a D that was frozen (to train G through it) and never moves
    again, while its losses look alive.
    """
    pairs = ((gan.generator, gan.g_optimizer, "G"), (gan.discriminator, gan.d_optimizer, "D"))
    for network, optimizer, name in pairs:
        if not network.trainable_variables:
            raise ValueError(
                f"{name} has no trainable weights: it was frozen. Set its `trainable = True`, then "
                "compile the GAN again (to hold a network still, give it a rate of 0)"
            )
        known = getattr(optimizer, "_trainable_variables", network.trainable_variables)
        if not _same(known, network.trainable_variables):
            raise ValueError(
                f"{name}'s trainable weights are not those it was compiled with: layers were "
                "frozen or freed since. Compile the GAN again"
            )
    if len(gan.generator.output_shape) == 4:
        images = np.asarray(keras.ops.convert_to_numpy(gan.generator(gan.sample_latent(4, seed=0))))
        if images.min() < -1e-3 or images.max() > 1 + 1e-3:
            raise ValueError(
                f"the generator's images span [{images.min():.3g}, {images.max():.3g}], but images "
                "lie in [0, 1]: after tanh, add `layers.Rescaling(0.5, offset=0.5)`"
            )


def _same(variables, others):
    return {id(v) for v in variables} == {id(v) for v in others}


def check_latent(gan, latent):
    """`latent` as float32 `(n, latent_dim)`; ValueError for another size, none, or NaN."""
    latent = np.asarray(latent, dtype="float32")
    if latent.ndim != 2 or latent.shape[1] != gan.latent_dim:
        raise ValueError(
            f"this generator takes latent vectors of shape (n, {gan.latent_dim}), not "
            f"{latent.shape}"
        )
    if len(latent) == 0 or not np.isfinite(latent).all():
        raise ValueError("the latent vectors are empty, or hold NaN or infinity")
    return latent


def check_samples(samples, shape):
    """ValueError or TypeError if `samples` are not float data of `shape`, finite, in range."""
    if not hasattr(samples, "dtype") or not hasattr(samples, "shape"):
        kind = type(samples).__name__
        raise TypeError(f"data are Images, ImageFiles, an array or a PyDataset, not {kind}")
    kind = keras.backend.standardize_dtype(samples.dtype)
    if "float" not in kind:
        raise TypeError(
            f"data are float32 (images in [0, 1]), not {kind}: divide bytes by 255, or pass Images"
        )
    if len(samples) == 0:
        raise ValueError("the data are empty: there is nothing to learn from")
    if tuple(samples.shape[1:]) != tuple(shape):
        raise ValueError(
            f"one sample of the data has shape {tuple(samples.shape[1:])}, but the discriminator "
            f"wants {tuple(shape)}: resize the data, or build the networks for them"
        )
    samples = np.asarray(samples)
    if not np.isfinite(samples).all():
        raise ValueError("the data hold NaN or infinity: clean them first")
    low, high = samples.min(), samples.max()
    if samples.ndim == 4 and (low < 0 or high > 1):
        hint = "rescale them"
        if low >= -1 and high <= 1:
            hint = "perhaps they are in [-1, 1]: use (x + 1) / 2"
        elif low >= 0 and high <= 255:
            hint = "perhaps they are in 0-255: divide by 255"
        raise ValueError(f"images lie in [0, 1], but these span [{low:.3g}, {high:.3g}]; {hint}")


def training_batches(gan, x, batch_size, seed, first_epoch):
    """A `PyDataset` of checked batches, each `d_steps` times `batch_size` long."""
    shape = gan.discriminator.input_shape[1:]
    if isinstance(x, keras.utils.PyDataset):
        if len(x) == 0:
            raise ValueError("the data are empty: there is nothing to learn from")
        first = x[0]
        first = first[0] if isinstance(first, tuple) else first
        check_samples(first, shape)
        if len(first) % gan.d_steps:
            raise ValueError(
                f"a batch holds {len(first)} samples, which is no multiple of d_steps={gan.d_steps}"
            )
        return x
    batch_size = check_count("batch_size", batch_size)
    replicas = getattr(getattr(gan, "distribute_strategy", None), "num_replicas_in_sync", 1)
    if batch_size % replicas:
        raise ValueError(
            f"batch_size={batch_size} is not shared evenly by {replicas} replicas: choose a "
            "multiple of their number"
        )
    if isinstance(x, Images | ImageFiles):
        check_samples(np.zeros((1, *x.image_shape), "float32"), shape)
    else:
        check_samples(x, shape)
        x = np.asarray(x, dtype="float32")
    whole = gan.d_steps * batch_size
    if whole > len(x):
        raise ValueError(
            f"a step takes {whole} samples (batch_size times d_steps), but there are only "
            f"{len(x)}: choose a smaller batch_size"
        )
    if isinstance(x, Images | ImageFiles):
        return x.batches(whole, seed=seed, first_epoch=first_epoch)
    return ArrayBatches(x, whole, seed=seed, first_epoch=first_epoch)
