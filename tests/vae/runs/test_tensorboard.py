"""The log once more for TensorBoard, read back by its own reader."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import TINY
from vae.commands.parser import main
from vae.runs.events import Event
from vae.runs.folder import Run

pytest.importorskip("tensorboard")

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

TINY_RUN = [*TINY, "--log", "tensorboard"]


def read_back(folder: Path) -> EventAccumulator:
    found = EventAccumulator(str(folder), {"scalars": 0, "images": 0, "tensors": 0})
    return found.Reload()


def of_kind(run: Run, kind: str) -> list[Event]:
    return [event for event in run.events() if event["kind"] == kind]


@pytest.mark.parametrize(("kind", "split"), [("step", "train"), ("eval", "validation")])
def test_numbers_are_those_of_the_log(tmp_path: Path, kind: str, split: str) -> None:
    assert main(["train", "a", "--root", str(tmp_path), *TINY_RUN]) == 0
    found = read_back(tmp_path / "a" / "tensorboard")
    for name in ("loss", "nll", "kl"):
        told = [(point.step, point.value) for point in found.Scalars(f"{name}/{split}")]
        events = {event["step"]: event[name] for event in of_kind(Run(tmp_path / "a"), kind)}
        assert told == [(step, pytest.approx(value)) for step, value in sorted(events.items())]


def test_previews_are_its_images_and_a_resumed_run_goes_on(tmp_path: Path) -> None:
    command = ["train", "a", "--root", str(tmp_path), *TINY_RUN]
    assert main(command) == 0
    assert main([*command[:-3], "--train.epochs=4", *command[-2:]]) == 0
    found = read_back(tmp_path / "a" / "tensorboard")
    run = Run(tmp_path / "a")
    steps = [event["step"] for event in of_kind(run, "preview")]
    assert sorted({image.step for image in found.Images("samples")}) == sorted(set(steps))
    assert [p.step for p in found.Scalars("loss/train")] == [
        event["step"] for event in of_kind(run, "step")
    ]


def test_without_the_package_one_sentence_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("vae.runs.tensorboard.find_spec", lambda name: None)
    assert main(["train", "a", "--root", str(tmp_path), *TINY_RUN]) == 2
    assert "pip install tensorboard" in capsys.readouterr().err
    assert not (tmp_path / "a").exists()
