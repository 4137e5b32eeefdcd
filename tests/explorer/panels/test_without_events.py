"""The panels Live, Animation and Model where there is no run, or one that has not begun."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.explorer.pages import open_panel, texts

PANELS = ("Live", "Animation", "Model")


@pytest.mark.parametrize("panel", PANELS)
def test_without_a_run_a_panel_says_how_to_begin(
    panel: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Start training" in texts(open_panel(tmp_path, panel, monkeypatch))


@pytest.mark.parametrize(
    ("panel", "text"),
    [
        ("Live", "Training was interrupted"),
        ("Animation", "No pictures yet"),
        ("Model", "after 20 steps"),
    ],
)
def test_a_run_without_events_is_told_apart_from_no_run(
    panel: str, text: str, trained_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    shutil.copy(trained_root / "tiny" / "config.json", tmp_path / "empty")
    assert text in texts(open_panel(tmp_path, panel, monkeypatch))


@pytest.mark.parametrize("panel", ["Live", "Model"])
def test_an_evaluation_that_was_not_finite_breaks_nothing(
    panel: str, failed_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log leaves out numbers that are not finite, so that the terms are missing."""
    events = failed_root / "tiny" / "events.jsonl"
    broken = {"kind": "eval", "time": 1e9, "step": 8, "epoch": 2, "active_units": 0}
    events.write_text(events.read_text() + json.dumps(broken) + "\n")
    assert "elbo" in texts(open_panel(failed_root, panel, monkeypatch))
