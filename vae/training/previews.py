"""Previews: when they are made, and what is drawn on their two sheets."""

from __future__ import annotations

import numpy as np
import torch

from vae import pictures
from vae.atomic import atomic_write, make_folder
from vae.data.dataset import Dataset
from vae.latent.encoding import to_unit
from vae.model.networks import VAE
from vae.runs.folder import Run
from vae.training.batches import noise

# Previews come at steps that grow by this factor: dense while the model changes fast.
PREVIEW_GROWTH = 1.08
NUM_RECONSTRUCTIONS = 8
NUM_SAMPLES = 24
SHEET_COLUMNS = 8


def preview_is_due(step: int) -> bool:
    """Whether a preview belongs to `step`: at 0, 1, 2, ... and then ever farther apart."""
    due = 0
    while due < step:
        due = max(due + 1, int(due * PREVIEW_GROWTH))
    return due == step


def num_previews(num_steps: int) -> int:
    """How many previews a training of so many steps has, the first and the last among them."""
    due = num = 0
    while due <= num_steps:
        due, num = max(due + 1, int(due * PREVIEW_GROWTH)), num + 1
    return num + (not preview_is_due(num_steps))


@torch.inference_mode()
def draw_preview(run: Run, model: VAE, dataset: Dataset, seed: int, step: int) -> dict[str, str]:
    """The files of the two sheets, now written: ``reconstructions`` and ``samples``.

    The same faces reconstructed and the same noise decoded at every step. Raises FileError.
    """
    model.eval()
    device = next(model.parameters()).device
    originals = dataset.take(dataset.validation[:NUM_RECONSTRUCTIONS])  # [N, H, W, C]
    mu = model.encode(to_unit(originals, device)).mu
    eps = noise(seed, 1, (NUM_SAMPLES, model.latent_dim)).to(device)
    reconstructed, sampled = (pictures.from_unit(model.decode(z).cpu().numpy()) for z in (mu, eps))
    sheets = {
        "reconstructions": pictures.grid(
            np.concatenate([originals, reconstructed]), columns=len(originals)
        ),
        "samples": pictures.grid(sampled, SHEET_COLUMNS),
    }
    make_folder(run.previews)
    files = {name: f"previews/{name}-{step:08d}.png" for name in sheets}
    for name, sheet in sheets.items():
        atomic_write(run.folder / files[name], pictures.png(sheet))
    return files
