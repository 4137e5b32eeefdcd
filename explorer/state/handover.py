"""What one part of the page asks of another: a run, a panel, and what to show there.

Whoever asks writes here, and whoever is asked reads here. The whole page follows: `apply` is
called where it begins, `arrived` where its tabs are drawn, `follow` where a part of it is drawn by
itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import streamlit as st

from explorer.state import chosen_path
from explorer.state.keys import Key, RunKey
from explorer.state.session import Session

RUN = Key[str | None]("run", None)  # of the box in the sidebar
PANEL = Key[str | None]("panel", None)  # of the tabs
_NEXT_RUN = Key[str | None]("next_run", None)
_NEXT_PANEL = Key[str | None]("next_panel", None)


@dataclass(frozen=True)
class _Coming:
    """A wish that is on its way to the browser, and what stood there before."""

    wish: str
    before: str | None


_COMING_RUN = Key[_Coming | None]("coming_run", None)
_COMING_PANEL = Key[_Coming | None]("coming_panel", None)
_WAYS = ((RUN, _NEXT_RUN, _COMING_RUN), (PANEL, _NEXT_PANEL, _COMING_PANEL))
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
    _NEXT_PANEL.set(name)


def offer_panel(name: str) -> None:
    """Show another panel, unless the person has chosen the one that is open."""
    if "panel" not in st.query_params:
        open_panel(name)


def open_run(name: str, panel: str | None = None) -> None:
    """Show another run, in the panel that is open or in another."""
    _NEXT_RUN.set(name)
    if panel is not None:
        open_panel(panel)


def apply() -> None:
    """Make what was asked for the state of the page; before its first widget is drawn.

    A run of the page that is cut short may not have told the browser, whose word then still is the
    one before: what was asked for stands until `arrived`, or until a person chooses another.
    """
    for key, following, on_its_way in _WAYS:
        if name := following.pop():
            on_its_way.set(_Coming(name, key.get()))
        coming = on_its_way.get()
        if coming is not None and key.get() == coming.before:
            key.set(coming.wish)


def arrived() -> None:
    """Say that the widgets of the run and the panel are drawn: the browser knows what holds."""
    for _, _, on_its_way in _WAYS:
        on_its_way.pop()


def follow() -> None:
    """Draw the whole page anew where another run or panel was asked for."""
    if _NEXT_RUN.is_set() or _NEXT_PANEL.is_set():
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
