"""What a panel tells to do can be done: its line and its empty state know how the run is."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from explorer.hints import HINTS
from tests.explorer.pages import page, text_of
from vae.runs.folder import Run

ALIVE = ("importing", "just started", "running")
EMPTY = ("importing", "just started", "failed at once", "paused at once")
STATES = (*ALIVE, "failed at once", "paused at once", "paused", "finished", "no weights", "broken")


def end(status: str) -> dict[str, object]:
    return {"kind": "end", "time": 1e9, "step": 0, "status": status, "reason": "no space."}


@pytest.fixture
def said(
    request: pytest.FixtureRequest,
    trained_root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[tuple[str, str, str]]:
    """The state of the run `tiny`, a panel, and what stands on it."""
    state, panel = request.param
    monkeypatch.setenv("VAE_ROOT", str(tmp_path))
    run = Run(tmp_path / "tiny")
    run.folder.mkdir()
    shutil.copy(trained_root / "tiny" / "config.json", run.folder)
    events = Run(trained_root / "tiny").events()
    start = [event for event in events if event["kind"] == "start"]
    without_end = [event for event in events if event["kind"] != "end"]
    if state not in EMPTY:
        shutil.copytree(trained_root / "tiny", run.folder, dirs_exist_ok=True)
    kept = {
        "importing": [],
        "just started": start,
        "running": without_end,
        "failed at once": [*start, end("failed")],
        "paused at once": [*start, end("paused")],
        "paused": [*without_end, end("paused")],
    }.get(state, events)
    run.events_file.write_text("".join(json.dumps(event) + "\n" for event in kept))
    if state == "no weights":
        run.weights_file.unlink()
    if state == "broken":
        for file in (run.weights_file, run.latents_file):
            file.write_bytes(b"no tensors")
    with ExitStack() as held:
        if state in ALIVE:
            held.enter_context(run.lock())
        yield state, panel, text_of(page(panel))


@pytest.mark.parametrize(
    "said", [(state, panel) for state in STATES for panel in HINTS], indirect=True, ids=str
)
def test_no_panel_tells_to_do_what_cannot_be_done(said: tuple[str, str, str]) -> None:
    state, panel, text = said
    assert HINTS[panel].seen in text
    first = HINTS[panel].first
    if state in ALIVE:
        assert "**Start training**" not in text
        assert "Press Start training" not in text
        assert "Resume" not in text
    if state in EMPTY:
        assert first not in text
    if state in ("failed at once", "paused at once"):
        assert "newest checkpoint" not in text
        assert "**Start training**" not in text
        if panel != "Live":
            assert "Press **Resume** in the sidebar: " in text
    if state == "paused" and panel != "Live":
        assert first in text
        assert "Resume" not in text
    if state == "finished":
        assert first in text
    if state in ("no weights", "broken") and panel in ("Map", "Sliders", "Interpolate"):
        assert first not in text


@pytest.mark.parametrize("panel", HINTS)
def test_without_a_run_the_panel_and_not_its_line_says_how_one_begins(
    panel: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAE_ROOT", str(tmp_path))
    text = text_of(page(panel))
    assert text.count("**Start training**") == 1
    assert HINTS[panel].seen in text
    assert HINTS[panel].first not in text
