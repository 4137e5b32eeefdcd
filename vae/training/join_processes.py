"""How a process finds the others that torchrun started, and the device it computes on."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import torch
import torch.distributed as dist
from torch.distributed.rendezvous import rendezvous

from vae.errors import InputError
from vae.model.device import choose_device
from vae.option_choices import Device
from vae.runs.torchrun import Place
from vae.training.processes import ALONE, LostError, Processes

# The others wait as long for the first one, which imports images and evaluates alone.
PATIENCE = timedelta(days=2)
# For the store of torchrun, which is there before the processes are.
TO_CONNECT = timedelta(minutes=5)
WATCH_SECONDS = 1.0  # between two looks at whether torchrun lives


@contextmanager
def joined(place: Place) -> Iterator[Processes]:
    """Together with the others that torchrun started. Raises LostError where one of them ends."""
    if place.world_size == 1:
        yield ALONE
        return
    if not (dist.is_available() and dist.is_gloo_available()):
        raise InputError("This torch cannot train in several processes: train without torchrun.")
    if place.local_world_size == place.world_size and sys.platform.startswith("linux"):
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")  # nobody else is to be reached
    with_gpus = torch.cuda.is_available() and dist.is_nccl_available()
    try:
        store, rank, world_size = next(rendezvous("env://", timeout=TO_CONNECT))
        store.set_timeout(PATIENCE)
        dist.init_process_group(
            "cpu:gloo,cuda:nccl" if with_gpus else "gloo",
            store=store,
            rank=rank,
            world_size=world_size,
            timeout=PATIENCE,
        )
    except RuntimeError as error:
        raise LostError(
            f"Process {place.rank + 1} of {place.world_size} did not find the others: another "
            "one, or torchrun on another machine, says why; start all of them again."
        ) from error
    threading.Thread(target=_watch_parent, args=(os.getppid(),), daemon=True).start()
    processes = Processes(place, store)
    try:
        with processes.explaining():
            yield processes
            processes.leave()
    except BaseException:
        processes.break_off()
        raise


def _watch_parent(parent: int) -> None:
    """Ask this process to pause once torchrun is gone, which nobody else would tell it."""
    while os.getppid() == parent:
        time.sleep(WATCH_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)


def take_device(place: Place, wanted: Device | None) -> None:
    """Make the GPU of this process what "cuda" means. Raises InputError where there is none."""
    if place.world_size == 1:
        return
    num, device = place.local_world_size, choose_device(wanted).type
    if device == "mps":
        raise InputError(
            "Several processes train on GPUs of CUDA or on the processor, not on mps: train with "
            "--train.device cpu, or without torchrun."
        )
    if device == "cuda":
        there = torch.cuda.device_count()
        if num > there:
            raise InputError(
                f"There are {num} processes on a machine with {there} GPU{'s' * (there > 1)}: "
                f"start one for each (--nproc-per-node {there}), or train with --train.device cpu."
            )
        torch.cuda.set_device(place.local_rank)
    elif "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(max(1, (os.cpu_count() or 1) // num))
