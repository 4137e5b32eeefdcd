"""Map: where the images lie in the latent space, by PCA or UMAP."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from explorer.components import fragment, job_button, scripts
from explorer.drawing import labels
from explorer.panels.map import (
    canvas,
    controls,
    detail,
    map_maker,
    path_overlay,
    plotly_map,
    selection,
)
from explorer.panels.map.canvas import Choice, Legend
from explorer.server import map_data
from explorer.state import coming, handover, map_points, opened_run
from explorer.state.map_points import Place
from explorer.state.opened_run import OpenedRun
from explorer.state.session import Session
from vae.errors import ExplainedError
from vae.option_choices import MapMethod
from vae.runs.umap_options import PLACED, UmapOptions

if TYPE_CHECKING:
    from vae.data.dataset import Dataset


TICK_SECONDS = 1.0  # while a map is in the making


def show(session: Session | None) -> None:
    """Draw the panel."""
    if session is None:
        st.info(
            (f"**No map yet.** {coming.words(session, map_maker.COMING)}"),
            icon=":material/map:",
        )
        return
    # One fragment and none inside it, as in Model.
    is_changing = _is_changing(session)
    every = TICK_SECONDS if is_changing else None
    fragment.show(_draw, every, session, is_changing)


def _is_changing(session: Session) -> bool:
    """Whether a process makes a map, or the trainer will soon bring the first one."""
    run = session.run
    is_coming = session.is_alive() and not run.latents_file.exists()
    return is_coming or any(
        job_button.is_working(*map_maker.files(run, method)) for method in controls.METHODS
    )


def _draw(session: Session, was_changing: bool) -> None:
    handover.follow()
    if _is_changing(session) != was_changing:
        st.rerun()  # the whole page: the map is another now, and this panel ticks otherwise
    opened = opened_run.show_opened(session, map_maker.COMING, with_images=True)
    if opened is None:
        return
    try:
        dataset = opened.dataset
        st.html(scripts.style(__file__))
        method, colour, options = controls.show(opened)
        place = map_points.place_of(session.run, method)
        made_with = None
        if place is not None and method == "umap":
            made_with = map_points.making(place).options
        if place is None or made_with not in (None, options):
            map_maker.missing(session, method, options, made_with)
            method = "pca"  # meanwhile
            place = map_points.place_of(session.run, method)
            if place is None:
                return
        points = map_points.points(place)
        if points.index.max(initial=0) >= len(dataset):
            st.warning("This map shows other images than the run has now: compute it again.")
            map_maker.job(session, method, options)
            return
        choice = selection.current(session, place)
        left, right = st.columns([8, 5], gap="medium")
        with left.container(key="map_chart"):
            _chart(opened, place, colour, choice)
            _honest(opened, place, method, options)
        with right.container(key="map_detail"):
            detail.show(opened, place, choice)
    except ExplainedError as error:
        st.error(str(error), icon=":material/error:")


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
    title = labels.label_of(colour)
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


def _honest(opened: OpenedRun, place: Place, method: MapMethod, options: UmapOptions) -> None:
    """What the map shows, and how to have a fuller or a newer one."""
    session, weights, num = opened.session, opened.weights, len(opened.dataset)
    points = map_points.points(place)
    text = controls.across_and_up(opened.model.latent_dim) if method == "pca" else ""
    sampled = " sampled" if len(points.index) < num else ""
    text += f"{len(points.index):,} of {labels.counted(num, 'image')}{sampled}, "
    text += f"weights of step {points.step:,}."
    if points.step != weights.step:
        age = "older" if points.step < weights.step else "newer"
        text += f" The weights in use are of step {weights.step:,}, so this map is {age}."
    num_fitted = map_points.making(place).num_fitted if method == "umap" else None
    if num_fitted is not None:
        text += f" UMAP placed {num_fitted:,} of them, and {PLACED}."
    st.caption(text)
    is_full = len(points.index) == num and points.step == weights.step
    if not is_full or job_button.is_working(*map_maker.files(session.run, method)):
        map_maker.job(session, method, options)
    plotly_map.toggle(session)
