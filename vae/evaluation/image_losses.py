"""The loss of each image of a run, kept in its folder: the images that the model finds hardest.

N images. The loss is -elbo = nll + kl in nats, also where the run minimises it with other weights:
how badly the image is drawn, and how unusual it is. A plain autoencoder has only the nll.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from vae.atomic import atomic_write
from vae.data.dataset import Dataset
from vae.errors import FileError
from vae.latent.encoding import ENCODE_BATCH, Indices, Progress, to_unit
from vae.model.checkpoints import Weights
from vae.model.networks import VAE
from vae.runs.folder import Run

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class ImageLosses:
    """The losses of all images of a run under one state of its weights."""

    loss: Floats  # [N] nats
    step: int
    digest: str  # of the weights
    fingerprint: str  # of the images

    def highest(self, num: int) -> Indices:
        """The `num` images with the highest losses, the highest first. [<= num]

        One that is no finite number comes before all others.
        """
        return np.argsort(-np.nan_to_num(self.loss, nan=np.inf), kind="stable")[:num]


def losses_file(run: Run) -> Path:
    return run.folder / "losses.npz"


@torch.inference_mode()
def image_losses(
    model: VAE,
    weights: Weights,
    dataset: Dataset,
    is_noisy: bool = True,
    progress: Progress | None = None,
) -> ImageLosses:
    """-elbo of every image, with one sample of its posterior from a fixed seed.

    nll at the posterior mean where z is not sampled in training, so not `is_noisy`.
    """
    device = next(model.parameters()).device
    generator = torch.Generator().manual_seed(0)
    num = len(dataset)
    loss = np.empty(num, np.float32)
    for start in range(0, num, ENCODE_BATCH):
        if progress is not None:
            progress("losses", start, num)
        part = np.arange(start, min(start + ENCODE_BATCH, num))
        x = to_unit(dataset.take(part), device)
        posterior = model.encode(x)
        eps = torch.randn(posterior.mu.shape, generator=generator).to(device)
        z = posterior.sample(eps) if is_noisy else posterior.mu
        nll = model.likelihood.nll(model.decoder(z), x).double()
        kl = posterior.kl_per_dim().double().sum(1)
        loss[part] = (nll + kl if is_noisy else nll).cpu().numpy()
    if progress is not None:
        progress("losses", num, num)
    return ImageLosses(loss, weights.step, weights.digest, dataset.fingerprint)


def known_losses(
    run: Run, model: VAE, weights: Weights, dataset: Dataset, progress: Progress | None = None
) -> ImageLosses:
    """The losses under these weights, from the run's folder or measured and kept there.

    Raises FileError.
    """
    kept = kept_losses(run)
    if kept and (kept.digest, kept.fingerprint) == (weights.digest, dataset.fingerprint):
        return kept
    is_noisy = run.config().train.objective != "autoencoder"
    found = image_losses(model, weights, dataset, is_noisy, progress)
    run.make_writable()
    buffer = io.BytesIO()
    arrays: dict[str, Any] = vars(found)
    np.savez_compressed(buffer, **arrays)
    atomic_write(losses_file(run), buffer.getvalue())
    return found


def kept_losses(run: Run) -> ImageLosses | None:
    """The losses in the run's folder; None where there are none. Raises FileError."""
    file = losses_file(run)
    try:
        with open(file, "rb") as opened, np.load(opened, allow_pickle=False) as found:
            return ImageLosses(
                found["loss"], int(found["step"]), str(found["digest"]), str(found["fingerprint"])
            )
    except FileNotFoundError:
        return None
    except (KeyError, ValueError, EOFError, OSError, zipfile.BadZipFile) as error:
        raise FileError(f"{file.name} holds no losses of images: delete it. ({error})") from error
