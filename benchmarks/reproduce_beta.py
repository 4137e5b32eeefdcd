"""Disentanglement: pythae's beta-VAE beside ours, same data, same network, equal CPU seconds.

    pip install --no-deps pythae cloudpickle imageio && pip install pydantic
    python -m benchmarks.reproduce_beta [--sets sprites] [--seconds 45] [--seeds 2]

pythae is no part of the product's environment; where it is missing, its lines are left out.

    pythae        pythae's BetaVAE, forward pass and loss as they are, with the usual five layers
                  as its encoder and decoder; Adam at a constant 1e-3
    beta          our beta objective on the same five layers, constant learning rate
    beta, ours    our beta objective on the residual network, cooldown
    beta_tc       our total-correlation objective on the residual network, cooldown

On `sprites` (binary, 32 px) the likelihood is Bernoulli. On `faces` (synthetic, 32 px) pythae has
`mse`, half the summed squared error, which is a Gaussian of sigma 1; the `beta` of the same five
layers has that fixed sigma too, the other two have the shared optimal one.

Judged on held-out images: MIG by the same code for all, from posterior means.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.racing import Racer, race
from vae.config import Config, DataConfig, with_values
from vae.data.dataset import Dataset, open_dataset
from vae.evaluation.disentanglement import binned, information_gap
from vae.latent.encoding import to_unit
from vae.model.convolutions import ConvDecoder, ConvEncoder
from vae.model.networks import LOGVAR_BOUND, VAE, num_parameters
from vae.runs.folder import data_cache

ROOT = Path(__file__).resolve().parent.parent
SPRITES = ROOT.parent / "shared" / "data" / "dsprites_like" / "dsprites_like_64x64.npz"
SIZE = 32
TURN = 5.0  # CPU seconds
NUM_JUDGED = 5000  # held-out images, or as many as there are
# Channels with which both networks learn about half a million numbers.
USUAL_CHANNELS, RESIDUAL_CHANNELS = (16, 32, 64, 128, 128), (16, 32, 64, 64, 64)


@dataclass(frozen=True)
class Judging:
    """What is asked of a set of images."""

    latent_dim: int
    beta: float
    likelihood: dict[str, Any]  # of pythae and of the network that it shares


SETS = {
    "sprites": Judging(10, 4.0, {"model.likelihood": "bernoulli"}),
    "faces": Judging(16, 4.0, {"model.sigma": 1.0}),
}


def systems(judging: Judging, are_binary: bool) -> dict[str, dict[str, Any]]:
    every = {
        "model.latent_dim": judging.latent_dim,
        "model.channels": RESIDUAL_CHANNELS,
        "train.beta": judging.beta,
    }
    usual = {
        "model.name": "conv",
        "model.channels": USUAL_CHANNELS,
        "train.lr_schedule": "constant",
        "train.optimizer": "adam",
    } | judging.likelihood
    own = judging.likelihood if are_binary else {}
    return {
        "pythae": every | usual,
        "beta": every | usual,
        "beta, ours": every | own,
        "beta_tc": every | own | {"train.objective": "beta_tc"},
    }


class PythaeRacer(Racer):
    """pythae's BetaVAE on the five layers; its noise is its own."""

    def make_model(self) -> nn.Module:
        from pythae.models import BetaVAE, BetaVAEConfig
        from pythae.models.base.base_utils import ModelOutput
        from pythae.models.nn import BaseDecoder, BaseEncoder

        shape, model = self.dataset.image_shape, self.config.model

        class Encoder(BaseEncoder):  # type: ignore[misc]
            def __init__(self) -> None:
                super().__init__()
                self.net = ConvEncoder(shape, model.latent_dim, model.channels)

            def forward(self, x: Tensor) -> Any:
                mu, raw = self.net(x).chunk(2, 1)
                logvar = LOGVAR_BOUND * torch.tanh(raw / LOGVAR_BOUND)  # as our networks bound it
                return ModelOutput(embedding=mu, log_covariance=logvar)

        class Decoder(BaseDecoder):  # type: ignore[misc]
            def __init__(self) -> None:
                super().__init__()
                self.net = ConvDecoder(shape, model.latent_dim, model.channels)

            def forward(self, z: Tensor) -> Any:
                return ModelOutput(reconstruction=torch.sigmoid(self.net(z)))

        config = BetaVAEConfig(
            input_dim=shape,
            latent_dim=model.latent_dim,
            beta=self.config.train.beta,
            reconstruction_loss="bce" if model.likelihood == "bernoulli" else "mse",
        )
        made: nn.Module = BetaVAE(model_config=config, encoder=Encoder(), decoder=Decoder())
        return made

    def loss(self, x: Tensor, eps: Tensor) -> Tensor:
        result: Tensor = self.model({"data": x}).loss
        return result


def is_there(name: str) -> bool:
    try:
        __import__(name)
    except ImportError as error:
        print(f"{name} is left out: {error}")
        return False
    return True


@torch.inference_mode()
def posterior_means(racer: Racer, index: np.ndarray) -> np.ndarray:
    """mu of the images of `index`. [N, D]"""
    parts = []
    for start in range(0, len(index), 250):
        x = to_unit(racer.dataset.take(index[start : start + 250]))
        if isinstance(racer, PythaeRacer):
            parts.append(racer.model.encoder(x).embedding)
        else:
            assert isinstance(racer.model, VAE)
            parts.append(racer.model.encode(x).mu)
    return torch.cat(parts).numpy()


def compare(
    name: str, archive: Path, seconds: float, num_seeds: int, with_pythae: bool
) -> dict[str, Any]:
    judging = SETS[name]
    source = str(archive) if name == "sprites" else "synthetic"
    with tempfile.TemporaryDirectory() as folder:
        data = DataConfig(source=source, image_size=SIZE)
        dataset = open_dataset(data, data_cache(Path(folder)))
        dataset.take(np.arange(len(dataset)))  # drawn now, on nobody's budget
        return _compare(name, judging, dataset, seconds, num_seeds, with_pythae)


def _compare(
    name: str,
    judging: Judging,
    dataset: Dataset,
    seconds: float,
    num_seeds: int,
    with_pythae: bool,
) -> dict[str, Any]:
    racers = []
    for system, values in systems(judging, dataset.image_shape[0] == 1).items():
        kind = PythaeRacer if system == "pythae" else Racer
        if kind is PythaeRacer and not with_pythae:
            continue
        for seed in range(num_seeds):
            config = with_values(Config(), values | {"train.seed": seed})
            racers.append(kind(system, config, dataset, seconds))
    index = dataset.validation[:NUM_JUDGED]
    factors = {
        factor: column[index]
        for factor, column in dataset.attributes.items()
        if len(np.unique(column[index])) > 1
    }
    rows: list[dict[str, Any]] = []

    def look(racer: Racer) -> None:
        mu = posterior_means(racer, index)
        latents = binned(mu)
        gaps = {name: information_gap(column, latents)[0] for name, column in factors.items()}
        rows.append(
            {
                "system": racer.name,
                "seed": racer.config.train.seed,
                "seconds": racer.seconds,
                "epochs": racer.epochs,
                "num_parameters": num_parameters(racer.model),
                "active": int((mu.var(0) > 0.01).sum()),
                "mig": float(np.mean(list(gaps.values()))),
                "gaps": gaps,
            }
        )

    began = time.perf_counter()
    race(racers, [seconds / 2, seconds], TURN, look)
    print(
        f"\n{name}: {len(dataset.train)} training images of {dataset.image_shape[1]} px, D "
        f"{judging.latent_dim}, beta {judging.beta:g}; {seconds:g} CPU s each, "
        f"{time.perf_counter() - began:.0f} s of the clock in all; {len(factors)} factors, MIG on "
        f"{len(index)} held-out images"
    )
    print(
        f"{'system':<12}{'seed':>5}{'CPU s':>7}{'epochs':>8}{'million':>9}{'active':>8}{'MIG':>8}"
    )
    for row in rows:
        print(
            f"{row['system']:<12}{row['seed']:5}{row['seconds']:7.0f}{row['epochs']:8.2f}"
            f"{row['num_parameters'] / 1e6:9.2f}{row['active']:8}{row['mig']:8.3f}",
            flush=True,
        )
    return {"seconds": seconds, "rows": rows}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", nargs="+", choices=list(SETS), default=["sprites"])
    parser.add_argument("--seconds", type=float, default=45.0, help="CPU seconds for each system")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--archive", type=Path, default=SPRITES, help="the .npz of `sprites`")
    parser.add_argument("--out", type=Path, default=None, help="folder for the figures")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with_pythae = is_there("pythae")
    results = {}
    for name in arguments.sets:
        results[name] = compare(
            name, arguments.archive, arguments.seconds, arguments.seeds, with_pythae
        )
        if arguments.out is not None:
            arguments.out.mkdir(parents=True, exist_ok=True)
            (arguments.out / "beta.json").write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
