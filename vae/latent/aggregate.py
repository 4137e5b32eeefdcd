"""The aggregate posterior q(z): where in the latent space the images lie.

N images, D latent dimensions, K points, A active dimensions of the D.

q(z) = 1/N sum_n q(z given x_n) is what the decoder has been trained on, Makhzani et al. 2015,
Hoffman & Johnson 2016. A few thousand images represent all of them, and posteriors can be far
narrower than the gaps between those few, so each is widened as in a kernel density estimate:
component n is N(mu_n, sigma_n^2 + h^2 S), S the variances of the means. h maximises the
leave-one-out likelihood of the means (Habbema et al. 1974, Duin 1976); 0 is among its values.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vae.errors import InputError
from vae.model.posterior import ACTIVE_VARIANCE

Doubles = NDArray[np.float64]

MAX_COMPONENTS = 2_000
WIDTHS = (0.0, 0.1, 0.2, 0.35, 0.5, 0.7, 1.0)  # h


def log_terms(z: Doubles, mu: Doubles, variance: Doubles) -> Doubles:
    """log N(z_k; mu_n, diag variance_n) in nats. z [K, A], mu and variance [N, A] -> [K, N]"""
    precision = 1 / variance
    square = (z * z) @ precision.T - 2 * z @ (mu * precision).T + (mu * mu * precision).sum(1)
    constant = np.log(2 * np.pi * variance).sum(1)
    result: Doubles = -0.5 * (np.maximum(square, 0.0) + constant)
    return result


def log_mean(terms: Doubles) -> Doubles:
    """log of the mean of exp of each row, stable; -inf counts as 0. [K, N] -> [K]

    Not scipy.special.logsumexp: the page would import SciPy for it, and last digits would change.
    """
    top = terms.max(1)
    result: Doubles = top + np.log(np.exp(terms - top[:, None]).mean(1))
    return result


def log_prob(z: Doubles, mu: Doubles, variance: Doubles) -> Doubles:
    """log q(z) in nats of the mixture of N equal Gaussians. [K, A] -> [K]"""
    return log_mean(log_terms(z, mu, variance))


def _without_nearest(terms: Doubles) -> Doubles:
    """log_mean without the largest term of each row. [K, N] -> [K]"""
    rest = terms.copy()
    rest[np.arange(len(rest)), rest.argmax(1)] = -np.inf
    return log_mean(rest)


@dataclass(frozen=True)
class Aggregate:
    """The widened mixture, and the log density of each of its means under the other components."""

    active: NDArray[np.bool_]  # [D]
    mu: Doubles  # [N, A]
    variance: Doubles  # [N, A]
    width: float  # h
    known: Doubles  # [N] sorted

    def typicality(self, z: NDArray[np.floating]) -> float:
        """The share of the images whose posterior mean lies less densely than z [D], in [0, 1].

        The density is that of the mixture without the component that explains the point best, so
        that an image does not count for itself. Means are compared, not samples, because the
        sliders start from a mean; and only in active dimensions, where a sample differs little
        from its mean. 1 is the densest region: the face most like all others, not the best one.
        """
        here = _without_nearest(log_terms(z[None, self.active].astype(np.float64), *self._parts))
        return float(np.searchsorted(self.known, here[0]) / len(self.known))

    @property
    def _parts(self) -> tuple[Doubles, Doubles]:
        return self.mu, self.variance


def active_dimensions(mu: NDArray[np.floating]) -> NDArray[np.bool_]:
    """The dimensions in which the means [N, D] of images differ. [D]

    Raises InputError for fewer than three images, or where there is none.
    """
    if len(mu) < 3:
        raise InputError(f"Typicality needs the posteriors of at least 3 images, not {len(mu)}.")
    active: NDArray[np.bool_] = mu.astype(np.float64).var(0) > ACTIVE_VARIANCE
    if not active.any():
        raise InputError("No latent dimension is active, so every point is equally typical.")
    return active


def fit_aggregate(mu: NDArray[np.floating], logvar: NDArray[np.floating], seed: int) -> Aggregate:
    """The aggregate posterior of images with these posteriors [N, D], of `MAX_COMPONENTS` at most.

    Raises InputError for fewer than three images, or where no dimension is active.
    """
    active = active_dimensions(mu)
    if len(mu) > MAX_COMPONENTS:
        some = np.random.default_rng(seed).choice(len(mu), MAX_COMPONENTS, replace=False)
        mu, logvar = mu[some], logvar[some]
    spread = mu.astype(np.float64).var(0)
    means = mu[:, active].astype(np.float64)
    own = np.exp(logvar[:, active].astype(np.float64))

    def widened(width: float) -> Doubles:
        result: Doubles = own + width**2 * spread[active]
        return result

    def left_out(width: float) -> float:
        terms = log_terms(means, means, widened(width))
        np.fill_diagonal(terms, -np.inf)
        return float(log_mean(terms).mean())

    width = max(WIDTHS, key=left_out)
    variance = widened(width)
    known = np.sort(_without_nearest(log_terms(means, means, variance)))
    return Aggregate(active, means, variance, width, known)
