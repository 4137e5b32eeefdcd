"""The files of a path: made when asked for, and what brings the path of one back."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import Any

import streamlit as st

from explorer.drawing import images
from explorer.exports import python_program, recipes, restore
from explorer.panels.interpolate import controls, film, player
from explorer.state import chosen_path
from explorer.state.chosen_path import KINDS, MAX_KEYS, STEPS, LatentPath, Tour
from explorer.state.keys import RunKey
from explorer.state.opened_run import OpenedRun
from vae.option_choices import PathKind
from vae.pictures import MIME

_UPLOAD = RunKey[Any]("upload_path", None)
_REFUSED = RunKey("upload_path_error", "")


def show(opened: OpenedRun, path: LatentPath, tour: Tour) -> None:
    """Files of the path, made when asked for, and what brings them back."""
    session, model, weights, run = opened.session, opened.model, opened.weights, opened.run
    points = chosen_path.trace(session, path.keys, path.steps, path.kind)
    chosen = {
        "path": path.kind,
        "steps": chosen_path.chosen(session).steps,
        "images": list(path.picked),
    }
    recipe = restore.recipe(opened, "path", path.keys, **chosen, **asdict(tour))

    def strip() -> bytes:
        return images.strip(images.decode(model, points), recipe)

    def animation(suffix: str) -> bytes:
        return film.film(model, film.filmed(session, path.keys, path.kind, tour), suffix, recipe)

    with st.container(horizontal=True, gap="xsmall"):
        st.download_button(
            "PNG strip", strip, f"{run.name}-path.png", "image/png", on_click="ignore"
        )
        for suffix, name in ((".gif", "GIF"), (".webp", "WebP"), (".mp4", "MP4")):
            st.download_button(
                name,
                partial(animation, suffix),
                f"{run.name}-path{suffix}",
                MIME[suffix],
                on_click="ignore",
            )
    st.caption(
        "Animations play as the player above does. Every file records its path. Weights of "
        f"step {weights.step:,}."
    )
    with st.container(horizontal=True, gap="xsmall"):
        factor = images.strip_factor(weights.image_shape[1])
        program = python_program.path(
            run.folder, weights.step, path.keys, path.picked, points, path.kind, factor
        )
        restore.copy_as_python(program, "the PNG strip")
        with st.popover("From a file", icon=":material/upload:"):
            st.file_uploader(
                "A path that was downloaded here",
                ["png", "gif", "webp", "mp4"],
                key=_UPLOAD.of(session).name,
                on_change=_from_file,
                args=(opened,),
                help="Restores its images, kind of path, steps and player settings.",
            )
            if message := _REFUSED.of(session).get():
                st.error(message, icon=":material/broken_image:")


def _from_file(opened: OpenedRun) -> None:
    """Go on with the path in a file."""
    file, refused = _UPLOAD.of(opened.session).get(), _REFUSED.of(opened.session)
    refused.pop()
    if file is None:
        return
    recipe = recipes.read(file.getvalue())
    if recipe is None:
        refused.set("This file holds no path: choose one that was downloaded in this panel.")
        return
    is_known, sentence = restore.continue_with(opened, "Interpolate", recipe)
    if not is_known:
        refused.set(sentence)


def continue_with_file(opened: OpenedRun) -> None:
    """Make the path of a dropped file the one on the screen."""
    recipe = restore.pop_recipe(opened, "Interpolate")
    if recipe is None:
        return
    picked = list(dict.fromkeys(recipe.images))
    if not 2 <= len(picked) <= MAX_KEYS or max(picked) >= len(opened.dataset):
        st.toast(
            "The path in this file goes through images that are not in this data set.",
            icon=":material/info:",
        )
        return
    told = recipe.settings
    kind: PathKind = next((kind for kind in KINDS if kind == told.get("path")), "slerp")
    steps = told.get("steps") if told.get("steps") in STEPS else 9
    place = player.newest_tour({"place": {**told, "number": 0}})
    tour = Tour() if place is None else place[1]
    controls.restore(opened.session, picked, kind, int(steps or 9), tour)
