"""Fits a flow to where the codes of training images lie, after the training of the model.

N images, D latent dimensions, A of them active. The flow is fitted to samples of q(z given x), new
ones at each step, by flow matching: as in the second stage of Dai & Wipf 2019, with a flow in place
of a second VAE. What it is worth is measured on images that are left out, and the flow is never
worse there than N(0, I) itself.
"""

from __future__ import annotations

import copy
import math
import time
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from vae.latent.encoding import Floats, Progress
from vae.model.device import choose_precision
from vae.model.flow import Flow
from vae.model.networks import num_parameters
from vae.model.posterior import ACTIVE_VARIANCE, prior_log_prob

MOST_IMAGES = 60_000
FEWEST_IMAGES = 500  # for velocities; of fewer, mean and covariance alone are fitted
HELD_OUT, MOST_MEASURED = 0.1, 2000  # part of the images; codes
HIDDEN, NUM_BLOCKS = 512, 2
HIDDEN_PER_DIMENSION = 32  # at most
STEPS, BATCH = 3000, 256
LR = 1.5e-3
WARM_STEPS, COOLDOWN = 50, 0.6  # steps, and the part of all steps in which the rate falls to 0
NUM_CHECKS, PATIENCE = 10, 2  # on the images left out; so many worse ones end it
NUM_TYPICAL = 200  # images whose density is kept, to compare with
JITTER = 1e-6  # of variances
FEW_STEPS = 20  # that are timed


class Fit(NamedTuple):
    """A flow, and what it is on images that were left out, where there are enough of them."""

    flow: Flow
    gain: float  # the mean of log p(z) - log N(z; 0, I) over codes, which chose the flow, in nats
    typical: Floats  # log p(mu) of some posterior means, rising


def fit_flow(
    mu: NDArray[np.floating],
    logvar: NDArray[np.floating],
    seed: int = 0,
    progress: Progress | None = None,
    steps: int = STEPS,
) -> Fit:
    """The flow of images with these posteriors [N, D], N >= 1.

    The numbers of its networks are those of half precision, so that a file of half the size keeps
    it as it is.
    """
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(mu), generator=generator)
    means, logvars = (torch.from_numpy(np.asarray(a, np.float32))[order] for a in (mu, logvar))
    num_held_out = max(1, round(HELD_OUT * len(mu))) if len(mu) > 1 else 0
    train = means[num_held_out:], torch.exp(0.5 * logvars[num_held_out:])
    others = means[: num_held_out or 1], torch.exp(0.5 * logvars[: num_held_out or 1])
    held_out = others[0] + others[1] * torch.randn(others[0].shape, generator=generator)
    some = held_out[:MOST_MEASURED]

    def gain(flow: Flow) -> float:
        with torch.inference_mode():
            return float((flow.log_prob(some, 1) - prior_log_prob(some)).mean())

    linear = _linear(*train)
    plain = Flow(mu.shape[1], len(linear.active), 0, 0)
    plain.active = linear.active
    best = max((plain, 0.0), (linear, gain(linear)), key=lambda found: found[1])
    if len(train[0]) >= FEWEST_IMAGES and len(linear.active):
        curved = _with_velocity(linear, generator)
        curved = _rounded(_train(curved, *train, held_out, generator, progress, steps))
        best = max(best, (curved, gain(curved)), key=lambda found: found[1])
    flow = best[0].eval().requires_grad_(False)
    compared = others[0] if flow.velocity else means  # of a normal density few are left out
    with torch.inference_mode():
        typical = flow.log_prob(flow.at_rest(compared[:NUM_TYPICAL])).sort().values
    return Fit(flow, best[1], typical.numpy())


def step_seconds(latent_dim: int) -> float:
    """How long a step of the fit takes on this machine where all dimensions are active."""
    generator = torch.Generator().manual_seed(0)
    mu = torch.randn(2 * BATCH, latent_dim, generator=generator)
    sigma = torch.full_like(mu, 0.1)
    flow = _with_velocity(_linear(mu, sigma), generator)
    about = mu, sigma, mu[:BATCH], generator, None, FEW_STEPS
    _train(flow, *about, patience=FEW_STEPS)  # the first is slower
    began = time.perf_counter()
    _train(flow, *about, patience=FEW_STEPS)
    return (time.perf_counter() - began) / FEW_STEPS


def _linear(mu: Tensor, sigma: Tensor) -> Flow:
    """The flow to the normal density of the mean and covariance of q(z)."""
    active = torch.nonzero(mu.var(0, unbiased=False) > ACTIVE_VARIANCE)[:, 0]
    flow = Flow(mu.shape[1], len(active), 0, 0)
    own, means = sigma[:, active].square().mean(0), mu[:, active].double()
    centre = means.mean(0)
    covariance = (means - centre).T @ (means - centre) / len(means) + torch.diag(own + JITTER)
    flow.active = active
    flow.centre, flow.root = centre.float(), torch.linalg.cholesky(covariance).float()
    return flow


def _with_velocity(linear: Flow, generator: torch.Generator) -> Flow:
    """The same map followed by a field of velocities, all 0 as yet."""
    num = len(linear.active)
    hidden = min(HIDDEN, HIDDEN_PER_DIMENSION * max(num, 4))
    flow = Flow(linear.latent_dim, num, hidden, NUM_BLOCKS)
    flow.active, flow.centre, flow.root = linear.active, linear.centre, linear.root
    assert flow.velocity is not None
    for parameter in flow.parameters():
        if parameter.dim() == 2:
            bound = 1 / math.sqrt(parameter.shape[1])
            nn.init.uniform_(parameter, -bound, bound, generator=generator)
        else:
            nn.init.zeros_(parameter)
    for name, parameter in flow.velocity.named_parameters():
        if name.endswith(("leave.weight", "last.weight")):
            nn.init.zeros_(parameter)
    return flow


def _matching(flow: Flow, z: Tensor, generator: torch.Generator) -> Tensor:
    """The loss of flow matching of codes z [N, D]: how far v is from where straight lines lead.

    Each from a point of N(0, I) to a code, with the velocity of their difference; v at a place and
    a time learns the mean over the lines that pass there, whose flow has the same densities
    (Lipman et al. 2023, arXiv:2210.02747). Times in the middle are drawn most (Esser et al. 2024,
    arXiv:2403.03206).
    """
    assert flow.velocity is not None
    ends = flow.whitened(z)
    starts = torch.randn(ends.shape, generator=generator)
    t = torch.sigmoid(torch.randn(len(z), 1, generator=generator))
    velocity = flow.velocity(torch.lerp(starts, ends, t), t)
    loss: Tensor = (velocity.float() - (ends - starts)).square().mean()
    return loss


def _train(
    flow: Flow,
    mu: Tensor,
    sigma: Tensor,
    held_out: Tensor,
    generator: torch.Generator,
    progress: Progress | None,
    steps: int,
    patience: int = PATIENCE,
) -> Flow:
    """Train the velocities. Returns the best flow on the codes left out [N, D]."""
    optimizer = torch.optim.Adam(flow.parameters(), LR, (0.9, 0.99))
    precision = choose_precision(None, torch.device("cpu"), num_parameters(flow))
    autocast = torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16")
    best, num_worse = (flow, math.inf), 0
    for step in range(steps):
        rate = LR * min(1, (step + 1) / WARM_STEPS, (steps - step) / (COOLDOWN * steps))
        chosen = torch.randint(len(mu), (min(BATCH, len(mu)),), generator=generator)
        noise = torch.randn(len(chosen), mu.shape[1], generator=generator)
        with autocast:
            loss = _matching(flow, mu[chosen] + sigma[chosen] * noise, generator)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.param_groups[0]["lr"] = rate
        optimizer.step()
        if (step + 1) % max(1, steps // NUM_CHECKS) == 0:
            with torch.inference_mode():
                now = float(_matching(flow, held_out, torch.Generator().manual_seed(0)))
            num_worse = 0 if now < best[1] else num_worse + 1
            if now < best[1]:
                best = copy.deepcopy(flow), now
            if num_worse == patience:
                break
        if progress is not None and step % 10 == 0:
            progress("flow", step, steps)
    if progress is not None:
        progress("flow", steps, steps)
    return best[0]


@torch.no_grad()
def _rounded(flow: Flow) -> Flow:
    """The flow with numbers of half precision in its networks, in place."""
    for parameter in flow.parameters():
        parameter.copy_(parameter.half().float())
    return flow
