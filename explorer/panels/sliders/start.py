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
from explorer.panels.sliders.point import Best, Seen, Start
from explorer.state import moved_images
from explorer.state.keys import RunKey
from explorer.state.opened_run import OpenedRun
from vae.data.images.one_picture import rendered_file
from vae.errors import ExplainedError, ImagesGoneError

if TYPE_CHECKING:
    from vae.data.dataset import Dataset

FACE_SIZE = 384  # pixels a side, of a downloaded face
THUMBNAIL = 72
KINDS = "png jpg jpeg webp gif bmp tif tiff avif heic heif jp2".split()
WIDTH = 160
GAP = 16

_UPLOAD = RunKey[Any]("upload", None)
_REFUSED = RunKey("upload_error", "")


def show(opened: OpenedRun, face: images.Pixels) -> None:
    """Where the face began: an image of the set or one's own, before and after the model."""
    session, model = opened.session, opened.model
    dataset: Dataset | None = None
    try:
        dataset = opened.dataset
    except ImagesGoneError as gone:
        moved_images.ask(session, gone)
    start, z = point.START.of(session).get(), point.Z.of(session).get()
    number, upload = point.IMAGE.of(session), _UPLOAD.of(session)
    with st.container(key="face_start", horizontal=True, gap="small"):
        seen = None if start is None else _see(start, opened, dataset)
        with st.container(width=3 * THUMBNAIL + 2 * GAP, gap="small"):
            if start is not None and seen is not None:
                _pictures(seen, start.refined)
            below = st.container()
        with st.container(width=WIDTH, gap="small"):
            if dataset is not None:
                if start is not None and start.index is not None:
                    number.begin(start.index)
                st.number_input(
                    "Image",
                    0,
                    len(dataset) - 1,
                    key=number.name,
                    on_change=_from_set,
                    args=(opened,),
                    help=f"Start from one of the {len(dataset):,} images of {dataset.name}.",
                )
            with st.popover("Your own", icon=":material/upload:", width="stretch"):
                st.file_uploader(
                    "Your own picture",
                    KINDS,
                    key=upload.name,
                    on_change=_from_file,
                    args=(opened,),
                    help=(
                        "It is encoded as the run's images were, by their crop, colours and "
                        "size; the picture stays on this machine. A face that was downloaded here "
                        "restores its exact point."
                    ),
                )
                file = upload.get()
                if message := _REFUSED.of(session).get():
                    st.error(message, icon=":material/broken_image:")
                elif file is not None and start is not None and start.upload is not None:
                    data = file.getvalue()
                    crop.crop(session, data, opened.rendering, partial(_crop, opened, data))
        with st.container(width=WIDTH, gap="small"):
            st.button(
                "Start again",
                icon=":material/replay:",
                on_click=point.start_again,
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
                disabled=start is None or start.seen is None,
                width="stretch",
                help=(
                    "The encoder's answer is a first estimate. Gradient steps on z, starting "
                    "there, find the most probable z for this image, so the face comes closer to "
                    "it."
                ),
            )
        with st.container(width=WIDTH, gap="small"):
            st.download_button(
                "Download PNG",
                partial(images.png, face, FACE_SIZE, restore.recipe(opened, "face", z)),
                f"{opened.run.name}-face.png",
                "image/png",
                icon=":material/download:",
                on_click="ignore",
                width="stretch",
                help="The file records its point: upload it under Your own to continue from there.",
            )
            program = python_program.face(
                opened.run.folder, opened.weights.step, np.asarray(z, np.float32), FACE_SIZE
            )
            restore.copy_as_python(program, "the picture of Download PNG", "stretch")
        with below:
            walk = refine.refined(session, THUMBNAIL)
            if walk and start is not None:
                best = images.decode(model, walk[-1].z[None])[0]
                picture = images.address(best, 2 * THUMBNAIL)
                start.refined = Best(picture, [one.psnr for one in walk])
                point.set_point(session, walk[-1].z)
                st.rerun()
            if start is not None and start.refined is not None:
                decibels = start.refined.decibels
                st.html(refine.falling(decibels, len(decibels) - 1))
            typicality.show(session, z)


def _pictures(seen: Seen, refined: Best | None) -> None:
    """The image, and what the model makes of it, with the error of each."""
    shown = [
        ("Before", "Before the model", seen.before, ""),
        ("After", "After the model", seen.after, f"  \n{seen.decibels:.1f} dB"),
    ]
    if refined is not None:
        shown.append(("Refined", "Refined", refined.picture, f"  \n{refined.decibels[-1]:.1f} dB"))
    with st.container(horizontal=True, gap="small"):
        for name, alt, picture, error in shown:
            with st.container(width=THUMBNAIL, gap="xxsmall"):
                st.image(picture, width=THUMBNAIL, alt=alt)
                st.caption(name + error, text_alignment="center")


def _see(start: Start, opened: OpenedRun, dataset: Dataset | None) -> Seen | None:
    """What the weights in use make of a start; None where its image is gone."""
    model, digest = opened.model, opened.weights.digest
    if start.seen is not None and start.seen.digest == digest:
        return start.seen
    pixels = start.upload
    if pixels is None:
        if dataset is None or start.index is None or not 0 <= start.index < len(dataset):
            return None
        pixels = dataset.take(np.array([start.index]))[0]
    mu = images.encode(model, pixels[None])
    after = images.decode(model, mu)[0]
    start.seen = Seen(
        digest,
        pixels,
        point.numbers(mu[0]),
        images.address(pixels, THUMBNAIL * 2),
        images.address(after, THUMBNAIL * 2),
        images.decibels(pixels, after),
    )
    start.refined = None  # it was by older weights
    return start.seen


def _from_set(opened: OpenedRun) -> None:
    index = point.IMAGE.of(opened.session).get()
    if index is not None:
        _begin_with(opened, Start(index), opened.dataset.take(np.array([index]))[0])


def _from_file(opened: OpenedRun) -> None:
    session = opened.session
    file, refused = _UPLOAD.of(session).get(), _REFUSED.of(session)
    refused.pop()
    if file is None:
        return
    crop.forget_crop(session)
    data = file.getvalue()
    recipe = recipes.read(data)
    if recipe is not None:
        is_known, sentence = restore.continue_with(opened, "Sliders", recipe)
        if is_known:
            return
        if recipe.kind != "face":
            refused.set(sentence)
            return
        restore.say(sentence)
    try:
        pixels = rendered_file(data, opened.rendering)
    except ExplainedError as error:
        refused.set(str(error))
        return
    _begin_with(opened, Start(upload=pixels), pixels)


def _crop(opened: OpenedRun, data: bytes) -> None:
    pixels = rendered_file(data, opened.rendering, crop.crop_of(opened.session))
    _begin_with(opened, Start(upload=pixels), pixels)


def _begin_with(opened: OpenedRun, start: Start, pixels: images.Pixels) -> None:
    """Begin anew with an image, at its posterior mean."""
    point.START.of(opened.session).set(start)
    point.set_point(opened.session, images.encode(opened.model, pixels[None])[0])


def _refine(opened: OpenedRun) -> None:
    start = point.START.of(opened.session).get()
    if start is not None and start.seen is not None:
        refine.begin_refining(opened, start.seen.pixels, start.seen.z)
