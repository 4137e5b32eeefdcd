"""Three estimators of one gradient: the same mean, another spread."""

from __future__ import annotations

import math

import pytest
import torch

from vae.config import ModelConfig
from vae.evaluation.gradient_estimators import ESTIMATORS, measure_estimators
from vae.model.networks import VAE


def tiny() -> tuple[VAE, torch.Tensor]:
    """A model whose kl is as large as its nll, so that neither hides in the other's noise."""
    torch.manual_seed(0)
    model = VAE(ModelConfig("mlp", 2, hidden_dim=8), (1, 2, 2))
    with torch.no_grad():
        for parameter in model.encoder.parameters():
            parameter.mul_(3)
    return model, torch.rand(4, 1, 2, 2, generator=torch.Generator().manual_seed(1))


def test_all_estimators_have_the_same_mean_and_the_score_function_the_largest_spread() -> None:
    model, x = tiny()
    generator = torch.Generator().manual_seed(2)
    analytic, sampled, score = measure_estimators(model, x, 3000, generator)
    assert [analytic.name, sampled.name, score.name] == ["analytic", "sampled", "score"]
    assert analytic.disagreement == 0
    for other in (sampled, score):
        assert other.disagreement < 2
    assert score.variance > 5 * max(analytic.variance, sampled.variance)
    assert score.signal_to_noise < 0.5 * analytic.signal_to_noise
    for each in (analytic, sampled, score):  # the signal is the same, whatever the noise
        signal = each.signal_to_noise * math.sqrt(each.variance)
        assert signal == pytest.approx(analytic.norm, rel=0.1)


def test_the_analytic_mean_is_the_gradient_of_the_expectation() -> None:
    """Gauss-Hermite quadrature over both dimensions of z gives that without noise."""
    model, x = tiny()
    model.eval()
    nodes, weights = torch.from_numpy(_hermite()).float().unbind(1)
    parameters = list(model.encoder.parameters())
    posterior = model.encode(x)
    loss = posterior.kl_per_dim().sum(1).mean()
    for a, weight_a in zip(nodes, weights, strict=True):
        for b, weight_b in zip(nodes, weights, strict=True):
            eps = torch.stack([a, b]).expand(4, 2)
            nll = model.likelihood.nll(model.decoder(posterior.sample(eps)), x)
            loss = loss + weight_a * weight_b * nll.mean()
    exact = torch.cat([part.flatten() for part in torch.autograd.grad(loss, parameters)])
    for name, estimator in ESTIMATORS.items():
        generator = torch.Generator().manual_seed(3)
        posterior = model.encode(x)
        draws = []
        for _ in range(3000):
            surrogate = estimator(model, x, posterior, torch.randn(4, 2, generator=generator))
            parts = torch.autograd.grad(surrogate, parameters, retain_graph=True)
            draws.append(torch.cat([part.flatten() for part in parts]))
        gradients = torch.stack(draws)
        error = (gradients.var(0).sum() / 3000).sqrt()
        assert (gradients.mean(0) - exact).norm() < 2 * error, name


def test_measuring_leaves_the_model_as_it_was() -> None:
    model, x = tiny()
    model.train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    measure_estimators(model, x, 2, torch.Generator().manual_seed(0))
    assert model.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_a_model_that_learns_nothing_can_be_measured() -> None:
    """The page's models are frozen, and pages draw in inference mode."""
    model, x = tiny()
    model.requires_grad_(False)
    with torch.inference_mode():
        estimates = measure_estimators(model, x * 1.0, 2, torch.Generator().manual_seed(0))
    assert len(estimates) == 3
    assert not any(parameter.requires_grad for parameter in model.parameters())


def _hermite() -> object:
    import numpy as np

    nodes, weights = np.polynomial.hermite_e.hermegauss(20)
    return np.stack([nodes, weights / weights.sum()], 1)
