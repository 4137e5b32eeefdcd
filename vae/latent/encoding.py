"""Posterior means and log variances of many images, and the file they are kept in.

N images, D latent dimensions.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vae.atomic import atomic_file, make_folder
from vae.data.dataset import Dataset
from vae.errors import FileError, InputError
from vae.model.networks import VAE
from vae.model.posterior import Posterior

Floats = NDArray[np.float32]
Indices = NDArray[np.int64]
Progress = Callable[[str, int, int], None]

ENCODE_BATCH = 256
FOLDED = 2**16  # rows at once, of which the principal axes are found


@dataclass(frozen=True)
class Latents:
    """The posteriors of some images of a data set, and the error of each reconstruction."""

    index: Indices  # [N] which images
    mu: Floats  # [N, D]
    logvar: Floats  # [N, D]
    mse: Floats  # [N] mean squared error of the reconstruction of the mean
    step: int  # of the weights
    xy: Floats  # [N, 2] coordinates on a map, or [0, 2]

    @property
    def kl_per_dim(self) -> Floats:
        """KL in nats of each image and dimension, Kingma & Welling Appendix B. [N, D]"""
        result: Floats = 0.5 * (self.mu**2 + np.expm1(self.logvar) - self.logvar)
        return result


def to_unit(images: NDArray[np.uint8] | Tensor, device: torch.device | str | None = None) -> Tensor:
    """Pixels [N, H, W, C] of uint8 as x in [0, 1], [N, C, H, W], channels last in memory.

    On `device`, or where they are.
    """
    pixels = images if isinstance(images, Tensor) else torch.from_numpy(images)
    return pixels.to(device).permute(0, 3, 1, 2).float().div_(255)


class Encoded(NamedTuple):
    """What the encoder makes of one batch of many images."""

    place: slice  # among all of them
    images: NDArray[np.uint8]  # [n, H, W, C]
    x: Tensor  # [n, C, H, W] the same in [0, 1]
    posterior: Posterior  # [n, D]


def encoded(
    model: VAE, dataset: Dataset, index: Indices, progress: Progress | None = None
) -> Iterator[Encoded]:
    """The images of `index` [N], batch by batch; the caller says whether gradients are kept."""
    device = next(model.parameters()).device
    for start in range(0, len(index), ENCODE_BATCH):
        if progress is not None:
            progress("encode", start, len(index))
        place = slice(start, start + ENCODE_BATCH)
        images = dataset.take(index[place])
        x = to_unit(images, device)
        yield Encoded(place, images, x, model.encode(x))
    if progress is not None:
        progress("encode", len(index), len(index))


@torch.inference_mode()
def encode_images(
    model: VAE, dataset: Dataset, index: Indices, step: int, progress: Progress | None = None
) -> Latents:
    """Posterior of each image of `index` [N], and the error of the reconstruction of its mean."""
    num = len(index)
    mu, logvar = (np.empty((num, model.latent_dim), np.float32) for _ in range(2))
    mse = np.empty(num, np.float32)
    for place, _, x, posterior in encoded(model, dataset, index, progress):
        error = (model.decode(posterior.mu) - x).square().flatten(1).mean(1)
        mse[place] = error.cpu().numpy()
        mu[place], logvar[place] = posterior.mu.cpu().numpy(), posterior.logvar.cpu().numpy()
    return Latents(index, mu, logvar, mse, step, np.zeros((0, 2), np.float32))


@torch.inference_mode()
def encode_posteriors(
    model: VAE, dataset: Dataset, index: Indices, progress: Progress | None = None
) -> tuple[Floats, Floats]:
    """Means and log variances of the posteriors of images of `index` [N]. [N, D], [N, D]"""
    mu, logvar = (np.empty((len(index), model.latent_dim), np.float32) for _ in range(2))
    for place, _, _, posterior in encoded(model, dataset, index, progress):
        mu[place], logvar[place] = posterior.mu.cpu().numpy(), posterior.logvar.cpu().numpy()
    return mu, logvar


def means_with(
    latents: Latents, images: Iterable[int], model: VAE, dataset: Dataset
) -> tuple[Indices, Floats]:
    """Posterior means of the images of `latents` and of these further `images`. [N], [N, D]

    Numbers beyond the data set are left out. Raises InputError where the latents are of other
    images or of another model.
    """
    if latents.index.max(initial=0) >= len(dataset):
        raise InputError("The posterior means belong to other images than the run has now.")
    if latents.mu.shape[1] != model.latent_dim:
        raise InputError("The posterior means belong to another model than the run has now.")
    missing = sorted({i for i in images if i < len(dataset)} - set(latents.index.tolist()))
    if not missing:
        return latents.index, latents.mu
    more = encode_images(model, dataset, np.array(missing, np.int64), latents.step)
    return np.concatenate([latents.index, more.index]), np.concatenate([latents.mu, more.mu])


def save_latents(path: Path, latents: Latents, **columns: NDArray[np.generic]) -> None:
    """Write latents, and further columns, as one .npz file. Raises FileError."""
    make_folder(path.parent)
    with atomic_file(path) as file:
        np.savez_compressed(file, **{**vars(latents), **columns})


def load_latents(path: Path) -> Latents:
    """The latents in a file. Raises FileNotFoundError, FileError where it is broken."""
    try:
        with open(path, "rb") as opened, np.load(opened, allow_pickle=False) as file:
            columns = {item.name: file[item.name] for item in fields(Latents)}
    except (KeyError, ValueError, EOFError, OSError, zipfile.BadZipFile) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise FileError(f"{path.name} is not a file of latents: {error}") from error
    return Latents(**{**columns, "step": int(columns["step"])})


def principal_axes(mu: Floats) -> tuple[Floats, Floats, Floats]:
    """Mean [D], axes [D, D] by rows and standard deviations [D] of points, largest first.

    Of many points, each block of rows is folded into a triangle [D, D] that has the same axes
    (QR, Golub & Van Loan section 5.2), so that no second copy of them is made.
    """
    mean = mu.mean(0, dtype=np.float64).astype(np.float32)
    folded = mu[:0]
    for start in range(0, len(mu), FOLDED):
        folded = np.concatenate([folded, mu[start : start + FOLDED] - mean])
        if len(mu) > FOLDED:
            folded = np.asarray(np.linalg.qr(folded, mode="r"))
    _, singular, axes = np.linalg.svd(folded, full_matrices=False)
    return mean, axes.astype(np.float32), (singular / np.sqrt(len(mu))).astype(np.float32)


def sample_prior(num: int, latent_dim: int, generator: torch.Generator) -> Tensor:
    """Points of the prior N(0, I). [num, D]"""
    return torch.randn(num, latent_dim, generator=generator)


def some_of(num: int, most: int | None, seed: int) -> Indices:
    """All of `num` places, or `most` of them drawn with a seed, in order. [min(num, most)]"""
    if most is None or num <= most:
        return np.arange(num)
    return np.sort(np.random.default_rng(seed).choice(num, most, replace=False))


def encode_all(
    model: VAE, dataset: Dataset, num: int | None, step: int, progress: Progress | None
) -> Latents:
    """Latents of all images, or of `num` of them drawn with a fixed seed, in order of index."""
    index = np.arange(len(dataset), dtype=np.int64)
    if num is not None and num < len(index):
        index = np.sort(np.random.default_rng(0).choice(index, num, replace=False))
    return encode_images(model, dataset, index, step, progress)
