"""The usual face VAE beside the default one, on equal CPU seconds, judged on held-out faces.

    python -m benchmarks.reproduce_faces [--settings cartoon-32 ...] [--seconds 60] [--out FOLDER]

The usual one has five convolutions of 3 by 3 with batch normalisation (16 to 256 channels), loses
summed squared error + KL, which is a Gaussian of fixed sigma sqrt(1/2), and has Adam at a constant
1e-3 and batches of 128. At 32 pixels it has 128 latent dimensions, as a public anime-face VAE whose
layers are known; at 64 pixels 512, as another whose layers are not, so that these are the first
one's. To tell networks and objectives apart, two mixtures run as well:

    usual         that network, its objective, its batch, its constant learning rate
    usual + ours  that network; our objective (shared optimal sigma), batch and cooldown
    default       every setting of the model and of the training as the product has it
    ours + usual  our network with the usual objective, latent dimensions and batch; cooldown

All train in one process, in turns. Every elbo is on held-out images with a sampled z, in nats per
image. `elbo` is that of the likelihood trained with, `refitted` that with the one sigma that fits
1,000 training images best, `sse + kl` is the usual loss, where less is better.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.curves import Frame, draw_curves
from benchmarks.racing import Racer, measured, race
from vae.config import Config, DataConfig, with_values
from vae.data.dataset import Dataset, open_dataset
from vae.model.networks import num_parameters
from vae.runs.folder import data_cache

ROOT = Path(__file__).resolve().parent.parent
ARCHIVE = ROOT.parent / "shared" / "data" / "cartoon_noble96" / "cartoon_noble96.zip"
TURN = 5.0  # CPU seconds
NUM_POINTS = 6  # of a curve, and one more at half the first
NUM_LOOKED_AT = 300  # held-out images for a point of a curve, and as many to refit sigma
NUM_JUDGED = 2000  # held-out images at the end, or as many as there are
NUM_REFIT = 1000  # training images

USUAL_NETWORK: dict[str, Any] = {
    "model.name": "conv",
    "model.channels": (16, 32, 64, 128, 256),
}
USUAL_OBJECTIVE: dict[str, Any] = {
    "model.sigma": math.sqrt(0.5),
    "train.batch_size": 128,
    "train.optimizer": "adam",
}
CONSTANT: dict[str, Any] = {"train.lr_schedule": "constant"}


@dataclass(frozen=True)
class Setting:
    """Faces of one size, and how many latent dimensions the usual network has there."""

    source: str
    image_size: int
    latent_dim: int


SETTINGS = {
    "cartoon-32": Setting("cartoon", 32, 128),
    "synthetic-32": Setting("synthetic", 32, 128),
    "cartoon-64": Setting("cartoon", 64, 512),
    "synthetic-64": Setting("synthetic", 64, 512),
}

LEGEND = {  # what each curve is called, and which elbo it shows
    "usual": ("usual network and objective, sigma refitted", "refitted"),
    "usual + ours": ("usual network, our objective", "elbo"),
    "default": ("default", "elbo"),
    "ours + usual": ("our network, usual objective, sigma refitted", "refitted"),
}


def systems(setting: Setting) -> dict[str, dict[str, Any]]:
    latent = {"model.latent_dim": setting.latent_dim}
    return {
        "usual": USUAL_NETWORK | USUAL_OBJECTIVE | latent | CONSTANT,
        "usual + ours": USUAL_NETWORK | latent,
        "default": {},
        "ours + usual": USUAL_OBJECTIVE | latent,
    }


def run_setting(name: str, archive: Path, seconds: float, only: list[str]) -> dict[str, Any]:
    setting = SETTINGS[name]
    source = str(archive) if setting.source == "cartoon" else "synthetic"
    with tempfile.TemporaryDirectory() as folder:
        data = DataConfig(source=source, image_size=setting.image_size)
        dataset = open_dataset(data, data_cache(Path(folder)))
        dataset.take(np.arange(len(dataset)))  # synthetic faces are drawn now, on nobody's budget
        return _race(name, dataset, systems(setting), seconds, only)


def _race(
    name: str,
    dataset: Dataset,
    wanted: dict[str, dict[str, Any]],
    seconds: float,
    only: list[str],
) -> dict[str, Any]:
    racers = [
        Racer(system, with_values(Config(), values), dataset, seconds)
        for system, values in wanted.items()
        if system in only
    ]
    num_pixels = math.prod(dataset.image_shape)
    held_out = dataset.validation
    some = np.random.default_rng(0).permutation(dataset.train)[:NUM_REFIT]
    curves: dict[str, list[dict[str, float]]] = {racer.name: [] for racer in racers}

    def look(racer: Racer) -> None:
        own = measured(racer.model, dataset, held_out[:NUM_LOOKED_AT])
        refit = measured(racer.model, dataset, some[:NUM_LOOKED_AT])
        variance = refit.squared_error / num_pixels
        curves[racer.name].append(
            {
                "seconds": racer.seconds,
                "wall_seconds": racer.wall_seconds,
                "epochs": racer.epochs,
                "elbo": own.elbo,
                "refitted": own.elbo_with(variance, num_pixels),
                "sse_and_kl": own.summed_error_and_kl,
            }
        )

    stops = [seconds / NUM_POINTS / 2]
    stops += [seconds * k / NUM_POINTS for k in range(1, NUM_POINTS + 1)]
    began = time.perf_counter()
    race(racers, stops, min(TURN, stops[0]), look)
    print(
        f"\n{name}: {len(dataset.train)} training and {len(held_out)} held-out images of "
        f"{dataset.image_shape[1]} px, {seconds:g} CPU s each, {time.perf_counter() - began:.0f} s "
        "of the clock in all"
    )
    print(
        f"{'system':<14}{'million':>8}{'epochs':>8}{'clock':>7}{'elbo':>10}{'refitted':>10}"
        f"{'sse + kl':>10}{'sse':>9}{'kl':>8}{'sigma':>8}{'psnr':>7}"
    )
    rows = {}
    for racer in racers:
        own = measured(racer.model, dataset, held_out[:NUM_JUDGED])
        variance = measured(racer.model, dataset, some).squared_error / num_pixels
        psnr = -10 * math.log10(own.squared_error / num_pixels)
        refitted = own.elbo_with(variance, num_pixels)
        rows[racer.name] = asdict(own) | {
            "elbo": own.elbo,
            "refitted": refitted,
            "sse_and_kl": own.summed_error_and_kl,
            "refitted_sigma": math.sqrt(variance),
            "epochs": racer.epochs,
            "wall_seconds": racer.wall_seconds,
            "num_parameters": num_parameters(racer.model),
        }
        print(
            f"{racer.name:<14}{num_parameters(racer.model) / 1e6:8.2f}{racer.epochs:8.1f}"
            f"{racer.wall_seconds:6.0f}s{own.elbo:10.1f}{refitted:10.1f}"
            f"{own.summed_error_and_kl:10.2f}{own.squared_error:9.2f}{own.kl:8.1f}"
            f"{own.sigma or 0:8.3f}{psnr:7.2f}",
            flush=True,
        )
    return {"seconds": seconds, "rows": rows, "curves": curves}


def draw(results: dict[str, dict[str, Any]], path: Path) -> None:
    """Held-out elbo over seconds; the usual one with its sigma refitted, which does it justice."""
    frames = []
    for name, result in results.items():
        curves = {}
        for system, points in result["curves"].items():
            title, unit = LEGEND[system]
            curves[title] = [(point["seconds"], point[unit]) for point in points]
        low = min(points[1][1] for points in curves.values())
        frames.append(Frame(name.replace("-", ", ") + " px", curves, low))
    draw_curves(path, frames, "CPU seconds of training", "held-out elbo, nats per image")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--settings", nargs="+", choices=list(SETTINGS), default=list(SETTINGS))
    everything = list(systems(SETTINGS["cartoon-32"]))
    parser.add_argument("--systems", nargs="+", choices=everything, default=everything)
    parser.add_argument("--seconds", type=float, default=60.0, help="CPU seconds for each system")
    parser.add_argument("--archive", type=Path, default=ARCHIVE, help="the faces of `cartoon`")
    parser.add_argument("--out", type=Path, default=None, help="folder for figures and the picture")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    results = {}
    for name in arguments.settings:
        results[name] = run_setting(name, arguments.archive, arguments.seconds, arguments.systems)
        if arguments.out is not None:
            arguments.out.mkdir(parents=True, exist_ok=True)
            (arguments.out / "faces.json").write_text(json.dumps(results, indent=1))
            draw(results, arguments.out / "faces.png")


if __name__ == "__main__":
    main()
