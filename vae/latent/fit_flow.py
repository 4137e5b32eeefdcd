"""Fits a flow to where the codes of training images lie, after the training of the model.

N images, D latent dimensions, A of them active. The flow is fitted to samples of q(z given x), new
ones at each step, by the highest log p(z): as in the second stage of Dai & Wipf 2019, with a flow
in place of a second VAE. What it is worth is measured on images that are left out, and the flow is
never worse there than N(0, I) itself.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from vae.latent.encoding import Progress
from vae.model.flow import Flow
from vae.model.posterior import ACTIVE_VARIANCE, prior_log_prob

MOST_IMAGES = 60_000
FEWEST_IMAGES = 500  # for couplings; of fewer, mean and covariance alone are fitted
HELD_OUT = 0.1
COUPLINGS, HIDDEN = 8, 256
STEPS, BATCH = 1500, 512
LR = 5e-3
WARM_STEPS, COOLDOWN = 50, 0.6  # steps, and the part of all steps in which the rate falls to 0
MOST_GRADIENT = 5.0  # its length
NUM_CHECKS, PATIENCE = 10, 2  # on the images left out; so many worse ones end it
JITTER = 1e-6  # of variances


def fit_flow(
    mu: NDArray[np.floating],
    logvar: NDArray[np.floating],
    seed: int = 0,
    progress: Progress | None = None,
    steps: int = STEPS,
) -> tuple[Flow, float]:
    """The flow of images with these posteriors [N, D], N >= 1, and its gain.

    The gain is the mean of log p(z) - log N(z; 0, I) over codes of images that were left out, which
    chose the best flow, in nats. The numbers of its networks are those of half precision, so that a
    file of half the size keeps it as it is.
    """
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(mu), generator=generator)
    means, logvars = (torch.from_numpy(np.asarray(a, np.float32))[order] for a in (mu, logvar))
    num_held_out = max(1, round(HELD_OUT * len(mu))) if len(mu) > 1 else 0
    train = means[num_held_out:], torch.exp(0.5 * logvars[num_held_out:])
    others = means[: num_held_out or 1], torch.exp(0.5 * logvars[: num_held_out or 1])
    held_out = others[0] + others[1] * torch.randn(others[0].shape, generator=generator)

    def gain(flow: Flow) -> float:
        with torch.inference_mode():
            return float((flow.log_prob(held_out) - prior_log_prob(held_out)).mean())

    plain = Flow(mu.shape[1], 0, 0, 0)
    linear = _linear(*train)
    best = max((plain, 0.0), (linear, gain(linear)), key=lambda found: found[1])
    if len(train[0]) >= FEWEST_IMAGES and len(linear.active) > 1:
        flow = _with_couplings(linear, generator)
        better = _rounded(_train(flow, *train, generator, gain, progress, steps))
        best = max(best, (better, gain(better)), key=lambda found: found[1])
    return best[0].eval().requires_grad_(False), best[1]


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


def _with_couplings(linear: Flow, generator: torch.Generator) -> Flow:
    """The same map followed by couplings, which change nothing yet."""
    num = len(linear.active)
    flow = Flow(linear.latent_dim, num, COUPLINGS, HIDDEN)
    flow.active, flow.centre, flow.root = linear.active, linear.centre, linear.root
    for parameter in flow.parameters():
        if parameter.dim() == 2:
            bound = 1 / math.sqrt(parameter.shape[1])
            nn.init.uniform_(parameter, -bound, bound, generator=generator)
        else:
            nn.init.zeros_(parameter)
    turned = torch.eye(num)
    for coupling in flow.couplings:
        turn = torch.linalg.qr(torch.randn(num, num, generator=generator))[0]
        coupling.rotation = turned.T @ turn
        turned = turn
        nn.init.zeros_(coupling.net[-1].weight)  # type: ignore[index, union-attr]
    return flow


def _train(
    flow: Flow,
    mu: Tensor,
    sigma: Tensor,
    generator: torch.Generator,
    gain: Callable[[Flow], float],
    progress: Progress | None,
    steps: int,
) -> Flow:
    """Train the couplings. Returns the best flow on the images left out."""
    matrices = [p for p in flow.parameters() if p.dim() == 2]
    optimizers = [
        torch.optim.Muon(matrices, LR, 0.0, adjust_lr_fn="match_rms_adamw", ns_steps=3),
        torch.optim.Adam([p for p in flow.parameters() if p.dim() != 2], LR, (0.9, 0.99)),
    ]
    best, num_worse = (flow, -math.inf), 0
    for step in range(steps):
        rate = LR * min(1, (step + 1) / WARM_STEPS, (steps - step) / (COOLDOWN * steps))
        chosen = torch.randint(len(mu), (min(BATCH, len(mu)),), generator=generator)
        noise = torch.randn(len(chosen), mu.shape[1], generator=generator)
        loss = -flow.log_prob(mu[chosen] + sigma[chosen] * noise).mean()
        flow.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(flow.parameters(), MOST_GRADIENT)
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate
            optimizer.step()
        if (step + 1) % max(1, steps // NUM_CHECKS) == 0:
            now = gain(flow)
            num_worse = 0 if now > best[1] else num_worse + 1
            if now > best[1]:
                best = copy.deepcopy(flow), now
            if num_worse == PATIENCE:
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
