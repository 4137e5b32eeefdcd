"""The sidebar says what is asked of the trainer, and of no other."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from tests.explorer.pages import page
from vae.runs.folder import Run

SAVING = "The trainer is saving a checkpoint and will then end ..."


@pytest.mark.parametrize(
    ("kinds", "is_saving"),
    [
        (("start", "request"), True),
        (("start", "request", "end"), False),  # and one that resumes has just taken the lock
        (("start", "end", "request"), True),
        (("start", "request", "end", "start"), False),
    ],
)
def test_a_request_is_on_its_way_until_the_trainer_it_was_made_to_has_ended(
    trained_root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kinds: tuple[str, ...],
    is_saving: bool,
) -> None:
    monkeypatch.setenv("VAE_ROOT", str(tmp_path))
    run = Run(tmp_path / "tiny")
    shutil.copytree(trained_root / "tiny", run.folder)
    start = next(event for event in run.events() if event["kind"] == "start")
    end = {"kind": "end", "step": 8, "status": "paused"}
    lines = []
    for number, kind in enumerate(kinds):
        if kind == "request":
            run.control_file.write_text(json.dumps({"sequence": 1, "request": "pause"}))
            os.utime(run.control_file, (1e9 + number, 1e9 + number))
        else:
            event = start if kind == "start" else end
            lines.append(json.dumps({**event, "time": 1e9 + number}) + "\n")
    run.events_file.write_text("".join(lines))
    with run.lock():
        at = page("Live")
        assert any(caption.value == SAVING for caption in at.sidebar.caption) == is_saving
        buttons = {button.label: button.disabled for button in at.sidebar.button}
    assert buttons["Pause"] == buttons["Stop"] == is_saving
