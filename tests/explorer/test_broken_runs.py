"""A run with a broken file: the page says so in a sentence, and stays up."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.explorer.pages import page, text_of
from vae.runs.folder import Run

PANELS = ("Live", "Map", "Sliders", "Interpolate", "Animation", "Model")


def latents(run: Run) -> None:
    run.latents_file.write_bytes(b"no archive")


def weights(run: Run) -> None:
    run.weights_file.write_bytes(b"no tensors")


def previews(run: Run) -> None:
    for sheet in run.previews.iterdir():
        sheet.write_bytes(sheet.read_bytes()[:40])


def events(run: Run) -> None:
    run.events_file.unlink()
    run.events_file.mkdir()  # a folder cannot be read as a file, whoever asks


def lock(run: Run) -> None:
    run.lock_file.unlink(missing_ok=True)
    run.lock_file.mkdir()  # nor can it be locked


@pytest.fixture
def run(trained_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    shutil.copytree(trained_root / "tiny", tmp_path / "tiny")
    monkeypatch.setenv("VAE_ROOT", str(tmp_path))
    return Run(tmp_path / "tiny")


@pytest.mark.parametrize("spoil", [latents, weights, previews, events, lock])
@pytest.mark.parametrize("panel", PANELS)
def test_no_broken_file_of_a_run_is_a_traceback(
    run: Run, panel: str, spoil: Callable[[Run], None]
) -> None:
    spoil(run)
    page(panel)  # which fails where the page shows an exception


def test_a_broken_log_is_named(run: Run) -> None:
    events(run)
    assert "events.jsonl cannot be read" in text_of(page("Live"))


def test_broken_pictures_are_said_and_the_curves_stay(run: Run) -> None:
    previews(run)
    at = page("Live")
    assert "This picture is broken on disk." in text_of(at)
    assert at.main.get("bidi_component"), "the curves"
