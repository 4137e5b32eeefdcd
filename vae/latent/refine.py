"""A latent point that explains an image better than the encoder's: gradient steps on z.

H height, W width, C channels, D latent dimensions. The encoder approximates z for all images at
once; for one image the most probable z, argmin of -log p(x given z) - log p(z), can be searched for
directly (Zhu et al. 2016, section 3.1; Lipton & Tripathi 2017), starting from the encoder's mean.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vae.latent.encoding import Floats, to_unit
from vae.model.elbo import psnr
from vae.model.networks import VAE
from vae.model.posterior import prior_log_prob

NUM_STEPS = 60
LEARNING_RATE = 0.05  # of Adam; falls to 0 along a cosine


@dataclass(frozen=True)
class Refined:
    """The best z after some steps."""

    step: int
    z: Floats  # [D]
    objective: float  # -log p(x given z) - log p(z), nats
    mse: float  # of the reconstruction, x in [0, 1]

    @property
    def psnr(self) -> float:
        """Peak signal-to-noise ratio of the reconstruction in dB."""
        return float(psnr(torch.tensor(self.mse, dtype=torch.float64)))


def refine(
    model: VAE, image: NDArray[np.uint8], z: Floats, num_steps: int = NUM_STEPS
) -> Iterator[Refined]:
    """The best z so far before the first step and after each one; the objective never rises.

    image [H, W, C] of the model's shape, z [D] where to start.
    """
    x = to_unit(image[None], next(model.parameters()).device)
    now = torch.tensor(np.asarray(z, np.float32)[None], device=x.device, requires_grad=True)
    adam = torch.optim.Adam([now], lr=LEARNING_RATE, betas=(0.9, 0.95))
    best = Refined(0, np.asarray(z, np.float32), math.inf, math.inf)
    for step in range(num_steps + 1):
        objective, mse = _descend(model, x, now, adam)
        if objective < best.objective:
            best = Refined(step, now.data[0].cpu().numpy().copy(), objective, mse)
        yield Refined(step, best.z, best.objective, best.mse)
        adam.param_groups[0]["lr"] = (
            LEARNING_RATE * 0.5 * (1 + math.cos(math.pi * step / num_steps))
        )
        adam.step()


def _descend(model: VAE, x: Tensor, z: Tensor, adam: torch.optim.Adam) -> tuple[float, float]:
    """Objective and mean squared error at z [1, D]; its gradient is left in z."""
    with torch.enable_grad():
        adam.zero_grad()
        output = model.decoder(z).float()
        objective = (model.likelihood.nll(output, x) - prior_log_prob(z)).sum()
        objective.backward()  # type: ignore[no-untyped-call]
    mse = (model.likelihood.mean(output.detach()) - x).square().mean()
    return float(objective.detach()), float(mse)
