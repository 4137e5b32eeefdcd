"""The process that makes a map: what it writes, the button that starts it, how far it is."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from explorer.components import job_button
from explorer.state import coming
from explorer.state.session import Session
from vae.option_checks import typed
from vae.option_choices import MapMethod
from vae.runs import processes
from vae.runs.folder import Run
from vae.runs.umap_options import UmapOptions

COMING = "after the first evaluation every image appears here at its posterior mean"


def files(run: Run, method: MapMethod) -> tuple[Path, Path]:
    """The log of the process that makes a map, and what it writes."""
    return run.maps / f"{method}.log", run.maps / f"{method}.npz"


def missing(
    session: Session, method: MapMethod, options: UmapOptions, made_with: UmapOptions | None
) -> None:
    """In place of a map that is not there, or that was made with other options."""
    if method == "umap":
        text = (
            "**UMAP places the images so that neighbours stay together.** It takes seconds to "
            "minutes in the background; you can keep using the page."
        )
        if made_with is not None:
            text = (
                f"**The map that is there was made with {_words(made_with)}.** A new one is made "
                "in the background, in seconds to minutes, and replaces it; until then this is PCA."
            )
        st.info(text, icon=":material/scatter_plot:")
        job(session, method, options)
    else:
        st.info(
            f"**No posterior means yet.** {coming.words(session, COMING)}",
            icon=":material/hourglass_empty:",
        )


def _words(options: UmapOptions) -> str:
    distance = typed(options.min_distance)
    return f"{options.neighbours} neighbours and a minimum distance of {distance}"


def job(session: Session, method: MapMethod, options: UmapOptions) -> None:
    """Start making a map, and watch it."""
    job_button.job(
        session.run,
        *files(session.run, method),
        "Compute UMAP" if method == "umap" else "Map all images",
        ":material/scatter_plot:",
        lambda run: processes.start_projection(run, method, options),
    )
