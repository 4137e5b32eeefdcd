"""The sidebar measures how long the training in the form would take, when it is asked."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.explorer.pages import PAGE

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


def test_the_time_is_told_for_these_settings_alone(at: AppTest) -> None:
    set_number(at, "Image size", 16)
    set_number(at, "Epochs", 2)
    button(at).click().run()
    assert button(at) is None
    assert "564 steps" in answer(at)  # 18,000 images in batches of 64, twice
    set_number(at, "Epochs", 3)
    assert button(at) is not None
    assert not any("First pictures after" in caption.value for caption in at.sidebar.caption)


def test_what_cannot_be_started_is_not_measured(at: AppTest) -> None:
    set_number(at, "Epochs", 0)
    assert button(at) is None
