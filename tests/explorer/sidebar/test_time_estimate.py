"""The sidebar measures how long the training in the form would take."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from explorer.sidebar import inquiry, time_estimate
from explorer.state import cache
from tests.explorer.pages import PAGE
from vae.runs.folder import Run

NAME = "How long will it take?"


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("VAE_ROOT", str(tmp_path))
    page = AppTest.from_file(PAGE, default_timeout=30).run()
    assert not page.exception
    return page


def button(at: AppTest):
    return next((one for one in at.sidebar.button if one.label == NAME), None)


def answer(at: AppTest) -> str:
    """What the sidebar says of the time, once it says it."""
    deadline = time.monotonic() + 120
    while True:
        for caption in at.sidebar.caption:
            if "First pictures after" in caption.value:
                return str(caption.value)
        assert time.monotonic() < deadline
        assert not at.sidebar.error
        time.sleep(0.2)
        at.run()


def set_number(at: AppTest, label: str, value: int) -> None:
    next(one for one in at.sidebar.number_input if one.label == label).set_value(value)
    at.run()


def test_the_time_is_measured_once_whatever_the_number_of_epochs(at: AppTest) -> None:
    set_number(at, "Image size", 16)
    set_number(at, "Epochs", 2)
    button(at).click().run()
    assert button(at) is None
    assert "with the previews, evaluations and checkpoints between them" in answer(at)
    assert "Then a flow is fitted to the codes" in answer(at)
    assert "1,126 steps" in answer(at)  # 18,000 images in batches of 32, twice
    set_number(at, "Epochs", 3)
    assert "1,689 steps" in answer(at)
    set_number(at, "Batch size", 64)
    assert button(at) is not None
    assert not any("First pictures after" in caption.value for caption in at.sidebar.caption)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "faces"
    folder.mkdir()
    for number, pixels in enumerate(np.random.default_rng(0).integers(0, 256, (12, 16, 16, 3))):
        Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{number}.png")
    return folder


def look_at(at: AppTest, folder: Path) -> None:
    """Choose a folder as the data, and wait until it has been looked at."""
    next(one for one in at.sidebar.text_input if one.label == "Data").set_value(str(folder)).run()
    deadline = time.monotonic() + 90
    while any(one.label == "Cancel" for one in at.sidebar.button):
        assert time.monotonic() < deadline
        time.sleep(0.1)
        at.run()


def test_own_images_are_measured_by_themselves_once_the_form_is_still(
    at: AppTest, folder: Path
) -> None:
    look_at(at, folder)
    set_number(at, "Latent dimensions", 4)
    assert button(at) is None
    assert "20 steps" in answer(at)


def test_a_measurement_that_began_by_itself_ends_where_a_run_begins_to_train(
    at: AppTest, folder: Path, tmp_path: Path
) -> None:
    look_at(at, folder)
    deadline = time.monotonic() + 60
    while not inquiry.is_any_working():
        assert time.monotonic() < deadline
        time.sleep(0.3)
        at.run()
    run = Run(tmp_path / "other")
    run.folder.mkdir()
    with run.lock():
        while inquiry.is_any_working():
            assert time.monotonic() < deadline
            time.sleep(0.3)
            at.run()
        assert not any("First pictures after" in caption.value for caption in at.sidebar.caption)
        assert button(at) is not None


def test_nothing_is_measured_by_itself_while_a_run_trains(
    at: AppTest, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time_estimate, "STILL_SECONDS", 0.0)  # else it would begin at once
    run = Run(tmp_path / "other")
    run.folder.mkdir()
    with run.lock():
        cache.is_locked.clear()  # at which the page may have looked a moment ago
        look_at(at, folder)
        at.run()
        assert button(at) is not None
        assert not inquiry.is_any_working()


def test_what_cannot_be_started_is_not_measured(at: AppTest) -> None:
    set_number(at, "Epochs", 0)
    assert button(at) is None
