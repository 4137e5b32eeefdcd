"""The path of Interpolate on the map: a line, and where its pictures lie once they are encoded."""

from __future__ import annotations

import streamlit as st

from explorer.components import remembered_toggle
from explorer.panels.map.canvas import Trail
from explorer.state import chosen_path, handover, map_points
from explorer.state.map_points import Place
from explorer.state.opened_run import OpenedRun
from explorer.state.session import Session

LEG = 16  # steps of a path between two images
WORDS = {"slerp": "a great arc", "lerp": "a straight line", "dense": "through dense regions"}


def toggle(session: Session) -> None:
    """Whether to show the path, where there is one; the page keeps it between panels."""
    if len(chosen_path.chosen(session).picked) < 2:
        return
    remembered_toggle.show(
        handover.PATH_ON_MAP.of(session), "Show the path", "The path of Interpolate."
    )


def on_map(opened: OpenedRun, place: Place) -> Trail | None:
    """The path where it lies on a map, while it is to be shown. Raises InputError."""
    session = opened.session
    way = chosen_path.chosen(session)
    is_wanted = handover.PATH_ON_MAP.of(session).get()
    if not is_wanted or len(way.picked) < 2 or max(way.picked) >= len(opened.dataset):
        return None
    steps = LEG * (len(way.picked) - 1) + 1
    line, back = (
        [(float(x), float(y)) for x, y in map_points.on_map(place, z)]
        for z in chosen_path.there_and_back(opened, way, steps)
    )
    return Trail(line, back, chosen_path.LETTERS[: len(way.picked)])


def explain(session: Session, place: Place) -> None:
    """What the lines are, and how true."""
    kind = WORDS[chosen_path.chosen(session).kind]
    text = (
        f"The solid line is the path of Interpolate, {kind}. The dashed line goes through the "
        "posterior means of its decoded pictures."
    )
    if place.method != "pca":
        text += (
            " UMAP has no formula for new points: each is placed at the mean of its "
            f"{map_points.NUM_BLENDED} nearest images, weighted by 1 / distance."
        )
    st.caption(text)
