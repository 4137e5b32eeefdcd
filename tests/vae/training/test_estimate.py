"""The estimate of a training counts what the training does, and leaves nothing behind."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from vae.config import Config, with_values
from vae.data.dataset import open_dataset
from vae.latent import fit_flow
from vae.model.flow import Flow
from vae.runs.milestones import num_checkpoints, num_previews
from vae.training import estimate as module
from vae.training.estimate import estimate

TINY = {
    "data.num_images": 60,
    "data.image_size": 16,
    "model.latent_dim": 4,
    "model.channels": (8, 8, 8, 8, 8),
    "train.batch_size": 16,
    "train.device": "cpu",
}


@pytest.mark.parametrize("num_epochs", [1, 30])
def test_a_few_steps_stand_for_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, num_epochs: int
) -> None:
    monkeypatch.setattr(module, "SOME_SECONDS", 0.1)
    config = with_values(Config(), {**TINY, "train.epochs": num_epochs})
    found = estimate(config, open_dataset(config.data, tmp_path), tmp_path / "measured")
    costs = found.costs
    assert found.num_steps == num_epochs * 4  # 54 images in batches of 16
    assert found.steps_per_epoch == 4
    assert min(costs.first_pictures, costs.step, costs.preview, costs.evaluation) > 0
    parts = costs.first_pictures + found.num_steps * costs.step
    parts += (num_previews(found.num_steps) - 1) * costs.preview
    parts += num_checkpoints(found.num_steps, 250, 4) * costs.evaluation
    assert found.all == pytest.approx(parts)
    assert found.device == "cpu"


@pytest.mark.parametrize(("num", "prior"), [(60, "flow"), (600, "flow"), (600, "normal")])
def test_the_flow_is_counted_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, num: int, prior: str
) -> None:
    monkeypatch.setattr(module, "SOME_SECONDS", 0.1)
    monkeypatch.setattr(fit_flow, "step_seconds", lambda latent_dim: 0.25 * latent_dim)
    config = with_values(Config(), {**TINY, "data.num_images": num, "model.prior": prior})
    found = estimate(config, open_dataset(config.data, tmp_path), tmp_path / "measured")
    least = fit_flow.STEPS if num == 600 else 0  # fewer images have no velocities
    if prior == "normal":
        assert found.flow == 0
    else:
        assert least < found.flow < least + 600


def test_a_step_of_the_fit_is_measured_by_all_that_it_divides_by(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    taken: list[int] = []
    matching = fit_flow._matching

    def counting(flow: Flow, z: Tensor, generator: torch.Generator) -> Tensor:
        taken.append(torch.is_grad_enabled())
        return matching(flow, z, generator)

    monkeypatch.setattr(fit_flow, "_matching", counting)
    assert fit_flow.step_seconds(64) > 0
    assert sum(taken) == 2 * fit_flow.FEW_STEPS
