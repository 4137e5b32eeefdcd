"""The batches of a training, each on its device when its step comes.

N images of a batch, H = W pixels, C channels.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vae.config import TrainConfig
from vae.data.dataset import Dataset
from vae.training.batches import batch_index, batch_length, flipped
from vae.training.processes import ALONE, Processes

RESIDENT_PART = 0.4  # of the free memory of a GPU, that all training images together may take
COPIED = 4096  # images at once, while they are brought there


class Read(NamedTuple):
    """A batch on the host."""

    images: Tensor  # [N, H, W, C], or their places [N] among the resident ones
    flips: Tensor | None  # [N], which are turned left to right, where any are


class Feed:
    """Batch after batch. Used as ``with Feed(...) as feed: feed.images(step)``.

    Where the training images fit into a GPU's memory they lie there as uint8, and no step waits
    for a copy. Else each batch is read while the step before it is computed.
    """

    def __init__(
        self,
        dataset: Dataset,
        train: TrainConfig,
        device: torch.device,
        is_resident: bool | None = None,
        processes: Processes = ALONE,
    ) -> None:
        """`is_resident` None: where the images fit."""
        self._dataset, self._train, self._device = dataset, train, device
        self._processes = processes
        is_resident = self._fits() if is_resident is None else is_resident
        self._resident = self._all_images() if is_resident else None  # [n, H, W, C]
        self._ahead = ThreadPoolExecutor(1)
        self._next: tuple[int, Future[Read]] | None = None  # a step, and its batch

    def __enter__(self) -> Feed:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ahead.shutdown(cancel_futures=True)

    def images(self, step: int) -> Tensor:
        """Of what the step after `step` completed ones sees, this process's share. [N, H, W, C]"""
        known, waiting = self._next or (-1, None)
        read = waiting.result() if waiting and known == step else self._read(step)
        self._next = step + 1, self._ahead.submit(self._read, step + 1)
        batch = read.images.to(self._device, non_blocking=True)
        if self._resident is not None:  # they are places in it
            batch = self._resident[batch]
        if read.flips is None:
            return batch
        flips = read.flips.to(self._device, non_blocking=True)
        return torch.where(flips[:, None, None, None], batch.flip(2), batch)

    def num_images(self, step: int) -> int:
        """How many images all processes see in that step."""
        num, size = len(self._dataset.train), self._train.images_per_step
        return batch_length(num, size, step)

    def _read(self, step: int) -> Read:
        """The batch on the host, pinned for a GPU."""
        train = self._train
        index = batch_index(self._dataset.train, train.seed, train.images_per_step, step)
        share, flips = self._processes.share(len(index)), None
        if train.flips == "yes":
            flips = self._pinned(torch.from_numpy(flipped(train.seed, len(index), step)[share]))
        index = index[share]
        if self._resident is not None:
            images = torch.from_numpy(self._dataset.train.searchsorted(index))  # it is sorted
        elif len(index):
            images = torch.from_numpy(self._dataset.take(index))
        else:
            channels, height, width = self._dataset.image_shape
            images = torch.empty((0, height, width, channels), dtype=torch.uint8)
        return Read(self._pinned(images), flips)

    def _pinned(self, tensor: Tensor) -> Tensor:
        return tensor.pin_memory() if self._device.type == "cuda" else tensor

    def _fits(self) -> bool:
        if self._device.type != "cuda":
            return False
        free, _ = torch.cuda.mem_get_info(self._device)
        num_bytes = len(self._dataset.train) * int(torch.tensor(self._dataset.image_shape).prod())
        return num_bytes < RESIDENT_PART * free

    def _all_images(self) -> Tensor:
        """The training images on the device. [n, H, W, C]"""
        channels, height, width = self._dataset.image_shape
        num = len(self._dataset.train)
        images = torch.empty((num, height, width, channels), dtype=torch.uint8, device=self._device)
        for start in range(0, num, COPIED):
            part = self._dataset.train[start : start + COPIED]
            images[start : start + len(part)] = torch.from_numpy(self._dataset.take(part))
        return images


def whole_batch(dataset: Dataset, train: TrainConfig, step: int) -> NDArray[np.uint8]:
    """What the step after `step` completed ones sees, of all processes. [N, H, W, C]"""
    return dataset.take(batch_index(dataset.train, train.seed, train.images_per_step, step))
