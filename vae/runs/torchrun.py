"""How a process was started: alone, or by torchrun as one of several that train together."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from vae.errors import InputError


@dataclass(frozen=True)
class Place:
    """Which of the processes this is: on all machines, and on this one."""

    rank: int = 0
    world_size: int = 1
    local_rank: int = 0
    local_world_size: int = 1


def place() -> Place:
    """By the variables that torchrun sets; a process without them is alone."""
    if "MASTER_ADDR" not in os.environ or "RANK" not in os.environ:
        return Place()
    rank, world_size = int(os.environ["RANK"]), int(os.environ.get("WORLD_SIZE", "1"))
    local_rank = int(os.environ.get("LOCAL_RANK", rank))
    return Place(rank, world_size, local_rank, int(os.environ.get("LOCAL_WORLD_SIZE", world_size)))


def check_batch(num_images: int | str, num_processes: int) -> None:
    """Raises InputError where a batch of so many has less than one image for each process."""
    if isinstance(num_images, int) and num_images < num_processes:
        raise InputError(
            f"train.batch_size {num_images} is less than one image for each of the "
            f"{num_processes} processes: start fewer of them, or choose a larger train.batch_size."
        )


@cache
def num_gpus() -> int:
    """How many GPUs can train one run together; 1 also where there is none.

    torch is loaded to count them only where the system knows of several.
    """
    if len(list(Path("/dev").glob("nvidia[0-9]*"))) < 2:
        return 1
    import torch

    return max(1, torch.cuda.device_count())


def command(num_processes: int) -> list[str]:
    """What Python runs instead of a module, to run that module in several processes."""
    of_torch = ["-m", "torch.distributed.run", "--standalone"]
    return [] if num_processes == 1 else [*of_torch, "--nproc-per-node", str(num_processes)]
