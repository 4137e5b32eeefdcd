"""How much the latents say about the images: the KL split into its parts, from samples.

N images, D latent dimensions. Hoffman & Johnson 2016; Chen et al. 2018, equation 2.

The mean KL over the data is I_q(x; z) + KL(q(z), p(z)), and the second part is the total
correlation plus the KL of each dimension. q(z) is the mean of the posteriors of these N images, so
that the mutual information is that between z and which of the N images it came from: never above
log N, and equal to log N where no two images can be confused.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vae.latent import aggregate

Doubles = NDArray[np.float64]

ROWS = 256  # z at a time


@dataclass(frozen=True)
class Information:
    """The parts of the KL in nats per image, means over z of N images."""

    mutual_information: float  # I_q(x; z)
    mutual_information_se: float  # standard error over the images
    total_correlation: float  # between the dimensions of z
    dimension_kl: float  # of each dimension's aggregate from the prior, summed
    num_images: int

    @property
    def marginal_kl(self) -> float:
        """KL(q(z), p(z)), which makes samples from the prior worse."""
        return self.total_correlation + self.dimension_kl

    @property
    def limit(self) -> float:
        """log N, the highest mutual information that N images can have."""
        return math.log(self.num_images)


def standard_error(values: NDArray[np.floating]) -> float:
    """Of the mean of values [N]: their standard deviation (N - 1) over sqrt N; 0 of one value."""
    if len(values) < 2:
        return 0.0
    return float(values.astype(np.float64).std(ddof=1) / math.sqrt(len(values)))


def information(
    mu: NDArray[np.floating], logvar: NDArray[np.floating], z: NDArray[np.floating]
) -> Information:
    """The parts of the KL, one z [N, D] drawn from each posterior (mu, logvar) [N, D].

    Costs N^2 D exponentials.
    """
    means, points = mu.astype(np.float64), z.astype(np.float64)
    variance = np.exp(logvar.astype(np.float64))
    num, dims = means.shape
    own = np.zeros(num)
    for j in range(dims):
        own += _normal(points[:, j], means[:, j], variance[:, j])
    prior = _normal(points, np.zeros(1), np.ones(1)).sum(1)
    joint, each = np.empty(num), np.zeros(num)
    for start in range(0, num, ROWS):
        rows = slice(start, start + ROWS)
        joint[rows] = aggregate.log_prob(points[rows], means, variance)
        for j in range(dims):
            terms = _normal(points[rows, j, None], means[None, :, j], variance[None, :, j])
            each[rows] += aggregate.log_mean(terms)
    return Information(
        float((own - joint).mean()),
        standard_error(own - joint),
        float((joint - each).mean()),
        float((each - prior).mean()),
        num,
    )


def _normal(z: Doubles, mu: Doubles, variance: Doubles) -> Doubles:
    """log N(z; mu, variance) of each element, in nats."""
    result: Doubles = -0.5 * (np.log(2 * np.pi * variance) + (z - mu) ** 2 / variance)
    return result
