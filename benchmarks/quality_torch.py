"""PyTorch's DCGAN example as a peer of `quality.py`, in plain PyTorch: KERAS_BACKEND=torch.

Its published settings: width 64, batch 64, Adam 2e-4 with beta_1 0.5, kernels from N(0, 0.02),
batch norm in both networks with scales from N(1, 0.02), one pass of G for both updates. The example
has 64 px; here its networks end at 28 px, two doublings from 7, as all the peers' do.
"""

import os

import torch
from contenders import BATCH, LATENT, torch_adams, torch_networks, torch_step
from torch import nn


def first_weights(module):
    """The example's initialisation."""
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)


def pytorch_dcgan(seed, shape=(28, 28, 1), width=64):
    """`(step, sample, batch_size)`, as the peers of `quality_peers.py`."""
    torch.manual_seed(seed)
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    g, d = (n.to(memory_format=torch.channels_last) for n in torch_networks(shape, width))
    g.apply(first_weights)
    d.apply(first_weights)
    step = torch_step(g, d, *torch_adams(g, d))

    @torch.no_grad()
    def sample(n, seed):
        latent = torch.randn(n, LATENT, generator=torch.Generator().manual_seed(seed))
        g.eval()
        images = torch.cat([g(part) for part in latent.split(500)]).permute(0, 2, 3, 1)
        g.train()
        return images.contiguous().numpy()

    return step, sample, BATCH
