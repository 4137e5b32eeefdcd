"""Interpolate: pictures along a path between images of the set."""

from __future__ import annotations

import numpy as np
import streamlit as st

from explorer.components import fragment, scripts
from explorer.drawing import charts, images
from explorer.exports import restore
from explorer.panels.interpolate import choose_images, controls, downloads, player
from explorer.server import decode_socket
from explorer.state import chosen_path, handover, opened_run
from explorer.state.chosen_path import KINDS, LETTERS, LatentPath
from explorer.state.opened_run import OpenedRun
from explorer.state.session import Session

TICK_SECONDS = 3.0  # while the weights change
PICTURE = 160  # pixels a side of a picture of the path
LARGE = 320
FINE = 24  # points of a leg that the browser goes along


def show(session: Session | None) -> None:
    """Draw the panel; while the run trains, the path follows its newest weights."""
    if session is None:
        st.info(
            (
                "**Nothing to interpolate yet.** Press **Start training** in the sidebar: paths "
                "appear here after the first checkpoint."
            ),
            icon=":material/route:",
        )
        return
    every = TICK_SECONDS if session.is_alive() else None
    fragment.show(_draw, every, session)


def _draw(session: Session) -> None:
    restore.begin()
    opened = opened_run.show_opened(
        session, "Paths appear here after the first checkpoint.", with_images=True
    )
    if opened is None:
        return
    if len(opened.dataset) < 2:
        st.info("**A path needs two images, and this run has one.**", icon=":material/looks_one:")
        return
    st.html(scripts.style(__file__))
    downloads.continue_with_file(opened)
    kind, steps, num_keys = controls.show(session)
    above = st.container(key="path_strip")
    left, right = st.columns([6, 5], gap="medium")
    with left.container(key="path_gallery"):
        picked = choose_images.show(opened, num_keys)
    if len(picked) < 2:
        above.info("Click a second image below to see the path.", icon=":material/touch_app:")
        return
    keys = images.encode(opened.model, opened.dataset.take(np.array(picked)))
    legs = len(keys) - 1
    steps = max(1, round((steps - 1) / legs)) * legs + 1  # so that every image is met
    path = LatentPath(kind, tuple(picked), keys, steps)
    with above:
        _strip(opened, path)
    with right.container(key="path_point"):
        _point(opened, path)
    with left:
        _compared(opened, path)


# ----------------------------------------------------------------------------- the path


def _strip(opened: OpenedRun, path: LatentPath) -> None:
    """The originals at both ends, and the decoded path between them."""
    picked = path.picked
    z = chosen_path.trace(opened.session, path.keys, path.steps, path.kind)
    decoded = images.decode(opened.model, z)
    originals = opened.dataset.take(np.array([picked[0], picked[-1]]))
    row = st.grid(path.steps + 2, min_column_width=38, gap="xsmall")
    with row.container(key="path_end_first", gap="xxsmall"):
        st.image(
            images.address(originals[0], PICTURE),
            width="stretch",
            alt=f"Image {picked[0]}",
        )
        st.caption(f"**A** {picked[0]}", text_alignment="center")
    every = (path.steps - 1) // path.num_legs
    for i, picture in enumerate(decoded):
        letter = str(i + 1) if i % every else LETTERS[i // every]
        with row.container(gap="xxsmall"):
            st.image(
                images.address(picture, PICTURE),
                width="stretch",
                alt=f"Path {i + 1}",
            )
            st.caption(letter, text_alignment="center")
    with row.container(key="path_end_last", gap="xxsmall"):
        st.image(
            images.address(originals[1], PICTURE),
            width="stretch",
            alt=f"Image {picked[-1]}",
        )
        st.caption(f"**{path.letters[-1]}** {picked[-1]}", text_alignment="center")


def _point(opened: OpenedRun, path: LatentPath) -> None:
    """Any point of the path, large, and what to do with it."""
    session, keys = opened.session, path.keys
    tour, number = controls.newest_tour(session)
    points = chosen_path.trace(session, keys, path.num_legs * FINE + 1, path.kind)
    at = min(int(tour.position * (len(points) - 1)), len(points) - 2)
    part = np.float32(tour.position * (len(points) - 1) - at)
    z = (1 - part) * points[at] + part * points[at + 1]
    player.show(
        controls.player_key(session),
        points,
        chosen_path.trace(session, keys[[-1, 0]], FINE + 1, path.kind),
        FINE,
        path.letters,
        tour,
        number,
        path=decode_socket.address(opened.run),
        step=opened.weights.step,
        picture=images.address(images.decode(opened.model, z[None])[0], LARGE),
    )
    downloads.show(opened, path, tour)
    with st.container(horizontal=True, gap="xsmall"):
        st.button(
            "Show on the map",
            icon=":material/map:",
            on_click=handover.show_path_on_map,
            args=(session,),
        )
        st.button(
            "Open in Sliders",
            icon=":material/tune:",
            on_click=handover.open_in_sliders,
            args=(session, z),
        )


# ----------------------------------------------------------------------------- how typical it is


def _compared(opened: OpenedRun, path: LatentPath) -> None:
    """The kinds of path side by side: how typical what they meet is, and how evenly they go."""
    measured = chosen_path.measured(opened, path)
    if not measured:
        return
    st.markdown(
        "**How typical the path is**",
        help=(
            "log q(z) of each point of the path, where q is the aggregate posterior, in nats above "
            "that of a typical image: 0 is as typical as the images themselves. Estimated from the "
            "distance to the 10th nearest posterior mean."
        ),
    )
    st.echarts_chart(
        charts.density_lines(
            {KINDS[name]: values.tolist() for name, (values, _) in measured.items()},
            path.letters,
            KINDS[path.kind],
        ),
        height=210,
        key="path_typicality",
        alt="log q(z) along the path, by each kind of path",
    )
    uneven = ", ".join(
        f"{KINDS[name].lower()} {value:.1f}" for name, (_, value) in measured.items()
    )
    st.caption(
        "Evenness, the largest change between neighbouring pictures divided by the mean change "
        f"(1 is even): {uneven}."
    )
