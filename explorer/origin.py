"""Where a face began: the square of an upload, gradient steps towards it, how typical it is.

H height, W width, C channels, D latent dimensions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from explorer.drawing import images
from explorer.state.session import Session
from vae.data.image_files import Crop
from vae.errors import InputError

if TYPE_CHECKING:
    from vae.latent.refine import Refined
    from vae.model.networks import VAE

PREVIEW = 280  # pixels a side, of the picture that is cropped
MOST_ZOOM = 5.0
SHOWN_EVERY = 3  # steps of refining between two pictures
CURVE = (150, 56)  # pixels
COLOUR = "#7c5cff"

STYLE = """<style>
.typical { font-size: 0.8rem; line-height: 1.35; font-variant-numeric: tabular-nums; }
.typical .bar { height: 0.4rem; border-radius: 0.3rem; margin: 0.1rem 0 0.35rem;
  background: color-mix(in srgb, currentColor 12%, transparent); }
.typical .bar i { display: block; height: 100%; border-radius: 0.3rem;
  background: var(--st-primary-color, #7c5cff); }
.falling { font-size: 0.8rem; font-variant-numeric: tabular-nums; }
</style>"""


# ------------------------------------------------------------------------------- the square


def crop(
    session: Session, data: bytes, image_shape: tuple[int, int, int], on_change: Callable[[], None]
) -> None:
    """Which square of an uploaded picture is encoded: seen, and moved by hand."""
    now = crop_of(session)
    try:
        preview, pixels = _preview(data, now, image_shape)
    except InputError:
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


# ------------------------------------------------------------------------------- refining


@dataclass
class Refining:
    """Steps that are under way; they go on where a page run was cut short."""

    steps: Iterator[Refined]
    model: VAE
    pixels: images.Pixels
    walk: list[Refined] = field(default_factory=list)


def begin_refining(session: Session, model: VAE, pixels: images.Pixels, z: Sequence[float]) -> None:
    """Make ready for gradient steps from z [D] towards an image [H, W, C]."""
    from vae.latent.refine import refine

    steps = refine(model, pixels, np.float32(z))
    st.session_state[session.key("refining")] = Refining(steps, model, pixels)


def refined(session: Session, size: int) -> list[Refined]:
    """Take the steps that were asked for, and show the error fall; none where none were."""
    from vae.latent.refine import NUM_STEPS

    work: Refining | None = st.session_state.get(session.key("refining"))
    if work is None:
        return []
    with st.container(horizontal=True, gap="small"):
        picture, curve = st.empty(), st.empty()
        for step in work.steps:
            work.walk.append(step)
            if step.step % SHOWN_EVERY == 0 or step.step == NUM_STEPS:
                face = images.decode(work.model, [step.z])[0]
                picture.image(images.address(face, 2 * size), width=size, alt="Refining")
                curve.html(falling([one.psnr for one in work.walk], NUM_STEPS))
    del st.session_state[session.key("refining")]
    return work.walk


def falling(decibels: Sequence[float], num_steps: int) -> str:
    """The error after each step so far as a small curve: the lower, the better."""
    width, height = CURVE
    errors = [10 ** (-value / 10) for value in decibels]
    low, high = min(errors), max(errors)
    room = max(high - low, 1e-12)
    corners = " ".join(
        f"{width * i / num_steps:.1f},{3 + (height - 6) * (high - error) / room:.1f}"
        for i, error in enumerate(errors)
    )
    step = len(errors) - 1
    # As an image: Streamlit takes drawings out of HTML.
    drawing = (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}'>"
        f"<polyline points='{corners}' fill='none' stroke='{COLOUR}' stroke-width='2' "
        "stroke-linejoin='round'/></svg>"
    )
    address = images.data_url(drawing.encode(), "image/svg+xml")
    return (
        f"{STYLE}<div class='falling'><img src='{address}' alt='Error by step'>"
        f"<br>error {errors[-1]:.5f} ({decibels[-1]:.1f} dB), step {step} of {num_steps}</div>"
    )


# ------------------------------------------------------------------------------- typicality
