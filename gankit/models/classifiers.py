"""Classifiers: the independent judge that all lessons share."""

from keras import Input, Sequential, layers


def cnn(image_shape, classes, width=32, features=64, dropout=0.3, pairs=2, pool=False):
    """A small convolutional classifier.

    Its penultimate layer, named "features", is what Frechet classifier distances are measured in.

    Args:
        image_shape: `(height, width, channels)` of images in [0, 1].
        classes: number of classes.
        width: channels of the first pair of convolutions; each further pair has twice as many.
        features: width of the penultimate layer.
        dropout: rate before the last two layers.
        pairs: number of pairs; each halves the image.
        pool: average over the places that are left, instead of keeping each: fewer weights.

    Returns:
        A `keras.Model` from `(n, *image_shape)` to logits `(n, classes)`.
    """
    model = Sequential([Input(image_shape), layers.Rescaling(2.0, offset=-1.0)], name="cnn")
    for i in range(pairs):
        channels = width * 2**i
        model.add(layers.Conv2D(channels, 3, padding="same", use_bias=False))
        model.add(layers.BatchNormalization())
        model.add(layers.ReLU())
        model.add(layers.Conv2D(channels, 3, strides=2, padding="same", use_bias=False))
        model.add(layers.BatchNormalization())
        model.add(layers.ReLU())
    model.add(layers.GlobalAveragePooling2D() if pool else layers.Flatten())
    model.add(layers.Dropout(dropout))
    model.add(layers.Dense(features, activation="relu", name="features"))
    model.add(layers.Dropout(dropout))
    model.add(layers.Dense(classes, dtype="float32"))
    return model


def linear(image_shape, classes):
    """Softmax regression: each logit is a weighted sum of the pixels, and a bias.

    Args:
        image_shape: `(height, width, channels)` of images in [0, 1].
        classes: number of classes.

    Returns:
        A `keras.Model` from `(n, *image_shape)` to logits `(n, classes)`.
    """
    stack = [Input(image_shape), layers.Flatten(), layers.Dense(classes, dtype="float32")]
    return Sequential(stack, name="linear")
