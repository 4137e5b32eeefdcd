"""A grid of images to click: buttons on one sheet of thumbnails, badges A, B, C in order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from explorer.components import scripts
from explorer.drawing import images
from explorer.state.keys import Key

if TYPE_CHECKING:
    from vae.data.dataset import Dataset

COLUMNS = 8  # of the sheet, not of the grid on the screen
THUMBNAIL = 96  # pixels a side, at most


@st.cache_data(max_entries=64, show_spinner=False)
def _sheet(_dataset: Dataset, fingerprint: str, shown: tuple[int, ...]) -> str:
    """The thumbnails of these images as an address."""
    tiles = _dataset.take(np.array(shown, np.int64))
    return images.data_url(images.sheet(tiles, COLUMNS, THUMBNAIL), "image/webp")


def show(
    dataset: Dataset,
    shown: Sequence[int],
    picked: Sequence[int],
    *,
    key: str,
    label: str,
    max_picked: int,
    badges: bool = True,
    tile: int = 56,
    captions: Sequence[str] = (),
) -> list[int]:
    """Draw the images `shown` of the data set. Returns the picked ones, in the order of the clicks.

    `picked`: what is picked at first, and whenever the grid appears anew. One more than
    `max_picked` pushes out the first. `tile`: pixels a side, at least. `captions`: a word on each
    image, if any, under the name of its file. The state of the grid is
    ``st.session_state[key]``, as ``{"picked": [3, 17]}``.
    """
    clicked = (Key[Any](key, None).get() or {}).get("picked")
    current = list(picked) if clicked is None else _valid(clicked, len(dataset))
    told, turn = Key[list[int] | None](f"{key}.told", None), Key(f"{key}.turn", 0)
    if clicked is None and told.get() != current:
        turn.set(turn.get() + 1)
        told.set(current)
    component = scripts.component("image_gallery", "components/gallery")
    component(
        key=key,
        data={
            "sheet": _sheet(dataset, dataset.fingerprint, tuple(shown)),
            "columns": COLUMNS,
            "images": list(map(int, shown)),
            "captions": [
                [str(dataset.names[image]).rpartition("/")[2], caption]
                for image, caption in zip(shown, captions, strict=False)
            ],
            "titles": [_title(dataset, image) for image in shown],
            "picked": told.get() or [],
            "turn": turn.get(),
            "max": max_picked,
            "badges": badges,
            "tile": tile,
            "label": label,
        },
        on_picked_change=lambda: None,
    )
    return current[-max_picked:]


def _valid(clicked: object, num: int) -> list[int]:
    """The images among what the browser says was picked."""
    if not isinstance(clicked, list):
        return []
    return [image for image in clicked if isinstance(image, int) and 0 <= image < num]


def _title(dataset: Dataset, image: int) -> str:
    name = str(dataset.names[image])
    return f"Image {image}" if name == str(image) else f"Image {image}: {name}"
