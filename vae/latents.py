"""Points of the latent space: encoding many images, paths between them, directions.

N images, D latent dimensions, K key points, S steps of a path.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vae.atomic import atomic_write
from vae.data.dataset import Dataset
from vae.errors import InputError
from vae.model.networks import VAE

Floats = NDArray[np.float32]
Indices = NDArray[np.int64]
Progress = Callable[[str, int, int], None]

PATHS = ("lerp", "slerp")
ENCODE_BATCH = 256


@dataclass(frozen=True)
class Latents:
    """What the encoder says of some images of a data set."""

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


def to_unit(images: NDArray[np.uint8], device: torch.device | str = "cpu") -> Tensor:
    """Pixels [N, H, W, C] as x in [0, 1], [N, C, H, W], channels last in memory."""
    x = torch.from_numpy(images).to(device, non_blocking=True).permute(0, 3, 1, 2)
    return x.float().div_(255)


@torch.inference_mode()
def encode_images(
    model: VAE, dataset: Dataset, index: Indices, step: int, progress: Progress | None = None
) -> Latents:
    """Posterior of each image of `index`, and how well its mean is reconstructed."""
    device = next(model.parameters()).device
    mus, logvars, errors = [], [], []
    for start in range(0, len(index), ENCODE_BATCH):
        if progress is not None:
            progress("encode", start, len(index))
        x = to_unit(dataset.take(index[start : start + ENCODE_BATCH]), device)
        mu, logvar = model.encode(x)
        errors.append((model.decode(mu) - x).square().flatten(1).mean(1).cpu().numpy())
        mus.append(mu.cpu().numpy())
        logvars.append(logvar.cpu().numpy())
    if progress is not None:
        progress("encode", len(index), len(index))
    join = np.concatenate
    none = np.zeros((0, 2), np.float32)
    return Latents(index, join(mus), join(logvars), join(errors), step, none)


def save_latents(path: Path, latents: Latents, **columns: NDArray[np.generic]) -> None:
    """Write latents, and further columns, as one .npz file."""
    buffer = io.BytesIO()
    arrays: dict[str, Any] = asdict(latents) | columns
    np.savez_compressed(buffer, **arrays)
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic_write(path, buffer.getvalue())


def load_latents(path: Path) -> Latents:
    """The latents in a file. Raises FileNotFoundError, InputError where it holds none."""
    try:
        with np.load(path, allow_pickle=False) as file:
            columns = {item.name: file[item.name] for item in fields(Latents)}
    except (KeyError, ValueError, EOFError, OSError) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise InputError(f"{path.name} holds no latents: {error}") from error
    return Latents(**{**columns, "step": int(columns["step"])})


def lerp(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """Points on the straight line from a [D] to b [D] at t [S] in [0, 1]. [S, D]"""
    return a + t[:, None] * (b - a)


def slerp(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """Points on the great arc from a [D] to b [D] at t [S], Shoemake 1985. [S, D]

    The length changes along the arc as the ends demand; ends that are parallel, opposite or
    zero, where there is no single arc, are joined by a straight line.
    """
    norms = a.norm() * b.norm()
    cosine = (a @ b) / norms if norms > 0 else torch.ones(())
    angle = torch.acos(cosine.clamp(-1.0, 1.0))
    if torch.sin(angle) < 1e-4:
        return lerp(a, b, t)
    before = torch.sin((1 - t) * angle) / torch.sin(angle)
    after = torch.sin(t * angle) / torch.sin(angle)
    return before[:, None] * a + after[:, None] * b


def path(keys: Sequence[Tensor], steps: int, kind: str = "slerp") -> Tensor:
    """A path of `steps` points from the first of K >= 2 key points [D] to the last. [S, D]

    Points are evenly spaced over the legs; every key is met where steps - 1 is a
    multiple of K - 1. Raises InputError.
    """
    if kind not in PATHS:
        raise InputError(f"A path is one of {', '.join(PATHS)}, not {kind!r}.")
    if steps < len(keys) or len(keys) < 2:
        raise InputError(f"A path through {len(keys)} images needs 2 images and as many steps.")
    between = slerp if kind == "slerp" else lerp
    position = torch.linspace(0, len(keys) - 1, steps)
    leg = position.floor().clamp(max=len(keys) - 2)
    points = torch.empty(steps, keys[0].shape[0])
    for i in range(len(keys) - 1):
        on_leg = leg == i
        points[on_leg] = between(keys[i], keys[i + 1], position[on_leg] - i)
    return points


def principal_axes(mu: Floats) -> tuple[Floats, Floats, Floats]:
    """Mean [D], axes [D, D] by rows and standard deviations [D] of points, largest first."""
    mean = mu.mean(0)
    _, singular, axes = np.linalg.svd(mu - mean, full_matrices=False)
    return mean, axes.astype(np.float32), (singular / np.sqrt(len(mu))).astype(np.float32)


def sample_prior(num: int, latent_dim: int, generator: torch.Generator) -> Tensor:
    """Points of the prior N(0, I). [num, D]"""
    return torch.randn(num, latent_dim, generator=generator)
