"""The map by Plotly: plain, slower, without faces; for where the canvas of our own does not work.

What is chosen on it goes to the same place as what is chosen on the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from explorer.components import remembered_toggle
from explorer.panels.map import selection
from explorer.panels.map.canvas import MAX_GROUP, Choice, Legend
from explorer.state import map_points
from explorer.state.keys import RunKey
from explorer.state.map_points import Colours, Floats, Indices, Place
from explorer.state.session import Session

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

MAX_POINTS = 20_000  # that a browser draws in good time
HEIGHT = 460  # pixels

_WANTED = RunKey("plain_map", False)
_FIGURE = RunKey[Any]("plain_map.figure", None)


def is_chosen(session: Session) -> bool:
    """Whether this map is to be drawn: by choice, or since the script of the other did not come."""
    told = selection.CANVAS.of(session).get()
    if hasattr(told, "get") and told.get("failed"):
        _WANTED.of(session).set(True)
    return _WANTED.of(session).get()


def toggle(session: Session) -> None:
    """A switch between the two, which the page keeps between panels."""
    remembered_toggle.show(
        _WANTED.of(session),
        "Plain map",
        (
            "A plain map by Plotly, for browsers where the other one does not work. It shows no "
            "faces, and only points can be clicked."
        ),
    )


def show(session: Session, place: Place, colours: Colours, legend: Legend) -> None:
    """Draw it; a clicked point or a lasso becomes the choice of the map."""
    points = map_points.points(place)
    rows = sampled(len(points.index))
    figure = drawn(points.xy[rows], points.index[rows], colours, rows, legend)
    figure.update_layout(uirevision=f"{place.folder} {place.file} {place.version}")
    chart = _FIGURE.of(session)
    st.plotly_chart(
        figure,
        key=chart.name,
        on_select=lambda: selection.choose(
            session,
            selection.with_members(choice_of(chart.get(), len(rows) < len(points.index)), place),
            place.method,
        ),
        selection_mode=("points", "lasso"),
        height=HEIGHT,
    )
    if len(rows) < len(points.index):
        st.caption(f"{len(rows):,} of the {len(points.index):,} points, chosen at random.")


def sampled(num: int) -> Indices:
    """The rows of a map that are drawn, at most MAX_POINTS of them, the same ones every time."""
    if num <= MAX_POINTS:
        return np.arange(num)
    return np.sort(np.random.default_rng(0).choice(num, MAX_POINTS, replace=False))


def drawn(xy: Floats, index: Indices, colours: Colours, rows: Indices, legend: Legend) -> Figure:
    """Points [n, 2] of images [n]; `colours` are of the whole map, of which these are `rows`."""
    from plotly import graph_objects

    figure = graph_objects.Figure()

    def add(some: Any, name: str, marker: dict[str, Any]) -> None:
        figure.add_scattergl(
            x=xy[some, 0],
            y=xy[some, 1],
            customdata=index[some],
            mode="markers",
            name=name,
            marker={"size": 5, "opacity": 0.85, **marker},
            hovertemplate="Image %{customdata}<extra>" + name + "</extra>",
        )

    levels = colours.levels[rows]
    if colours.values is None:
        for level, name, colour in legend.entries:
            add(levels == level, name, {"color": colour})
    else:
        scale = [list(stop) for stop in _evenly(legend.stops)]
        limits = {"cmin": legend.low, "cmax": legend.high, "colorscale": scale}
        values = colours.values[rows]
        add(slice(None), "", {"color": values, "showscale": True, **limits})
    figure.update_layout(
        margin={"l": 0, "r": 0, "t": 8, "b": 0},
        legend={"title": legend.title, "orientation": "h"},
        xaxis={"visible": False},
        yaxis={"visible": False, "scaleanchor": "x"},
        dragmode="pan",
    )
    return figure


def _evenly(stops: Sequence[str]) -> list[tuple[float, str]]:
    """Colours with their places from 0 to 1."""
    return [(i / (len(stops) - 1), stop) for i, stop in enumerate(stops)]


def choice_of(state: Any, is_sampled: bool = False) -> Choice:
    """What a selection of the figure says, where it is well formed; else nothing.

    With the outline of a lasso in which there may be more images than are named: where points of
    the map are not drawn, so `is_sampled`, or it holds more than MAX_GROUP.
    """
    told = state.get("selection", {}) if hasattr(state, "get") else {}
    marks = told.get("points", []) if hasattr(told, "get") else []
    images = [image for mark in marks if (image := _image_of(mark)) is not None]
    lassos = told.get("lasso", []) if hasattr(told, "get") else []
    is_whole = len(images) <= MAX_GROUP and not is_sampled
    outline = () if is_whole or len(images) < 2 or len(lassos) != 1 else _outline(lassos[0])
    return Choice(tuple(images[:MAX_GROUP]), len(images), outline=outline)


def _outline(lasso: Any) -> tuple[tuple[float, float], ...]:
    x, y = (lasso.get(axis, []) if hasattr(lasso, "get") else [] for axis in "xy")
    return tuple((float(a), float(b)) for a, b in zip(x, y, strict=False))


def _image_of(mark: Any) -> int | None:
    told = mark.get("customdata") if hasattr(mark, "get") else None
    told = told[0] if isinstance(told, (list, tuple)) and len(told) == 1 else told
    if isinstance(told, int) and not isinstance(told, bool) and 0 <= told < 2**32:
        return told
    return None
