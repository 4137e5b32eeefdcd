"""The elbo and its parts: elbo goes up, loss goes down, both in nats per image.

N images, D latent dimensions, P pixels, L samples of z an image. Kingma & Welling 2014.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from vae.model.posterior import Posterior, normal_log_prob, prior_log_prob


class Terms(NamedTuple):
    """What one forward pass says of each image, in nats."""

    nll_of_sample: Tensor  # [L, N] -log p(x given z)
    z: Tensor  # [L, N, D] ~ q(z given x)
    posterior: Posterior  # [N, D]

    @property
    def nll(self) -> Tensor:
        """-log p(x given z), the mean over the samples of z. [N]"""
        return self.nll_of_sample.mean(0)

    @property
    def kl_per_dim(self) -> Tensor:
        """KL(q(z_j given x) || p(z_j)) in closed form. [N, D]"""
        return self.posterior.kl_per_dim()

    @property
    def kl(self) -> Tensor:
        """KL(q(z given x) || p(z)) in closed form. [N]"""
        return self.kl_per_dim.sum(1)

    @property
    def elbo(self) -> Tensor:
        """-(nll + kl), never weighted: the estimator of Kingma & Welling, equation 7. [N]"""
        return -(self.nll + self.kl)

    @property
    def kl_of_sample(self) -> Tensor:
        """log q(z given x) - log p(z), whose expectation is the kl. [L, N]"""
        return self.posterior.log_prob(self.z) - prior_log_prob(self.z)

    @property
    def log_weights(self) -> Tensor:
        """log p(x, z) - log q(z given x), whose expectation is the elbo. [L, N]

        Its mean over the samples is the generic estimator, Kingma & Welling equation 6.
        """
        return -(self.nll_of_sample + self.kl_of_sample)


def bits_per_dim(elbo: float, num_pixels: int, discrete: bool) -> float:
    """-elbo in bits per pixel and channel, P of them.

    `discrete`: the likelihood is a density over [0, 1]; log 256 per pixel is added, so that the
    number speaks of the 256 levels that an 8-bit pixel has.
    """
    bits = -elbo / (num_pixels * math.log(2))
    return bits + 8.0 if discrete else bits


def psnr(mse: Tensor) -> Tensor:
    """Peak signal-to-noise ratio in dB of a mean squared error of images in [0, 1]; at most 100.

    10 dB more is a tenth of the error.
    """
    return -10 * torch.log10(mse.clamp_min(1e-10))


def importance_bound(log_weights: Tensor) -> Tensor:
    """log 1/K sum_k w_k, Burda et al. 2016 equation 8; log_weights [K, N] -> [N]

    log w = log p(x, z) - log q(z given x). K = 1 is the elbo in expectation.
    """
    return torch.logsumexp(log_weights, 0) - math.log(log_weights.shape[0])


class KlParts(NamedTuple):
    """The parts that the mean KL over the data splits into, estimated from samples. All []"""

    mutual_information: Tensor  # between image and z, under q
    total_correlation: Tensor  # between the dimensions of z
    dimension_kl: Tensor  # of each dimension's aggregate from the prior, summed


def kl_parts(posterior: Posterior, z: Tensor, num_images: int) -> KlParts:
    """The mean KL of a batch split in three, Chen et al. 2018 equation 2. z [N, D]

    E_q log q(z given n) / q(z)  +  log q(z) / prod_j q(z_j)  +  sum_j log q(z_j) / p(z_j)
    """
    log_q, log_q_each = aggregate_log_prob(posterior, z, num_images)
    return KlParts(
        (posterior.log_prob(z) - log_q).mean(),
        (log_q - log_q_each.sum(1)).mean(),
        (log_q_each.sum(1) - prior_log_prob(z)).mean(),
    )


def aggregate_log_prob(posterior: Posterior, z: Tensor, num_images: int) -> tuple[Tensor, Tensor]:
    """log q(z) [N] and log q(z_j) [N, D] of each image's own z [N, D].

    q(z) is the mean of q(z given n) over all `num_images` images, of which the batch shows N. It
    is estimated by stratified sampling, Chen et al. 2018 Appendix C.2: z's own image weighs
    1 / num_images, and each other image of the batch (1 - 1 / num_images) / (N - 1), which is the
    paper's estimator meaned over which other image comes last. It is unbiased for q(z), and exact
    where the batch is all the data. (Its logarithm is too low on average, as in the paper.)
    """
    num = len(z)
    # [N, N, D]: row i is z_i under the posteriors of all images of the batch.
    log_prob = normal_log_prob(z[:, None], posterior.mu[None], posterior.logvar[None])
    log_weights = torch.full((num, num), -math.inf, device=z.device)
    if num > 1 and num_images > 1:
        log_weights.fill_(math.log((1 - 1 / num_images) / (num - 1)))
    log_weights.fill_diagonal_(-math.log(num_images) if num > 1 else 0.0)
    log_q = torch.logsumexp(log_weights + log_prob.sum(2), 1)
    return log_q, torch.logsumexp(log_weights[..., None] + log_prob, 1)
