"""Keep and reproduce: files that carry their recipe, and what a dropped file brings back.

K points, D latent dimensions.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import streamlit as st

from explorer.exports import recipes
from explorer.exports.recipes import Recipe, Settings
from explorer.state import handover
from explorer.state.keys import Key, RunKey
from explorer.state.opened_run import OpenedRun
from explorer.state.session import Session
from vae.runs.folder import Run, list_runs

NUM_LINES = 24  # of a program that is shown whole

_RECIPE = RunKey[Recipe | None]("recipe", None)
_NOTE = Key("note", "")


def recipe(opened: OpenedRun, kind: str, points: object, **settings: object) -> str:
    """The comment for a file of `kind` made of points [K, D] with these settings."""
    run, weights = opened.run, opened.weights
    z = np.atleast_2d(np.asarray(points, np.float32))
    made: Settings = settings
    size = weights.image_shape[1]
    return recipes.written(Recipe(kind, run.name, weights.digest, weights.step, size, z, made))


def copy_as_python(
    program: str, what: str, width: Literal["stretch", "content"] = "content"
) -> None:
    """A button that opens a program; `what` it makes, in words."""
    with st.popover("Copy as Python", icon=":material/code:", width=width):
        st.caption(f"Run this where `vae` can be imported: it makes {what}, pixel for pixel.")
        st.code(program, "python", height="content" if program.count("\n") < NUM_LINES else 360)


def continue_with(opened: OpenedRun, panel: str, recipe: Recipe) -> tuple[bool, str]:
    """Whether the page goes on with a dropped recipe, here or in its own run, and what to say.

    `pop_recipe` in that run's panel then has it.
    """
    run, weights, latent_dim = opened.run, opened.weights, opened.model.latent_dim
    names = [other.name for other in list_runs(opened.session.root)]
    verdict = recipes.judged(recipe, panel, run.name, names, weights.digest, weights.step)
    if verdict.run == run.name and recipe.points.shape[1] != latent_dim:
        return False, (
            f"This file's points have {recipe.points.shape[1]} dimensions, but run {run.name} "
            f"now has {latent_dim}: it is taken as a plain picture."
        )
    if verdict.run:
        _RECIPE.of(Session(opened.session.root, Run(run.folder.parent / verdict.run))).set(recipe)
        if verdict.run != run.name:
            handover.open_run(verdict.run)
        say(verdict.sentence)
        return True, ""
    return False, verdict.sentence


def pop_recipe(opened: OpenedRun, panel: str) -> Recipe | None:
    """The recipe that waits for this panel of this run, once; None where there is none."""
    kept, latent_dim = _RECIPE.of(opened.session), opened.model.latent_dim
    waiting = kept.get()
    if waiting is None or recipes.PANELS.get(waiting.kind) != panel:
        return None
    kept.pop()
    if not len(waiting.points) or waiting.points.shape[1] != latent_dim:
        st.toast("The file's points do not fit this run's model.", icon=":material/link_off:")
        return None
    return waiting


def say(sentence: str) -> None:
    """Say it in a corner as soon as the page is drawn, where a callback may not."""
    _NOTE.set(sentence)


def begin() -> None:
    """Say what is to be said; draw the whole page anew where another run was chosen meanwhile."""
    handover.follow()
    if note := _NOTE.get():
        st.toast(note, icon=":material/restore:")
        _NOTE.pop()  # only now: a run of the page may be cut short at the toast
