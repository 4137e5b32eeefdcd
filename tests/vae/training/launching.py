"""Programs of Python in several processes, started as torchrun starts them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch

from vae.model.checkpoints import newest_state
from vae.runs.folder import Run
from vae.runs.torchrun import command

ROOT = Path(__file__).parents[3]
TINY = {
    "data.num_images": 60,
    "data.image_size": 32,
    "model.channels": [4, 8, 8, 8, 8],
    "model.latent_dim": 6,
    "train.batch_size": 16,
    "train.checkpoint_every": 1000,
}


def launch(num: int, *words: str) -> subprocess.Popen[bytes]:
    """A program of Python in `num` processes, in a group of their own as in a terminal."""
    return start(*command(num), *words)


def start(*words: str, **variables: str) -> subprocess.Popen[bytes]:
    """Python, with what it says in one stream."""
    return subprocess.Popen(
        [sys.executable, *words],
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)} | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def output_of(process: subprocess.Popen[bytes], seconds: float = 120) -> str:
    return process.communicate(timeout=seconds)[0].decode()


def wait_until(claim: Callable[[], bool], seconds: float = 90.0) -> None:
    deadline = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def weights(run: Run) -> dict[str, torch.Tensor]:
    document = newest_state(run)
    assert document is not None
    model: dict[str, torch.Tensor] = document["model"]
    return model
