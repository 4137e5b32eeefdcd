"""The training animation as a file."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import streamlit as st

from explorer.exports import restore
from explorer.state import opened_run
from explorer.state.session import Session
from explorer.state.through_flow import ThroughFlow
from vae.errors import ExplainedError
from vae.runs.events import Event

MIN_EXPORT_WIDTH = 480  # smaller sheets are enlarged in the files


FORMATS = {"GIF": ".gif", "WebP": ".webp", "MP4": ".mp4"}


def downloads(session: Session, frames: list[Event], then: ThroughFlow | None) -> None:
    """Buttons that make a file when they are pressed."""
    run = session.run
    files = tuple(str(run.folder / event["samples"]) for event in frames)
    recipe = recipe_of(session, frames)
    identity = then.identity if then else ""
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        for label, suffix in FORMATS.items():
            st.download_button(
                label,
                data=partial(animation_file, files, suffix, recipe, identity, then),
                file_name=f"{run.name}-training{suffix}",
                mime=MIME[suffix],
                icon=":material/download:",
                key=f"animation_{label}",
                on_click="ignore",
            )
        st.caption(
            "The file is made when you press the button, and shows its last picture for a second."
        )


def recipe_of(session: Session, frames: list[Event]) -> str:
    """The comment of the files: which run, and the steps of its pictures."""
    try:
        opened = opened_run.opened(session)
    except ExplainedError:
        return ""
    if opened is None:
        return ""
    steps = [event["step"] for event in frames]
    return restore.recipe(opened, "training", np.zeros((0, 0)), steps=steps)


@st.cache_data(max_entries=6, show_spinner=False)
def animation_file(
    files: tuple[str, ...],
    suffix: str,
    recipe: str = "",
    identity: str = "",
    _then: ThroughFlow | None = None,
) -> bytes:
    """The animation as the bytes of a GIF, WebP or MP4, in true colours.

    `_then`: what comes after the files, through the flow with this identity.
    """
    from vae import pictures

    frames = [pictures.read_png(Path(file)) for file in files]
    if _then is not None:
        frames += _then.sheets
    factor = max(1, -(-MIN_EXPORT_WIDTH // frames[0].shape[1]))
    enlarged = [pictures.enlarge(frame, factor) for frame in frames]
    return pictures.animation(enlarged, suffix, comment=recipe)


MIME = {".gif": "image/gif", ".webp": "image/webp", ".mp4": "video/mp4"}
