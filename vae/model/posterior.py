"""The posterior q(z given x) = N(mu, diag(sigma^2)).

N images, D latent dimensions. Kingma & Welling, Auto-Encoding Variational Bayes (2014).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

# A dimension is active where the mean moves over the data: Var(mu_j) above this, Burda et al. 2016.
ACTIVE_VARIANCE = 0.01


class Posterior(NamedTuple):
    """Mean and log variance of q(z given x), both [N, D]."""

    mu: Tensor
    logvar: Tensor

    @property
    def sigma(self) -> Tensor:
        """Standard deviation exp(logvar / 2). [N, D]"""
        return torch.exp(0.5 * self.logvar)

    def sample(self, eps: Tensor) -> Tensor:
        """z = mu + sigma * eps, the reparameterization, section 2.4; eps ~ N(0, I). [N, D]"""
        return self.mu + self.sigma * eps

    def kl_per_dim(self) -> Tensor:
        """KL(q(z_j given x) || N(0, 1)) in nats, Kingma & Welling Appendix B. [N, D]

        In float32 and with expm1, so that it stays exact near the prior, where it is almost 0.
        """
        mu, logvar = self.mu.float(), self.logvar.float()
        return 0.5 * (mu.square() + torch.expm1(logvar) - logvar)

    def log_prob(self, z: Tensor) -> Tensor:
        """log q(z given x) in nats. z [..., N, D] -> [..., N]"""
        return normal_log_prob(z, self.mu, self.logvar).sum(-1)


def normal_log_prob(z: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
    """log N(z; mu, exp(logvar)) of each element, in nats."""
    log_two_pi = 1.8378770664093453
    return -0.5 * (log_two_pi + logvar + (z - mu).square() * torch.exp(-logvar))


def prior_log_prob(z: Tensor) -> Tensor:
    """log p(z) under the prior N(0, I), in nats. [..., D] -> [...]"""
    zero = torch.zeros((), dtype=z.dtype, device=z.device)
    return normal_log_prob(z, zero, zero).sum(-1)


def active_units(mu: Tensor) -> Tensor:
    """Which dimensions are active: Var(mu_j) over the data above 0.01, Burda et al. 2016. [D]"""
    return mu.float().var(0, unbiased=False) > ACTIVE_VARIANCE
