"""The likelihoods p(x given z), with their constants so that they can be compared.

N images, P = C*H*W pixels; everything in nats per image. `output` is what the decoder puts out,
[N, C, H, W]; x is in [0, 1].
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# Half a grey level: pictures of 8 bits hold nothing finer, and log sigma stays finite.
MIN_SIGMA = 0.5 / 255


class Bernoulli(nn.Module):
    """Each pixel a coin; `output` are its logits. Binary or grey-level images."""

    def mean(self, output: Tensor) -> Tensor:
        """The reconstruction, in [0, 1]. [N, C, H, W]"""
        return torch.sigmoid(output)

    def nll(self, output: Tensor, x: Tensor) -> Tensor:
        """-log p(x given z): the cross-entropy, summed over pixels. [N]"""
        nll = F.binary_cross_entropy_with_logits(output.float(), x, reduction="none")
        return nll.flatten(1).sum(1)

    def implied_sigma(self) -> float | None:
        """None: there is no sigma."""
        return None


class Gaussian(nn.Module):
    """Normal noise of one sigma around the mean; `output` is the logit of the mean.

    With ``sigma=None`` sigma is shared and optimal: sigma^2 is the mean squared error of the
    batch in training, in closed form (Rybkin, Daniilidis & Levine 2021, sigma-VAE), and its
    running mean over training afterwards, so that an evaluation tunes nothing on what it measures.
    """

    squared_error: Tensor
    num_updates: Tensor

    def __init__(self, sigma: float | None) -> None:
        super().__init__()
        self.fixed_sigma = sigma
        if sigma is None:
            self.register_buffer("squared_error", torch.zeros(()))
            self.register_buffer("num_updates", torch.zeros((), dtype=torch.int32))

    def mean(self, output: Tensor) -> Tensor:
        """The reconstruction, in [0, 1]. [N, C, H, W]"""
        return torch.sigmoid(output)

    def nll(self, output: Tensor, x: Tensor) -> Tensor:
        """-log p(x given z), summed over pixels. [N]"""
        squared = (x - torch.sigmoid(output.float())).square().flatten(1)  # [N, P]
        variance = self._variance(squared)
        num_pixels = squared.shape[1]
        constant = 0.5 * num_pixels * (math.log(2 * math.pi) + variance.log())
        return squared.sum(1) / (2 * variance) + constant

    def implied_sigma(self) -> float | None:
        """Sigma of the pixel noise, on the scale of x."""
        if self.fixed_sigma is not None:
            return self.fixed_sigma
        return max(math.sqrt(self.squared_error.item()), MIN_SIGMA)

    def _variance(self, squared: Tensor) -> Tensor:
        if self.fixed_sigma is not None:
            return squared.new_tensor(self.fixed_sigma**2)
        if self.training:
            # The gradient through sigma vanishes at its optimum, so that it can be cut.
            error = squared.detach().mean()
            self._remember(error)
        else:
            error = self.squared_error
        return error.clamp_min(MIN_SIGMA**2)

    @torch.no_grad()
    def _remember(self, error: Tensor) -> None:
        """Running mean over about the last 100 steps, over all steps while they are fewer."""
        self.num_updates.add_(1)
        weight = (1.0 / self.num_updates).clamp_min(0.01)
        self.squared_error.lerp_(error, weight)


def make_likelihood(name: str, sigma: float | None) -> Bernoulli | Gaussian:
    """The likelihood by its name in the config."""
    return Bernoulli() if name == "bernoulli" else Gaussian(sigma)
