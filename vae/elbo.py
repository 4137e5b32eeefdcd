"""The objective: elbo goes up, loss goes down, both in nats per image.

N images, D latent dimensions, P pixels. Kingma & Welling 2014; Higgins et al. 2017 for beta;
Bowman et al. 2016 for the warm-up.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor


class Terms(NamedTuple):
    """The two sides of the elbo, image by image, in nats."""

    nll: Tensor  # [N] -log p(x given z), z ~ q(z given x)
    kl_per_dim: Tensor  # [N, D]

    @property
    def kl(self) -> Tensor:
        """KL(q(z given x) || p(z)). [N]"""
        return self.kl_per_dim.sum(1)

    @property
    def elbo(self) -> Tensor:
        """-(nll + kl), never weighted. [N]"""
        return -(self.nll + self.kl)

    def loss(self, beta: float) -> Tensor:
        """nll + beta * kl, meaned over the batch: what is minimised. []"""
        return (self.nll + beta * self.kl).mean()


def beta_at(step: int, beta: float, warmup_steps: int) -> float:
    """Beta at `step`: rises linearly from 0 over `warmup_steps`, then stays."""
    return beta if step >= warmup_steps else beta * step / warmup_steps


def bits_per_dim(elbo: float, num_pixels: int, discrete: bool) -> float:
    """-elbo in bits per pixel and channel, P of them.

    `discrete`: the likelihood is a density over [0, 1]; log 256 per pixel is added, so that the
    number speaks of the 256 levels that an 8-bit pixel has.
    """
    bits = -elbo / (num_pixels * math.log(2))
    return bits + 8.0 if discrete else bits


def importance_bound(log_weights: Tensor) -> Tensor:
    """log 1/K sum_k w_k, Burda et al. 2016 equation 8; log_weights [K, N] -> [N]

    log w = log p(x, z) - log q(z given x). K = 1 is the elbo in expectation.
    """
    return torch.logsumexp(log_weights, 0) - math.log(log_weights.shape[0])
