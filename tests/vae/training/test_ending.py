"""What follows the last step: a flow of the codes, where one is wanted."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.vae.training.test_trainer import TINY, train
from vae.config import with_values
from vae.data.dataset import open_dataset
from vae.latent.fitted_flow import flow_of
from vae.model.checkpoints import load_model
from vae.runs.events import last_event
from vae.runs.folder import Run
from vae.training.state import prepare
from vae.training.trainer import Trainer


def test_a_finished_run_has_the_flow_of_its_weights(tmp_path: Path) -> None:
    run, _ = train(tmp_path / "a")
    found = flow_of(run, load_model(run)[1].digest)
    assert found is not None
    event = last_event(run.events(), "flow")
    assert event["gain"] == pytest.approx(found.gain)
    assert run.events()[-1]["kind"] == "end"
    again, _ = train(tmp_path / "a", with_values(TINY, {"train.epochs": 4}))
    digest = load_model(again)[1].digest
    assert digest != found.digest
    assert flow_of(again, digest) is not None


def test_it_has_none_where_none_is_wanted_or_it_is_not_over(tmp_path: Path) -> None:
    run, status = train(tmp_path / "a", with_values(TINY, {"model.prior": "normal"}))
    assert status == "finished"
    assert not run.flow_file.exists()
    run, status = train(tmp_path / "b", pause_at=5)
    assert status == "paused"
    assert not run.flow_file.exists()


def test_a_limit_is_an_end_too(tmp_path: Path) -> None:
    run, status = train(tmp_path / "a", with_values(TINY, {"train.max_minutes": 1e-9}))
    assert status == "stopped"
    assert run.flow_file.exists()


def test_its_progress_is_told_and_a_request_ends_it(tmp_path: Path) -> None:
    """The run is finished all the same: its last step was taken."""
    values = {"data.num_images": 700, "train.epochs": 1, "model.name": "mlp"}
    config = with_values(TINY, values)
    run, dataset = Run(tmp_path / "a"), open_dataset(config.data, tmp_path / ".data")
    trainer = Trainer(run, prepare(run, config, dataset), dataset)
    told: list[str] = []

    def asked() -> str:
        return "stop" if "flow" in told else ""

    def progress(what: str, done: int, total: int) -> None:
        told.append(what)

    assert trainer.train(asked, progress) == "finished"
    assert {"train", "encode", "flow"} <= set(told)
    assert told.count("flow") == 2  # the first step, and the end
    assert run.flow_file.exists()
    assert last_event(run.events(), "end")["status"] == "finished"
