"""What one panel asks of another is there once, for the run it was asked of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from explorer.state import chosen_path, handover, keys
from explorer.state.handover import Point
from explorer.state.session import Session
from vae.runs.folder import Run


@pytest.fixture(autouse=True)
def state(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The state of a page that has nothing in it yet."""
    empty: dict[str, Any] = {}
    monkeypatch.setattr(keys.st, "session_state", empty)
    return empty


def session(name: str) -> Session:
    return Session(Path("runs"), Run(Path("runs") / name))


def test_a_point_opens_sliders_in_its_own_run_once() -> None:
    here, there = session("here"), session("there")
    handover.open_in_sliders(here, np.float32([1.5, -2]), 17)
    assert handover.PANEL.get() is None, "not before the page begins"
    keys.apply_asked()
    assert handover.PANEL.get() == "Sliders"
    assert handover.pop_point(there) is None
    assert handover.pop_point(here) == Point((1.5, -2.0), 17)
    assert handover.pop_point(here) is None


def test_the_page_follows_once_where_a_run_or_a_panel_was_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reruns: list[bool] = []
    monkeypatch.setattr(handover.st, "rerun", lambda: reruns.append(True))
    handover.follow()
    assert not reruns
    handover.open_run("other", "Live")
    handover.follow()
    assert len(reruns) == 1
    keys.apply_asked()
    handover.follow()
    assert len(reruns) == 1
    assert (handover.RUN.get(), handover.PANEL.get()) == ("other", "Live")


def test_what_was_asked_for_outlives_a_run_of_the_page_that_is_cut_short() -> None:
    handover.RUN.set("here")
    handover.PANEL.set("Sliders")
    handover.open_run("other", "Live")
    keys.apply_asked()
    handover.RUN.set("here")  # the browser's own words, which it was not told are old
    handover.PANEL.set("Sliders")
    keys.apply_asked()
    assert (handover.RUN.get(), handover.PANEL.get()) == ("other", "Live")
    keys.forget_asked()
    handover.PANEL.set("Sliders")  # a person's, by now
    keys.apply_asked()
    assert (handover.RUN.get(), handover.PANEL.get()) == ("other", "Sliders")


def test_a_person_who_chooses_another_panel_meanwhile_gets_that() -> None:
    handover.PANEL.set("Sliders")
    handover.open_panel("Live")
    keys.apply_asked()
    handover.PANEL.set("Model")
    keys.apply_asked()
    assert handover.PANEL.get() == "Model"


def test_another_run_leaves_the_panel_open() -> None:
    handover.PANEL.set("Map")
    handover.open_run("other")
    keys.apply_asked()
    assert (handover.RUN.get(), handover.PANEL.get()) == ("other", "Map")


def test_images_of_the_map_become_keys_of_the_path() -> None:
    here = session("here")
    handover.use_in_interpolate(here, 3, "A")
    handover.use_in_interpolate(here, 7, "B")
    assert chosen_path.chosen(here).picked == (3, 7)
    handover.use_in_interpolate(here, 7, "A")
    assert chosen_path.chosen(here).picked == (7,)
    assert handover.add_to_path(here, 5) == "B"
    assert handover.add_to_path(here, 9) == "C"
    assert handover.add_to_path(here, 7) == "C", "it moves to the end"
    assert chosen_path.chosen(here).picked == (5, 9, 7)
    assert chosen_path.chosen(here).num_keys == 3
    assert chosen_path.chosen(session("there")).picked == ()


def test_the_path_is_shown_on_the_map_of_its_run() -> None:
    handover.show_path_on_map(session("here"))
    keys.apply_asked()
    assert handover.PANEL.get() == "Map"
    assert handover.PATH_ON_MAP.of(session("here")).get()
    assert not handover.PATH_ON_MAP.of(session("there")).get()
