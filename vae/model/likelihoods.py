"""The likelihoods p(x given z), with their constants so that they can be compared.

N images, C channels, P = C*H*W pixels; everything in nats per image. `output` is what the decoder
puts out, [N, `num_outputs` * C, H, W]; x is in [0, 1]. Each likelihood has

* ``mean(output)``: the reconstruction, [N, C, H, W] in [0, 1];
* ``nll(output, x)``: -log p(x given z) summed over pixels, [N]: ``nll_of`` what ``measure`` says of
  each image alone. What images share, as sigma, comes in with ``nll_of``: parts may be measured;
* ``implied_sigma()``: the standard deviation of the pixel noise on the scale of x, or None.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# Half a grey level: pictures of 8 bits hold nothing finer, and log sigma stays finite.
MIN_SIGMA = 0.5 / 255
# No distribution on [0, 1] has a larger standard deviation.
MAX_SIGMA = 0.5


class OfParts(nn.Module):
    """What the likelihoods share."""

    def mean(self, output: Tensor) -> Tensor:
        """The reconstruction, in [0, 1]. [N, C, H, W]"""
        return torch.sigmoid(output)

    def measure(self, output: Tensor, x: Tensor) -> Tensor:
        """What the nll needs to know of each image. [N, k]"""
        raise NotImplementedError

    def nll_of(self, measured: Tensor, num_pixels: int) -> Tensor:
        """-log p(x given z) of images of P pixels: measured [..., k] -> [...]"""
        raise NotImplementedError

    def implied_sigma(self) -> float | None:
        """None: there is no sigma."""
        return None

    def nll(self, output: Tensor, x: Tensor) -> Tensor:
        """-log p(x given z), summed over pixels. [N]"""
        return self.nll_of(self.measure(output, x), x[0].numel())


class Bernoulli(OfParts):
    """Each pixel a coin; `output` are its logits. Binary or grey-level images.

    nll = -sum_p x log y + (1 - x) log(1 - y), y = sigmoid(output): Kingma & Welling 2014,
    Appendix C.1. For x between 0 and 1 it is a cross-entropy, and no longer a probability of x.
    """

    num_outputs = 1

    def measure(self, output: Tensor, x: Tensor) -> Tensor:
        """The cross-entropy, summed over pixels. [N, 1]"""
        nll = F.binary_cross_entropy_with_logits(output.float(), x, reduction="none")
        return nll.flatten(1).sum(1, keepdim=True)

    def nll_of(self, measured: Tensor, num_pixels: int) -> Tensor:
        """-log p(x given z): the cross-entropy itself. [..., 1] -> [...]"""
        return measured[..., 0]


class Gaussian(OfParts):
    """Normal noise of one sigma around the mean; `output` is the logit of the mean.

    nll = sum_p (x - xhat)^2 / (2 sigma^2) + log sigma + 1/2 log 2 pi.

    With ``sigma=None`` sigma is shared and optimal: sigma^2 is the mean squared error of the
    batch in training, in closed form (Rybkin, Daniilidis & Levine 2021, sigma-VAE), and its
    running mean over training afterwards, so that an evaluation tunes nothing on what it measures.
    """

    num_outputs = 1
    squared_error: Tensor
    num_updates: Tensor

    def __init__(self, sigma: float | None) -> None:
        super().__init__()
        self.fixed_sigma = sigma
        if sigma is None:
            self.register_buffer("squared_error", torch.zeros(()))
            self.register_buffer("num_updates", torch.zeros((), dtype=torch.int32))

    def measure(self, output: Tensor, x: Tensor) -> Tensor:
        """The squared error, summed over pixels. [N, 1]"""
        squared = (x - torch.sigmoid(output.float())).square().flatten(1)  # [N, P]
        return squared.sum(1, keepdim=True)

    def nll_of(self, measured: Tensor, num_pixels: int) -> Tensor:
        """-log p(x given z) from the squared error. [..., 1] -> [...]"""
        squared = measured[..., 0]
        variance = self._variance(squared, num_pixels)
        constant = 0.5 * num_pixels * (math.log(2 * math.pi) + variance.log())
        return squared / (2 * variance) + constant

    def implied_sigma(self) -> float | None:
        """Sigma of the pixel noise, on the scale of x."""
        if self.fixed_sigma is not None:
            return self.fixed_sigma
        return max(math.sqrt(self.squared_error.item()), MIN_SIGMA)

    def _variance(self, squared: Tensor, num_pixels: int) -> Tensor:
        if self.fixed_sigma is not None:
            return squared.new_full((), self.fixed_sigma**2)
        if self.training:
            # The gradient through sigma vanishes at its optimum, so that it can be cut.
            error = squared.detach().mean() / num_pixels
            remember(self.squared_error, self.num_updates, error)
        else:
            error = self.squared_error
        return error.clamp_min(MIN_SIGMA**2)


class PixelGaussian(OfParts):
    """Normal noise of its own sigma at every pixel; `output` holds logits of means, then sigmas.

    nll = sum_p (x - xhat_p)^2 / (2 sigma_p^2) + log sigma_p + 1/2 log 2 pi: Kingma & Welling
    2014, Appendix C.2. log sigma lies between log MIN_SIGMA and log MAX_SIGMA, softly, with a
    gradient everywhere.

    Its weakness: where a picture is easy (an even background) sigma falls to its bound and the
    density grows without need, at the cost of all else. The elbo is the highest of all
    likelihoods, the pictures are not the best: on CelebA a FID of 159.3 beside 60.3 with one
    shared optimal sigma (Rybkin, Daniilidis & Levine 2021).
    """

    num_outputs = 2
    mean_sigma: Tensor
    num_updates: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean_sigma", torch.zeros(()))
        self.register_buffer("num_updates", torch.zeros((), dtype=torch.int32))

    def mean(self, output: Tensor) -> Tensor:
        """The reconstruction, in [0, 1]. [N, C, H, W]"""
        return torch.sigmoid(output.chunk(2, 1)[0])

    def log_sigma(self, output: Tensor) -> Tensor:
        """log sigma of each pixel, bounded on both sides. [N, C, H, W]"""
        low, high = math.log(MIN_SIGMA), math.log(MAX_SIGMA)
        middle, reach = (low + high) / 2, (high - low) / 2
        raw = output.float().chunk(2, 1)[1]  # log sigma itself, near the middle
        return middle + reach * torch.tanh((raw - middle) / reach)

    def measure(self, output: Tensor, x: Tensor) -> Tensor:
        """The nll, and the mean of sigma over pixels. [N, 2]"""
        log_sigma = self.log_sigma(output)
        error = (x - self.mean(output.float())) * torch.exp(-log_sigma)
        nll = (0.5 * error.square() + log_sigma + 0.5 * math.log(2 * math.pi)).flatten(1).sum(1)
        return torch.stack([nll, log_sigma.detach().exp().flatten(1).mean(1)], 1)

    def nll_of(self, measured: Tensor, num_pixels: int) -> Tensor:
        """-log p(x given z), the first of what was measured. [..., 2] -> [...]"""
        if self.training:
            remember(self.mean_sigma, self.num_updates, measured[..., 1].detach().mean())
        return measured[..., 0]

    def implied_sigma(self) -> float | None:
        """Mean of sigma over pixels: its running mean over training, on the scale of x."""
        return max(self.mean_sigma.item(), MIN_SIGMA)


class Laplace(OfParts):
    """Two-sided exponential noise around the mean; `output` is the logit of the mean.

    nll = sum_p abs(x - xhat) / b + log 2b, whose standard deviation is sigma = b sqrt 2. It asks
    for the median of what a pixel may be, not for the mean, which makes edges sharper.

    With ``sigma=None`` b is shared and optimal: d nll / d b = 0 where b is the mean absolute
    error, of the batch in training and its running mean afterwards, as in `Gaussian`.
    """

    num_outputs = 1
    absolute_error: Tensor
    num_updates: Tensor

    def __init__(self, sigma: float | None) -> None:
        super().__init__()
        self.fixed_scale = None if sigma is None else sigma / math.sqrt(2)
        if sigma is None:
            self.register_buffer("absolute_error", torch.zeros(()))
            self.register_buffer("num_updates", torch.zeros((), dtype=torch.int32))

    def measure(self, output: Tensor, x: Tensor) -> Tensor:
        """The absolute error, summed over pixels. [N, 1]"""
        absolute = (x - torch.sigmoid(output.float())).abs().flatten(1)  # [N, P]
        return absolute.sum(1, keepdim=True)

    def nll_of(self, measured: Tensor, num_pixels: int) -> Tensor:
        """-log p(x given z) from the absolute error. [..., 1] -> [...]"""
        absolute = measured[..., 0]
        scale = self._scale(absolute, num_pixels)
        return absolute / scale + num_pixels * (math.log(2) + scale.log())

    def implied_sigma(self) -> float | None:
        """b sqrt 2, the standard deviation of the pixel noise, on the scale of x."""
        if self.fixed_scale is not None:
            return self.fixed_scale * math.sqrt(2)
        return max(self.absolute_error.item() * math.sqrt(2), MIN_SIGMA)

    def _scale(self, absolute: Tensor, num_pixels: int) -> Tensor:
        if self.fixed_scale is not None:
            return absolute.new_full((), self.fixed_scale)
        if self.training:
            error = absolute.detach().mean() / num_pixels
            remember(self.absolute_error, self.num_updates, error)
        else:
            error = self.absolute_error
        return error.clamp_min(MIN_SIGMA / math.sqrt(2))


@torch.no_grad()
def remember(mean: Tensor, num_updates: Tensor, value: Tensor) -> None:
    """Running mean over about the last 100 steps, over all steps while they are fewer. In place."""
    num_updates.add_(1)
    mean.lerp_(value, (1.0 / num_updates).clamp_min(0.01))
