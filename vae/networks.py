"""The encoder, the decoder and the VAE that joins them.

N images, C channels, H = W pixels, D latent dimensions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vae.config import ModelConfig
from vae.elbo import Terms
from vae.likelihoods import default_likelihood, make_likelihood
from vae.posterior import Posterior

NUM_LAYERS = 5
# logvar stays inside (-LOGVAR_BOUND, LOGVAR_BOUND) with a gradient everywhere.
LOGVAR_BOUND = 12.0


def bottom_size(image_size: int) -> int:
    """Side of the smallest feature map: the image, halved five times, rounded up."""
    return math.ceil(image_size / (1 << NUM_LAYERS))


class ConvEncoder(nn.Module):
    """Five convolutions that halve the image, then two linear heads: mu and logvar."""

    def __init__(self, image_shape: tuple[int, int, int], latent_dim: int, channels: Sequence[int]):
        super().__init__()
        num_channels, size, _ = image_shape
        bottom = bottom_size(size)
        self.padding = bottom * 2**NUM_LAYERS - size
        layers: list[nn.Module] = []
        for before, after in zip([num_channels, *channels[:-1]], channels, strict=True):
            layers += [
                nn.Conv2d(before, after, 4, stride=2, padding=1, bias=False),
                nn.BatchNorm2d(after),
                nn.LeakyReLU(0.1, inplace=True),
            ]
        self.layers = nn.Sequential(*layers)
        self.heads = nn.Linear(channels[-1] * bottom**2, 2 * latent_dim)

    def forward(self, x: Tensor) -> Tensor:
        before = self.padding // 2
        after = self.padding - before
        if self.padding:
            x = F.pad(x, (before, after, before, after), mode="replicate")
        heads: Tensor = self.heads(self.layers(x).flatten(1))  # [N, 2 D]
        return heads


class ConvDecoder(nn.Module):
    """A linear layer, then five transposed convolutions that double the image.

    The last one goes straight from half resolution to the picture: layers at full resolution
    would cost a third of the arithmetic.
    """

    def __init__(self, image_shape: tuple[int, int, int], latent_dim: int, channels: Sequence[int]):
        super().__init__()
        num_channels, self.size, _ = image_shape
        self.bottom = bottom_size(self.size)
        top_down = list(reversed(channels))
        self.first = top_down[0]
        self.linear = nn.Linear(latent_dim, self.first * self.bottom**2)
        layers: list[nn.Module] = [nn.LeakyReLU(0.1)]
        for before, after in pairwise(top_down):
            layers += [
                nn.ConvTranspose2d(before, after, 4, stride=2, padding=1, bias=False),
                nn.BatchNorm2d(after),
                nn.LeakyReLU(0.1, inplace=True),
            ]
        layers.append(nn.ConvTranspose2d(top_down[-1], num_channels, 4, stride=2, padding=1))
        self.layers = nn.Sequential(*layers)

    def forward(self, z: Tensor) -> Tensor:
        maps = self.linear(z).unflatten(1, (self.first, self.bottom, self.bottom))
        output: Tensor = self.layers(maps.contiguous(memory_format=torch.channels_last))
        before = (output.shape[-1] - self.size) // 2
        return output[..., before : before + self.size, before : before + self.size]


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
        self.likelihood = make_likelihood(name, config.sigma)
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
            self.encoder = ConvEncoder(image_shape, config.latent_dim, config.channels)
            self.decoder = ConvDecoder(output_shape, config.latent_dim, config.channels)

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
        posterior = self.encode(x)
        z = posterior.sample(eps if eps.dim() == 3 else eps[None])  # [L, N, D]
        output = self.decoder(z.flatten(0, 1))
        x = x.expand(len(z), *x.shape).flatten(0, 1)  # a view where L is 1
        nll = self.likelihood.nll(output, x).reshape(z.shape[:2])
        return Terms(nll, z, posterior)


def num_parameters(model: nn.Module) -> int:
    """How many numbers the model learns."""
    return sum(parameter.numel() for parameter in model.parameters())
