"""gankit: a course on GANs and adversarial examples that one can run.

Importing the package imports nothing heavy: each module is imported by its own name, e.g.
`from gankit.gans import GAN`.
"""

__version__ = "0.1.0"
