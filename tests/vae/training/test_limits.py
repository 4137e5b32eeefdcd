"""What ends a training before its last epoch, other than a person."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.vae.training.test_trainer import TINY, train
from vae.config import with_values
from vae.errors import InputError
from vae.runs.events import last_event
from vae.runs.folder import Run
from vae.runs.history import steps_in_history

STEPS_PER_EPOCH = 4


def notes(run: Run) -> list[str]:
    return [event["text"] for event in run.events() if event["kind"] == "note"]


def test_it_stops_when_its_time_is_over_and_goes_on_when_started_again(tmp_path: Path) -> None:
    config = with_values(TINY, {"train.max_minutes": 1e-9})
    run, status = train(tmp_path / "a", config)
    assert status == run.status() == "stopped"
    assert last_event(run.events(), "end")["step"] == 0
    assert notes(run) == ["Stopped after 1e-09 minutes (train.max_minutes)."]
    run, status = train(tmp_path / "a", with_values(TINY, {"train.max_minutes": 60}))
    assert status == "finished"


def test_it_stops_when_the_validation_loss_no_longer_falls(tmp_path: Path) -> None:
    """A learning rate of almost nothing: the first evaluation may stay the best by a hair."""
    values = {"train.lr": 1e-12, "train.epochs": 40, "train.patience": 3, "model.name": "mlp"}
    values |= {"model.sigma": 1.0, "train.checkpoint_every": 1000}
    run, status = train(tmp_path / "a", with_values(TINY, values))
    assert status == "stopped"
    best = max(e["step"] for e in run.events() if e["kind"] == "checkpoint" and e["is_best"])
    assert last_event(run.events(), "end")["step"] == best + 3 * STEPS_PER_EPOCH
    assert f"since step {best:,} (train.patience)" in notes(run)[-1]
    assert "`python -m vae checkpoint a --use best` puts the weights of that" in notes(run)[-1]
    assert best in steps_in_history(run)


def test_it_does_not_stop_while_the_validation_loss_falls(tmp_path: Path) -> None:
    values = {"train.epochs": 6, "train.patience": 2, "train.checkpoint_every": 1000}
    _, status = train(tmp_path / "a", with_values(TINY, values))
    assert status == "finished"


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("train.max_minutes", 0, "must be a number above 0, not 0"),
        ("train.patience", 0, "must be a whole number at least 1, not 0"),
    ],
)
def test_a_limit_of_nothing_is_refused(name: str, value: float, told: str) -> None:
    with pytest.raises(InputError, match=told):
        with_values(TINY, {name: value})
