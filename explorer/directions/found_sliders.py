"""Sliders along the directions that change the picture most, each its own part of it."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from explorer.directions.direction import REACH, Direction, Line, numbers
from explorer.state import cache
from explorer.state.opened_run import OpenedRun
from vae.latent.found_axes import FoundAxes, found_axes
from vae.model.networks import VAE

CHOICE = "Found directions"  # what Sliders calls them


@st.cache_resource(max_entries=4, show_spinner="Looking for what changes the picture most ...")
def _found(path: str, now: cache.Stamp, digest: str, _model: VAE) -> FoundAxes:
    """`digest`: of the weights; "" while they change, when new means are looked at again."""
    from vae.latent.encoding import load_latents

    return found_axes(_model, load_latents(Path(path)).mu)


def sliders(opened: OpenedRun) -> list[Direction]:
    """The direction that changes the picture most comes first; none of fewer than two means."""
    file = opened.run.latents_file
    now, latents = cache.stamp(file), opened.session.latents()
    if now is None or latents is None or len(latents.mu) < 2:
        return []
    if latents.mu.shape[1] != opened.model.latent_dim:
        return []
    digest = "" if opened.session.is_alive() else opened.weights.digest
    found = _found(str(file), now, digest, opened.model)
    return [
        Direction(
            label=f"Found {k + 1}",
            note=f"{share:.0%} of the change",
            lines=(Line(numbers(move), float(centre), 1.0, numbers(read)),),
            reach=REACH,
            is_active=True,
        )
        for k, (move, read, centre, share) in enumerate(
            zip(found.moves, found.reads, found.centre, found.shares, strict=True)
        )
    ]
