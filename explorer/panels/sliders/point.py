"""The point that Sliders shows: where it begins, who sets it, and the link that restores it.

D latent dimensions.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

import numpy as np
import streamlit as st

from explorer.drawing import images
from explorer.exports import restore
from explorer.panels.sliders import dials
from explorer.state import address, handover
from explorer.state.opened_run import OpenedRun
from explorer.state.session import Session


def begin(opened: OpenedRun) -> None:
    """The first z: of the link, else of an image that the model knows well, else the middle."""
    state, session, run = st.session_state, opened.session, opened.run
    latent_dim = opened.model.latent_dim
    word = st.query_params.get("z")
    linked = None
    if word is not None and st.query_params.get("run", run.name) == run.name:
        linked = images.from_link(word, latent_dim)
        if linked is None:
            st.toast("The point in this link does not fit this run.", icon=":material/link_off:")
    latents = session.latents()
    z, start = [0.0] * latent_dim, None
    if latents is not None and latents.mu.shape[1] == latent_dim:
        known = int(np.argsort(latents.mse)[len(latents.mse) // 5])
        z = numbers(latents.mu[known])
        start = {"index": int(latents.index[known])}
    state[session.key("z")] = linked or z
    state[session.key("start")] = start
    state[session.key("first")] = z
    state[session.key("pins")] = []
    state[session.key("version")] = state.get(session.key("version"), 0) + 1


def continue_with(opened: OpenedRun) -> None:
    """Go on from the point that another panel or a dropped file has sent here."""
    state, session = st.session_state, opened.session
    recipe = restore.pop_recipe(opened, "Sliders")
    if recipe is not None:
        set_point(session, recipe.points[0])
    sent = handover.pop_point(session)
    if sent is not None:
        set_point(session, sent.z)
        if sent.index is not None:
            state[session.key("start")] = {"index": sent.index}
            state[session.key("image")] = sent.index


def apply_drag(session: Session, latent_dim: int) -> dials.Drag:
    """Make what a hand has done the state. Returns where the sliders are."""
    state, key = st.session_state, session.key
    version = state[key("version")]
    drag = dials.newest_drag(state.get(key("dials")), latent_dim, version)
    if drag is None:
        return dials.Drag(state[key("z")], state[key("pins")], version)
    state[key("z")], state[key("pins")] = drag.z, drag.pins
    return drag


def set_point(session: Session, z: Sequence[float] | np.ndarray) -> None:
    """Make z the state, and tell the sliders so."""
    state = st.session_state
    state[session.key("z")] = numbers(z)
    state[session.key("version")] += 1


def numbers(z: Sequence[float] | np.ndarray) -> list[float]:
    return [float(value) for value in z]


def link(session: Session) -> str:
    """What the address of the page asks for, so that it restores this z; "" for the first z."""
    state = st.session_state
    z = state[session.key("z")]
    if z == state[session.key("first")] and "z" not in st.query_params:
        address.point(session).set("")
        return ""
    address.point(session).set(images.to_link(z))
    return urlencode(address.query(session, "Sliders"))
