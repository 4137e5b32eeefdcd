"""Images a second of a bare step: what each choice of ours is worth, for both networks.

    python -m benchmarks.train_step [--threads 2] [--steps 30]

Each variant differs from the step as it is in one thing. Prints images a second and the ratio.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Literal

import numpy as np
import torch

from vae.config import ModelConfig
from vae.faces.synthetic import faces
from vae.latent.encoding import to_unit
from vae.model.networks import VAE
from vae.model.weight_norm import normalise_weights
from vae.training.memory import keep_memory

BATCH = 64


def make_step(
    images: np.ndarray,
    name: Literal["residual", "conv"],
    channels_last: bool = True,
    fused: bool = True,
) -> Callable[[int], None]:
    torch.manual_seed(0)
    model = VAE(ModelConfig(name=name), (3, 64, 64))
    if name == "residual":
        normalise_weights(model)
    if channels_last:
        model = model.to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3, fused=fused)

    def step(number: int) -> None:
        start = number * BATCH % (len(images) - BATCH)
        x = to_unit(images[start : start + BATCH])
        x = x if channels_last else x.contiguous()
        (-model(x, torch.randn(BATCH, model.latent_dim)).elbo.mean()).backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    return step


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--steps", type=int, default=30)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    keep_memory()
    images = faces(0, np.arange(1024))
    variants = {
        "residual": make_step(images, "residual"),
        "residual, contiguous memory": make_step(images, "residual", channels_last=False),
        "residual, optimizer not fused": make_step(images, "residual", fused=False),
        "conv": make_step(images, "conv"),
        "conv, contiguous memory": make_step(images, "conv", channels_last=False),
        "conv, optimizer not fused": make_step(images, "conv", fused=False),
    }
    seconds: dict[str, list[float]] = {name: [] for name in variants}
    for number in range(-3, arguments.steps):
        for name, step in variants.items():  # in turn, so that all share the machine's moods
            began = time.perf_counter()
            step(max(0, number))
            if number >= 0:
                seconds[name].append(time.perf_counter() - began)
    for name, values in seconds.items():
        median, ours = statistics.median(values), statistics.median(seconds[name.split(",")[0]])
        print(f"{name:<30} {BATCH / median:7.0f} images/s   {median / ours:5.2f} x the time")


if __name__ == "__main__":
    main()
