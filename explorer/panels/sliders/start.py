"""Where a face began, an image of the set or one's own, before and after the model; its files."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from explorer.components import typicality
from explorer.drawing import images
from explorer.exports import python_program, recipes, restore
from explorer.panels.sliders import crop, point, refine
from explorer.state.opened_run import OpenedRun
from explorer.state.session import Session
from vae.errors import ExplainedError

if TYPE_CHECKING:
    from vae.data.dataset import Dataset

FACE_SIZE = 384  # pixels a side, of a downloaded face
THUMBNAIL = 72
WIDTH = 160
GAP = 16


def show(opened: OpenedRun, face: images.Pixels) -> None:
    """Where the face began: an image of the set or one's own, before and after the model."""
    state, session, model = st.session_state, opened.session, opened.model
    dataset: Dataset | None = None
    try:
        dataset = opened.dataset
    except ExplainedError as error:
        st.caption(f"The images of this run cannot be shown: {error}")
    start: dict[str, Any] | None = state[session.key("start")]
    number, upload = session.key("image"), session.key("upload")
    with st.container(key="face_start", horizontal=True, gap="small"):
        is_known = start is not None and _fill(start, opened, dataset)
        with st.container(width=3 * THUMBNAIL + 2 * GAP, gap="small"):
            if start is not None and is_known:
                _pictures(start)
            below = st.container()
        with st.container(width=WIDTH, gap="small"):
            if dataset is not None:
                if start is not None and start.get("index") is not None:
                    state.setdefault(number, start["index"])
                st.number_input(
                    "Image",
                    0,
                    len(dataset) - 1,
                    key=number,
                    on_change=_from_set,
                    args=(opened, number),
                    help=f"Start from one of the {len(dataset):,} images of {dataset.name}.",
                )
            with st.popover("Your own", icon=":material/upload:", width="stretch"):
                st.file_uploader(
                    "A picture of yours",
                    ["png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff"],
                    key=upload,
                    on_change=_from_file,
                    args=(opened, upload),
                    help="Its centre square is encoded; it stays on this machine. A face that was "
                    "downloaded here brings its own point back, exactly.",
                )
                if message := state.get(session.key("upload_error")):
                    st.error(message, icon=":material/broken_image:")
                elif state.get(upload) is not None and "pixels" in (start or {}):
                    data = state[upload].getvalue()
                    crop.crop(session, data, model.image_shape, partial(_crop, opened, data))
        with st.container(width=WIDTH, gap="small"):
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
                args=(opened,),
                disabled=start is None or "given" not in start,
                width="stretch",
                help="The encoder guesses. Gradient steps on z, from its guess on, find the most "
                "probable point of this image: the face comes closer to it.",
            )
        with st.container(width=WIDTH, gap="small"):
            z = state[session.key("z")]
            st.download_button(
                "Download PNG",
                partial(images.png, face, FACE_SIZE, restore.recipe(opened, "face", z)),
                f"{opened.run.name}-face.png",
                "image/png",
                icon=":material/download:",
                on_click="ignore",
                width="stretch",
                help="The file remembers its point: drop it on Your own to go on from there.",
            )
            program = python_program.face(
                opened.run.folder, opened.weights.step, np.asarray(z, np.float32), FACE_SIZE
            )
            restore.copy_as_python(program, "the picture of Download PNG", "stretch")
        with below:
            walk = refine.refined(session, THUMBNAIL)
            if walk and start is not None:
                best = images.decode(model, walk[-1].z[None])[0]
                start["Refined"] = images.address(best, 2 * THUMBNAIL)
                start["Refined dB"] = walk[-1].psnr
                start["falling"] = [one.psnr for one in walk]
                point.set_point(session, walk[-1].z)
                st.rerun()
            if start is not None and "falling" in start:
                st.html(refine.falling(start["falling"], len(start["falling"]) - 1))
            typicality.typicality(session, state[session.key("z")])


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


def _fill(start: dict[str, Any], opened: OpenedRun, dataset: Dataset | None) -> bool:
    """Complete what is known of a start with the newest weights; False where it is gone."""
    model, digest = opened.model, opened.weights.digest
    if start.get("digest") == digest:
        return True
    pixels = start.get("pixels")
    if pixels is None:
        if dataset is None or not 0 <= start["index"] < len(dataset):
            return False
        pixels = dataset.take(np.array([start["index"]]))[0]
    mu = images.encode(model, pixels[None])
    after = images.decode(model, mu)[0]
    start["z"], start["digest"], start["given"] = point.numbers(mu[0]), digest, pixels
    start["Before"] = images.address(pixels, THUMBNAIL * 2)
    start["After"] = images.address(after, THUMBNAIL * 2)
    start["After dB"] = images.decibels(pixels, after)
    for name in ("Refined", "Refined dB", "falling"):  # by older weights
        start.pop(name, None)
    return True


def _from_set(opened: OpenedRun, key: str) -> None:
    session, index = opened.session, st.session_state[key]
    st.session_state[session.key("start")] = {"index": index}
    point.set_point(session, images.encode(opened.model, opened.dataset.take(np.array([index])))[0])


def _from_file(opened: OpenedRun, key: str) -> None:
    state, session, model = st.session_state, opened.session, opened.model
    state.pop(session.key("upload_error"), None)
    if state[key] is None:
        return
    crop.forget_crop(session)
    data = state[key].getvalue()
    recipe = recipes.read(data)
    if recipe is not None:
        is_known, sentence = restore.continue_with(opened, "Sliders", recipe)
        if is_known:
            return
        if recipe.kind != "face":
            state[session.key("upload_error")] = sentence
            return
        restore.say(sentence)
    try:
        pixels = images.read_upload(data, model.image_shape)
    except ExplainedError as error:
        state[session.key("upload_error")] = str(error)
        return
    state[session.key("start")] = {"pixels": pixels}
    point.set_point(session, images.encode(model, pixels[None])[0])


def _crop(opened: OpenedRun, data: bytes) -> None:
    session, model = opened.session, opened.model
    pixels = images.read_upload(data, model.image_shape, crop.crop_of(session))
    st.session_state[session.key("start")] = {"pixels": pixels}
    point.set_point(session, images.encode(model, pixels[None])[0])


def _refine(opened: OpenedRun) -> None:
    start = st.session_state[opened.session.key("start")]
    refine.begin_refining(opened, start["given"], start["z"])


def _again(session: Session) -> None:
    start = st.session_state[session.key("start")]
    point.set_point(session, start.get("z", st.session_state[session.key("first")]))
