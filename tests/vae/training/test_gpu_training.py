"""Training on a GPU: the same run as on a processor, and no step that waits for the device."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.vae.training.test_trainer import TINY, silent, train
from vae.config import with_values
from vae.data.dataset import open_dataset
from vae.runs.events import last_event
from vae.runs.folder import Run
from vae.runs.milestones import checkpoint_is_due, preview_is_due
from vae.training import step as steps
from vae.training.state import prepare
from vae.training.step import WARM_STEPS
from vae.training.step_means import LOG_EVERY
from vae.training.trainer import Trainer

pytestmark = pytest.mark.gpu

LONG = with_values(TINY, {"train.epochs": 40, "train.checkpoint_every": 10**6})


@pytest.mark.parametrize("network", ["residual", "conv", "mlp"])
def test_it_learns(tmp_path: Path, network: str) -> None:
    run, status = train(tmp_path / "a", with_values(LONG, {"model.name": network}))
    assert status == "finished"
    losses = [event["loss"] for event in run.events() if event["kind"] == "eval"]
    assert losses[-1] < losses[0]


def test_it_goes_on_after_a_pause(tmp_path: Path) -> None:
    train(tmp_path / "a", LONG, pause_at=13)
    run, status = train(tmp_path / "a", LONG)
    assert status == "finished"
    steps = [event["step"] for event in run.events() if event["kind"] == "step"]
    assert steps == sorted(set(steps))


def test_a_step_never_waits_for_the_device(tmp_path: Path) -> None:
    run = Run(tmp_path / "a")
    dataset = open_dataset(LONG.data, tmp_path / ".data")
    trainer = Trainer(run, prepare(run, LONG, dataset), dataset)

    def asked() -> str:
        """Called before each step: what is due after it may wait, the step itself may not."""
        after = trainer.step + 1
        every, per_epoch = LONG.train.checkpoint_every, trainer.steps_per_epoch
        may_wait = (
            trainer.step <= WARM_STEPS + 1  # then it is recorded and tried
            or after % LOG_EVERY == 0
            or preview_is_due(after)
            or checkpoint_is_due(after, every, per_epoch)
        )
        torch.cuda.set_sync_debug_mode("default" if may_wait else "error")
        return ""

    try:
        assert trainer.train(asked, silent) == "finished"
    finally:
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.parametrize("network", ["residual", "conv", "mlp"])
def test_a_recorded_step_is_the_same_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, network: str
) -> None:
    config = with_values(LONG, {"model.name": network, "train.precision": "float32"})
    recorded, _ = train(tmp_path / "a", config)
    notes = [event["text"] for event in recorded.events() if event["kind"] == "note"]
    assert not [text for text in notes if "recorded" in text]
    monkeypatch.setattr(steps, "can_record", lambda device: False)
    plain, _ = train(tmp_path / "b", config)
    ends = [last_event(run.events(), "eval")["elbo"] for run in (recorded, plain)]
    assert ends[0] == pytest.approx(ends[1], rel=0.02)
