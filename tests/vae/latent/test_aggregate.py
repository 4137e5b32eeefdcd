"""The aggregate posterior against torch.distributions, and what typicality says of points."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from vae.errors import InputError
from vae.latent import aggregate


def images(num: int, latent_dim: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Posterior means in two clumps, and log variances."""
    rng = np.random.default_rng(seed)
    clump = rng.integers(0, 2, num)[:, None] * 6.0
    return clump + rng.standard_normal((num, latent_dim)), rng.uniform(-4, 0, (num, latent_dim))


def test_log_prob_is_that_of_the_mixture() -> None:
    mu, logvar = images(50, 5)
    z = np.random.default_rng(1).normal(3, 4, (20, 5))
    parts = Independent(Normal(torch.tensor(mu), torch.tensor(logvar).mul(0.5).exp()), 1)
    mixture = MixtureSameFamily(Categorical(torch.ones(50, dtype=torch.float64)), parts)
    expected = mixture.log_prob(torch.tensor(z)).numpy()
    np.testing.assert_allclose(aggregate.log_prob(z, mu, np.exp(logvar)), expected, rtol=1e-9)


def test_a_point_far_from_everything_has_a_finite_log_prob() -> None:
    mu, logvar = images(10, 4)
    assert np.isfinite(aggregate.log_prob(np.full((1, 4), 1e4), mu, np.exp(logvar))).all()


def test_the_images_themselves_are_evenly_typical() -> None:
    mu, logvar = images(400, 4)
    fitted = aggregate.fit_aggregate(mu, logvar, 0)
    values = np.sort([fitted.typicality(point) for point in mu])
    np.testing.assert_allclose(values, np.arange(400) / 400, atol=1.1 / 400)


def test_a_new_image_of_the_same_kind_is_as_typical_as_the_known_ones() -> None:
    everyone = np.random.default_rng(0).standard_normal((600, 12))
    fitted = aggregate.fit_aggregate(everyone[:300], np.full((300, 12), -12.0), 0)
    values = [fitted.typicality(point) for point in everyone[300:]]
    assert 0.35 < np.mean(values) < 0.55, "known images may not vouch for themselves"


def test_between_the_clumps_and_far_away_is_less_typical_than_within() -> None:
    mu, logvar = images(400, 4)
    fitted = aggregate.fit_aggregate(mu, logvar, 0)
    inside, between, away = (fitted.typicality(np.full(4, x)) for x in (0.0, 3.0, 40.0))
    assert inside > 0.5
    assert between < 0.02
    assert away == 0


def test_the_width_is_the_one_that_explains_left_out_images_best() -> None:
    mu = np.random.default_rng(0).standard_normal((300, 3))
    narrow = aggregate.fit_aggregate(mu, np.full(mu.shape, -12.0), 0)
    assert narrow.width > 0, "posteriors far narrower than the room between them"
    broad = aggregate.fit_aggregate(mu, np.full(mu.shape, -2.0), 0)
    assert broad.width < narrow.width
    scores = {}
    for width in aggregate.WIDTHS[1:]:
        variance = np.exp(-12.0) + width**2 * mu.var(0) * np.ones_like(mu)
        rest = [np.arange(300) != n for n in range(300)]
        left_out = [aggregate.log_prob(mu[[n]], mu[r], variance[r])[0] for n, r in enumerate(rest)]
        scores[width] = np.mean(left_out)
    assert narrow.width == max(scores, key=lambda width: scores[width])


def test_dimensions_that_say_nothing_do_not_count() -> None:
    mu, logvar = images(200, 4)
    silent = np.zeros((200, 3))
    with_silent = aggregate.fit_aggregate(np.hstack([mu, silent]), np.hstack([logvar, silent]), 0)
    without = aggregate.fit_aggregate(mu, logvar, 0)
    z = np.array([1.0, 2.0, 0.0, 1.0])
    assert with_silent.typicality(np.append(z, [9.0] * 3)) == without.typicality(z)


def test_many_images_are_sampled() -> None:
    mu, logvar = images(aggregate.MAX_COMPONENTS + 500, 2)
    assert len(aggregate.fit_aggregate(mu, logvar, 0).mu) == aggregate.MAX_COMPONENTS


def test_too_few_images_and_a_collapsed_posterior_are_sentences() -> None:
    with pytest.raises(InputError, match="3 images"):
        aggregate.fit_aggregate(np.zeros((2, 4)), np.zeros((2, 4)), 0)
    with pytest.raises(InputError, match="No latent dimension is active"):
        aggregate.fit_aggregate(np.zeros((9, 4)), np.zeros((9, 4)), 0)
