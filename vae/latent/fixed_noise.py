"""Noise that is the same each time: of a step of training, and what is decoded all along a run.

D latent dimensions, H = W pixels, C channels.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from vae import pictures
from vae.model.flow import Flow
from vae.model.networks import VAE
from vae.pictures import Pixels

NUM_SAMPLES = 24
SHEET_COLUMNS = 8
NUM_THROUGH_FLOW = 8  # sheets


def noise(
    seed: int, step: int, shape: tuple[int, ...], device: torch.device | str = "cpu"
) -> Tensor:
    """The eps ~ N(0, I) of one step, made on the device, whose kind decides it too. [*shape]"""
    mixed = np.random.SeedSequence([seed, step]).generate_state(1)[0]
    generator = torch.Generator(device).manual_seed(int(mixed))
    return torch.randn(shape, generator=generator, device=device)


def fixed_noise(seed: int, latent_dim: int) -> Tensor:
    """What is decoded at every step of a run with this seed. [24, D]"""
    return noise(seed, 1, (NUM_SAMPLES, latent_dim))


@torch.inference_mode()
def through_flow(
    model: VAE, flow: Flow, seed: int, num_sheets: int = NUM_THROUGH_FLOW
) -> list[Pixels]:
    """Sheets of the fixed noise on its way through a flow, whose base it is noise of.

    From where N(0, I) puts it to where the flow does, in straight lines: the first sheet is a step
    on from what the model makes of the noise itself, the last one is samples of the flow. They are
    laid out as previews are. [rows * H, columns * W, 3]
    """
    model.eval()
    eps = fixed_noise(seed, model.latent_dim)
    z = flow.from_base(eps)
    device = next(model.parameters()).device
    sheets = []
    for part in torch.linspace(0, 1, num_sheets + 1)[1:]:
        images = model.decode(torch.lerp(eps, z, part).to(device)).cpu().numpy()
        sheets.append(pictures.grid(pictures.from_unit(images), SHEET_COLUMNS))
    return sheets
