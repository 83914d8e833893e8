"""DCGAN (Radford, Metz & Chintala 2016, section 3), rule by rule (lesson 02).

1. strided convolutions instead of pooling, in D;
2. transposed convolutions to upsample, in G;
3. no fully connected hidden layer: G's first projects the latent vector, D's last decides;
4. batch normalisation everywhere but at G's output and D's input;
5. ReLU in G, tanh at its end;
6. LeakyReLU(0.2) in D.

The paper's kernels are 5 wide; ours are 4, a multiple of the stride, which overlap evenly and so
leave less of a checkerboard (Odena et al. 2016). The paper draws weights from N(0, 0.02):
`initializer=keras.initializers.RandomNormal(stddev=0.02)`; ours are Keras' own, no worse here.
Each rule can be switched off, so that one can measure what it does (run `ablation_fashion_mnist`).
"""

from keras import Input, Sequential, layers

SIZES = {28: (7, 2), 32: (4, 3), 64: (4, 4), 128: (4, 5), 256: (4, 6)}  # px: (smallest, doublings)


def _plan(image_shape, width, max_width):
    """Smallest size, and the width at each size from the largest (`width`) to the smallest."""
    if len(image_shape) != 3 or image_shape[0] != image_shape[1] or image_shape[0] not in SIZES:
        raise ValueError(
            f"dcgan wants image_shape (size, size, channels) with a size in {list(SIZES)}, not "
            f"{tuple(image_shape)}: resize the images first (`images.resized(64)`)"
        )
    if image_shape[2] not in (1, 3):
        raise ValueError(f"dcgan wants 1 or 3 channels, not {image_shape[2]}")
    smallest, doublings = SIZES[image_shape[0]]
    return smallest, [min(width * 2**i, max_width) for i in range(doublings)]


def generator(
    image_shape,
    latent_dim=None,
    width=32,
    max_width=512,
    upsampling="transposed",
    activation="relu",
    batch_norm=True,
    hidden_dense=0,
    initializer="glorot_uniform",
):
    """DCGAN's generator: project, reshape, then double the size until the image is full.

    Args:
        image_shape: `(size, size, channels)`, size 28, 32, 64, 128 or 256, channels 1 or 3.
        latent_dim: length of the latent vector; by default 12 for grey images and the paper's 100
            for colour. On Fashion-MNIST 12 learned more than twice as fast as 100 (three seeds);
            on CIFAR-10 16 ended worse than 100 (one seed each; `benchmarks/README.md`).
        width: channels of the last hidden layer; each smaller size has twice as many.
        max_width: the most channels a layer may have.
        upsampling: "transposed" (rule 2), or "nearest": copy each pixel, then a convolution.
        activation: of the hidden layers (rule 5).
        batch_norm: whether hidden layers are normalised (rule 4); "everywhere": the output too.
        hidden_dense: width of a fully connected layer before the projection, 0 for none (rule 3).
        initializer: of all kernels.

    Returns:
        A `keras.Model` from `(n, latent_dim)` to float32 images `(n, *image_shape)` in [0, 1].

    Raises:
        ValueError: for a size, channel count or option that is not offered.
    """
    smallest, widths = _plan(image_shape, width, max_width)
    if latent_dim is None:
        latent_dim = 12 if image_shape[2] == 1 else 100
    _check("upsampling", upsampling, ("transposed", "nearest"))
    _check("batch_norm", batch_norm, (True, False, "everywhere"))

    def upsample(channels, **kwargs):
        kwargs = {"padding": "same", "kernel_initializer": initializer, **kwargs}
        if upsampling == "transposed":
            return [layers.Conv2DTranspose(channels, 4, strides=2, **kwargs)]
        return [layers.UpSampling2D(2), layers.Conv2D(channels, 3, **kwargs)]

    def dense(units):
        return layers.Dense(units, use_bias=not batch_norm, kernel_initializer=initializer)

    def normalised():
        return [*_norm(batch_norm), layers.Activation(activation)]

    stack = [Input((latent_dim,))]
    if hidden_dense:
        stack += [dense(hidden_dense), *normalised()]
    stack.append(dense(smallest * smallest * widths[-1]))
    stack += [layers.Reshape((smallest, smallest, widths[-1])), *normalised()]
    for channels in reversed(widths[:-1]):
        stack += [*upsample(channels, use_bias=not batch_norm), *normalised()]
    stack += [
        *upsample(image_shape[2]),
        *_norm(batch_norm == "everywhere"),
        layers.Activation("tanh", dtype="float32"),
        layers.Rescaling(0.5, offset=0.5, dtype="float32"),  # tanh's [-1, 1] to our [0, 1]
    ]
    return Sequential(stack, name="dcgan_generator")


def discriminator(
    image_shape,
    width=32,
    max_width=512,
    dropout=0.0,
    batch_norm=True,
    spectral_norm=False,
    downsampling="strided",
    activation="leaky_relu",
    hidden_dense=0,
    initializer="glorot_uniform",
):
    """DCGAN's discriminator: halve the size with strided convolutions, then decide.

    Args:
        image_shape: `(size, size, channels)`, size 28, 32, 64, 128 or 256, channels 1 or 3.
        width: channels of the first layer; each smaller size has twice as many.
        max_width: the most channels a layer may have.
        dropout: rate after each hidden layer (0 in the paper).
        batch_norm: whether hidden layers but the first are normalised (rule 4); "everywhere": the
            first too. Switch it off with a gradient penalty, which wants each sample judged alone.
        spectral_norm: whether each kernel is divided by its largest singular value (Miyato et al.
            2018), by Keras' own layer; mostly with batch_norm=False. At rates of 4e-3 the paper's
            own form learned faster, and batch norm faster than both (`benchmarks/spectral.py`).
        downsampling: "strided" (rule 1), or "pooling": a convolution, then the mean of 2 x 2.
        activation: "leaky_relu" with slope 0.2 (rule 6), or another by Keras' name.
        hidden_dense: width of a fully connected layer before the last, 0 for none (rule 3).
        initializer: of all kernels.

    Returns:
        A `keras.Model` from images `(n, *image_shape)` in [0, 1] to `(n, 1)`: a logit, large for
        "real".

    Raises:
        ValueError: for a size, channel count or option that is not offered.
    """
    _, widths = _plan(image_shape, width, max_width)
    _check("downsampling", downsampling, ("strided", "pooling"))
    _check("batch_norm", batch_norm, (True, False, "everywhere"))

    def kernel(layer):
        return layers.SpectralNormalization(layer) if spectral_norm else layer

    def convolve(channels, **kwargs):
        kwargs = {"padding": "same", "kernel_initializer": initializer, **kwargs}
        if downsampling == "strided":
            return [kernel(layers.Conv2D(channels, 4, strides=2, **kwargs))]
        return [kernel(layers.Conv2D(channels, 4, **kwargs)), layers.AveragePooling2D(2)]

    def activated():
        leaky = activation == "leaky_relu"
        return [layers.LeakyReLU(0.2) if leaky else layers.Activation(activation)]

    stack = [Input(image_shape), layers.Rescaling(2.0, offset=-1.0)]  # our [0, 1] to [-1, 1]
    for i, channels in enumerate(widths):
        norm = batch_norm == "everywhere" or (batch_norm and i > 0)
        stack += [*convolve(channels, use_bias=not norm), *_norm(norm), *activated()]
        if dropout:
            stack.append(layers.Dropout(dropout))
    stack.append(layers.Flatten())
    if hidden_dense:
        stack += [kernel(layers.Dense(hidden_dense, kernel_initializer=initializer)), *activated()]
    stack.append(kernel(layers.Dense(1, kernel_initializer=initializer, dtype="float32")))
    return Sequential(stack, name="dcgan_discriminator")


def _norm(wanted):
    return [layers.BatchNormalization(momentum=0.9)] if wanted else []


def _check(name, value, offered):
    if value not in offered:
        raise ValueError(f"{name} is one of {offered}, not {value!r}")
