"""The point that Sliders shows: where it begins, who sets it, and the link that restores it.

D latent dimensions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import numpy as np
import streamlit as st

from explorer.drawing import images
from explorer.exports import restore
from explorer.panels.sliders import dials
from explorer.state import address, handover
from explorer.state.keys import RunKey
from explorer.state.opened_run import OpenedRun
from explorer.state.session import Session


@dataclass(frozen=True)
class Seen:
    """What the model makes of the image that a face began with."""

    digest: str  # of the weights
    pixels: images.Pixels
    z: list[float]  # its posterior mean [D]
    before: str  # addresses of the pictures
    after: str
    decibels: float


@dataclass(frozen=True)
class Best:
    """Where refining has come to."""

    picture: str  # its address
    decibels: list[float]  # after each step


@dataclass
class Start:
    """The image that a face began with, of the set or of a file, and what is known of it."""

    index: int | None = None
    upload: images.Pixels | None = None
    seen: Seen | None = None
    refined: Best | None = None


Z = RunKey[list[float]]("z", [])
START = RunKey[Start | None]("start", None)
IMAGE = RunKey[int | None]("image", None)  # of the box beside the face
DIALS = RunKey[Any]("dials", None)
_FIRST = RunKey[list[float]]("first", [])
_PINS = RunKey[list[list[float]]]("pins", [])
_VERSION = RunKey("version", 0)


def begin(opened: OpenedRun) -> None:
    """The first z: of the link, else of an image that the model knows well, else the middle."""
    session, run = opened.session, opened.run
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
        start = Start(int(latents.index[known]))
    set_point(session, linked or z)
    START.of(session).set(start)
    _FIRST.of(session).set(z)
    _PINS.of(session).set([])


def continue_with(opened: OpenedRun) -> None:
    """Go on from the point that another panel or a dropped file has sent here."""
    session = opened.session
    recipe = restore.pop_recipe(opened, "Sliders")
    if recipe is not None:
        set_point(session, recipe.points[0])
    sent = handover.pop_point(session)
    if sent is not None:
        set_point(session, sent.z)
        if sent.index is not None:
            START.of(session).set(Start(sent.index))
            IMAGE.of(session).set(sent.index)


def apply_drag(session: Session, latent_dim: int) -> dials.Drag:
    """Make what a hand has done the state. Returns where the sliders are."""
    z, pins, version = Z.of(session), _PINS.of(session), _VERSION.of(session).get()
    drag = dials.newest_drag(DIALS.of(session).get(), latent_dim, version)
    if drag is None:
        return dials.Drag(z.get(), pins.get(), version)
    z.set(drag.z)
    pins.set(drag.pins)
    return drag


def set_point(session: Session, z: Sequence[float] | np.ndarray) -> None:
    """Make z the state, and tell the sliders so."""
    version = _VERSION.of(session)
    Z.of(session).set(numbers(z))
    version.set(version.get() + 1)


def start_again(session: Session) -> None:
    """Back to the posterior mean of the image that the face began with."""
    start = START.of(session).get()
    seen = None if start is None else start.seen
    set_point(session, _FIRST.of(session).get() if seen is None else seen.z)


def numbers(z: Sequence[float] | np.ndarray) -> list[float]:
    return [float(value) for value in z]


def link(session: Session) -> str:
    """What the address of the page asks for, so that it restores this z; "" for the first z."""
    z = Z.of(session).get()
    if z == _FIRST.of(session).get() and "z" not in st.query_params:
        address.POINT.of(session).set("")
        return ""
    address.POINT.of(session).set(images.to_link(z))
    return urlencode(address.query(session, "Sliders"))
