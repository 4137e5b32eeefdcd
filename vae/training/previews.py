"""Previews: what is drawn on their two sheets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from vae import pictures
from vae.atomic import atomic_write, make_folder
from vae.data.dataset import Dataset
from vae.latent.encoding import to_unit
from vae.latent.fixed_noise import SHEET_COLUMNS, fixed_noise
from vae.model.networks import VAE
from vae.pictures import Pixels
from vae.runs.folder import Run

NUM_RECONSTRUCTIONS = 8
QUICK = 2  # of 9: less than half of the time of 6 for files a twentieth larger


@dataclass(frozen=True)
class Preview:
    """The images of the two sheets of a step, to be written while the training goes on."""

    step: int
    originals: Pixels  # [8, H, W, C]
    reconstructed: Pixels  # [8, H, W, C]
    sampled: Pixels  # [24, H, W, C]

    @property
    def files(self) -> dict[str, str]:
        """The two files in the run's folder, ``reconstructions`` and ``samples``."""
        names = ("reconstructions", "samples")
        return {name: f"previews/{name}-{self.step:08d}.png" for name in names}

    def write(self, run: Run) -> None:
        """Draw both sheets. Raises FileError."""
        both = np.concatenate([self.originals, self.reconstructed])
        sheets = (
            pictures.grid(both, columns=len(self.originals)),
            pictures.grid(self.sampled, SHEET_COLUMNS),
        )
        make_folder(run.previews)
        for file, sheet in zip(self.files.values(), sheets, strict=True):
            atomic_write(run.folder / file, pictures.png(sheet, compress_level=QUICK))


@torch.inference_mode()
def draw_preview(model: VAE, dataset: Dataset, seed: int, step: int) -> Preview:
    """The same faces reconstructed and the same noise decoded at every step."""
    model.eval()
    device = next(model.parameters()).device
    originals = dataset.take(dataset.validation[:NUM_RECONSTRUCTIONS])  # [N, H, W, C]
    mu = model.encode(to_unit(originals, device)).mu
    eps = fixed_noise(seed, model.latent_dim).to(device)
    reconstructed, sampled = (pictures.from_unit(model.decode(z).cpu().numpy()) for z in (mu, eps))
    return Preview(step, originals, reconstructed, sampled)
