"""Interpolate: pictures along a path between images of the set."""

from __future__ import annotations

import math
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from explorer import charts, gallery, images, journey, keeping, labels, pathview, recipes, snippets
from explorer.journey import KINDS, LETTERS, MAX_KEYS
from explorer.pathview import Tour
from explorer.session import Session
from vae.config import ConfigError
from vae.pictures import MIME

if TYPE_CHECKING:
    from vae.checkpoints import Weights
    from vae.dataset import Dataset
    from vae.networks import VAE

TICK_SECONDS = 3.0  # while the weights change
PAGE_IMAGES = 48
STEPS = (5, 7, 9, 11, 13, 15)
PICTURE = 160  # pixels a side of a picture of the path
LARGE = 320
FINE = 24  # points of a leg that the browser goes along

STYLE = """<style>
[data-testid="stColumn"]:has(.st-key-path_gallery) { min-width: min(100%, 15rem); }
[data-testid="stColumn"]:has(.st-key-path_point) { min-width: min(100%, 14rem); }
.st-key-path_strip img { border-radius: 8px; }
.st-key-path_strip img[alt^="Path "] { cursor: ew-resize; touch-action: pan-y; }
.st-key-path_strip [class*="st-key-path_end"] img { box-shadow: 0 0 0 3px var(--st-primary-color,
  #8a70ff); }
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
    keeping.begin(session)
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
    _take_over(session, dataset, model)
    kind, steps, num_keys = _controls(session)
    above = st.container(key="path_strip")
    left, right = st.columns([6, 5], gap="medium")
    with left.container(key="path_gallery"):
        picked = _gallery(session, dataset, num_keys)
    if len(picked) < 2:
        above.info("Click a second image below, and the path is here.", icon=":material/touch_app:")
        return
    keys = images.encode(model, dataset.take(np.array(picked)))
    legs = len(keys) - 1
    steps = max(1, round((steps - 1) / legs)) * legs + 1  # so that every image is met
    with above:
        _strip(session, model, dataset, picked, keys, steps, kind)
    with right.container(key="path_point"):
        st.fragment(_point)(session, model, weights, picked, keys, steps, kind)
    with left:
        _compared(session, picked, keys, steps, kind)


def _controls(session: Session) -> tuple[str, int, int]:
    """How to go: the kind of path, the number of pictures, the number of images to go through."""
    state, before = st.session_state, journey.chosen(session)
    kinds = [kind for kind in KINDS if kind != "dense" or journey.roads(session) is not None]
    if state.setdefault(session.key("kind"), before.kind) not in kinds:
        state[session.key("kind")] = kinds[0]
    state.setdefault(session.key("num_keys"), before.num_keys)
    state.setdefault(session.key("steps"), before.steps)
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        kind = st.segmented_control(
            "Path",
            kinds,
            required=True,
            format_func=KINDS.__getitem__,
            key=session.key("kind"),
            help="Between posterior means. The **great arc** (slerp) keeps its distance from the "
            "middle of the latent space; the **straight line** (lerp) cuts closer to it. Through "
            "**dense regions** it goes from neighbour to neighbour among the images, so that what "
            "it meets is like them: the cheapest way over a graph of the posterior means, "
            "smoothed.",
        )
        num_keys = st.segmented_control(
            "Images to go through",
            range(2, MAX_KEYS + 1),
            required=True,
            key=session.key("num_keys"),
        )
        steps = st.selectbox("Steps", STEPS, key=session.key("steps"), width=90)
    journey.choose(session, str(kind), int(num_keys or 2), int(steps))
    return str(kind), int(steps), int(num_keys or 2)


# ----------------------------------------------------------------------------- the gallery


def _gallery(session: Session, dataset: Dataset, num_keys: int) -> list[int]:
    """The grid of validation images with its pages. Returns the picked images."""
    state = st.session_state
    place, number = session.key("page"), session.key("go_to")
    only = str(state.get(session.key("only"), labels.ALL))
    found = labels.images_with(dataset, dataset.fingerprint, only)
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
        key=_component(session, "gallery"),
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
    options = [labels.ALL, *labels.choices(dataset, dataset.fingerprint)]
    if len(options) > 1:
        st.selectbox(
            "Only",
            options,
            key=session.key("only"),
            on_change=_turn,
            args=(place, 1),
            width=230,
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


def _component(session: Session, name: str) -> str:
    """The key of a component; another one after a file has said what it shows."""
    turn = st.session_state.get(session.key("restored"), 0)
    return session.key(name) + (f".{turn}" if turn else "")


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


# ----------------------------------------------------------------------------- the path


def _strip(
    session: Session,
    model: VAE,
    dataset: Dataset,
    picked: list[int],
    keys: np.ndarray,
    steps: int,
    kind: str,
) -> None:
    """The originals at both ends, and the decoded path between them."""
    decoded = images.decode(model, journey.trace(session, keys, steps, kind))
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


def _point(
    session: Session,
    model: VAE,
    weights: Weights,
    picked: list[int],
    keys: np.ndarray,
    steps: int,
    kind: str,
) -> None:
    """Any point of the path, large, and what to do with it."""
    run = session.run
    assert run is not None
    if keeping.is_waiting(session):
        st.rerun()  # the whole page, with the path of a file
    tour, number = _tour(session)
    legs = len(keys) - 1
    points = journey.trace(session, keys, legs * FINE + 1, kind)
    at = min(int(tour.position * (len(points) - 1)), len(points) - 2)
    part = np.float32(tour.position * (len(points) - 1) - at)
    z = (1 - part) * points[at] + part * points[at + 1]
    pathview.show(
        _component(session, "path"),
        f"/live/decode/{run.name}",
        points,
        journey.trace(session, keys[[-1, 0]], FINE + 1, kind),
        FINE,
        LETTERS[: len(keys)],
        tour,
        number,
        weights.step,
        images.address(images.decode(model, z[None])[0], LARGE),
    )
    _downloads(session, model, weights, picked, keys, steps, kind, tour)
    with st.container(horizontal=True, gap="xsmall"):
        shown = st.button(
            "Show on the map", icon=":material/map:", on_click=_show_on_map, args=(session,)
        )
        opened = st.button(
            "Open in Sliders", icon=":material/tune:", on_click=_open_in_sliders, args=(session, z)
        )
    if shown or opened:
        st.rerun()


def _tour(session: Session) -> tuple[Tour, int | None]:
    """Where one stands, by the newest move of a hand, which the page keeps; and its number."""
    state: Any = st.session_state
    kept = session.key("tour")
    told = pathview.taken(state.get(_component(session, "path")))
    if told is not None:
        state[kept] = told[1]
    return state.get(kept, Tour()), None if told is None else told[0]


def _show_on_map(session: Session) -> None:
    st.session_state[session.key("show_path")] = True
    st.session_state["panel"] = "Map"


def _open_in_sliders(session: Session, z: np.ndarray) -> None:
    state = st.session_state
    state[session.key("hand_over")] = {"z": [float(value) for value in z], "index": None}
    state["panel"] = "Sliders"


def _downloads(
    session: Session,
    model: VAE,
    weights: Weights,
    picked: list[int],
    keys: np.ndarray,
    steps: int,
    kind: str,
    tour: Tour,
) -> None:
    """Files of the path, made when asked for, and what brings them back."""
    run = session.run
    assert run is not None
    points = journey.trace(session, keys, steps, kind)
    chosen = {"path": kind, "steps": journey.chosen(session).steps, "images": picked}
    recipe = keeping.recipe(session, weights, "path", keys, **chosen, **asdict(tour))

    def strip() -> bytes:
        return images.strip(images.decode(model, points), recipe)

    def film(suffix: str) -> bytes:
        return journey.film(model, journey.filmed(session, keys, kind, tour), suffix, recipe)

    with st.container(horizontal=True, gap="xsmall"):
        st.download_button(
            "PNG strip", strip, f"{run.name}-path.png", "image/png", on_click="ignore"
        )
        for suffix, name in ((".gif", "GIF"), (".webp", "WebP"), (".mp4", "MP4")):
            st.download_button(
                name,
                partial(film, suffix),
                f"{run.name}-path{suffix}",
                MIME[suffix],
                on_click="ignore",
            )
    st.caption(
        "Animations go as the player does. Every file remembers its path. "
        f"Weights of step {weights.step:,}."
    )
    with st.container(horizontal=True, gap="xsmall"):
        factor = images.strip_factor(weights.image_shape[1])
        program = snippets.path(run.folder, weights.step, keys, tuple(picked), points, kind, factor)
        keeping.copy_as_python(program, "the PNG strip")
        upload = session.key("upload_path")
        with st.popover("From a file", icon=":material/upload:"):
            st.file_uploader(
                "A path that was downloaded here",
                ["png", "gif", "webp", "mp4"],
                key=upload,
                on_change=_from_file,
                args=(session, model, weights, upload),
                help="Its images, its kind, its steps and the player come back.",
            )
            if message := st.session_state.get(session.key("upload_path_error")):
                st.error(message, icon=":material/broken_image:")


def _from_file(session: Session, model: VAE, weights: Weights, key: str) -> None:
    """Take up the path in a file."""
    state, error = st.session_state, session.key("upload_path_error")
    state.pop(error, None)
    if state[key] is None:
        return
    recipe = recipes.read(state[key].getvalue())
    if recipe is None:
        state[error] = "This file carries no path: one that was downloaded here does."
        return
    is_taken, sentence = keeping.take_up(session, "Interpolate", recipe, model, weights)
    if not is_taken:
        state[error] = sentence


def _take_over(session: Session, dataset: Dataset, model: VAE) -> None:
    """Make the path of a dropped file the one on the screen."""
    recipe = keeping.taken_up(session, "Interpolate", model)
    if recipe is None:
        return
    picked = list(dict.fromkeys(recipe.images))
    if not 2 <= len(picked) <= MAX_KEYS or max(picked) >= len(dataset):
        st.toast("The file's path goes through images that are not here.", icon=":material/info:")
        return
    state, told = st.session_state, recipe.settings
    kind = told.get("path") if told.get("path") in tuple(KINDS) else "slerp"
    steps = told.get("steps") if told.get("steps") in STEPS else 9
    place = pathview.taken({"place": {**told, "number": 0}})
    state[session.key("picks")] = picked
    state[session.key("restored")] = state.get(session.key("restored"), 0) + 1
    state[session.key("kind")], state[session.key("steps")] = kind, steps
    state[session.key("num_keys")] = len(picked)
    state[session.key("tour")] = Tour() if place is None else place[1]


# ----------------------------------------------------------------------------- how typical it is


def _compared(session: Session, picked: list[int], keys: np.ndarray, steps: int, kind: str) -> None:
    """The kinds of path side by side: how typical what they meet is, and how evenly they go."""
    measured = journey.measured(session, tuple(picked), keys, steps)
    if not measured:
        return
    st.markdown(
        "**How typical the path is**",
        help="log q(z) of each point of the path, q the aggregate posterior, in nats above that "
        "of a typical image: 0 is as typical as the images themselves. Estimated by the distance "
        "to the 10th nearest posterior mean.",
    )
    st.echarts_chart(
        charts.typicality(
            {KINDS[name]: values.tolist() for name, (values, _) in measured.items()},
            LETTERS[: len(keys)],
            KINDS[kind],
        ),
        height=210,
        key="path_typicality",
        alt="log q(z) along the path, by each kind of path",
    )
    uneven = ", ".join(
        f"{KINDS[name].lower()} {value:.1f}" for name, (_, value) in measured.items()
    )
    st.caption(
        f"Evenness, the largest change from picture to picture over the mean one (1 is even): "
        f"{uneven}."
    )
