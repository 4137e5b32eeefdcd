"""What one part of the page asks of another: a run, a panel, and what to show there.

Whoever asks writes here, and whoever is asked reads here. The whole page follows when it is
drawn next (`keys.apply_asked`); a part of it that is drawn by itself calls `follow`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import streamlit as st

from explorer.state import chosen_path, keys
from explorer.state.keys import Key, RunKey
from explorer.state.session import Session

RUN = Key[str | None]("run", None)  # of the box in the sidebar
PANEL = Key[str | None]("panel", None)  # of the tabs
PATH_ON_MAP = RunKey("show_path", False)  # whether the map shows the path of Interpolate


@dataclass(frozen=True)
class Point:
    """A point of the latent space for Sliders, and the image whose posterior mean it is."""

    z: tuple[float, ...]  # [D]
    index: int | None = None


_POINT = RunKey[Point | None]("hand_over", None)

# ------------------------------------------------------------------------------- run and panel


def open_panel(name: str) -> None:
    """Show another panel of the page."""
    PANEL.ask(name)


def offer_panel(name: str) -> None:
    """Show another panel, unless the person has chosen the one that is open."""
    if "panel" not in st.query_params:
        open_panel(name)


def open_run(name: str, panel: str | None = None) -> None:
    """Show another run, in the panel that is open or in another."""
    RUN.ask(name)
    if panel is not None:
        open_panel(panel)


def follow() -> None:
    """Draw the whole page anew where another run or panel, or anything else, was asked for."""
    if keys.is_asked():
        st.rerun()


# ------------------------------------------------------------------------------- to Sliders


def open_in_sliders(session: Session, z: Iterable[float], index: int | None = None) -> None:
    """Open Sliders at a point [D], which is the posterior mean of image `index` if that is told."""
    _POINT.of(session).set(Point(tuple(float(value) for value in z), index))
    open_panel("Sliders")


def pop_point(session: Session) -> Point | None:
    """The point that Sliders was asked to open, once."""
    return _POINT.of(session).pop()


# ------------------------------------------------------------------------------- to Interpolate


def use_in_interpolate(session: Session, image: int, letter: str) -> None:
    """Make an image the beginning "A" or the end "B" of the path of Interpolate."""
    picks = chosen_path.chosen(session).picked
    if letter == "A":
        picked = [image, *(pick for pick in picks[1:] if pick != image)]
    else:
        picked = [*(pick for pick in picks[:1] if pick != image), image]
    chosen_path.pick(session, picked)


def add_to_path(session: Session, image: int) -> str:
    """Make an image the next that the path of Interpolate goes through. Returns its letter."""
    return chosen_path.add_key(session, image)


# ------------------------------------------------------------------------------- to Map


def show_path_on_map(session: Session) -> None:
    """Open the map with the path of Interpolate on it."""
    PATH_ON_MAP.of(session).set(True)
    open_panel("Map")
