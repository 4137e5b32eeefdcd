"""A flow fitted to the codes of images, and the file it is kept in."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from vae.errors import FileError
from vae.latent.fit_flow import FEWEST_IMAGES, fit_flow
from vae.latent.fitted_flow import FittedFlow, flow_bytes, flow_of, load_flow
from vae.model.posterior import prior_log_prob
from vae.runs.folder import Run

Doubles = np.ndarray


def two_heaps(num: int, seed: int) -> tuple[Doubles, Doubles]:
    """Posteriors whose means lie in two heaps; a third dimension says nothing. [num, 3]"""
    rng = np.random.default_rng(seed)
    heap = rng.choice([-1.0, 1.0], num)[:, None]
    mu = np.concatenate(
        [heap * [1.5, 0.5] + 0.2 * rng.normal(size=(num, 2)), np.zeros((num, 1))], 1
    )
    return mu, np.tile([-3.0, -3.0, 0.0], (num, 1))


def codes(mu: Doubles, logvar: Doubles) -> torch.Tensor:
    eps = np.random.default_rng(9).normal(size=mu.shape)
    return torch.from_numpy((mu + np.exp(0.5 * logvar) * eps).astype(np.float32))


def test_it_finds_the_heaps() -> None:
    """Its density of new codes is near the true one's, and none of its samples lies between."""
    flow, gain, _ = fit_flow(*two_heaps(4000, 0), steps=600)
    z = codes(*two_heaps(4000, 1))
    better = (flow.log_prob(z) - prior_log_prob(z)).mean().item()
    assert better == pytest.approx(gain, abs=0.15)
    covariance = np.cov(z[:, :2].T.numpy())
    normal = torch.distributions.MultivariateNormal(
        z[:, :2].mean(0), torch.tensor(covariance).float()
    )
    of_normal = (normal.log_prob(z[:, :2]) - prior_log_prob(z[:, :2])).mean().item()
    assert better > of_normal + 0.8
    x = flow.sample(1000, 0)[:, 0]
    assert (x.abs() < 0.5).float().mean() < 0.06
    assert 0.35 < (x > 0).float().mean() < 0.65


def test_of_normal_codes_it_gains_what_theory_says() -> None:
    """KL(N(m, S) || N(0, I)), S the variance of the means and of each posterior together."""
    rng = np.random.default_rng(0)
    m, sd, own = np.array([0.5, -1.0]), np.array([0.6, 0.3]), 0.1
    mu = m + sd * rng.normal(size=(300, 2))
    assert len(mu) < FEWEST_IMAGES
    flow = fit_flow(mu, np.full_like(mu, math.log(own))).flow
    variance = sd**2 + own
    wanted = 0.5 * (variance + m**2 - 1 - np.log(variance)).sum()
    z = codes(m + sd * rng.normal(size=(20_000, 2)), np.full((20_000, 2), math.log(own)))
    got = (flow.log_prob(z) - prior_log_prob(z)).mean().item()
    assert flow.velocity is None
    assert got == pytest.approx(wanted, abs=0.06)


@pytest.mark.parametrize("num", [1, 2, 5, 30])
def test_of_few_images_it_is_still_a_density(num: int) -> None:
    mu = np.random.default_rng(num).normal(size=(num, 8))
    flow = fit_flow(mu, np.full_like(mu, -2.0)).flow
    assert flow.velocity is None
    assert torch.isfinite(flow.sample(4, 0)).all()
    assert torch.isfinite(flow.log_prob(flow.sample(4, 0))).all()


def test_a_collapsed_posterior_is_the_prior() -> None:
    flow, gain, _ = fit_flow(np.zeros((600, 4)), np.zeros((600, 4)))
    z = torch.randn(5, 4)
    assert gain == 0
    torch.testing.assert_close(flow.log_prob(z), prior_log_prob(z))


def test_what_says_nothing_does_not_count() -> None:
    """Means lie at 0 in dimensions that are not active, and samples do not."""
    fit = fit_flow(*two_heaps(800, 0), steps=30)
    fitted = FittedFlow(fit.flow, fit.gain, "", fit.typical)
    z = fit.flow.sample(5, 0).numpy()
    away = z + np.array([0, 0, 3], np.float32)
    np.testing.assert_array_equal(fitted.log_prob(z), fitted.log_prob(away))
    assert (np.diff(fit.typical) >= 0).all()
    assert len(fit.typical) == 80  # those left out
    few = fit_flow(*two_heaps(30, 0))
    assert len(few.typical) == 30


def test_it_is_the_same_again() -> None:
    about = two_heaps(800, 0)
    first, again = (fit_flow(*about, steps=30)[0] for _ in range(2))
    z = torch.randn(5, 3)
    torch.testing.assert_close(first.log_prob(z), again.log_prob(z), rtol=0, atol=0)


def test_a_file_keeps_it_as_it_is(tmp_path: Path) -> None:
    flow, gain, typical = fit_flow(*two_heaps(800, 0), steps=150)
    assert flow.velocity is not None
    data = flow_bytes(FittedFlow(flow, gain, "abc", typical))
    z = torch.randn(5, 3)
    back = load_flow(data)
    torch.testing.assert_close(back.flow.log_prob(z), flow.log_prob(z), rtol=0, atol=0)
    assert (back.gain, back.digest) == (gain, "abc")
    np.testing.assert_array_equal(back.typical, typical)
    run = Run(tmp_path)
    assert flow_of(run, "abc") is None
    run.flow_file.write_bytes(data)
    assert flow_of(run, "abc") is not None
    assert flow_of(run, "of other weights") is None


@pytest.mark.parametrize("cut", [0, 7, 200, -9])
def test_a_broken_file_is_no_flow(tmp_path: Path, cut: int) -> None:
    fit = fit_flow(*two_heaps(40, 0))
    data = flow_bytes(FittedFlow(fit.flow, fit.gain, "abc", fit.typical))[:cut]
    with pytest.raises(FileError):
        load_flow(data)
    run = Run(tmp_path)
    run.flow_file.write_bytes(data)
    assert flow_of(run, "abc") is None
