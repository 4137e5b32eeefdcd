"""Keep a slider under a name of one's own, as a direction between two groups of images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from explorer.directions.direction import Direction, Line
from explorer.directions.new_direction import finish
from explorer.state.keys import RunKey
from explorer.state.opened_run import OpenedRun
from vae.directions.definitions import Definition

SHARE = 0.05  # of the images, that lie furthest to each side
FEWEST, MOST = 5, 200

_OPEN = RunKey("name_slider", False)
_CHOSEN = RunKey("named_slider", "")


def offer(opened: OpenedRun, directions: Sequence[Direction]) -> None:
    """The button that opens the form; none where there are no means or images."""
    session = opened.session
    latents = session.latents()
    if latents is None or len(latents.mu) < 2 or not opened.has_images() or not directions:
        return
    if latents.mu.shape[1] != opened.model.latent_dim:
        return
    by_label = {one.label: one for one in directions if one.is_active}
    form = st.popover(
        "Name a slider", icon=":material/edit:", key=_OPEN.of(session).name, on_change="rerun"
    )
    with form:
        key = _CHOSEN.of(session)
        if key.get() not in by_label:
            key.set(next(iter(by_label), ""))
        label = st.selectbox("Slider", list(by_label), key=key.name)
        if label not in by_label:
            return
        a, b = ends(by_label[label].lines[0], latents.index, latents.mu)
        st.caption(
            f"Kept is the way from the {len(b):,} images furthest to the left on this slider to "
            f"the {len(a):,} furthest to the right, so it means the same after more training."
        )
        finish(opened, Definition("", a=a, b=b), "slider", label)


def ends(line: Line, index: np.ndarray, mu: np.ndarray) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The images `index` [N] whose means mu [N, D] lie furthest to the right and left of a line."""
    along = line.axis if line.read is None else line.read
    places = mu[:, along] if isinstance(along, int) else mu @ np.array(along)
    order = np.argsort(places, kind="stable")
    num = max(1, min(MOST, max(FEWEST, round(SHARE * len(order))), len(order) // 2))
    return _images(index[order[-num:]]), _images(index[order[:num]])


def _images(numbers: np.ndarray) -> tuple[int, ...]:
    return tuple(sorted(int(number) for number in numbers))
