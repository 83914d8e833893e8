"""The tricks that steady a GAN: small functions that `GAN` calls, each an option of `compile`.

Papers state noise and penalties for images in [-1, 1], ours are in [0, 1]: `units` is the factor 2
between the two. Points (data that are no images) are taken as they are.
"""

from keras import models, ops, random

from gankit.backend import input_gradients, replica, sum_replicas


def units(samples):
    """A length in [-1, 1] units over the same in ours: 2 for images (rank 4), else 1."""
    return 2.0 if len(samples.shape) == 4 else 1.0


def draw(distribution, shape, seed):
    """`distribution(shape)`, of which n replicas together draw what one process would.

    A seed generator gives all replicas the same numbers: each draws for all and takes its share.
    """
    replicas, number = replica()
    if replicas == 1:
        return distribution(shape, seed=seed)
    return distribution((replicas, *shape), seed=seed)[number]


def frozen_call(network, x):
    """`network(x)` in training mode, leaving its batch statistics (and random states) alone."""
    return network.stateless_call(
        [v.value for v in network.trainable_variables],
        [v.value for v in network.non_trainable_variables],
        x,
        training=True,
    )[0]


def add_noise(samples, size, seed):
    """Instance noise (Soenderby et al. 2017): N(0, size) on all that D sees, in [-1, 1] units."""
    return samples + size / units(samples) * draw(random.normal, ops.shape(samples), seed)


def flip_labels(outputs, label, other, share, seed):
    """Labels for D's outputs `(n, 1)`: `label`, but `other` for a random share of them."""
    chance = draw(random.uniform, ops.shape(outputs), seed)
    return ops.where(chance < share, other, label)


def labels(options, real, fake, seed):
    """D's targets for its outputs on reals and on fakes: smoothed, flipped, or plain 1 and 0."""
    one, zero, share = options["real_label"], options["fake_label"], options["label_flips"]
    if not share:
        return one, zero
    return flip_labels(real, one, zero, share, seed), flip_labels(fake, zero, one, share, seed)


def squared_slope(discriminator, samples):
    """Squared length of D's gradient at each sample, `(n,)`, in [-1, 1] units."""
    slopes = input_gradients(lambda x: frozen_call(discriminator, x), samples)
    slopes = ops.reshape(slopes, (ops.shape(slopes)[0], -1)) / units(samples)
    return ops.sum(ops.square(slopes), axis=1)


def r1_penalty(discriminator, reals):
    """Half the mean squared slope of D at reals (Mescheder et al. 2018, eq. 9), before gamma."""
    return 0.5 * ops.mean(squared_slope(discriminator, reals))


def gradient_penalty(discriminator, reals, fakes, seed):
    """WGAN-GP's mean of (slope - 1)^2 (Gulrajani et al. 2017, eq. 3), before lambda.

    Each slope is taken on the line between a real and a fake, at a *uniform* random place; a normal
    one, as is widely copied, leaves the line.
    """
    share = draw(random.uniform, (ops.shape(reals)[0],) + (1,) * (len(reals.shape) - 1), seed)
    between = share * reals + (1.0 - share) * fakes
    # The small number keeps the root's own slope finite where D is flat.
    slope = ops.sqrt(squared_slope(discriminator, between) + 1e-12)
    return ops.mean((slope - 1.0) ** 2)


def penalty(options, discriminator, reals, fakes, seed):
    """What D pays for steep slopes: R1 and the gradient penalty, each 0 where it is off."""
    total = 0.0
    if gamma := options["r1"]:
        total += gamma * r1_penalty(discriminator, reals)
    if weight := options["gradient_penalty"]:
        total += weight * gradient_penalty(discriminator, reals, fakes, seed)
    return total


def length(slopes):
    """Length of a gradient, the replicas' parts added up."""
    slopes = [ops.cast(slope, "float32") for slope in sum_replicas(slopes)]
    return ops.sqrt(sum(ops.sum(ops.square(slope)) for slope in slopes))


def begin_average(generator):
    """A copy of G as it is, to be moved by `average` alone."""
    copy = models.clone_model(generator)
    copy.set_weights(generator.get_weights())
    copy.trainable = False
    return copy


def average(mean_network, network, decay, step):
    """Move `mean_network` towards `network`; while `step` is small the average forgets faster."""
    step = ops.cast(step, "float32")
    decay = ops.minimum(decay, (1.0 + step) / (10.0 + step))
    for mean, weight in zip(mean_network.weights, network.weights):
        mean.assign(decay * mean + (1.0 - decay) * weight)
