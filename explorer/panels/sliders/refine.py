"""Refining: gradient steps on z towards an image, seen as they are taken.

H height, W width, C channels, D latent dimensions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from explorer.components import scripts
from explorer.drawing import images, theme
from explorer.state.keys import RunKey
from explorer.state.opened_run import OpenedRun
from explorer.state.session import Session

if TYPE_CHECKING:
    from vae.latent.refine import Refined
    from vae.model.networks import VAE

SHOWN_EVERY = 3  # steps of refining between two pictures
CURVE = (150, 56)  # pixels


@dataclass
class Refining:
    """Steps that are under way; they go on where a page run was cut short."""

    steps: Iterator[Refined]
    model: VAE
    pixels: images.Pixels
    walk: list[Refined] = field(default_factory=list)


_REFINING = RunKey[Refining | None]("refining", None)


def begin_refining(opened: OpenedRun, pixels: images.Pixels, z: Sequence[float]) -> None:
    """Make ready for gradient steps from z [D] towards an image [H, W, C]."""
    from vae.latent.refine import refine

    steps = refine(opened.model, pixels, np.asarray(z, np.float32))
    _REFINING.of(opened.session).set(Refining(steps, opened.model, pixels))


def refined(session: Session, size: int) -> list[Refined]:
    """Take the steps that were asked for, and show the error fall; none where none were."""
    from vae.latent.refine import NUM_STEPS

    work = _REFINING.of(session).get()
    if work is None:
        return []
    with st.container(horizontal=True, gap="small"):
        picture, curve = st.empty(), st.empty()
        for step in work.steps:
            work.walk.append(step)
            if step.step % SHOWN_EVERY == 0 or step.step == NUM_STEPS:
                face = images.decode(work.model, step.z[None])[0]
                picture.image(images.address(face, 2 * size), width=size, alt="Refining")
                curve.html(falling([one.psnr for one in work.walk], NUM_STEPS))
    _REFINING.of(session).pop()
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
        f"<polyline points='{corners}' fill='none' stroke='{theme.primary()}' stroke-width='2' "
        "stroke-linejoin='round'/></svg>"
    )
    address = images.data_url(drawing.encode(), "image/svg+xml")
    return (
        f"{scripts.style(__file__)}<div class='falling'><img src='{address}' alt='Error by step'>"
        f"<br>error {errors[-1]:.5f} ({decibels[-1]:.1f} dB), step {step} of {num_steps}</div>"
    )
