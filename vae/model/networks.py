"""The encoder, the decoder and the VAE that joins them.

N images, C channels, H = W pixels, D latent dimensions.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from vae.config import ModelConfig
from vae.model.convolutions import ConvDecoder, ConvEncoder, ResidualDecoder, ResidualEncoder
from vae.model.elbo import Terms
from vae.model.likelihood_choice import default_likelihood, make_likelihood
from vae.model.posterior import Posterior

# logvar stays inside (-LOGVAR_BOUND, LOGVAR_BOUND) with a gradient everywhere.
LOGVAR_BOUND = 12.0


class OfEach(NamedTuple):
    """What the networks make of each image alone."""

    measured: Tensor  # [L, N, k] see `likelihoods`
    z: Tensor  # [L, N, D] ~ q(z given x)
    mu: Tensor  # [N, D]
    logvar: Tensor  # [N, D]


class VAE(nn.Module):
    """q(z given x) and p(x given z) as networks.

    Kingma & Welling, Auto-Encoding Variational Bayes (2014), arXiv:1312.6114.
    """

    def __init__(self, config: ModelConfig, image_shape: tuple[int, int, int]) -> None:
        """Networks for images of `image_shape` (C, H, W)."""
        super().__init__()
        self.image_shape = image_shape
        self.latent_dim = config.latent_dim
        name = config.likelihood or default_likelihood(image_shape[0], config.sigma)
        self.likelihood = make_likelihood(name, config.sigma, image_shape)
        num_channels, height, width = image_shape
        output_shape = (num_channels * self.likelihood.num_outputs, height, width)
        self.encoder: nn.Module
        self.decoder: nn.Module
        if config.name == "mlp":
            num_pixels = math.prod(image_shape)
            self.encoder = nn.Sequential(
                nn.Flatten(),
                nn.Linear(num_pixels, config.hidden_dim),
                nn.ReLU(),
                nn.Linear(config.hidden_dim, 2 * config.latent_dim),
            )
            self.decoder = nn.Sequential(
                nn.Linear(config.latent_dim, config.hidden_dim),
                nn.ReLU(),
                nn.Linear(config.hidden_dim, math.prod(output_shape)),
                nn.Unflatten(1, output_shape),
            )
        else:
            about = config.latent_dim, config.channels
            if config.name == "conv":
                self.encoder = ConvEncoder(image_shape, *about)
                self.decoder = ConvDecoder(output_shape, *about)
            else:
                self.encoder = ResidualEncoder(image_shape, *about)
                self.decoder = ResidualDecoder(output_shape, *about, config.modulation == "yes")

    def encode(self, x: Tensor) -> Posterior:
        """q(z given x). x [N, C, H, W] in [0, 1] -> mu, logvar [N, D]"""
        mu, raw = self.encoder(x).float().chunk(2, 1)
        return Posterior(mu, LOGVAR_BOUND * torch.tanh(raw / LOGVAR_BOUND))

    def decode(self, z: Tensor) -> Tensor:
        """The mean of p(x given z), in [0, 1]. z [N, D] -> [N, C, H, W]"""
        return self.likelihood.mean(self.decoder(z).float())

    def forward(self, x: Tensor, eps: Tensor) -> Terms:
        """Both sides of the elbo, with L samples of z an image.

        x [N, C, H, W], eps [L, N, D], or [N, D] for one sample; zeros are the posterior mean.
        """
        return self.terms(self.each(x, eps))

    def each(self, x: Tensor, eps: Tensor) -> OfEach:
        """What the networks make of each image, whatever the others of its batch."""
        posterior = self.encode(x)
        z = posterior.sample(eps if eps.dim() == 3 else eps[None])  # [L, N, D]
        output = self.decoder(z.flatten(0, 1))
        x = x.expand(len(z), *x.shape).flatten(0, 1)  # a view where L is 1
        measured = self.likelihood.measure(output, x)  # [L N, k]
        measured = measured.reshape(*z.shape[:2], measured.shape[1])
        return OfEach(measured, z, *posterior)

    def terms(self, each: OfEach) -> Terms:
        """Both sides of the elbo from what is known of each image of a whole batch."""
        nll = self.likelihood.nll_of(each.measured, math.prod(self.image_shape))
        return Terms(nll, each.z, Posterior(each.mu, each.logvar))


def num_parameters(model: nn.Module) -> int:
    """How many numbers the model learns."""
    return sum(parameter.numel() for parameter in model.parameters())
