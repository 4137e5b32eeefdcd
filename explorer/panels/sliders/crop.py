"""Which part of an uploaded picture is encoded: a square, or all of it as the run's data say."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from explorer.drawing import images
from explorer.state.keys import RunKey
from explorer.state.session import Session
from vae.data.images.image_files import Crop
from vae.data.images.one_picture import rendered_file
from vae.errors import ExplainedError

if TYPE_CHECKING:
    from vae.data.images.decoding import Rendering

PREVIEW = 280  # pixels a side, of the picture that is cropped


MOST_ZOOM = 5.0
FIELDS = ("zoom", "x", "y")
# What becomes of a picture, by the run's data.crop.
WHOLE = {
    "fit": "All of it is used, with its shape kept, as the run's images were.",
    "stretch": "All of it is used, pulled into the square, as the run's images were.",
}


def _field(name: str) -> RunKey[float | None]:
    """Where a hand has set one of FIELDS; None for as the centre square has it."""
    return RunKey(f"crop_{name}", None)


def crop(
    session: Session, data: bytes, rendering: Rendering, on_change: Callable[[], None]
) -> None:
    """What of an uploaded picture is encoded: seen, and moved by hand where it is a square."""
    now = crop_of(session)
    try:
        preview, pixels = _preview(data, now, repr(rendering), rendering)
    except ExplainedError:
        return  # the upload has said so
    left, right = st.columns([5, 2], gap="small", wrap=False)
    left.image(preview, width="stretch", alt="Crop")
    right.image(images.address(pixels, 2 * rendering.size), width="stretch", alt="Cropped")
    right.caption(f"What the model sees, {rendering.size} px")
    if rendering.crop in WHOLE:
        st.caption(WHOLE[rendering.crop])
        return
    for name, label, low, high, step in (
        ("zoom", "Zoom", 1.0, MOST_ZOOM, 0.05),
        ("x", "Left to right", 0.0, 1.0, 0.01),
        ("y", "Top to bottom", 0.0, 1.0, 0.01),
    ):
        key = _field(name).of(session)
        key.begin(getattr(now, name))
        st.slider(label, low, high, step=step, key=key.name, on_change=on_change)


def crop_of(session: Session) -> Crop:
    """The square as the hand has set it."""
    values = {name: _field(name).of(session).get() for name in FIELDS}
    return Crop(**{name: float(value) for name, value in values.items() if value is not None})


def forget_crop(session: Session) -> None:
    """Back to the centre square, for another picture."""
    for name in FIELDS:
        _field(name).of(session).pop()


@st.cache_data(max_entries=8, show_spinner=False)
def _preview(
    data: bytes, crop: Crop, told: str, _rendering: Rendering
) -> tuple[str, images.Pixels]:
    shown = images.data_url(images.cropping(data, _rendering, crop, PREVIEW), "image/jpeg")
    return shown, rendered_file(data, _rendering, crop)
