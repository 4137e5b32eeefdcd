"""What a training learns from so many images, and in what time: by default, and as it was before.

    python -m benchmarks.learning [--epochs 1 2] [--seeds 0 1] [--images 19200]

The default network on drawn faces of 64 pixels. Each line is one training with a learning rate that
falls at its end: elbo of held-out faces, and the seconds of its steps on this machine. "Before" is
a batch of 64, a learning rate that is not warmed up, and Adam with the usual betas; "adam" is now
but for the optimizer; "bfloat16" is now, with networks in that precision.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from vae.config import Config, with_values
from vae.data.dataset import Dataset, open_dataset
from vae.runs.events import last_event
from vae.runs.folder import Run
from vae.training.schedules import COOLDOWN_PART, FINAL_PART
from vae.training.state import prepare
from vae.training.trainer import Trainer

USUAL_BETAS = (0.9, 0.999)
HELD_OUT = 0.1
BEFORE = "before"
RECIPES: dict[str, dict[str, object]] = {
    BEFORE: {"train.batch_size": 64, "train.optimizer": "adam"},
    "adam": {"train.optimizer": "adam"},
    "now": {},
    "bfloat16": {"train.precision": "bfloat16"},
}


class _Before(Trainer):
    """A training as it was."""

    def __init__(self, run: Run, config: Config, dataset: Dataset) -> None:
        super().__init__(run, config, dataset)
        for group in self.state.optimizer.param_groups:
            group["betas"] = USUAL_BETAS

    def _lr(self, step: int) -> float:
        lr, num_last = self.config.train.lr, max(1, round(COOLDOWN_PART * self.total_steps))
        part = min(1.0, (self.total_steps - 1 - step) / num_last)
        return lr * (FINAL_PART + (1 - FINAL_PART) * max(0.0, part))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, default=19_200, help="of an epoch")
    parser.add_argument("--epochs", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--recipes", nargs="+", choices=RECIPES, default=list(RECIPES))
    arguments = parser.parse_args()
    print("recipe    seed   images seen      elbo   seconds of steps", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for seed in arguments.seeds:
            for epochs in arguments.epochs:
                for name in arguments.recipes:
                    options = {
                        "data.num_images": round(arguments.images / (1 - HELD_OUT)),
                        "data.validation_fraction": HELD_OUT,
                        "train.epochs": epochs,
                        "train.seed": seed,
                        "train.checkpoint_every": 10**9,
                    }
                    config = with_values(Config(), options | RECIPES[name])
                    run = Run(Path(folder) / f"{name}-{seed}-{epochs}")
                    elbo, seconds = trained(run, config, name == BEFORE)
                    num = epochs * arguments.images
                    print(
                        f"{name:<9} {seed:4}   {num:11,}   {elbo:7,.0f}   {seconds:8.1f}",
                        flush=True,
                    )


def trained(run: Run, config: Config, as_before: bool) -> tuple[float, float]:
    """Elbo of the held-out images in the end, nats an image, and seconds of the steps."""
    dataset = open_dataset(config.data, run.folder.parent / "data")
    config = prepare(run, config, dataset)
    trainer = (_Before if as_before else Trainer)(run, config, dataset)
    trainer.train(lambda: "", lambda what, done, total: None)
    events = run.events()
    evaluation, step = last_event(events, "eval"), last_event(events, "step")
    return float(evaluation["elbo"]), float(step["seconds"])


if __name__ == "__main__":
    main()
