"""The directions of the latent space that every run has: its dimensions, and the axes of its means.

D latent dimensions.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import streamlit as st

from explorer.directions.direction import REACH, Direction, Line, numbers
from explorer.state import cache
from explorer.state.opened_run import OpenedRun

INACTIVE_NATS = 0.01


def by_kl(opened: OpenedRun) -> list[Direction]:
    """One direction a latent dimension, the most informative first."""
    session, latent_dim = opened.session, opened.model.latent_dim
    kl = session.kl_per_dim()
    known = len(kl) == latent_dim
    order = session.dimensions() if known else range(latent_dim)
    furthest, latents = np.zeros(latent_dim), session.latents()
    if latents is not None and latents.mu.shape[1] == latent_dim:
        furthest = np.ceil(2 * np.percentile(np.abs(latents.mu), 99, axis=0)) / 2
    return [
        Direction(
            label=f"z{j}",
            note=f"{kl[j]:.2f} nats" if known else "",
            lines=(Line(int(j), 0.0, 1.0),),
            reach=max(REACH, float(furthest[j])),
            is_active=not known or kl[j] >= INACTIVE_NATS,
        )
        for j in order
    ]


@st.cache_resource(max_entries=4, show_spinner=False)
def _axes(path: str, now: cache.Stamp) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    from vae.latent.encoding import load_latents, principal_axes

    return principal_axes(load_latents(Path(path)).mu)


def by_pca(opened: OpenedRun) -> list[Direction]:
    """One direction a principal axis of the posterior means, the widest first; none of one mean."""
    file = opened.run.latents_file
    now, latents = cache.stamp(file), opened.session.latents()
    if now is None or latents is None or len(latents.mu) < 2:
        return []
    mean, axes, deviations = _axes(str(file), now)
    if len(mean) != opened.model.latent_dim:
        return []
    share = deviations**2 / max(float((deviations**2).sum()), 1e-12)
    return [
        Direction(
            label=f"PC {k + 1}",
            note=f"{share[k]:.0%} of variance",
            lines=(Line(numbers(axes[k]), float(mean @ axes[k]), max(float(deviations[k]), 1e-6)),),
            reach=REACH,
            is_active=bool(deviations[k] > 0.1),  # its square is Burda's bound on an active unit
        )
        for k in range(len(deviations))
    ]
