"""Sliders: edit a face along the directions of the latent space."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from explorer.components import fragment, scripts
from explorer.directions import (
    attribute_sliders,
    built_in,
    effect_table,
    found_sliders,
    leakage_table,
    name_slider,
    new_direction,
    saved,
)
from explorer.directions.direction import Direction
from explorer.drawing import images
from explorer.exports import restore
from explorer.panels.sliders import dials, point, start
from explorer.server import decode_socket
from explorer.state import cache, coming, opened_run
from explorer.state.keys import RunKey
from explorer.state.opened_run import OpenedRun
from explorer.state.session import Session
from vae.errors import ExplainedError

if TYPE_CHECKING:
    from vae.latent.fitted_flow import FittedFlow

COMING = "sliders appear here after the first checkpoint"
TICK_SECONDS = 2.0  # while the weights change
NUM_SAMPLES = 64

BY_KL = "Dimensions by KL"
BY_PCA = "PCA of the posterior means"
_KEPT = RunKey("directions_kept", "")  # what a person chose last
_HELP = (
    "**Attributes** change one thing that is known of the images and leave the others; R² is "
    "the share of it that a linear readout finds in images left out. **Dimensions** move one "
    "latent dimension each, in standard deviations of the prior, the most informative first. "
    "**PCA** moves along the widest axes of the posterior means, in standard deviations along "
    "each. **Found directions** change the picture most, each another part of it. **Saved "
    "directions** are made by you from attributes, groups of images or other sliders, and are "
    "saved with the run."
)
UNREADABLE = dials.Fold("Not readable", attribute_sliders.UNREADABLE)


def show(session: Session | None) -> None:
    """Draw the panel; while the run trains, the face follows its weights."""
    if session is None:
        st.info(
            (f"**No face to edit yet.** {coming.words(session, COMING)}"),
            icon=":material/tune:",
        )
        return
    every = TICK_SECONDS if session.is_alive() else None
    fragment.show(_draw, every, session)


def _draw(session: Session) -> None:
    restore.begin()
    opened = opened_run.show_opened(session, COMING)
    if opened is None:
        return
    model = opened.model
    if len(point.Z.of(session).get()) != model.latent_dim:
        point.begin(opened)
    point.continue_with(opened)
    drag = point.apply_drag(session, model.latent_dim)
    st.html(scripts.style(__file__))
    directions = _chosen_directions(opened)
    has_attributes = saved.SHOWN.of(session).get() == attribute_sliders.CHOICE
    if directions and not any(direction.is_active for direction in directions):
        st.warning(
            "**No dimension is active**: the posterior has collapsed onto the prior, so no slider "
            "changes much. A smaller beta or longer training may help.",
            icon=":material/warning:",
        )
    face = images.decode(model, [drag.z])[0]
    dials.show(
        point.DIALS.of(session).name,
        directions,
        drag,
        path=decode_socket.address(opened.run),
        step=opened.weights.step,
        face=images.address(face, face.shape[0]),
        samples=_samples(opened),
        link=point.link(session),
        inactive=UNREADABLE if has_attributes else dials.INACTIVE,
    )
    start.show(opened, face)
    if saved.SHOWN.of(session).get() == saved.CHOICE:
        leakage_table.show(opened)
    if has_attributes:
        effect_table.show(opened)


@st.cache_data(max_entries=8, show_spinner=False)
def _drawn(path: str, now: cache.Stamp) -> list[list[float]]:
    """Points of the aggregate posterior: an image's posterior each, sampled."""
    from vae.latent.encoding import load_latents

    latents = load_latents(Path(path))
    rng = np.random.default_rng(0)
    chosen = rng.choice(len(latents.mu), min(NUM_SAMPLES, len(latents.mu)), replace=False)
    sigma = np.exp(0.5 * latents.logvar[chosen])
    z = latents.mu[chosen] + sigma * rng.standard_normal(sigma.shape, np.float32)
    return _rounded(z)


@st.cache_data(max_entries=8, show_spinner=False)
def _fitted(path: str, now: cache.Stamp) -> list[list[float]]:
    """Points of the mixture in a run's samplers file; none where it holds none."""
    from vae.latent.neighbours import load_known

    try:
        mixture = load_known(Path(path)).mixture
    except ExplainedError:
        return []
    return _rounded(mixture.sample(NUM_SAMPLES, seed=0))


@st.cache_data(max_entries=4, show_spinner=False)
def _of_flow(identity: str, _flow: FittedFlow) -> list[list[float]]:
    return _rounded(_flow.sample(NUM_SAMPLES, seed=0))


def _rounded(points: np.ndarray) -> list[list[float]]:
    return [[round(float(value), 4) for value in point] for point in points]


def _samples(opened: OpenedRun) -> dict[str, list[list[float]]]:
    """Points to draw from beside the prior, by the name of where they come from."""
    run, found = opened.run, {}
    if (fitted := opened.session.flow()) is not None:
        found["the flow"] = _of_flow(fitted.identity, fitted)
    for name, file, drawn in (
        ("the mixture", run.samplers_file, _fitted),
        ("the data", run.latents_file, _drawn),
    ):
        now = cache.stamp(file)
        points = [] if now is None else drawn(str(file), now)
        if points and len(points[0]) == opened.model.latent_dim:
            found[name] = points
    return found


def _keep(session: Session) -> None:
    _KEPT.of(session).set(saved.SHOWN.of(session).get())


def _chosen_directions(opened: OpenedRun) -> list[Direction]:
    session = opened.session
    attributes = attribute_sliders.sliders(opened)
    there = [attribute_sliders.CHOICE] if attributes else []
    there += [BY_KL, BY_PCA, found_sliders.CHOICE, saved.CHOICE]
    # Streamlit forgets the widgets of a panel that is closed; this does not.
    shown, kept = saved.SHOWN.of(session), _KEPT.of(session)
    if shown.get() not in there:
        shown.set(kept.get() if kept.get() in there else there[0])
    elif not kept.get() and shown.get() == BY_KL:
        shown.set(there[0])  # nobody has chosen: attributes come with the first evaluation
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        choice = st.segmented_control(
            "Directions",
            there,
            required=True,
            key=shown.name,
            on_change=_keep,
            args=(session,),
            help=_HELP,
        )
        forms = st.container(width="content")
    if choice == saved.CHOICE:
        kept.set(choice)  # another panel may have asked for it
    if choice == attribute_sliders.CHOICE:
        return attributes
    if choice == saved.CHOICE:
        with forms:
            new_direction.maker(opened)
        return saved.sliders(opened) or built_in.by_kl(opened)
    make = {BY_PCA: built_in.by_pca, found_sliders.CHOICE: found_sliders.sliders}
    directions = make.get(str(choice), built_in.by_kl)(opened)
    if not directions:
        st.info(
            f"{choice}: this needs the posterior means of two images or more of the validation "
            "set, which the first evaluation of the run computes."
        )
    with forms:
        name_slider.offer(opened, directions)
    return directions
