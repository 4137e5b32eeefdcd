"""What `train.batch_size auto` means: a number that suits the device and the data.

N images of a batch, C channels, H = W pixels, D latent dimensions, L samples of z an image.
"""

from __future__ import annotations

import torch
from torch import Tensor

from vae.config import Config, ModelConfig
from vae.data.dataset import Dataset
from vae.model.device import choose_device
from vae.model.networks import VAE

# Where there is room, by device: measured on a processor (docs/experiments.md), on a GPU not yet.
OF_DEVICE = {"cpu": 32, "mps": 64, "cuda": 256}
STEPS_OF_AN_EPOCH = 8  # at least, where there are few images
FEWEST = 8  # images, for the sake of those steps
MEMORY_PART = 0.4  # of what is free on a GPU; as much may be taken by the images themselves
BESIDE_KEPT = 2  # times what is kept for the backward pass: its gradients and work space


def choose_batch_size(config: Config, dataset: Dataset) -> tuple[int, str]:
    """The number of images in a step, and why, in words."""
    device, num_train = choose_device(config.train.device), len(dataset.train)
    each, room = 0, None
    if device.type == "cuda":
        each = BESIDE_KEPT * bytes_of_an_image(
            config.model, dataset.image_shape, config.train.num_samples
        )
        room = int(MEMORY_PART * torch.cuda.mem_get_info(device)[0])
    size, wanted = largest_that_suits(num_train, device.type, each, room), OF_DEVICE[device.type]
    if size == wanted:
        return size, f"it suits training on {device.type}"
    if room is not None and size == largest_that_suits(10**9, device.type, each, room):
        return size, f"at {each / 1e6:,.1f} MB an image, what fits into the memory of {device.type}"
    return size, f"of {num_train:,} training images, so that an epoch has several steps"


def largest_that_suits(num_train: int, device: str, each: int, room: int | None) -> int:
    """Images in a step, of which there are `num_train` at most. Bytes: `each` one takes, the room.

    Halved from what suits the device until an epoch has several steps and a step fits.
    """
    size = OF_DEVICE[device]
    while size > FEWEST and size * STEPS_OF_AN_EPOCH > num_train:
        size //= 2
    while room is not None and size > 1 and size * each > room:
        size //= 2
    return min(size, num_train)


def bytes_of_an_image(
    config: ModelConfig, image_shape: tuple[int, int, int], num_samples: int
) -> int:
    """Bytes that the networks keep of an image and L samples of z until the backward pass.

    `image_shape` (C, H, W). Counted in float32 on tensors without contents: nothing is computed.
    """
    with torch.device("meta"):
        model = VAE(config, image_shape)
        few, more = (
            _bytes_kept(model, torch.zeros(num, *image_shape), num_samples) for num in (2, 4)
        )
    return (more - few) // 2


def _bytes_kept(model: VAE, x: Tensor, num_samples: int) -> int:
    """What autograd holds after a forward pass, the weights among it. x [N, C, H, W]"""
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        kept[storage._cdata] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        each = model.each(x, torch.zeros(num_samples, len(x), model.latent_dim))
    total = sum(kept.values())
    del each  # what it holds must live until it was counted
    return total
