"""Interpolate: pictures along a path between images of the set, or between points of the prior."""

from __future__ import annotations

import numpy as np
import streamlit as st

from explorer.components import fragment, scripts
from explorer.drawing import charts, images
from explorer.exports import restore
from explorer.panels.interpolate import choose_images, controls, downloads, player
from explorer.server import decode_socket
from explorer.state import chosen_path, coming, handover, moved_images, opened_run
from explorer.state.chosen_path import KINDS, LETTERS, LatentPath, Tour
from explorer.state.keys import RunKey
from explorer.state.opened_run import OpenedRun
from explorer.state.session import Session
from vae.errors import ImagesGoneError

COMING = "paths appear here after the first checkpoint"
TICK_SECONDS = 3.0  # while the weights change
PICTURE = 160  # pixels a side of a picture of the path
LARGE = 320
FINE = 24  # points of a leg that the browser goes along

_SEED = RunKey("path_seed", 0)  # of the points that a path goes between without images


def show(session: Session | None) -> None:
    """Draw the panel; while the run trains, the path follows its weights."""
    if session is None:
        st.info(
            (f"**Nothing to interpolate yet.** {coming.words(session, COMING)}"),
            icon=":material/route:",
        )
        return
    every = TICK_SECONDS if session.is_alive() else None
    fragment.show(_draw, every, session)


def _draw(session: Session) -> None:
    restore.begin()
    opened = opened_run.show_opened(session, COMING)
    if opened is None:
        return
    st.html(scripts.style(__file__))
    if not _are_two_images(opened):
        _between_points(opened)
        return
    downloads.continue_with_file(opened)
    kind, steps, num_keys = controls.show(session)
    above = st.container()
    left, right = st.columns([6, 5], gap="medium")
    with left.container(key="path_gallery"):
        picked = choose_images.show(opened, num_keys)
    if len(picked) < 2:
        number = "a second image" if picked else "two images"
        above.info(f"Click {number} below to see the path.", icon=":material/touch_app:")
        return
    keys = images.encode(opened.model, opened.dataset.take(np.array(picked)))
    path = LatentPath(kind, tuple(picked), keys, _met(steps, len(keys) - 1))
    with above:
        _strip(opened, path)
    with right:
        _point(opened, path)
    with left:
        _compared(opened, path)


def _met(steps: int, legs: int) -> int:
    """About so many steps of a path, so that every key is met."""
    return max(1, round((steps - 1) / legs)) * legs + 1


# ----------------------------------------------------------------------------- without images


def _are_two_images(opened: OpenedRun) -> bool:
    """Whether there are images to go between; the page says why there are not."""
    try:
        if len(opened.dataset) > 1:
            return True
    except ImagesGoneError as gone:
        moved_images.ask(opened.session, gone)
        return False
    st.info(
        "**A path between images needs two images, and this run has one.**",
        icon=":material/looks_one:",
    )
    return False


def _between_points(opened: OpenedRun) -> None:
    """A path between random points, which needs no image."""
    seed = _SEED.of(opened.session)
    fitted = opened.session.flow()
    place = "the prior" if fitted is None else "the flow"
    st.caption(f"The path goes between random points of {place} instead.")
    kind, steps, num_keys = controls.show(opened.session, "Points to go through")
    rng = np.random.default_rng(seed.get())
    keys = rng.standard_normal((num_keys, opened.model.latent_dim), np.float32)
    if fitted is not None:  # outside of where codes lie a flow says nothing of use
        keys = fitted.sample(num_keys, seed.get())
    path = LatentPath(kind, (), keys, _met(steps, num_keys - 1))
    _strip(opened, path)
    left, right = st.columns([6, 5], gap="medium")
    with left:
        st.button(
            "Other points", icon=":material/casino:", on_click=lambda: seed.set(seed.get() + 1)
        )
        _compared(opened, path)
    with right:
        _point(opened, path)


# ----------------------------------------------------------------------------- the path


def _strip(opened: OpenedRun, path: LatentPath) -> None:
    """The decoded path, with the originals at both ends where it goes between images."""
    z = chosen_path.trace(opened.session, path.keys, path.steps, path.kind)
    decoded = images.decode(opened.model, z)
    with st.container(key="path_strip"):
        row = st.grid(path.steps + (2 if path.picked else 0), min_column_width=38, gap="xsmall")
    if path.picked:
        with row.container(key="path_end_first", gap="xxsmall"):
            _original(opened, path.picked[0], "A")
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
    if path.picked:
        with row.container(key="path_end_last", gap="xxsmall"):
            _original(opened, path.picked[-1], path.letters[-1])


def _original(opened: OpenedRun, image: int, letter: str) -> None:
    """One of the images at the ends of the path."""
    pixels = opened.dataset.take(np.array([image]))[0]
    st.image(images.address(pixels, PICTURE), width="stretch", alt=f"Image {image}")
    st.caption(f"**{letter}** {image}", text_alignment="center")


def _point(opened: OpenedRun, path: LatentPath) -> None:
    """Any point of the path, large, and what to do with it."""
    session = opened.session
    tour, number = controls.newest_tour(session)
    with st.container(key="path_point"):
        z = _played(opened, path, tour, number)
        if path.picked:
            downloads.show(opened, path, tour)
        with st.container(horizontal=True, gap="xsmall"):
            if path.picked:
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


def _played(opened: OpenedRun, path: LatentPath, tour: Tour, number: int | None) -> images.Floats:
    """The player of the path. Returns the point where it stands. [D]"""
    session, keys = opened.session, path.keys
    points = chosen_path.trace(session, keys, path.num_legs * FINE + 1, path.kind)
    at = min(int(tour.position * (len(points) - 1)), len(points) - 2)
    part = np.float32(tour.position * (len(points) - 1) - at)
    z: images.Floats = (1 - part) * points[at] + part * points[at + 1]
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
    return z


# ----------------------------------------------------------------------------- how typical it is


def _compared(opened: OpenedRun, path: LatentPath) -> None:
    """The kinds of path side by side: how typical what they meet is, and how evenly they go."""
    measured = chosen_path.measured(opened, path)
    if not measured:
        return
    st.markdown(
        "**How typical the path is**",
        help=(
            "The log density of codes at each point of the path, in nats above that of a typical "
            "image: 0 is as typical as the images themselves. It is log p(z) of the flow fitted to "
            "the codes or, without one, estimated from the distance to the 10th nearest posterior "
            "mean."
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
        alt="The density along the path, by each kind of path",
    )
    uneven = ", ".join(
        f"{KINDS[name].lower()} {value:.1f}" for name, (_, value) in measured.items()
    )
    st.caption(
        "Evenness, the largest change between neighbouring pictures divided by the mean change "
        f"(1 is even): {uneven}."
    )
