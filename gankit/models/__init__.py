"""Networks, one family a file: `mlp`, `dcgan`, `classifiers`."""
