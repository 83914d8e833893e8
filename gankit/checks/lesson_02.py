"""Checks of lesson 02: shapes, four planted faults, half-way on a sphere, the memory test."""

import numpy as np

from gankit.checks import Check, as_array, show

# --- shape after a transposed convolution with "same" padding: (height, width, channels) ---------

upsampled_shape = Check(
    reference=lambda shape, filters, kernel, stride: (
        stride * shape[0],
        stride * shape[1],
        filters,
    ),
    right="the stride multiplies height and width, and each filter is one channel",
    look='With padding="same": height and width times the stride, and a channel for each filter.',
    cases=(((7, 5, 3), 16, 4, 2), ((4, 6, 2), 8, 5, 1)),
    wrong={
        (lambda shape, filters, kernel, stride: (2 * shape[0], 2 * shape[1], filters)): "Right for "
        "a stride of 2. Here it is 1, and nothing is doubled.",
        (lambda shape, filters, kernel, stride: (16, 12, 16)): "That is valid padding, where the "
        "kernel sticks out at the edges; with same padding its size does not matter.",
        (lambda shape, filters, kernel, stride: (*shape[:2], filters)): "The stride was forgotten: "
        "it is what makes room between the inputs.",
        (lambda shape, filters, kernel, stride: (4, 3, filters)): "That is the way down: an "
        "ordinary convolution divides by its stride. A transposed one goes up.",
        (lambda shape, filters, kernel, stride: (filters, 14, 10)): "Space and channels are "
        "swapped: in Keras the channels come last.",
        (lambda shape, filters, kernel, stride: (14, 10, 3)): "Space is right. The channels that "
        "come out are not those that went in: each filter makes one.",
        (lambda shape, filters, kernel, stride: (14, 10, 6)): "The stride multiplies space alone; "
        "the channels are as many as the filters.",
        (lambda shape, filters, kernel, stride: (28, 20, filters)): "The kernel's size was taken "
        "for the stride: the kernel says how far an input is smeared, the stride how far apart "
        "the inputs are laid.",
    },
)


# --- four planted faults: which lines of this DCGAN break a rule? --------------------------------

FAULTY_DCGAN = {
    "a": "G: Dense(7 * 7 * 128) on z, then Reshape((7, 7, 128))",
    "b": "G: BatchNormalization(), ReLU()",
    "c": 'G: Conv2DTranspose(64, 4, strides=2, padding="same"), BatchNormalization(), ReLU()',
    "d": 'G: Conv2DTranspose(1, 4, strides=2, padding="same"), BatchNormalization()',
    "e": 'G: Activation("tanh"), then Rescaling(0.5, offset=0.5)',
    "f": "D: Rescaling(2, offset=-1)",
    "g": 'D: Conv2D(64, 4, strides=2, padding="same"), LeakyReLU(0.2)',
    "h": 'D: Conv2D(128, 4, padding="same"), MaxPooling2D(2), BatchNormalization(), LeakyReLU(0.2)',
    "i": 'D: Conv2D(256, 4, strides=2, padding="same"), BatchNormalization(), ReLU()',
    "j": "D: Flatten(), Dense(512), LeakyReLU(0.2)",
    "k": "D: Dense(1)",
}
_FAULTS = {
    "d": "One fault is still hidden at G's end: where does rule 4 leave batch normalisation out?",
    "h": "One fault is still hidden in D: how does rule 1 want images to be made smaller?",
    "i": "One fault is still hidden in D: which activation does rule 6 give it?",
    "j": "One fault is still hidden in D: what does rule 3 say of hidden layers?",
}
_SOUND = {
    "a": "Line a is sound: z has no space yet, so a dense layer at the start is needed to give it "
    "some. Rule 3 is about hidden ones.",
    "b": "Line b is sound: batch normalisation and ReLU are what rules 4 and 5 want inside G.",
    "c": "Line c is sound: a transposed convolution with stride 2 is how rule 2 goes up. (Its bias "
    "is idle before batch normalisation, and does no harm.)",
    "e": "Line e is sound: rule 5 wants tanh, and the rescaling after it is our contract that "
    "images lie in [0, 1].",
    "f": "Line f is sound: it takes our [0, 1] back to the [-1, 1] of the paper.",
    "g": "Line g is sound: there is no batch normalisation at D's input, because rule 4 wants it "
    "so: D has to see the images' own brightness.",
    "k": "Line k is sound: something has to make one number of it all. Rule 3 is about hidden "
    "layers.",
}


def _check_faults(answer):
    try:
        letters = {str(letter).strip().lower() for letter in answer} - {"", ","}
    except TypeError:
        return f"Your answer is {show(answer)}: wanted are letters, such as ['a', 'b', 'c', 'd']."
    unknown = letters - FAULTY_DCGAN.keys()
    if unknown:
        return f"There is no line {', '.join(sorted(unknown))}: the lines go from a to k."
    accused = sorted(letters & _SOUND.keys())
    if accused:
        return _SOUND[accused[0]]
    missing = sorted(_FAULTS.keys() - letters)
    if missing:
        return f"{len(letters)} of four found, and no line accused wrongly. {_FAULTS[missing[0]]}"
    return None


planted_faults = Check(
    reference=["d", "h", "i", "j"],
    right="rules 4, 1, 6 and 3 were broken, in this order",
    look="One rule a line.",
    own=_check_faults,
)


# --- half-way between two latent vectors ---------------------------------------------------------


def _two_latents(dim, length, degrees):
    """Two vectors, .95 and 1.05 times `length`, with an angle of `degrees` between them."""
    rng = np.random.default_rng(0)
    e0, e1 = np.linalg.qr(rng.standard_normal((dim, 2)))[0].T
    angle = np.deg2rad(degrees)
    return 0.95 * length * e0, 1.05 * length * (np.cos(angle) * e0 + np.sin(angle) * e1)


def _spherical_mid(z0, z1):
    cosine = np.dot(z0, z1) / np.linalg.norm(z0) / np.linalg.norm(z1)
    return (z0 + z1) / np.sqrt(2 * (1 + cosine))


def _check_mid(solution):
    return _check_pair(solution, 100, 10.0, 60) or _check_pair(solution, 12, 3.5, 120)


def _check_pair(solution, dim, usual, degrees):
    z0, z1 = _two_latents(dim, usual, degrees)
    answer = solution(z0.copy(), z1.copy())
    if answer is None:
        return "spherical_mid(z0, z1) gives nothing back: is there a return in it?"
    mid = np.squeeze(as_array(answer))
    if mid.ndim > 1:
        return (
            f"That has shape {mid.shape}, an image: the mean of two images is a double exposure, "
            "both garments seen through each other. Go half-way between the latents."
        )
    if mid.shape != (dim,):
        return f"That has shape {mid.shape}; wanted is one latent vector like z0, of {dim} numbers."
    if not np.isfinite(mid).all():
        return "There is a NaN or an infinity in it: look for a division by 0 or a negative root."
    length = np.linalg.norm(mid)
    if length < 1e-6:
        return "That is the origin, where no latent lies: was one end subtracted from the other?"
    if np.dot(mid, z0 + z1) < 0.995 * length * np.linalg.norm(z0 + z1):
        return "That does not lie between the two: it should be as close to z0 as to z1 in angle."
    ends = f"{np.linalg.norm(z0):.1f} and {np.linalg.norm(z1):.1f} ({dim} numbers)"
    said = f"That has length {length:.1f}, between ends of length {ends}"
    if abs(length - 1) < 0.05:
        return f"{said}: on the unit sphere. But latents of {dim} numbers live at length {usual:g}."
    if abs(length - np.linalg.norm(z0 + z1) / 2) < 0.02:
        return f"{said}: too short. The mean of two latents cuts through the sphere's inside."
    if abs(length - np.linalg.norm(z0 + z1) / np.sqrt(2)) < 0.02:
        return (
            f"{said}: too long. Dividing by the root of 2 is right for latents at a right angle, "
            "and these two are closer."
        )
    if abs(length - usual) > 0.045 * usual:
        word = "short" if length < usual else "long"
        return f"{said}: too {word}. Half-way it should be about as long as its ends."
    return None


spherical_mid = Check(
    reference=_spherical_mid,
    right="between the two, and as far from the origin as they are",
    look="Look at its length.",
    own=_check_mid,
)


# --- the memory test: (median distance of fakes, median distance of test images) -----------------


def _nearest(images, others):
    """Distance of each image to the nearest of the others, over all pixels."""
    a, b = images.reshape(len(images), -1), others.reshape(len(others), -1)
    squares = np.sum(a**2, axis=1)[:, None] + np.sum(b**2, axis=1) - 2 * a @ b.T
    return np.sqrt(np.maximum(squares.min(axis=1), 0))


def _from_train(summary):
    """An answer by the nearest training images; `summary` makes one number of the distances."""
    return lambda fakes, train, test, discriminator: [
        summary(_nearest(images, train)) for images in (fakes, test)
    ]


def _from_test(fakes, train, test, discriminator):
    return [np.median(_nearest(fakes, test)), np.median(_nearest(train, test))]


def _from_test_and_train(fakes, train, test, discriminator):
    return [np.median(_nearest(fakes, test)), np.median(_nearest(test, train))]


def _by_discriminator(fakes, train, test, discriminator):
    return [np.mean(discriminator(fakes)), np.mean(discriminator(test))]


def _discriminator(images):
    """A stand-in for D: a logit an image, `(n, 1)`."""
    return 4 * as_array(images).mean(axis=(1, 2, 3))[:, None] - 1


def _pictures(*greys):
    """2x2 images of one grey each."""
    return np.array(greys, "float32")[:, None, None, None] * np.ones((1, 2, 2, 1), "float32")


_COPY = "G never saw the test images, so it could not copy them. From what would it copy?"
_CASE = (
    _pictures(0.15, 0.25, 0.9, 0.62, 0.08),  # fakes
    _pictures(0.1, 0.32, 0.5, 0.52),  # training images
    _pictures(0.0, 0.7, 0.43),  # test images
    _discriminator,
)

memory_test = Check(
    reference=_from_train(np.median),
    right="fakes and test images, both by their nearest training image",
    look="For every fake the distance to its nearest training image, and the median of those; then "
    "the same for test images, which nobody can have copied.",
    cases=(_CASE,),
    wrong={
        _from_test: f"Those are distances to the nearest *test* image. {_COPY}",
        _from_test_and_train: f"The fakes were held against the *test* images. {_COPY}",
        _by_discriminator: "That is what D says, and D says 'real', not 'new': a copy of a "
        "training image would please it most. Look for the nearest image instead.",
        (lambda *sets: _from_train(np.median)(*sets)[0]): "The fakes' distance is right, but is it "
        "far? Put beside it what images give that cannot be copies.",
        _from_train(lambda d: d[0]): "That is one image, and one image can be anything: take the "
        "median of all.",
        _from_train(np.min): "That is the closest image of all, and one image can be anything: "
        "take the median.",
        _from_train(np.mean): "That is the mean, which a few odd images can carry away: take the "
        "median.",
        _from_train(lambda d: np.median(d) ** 2): "Those are squared distances: the root is "
        "missing.",
        _from_train(lambda d: np.median(d) / 2): "That is the largest difference of a pixel, or "
        "the squared ones were averaged; a distance adds them up.",
        (lambda *sets: _from_train(np.median)(*sets)[::-1]): "Both distances are right, in the "
        "wrong order: first the fakes, then the test images.",
    },
)
