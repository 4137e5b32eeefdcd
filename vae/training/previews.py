"""Previews: what is drawn on their two sheets."""

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

NUM_RECONSTRUCTIONS = 8
NUM_SAMPLES = 24
SHEET_COLUMNS = 8


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
