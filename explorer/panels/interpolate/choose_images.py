"""Which images a path goes through: a gallery with its pages, found by label or by number."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from explorer.components import gallery
from explorer.drawing import labels
from explorer.panels.interpolate import label_filter
from explorer.state import chosen_path
from explorer.state.keys import RunKey
from explorer.state.opened_run import OpenedRun
from explorer.state.session import Session

if TYPE_CHECKING:
    from vae.data.dataset import Dataset

PAGE_IMAGES = 48

_PAGE = RunKey("page", 1)
_GO_TO = RunKey[int | None]("go_to", None)
_ONLY = RunKey("only", label_filter.ALL)


def show(opened: OpenedRun, num_keys: int) -> list[int]:
    """The grid of images with its pages. Returns the picked images."""
    session, dataset = opened.session, opened.dataset
    only = str(_ONLY.of(session).get())
    found = label_filter.images_with(dataset, dataset.fingerprint, only)
    num_pages = max(1, math.ceil(len(found) / PAGE_IMAGES))
    page = min(_PAGE.of(session).get(), num_pages)
    shown = found[(page - 1) * PAGE_IMAGES : page * PAGE_IMAGES].tolist()
    kept = [image for image in chosen_path.chosen(session).picked if image < len(dataset)]
    if len(kept) < 2:
        kept = [*_suggested(session, shown, 2 - len(kept)), *kept]
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        _search(session, dataset, found)
    picked = gallery.show(
        dataset,
        shown,
        kept,
        key=chosen_path.component_key(session, "gallery"),
        label="Images of the validation set" if len(dataset.validation) > 1 else "All images",
        max_picked=num_keys,
        tile=46,
    )
    chosen_path.pick(session, picked)
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        for name, icon, to in (
            ("Earlier", ":material/chevron_left:", page - 1),
            ("Later", ":material/chevron_right:", page + 1),
        ):
            st.button(
                name,
                icon=icon,
                on_click=_turn,
                args=(session, to),
                disabled=not 1 <= to <= num_pages,
            )
        st.button(
            "Random page",
            icon=":material/casino:",
            on_click=_turn_anywhere,
            args=(session, num_pages),
            disabled=num_pages == 1,
        )
    st.caption(
        f"Page {page} of {num_pages}, {labels.counted(len(found), 'image')}. Click "
        f"{'two of them' if num_keys == 2 else f'up to {num_keys} of them'}; a further one "
        "replaces the first."
    )
    return picked


def _search(session: Session, dataset: Dataset, found: np.ndarray) -> None:
    """Where to look: images with a label, or the page of a number."""
    options = [label_filter.ALL, *label_filter.choices(dataset, dataset.fingerprint)]
    if len(options) > 1:
        st.selectbox(
            "Only",
            options,
            key=_ONLY.of(session).name,
            on_change=_turn,
            args=(session, 1),
            width="stretch",
        )
    st.number_input(
        "Go to image",
        0,
        len(dataset) - 1,
        value=None,
        key=_GO_TO.of(session).name,
        on_change=_go_to,
        args=(session, found),
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


def _turn(session: Session, page: int) -> None:
    _PAGE.of(session).set(page)


def _turn_anywhere(session: Session, num_pages: int) -> None:
    now = _PAGE.of(session).get()
    others = [page for page in range(1, num_pages + 1) if page != now]
    _turn(session, int(np.random.default_rng().choice(others)))


def _go_to(session: Session, found: np.ndarray) -> None:
    """Turn to the page with that image, or with the next one of those that are shown."""
    image = _GO_TO.of(session).get()
    if image is not None:
        row = min(int(np.searchsorted(found, image)), len(found) - 1)
        _turn(session, row // PAGE_IMAGES + 1)
