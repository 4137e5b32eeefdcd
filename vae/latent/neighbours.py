"""The training images nearest to a sample: has the model memorised them?

N training images, K samples, D latent dimensions, H = W pixels, C channels.

Two distances: in the latent space, between posterior means, over the active dimensions; and
between pixels, as root mean square in grey levels of 255. If a model only repeats its training
images, its samples are nearer to them in pixels than reconstructions of held-out images are, which
are as blurred as samples.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from vae import pictures
from vae.atomic import atomic_write
from vae.data.dataset import Dataset
from vae.errors import FileError
from vae.latent.encoding import Floats, Indices, Progress, encoded, some_of, to_unit
from vae.latent.mixture import Mixture, fit_mixture
from vae.latent.nearest import nearest_first, nearest_rows
from vae.model.networks import VAE

Pixels = NDArray[np.uint8]
Doubles = NDArray[np.float64]

MAX_IMAGES = 20_000  # training images that are searched
SMALL = 8  # pixels a side of the thumbnails that candidates are found with
NUM_CANDIDATES = 32  # that are compared in all their pixels
AT_ONCE = 8  # samples
NUM_USUAL = 100  # held-out images that say which distances are usual


@dataclass(frozen=True)
class Known:
    """The training images as the model of `digest` sees them, and the mixture of their means."""

    digest: str  # of the weights file
    fingerprint: str  # of the images
    num_train: int  # images in training; `index` may be a sample of them
    index: Indices  # [N]
    mu: Floats  # [N, D]
    small: Pixels  # [N, 8, 8, C]
    usual_latent: float  # median distance of held-out means to the nearest training mean
    usual_pixels: float  # median distance of held-out reconstructions to the nearest image
    mixture: Mixture


@dataclass(frozen=True)
class Neighbours:
    """The nearest training image of each of K samples, by both distances."""

    by_latent: Indices  # [K] index in the data set
    latent_distance: Doubles  # [K]
    by_pixels: Indices  # [K]
    pixel_distance: Doubles  # [K] grey levels


@torch.inference_mode()
def know(
    model: VAE,
    dataset: Dataset,
    digest: str,
    seed: int = 0,
    progress: Progress | None = None,
    max_images: int = MAX_IMAGES,
) -> Known:
    """Encode the training images, `max_images` at most, and fit the mixture to their means."""
    index = dataset.train[some_of(len(dataset.train), max_images, seed)]
    device = next(model.parameters()).device
    means, thumbnails = [], []
    for _, images, _, posterior in encoded(model, dataset, index, progress):
        means.append(posterior.mu.cpu().numpy())
        thumbnails.append(_shrunk(images))
    mu, small = np.concatenate(means), np.concatenate(thumbnails)
    known = Known(
        *(digest, dataset.fingerprint, len(dataset.train), index, mu, small),
        *(0.0, 0.0, fit_mixture(mu, seed)),
    )
    held_out = dataset.validation[:: -(-len(dataset.validation) // NUM_USUAL)]
    z = model.encode(to_unit(dataset.take(held_out), device)).mu
    found = nearest(known, dataset, z.cpu().numpy(), _decoded(model, z.cpu().numpy()))
    usual = float(np.median(found.latent_distance)), float(np.median(found.pixel_distance))
    return Known(**{**vars(known), "usual_latent": usual[0], "usual_pixels": usual[1]})


def nearest(known: Known, dataset: Dataset, z: Floats, images: Pixels) -> Neighbours:
    """The training images nearest to samples, z [K, D] and images [K, H, W, C].

    By pixels, the 32 nearest thumbnails of 8 by 8 pixels are compared at full size.
    """
    active = known.mixture.active
    rows, apart = nearest_first(z[:, active], known.mu[:, active], 1)
    chosen, off = np.empty(len(z), np.int64), np.empty(len(z))
    for start in range(0, len(images), AT_ONCE):
        some = slice(start, start + AT_ONCE)
        chosen[some], off[some] = _by_pixels(known, dataset, images[some])
    return Neighbours(known.index[rows[:, 0]], apart[:, 0], known.index[chosen], off)


def _by_pixels(known: Known, dataset: Dataset, images: Pixels) -> tuple[Indices, Doubles]:
    """The row of `known` nearest to each image [K, H, W, C], and how far in grey levels."""
    candidates = nearest_rows(_flat(_shrunk(images)), _flat(known.small), NUM_CANDIDATES)
    wanted, place = np.unique(candidates, return_inverse=True)
    full = _flat(dataset.take(known.index[wanted]))
    place = place.reshape(candidates.shape)
    off = np.sqrt(
        [((full[place[k]] - image) ** 2).mean(1) for k, image in enumerate(_flat(images))]
    )
    each, best = np.arange(len(images)), off.argmin(1)
    return candidates[each, best], off[each, best]


def _flat(images: Pixels) -> Doubles:
    return images.reshape(len(images), -1).astype(np.float64)


def _shrunk(images: Pixels) -> Pixels:
    """Thumbnails of pictures [N, H, W, C]. [N, 8, 8, C]"""
    x = torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2).float()
    small = F.adaptive_avg_pool2d(x, SMALL).round().permute(0, 2, 3, 1)
    result: Pixels = small.to(torch.uint8).numpy()
    return result


def _decoded(model: VAE, z: Floats) -> Pixels:
    device = next(model.parameters()).device
    return pictures.from_unit(model.decode(torch.from_numpy(z).to(device)).cpu().numpy())


# ------------------------------------------------------------------------------------- the file


def save_known(path: Path, known: Known) -> None:
    """Write it as one .npz file. Raises FileError."""
    arrays: dict[str, Any] = {k: v for k, v in vars(known).items() if k != "mixture"}
    arrays |= {f"mixture_{name}": value for name, value in vars(known.mixture).items()}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    atomic_write(path, buffer.getvalue())


def load_known(path: Path) -> Known:
    """What such a file holds. Raises FileNotFoundError, FileError where it is broken."""
    try:
        with open(path, "rb") as opened, np.load(opened, allow_pickle=False) as file:
            arrays: dict[str, Any] = {name: file[name] for name in file.files}
        mixture = Mixture(**{n: arrays.pop(f"mixture_{n}") for n in Mixture.__annotations__})
        kinds: dict[str, Any] = dict.fromkeys(("digest", "fingerprint"), str)
        kinds |= {"num_train": int, "usual_latent": float, "usual_pixels": float}
        plain = {name: kind(arrays.pop(name)) for name, kind in kinds.items()}
        return Known(**arrays, **plain, mixture=mixture)
    except FileNotFoundError:
        raise
    except (KeyError, TypeError, ValueError, EOFError, OSError, zipfile.BadZipFile) as error:
        raise FileError(f"{path.name} is not a file of known images: {error}") from error
