"""Sliders: edit a face along the directions of the latent space."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from explorer import cache, images
from explorer.session import Session
from vae.config import ConfigError

if TYPE_CHECKING:
    from vae.dataset import Dataset
    from vae.networks import VAE

TICK_SECONDS = 2.0  # while the weights change
FACE_SIZE = 384  # pixels a side, on the screen
THUMBNAIL = 72
START_WIDTH = 180
REACH = 3.5  # of a slider to each side, in standard deviations; more where images lie further out
NUM_FIRST = 12  # sliders to see at once
INACTIVE_NATS = 0.01
MAX_UNDO = 200
MAX_PINS = 6
SAME_MOVE_SECONDS = 1.0

BY_KL = "Dimensions by KL"
BY_PCA = "PCA of the posterior means"

STYLE = """<style>
[data-testid="stColumn"]:has(.st-key-face), [data-testid="stColumn"]:has(.st-key-face_dials) {
  min-width: min(100%, 20rem); }
.st-key-face img { border-radius: 14px; }
.st-key-face_pins img, .st-key-face_start img { border-radius: 8px; }
.st-key-face_pins button { min-height: 0; padding-block: 0; }
.st-key-face_dials label p::after { margin-left: 0.5em; font-size: 0.8em; opacity: 0.6; }
.st-key-face_dials [data-testid="stSlider"] { margin-bottom: -0.35rem; }
</style>"""


@dataclass(frozen=True)
class Direction:
    """A line through the latent space that one slider moves along."""

    label: str
    axis: np.ndarray  # [D], of length 1
    centre: np.ndarray  # [D], where the slider is at 0
    unit: float  # length of one slider unit along the axis
    note: str
    is_active: bool
    reach: float = REACH

    def place(self, z: np.ndarray) -> float:
        """Where z [D] is on the slider."""
        return float((z - self.centre) @ self.axis) / self.unit

    def moved(self, z: np.ndarray, place: float) -> np.ndarray:
        """z [D] moved along the axis to `place`."""
        return z + (place - self.place(z)) * self.unit * self.axis


def show(session: Session) -> None:
    """Draw the panel; while the run trains, the face follows its newest weights."""
    if session.run is None:
        st.info(
            "**No face to edit yet.** Press **Start training** in the sidebar: sliders appear "
            "here with the first checkpoint.",
            icon=":material/tune:",
        )
        return
    every = TICK_SECONDS if session.is_alive() else None
    st.fragment(_draw, run_every=every)(session)


def _draw(session: Session) -> None:
    try:
        loaded = session.model()
    except ConfigError as error:
        st.error(str(error), icon=":material/error:")
        return
    if loaded is None:
        st.info(
            "**This run has no weights yet.** The first checkpoint brings the sliders.",
            icon=":material/hourglass_empty:",
        )
        return
    model, weights = loaded
    state = st.session_state
    if len(state.get(session.key("z"), ())) != model.latent_dim:
        _begin(session, model)
    _take_over(session)
    z = np.array(state[session.key("z")])
    face = images.decode(model, [z])[0]
    face_png = images.png(face, FACE_SIZE)
    st.html(STYLE)
    left, right = st.columns(2, gap="medium")
    with left:
        _face(session, model, face, face_png)
        _pins(session)
        _start(session, model, weights.digest)
    with right.container(key="face_dials", gap="small"):
        _sliders(session, z)
    _write_link(session)


# ------------------------------------------------------------------------------------- state


def _begin(session: Session, model: VAE) -> None:
    """The first z: of the link, else of an image that the model knows well, else the middle."""
    state, run = st.session_state, session.run
    assert run is not None
    word = st.query_params.get("z")
    linked = None
    if word is not None and st.query_params.get("run", run.name) == run.name:
        linked = images.from_link(word, model.latent_dim)
        if linked is None:
            st.toast("The point in this link does not fit this run.", icon=":material/link_off:")
    latents = session.latents()
    z, start = [0.0] * model.latent_dim, None
    if latents is not None and latents.mu.shape[1] == model.latent_dim:
        known = int(np.argsort(latents.mse)[len(latents.mse) // 8])
        z = _numbers(latents.mu[known])
        start = {"index": int(latents.index[known])}
    state[session.key("z")] = linked or z
    state[session.key("start")] = start
    state[session.key("first")] = z
    state[session.key("undo")] = []
    state[session.key("pins")] = []


def _take_over(session: Session) -> None:
    """Go on from the point that another panel has sent here."""
    state = st.session_state
    sent = state.pop(session.key("hand_over"), None)
    if sent is not None:
        _set(session, sent["z"])
        if sent["index"] is not None:
            state[session.key("start")] = {"index": sent["index"]}
            state[session.key("image")] = sent["index"]


def _set(session: Session, z: Sequence[float] | np.ndarray, by: str = "") -> None:
    """Make z the state. Moves of one slider that follow each other closely undo as one."""
    state = st.session_state
    undo = state[session.key("undo")]
    now, (last, then) = time.monotonic(), state.get(session.key("move"), ("", 0.0))
    if not by or by != last or now - then > SAME_MOVE_SECONDS:
        undo.append(state[session.key("z")])
        del undo[:-MAX_UNDO]
    state[session.key("move")] = (by, now)
    state[session.key("z")] = _numbers(z)


def _numbers(z: Sequence[float] | np.ndarray) -> list[float]:
    return [float(value) for value in z]


def _random(session: Session) -> None:
    state = st.session_state
    count = state[session.key("count")] = state.get(session.key("count"), 0) + 1
    _set(session, images.random_z(len(state[session.key("z")]), count))


def _reset(session: Session) -> None:
    _set(session, [0.0] * len(st.session_state[session.key("z")]))


def _undo(session: Session) -> None:
    state = st.session_state
    if state[session.key("undo")]:
        state[session.key("z")] = state[session.key("undo")].pop()
        state[session.key("move")] = ("", 0.0)


def _move(session: Session, direction: Direction, key: str) -> None:
    state = st.session_state
    z = np.array(state[session.key("z")])
    _set(session, direction.moved(z, state[key]), by=key)


def _pin(session: Session, face: np.ndarray) -> None:
    state = st.session_state
    pins = state[session.key("pins")]
    pins.append({"z": state[session.key("z")], "picture": images.address(face, THUMBNAIL * 2)})
    del pins[:-MAX_PINS]


def _write_link(session: Session) -> None:
    """Keep the address of the page a link to this z; untouched sliders leave it alone."""
    state, run = st.session_state, session.run
    assert run is not None
    z = state[session.key("z")]
    if z == state[session.key("first")] and "z" not in st.query_params:
        return
    word = images.to_link(z)
    if (st.query_params.get("run"), st.query_params.get("z")) != (run.name, word):
        st.query_params["run"] = run.name
        st.query_params["z"] = word


# ------------------------------------------------------------------------------------- the face


def _face(session: Session, model: VAE, face: np.ndarray, face_png: bytes) -> None:
    run, state = session.run, st.session_state
    assert run is not None
    with st.container(key="face"):
        st.image(images.data_url(face_png, "image/png"), width=FACE_SIZE, alt="Face")
    with st.container(horizontal=True, gap="small", key="face_buttons"):
        st.button(
            "Random",
            icon=":material/casino:",
            on_click=_random,
            args=(session,),
            help="A new point of the prior N(0, I).",
        )
        st.button(
            "Reset all",
            icon=":material/restart_alt:",
            on_click=_reset,
            args=(session,),
            help="z = 0, the middle of the prior.",
        )
        st.button(
            "Undo",
            icon=":material/undo:",
            on_click=_undo,
            args=(session,),
            disabled=not state[session.key("undo")],
        )
        st.button(
            "Pin",
            icon=":material/push_pin:",
            on_click=_pin,
            args=(session, face),
            help=f"Keep this face below to compare with, up to {MAX_PINS}.",
        )
        st.download_button(
            "Download PNG",
            face_png,
            f"{run.name}-face.png",
            "image/png",
            icon=":material/download:",
            on_click="ignore",
        )
        st.button(
            "Start again",
            icon=":material/replay:",
            on_click=_again,
            args=(session,),
            disabled=state[session.key("start")] is None,
            help="Back to the posterior mean of the image below.",
        )


def _pins(session: Session) -> None:
    pins: list[dict[str, Any]] = st.session_state[session.key("pins")]
    if not pins:
        return
    with st.container(horizontal=True, gap="small", key="face_pins"):
        for i, pin in enumerate(pins, 1):
            with st.container(width=THUMBNAIL, gap="xxsmall"):
                st.image(pin["picture"], width=THUMBNAIL, alt=f"Pin {i}")
                st.button(
                    f"Show {i}",
                    key=f"{session.key('pin')}.{i}",
                    on_click=_set,
                    args=(session, pin["z"]),
                    type="tertiary",
                    width="stretch",
                )
        st.button("Unpin all", key=session.key("unpin"), on_click=pins.clear, type="tertiary")


def _start(session: Session, model: VAE, digest: str) -> None:
    """Where the face began: an image of the set or one's own, before and after the model."""
    state = st.session_state
    try:
        dataset = session.dataset()
    except ConfigError as error:
        st.caption(f"The images of this run cannot be shown: {error}")
        dataset = None
    start: dict[str, Any] | None = state[session.key("start")]
    number, upload = session.key("image"), session.key("upload")
    with st.container(key="face_start", horizontal=True, gap="small"):
        if start is not None and _fill(start, model, dataset, digest):
            for name in ("Before", "After"):
                with st.container(width=THUMBNAIL, gap="xxsmall"):
                    st.image(start[name], width=THUMBNAIL, alt=f"{name} the model")
                    st.caption(name, text_alignment="center")
        with st.container(width=START_WIDTH, gap="small"):
            if dataset is not None:
                if start is not None and start.get("index") is not None:
                    state.setdefault(number, start["index"])
                st.number_input(
                    "Image",
                    0,
                    len(dataset) - 1,
                    key=number,
                    on_change=_from_set,
                    args=(session, model, number),
                    help=f"Start from one of the {len(dataset):,} images of {dataset.name}.",
                )
            with st.popover("Your own", icon=":material/upload:", width="stretch"):
                st.file_uploader(
                    "A picture of yours",
                    ["png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff"],
                    key=upload,
                    on_change=_from_file,
                    args=(session, model, upload),
                    help="Its centre square is encoded; it stays on this machine.",
                )
                if message := state.get(session.key("upload_error")):
                    st.error(message, icon=":material/broken_image:")


def _fill(start: dict[str, Any], model: VAE, dataset: Dataset | None, digest: str) -> bool:
    """Complete what is known of a start with the newest weights; False where it is gone."""
    if start.get("digest") == digest:
        return True
    pixels = start.get("pixels")
    if pixels is None:
        if dataset is None or not 0 <= start["index"] < len(dataset):
            return False
        pixels = dataset.take(np.array([start["index"]]))[0]
    mu = images.encode(model, pixels[None])
    start["z"], start["digest"] = _numbers(mu[0]), digest
    start["Before"] = images.address(pixels, THUMBNAIL * 2)
    start["After"] = images.address(images.decode(model, mu)[0], THUMBNAIL * 2)
    return True


def _from_set(session: Session, model: VAE, key: str) -> None:
    dataset, index = session.dataset(), st.session_state[key]
    assert dataset is not None
    st.session_state[session.key("start")] = {"index": index}
    _set(session, images.encode(model, dataset.take(np.array([index])))[0])


def _from_file(session: Session, model: VAE, key: str) -> None:
    state = st.session_state
    state.pop(session.key("upload_error"), None)
    if state[key] is None:
        return
    try:
        pixels = images.read_upload(state[key].getvalue(), model.image_shape)
    except ConfigError as error:
        state[session.key("upload_error")] = str(error)
        return
    state[session.key("start")] = {"pixels": pixels}
    _set(session, images.encode(model, pixels[None])[0])


def _again(session: Session) -> None:
    start = st.session_state[session.key("start")]
    _set(session, start.get("z", st.session_state[session.key("first")]))


# ------------------------------------------------------------------------------------- sliders


@st.cache_resource(max_entries=4, show_spinner=False)
def _axes(path: str, now: cache.Stamp) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    from vae.latents import load_latents, principal_axes

    return principal_axes(load_latents(Path(path)).mu)


def _dimensions(session: Session, latent_dim: int) -> list[Direction]:
    """One direction a latent dimension, the most informative first."""
    kl = session.kl_per_dim()
    known = len(kl) == latent_dim
    order = session.dimensions() if known else range(latent_dim)
    centre, identity = np.zeros(latent_dim), np.eye(latent_dim)
    furthest, latents = np.zeros(latent_dim), session.latents()
    if latents is not None and latents.mu.shape[1] == latent_dim:
        furthest = np.ceil(2 * np.percentile(np.abs(latents.mu), 99, axis=0)) / 2
    return [
        Direction(
            f"z{j}",
            identity[j],
            centre,
            1.0,
            f"{kl[j]:.2f} nats" if known else "",
            not known or kl[j] >= INACTIVE_NATS,
            max(REACH, float(furthest[j])),
        )
        for j in order
    ]


def _principal(session: Session, latent_dim: int) -> list[Direction]:
    """One direction a principal axis of the posterior means, the widest first."""
    run = session.run
    assert run is not None
    now = cache.stamp(run.latents_file)
    if now is None:
        return []
    mean, axes, deviations = _axes(str(run.latents_file), now)
    if len(mean) != latent_dim:
        return []
    share = deviations**2 / max(float((deviations**2).sum()), 1e-12)
    return [
        Direction(
            f"PC {k + 1}",
            axes[k].astype(np.float64),
            mean.astype(np.float64),
            max(float(deviations[k]), 1e-6),
            f"{share[k]:.0%} of variance",
            bool(deviations[k] > 0.1),  # its square is Burda's bound on an active unit
        )
        for k in range(len(deviations))
    ]


def _sliders(session: Session, z: np.ndarray) -> None:
    choice = st.segmented_control(
        "Directions",
        [BY_KL, BY_PCA],
        default=BY_KL,
        required=True,
        key=session.key("directions"),
        help="**Dimensions** are moved one by one, in standard deviations of the prior, those "
        "that say most about the images first. **PCA** moves along the widest axes of the "
        "posterior means, in standard deviations along each.",
    )
    directions = _dimensions(session, len(z))
    if choice == BY_PCA:
        directions = _principal(session, len(z))
        if not directions:
            st.info("PCA needs posterior means: they come with the first evaluation of the run.")
            return
    active = [direction for direction in directions if direction.is_active]
    inactive = [direction for direction in directions if not direction.is_active]
    if not active:
        st.warning(
            "**No dimension is active**: the posterior has collapsed onto the prior, so no slider "
            "changes much. A smaller beta or longer training may help.",
            icon=":material/warning:",
        )
    _columns(session, z, active[:NUM_FIRST])
    if more := active[NUM_FIRST:]:
        with st.expander(
            f"More dimensions ({len(more)})", key=session.key("more"), on_change="rerun"
        ) as expander:
            if expander.open:
                _columns(session, z, more)
    if inactive:
        with st.expander(
            f"Inactive dimensions ({len(inactive)})", key=session.key("inactive"), on_change="rerun"
        ) as expander:
            st.caption(
                "The encoder leaves these at the prior (KL below 0.01 nats, or no variance), so "
                "the decoder has learned to ignore them: moving one should change nothing."
            )
            if expander.open:
                _columns(session, z, inactive)


def _columns(session: Session, z: np.ndarray, directions: list[Direction]) -> None:
    """Sliders in two columns, row by row."""
    state = st.session_state
    columns = st.columns(2, gap="medium")
    keys = [session.key(direction.label) for direction in directions]
    # A note beside the label, which stays the bare name of the dimension for screen readers.
    rules = [
        f'.st-key-{re.sub("[^A-Za-z0-9_-]", "-", key)} label p::after {{ content: "{one.note}" }}'
        for key, one in zip(keys, directions, strict=True)
    ]
    st.html(f"<style>{' '.join(rules)}</style>")
    for i, (key, direction) in enumerate(zip(keys, directions, strict=True)):
        place = round(min(max(direction.place(z), -direction.reach), direction.reach), 2)
        if state.get(key) != place:
            state[key] = place
        with columns[i % 2]:
            st.slider(
                direction.label,
                -direction.reach,
                direction.reach,
                step=0.05,
                key=key,
                on_change=_move,
                args=(session, direction, key),
            )
