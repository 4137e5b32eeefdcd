"""The estimate of a training counts what the training does, and leaves nothing behind."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from vae.config import Config, with_values
from vae.data.dataset import open_dataset
from vae.training.estimate import estimate, num_checkpoints
from vae.training.previews import num_previews, preview_is_due
from vae.training.trainer import Trainer

TINY = {
    "data.num_images": 60,
    "data.image_size": 16,
    "model.latent_dim": 4,
    "model.channels": (8, 8, 8, 8, 8),
    "train.batch_size": 16,
    "train.device": "cpu",
}


@pytest.mark.parametrize("num_steps", [*range(40), 100, 101, 1000])
def test_the_previews_of_a_training_are_counted(num_steps: int) -> None:
    drawn = [step for step in range(num_steps + 1) if preview_is_due(step) or step == num_steps]
    assert num_previews(num_steps) == len(drawn)


@pytest.mark.parametrize("every", [1, 7, 20, 250])
@pytest.mark.parametrize("per_epoch", [1, 4, 20, 33])
@pytest.mark.parametrize("num_epochs", [1, 3, 40])
def test_the_checkpoints_of_a_training_are_counted(
    every: int, per_epoch: int, num_epochs: int
) -> None:
    def is_saved(step: int) -> bool:
        config = with_values(Config(), {"train.checkpoint_every": every})
        trainer = SimpleNamespace(config=config, steps_per_epoch=per_epoch, step=step)
        return Trainer._save_is_due(trainer)

    num_steps = per_epoch * num_epochs
    saved = sum(is_saved(step) for step in range(1, num_steps + 1))
    assert num_checkpoints(num_steps, every, per_epoch) == saved


@pytest.mark.parametrize("num_epochs", [1, 30])
def test_a_few_steps_stand_for_all(tmp_path: Path, num_epochs: int) -> None:
    config = with_values(Config(), {**TINY, "train.epochs": num_epochs})
    found = estimate(config, open_dataset(config.data, tmp_path), tmp_path / "measured")
    assert found.num_steps == num_epochs * 4  # 54 images in batches of 16
    assert found.step > 0
    assert found.preview > 0
    assert found.evaluation > 0
    parts = found.first_pictures + found.num_steps * found.step
    parts += num_previews(found.num_steps) * found.preview
    parts += num_checkpoints(found.num_steps, 250, 4) * found.evaluation
    assert found.all == pytest.approx(parts)
    assert found.device == "cpu"
