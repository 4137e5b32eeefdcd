"""What a training leaves is written while it goes on: in order, exactly, and failures are told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.vae.training.test_trainer import TINY, events_without_clock, silent, train
from vae.config import with_values
from vae.data.dataset import open_dataset
from vae.errors import FileError
from vae.latent.encoding import load_latents
from vae.model import checkpoints
from vae.runs.events import EventWriter, read_events
from vae.runs.folder import Run
from vae.training import previews, saving
from vae.training.state import prepare
from vae.training.trainer import Trainer
from vae.training.writer import Writer

# Checkpoints at steps 4, 8 and 12, the ends of the epochs.
SELDOM = with_values(TINY, {"train.checkpoint_every": 1000})
PATIENCE = 60.0  # seconds that a job waits for steps which would not come if they waited for it


def test_jobs_and_lines_of_the_log_keep_their_order(tmp_path: Path) -> None:
    writer = Writer(EventWriter(tmp_path / "log", keep_step=0))
    begin, order = threading.Event(), []
    writer.later(begin.wait)
    for number in range(20):
        writer.later(lambda number=number: order.append(number))
        writer.note(number, "after")
    assert order == []
    begin.set()
    writer.close()
    assert order == list(range(20))
    assert [event["step"] for event in read_events(tmp_path / "log")[0]] == order


def test_it_computes_without_helpers_and_leaves_theirs_to_others(tmp_path: Path) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        writer = Writer(EventWriter(tmp_path / "log", keep_step=0))
        num_threads = dict[str, int]()

        def ask(name: str) -> None:
            num_threads[name] = torch.get_num_threads()

        writer.later(lambda: ask("writer"))
        writer.close()
        another = threading.Thread(target=ask, args=("another",))
        another.start()
        another.join()
        ask("steps")
        assert num_threads == {"writer": 1, "another": 2, "steps": 2}
    finally:
        torch.set_num_threads(before)


def test_after_a_job_that_fails_nothing_is_done_until_it_was_told(tmp_path: Path) -> None:
    writer = Writer(EventWriter(tmp_path / "log", keep_step=0))
    begin, done = threading.Event(), []

    def fail() -> None:
        begin.wait()
        raise FileError("The disk is full.")

    writer.later(fail)
    writer.later(lambda: done.append("names a file that is not there"))
    begin.set()
    with pytest.raises(FileError, match="full"):
        writer.finish()
    assert done == []
    writer.later(lambda: done.append("told"))
    writer.close()
    assert done == ["told"]


def trained_while(
    folder: Path, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, until: int
) -> tuple[Run, list[bool]]:
    """A training where the first call of `owner.name` waits until the step `until` is over.

    Also whether that step came while it waited.
    """
    run, reached, came = Run(folder), threading.Event(), list[bool]()
    honest: Callable[..., Any] = getattr(owner, name)

    def waits(*arguments: Any, **named: Any) -> Any:
        if not came:
            came.append(reached.wait(PATIENCE))
        return honest(*arguments, **named)

    monkeypatch.setattr(owner, name, waits)
    dataset = open_dataset(TINY.data, folder.parent / ".data")
    trainer = Trainer(run, prepare(run, SELDOM, dataset), dataset)

    def asked() -> str:
        if trainer.step == until:
            reached.set()
        return ""

    trainer.train(asked, silent)  # type: ignore[arg-type]
    return run, came


def test_steps_do_not_wait_for_a_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, came = trained_while(tmp_path / "a", monkeypatch, previews.Preview, "write", until=3)
    assert came == [True]


def test_a_checkpoint_is_of_its_step_though_others_follow_before_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone, _ = train(tmp_path / "alone", SELDOM, pause_at=4)
    wanted = checkpoints.newest_state(alone)
    found: list[dict[str, Any]] = []
    honest = checkpoints.save_state

    def kept(run: Run, state: dict[str, Any], best_step: int) -> tuple[Path, str]:
        found.append(state)
        return honest(run, state, best_step)

    monkeypatch.setattr(checkpoints, "save_state", kept)
    run, came = trained_while(tmp_path / "a", monkeypatch, checkpoints, "save_weights", until=6)
    assert came == [True]
    assert wanted is not None
    assert found[0]["step"] == wanted["step"] == 4
    for name, tensor in wanted["model"].items():
        assert torch.equal(tensor, found[0]["model"][name]), name
    for ours, theirs in zip(
        found[0]["optimizer"]["state"].values(), wanted["optimizer"]["state"].values(), strict=True
    ):
        assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    assert run.status() == "finished"


def test_a_disk_that_fills_ends_the_training_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = previews.Preview.write

    def full(preview: previews.Preview, run: Run) -> None:
        if preview.step == 3:
            raise FileError("The disk is full.")
        honest(preview, run)

    monkeypatch.setattr(previews.Preview, "write", full)
    with pytest.raises(FileError, match="full"):
        train(tmp_path / "a")
    events = Run(tmp_path / "a").events()
    assert [event["step"] for event in events if event["kind"] == "preview"] == [0, 1, 2]
    assert (events[-1]["status"], events[-1]["reason"]) == ("failed", "The disk is full.")


def test_steps_do_not_wait_for_a_measurement_which_is_of_its_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone, _ = train(tmp_path / "alone", SELDOM)
    run, came = trained_while(tmp_path / "a", monkeypatch, saving, "validate", until=7)
    assert came == [True]
    assert events_without_clock(run) == events_without_clock(alone)
    ours, theirs = load_latents(run.latents_file), load_latents(alone.latents_file)
    assert np.array_equal(ours.mu, theirs.mu)


def test_a_measurement_that_fails_ends_the_training_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*about: Any) -> None:
        raise FileError("The images are gone.")

    monkeypatch.setattr(saving, "validate", fails)
    with pytest.raises(FileError, match="gone"):
        train(tmp_path / "a", SELDOM)
    events = Run(tmp_path / "a").events()
    assert (events[-1]["status"], events[-1]["reason"]) == ("failed", "The images are gone.")
    assert not [event for event in events if event["kind"] in ("eval", "checkpoint")]
