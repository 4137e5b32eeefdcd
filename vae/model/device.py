"""The device that a model computes on, and how many processes compute together."""

from __future__ import annotations

import torch
import torch.distributed as dist

from vae.errors import InputError
from vae.option_choices import Device, Precision

LARGE = 500_000  # numbers of networks; smaller ones gain nothing by bfloat16 on a processor


def choose_device(wanted: Device | None) -> torch.device:
    """The device to compute on: `wanted`, or the best there is.

    Raises InputError where the wanted one is not there.
    """
    there = ["cpu"]
    if torch.backends.mps.is_available():
        there.insert(0, "mps")
    if torch.cuda.is_available():
        there.insert(0, "cuda")
    if wanted is not None and wanted not in there:
        raise InputError(
            f"train.device {wanted} is not available on this machine, which has "
            f"{', '.join(there)}: leave the option out to use the best one."
        )
    return torch.device(wanted or there[0])


def choose_precision(
    wanted: Precision | None, device: torch.device, num_parameters: int
) -> Precision:
    """In what networks of so many numbers compute: `wanted`, or what is quickest on the device."""
    is_quick = device.type == "cuda"
    if device.type == "cpu":
        is_quick = num_parameters >= LARGE and _has_bfloat16()
    return wanted or ("bfloat16" if is_quick else "float32")


def _has_bfloat16() -> bool:
    """Whether the processor multiplies matrices of bfloat16 by instructions of its own."""
    names = "_is_avx512_bf16_supported", "_is_amx_tile_supported"  # an older torch lacks them
    return any(getattr(torch.cpu, name, bool)() for name in names)


def num_processes() -> int:
    """How many processes train the model together; 1 where this one is alone."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1
