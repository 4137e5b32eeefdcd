"""Images a second of the training step, beside the usual tutorial network and loop.

    python -m benchmarks.train_step [--threads 2] [--steps 30]

Each variant differs from the product's step in one thing. Prints images a second and the ratio.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch

from vae.config import ModelConfig
from vae.faces.synthetic import faces
from vae.latent.encoding import to_unit
from vae.model.networks import VAE
from vae.model.weight_norm import normalise_weights

BATCH = 64


def make_step(
    images: np.ndarray, channels_last: bool = True, fused: bool = True, usual: bool = False
) -> Callable[[int], None]:
    torch.manual_seed(0)
    config = ModelConfig(name="conv") if usual else ModelConfig()
    model = VAE(config, (3, 64, 64))
    if not usual:
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
    images = faces(0, np.arange(1024))
    variants = {
        "product": make_step(images),
        "contiguous memory": make_step(images, channels_last=False),
        "optimizer not fused": make_step(images, fused=False),
        "the tutorials' network": make_step(images, usual=True),
        "that, contiguous, not fused": make_step(
            images, channels_last=False, fused=False, usual=True
        ),
    }
    seconds: dict[str, list[float]] = {name: [] for name in variants}
    for number in range(-3, arguments.steps):
        for name, step in variants.items():  # in turn, so that all share the machine's moods
            began = time.perf_counter()
            step(max(0, number))
            if number >= 0:
                seconds[name].append(time.perf_counter() - began)
    product = statistics.median(seconds["product"])
    for name, values in seconds.items():
        median = statistics.median(values)
        print(f"{name:<30} {BATCH / median:7.0f} images/s   {median / product:5.2f} x the time")


if __name__ == "__main__":
    main()
