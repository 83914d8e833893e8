"""What a trained GAN is for: samples, from given or from random latent vectors."""

import numpy as np

from gankit import inputs, latents


class Sampling:
    """The part of `GAN` that makes samples."""

    def call(self, latent, training=False):
        """Samples from latent vectors, by the averaged generator if there is one."""
        return self.sampler()(latent, training=training)

    def sampler(self):
        """The network that makes samples: the averaged generator, or G where there is none."""
        return self.ema_generator or self.generator

    def sample_latent(self, n, seed=None):
        """`n` latent vectors, NumPy `(n, latent_dim)`, the same for the same seed."""
        return latents.sample(inputs.check_count("n", n), self.latent_dim, self.latent, seed)

    def generate(self, n=None, seed=None, latent=None, batch_size=256):
        """Samples, NumPy float32 `(n, ...)`, images in [0, 1].

        Args:
            n: how many; not with `latent`.
            seed: of the latent vectors.
            latent: latent vectors `(n, latent_dim)` to use instead.
            batch_size: how many are made at once.
        """
        if (n is None) == (latent is None):
            raise ValueError("generate wants a number, generate(16), or generate(latent=...)")
        latent = self.sample_latent(n, seed) if latent is None else latent
        latent = inputs.check_latent(self, latent)
        return self.sampler().predict(latent, batch_size=batch_size, verbose=0)

    def interpolate(self, z0, z1, n=8, kind="spherical"):
        """Samples on the way from one latent vector to another.

        Args:
            z0, z1: latent vectors `(latent_dim,)`.
            n: how many samples, both ends included.
            kind: "spherical" keeps the length a normal latent has (White 2016); "linear" does not.

        Returns:
            NumPy float32 `(n, ...)`.
        """
        z0, z1 = inputs.check_latent(self, np.stack([z0, z1]))
        if kind not in latents.PATHS:
            raise ValueError(f"kind is one of {list(latents.PATHS)}, not {kind!r}")
        steps = np.linspace(0, 1, inputs.check_count("n", n))
        path = [latents.PATHS[kind](z0, z1, t) for t in steps]
        return self.generate(latent=np.stack(path))
