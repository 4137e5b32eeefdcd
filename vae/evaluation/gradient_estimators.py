"""Three estimators of one gradient, side by side: that of the elbo for the encoder's parameters.

N images, D latent dimensions, G parameters of the encoder, R repeats. All three have the same
expectation, the gradient of -elbo averaged over the images; they differ in their variance.

| name | what is differentiated, eps ~ N(0, I), z = mu + sigma eps | source |
|---|---|---|
| analytic | nll(z) + KL in closed form, through z | Kingma & Welling 2014 equation 7 |
| sampled | nll(z) + log q(z given x) - log p(z), through z and q | the same, equation 6 |
| score | f(z) log q(z given x), f = nll + log q - log p held fixed | the same, section 2.2 |

The last is the score-function estimator (REINFORCE, Williams 1992): grad E_q f = E_q f grad log q.
It needs no derivative of the decoder, and pays for that with variance.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from vae.model.elbo import Terms
from vae.model.networks import VAE
from vae.model.posterior import Posterior

Name = Literal["analytic", "sampled", "score"]


@dataclass(frozen=True)
class Estimate:
    """Mean and spread of R draws of a gradient. Nats per image and unit of parameter."""

    name: Name
    norm: float  # of the mean over the draws
    variance: float  # of one draw, summed over the G parameters
    signal_to_noise: float  # norm of the true mean, its noise taken off, over sqrt(variance)
    # Distance of the mean from the mean of `analytic`, in standard errors of that distance: about
    # 1 or less where both have the same expectation.
    disagreement: float


def analytic(model: VAE, x: Tensor, posterior: Posterior, eps: Tensor) -> Tensor:
    """Nll by a sample, KL in closed form: Kingma & Welling equation 7. []"""
    return -_terms(model, x, posterior, eps).elbo.mean()


def sampled(model: VAE, x: Tensor, posterior: Posterior, eps: Tensor) -> Tensor:
    """All by a sample: Kingma & Welling equation 6. []"""
    return -_terms(model, x, posterior, eps).log_weights.mean()


def score(model: VAE, x: Tensor, posterior: Posterior, eps: Tensor) -> Tensor:
    """Its gradient is f grad log q, its value is not the loss: section 2.2. []

    What f itself contributes, E_q grad log q, is zero and left out.
    """
    with torch.no_grad():
        terms = _terms(model, x, posterior, eps)
        f = -terms.log_weights  # [1, N]
    return (f * posterior.log_prob(terms.z)).mean()


ESTIMATORS: dict[Name, Callable[[VAE, Tensor, Posterior, Tensor], Tensor]] = {
    "analytic": analytic,
    "sampled": sampled,
    "score": score,
}


def measure_estimators(
    model: VAE, x: Tensor, num_repeats: int, generator: torch.Generator
) -> list[Estimate]:
    """Mean and spread of each estimator's gradient over `num_repeats` >= 2 draws of noise.

    x [N, C, H, W], on the model's device; the generator is of the CPU. The model is measured as
    it is in evaluation (running statistics, a fixed sigma), and as a copy, which may be of a
    model that learns nothing. Costs 3 num_repeats passes forward through the decoder and back
    through the encoder.
    """
    with torch.inference_mode(False), torch.enable_grad():
        copied = copy.deepcopy(model).eval().requires_grad_(True)
        return _measure(copied, x.clone(), num_repeats, generator)


def _measure(model: VAE, x: Tensor, num_repeats: int, generator: torch.Generator) -> list[Estimate]:
    parameters = list(model.encoder.parameters())
    posterior = model.encode(x)
    estimates: list[Estimate] = []
    reference, reference_variance = torch.zeros(()), 0.0
    for name, estimator in ESTIMATORS.items():
        mean, squares = torch.zeros((), dtype=torch.float64), 0.0
        for repeat in range(num_repeats):
            eps = torch.randn(posterior.mu.shape, generator=generator).to(x.device)
            surrogate = estimator(model, x, posterior, eps)
            parts = torch.autograd.grad(surrogate, parameters, retain_graph=True)
            draw = torch.cat([part.flatten() for part in parts]).cpu().double()  # [G]
            from_before = draw - mean
            mean = mean + from_before / (repeat + 1)
            squares += (from_before @ (draw - mean)).item()  # Welford 1962, summed over G
        variance = squares / (num_repeats - 1)
        if not estimates:
            reference, reference_variance = mean, variance
        # The squared norm of a mean over R draws is too large by variance / R.
        signal = math.sqrt(max(0.0, mean.square().sum().item() - variance / num_repeats))
        error = math.sqrt((variance + reference_variance) / num_repeats)
        distance = (mean - reference).norm().item()
        estimates.append(
            Estimate(
                name,
                mean.norm().item(),
                variance,
                signal / math.sqrt(variance) if variance else math.inf,
                distance / error if error else 0.0,
            )
        )
    return estimates


def _terms(model: VAE, x: Tensor, posterior: Posterior, eps: Tensor) -> Terms:
    """What one draw of z says, the gradient flowing through z into the posterior."""
    z = posterior.sample(eps)
    nll = model.likelihood.nll(model.decoder(z), x)
    return Terms(nll[None], z[None], posterior)
