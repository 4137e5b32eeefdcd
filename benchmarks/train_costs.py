"""What an image costs a training, against the size of the images, the batch and the channels.

    python -m benchmarks.train_costs [--network residual] [--rounds 5] [--seconds 3]

Ours alone, each setting a process of its own, in turns; one thing at a time differs from 64 pixels,
a batch of 32 and the network's own channels. Images a second with the preview and the log of that
time, medians over the turns and their spread, beside the products of matrices of this machine.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path
from typing import Any

import torch

from benchmarks.train import ceilings, cost_of_an_image, write_images
from benchmarks.turns import Loop, race
from vae.commands.parser import SHORT_SPINS
from vae.config import Config, with_values
from vae.data.dataset import open_dataset
from vae.model.device import choose_device

SIZES, BATCHES, WIDTHS = (32, 128), (8, 16, 64, 128, 256), (0.5, 2.0)
LARGEST = 128  # pixels


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--network", default="residual", choices=("residual", "conv"))
    parser.add_argument("--images", type=int, default=3200)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of a turn")
    parser.add_argument("--warm-up", type=float, default=10.0, help="seconds before the first")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "images"
        write_images(folder, arguments.images, LARGEST)
        print(measured(arguments, folder))


def settings() -> dict[str, dict[str, Any]]:
    """Options by the name of what differs."""
    channels = Config().model.channels
    return {
        "64 px, batch 32": {},
        **{f"{size} px": {"data.image_size": size} for size in SIZES},
        **{f"batch {batch}": {"train.batch_size": batch} for batch in BATCHES},
        **{
            f"{width:g} times the channels": {
                "model.channels": tuple(int(width * num) for num in channels)
            }
            for width in WIDTHS
        },
    }


def measured(arguments: argparse.Namespace, folder: Path) -> str:
    """The table."""
    device = choose_device(None)
    always = {
        "data.source": str(folder),
        "data.image_size": 64,
        "data.validation_fraction": 0.02,
        "model.name": arguments.network,
        "train.batch_size": 32,
        "train.checkpoint_every": 10**9,
    }
    loops, configs = [], []
    for name, options in settings().items():
        config = with_values(Config(), always | options)
        open_dataset(config.data, folder.parent / "cache")
        about = {
            "options": always | options,
            "folder": str(folder),
            "threads": arguments.threads,
            "autocast": device.type == "cuda",
        }
        loops.append(Loop("benchmarks.loops", "ours", about, name, environment=SHORT_SPINS))
        configs.append(config)
    try:
        failed = race(loops, arguments.warm_up, arguments.rounds, arguments.seconds)
    finally:
        for loop in loops:
            loop.close()
    top = ceilings(device, arguments.rounds)["matrices"]
    lines = [f"{'':<24} images/s   of turns         MFLOP an image   GFLOP/s"]
    for loop, config in zip(loops, configs, strict=True):
        if loop.name in failed:
            lines.append(f"{loop.name:<24} {failed[loop.name]}")
            continue
        speed, (flops, _) = statistics.median(loop.speeds), cost_of_an_image(config)
        spread = f"{min(loop.speeds):,.0f} to {max(loop.speeds):,.0f}"
        lines.append(
            f"{loop.name:<24} {speed:8,.0f}   {spread:<16} {flops / 1e6:13,.0f} "
            f"{speed * flops / 1e9:9.1f}"
        )
    return "\n".join([*lines, f"at most {top:,.0f} GFLOP/s in products of matrices"])


if __name__ == "__main__":
    main()
