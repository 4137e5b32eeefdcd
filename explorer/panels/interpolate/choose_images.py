"""Which images a path goes through: a gallery with its pages, found by label or by number."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from explorer.components import gallery
from explorer.panels.interpolate import label_filter
from explorer.state import chosen_path
from explorer.state.opened_run import OpenedRun
from explorer.state.session import Session

if TYPE_CHECKING:
    from vae.data.dataset import Dataset

PAGE_IMAGES = 48


def show(opened: OpenedRun, num_keys: int) -> list[int]:
    """The grid of validation images with its pages. Returns the picked images."""
    state, session, dataset = st.session_state, opened.session, opened.dataset
    place, number = session.key("page"), session.key("go_to")
    only = str(state.get(session.key("only"), label_filter.ALL))
    found = label_filter.images_with(dataset, dataset.fingerprint, only)
    num_pages = max(1, math.ceil(len(found) / PAGE_IMAGES))
    page = min(state.get(place, 1), num_pages)
    shown = found[(page - 1) * PAGE_IMAGES : page * PAGE_IMAGES].tolist()
    kept = [image for image in state.get(session.key("picks"), []) if image < len(dataset)]
    if len(kept) < 2:
        kept = [*_suggested(session, shown, 2 - len(kept)), *kept]
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        _search(session, dataset, found, place, number)
    picked = gallery.show(
        dataset,
        shown,
        kept,
        key=chosen_path.component_key(session, "gallery"),
        label="Images of the validation set",
        max_picked=num_keys,
        tile=46,
    )
    state[session.key("picks")] = picked
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        for name, icon, to in (
            ("Earlier", ":material/chevron_left:", page - 1),
            ("Later", ":material/chevron_right:", page + 1),
        ):
            st.button(
                name,
                icon=icon,
                on_click=_turn,
                args=(place, to),
                disabled=not 1 <= to <= num_pages,
            )
        st.button(
            "Random page",
            icon=":material/casino:",
            on_click=_turn_anywhere,
            args=(place, num_pages),
            disabled=num_pages == 1,
        )
    st.caption(
        f"Page {page} of {num_pages}, {len(found):,} images. Click "
        f"{'two of them' if num_keys == 2 else f'up to {num_keys} of them'}: one more takes the "
        "place of the first."
    )
    return picked


def _search(session: Session, dataset: Dataset, found: np.ndarray, place: str, number: str) -> None:
    """Where to look: images with a label, or the page of a number."""
    options = [label_filter.ALL, *label_filter.choices(dataset, dataset.fingerprint)]
    if len(options) > 1:
        st.selectbox(
            "Only",
            options,
            key=session.key("only"),
            on_change=_turn,
            args=(place, 1),
            width="stretch",
        )
    st.number_input(
        "Go to image",
        0,
        len(dataset) - 1,
        value=None,
        key=number,
        on_change=_go_to,
        args=(found, place, number),
        placeholder=f"0 to {len(dataset) - 1}",
        width=150,
    )


def _suggested(session: Session, shown: list[int], num: int) -> list[int]:
    """Images of this page to begin with: rebuilt well, and unlike each other."""
    latents = session.latents()
    if latents is None:
        return shown[:num]
    rows = np.flatnonzero(np.isin(latents.index, shown))
    rows = rows[np.argsort(latents.mse[rows])][: max(2, len(rows) // 2)]
    if len(rows) < 2:
        return shown[:num]
    mu = latents.mu[rows]
    apart = np.square(mu[:, None] - mu[None]).sum(-1)
    ends = np.unravel_index(int(apart.argmax()), apart.shape)
    return [int(latents.index[rows[end]]) for end in ends][:num]


def _turn(place: str, page: int) -> None:
    st.session_state[place] = page


def _turn_anywhere(place: str, num_pages: int) -> None:
    state = st.session_state
    others = [page for page in range(1, num_pages + 1) if page != state.get(place, 1)]
    state[place] = int(np.random.default_rng().choice(others))


def _go_to(found: np.ndarray, place: str, number: str) -> None:
    """Turn to the page with that image, or with the next one of those that are shown."""
    image = st.session_state[number]
    if image is not None:
        row = min(int(np.searchsorted(found, image)), len(found) - 1)
        st.session_state[place] = row // PAGE_IMAGES + 1
