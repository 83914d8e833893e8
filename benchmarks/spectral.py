"""Spectral normalisation in D: Keras' own layer against the paper's (Miyato et al. 2018).

Both divide each kernel by its largest singular value, found with one power iteration a step. Keras'
layer writes the quotient back into the kernel, so that the optimizer goes on from it; the paper
keeps the kernel, and its gradient flows through the division. Equal steps, the setting of the run
`ablation_fashion_mnist` (width 16, 900 steps, no batch norm in D), three seeds of each, two rates.

    python benchmarks/spectral.py        # about 10 minutes
"""

import argparse
import os

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

import keras
from keras import layers, ops

from gankit import datasets
from gankit.gans import GAN
from gankit.models import dcgan
from gankit.training import Judge


class PaperSpectral(layers.Wrapper):
    """The paper's algorithm 1 around a layer with a kernel."""

    def build(self, input_shape):
        self.layer.build(input_shape)
        self.inner = self.layer.kernel
        columns = self.inner.shape[-1]
        self.u = self.add_weight((1, columns), "random_normal", trainable=False, name="u")
        self.built = True

    def call(self, x, training=False):
        matrix = ops.reshape(self.inner, (-1, self.inner.shape[-1]))
        u, fixed = self.u.value, ops.stop_gradient(matrix)
        v = ops.normalize(ops.matmul(u, ops.transpose(fixed)))
        u = ops.normalize(ops.matmul(v, fixed))
        if training:
            self.u.assign(u)
        sigma = ops.squeeze(ops.matmul(ops.matmul(v, matrix), ops.transpose(u)))
        kernel = ops.convert_to_tensor(self.inner) / sigma
        layer = self.layer
        if isinstance(layer, layers.Dense):
            return ops.matmul(x, kernel) + layer.bias
        y = ops.conv(x, kernel, strides=layer.strides, padding=layer.padding)
        return y + layer.bias


def discriminator(paper, shape=(28, 28, 1), width=16):
    """dcgan's D with spectral normalisation of one kind or the other."""
    if not paper:
        return dcgan.discriminator(shape, width, batch_norm=False, spectral_norm=True)
    kept, layers.SpectralNormalization = layers.SpectralNormalization, PaperSpectral
    try:
        return dcgan.discriminator(shape, width, batch_norm=False, spectral_norm=True)
    finally:
        layers.SpectralNormalization = kept


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=900)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rates", type=float, nargs="+", default=[4e-3, 1e-3])
    options = parser.parse_args()
    images = datasets.fashion_mnist().take(min(options.steps, 450) * 64)
    judge = Judge("fashion_mnist_classifier")
    for rate in options.rates:
        for name, paper in (("Keras' layer", False), ("the paper's", True)):
            scores = []
            for seed in range(options.seeds):
                keras.utils.set_random_seed(seed)
                generator = dcgan.generator((28, 28, 1), 100, width=16)
                gan = GAN(generator, discriminator(paper), seed=seed)
                gan.compile(*(keras.optimizers.Adam(rate, beta_1=0.5) for _ in "GD"))
                gan.fit(images, epochs=max(1, options.steps // 450), verbose=0, seed=seed)
                scores.append(judge.score(gan.generate(judge.n, seed=1))["frechet"])
            print(f"rate {rate:g}, {name}:", *(f"{s:.0f}" for s in scores), flush=True)


if __name__ == "__main__":
    main()
