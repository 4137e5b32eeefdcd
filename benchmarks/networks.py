"""The convolutional networks on equal CPU seconds, everything else as the product has it.

    python -m benchmarks.networks [--size 64] [--seconds 60] [--source synthetic]

They train in one process, in turns, and are judged by the elbo of held-out images, in nats per
image: after a third and two thirds of their seconds, and at the end. `last` is that of the weights
at the end; until then the learning rate has not come down.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from pathlib import Path

import numpy as np
import torch

from benchmarks.racing import Racer, measured, race
from vae.config import NETWORKS, Config, DataConfig, with_values
from vae.data.dataset import Dataset, open_dataset
from vae.model.networks import num_parameters
from vae.runs.folder import data_cache

TURN = 5.0  # CPU seconds
NUM_JUDGED = 1000  # held-out images


def compare(dataset: Dataset, seconds: float) -> None:
    dataset.take(np.arange(len(dataset)))  # synthetic faces are drawn now, on nobody's budget
    index = dataset.validation[:NUM_JUDGED]
    racers = [
        Racer(name, with_values(Config(), {"model.name": name}), dataset, seconds)
        for name in NETWORKS
        if name != "mlp"
    ]
    elbos: dict[str, list[float]] = {racer.name: [] for racer in racers}
    errors = {}

    def look(racer: Racer) -> None:
        now = measured(racer.model, dataset, index)
        elbos[racer.name].append(now.elbo)
        errors[racer.name] = now.squared_error / math.prod(dataset.image_shape)

    race(racers, [seconds / 3, seconds * 2 / 3, seconds], TURN, look)
    size = dataset.image_shape[1]
    print(f"{len(dataset.train)} training images of {size} px, {seconds:g} CPU s each")
    titles = f"{'a third':>10}{'two thirds':>12}{'last':>10}{'psnr':>7}"
    print(f"{'network':<12}{'million':>8}{'images seen':>13}{'clock':>7}{titles}")
    for racer in racers:
        third, two_thirds, last = elbos[racer.name]
        print(
            f"{racer.name:<12}{num_parameters(racer.model) / 1e6:8.2f}{racer.num_images:13,}"
            f"{racer.wall_seconds:6.0f}s{third:10.1f}{two_thirds:12.1f}{last:10.1f}"
            f"{-10 * math.log10(errors[racer.name]):7.2f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=64, help="side of the images in pixels")
    parser.add_argument("--seconds", type=float, default=60.0, help="CPU seconds for each network")
    parser.add_argument("--source", default="synthetic")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        data = DataConfig(source=arguments.source, image_size=arguments.size)
        compare(open_dataset(data, data_cache(Path(folder))), arguments.seconds)


if __name__ == "__main__":
    main()
