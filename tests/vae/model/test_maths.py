"""The formulas against exact answers and against torch.distributions."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from torch.distributions import Bernoulli as BernoulliDistribution
from torch.distributions import (
    Categorical,
    Independent,
    MixtureSameFamily,
    MultivariateNormal,
    Normal,
    kl_divergence,
)
from torch.distributions import Laplace as LaplaceDistribution

from vae.model.elbo import Terms, aggregate_log_prob, bits_per_dim, importance_bound, kl_parts
from vae.model.likelihood_choice import make_likelihood
from vae.model.likelihoods import (
    MAX_SIGMA,
    MIN_SIGMA,
    Bernoulli,
    Gaussian,
    Laplace,
    PixelGaussian,
)
from vae.model.posterior import Posterior, active_units, prior_log_prob
from vae.option_choices import LIKELIHOODS, LikelihoodName
from vae.training.schedules import lr_at, rise


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


def test_fixed_laplace_nll_agrees_with_torch_distributions() -> None:
    """Its sigma is a standard deviation, as the Gaussian's."""
    output = torch.randn(5, 3, 4, 4, generator=generator())
    x = torch.rand(output.shape, generator=generator())
    likelihood = Laplace(0.2)
    noise = LaplaceDistribution(torch.sigmoid(output), 0.2 / math.sqrt(2))
    torch.testing.assert_close(noise.stddev, torch.full_like(output, 0.2))
    torch.testing.assert_close(likelihood.nll(output, x), -noise.log_prob(x).flatten(1).sum(1))
    assert likelihood.implied_sigma() == pytest.approx(0.2)


def test_optimal_scale_of_laplace_is_the_one_that_minimises_the_nll() -> None:
    output = torch.randn(5, 3, 4, 4, generator=generator())
    x = torch.rand(output.shape, generator=generator())
    optimal = Laplace(None).train()
    nll = optimal.nll(output, x).mean()
    sigma = optimal.implied_sigma()
    assert sigma == pytest.approx(math.sqrt(2) * (x - torch.sigmoid(output)).abs().mean().item())
    for other in (0.9 * sigma, 1.1 * sigma):
        assert Laplace(other).nll(output, x).mean() > nll
    torch.testing.assert_close(Laplace(sigma).nll(output, x).mean(), nll)
    torch.testing.assert_close(optimal.eval().nll(output, x).mean(), nll)


def test_per_pixel_gaussian_nll_agrees_with_torch_distributions() -> None:
    output = torch.randn(5, 6, 4, 4, generator=generator())
    x = torch.rand(5, 3, 4, 4, generator=generator())
    likelihood = PixelGaussian().train()
    sigma = likelihood.log_sigma(output).exp()
    assert sigma.unique().numel() == sigma.numel()
    wanted = -Normal(torch.sigmoid(output[:, :3]), sigma).log_prob(x).flatten(1).sum(1)
    torch.testing.assert_close(likelihood.nll(output, x), wanted)
    torch.testing.assert_close(likelihood.mean(output), torch.sigmoid(output[:, :3]))
    assert likelihood.implied_sigma() == pytest.approx(sigma.mean().item())


def test_per_pixel_sigma_is_bounded_and_keeps_its_gradient() -> None:
    raw = torch.tensor([-15.0, -6.0, 0.0, 6.0]).reshape(4, 1, 1, 1).requires_grad_()
    log_sigma = PixelGaussian().log_sigma(torch.cat([torch.zeros_like(raw), raw], 1))
    sigma = log_sigma.exp().flatten()
    assert ((sigma >= MIN_SIGMA * 0.999) & (sigma <= MAX_SIGMA * 1.001)).all()
    assert (sigma.diff() > 0).all()
    log_sigma.sum().backward()
    assert raw.grad is not None
    assert (raw.grad > 0).all()


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_data_and_reconstructions_live_in_zero_to_one(name: LikelihoodName) -> None:
    """The usual mistake is a tanh, in [-1, 1], beside data in [0, 1]."""
    likelihood = make_likelihood(name, None, (3, 4, 4))
    output = 50 * torch.randn(2, likelihood.num_outputs * 3, 4, 4, generator=generator())
    mean = likelihood.mean(output)
    assert mean.shape == (2, 3, 4, 4)
    assert mean.min() >= 0
    assert mean.max() <= 1
    half = likelihood.mean(torch.zeros_like(output))
    torch.testing.assert_close(half, torch.full_like(half, 0.5))


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_nll_is_summed_over_pixels_and_not_over_images(name: LikelihoodName) -> None:
    """Twice the pixels, twice the nats; twice the images, the same nats each."""
    likelihood = make_likelihood(name, None, (1, 8, 8))
    output = torch.randn(4, likelihood.num_outputs, 8, 8, generator=generator())
    x = torch.rand(4, 1, 8, 8, generator=generator())
    likelihood.train().nll(output, x)
    once = likelihood.eval().nll(output, x)
    larger = make_likelihood(name, None, (1, 16, 8)).eval()
    larger.load_state_dict(likelihood.state_dict())
    twice = larger.nll(output.repeat(1, 1, 2, 1), x.repeat(1, 1, 2, 1))
    torch.testing.assert_close(twice, 2 * once)
    torch.testing.assert_close(
        likelihood.nll(output.repeat(2, 1, 1, 1), x.repeat(2, 1, 1, 1))[:4], once
    )


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

    def terms(self, q: Posterior, eps: torch.Tensor) -> Terms:
        """What a forward pass would give. eps [L, N, D]"""
        z = q.sample(eps.double())
        output = torch.logit(0.5 + z @ self.weight.T).flatten(0, 1)[:, None, None]
        x = self.x.expand(len(z), *self.x.shape).flatten(0, 1)[:, None, None]
        return Terms(self.likelihood.nll(output, x).unflatten(0, z.shape[:2]), z, q)


def some_eps(num_samples: int, q: Posterior, seed: int = 6) -> torch.Tensor:
    return torch.randn((num_samples, *q.mu.shape), generator=generator(seed))


def wrong_posterior(model: LinearGaussian) -> Posterior:
    exact = model.posterior()
    return Posterior(exact.mu + 0.3, exact.logvar + 0.5)


def test_importance_weights_of_the_exact_posterior_are_all_the_evidence() -> None:
    model = LinearGaussian()
    exact = model.posterior()
    log_weights = model.terms(exact, some_eps(3, exact)).log_weights
    torch.testing.assert_close(log_weights, model.evidence().expand(3, -1), rtol=0, atol=1e-4)


def test_evidence_is_elbo_plus_the_gap_to_the_exact_posterior() -> None:
    model = LinearGaussian()
    exact = model.posterior()
    # The mean of these 2 D points over a quadratic function is its expectation, exactly.
    latent_dim = exact.mu.shape[1]
    points = math.sqrt(latent_dim) * torch.cat([torch.eye(latent_dim), -torch.eye(latent_dim)])
    eps = points[:, None].expand(-1, len(model.x), -1)
    for q in (exact, wrong_posterior(model)):
        gap = kl_divergence(Normal(q.mu, q.sigma), Normal(exact.mu, exact.sigma)).sum(1)
        terms = model.terms(q, eps)
        torch.testing.assert_close(terms.elbo + gap, model.evidence(), rtol=0, atol=1e-4)
        torch.testing.assert_close(terms.log_weights.mean(0), terms.elbo, rtol=0, atol=1e-4)


def test_importance_bound_grows_from_the_elbo_to_the_evidence() -> None:
    model = LinearGaussian()
    wrong = wrong_posterior(model)
    log_weights = model.terms(wrong, some_eps(5000, wrong)).log_weights
    bounds = [
        torch.stack([importance_bound(part) for part in log_weights.split(num)]).mean().item()
        for num in (1, 10, 100, 5000)
    ]
    assert bounds == sorted(bounds)
    elbo = model.terms(wrong, some_eps(5000, wrong)).elbo.mean().item()
    assert bounds[0] == pytest.approx(elbo, abs=0.05)
    assert bounds[-1] == pytest.approx(model.evidence().mean().item(), abs=1e-2)


def test_the_sampled_kl_has_the_analytic_kl_as_its_mean() -> None:
    posterior = some_posterior()
    eps = some_eps(4000, posterior)
    terms = Terms(torch.zeros(4000, 100), posterior.sample(eps), posterior)
    error = terms.kl_of_sample.std(0) / math.sqrt(4000)  # [N]
    z_scores = (terms.kl_of_sample.mean(0) - posterior.kl_per_dim().sum(1)) / error
    assert z_scores.square().mean() == pytest.approx(1.0, abs=0.5)  # 100 standard normal numbers


def test_elbo_is_never_weighted() -> None:
    posterior = Posterior(torch.tensor([[math.sqrt(2.0)] * 2, [2.0, 0.0]]), torch.zeros(2, 2))
    terms = Terms(torch.tensor([[3.0, 4.0], [3.0, 6.0]]), torch.zeros(2, 2, 2), posterior)
    assert terms.nll.tolist() == [3.0, 5.0]
    assert terms.kl.tolist() == pytest.approx([2.0, 2.0])
    assert terms.elbo.tolist() == pytest.approx([-5.0, -7.0])


# ------------------------------------------------------------- the split of the KL, Chen et al.


def test_the_parts_of_the_kl_sum_to_it() -> None:
    posterior = some_posterior(50)
    z = posterior.sample(torch.randn(50, 7, generator=generator(3)))
    for num_images in (50, 1000):
        total = sum(kl_parts(posterior, z, num_images))
        terms = Terms(torch.zeros(1, 50), z[None], posterior)
        torch.testing.assert_close(total, terms.kl_of_sample.mean())


def test_the_parts_over_all_the_data_are_those_of_the_mixture() -> None:
    """With all N images in the batch q(z) is a mixture of N normal densities, known exactly."""
    posterior = some_posterior(20, 3)
    z = posterior.sample(torch.randn(20, 3, generator=generator(3)))
    each = Normal(posterior.mu, posterior.sigma)
    weights = Categorical(torch.ones(20))
    log_q = MixtureSameFamily(weights, Independent(each, 1)).log_prob(z)
    columns = zip(posterior.mu.T, posterior.sigma.T, z.T, strict=True)
    log_q_each = sum(
        MixtureSameFamily(weights, Normal(mu, sigma)).log_prob(column)
        for mu, sigma, column in columns
    )
    log_p = Normal(0.0, 1.0).log_prob(z).sum(1)
    parts = kl_parts(posterior, z, 20)
    conditional = each.log_prob(z).sum(1)
    torch.testing.assert_close(parts.mutual_information, (conditional - log_q).mean())
    torch.testing.assert_close(parts.total_correlation, (log_q - log_q_each).mean())
    torch.testing.assert_close(parts.dimension_kl, (log_q_each - log_p).mean())


def test_the_stratified_estimate_of_the_aggregate_is_unbiased() -> None:
    """The mean over all batches of three that image 0 can stand in is q(z_0) itself."""
    num = 6
    posterior = some_posterior(num, 2)
    z = posterior.sample(torch.randn(num, 2, generator=generator(3)))
    densities = Normal(posterior.mu, posterior.sigma).log_prob(z[:1])  # [6, 2]
    estimates, estimates_each = [], []
    for others in itertools.combinations(range(1, num), 2):
        index = [0, *others]
        batch = Posterior(posterior.mu[index], posterior.logvar[index])
        log_q, log_q_each = aggregate_log_prob(batch, z[index], num)
        estimates.append(log_q[0].exp())
        estimates_each.append(log_q_each[0].exp())
    torch.testing.assert_close(torch.stack(estimates).mean(), densities.sum(1).exp().mean())
    torch.testing.assert_close(torch.stack(estimates_each).mean(0), densities.exp().mean(0))


def test_a_batch_of_one_knows_nothing_of_the_aggregate() -> None:
    posterior = some_posterior(1)
    z = posterior.sample(torch.ones(1, 7))
    assert kl_parts(posterior, z, 1000).mutual_information.item() == pytest.approx(0.0, abs=1e-6)


def test_dimensions_that_move_together_have_total_correlation() -> None:
    """A Gaussian aggregate of correlation r has a total correlation of -1/2 log(1 - r^2)."""
    num, r, noise = 2000, 0.9, 0.3
    first = torch.randn(num, generator=generator(1))
    second = r * first + math.sqrt(1 - r**2) * torch.randn(num, generator=generator(2))
    mu = math.sqrt(1 - noise**2) * torch.stack([first, second], 1)
    posterior = Posterior(mu, torch.full((num, 2), 2 * math.log(noise)))
    z = posterior.sample(torch.randn(num, 2, generator=generator(3)))
    parts = kl_parts(posterior, z, num)
    exact = -0.5 * math.log(1 - (r * (1 - noise**2)) ** 2)
    assert parts.total_correlation.item() == pytest.approx(exact, abs=0.05)
    assert parts.dimension_kl.item() == pytest.approx(0.0, abs=0.02)


def test_beta_rises_linearly_then_stays() -> None:
    assert [rise(step, 2.0, 4) for step in range(6)] == [0.0, 0.5, 1.0, 1.5, 2.0, 2.0]
    assert rise(0, 1.0, 0) == 1.0


def test_beta_of_cycles_rises_anew() -> None:
    """Fu et al. 2019: M cycles over T steps, a part R of each spent rising."""
    num_steps, num_cycles, ratio = 20, 4, 0.5
    cycle = num_steps // num_cycles
    betas = [rise(step, 2.0, 3, cycle) for step in range(num_steps)]
    assert betas == [0.0, 2 / 3, 4 / 3, 2.0, 2.0] * num_cycles
    even = [rise(step, 1.0, 500, 1000) for step in range(0, 2000, 250)]
    assert even == [0.0, ratio, 1.0, 1.0] * 2


def test_a_cooldown_rises_first_and_takes_the_last_three_tenths() -> None:
    rates = [lr_at(step, 2.0, "cooldown", 1000) for step in range(1000)]
    assert rates[:15] == pytest.approx([2.0 * step / 16 for step in range(1, 16)])
    assert rates[15:699] == [2.0] * 684
    assert rates[-1] == pytest.approx(0.02)
    assert rates[849] == pytest.approx(1.01)
    falls = {round(before - after, 9) for before, after in itertools.pairwise(rates[699:])}
    assert falls == {round(1.98 / 300, 9)}
    assert [lr_at(0, 1.0, "cooldown", total) for total in (1, 2)] == pytest.approx([0.01, 1.0])
    assert [lr_at(step, 1.0, "cooldown", 40) for step in range(5)] == [0.2, 0.4, 0.6, 0.8, 1.0]


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
