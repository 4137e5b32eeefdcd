"""The formulas against exact answers and against torch.distributions."""

from __future__ import annotations

import math

import pytest
import torch
from torch.distributions import Bernoulli as BernoulliDistribution
from torch.distributions import Independent, MultivariateNormal, Normal, kl_divergence

from vae.elbo import Terms, beta_at, bits_per_dim, importance_bound
from vae.likelihoods import MIN_SIGMA, Bernoulli, Gaussian
from vae.posterior import Posterior, active_units, prior_log_prob
from vae.schedules import lr_at


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def some_posterior(num: int = 100, latent_dim: int = 7) -> Posterior:
    mu = 2 * torch.randn(num, latent_dim, generator=generator(1))
    logvar = torch.randn(num, latent_dim, generator=generator(2)) - 1
    return Posterior(mu, logvar)


def test_kl_agrees_with_torch_distributions() -> None:
    posterior = some_posterior()
    wanted = kl_divergence(Normal(posterior.mu, posterior.sigma), Normal(0.0, 1.0))
    torch.testing.assert_close(posterior.kl_per_dim(), wanted, rtol=1e-5, atol=1e-6)


def test_kl_stays_exact_near_the_prior() -> None:
    mu = torch.full((1, 1), 1e-3)
    logvar = torch.full((1, 1), 2e-3)
    exact = 0.5 * (1e-6 + math.expm1(2e-3) - 2e-3)
    assert Posterior(mu, logvar).kl_per_dim().item() == pytest.approx(exact, rel=1e-3)


def test_kl_is_never_negative_and_zero_at_the_prior() -> None:
    assert (some_posterior(10_000).kl_per_dim() >= -1e-7).all()
    assert Posterior(torch.zeros(1, 3), torch.zeros(1, 3)).kl_per_dim().abs().max() == 0


def test_sigma_scales_the_noise_not_its_square() -> None:
    """The usual mistake is z = mu + sigma^2 * eps."""
    posterior = Posterior(torch.zeros(1, 1), torch.full((1, 1), math.log(9.0)))
    assert posterior.sample(torch.ones(1, 1)).item() == pytest.approx(3.0)


def test_log_prob_agrees_with_torch_distributions() -> None:
    posterior = some_posterior()
    z = posterior.sample(torch.randn(posterior.mu.shape, generator=generator(3)))
    wanted = Independent(Normal(posterior.mu, posterior.sigma), 1).log_prob(z)
    torch.testing.assert_close(posterior.log_prob(z), wanted)
    standard = Independent(Normal(torch.zeros_like(z), torch.ones_like(z)), 1).log_prob(z)
    torch.testing.assert_close(prior_log_prob(z), standard)


def test_bernoulli_nll_agrees_with_torch_distributions() -> None:
    output = torch.randn(5, 1, 4, 4, generator=generator())
    x = torch.randint(0, 2, output.shape, generator=generator()).float()
    wanted = -BernoulliDistribution(logits=output).log_prob(x).flatten(1).sum(1)
    torch.testing.assert_close(Bernoulli().nll(output, x), wanted)


def test_fixed_gaussian_nll_agrees_with_torch_distributions() -> None:
    output = torch.randn(5, 3, 4, 4, generator=generator())
    x = torch.rand(output.shape, generator=generator())
    wanted = -Normal(torch.sigmoid(output), 0.2).log_prob(x).flatten(1).sum(1)
    torch.testing.assert_close(Gaussian(0.2).nll(output, x), wanted)


def test_optimal_sigma_is_the_one_that_minimises_the_nll() -> None:
    output = torch.randn(5, 3, 4, 4, generator=generator())
    x = torch.rand(output.shape, generator=generator())
    optimal = Gaussian(None).train()
    nll = optimal.nll(output, x).mean()
    sigma = optimal.implied_sigma()
    assert sigma is not None
    for other in (0.9 * sigma, 1.1 * sigma):
        assert Gaussian(other).nll(output, x).mean() > nll
    torch.testing.assert_close(Gaussian(sigma).nll(output, x).mean(), nll)


def test_optimal_sigma_is_not_tuned_on_what_is_evaluated() -> None:
    output = torch.zeros(5, 3, 4, 4)
    likelihood = Gaussian(None).train()
    likelihood.nll(output, output + 0.6)
    before = likelihood.implied_sigma()
    likelihood.eval().nll(output, output + 0.9)
    assert likelihood.implied_sigma() == before


def test_optimal_sigma_of_perfect_reconstructions_is_half_a_grey_level() -> None:
    likelihood = Gaussian(None).train()
    nll = likelihood.nll(torch.zeros(2, 1, 4, 4), torch.full((2, 1, 4, 4), 0.5))
    assert torch.isfinite(nll).all()
    assert likelihood.implied_sigma() == MIN_SIGMA


class LinearGaussian:
    """x = W z + b + sigma * noise, whose evidence is known exactly (probabilistic PCA).

    The columns of W are orthogonal, so that the exact posterior is diagonal.
    """

    sigma = 0.1

    def __init__(self, num_pixels: int = 12, latent_dim: int = 3) -> None:
        basis, _ = torch.linalg.qr(torch.randn(num_pixels, latent_dim, generator=generator(4)))
        self.scale = torch.tensor([0.10, 0.06, 0.02])
        self.weight = (basis * self.scale).double()
        self.likelihood = Gaussian(self.sigma)
        self.x = 0.5 + 0.05 * torch.randn(20, num_pixels, generator=generator(5)).double()

    def evidence(self) -> torch.Tensor:
        covariance = self.weight @ self.weight.T + self.sigma**2 * torch.eye(len(self.weight))
        return MultivariateNormal(torch.full_like(self.x[0], 0.5), covariance).log_prob(self.x)

    def posterior(self) -> Posterior:
        precision = 1 + (self.scale.double() / self.sigma) ** 2
        mu = (self.x - 0.5) @ self.weight / self.sigma**2 / precision
        return Posterior(mu, -precision.log().expand_as(mu))

    def nll(self, z: torch.Tensor) -> torch.Tensor:
        mean = 0.5 + z @ self.weight.T
        shape = (len(z), 1, 1, -1)
        return self.likelihood.nll(torch.logit(mean).reshape(shape), self.x.reshape(shape))


def test_importance_weights_of_the_exact_posterior_are_all_the_evidence() -> None:
    model = LinearGaussian()
    posterior = model.posterior()
    eps = torch.randn(posterior.mu.shape, generator=generator(6)).double()
    z = posterior.sample(eps)
    log_weights = prior_log_prob(z) - model.nll(z) - posterior.log_prob(z)
    torch.testing.assert_close(log_weights, model.evidence(), rtol=1e-4, atol=1e-3)


def test_elbo_of_the_exact_posterior_is_the_evidence_and_of_another_less_by_its_kl() -> None:
    model = LinearGaussian()
    exact = model.posterior()
    wrong = Posterior(exact.mu + 0.3, exact.logvar + 0.5)
    num_samples = 2000
    for q in (exact, wrong):
        nll = torch.zeros(len(model.x), dtype=torch.float64)
        for eps in torch.randn((num_samples, *q.mu.shape), generator=generator(8)).double():
            nll += model.nll(q.sample(eps)) / num_samples
        elbo = Terms(nll, q.kl_per_dim()).elbo
        gap = kl_divergence(Normal(q.mu, q.sigma), Normal(exact.mu, exact.sigma)).sum(1)
        assert (elbo + gap - model.evidence()).mean().abs() < 0.02


def test_importance_bound_grows_from_the_elbo_towards_the_evidence() -> None:
    model = LinearGaussian()
    exact = model.posterior()
    wrong = Posterior(exact.mu + 0.3, exact.logvar + 0.5)
    eps = torch.randn((2000, *wrong.mu.shape), generator=generator(7)).double()
    z = wrong.sample(eps)
    nll = torch.stack([model.nll(point) for point in z])
    log_weights = prior_log_prob(z) - nll - wrong.log_prob(z)
    bounds = [
        torch.stack([importance_bound(part) for part in log_weights.split(num)]).mean().item()
        for num in (1, 10, 2000)
    ]
    evidence = model.evidence().mean().item()
    assert bounds[0] < bounds[1] < bounds[2]
    assert bounds[2] == pytest.approx(evidence, abs=0.02)


def test_loss_weights_the_kl_and_elbo_never_does() -> None:
    terms = Terms(torch.tensor([3.0, 5.0]), torch.tensor([[1.0, 1.0], [2.0, 2.0]]))
    assert terms.kl.tolist() == [2.0, 4.0]
    assert terms.elbo.tolist() == [-5.0, -9.0]
    assert terms.loss(2.0).item() == pytest.approx(10.0)


def test_beta_rises_linearly_then_stays() -> None:
    assert [beta_at(step, 2.0, 4) for step in range(6)] == [0.0, 0.5, 1.0, 1.5, 2.0, 2.0]
    assert beta_at(0, 1.0, 0) == 1.0


def test_a_cosine_rises_over_a_hundredth_and_ends_at_a_hundredth() -> None:
    rates = [lr_at(step, 2.0, "cosine", 1000) for step in range(1000)]
    assert rates[0] == pytest.approx(2 / 11)
    assert rates[10] == max(rates) == 2.0
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[-1] == pytest.approx(0.02)
    # The mean of a cosine from 2 to 0.02 lies in their middle.
    assert sum(rates[10:]) / 990 == pytest.approx(1.01)
    assert all(lr_at(step, 2.0, "constant", 1000) == 2.0 for step in (0, 5, 999))
    assert [lr_at(0, 1.0, "cosine", total) > 0 for total in (1, 2, 3)] == [True] * 3


def test_bits_of_a_uniform_density_are_eight() -> None:
    """Density 1 over [0, 1] says nothing of which of 256 levels a pixel has."""
    assert bits_per_dim(0.0, 100, discrete=True) == 8.0
    assert bits_per_dim(-100 * math.log(2), 100, discrete=False) == pytest.approx(1.0)


def test_active_units_are_those_whose_mean_moves() -> None:
    mu = torch.zeros(1000, 3)
    mu[:, 1] = torch.randn(1000, generator=generator())
    mu[:, 2] = 0.01 * torch.randn(1000, generator=generator())
    assert active_units(mu).tolist() == [False, True, False]
