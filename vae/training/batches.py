"""Which images and which noise a step sees: pure functions of (seed, step).

N images of a batch, D latent dimensions, L samples of z an image. A resumed run goes on exactly
as if it had never stopped, since nothing here remembers anything.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vae.data.dataset import permutation
from vae.data.shuffle import FLIPS, shuffled
from vae.latent.fixed_noise import noise
from vae.training.objectives import Objective


def steps_per_epoch(num_images: int, batch_size: int) -> int:
    """Steps of one pass. A last batch of a single image is left out: it has no batch statistics."""
    return max(1, num_images // batch_size + (num_images % batch_size > 1))


def about_batch(num_images: int, batch_size: int) -> list[str]:
    """What to know of a batch that is larger than the data: one sentence, or none."""
    if num_images >= batch_size:
        return []
    images = f"{num_images:,} training images" if num_images > 1 else "1 training image"
    return [
        f"The batch of {batch_size:,} is larger than the {images}: each step sees all there is, "
        "and an epoch is one step."
    ]


def batch_index(
    train: NDArray[np.int64], seed: int, batch_size: int, step: int
) -> NDArray[np.int64]:
    """Which images the step after `step` completed ones sees. [N]"""
    epoch, position = divmod(step, steps_per_epoch(len(train), batch_size))
    order = _order(len(train), seed, epoch)
    index = train[order[position * batch_size : (position + 1) * batch_size]]
    return np.repeat(index, 2) if len(index) == 1 else index


def flipped(seed: int, num: int, step: int) -> NDArray[np.bool_]:
    """Which of its `num` images a step after `step` completed ones turns left to right. [N]"""
    return shuffled(num, seed, FLIPS, step) < num / 2


def batch_length(num_images: int, batch_size: int, step: int) -> int:
    """How many images that step sees."""
    position = step % steps_per_epoch(num_images, batch_size)
    return max(2, min(batch_size, num_images - position * batch_size))


@lru_cache(maxsize=2)
def _order(num: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """The order of an epoch, remembered for its steps. [num]"""
    order = permutation(num, seed, epoch)
    order.setflags(write=False)
    return order


def noise_of(
    objective: Objective,
    step: int,
    num: int,
    latent_dim: int,
    device: torch.device | str = "cpu",
) -> Tensor:
    """The eps of `num` images. [N, D], or [L, N, D] for L samples an image; 0 where z is mu."""
    train, shape = objective.train, (num, latent_dim)
    if not objective.is_noisy:
        return torch.zeros(shape, device=device)
    shape_of_all = shape if train.num_samples == 1 else (train.num_samples, *shape)
    return noise(train.seed, step, shape_of_all, device)
