"""What an average of the weights, and a warm-up of the learning rate, are worth at equal steps.

`python -m benchmarks.schedules --what ema` and `--what warmup`: synthetic faces at 32 px, a small
residual network, one thread. Prints a line for each seed and setting: elbo of validation images.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any, Literal

import torch

from vae.config import Config, with_values
from vae.data.dataset import Dataset, open_dataset
from vae.option_choices import Request
from vae.runs.events import measured
from vae.runs.folder import Run
from vae.training.average import Average
from vae.training.state import prepare
from vae.training.trainer import Trainer
from vae.training.validation import validate

DECAYS = (0.99, 0.998, 0.999)
WARMUPS = (0, 20, 50, 100)  # steps
SETTINGS: dict[str, Any] = {
    "data.num_images": 5000,
    "data.image_size": 32,
    "data.validation_fraction": 0.2,
    "model.channels": (16, 32, 64, 64, 64),
    "train.checkpoint_every": 50,
}


class _Averaging(Trainer):
    """A training with several averages of its weights, none of which it sees."""

    averages: list[Average]

    def asked(self) -> Request | Literal[""]:
        if self.step == 0:
            self.averages = [Average(self.model, decay) for decay in DECAYS]
        else:
            for average in self.averages:
                average.update(self.model, torch.tensor(0.0))
        return ""


class _Warming(Trainer):
    """A training whose learning rate rises linearly over its first steps."""

    warmup = 0

    def asked(self) -> Request | Literal[""]:
        return ""

    def _lr(self, step: int) -> float:
        return super()._lr(step) * min(1.0, (step + 1) / (self.warmup + 1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--what", choices=("ema", "warmup"), required=True)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--lr", type=float, default=1e-3)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        config = with_values(
            Config(), SETTINGS | {"train.epochs": arguments.epochs, "train.lr": arguments.lr}
        )
        dataset = open_dataset(config.data, Path(folder) / ".data")
        compare = _compare_averages if arguments.what == "ema" else _compare_warmups
        for seed in range(arguments.seeds):
            compare(with_values(config, {"train.seed": seed}), dataset, Path(folder))


def _compare_averages(config: Config, dataset: Dataset, folder: Path) -> None:
    for schedule in ("constant", "cooldown"):
        config = with_values(config, {"train.lr_schedule": schedule})
        run = Run(folder / f"{schedule}-{config.train.seed}")
        trainer = _Averaging(run, prepare(run, config, dataset), dataset)
        trainer.train(trainer.asked, lambda what, done, total: None)
        trainer.asked()  # the last step
        models = {"none": trainer.model} | {str(a.decay): a.model for a in trainer.averages}
        num = len(dataset.validation)
        elbos = {
            name: validate(model, dataset, trainer.objective, trainer.step, num).measures["elbo"]
            for name, model in models.items()
        }
        _tell(f"seed {config.train.seed} {schedule} {trainer.step} steps", elbos)


def _compare_warmups(config: Config, dataset: Dataset, folder: Path) -> None:
    for warmup in WARMUPS:
        run = Run(folder / f"{warmup}-{config.train.seed}")
        trainer = _Warming(run, prepare(run, config, dataset), dataset)
        trainer.warmup = warmup
        trainer.train(trainer.asked, lambda what, done, total: None)
        elbos = {f"step {event['step']}": event["elbo"] for event in measured(run.events())}
        _tell(f"seed {config.train.seed} lr {config.train.lr} warm-up {warmup}", elbos)


def _tell(what: str, elbos: dict[str, float]) -> None:
    print(what, *(f"{name}: {elbo:,.1f}" for name, elbo in elbos.items()), sep="  ", flush=True)


if __name__ == "__main__":
    main()
