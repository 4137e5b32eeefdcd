"""Interpolate: pictures along a path between images of the set."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from explorer import gallery, images
from explorer.session import Session
from vae.config import ConfigError
from vae.pictures import MIME

if TYPE_CHECKING:
    from vae.checkpoints import Weights
    from vae.dataset import Dataset
    from vae.networks import VAE

TICK_SECONDS = 3.0  # while the weights change
PAGE_IMAGES = 48
MAX_KEYS = 6
STEPS = (5, 7, 9, 11, 13, 15)
PICTURE = 160  # pixels a side of a picture of the path
LARGE = 320
LETTERS = "ABCDEF"
KINDS = {"slerp": "Great arc (slerp)", "lerp": "Straight line (lerp)"}

STYLE = """<style>
[data-testid="stColumn"]:has(.st-key-path_gallery) { min-width: min(100%, 22rem); }
[data-testid="stColumn"]:has(.st-key-path_point) { min-width: min(100%, 16.5rem); }
.st-key-path_strip img { border-radius: 8px; }
.st-key-path_strip [class*="st-key-path_end"] img { box-shadow: 0 0 0 3px var(--st-primary-color,
  #8a70ff); }
.st-key-path_point img { border-radius: 14px; }
</style>"""


def show(session: Session) -> None:
    """Draw the panel; while the run trains, the path follows its newest weights."""
    if session.run is None:
        st.info(
            "**No images to go between yet.** Press **Start training** in the sidebar: this panel "
            "opens with the first checkpoint.",
            icon=":material/route:",
        )
        return
    every = TICK_SECONDS if session.is_alive() else None
    st.fragment(_draw, run_every=every)(session)


def _draw(session: Session) -> None:
    try:
        loaded, dataset = session.model(), session.dataset()
    except ConfigError as error:
        st.error(str(error), icon=":material/error:")
        return
    if loaded is None or dataset is None:
        st.info(
            "**This run has no weights yet.** The first checkpoint opens the paths.",
            icon=":material/hourglass_empty:",
        )
        return
    model, weights = loaded
    st.html(STYLE)
    kind, steps, num_keys = _controls(session)
    above = st.container(key="path_strip")
    left, right = st.columns([7, 5], gap="large")
    with left.container(key="path_gallery"):
        picked = _gallery(session, dataset, num_keys)
    if len(picked) < 2:
        above.info("Click a second image below, and the path is here.", icon=":material/touch_app:")
        return
    keys = images.encode(model, dataset.take(np.array(picked)))
    legs = len(keys) - 1
    steps = max(1, round((steps - 1) / legs)) * legs + 1  # so that every image is met
    with above:
        _strip(model, dataset, picked, keys, steps, kind)
    with right:
        st.fragment(_point)(session, model, keys, kind, len(picked))
        _downloads(session, model, weights, keys, steps, kind)


def _controls(session: Session) -> tuple[str, int, int]:
    """How to go: the kind of path, the number of pictures, the number of images to go through."""
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        kind = st.segmented_control(
            "Path",
            list(KINDS),
            default="slerp",
            required=True,
            format_func=KINDS.get,
            key=session.key("kind"),
            help="Between posterior means. The **great arc** keeps a typical distance from the "
            "middle of the latent space all the way; the **straight line** cuts closer to it.",
        )
        num_keys = st.segmented_control(
            "Images to go through",
            range(2, MAX_KEYS + 1),
            default=2,
            required=True,
            key=session.key("num_keys"),
        )
        steps = st.select_slider("Steps", STEPS, 9, key=session.key("steps"), width=180)
    return str(kind), int(steps), int(num_keys or 2)


# ----------------------------------------------------------------------------- the gallery


def _gallery(session: Session, dataset: Dataset, num_keys: int) -> list[int]:
    """The grid of validation images with its pages. Returns the picked images."""
    state = st.session_state
    place, number = session.key("page"), session.key("go_to")
    num_pages = math.ceil(len(dataset.validation) / PAGE_IMAGES)
    page = min(state.get(place, 1), num_pages)
    shown = dataset.validation[(page - 1) * PAGE_IMAGES : page * PAGE_IMAGES].tolist()
    kept = [image for image in state.get(session.key("picks"), []) if image < len(dataset)]
    if len(kept) < 2:
        kept = [*_suggested(session, shown, 2 - len(kept)), *kept]
    st.caption(
        f"Click {'two images' if num_keys == 2 else f'up to {num_keys} images'}: one more takes "
        "the place of the first."
    )
    picked = gallery.show(
        dataset,
        shown,
        kept,
        key=session.key("gallery"),
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
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.number_input(
            "Go to image",
            0,
            len(dataset) - 1,
            value=None,
            key=number,
            on_change=_go_to,
            args=(dataset, place, number),
            placeholder="Go to image",
            label_visibility="collapsed",
            width=180,
        )
        st.caption(
            f"Page {page} of {num_pages}, {len(dataset.validation):,} images", width="content"
        )
    return picked


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


def _go_to(dataset: Dataset, place: str, number: str) -> None:
    """Turn to the page with that image, or with the next one of the validation set."""
    image = st.session_state[number]
    if image is not None:
        row = min(int(np.searchsorted(dataset.validation, image)), len(dataset.validation) - 1)
        st.session_state[place] = row // PAGE_IMAGES + 1


# ----------------------------------------------------------------------------- the path


def _strip(
    model: VAE, dataset: Dataset, picked: list[int], keys: np.ndarray, steps: int, kind: str
) -> None:
    """The originals at both ends, and the decoded path between them."""
    decoded = images.decode(model, images.path(keys, steps, kind))
    originals = dataset.take(np.array([picked[0], picked[-1]]))
    last = LETTERS[len(picked) - 1]
    row = st.grid(steps + 2, min_column_width=52, gap="xsmall")
    with row.container(key="path_end_first", gap="xxsmall"):
        st.image(
            images.address(originals[0], PICTURE),
            width="stretch",
            alt=f"Image {picked[0]}",
        )
        st.caption(f"**A** {picked[0]}", text_alignment="center")
    every = (steps - 1) // (len(picked) - 1)
    for i, picture in enumerate(decoded):
        letter = str(i + 1) if i % every else LETTERS[i // every]
        with row.container(gap="xxsmall"):
            st.image(
                images.address(picture, PICTURE),
                width="stretch",
                alt=f"Path {i + 1}",
            )
            st.caption(letter, text_alignment="center")
    with row.container(key="path_end_last", gap="xxsmall"):
        st.image(
            images.address(originals[1], PICTURE),
            width="stretch",
            alt=f"Image {picked[-1]}",
        )
        st.caption(f"**{last}** {picked[-1]}", text_alignment="center")


def _point(session: Session, model: VAE, keys: np.ndarray, kind: str, num_keys: int) -> None:
    """Any point of the path, large."""
    place = st.container(key="path_point")
    position = st.slider(
        "Position",
        0.0,
        1.0,
        0.5,
        0.01,
        key=session.key("position"),
        help=f"0 is A, 1 is {LETTERS[num_keys - 1]}.",
    )
    z = images.point_on_path(keys, position, kind)
    picture = images.decode(model, z[None])[0]
    place.image(images.address(picture, LARGE), width=LARGE, alt="Point of the path")


def _downloads(
    session: Session, model: VAE, weights: Weights, keys: np.ndarray, steps: int, kind: str
) -> None:
    """Files of the path, made when asked for."""
    run = session.run
    assert run is not None

    def strip() -> bytes:
        return images.strip(images.decode(model, images.path(keys, steps, kind)))

    with st.container(horizontal=True, gap="xsmall"):
        st.download_button(
            "PNG strip", strip, f"{run.name}-path.png", "image/png", on_click="ignore"
        )
        for suffix, name in ((".gif", "GIF"), (".webp", "WebP"), (".mp4", "MP4")):
            st.download_button(
                name,
                partial(images.loop, model, keys, kind, suffix),
                f"{run.name}-path{suffix}",
                MIME[suffix],
                on_click="ignore",
            )
    st.caption(
        f"Files to download; the animations go there and back. Weights of step {weights.step:,}."
    )
