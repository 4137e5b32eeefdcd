"""Normal noise with one sigma for each band of a picture: coarse to fine, light and colour apart.

N images, C channels, H = W pixels, P = C*H*W; five rows of bands from fine to coarse, and in each
luminance and chroma: ten bands. Everything in nats per image, x in [0, 1].
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor

from vae.model.likelihoods import MIN_SIGMA, OfParts, remember

NUM_HALVINGS = 4
OWN = 0.85  # weight of a band's own variance beside that of all, in a geometric mean


class GaussianBands(OfParts):
    """Normal noise around the mean, of one sigma in each band; `output` is the logit of the mean.

    nll = sum_b |r_b|^2 / (2 sigma_b^2) + n_b (log sigma_b + 1/2 log 2 pi), where r = x - xhat and
    r_b are its n_b coefficients in band b of an orthonormal transform. So it is a density of x
    (a Normal with the covariance T' diag(sigma^2) T), and its nats compare with one sigma's.

    The transform: luminance is the mean of the channels, chroma what is left; of both, averages of
    2 by 2 pixels are taken four times (Haar), and a band is what one average has and the next has
    not. A picture whose side is odd sooner has fewer bands.

    sigma_b^2 is v_b^0.85 v^0.15: v is the mean square of all coefficients of the batch, v_b that of
    the band, but never above v, nor above that of its colour (luminance, or chroma). Afterwards the
    mean squares are running means over training, as in `Gaussian`. Without the first bound the few
    coefficients of a coarse band get a large sigma, and the model stops drawing the colour of skin
    and background, or everything: the elbo rises, and the latents collapse. Without the second the
    colour of eyes is learnt far later. With v_b alone lines are softer, and with one sigma for all,
    what is large outvotes what is small: eyes stay grey (docs/experiments.md).
    """

    num_outputs = 1
    squared_error: Tensor
    num_updates: Tensor
    sizes: Tensor

    def __init__(self, image_shape: tuple[int, int, int]) -> None:
        super().__init__()
        sizes = _band_sizes(image_shape)
        self.register_buffer("squared_error", torch.zeros(len(sizes)))  # a coefficient's mean
        self.register_buffer("num_updates", torch.zeros((), dtype=torch.int32))
        self.register_buffer("sizes", torch.tensor(sizes), persistent=False)

    def measure(self, output: Tensor, x: Tensor) -> Tensor:
        """The squared error in each band, summed over its coefficients. [N, 10]"""
        energies = band_energies(x - torch.sigmoid(output.float()))
        return energies * (self.sizes > 0)  # grey pictures have no chroma, not even by rounding

    def nll_of(self, measured: Tensor, num_pixels: int) -> Tensor:
        """-log p(x given z) from the squared errors of the bands. [..., 10] -> [...]"""
        if self.training:
            error = measured.detach().flatten(0, -2).mean(0) / self.sizes.clamp_min(1.0)
            remember(self.squared_error, self.num_updates, error)
        else:
            error = self.squared_error
        variance = self._variance(error)
        constant = 0.5 * (self.sizes * (math.log(2 * math.pi) + variance.log())).sum()
        return (measured / (2 * variance)).sum(-1) + constant

    def implied_sigma(self) -> float | None:
        """Sigma of the noise of a pixel, the root mean square over pixels, on the scale of x."""
        variance = self._variance(self.squared_error)
        return math.sqrt(((variance * self.sizes).sum() / self.sizes.sum()).item())

    def _variance(self, error: Tensor) -> Tensor:
        """sigma^2 of each band from the mean square of its coefficients. [10] -> [10]"""
        sums, sizes = (error * self.sizes).reshape(-1, 2), self.sizes.reshape(-1, 2)
        of_all = sums.sum() / sizes.sum()
        of_colour = sums.sum(0) / sizes.sum(0).clamp_min(1.0)  # [2]
        most = torch.minimum(of_all, of_colour).repeat(len(sizes))
        own = torch.minimum(error, most).clamp_min(MIN_SIGMA**2)
        return own**OWN * of_all.clamp_min(MIN_SIGMA**2) ** (1 - OWN)


def band_energies(residual: Tensor) -> Tensor:
    """Sums of squares by band; their sum is that of the residual. [N, C, H, W] -> [N, 10]

    The first two are the finest: luminance, chroma. Bands that a size has not are 0.
    """
    levels, area = [], 1.0
    for _ in range(NUM_HALVINGS + 1):
        of_all = residual.square().flatten(1).sum(1)
        luminance = residual.shape[1] * residual.mean(1).square().flatten(1).sum(1)
        levels.append(area * torch.stack([luminance, of_all - luminance], 1))
        if residual.shape[-1] % 2 or residual.shape[-2] % 2:
            break
        residual, area = F.avg_pool2d(residual, 2), 4 * area
    levels += [torch.zeros_like(levels[0])] * (NUM_HALVINGS + 1 - len(levels))
    coarser = [*levels[1:], torch.zeros_like(levels[0])]
    return torch.cat([fine - coarse for fine, coarse in zip(levels, coarser, strict=True)], 1)


def _band_sizes(image_shape: tuple[int, int, int]) -> list[float]:
    """How many coefficients each band has; they sum to P."""
    num_channels, height, width = image_shape
    areas = [height * width]
    while len(areas) <= NUM_HALVINGS and height % 2 == width % 2 == 0:
        height, width = height // 2, width // 2
        areas.append(height * width)
    areas += [0] * (NUM_HALVINGS + 2 - len(areas))
    own = [fine - coarse for fine, coarse in pairwise(areas)]
    return [float(n) for area in own for n in (area, area * (num_channels - 1))]
