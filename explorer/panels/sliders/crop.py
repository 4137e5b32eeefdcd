"""Which square of an uploaded picture is encoded."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from explorer.drawing import images
from explorer.state.session import Session
from vae.data.image_files import Crop
from vae.errors import ExplainedError

if TYPE_CHECKING:
    pass


PREVIEW = 280  # pixels a side, of the picture that is cropped


MOST_ZOOM = 5.0


def crop(
    session: Session, data: bytes, image_shape: tuple[int, int, int], on_change: Callable[[], None]
) -> None:
    """Which square of an uploaded picture is encoded: seen, and moved by hand."""
    now = crop_of(session)
    try:
        preview, pixels = _preview(data, now, image_shape)
    except ExplainedError:
        return  # the upload has said so
    left, right = st.columns([5, 2], gap="small", wrap=False)
    left.image(preview, width="stretch", alt="Crop")
    right.image(images.address(pixels, 2 * image_shape[1]), width="stretch", alt="Cropped")
    right.caption(f"As the model sees it, {image_shape[1]} px")
    for name, label, low, high, step in (
        ("zoom", "Zoom", 1.0, MOST_ZOOM, 0.05),
        ("x", "Left to right", 0.0, 1.0, 0.01),
        ("y", "Top to bottom", 0.0, 1.0, 0.01),
    ):
        key = session.key(f"crop_{name}")
        st.session_state.setdefault(key, getattr(now, name))
        st.slider(label, low, high, step=step, key=key, on_change=on_change)


def crop_of(session: Session) -> Crop:
    """The square as the hand has set it."""
    values = {
        name: st.session_state.get(session.key(f"crop_{name}")) for name in ("zoom", "x", "y")
    }
    return Crop(**{name: float(value) for name, value in values.items() if value is not None})


def forget_crop(session: Session) -> None:
    """Back to the centre square, for another picture."""
    for name in ("zoom", "x", "y"):
        st.session_state.pop(session.key(f"crop_{name}"), None)


@st.cache_data(max_entries=8, show_spinner=False)
def _preview(
    data: bytes, crop: Crop, image_shape: tuple[int, int, int]
) -> tuple[str, images.Pixels]:
    shown = images.data_url(images.cropping(data, crop, PREVIEW), "image/jpeg")
    return shown, images.read_upload(data, image_shape, crop)
