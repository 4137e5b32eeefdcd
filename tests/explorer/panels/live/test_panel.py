"""Live says how a run goes, and what to do where it has ended badly."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from explorer.panels.live.panel import after_last_step, duration, is_fitting, pace, seconds_left
from explorer.state.session import Session
from tests.explorer.pages import open_panel, pictures_of, texts
from vae.runs.folder import Run


def test_live_shows_figures_pictures_and_curves(
    trained_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = open_panel(trained_root, "Live", monkeypatch)
    figures = {metric.label: metric.value for metric in at.metric}
    assert figures["Status"] == "finished"
    assert figures["Epoch"] == "2 of 2"
    assert "Time trained" in figures
    alts = list(pictures_of(at))
    assert alts == ["Reconstructions", "Samples"]
    assert len(at.get("echarts_chart")) == 4


def test_live_looks_back_when_scrubbed_and_follows_again_at_the_end(
    trained_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = open_panel(trained_root, "Live", monkeypatch)
    scrubber = at.select_slider[0]
    newest = scrubber.value
    newest_url = pictures_of(at)["Samples"]
    scrubber.set_value(2).run()
    assert at.select_slider[0].value == 2
    assert pictures_of(at)["Samples"] != newest_url
    at.select_slider[0].set_value(newest).run()
    assert pictures_of(at)["Samples"] == newest_url
    assert at.session_state["live_held:tiny"] is None


def test_the_newest_samples_go_through_the_flow_unless_that_is_switched_off(
    trained_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = open_panel(trained_root, "Live", monkeypatch)
    assert "through the flow" in texts(at)
    moved = pictures_of(at)
    at.toggle[0].set_value(False).run()
    assert not at.exception
    decoded = pictures_of(at)
    assert decoded["Samples"] != moved["Samples"]
    assert decoded["Reconstructions"] == moved["Reconstructions"]
    assert "through the flow" not in texts(at)
    at.toggle[0].set_value(True).run()
    at.select_slider[0].set_value(2).run()  # there is no flow of those weights
    assert not at.toggle
    assert "through the flow" not in texts(at)


def test_a_flow_of_other_weights_is_not_used(
    trained_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(trained_root / "tiny", tmp_path / "tiny")
    run = Run(tmp_path / "tiny")
    with safe_open(run.flow_file, "pt") as file:
        about = file.metadata()
    save_file(load_file(run.flow_file), run.flow_file, about | {"digest": "of others"})
    at = open_panel(tmp_path, "Live", monkeypatch)
    assert "weights in use have no flow" in texts(at)
    assert "through the flow" not in texts(at)


def test_live_tells_why_a_run_failed_and_what_to_do(
    failed_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = texts(open_panel(failed_root, "Live", monkeypatch))
    assert "the disk is full" in said
    assert "Resume" in said


def test_live_outlives_previews_that_were_removed(
    failed_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(failed_root / "tiny" / "previews")
    assert "no longer on disk" in texts(open_panel(failed_root, "Live", monkeypatch))


def test_the_time_left_comes_from_the_pace_since_this_start() -> None:
    start = {"time": 1000.0, "step": 100}
    steps = [{"time": 10.0, "step": 100}, {"time": 1010.0, "step": 120}]
    assert seconds_left(steps, start, 40) == pytest.approx(20.0)
    assert seconds_left(steps[:1], start, 40) is None
    assert duration(3725) == "1 h 2 min"


def test_live_is_drawn_less_often_as_a_training_lasts() -> None:
    assert [pace(lasted) for lasted in (-1, 0, 20, 60, 100, 10_000)] == [1, 1, 1, 3, 5, 5]


def test_it_says_what_is_done_once_the_last_step_is_taken(tmp_path: Path) -> None:
    session = Session(tmp_path, Run(tmp_path / "a"))
    session.run.folder.mkdir()
    for line, part, words in (
        ("", 1.0, "The last step is taken"),
        ("train 680/680", 1.0, "The last step is taken"),
        ("encode 256/1024", 0.25, "Encoding the images, to sample from ... 25%"),
        ("flow 1200/1500", 0.8, "Fitting the flow to their codes, to sample from ... 80%"),
    ):
        session.run.log_file.write_text(f"something\n{line}\n")
        got = after_last_step(session)
        assert is_fitting(session) == (part < 1)  # also where a limit ended the steps early
        assert got[0] == part
        assert words in got[1]
