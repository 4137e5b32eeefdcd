"""Map: where the images lie in the latent space, by PCA or UMAP."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from explorer.components import job_button
from explorer.components.job_button import Work
from explorer.panels.map import canvas, detail, path_overlay, plotly_map, selection
from explorer.panels.map.canvas import Choice, Legend
from explorer.server import map_data
from explorer.state import handover, map_points, opened_run
from explorer.state.keys import RunKey
from explorer.state.map_points import ERROR, KL, Place
from explorer.state.opened_run import OpenedRun
from explorer.state.session import Session
from vae.errors import ExplainedError
from vae.runs import processes
from vae.runs.folder import Run

if TYPE_CHECKING:
    from vae.data.dataset import Dataset
    from vae.latent.encoding import Latents


TICK_SECONDS = 1.0  # while a map is in the making
METHODS = {"pca": "PCA", "umap": "UMAP"}

_METHOD = RunKey("method", "pca")
_COLOUR = RunKey("colour", "")
_CONTROLS = RunKey("map_controls", ("pca", ""))  # both

STYLE = """<style>
[data-testid="stColumn"]:has(.st-key-map_chart) { min-width: min(100%, 24rem); }
[data-testid="stColumn"]:has(.st-key-map_detail) { min-width: min(100%, 16.5rem); }
.st-key-map_detail img { border-radius: 10px; }
</style>"""


def show(session: Session | None) -> None:
    """Draw the panel."""
    if session is None:
        st.info(
            "**No map yet.** Press **Start training** in the sidebar: the first evaluation brings "
            "a map of the images, placed by what the model says of them.",
            icon=":material/map:",
        )
        return
    is_waiting = session.is_alive() and not session.run.latents_file.exists()
    every = TICK_SECONDS if is_waiting else None
    st.fragment(_draw, run_every=every)(session, is_waiting)


def _draw(session: Session, is_waiting: bool) -> None:
    handover.follow()
    if is_waiting and session.run.latents_file.exists():
        st.rerun()  # the whole page, which waits no longer
    opened = opened_run.show_opened(session, "The first evaluation brings the map.")
    if opened is None:
        return
    try:
        dataset = opened.dataset
        st.html(STYLE)
        method, colour = _controls(session, dataset)
        place = map_points.place_of(session.run, method)
        if place is None:
            _missing(session, method)
            method = "pca"  # meanwhile
            place = map_points.place_of(session.run, method)
            if place is None:
                return
        points = map_points.points(place)
        if points.index.max(initial=0) >= len(dataset):
            st.warning("This map is of other images than the run has now: make it anew.")
            _job(session, method)
            return
        choice = selection.current(session, place)
        left, right = st.columns([8, 5], gap="medium")
        with left.container(key="map_chart"):
            _chart(opened, place, colour, choice)
            _honest(opened, method, points)
        with right.container(key="map_detail"):
            detail.show(opened, place, choice)
    except ExplainedError as error:
        st.error(str(error), icon=":material/error:")


def _controls(session: Session, dataset: Dataset) -> tuple[str, str]:
    """The method, and what the colours say."""
    names = [name for name in dataset.attributes if name not in (ERROR, KL)]
    names.sort(key=lambda name: name != "label")
    colours = [*names, ERROR, KL]
    # Streamlit forgets the widgets of a panel that is closed; this does not.
    kept, by = _CONTROLS.of(session), _COLOUR.of(session)
    before = kept.get()
    _METHOD.of(session).begin(before[0])
    if by.begin(before[1]) not in colours:
        by.set(colours[0])
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        st.subheader("Map", anchor=False, width="content")
        method = st.segmented_control(
            "Method",
            list(METHODS),
            required=True,
            format_func=METHODS.__getitem__,
            key=_METHOD.of(session).name,
            help="**PCA** is a flat view along the two widest axes of the posterior means: "
            "distances are true, but much is hidden. **UMAP** keeps neighbours together: groups "
            "are real, distances between them mean little.",
        )
        colour = st.selectbox(
            "Colour by",
            colours,
            format_func=detail.readable,
            key=by.name,
            width=260,
        )
        path_overlay.toggle(session)
    kept.set((str(method), str(colour)))
    return str(method), str(colour)


# ------------------------------------------------------------------------------- the map


def _chart(opened: OpenedRun, place: Place, colour: str, choice: Choice) -> None:
    session, dataset = opened.session, opened.dataset
    legend = _legend(dataset, place, colour)
    if plotly_map.is_chosen(session):
        colours = map_points.colours(place, dataset, dataset.fingerprint, colour)
        plotly_map.show(session, place, colours, legend)
        return
    ellipse = None
    if place.method == "pca" and len(choice.images) == 1:
        row = map_points.rows_of(place, np.array(choice.images))[0]
        ellipse = map_points.ellipse(place, int(row))
    way = path_overlay.on_map(opened, place)
    canvas.show(
        selection.CANVAS.of(session).name,
        map_data.addresses(session.run, place, dataset.fingerprint, colour),
        legend,
        choice,
        selection.newest(session),
        ellipse,
        map_data.SHEET_COLUMNS,
        way,
    )
    if way is not None:
        path_overlay.explain(session, place)


def _legend(dataset: Dataset, place: Place, colour: str) -> Legend:
    colours = map_points.colours(place, dataset, dataset.fingerprint, colour)
    title = detail.readable(colour)
    if not colours.classes:
        stops = canvas.WHEEL if colour.endswith("hue") else canvas.SCALE
        return Legend(title, (), stops, colours.low, colours.high)
    present = set(np.unique(colours.levels).tolist())
    entries = [
        (level, name, canvas.PALETTE[level])
        for level, name in enumerate(colours.classes)
        if level in present
    ]
    if map_points.UNKNOWN in present:
        entries.append((map_points.UNKNOWN, "unknown", canvas.UNKNOWN_COLOUR))
    return Legend(title, entries, (), 0.0, 0.0)


def _honest(opened: OpenedRun, method: str, points: Latents) -> None:
    """What the map shows, and how to have a fuller or a newer one."""
    session, weights, num = opened.session, opened.weights, len(opened.dataset)
    text = "PC 1 across, PC 2 up. " if method == "pca" else ""
    sampled = " sampled" if len(points.index) < num else ""
    text += f"{len(points.index):,} of {num:,} images{sampled}, weights of step {points.step:,}."
    if points.step != weights.step:
        text += f" The weights have moved on to step {weights.step:,}: this map is of before."
    st.caption(text)
    if len(points.index) < num or points.step != weights.step or _working(session, method):
        _job(session, method)
    plotly_map.toggle(session)


# ------------------------------------------------------------------------------- the map maker


def work_of(run: Run, method: str, now: float) -> Work:
    """What the newest process for this map says, by its log; `now` in seconds since the epoch."""
    return job_button.work_of(run.maps / f"{method}.log", run.maps / f"{method}.npz", now)


def _working(session: Session, method: str) -> bool:
    return work_of(session.run, method, time.time()).state == "working"


def _missing(session: Session, method: str) -> None:
    """In place of a map that is not there."""
    if method == "umap":
        st.info(
            "**UMAP lays the images out so that neighbours stay together.** It takes some "
            "seconds to minutes in a process of its own; the rest of the page goes on.",
            icon=":material/scatter_plot:",
        )
        _job(session, method)
    else:
        st.info(
            "**No posterior means yet.** The first evaluation brings the map.",
            icon=":material/hourglass_empty:",
        )


def _job(session: Session, method: str) -> None:
    """Start making a map, and watch it."""
    every = TICK_SECONDS if _working(session, method) else None
    st.fragment(_watch, run_every=every)(session, method, every is not None)


def _watch(session: Session, method: str, was_working: bool) -> None:
    run = session.run
    now = work_of(run, method, time.time())
    if (now.state == "working") != was_working:
        st.rerun()  # the whole page: the map itself is another now
    if now.state == "working":
        st.progress(now.part, text=f"{now.message} ...")
        return
    if now.state == "failed":
        st.error(f"The map was not made: {now.message}", icon=":material/error:")
    name = "Compute UMAP" if method == "umap" else "Map all images"
    start = partial(processes.start_projection, run, method)
    if job_button.start_button(name, ":material/scatter_plot:", start):
        st.rerun()
