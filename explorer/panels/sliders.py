"""Sliders: edit a face along the directions of the latent space."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np
import streamlit as st

from explorer import cache, dials, images, keeping, moves, origin, recipes, saved, snippets
from explorer.dials import REACH, Direction
from explorer.session import Session
from vae.config import ConfigError

if TYPE_CHECKING:
    from vae.checkpoints import Weights
    from vae.dataset import Dataset
    from vae.networks import VAE

TICK_SECONDS = 2.0  # while the weights change
FACE_SIZE = 384  # pixels a side, of a downloaded face
THUMBNAIL = 72
START_WIDTH = 160
GAP = 16
INACTIVE_NATS = 0.01
NUM_SAMPLES = 64

BY_KL = "Dimensions by KL"
BY_PCA = "PCA of the posterior means"

STYLE = """<style>
.st-key-face_start img { border-radius: 8px; }
</style>"""


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
    keeping.begin(session)
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
    state, run = st.session_state, session.run
    assert run is not None
    if len(state.get(session.key("z"), ())) != model.latent_dim:
        _begin(session, model)
    _take_over(session, model)
    number = _take_in(session, model.latent_dim)
    z = state[session.key("z")]
    st.html(STYLE)
    directions = _chosen_directions(session, model, weights.digest)
    if directions and not any(direction.is_active for direction in directions):
        st.warning(
            "**No dimension is active**: the posterior has collapsed onto the prior, so no slider "
            "changes much. A smaller beta or longer training may help.",
            icon=":material/warning:",
        )
    face = images.decode(model, [z])[0]
    dials.show(
        session.key("dials"),
        f"/live/decode/{quote(run.name)}",
        directions,
        z,
        state[session.key("pins")],
        state[session.key("version")],
        number,
        weights.step,
        images.address(face, face.shape[0]),
        _samples(session, model.latent_dim),
        _link(session),
    )
    _start(session, model, weights, face)
    if state[session.key("directions")] == saved.CHOICE:
        moves.show(session, model, weights.digest)


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
        known = int(np.argsort(latents.mse)[len(latents.mse) // 5])
        z = _numbers(latents.mu[known])
        start = {"index": int(latents.index[known])}
    state[session.key("z")] = linked or z
    state[session.key("start")] = start
    state[session.key("first")] = z
    state[session.key("pins")] = []
    state[session.key("version")] = state.get(session.key("version"), 0) + 1


def _take_over(session: Session, model: VAE) -> None:
    """Go on from the point that another panel or a dropped file has sent here."""
    state = st.session_state
    recipe = keeping.taken_up(session, "Sliders", model)
    if recipe is not None:
        _set(session, recipe.points[0])
    sent = state.pop(session.key("hand_over"), None)
    if sent is not None:
        _set(session, sent["z"])
        if sent["index"] is not None:
            state[session.key("start")] = {"index": sent["index"]}
            state[session.key("image")] = sent["index"]


def _take_in(session: Session, latent_dim: int) -> int | None:
    """Make what a hand has done the state. Returns the number of its newest point."""
    state = st.session_state
    version = state[session.key("version")]
    point = dials.taken(state.get(session.key("dials")), latent_dim, version)
    if point is None:
        return None
    state[session.key("z")] = _numbers(point["z"])
    state[session.key("pins")] = [_numbers(pin) for pin in point.get("pins", [])]
    return point.get("number")


def _set(session: Session, z: Sequence[float] | np.ndarray) -> None:
    """Make z the state, and tell the sliders so."""
    state = st.session_state
    state[session.key("z")] = _numbers(z)
    state[session.key("version")] += 1


def _numbers(z: Sequence[float] | np.ndarray) -> list[float]:
    return [float(value) for value in z]


def _link(session: Session) -> str:
    """What the address of the page asks for, so that it restores this z; "" for the first z."""
    state, run = st.session_state, session.run
    assert run is not None
    z = state[session.key("z")]
    if z == state[session.key("first")] and "z" not in st.query_params:
        return ""
    return f"run={quote(run.name)}&z={images.to_link(z)}"


@st.cache_data(max_entries=8, show_spinner=False)
def _drawn(path: str, now: cache.Stamp) -> list[list[float]]:
    """Points of the aggregate posterior: an image's posterior each, sampled."""
    from vae.latents import load_latents

    latents = load_latents(Path(path))
    rng = np.random.default_rng(0)
    chosen = rng.choice(len(latents.mu), min(NUM_SAMPLES, len(latents.mu)), replace=False)
    sigma = np.exp(0.5 * latents.logvar[chosen])
    z = latents.mu[chosen] + sigma * rng.standard_normal(sigma.shape, np.float32)
    return [[round(float(value), 4) for value in point] for point in z]


def _samples(session: Session, latent_dim: int) -> list[list[float]]:
    run = session.run
    assert run is not None
    now = cache.stamp(run.latents_file)
    samples = [] if now is None else _drawn(str(run.latents_file), now)
    return samples if samples and len(samples[0]) == latent_dim else []


# ------------------------------------------------------------------------------------- a start


def _start(session: Session, model: VAE, weights: Weights, face: np.ndarray) -> None:
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
        is_known = start is not None and _fill(start, model, dataset, weights.digest)
        with st.container(width=3 * THUMBNAIL + 2 * GAP, gap="small"):
            if start is not None and is_known:
                _pictures(start)
            below = st.container()
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
                    args=(session, model, weights, upload),
                    help="Its centre square is encoded; it stays on this machine. A face that was "
                    "downloaded here brings its own point back, exactly.",
                )
                if message := state.get(session.key("upload_error")):
                    st.error(message, icon=":material/broken_image:")
                elif state.get(upload) is not None and "pixels" in (start or {}):
                    data = state[upload].getvalue()
                    origin.crop(
                        session, data, model.image_shape, partial(_crop, session, model, data)
                    )
        run = session.run
        assert run is not None
        with st.container(width=START_WIDTH, gap="small"):
            st.button(
                "Start again",
                icon=":material/replay:",
                on_click=_again,
                args=(session,),
                disabled=start is None,
                width="stretch",
                help="Back to the posterior mean of this image.",
            )
            st.button(
                "Refine",
                icon=":material/auto_fix_high:",
                on_click=_refine,
                args=(session, model),
                disabled=start is None or "given" not in start,
                width="stretch",
                help="The encoder guesses. Gradient steps on z, from its guess on, find the most "
                "probable point of this image: the face comes closer to it.",
            )
        with st.container(width=START_WIDTH, gap="small"):
            z = state[session.key("z")]
            st.download_button(
                "Download PNG",
                partial(images.png, face, FACE_SIZE, keeping.recipe(session, weights, "face", z)),
                f"{run.name}-face.png",
                "image/png",
                icon=":material/download:",
                on_click="ignore",
                width="stretch",
                help="The file remembers its point: drop it on Your own to go on from there.",
            )
            program = snippets.face(run.folder, weights.step, np.float32(z), FACE_SIZE)
            keeping.copy_as_python(program, "the picture of Download PNG", "stretch")
        with below:
            walk = origin.refined(session, THUMBNAIL)
            if walk and start is not None:
                best = images.decode(model, [walk[-1].z])[0]
                start["Refined"] = images.address(best, 2 * THUMBNAIL)
                start["Refined dB"] = walk[-1].psnr
                start["falling"] = [one.psnr for one in walk]
                _set(session, walk[-1].z)
                st.rerun()
            if start is not None and "falling" in start:
                st.html(origin.falling(start["falling"], len(start["falling"]) - 1))
            origin.typicality(session, state[session.key("z")])


def _pictures(start: dict[str, Any]) -> None:
    """The image, and what the model makes of it, with the error of each."""
    shown = [name for name in ("Before", "After", "Refined") if name in start]
    with st.container(horizontal=True, gap="small"):
        for name in shown:
            with st.container(width=THUMBNAIL, gap="xxsmall"):
                alt = "Refined" if name == "Refined" else f"{name} the model"
                st.image(start[name], width=THUMBNAIL, alt=alt)
                error = f"  \n{start[f'{name} dB']:.1f} dB" if f"{name} dB" in start else ""
                st.caption(name + error, text_alignment="center")


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
    after = images.decode(model, mu)[0]
    start["z"], start["digest"], start["given"] = _numbers(mu[0]), digest, pixels
    start["Before"] = images.address(pixels, THUMBNAIL * 2)
    start["After"] = images.address(after, THUMBNAIL * 2)
    start["After dB"] = origin.decibels(pixels, after)
    for name in ("Refined", "Refined dB", "falling"):  # by older weights
        start.pop(name, None)
    return True


def _from_set(session: Session, model: VAE, key: str) -> None:
    dataset, index = session.dataset(), st.session_state[key]
    assert dataset is not None
    st.session_state[session.key("start")] = {"index": index}
    _set(session, images.encode(model, dataset.take(np.array([index])))[0])


def _from_file(session: Session, model: VAE, weights: Weights, key: str) -> None:
    state = st.session_state
    state.pop(session.key("upload_error"), None)
    if state[key] is None:
        return
    origin.forget_crop(session)
    data = state[key].getvalue()
    recipe = recipes.read(data)
    if recipe is not None:
        is_taken, sentence = keeping.take_up(session, "Sliders", recipe, model, weights)
        if is_taken:
            return
        if recipe.kind != "face":
            state[session.key("upload_error")] = sentence
            return
        keeping.say(sentence)
    try:
        pixels = images.read_upload(data, model.image_shape)
    except ConfigError as error:
        state[session.key("upload_error")] = str(error)
        return
    state[session.key("start")] = {"pixels": pixels}
    _set(session, images.encode(model, pixels[None])[0])


def _crop(session: Session, model: VAE, data: bytes) -> None:
    pixels = images.read_upload(data, model.image_shape, origin.crop_of(session))
    st.session_state[session.key("start")] = {"pixels": pixels}
    _set(session, images.encode(model, pixels[None])[0])


def _refine(session: Session, model: VAE) -> None:
    start = st.session_state[session.key("start")]
    origin.begin_refining(session, model, start["given"], start["z"])


def _again(session: Session) -> None:
    start = st.session_state[session.key("start")]
    _set(session, start.get("z", st.session_state[session.key("first")]))


# ------------------------------------------------------------------------------------- sliders


def _chosen_directions(session: Session, model: VAE, digest: str) -> list[Direction]:
    # Streamlit forgets the widgets of a panel that is closed; this does not.
    state, key, kept = st.session_state, session.key("directions"), session.key("directions_kept")
    state.setdefault(key, state.get(kept, BY_KL))
    latent_dim = model.latent_dim
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        choice = st.segmented_control(
            "Directions",
            [BY_KL, BY_PCA, saved.CHOICE],
            required=True,
            key=key,
            help="**Dimensions** are moved one by one, in standard deviations of the prior, those "
            "that say most about the images first. **PCA** moves along the widest axes of the "
            "posterior means, in standard deviations along each. **Saved directions** are made of "
            "attributes or of groups of images, by you, and stay with the run.",
        )
        if choice == saved.CHOICE:
            saved.maker(session, model, digest)
    state[kept] = choice
    directions = _dimensions(session, latent_dim)
    if choice == saved.CHOICE:
        directions = saved.sliders(session, model, digest) or directions
    if choice == BY_PCA:
        directions = _principal(session, latent_dim)
        if not directions:
            st.info("PCA needs posterior means: they come with the first evaluation of the run.")
    return directions


def _dimensions(session: Session, latent_dim: int) -> list[Direction]:
    """One direction a latent dimension, the most informative first."""
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
            axis=int(j),
            centre=0.0,
            unit=1.0,
            reach=max(REACH, float(furthest[j])),
            is_active=not known or kl[j] >= INACTIVE_NATS,
        )
        for j in order
    ]


@st.cache_resource(max_entries=4, show_spinner=False)
def _axes(path: str, now: cache.Stamp) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    from vae.latents import load_latents, principal_axes

    return principal_axes(load_latents(Path(path)).mu)


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
            label=f"PC {k + 1}",
            note=f"{share[k]:.0%} of variance",
            axis=tuple(float(value) for value in axes[k]),
            centre=float(mean @ axes[k]),
            unit=max(float(deviations[k]), 1e-6),
            reach=REACH,
            is_active=bool(deviations[k] > 0.1),  # its square is Burda's bound on an active unit
        )
        for k in range(len(deviations))
    ]
