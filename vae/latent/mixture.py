"""Where samples come from: the prior, or a mixture fitted to posterior means.

N images, D latent dimensions, A active dimensions of the D, K components.

A VAE's posterior means do not fill the prior evenly. A mixture of Gaussians fitted to them
afterwards samples where the decoder was trained, Ghosh et al. 2020, section 4 (ex-post density
estimation). Temperature scales the standard deviation that is sampled with; 1 is the density
itself, 0 its middle.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vae.model.posterior import ACTIVE_VARIANCE

Doubles = NDArray[np.float64]
Floats = NDArray[np.float32]

COMPONENTS = (1, 2, 5, 10, 20)
CHOICE_IMAGES = 3_000  # that the number of components is chosen with
FIT_IMAGES = 10_000
HELD_OUT = 0.25
REGULARISATION = 1e-4  # added to the variances
MAX_STEPS = 50  # of expectation maximisation


@dataclass(frozen=True)
class Mixture:
    """A Gaussian mixture over the active dimensions; the others stay at their mean."""

    active: NDArray[np.bool_]  # [D]
    centre: Doubles  # [D] mean of the means
    weights: Doubles  # [K]
    means: Doubles  # [K, A]
    covariances: Doubles  # [K, A, A]

    def sample(self, num: int, seed: int, temperature: float = 1.0) -> Floats:
        """Points, the deviation from their component's mean times `temperature`. [num, D]

        The same seed gives the same points, nearer to or further from the means.
        """
        rng = np.random.default_rng(seed)
        component = rng.choice(len(self.weights), num, p=self.weights)
        eps = rng.standard_normal((num, self.means.shape[1]))
        roots = np.linalg.cholesky(self.covariances)  # [K, A, A]
        z = np.tile(self.centre, (num, 1))
        away = np.einsum("nij,nj->ni", roots[component], eps)
        z[:, self.active] = self.means[component] + temperature * away
        return z.astype(np.float32)


def fit_mixture(mu: NDArray[np.floating], seed: int) -> Mixture:
    """The mixture of full covariance that fits posterior means [N, D] best, N >= 1.

    The number of components, one of `COMPONENTS`, is the one with the highest likelihood on a
    quarter of the means that is left out. Single-threaded, 2 s at 10,000 means of 32 dimensions.
    """
    rng = np.random.default_rng(seed)
    means = mu.astype(np.float64)
    means = means[rng.permutation(len(means))[:FIT_IMAGES]]
    active = means.var(0) > ACTIVE_VARIANCE
    if not active.any():
        active[:] = True
    centre, points = means.mean(0), means[:, active]
    if len(points) < 2:
        covariance = REGULARISATION * np.eye(points.shape[1])[None]
        return Mixture(active, centre, np.ones(1), points, covariance)
    some = points[:CHOICE_IMAGES]
    held_out = max(1, round(len(some) * HELD_OUT))
    inside, outside = some[held_out:], some[:held_out]
    # A component needs more images than a covariance has rows.
    counts = [k for k in COMPONENTS if k == 1 or len(inside) >= 2 * k * points.shape[1]]
    if len(counts) > 1:
        best = max(counts, key=lambda k: float(_fit(inside, k, seed).score(outside)))
    else:
        best = counts[0]
    fitted = _fit(points, best, seed)
    return Mixture(active, centre, fitted.weights_, fitted.means_, fitted.covariances_)


def _fit(points: Doubles, num_components: int, seed: int) -> Any:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    mixture = GaussianMixture(
        num_components, random_state=seed, reg_covar=REGULARISATION, max_iter=MAX_STEPS
    )
    with warnings.catch_warnings():
        # Stopped early it samples as well: the last steps hardly change the likelihood.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return mixture.fit(points)
