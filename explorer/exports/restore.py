"""Keep and reproduce: files that carry their recipe, programs to copy, and dropped files taken up.

K points, D latent dimensions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import streamlit as st

from explorer.exports import recipes
from explorer.exports.recipes import Recipe, Settings
from explorer.state import handover
from explorer.state.session import Session
from vae.runs.folder import list_runs

NUM_LINES = 24  # of a program that is shown whole

if TYPE_CHECKING:
    from vae.model.checkpoints import Weights
    from vae.model.networks import VAE


def recipe(
    session: Session, weights: Weights, kind: str, points: object, **settings: object
) -> str:
    """The comment for a file of `kind` made of points [K, D] with these settings."""
    run = session.run
    assert run is not None
    z = np.atleast_2d(np.asarray(points, np.float32))
    made: Settings = settings
    size = weights.image_shape[1]
    return recipes.written(Recipe(kind, run.name, weights.digest, weights.step, size, z, made))


def copy_as_python(
    program: str, what: str, width: Literal["stretch", "content"] = "content"
) -> None:
    """A button that opens a program; `what` it makes, in words."""
    with st.popover("Copy as Python", icon=":material/code:", width=width):
        st.caption(f"Where `vae` can be imported, this makes {what}, pixel for pixel.")
        st.code(program, "python", height="content" if program.count("\n") < NUM_LINES else 360)


def take_up(
    session: Session, panel: str, recipe: Recipe, model: VAE, weights: Weights
) -> tuple[bool, str]:
    """Whether a dropped recipe is taken up, here or in the run that made it, and what to say.

    `taken_up` in that run's panel then has it.
    """
    run = session.run
    assert run is not None
    names = [other.name for other in list_runs(session.root)]
    verdict = recipes.judged(recipe, panel, run.name, names, weights.digest, weights.step)
    if verdict.run == run.name and recipe.points.shape[1] != model.latent_dim:
        return False, (
            f"This file's points have {recipe.points.shape[1]} dimensions, but run {run.name} "
            f"now has {model.latent_dim}: it is taken as a plain picture."
        )
    if verdict.run:
        st.session_state[f"recipe:{verdict.run}"] = recipe
        if verdict.run != run.name:
            handover.open_run(verdict.run)
        say(verdict.sentence)
        return True, ""
    return False, verdict.sentence


def taken_up(session: Session, panel: str, model: VAE) -> Recipe | None:
    """The recipe that waits for this panel of this run, once; None where there is none."""
    waiting: Recipe | None = st.session_state.get(session.key("recipe"))
    if waiting is None or recipes.PANELS.get(waiting.kind) != panel:
        return None
    del st.session_state[session.key("recipe")]
    if not len(waiting.points) or waiting.points.shape[1] != model.latent_dim:
        st.toast("The file's points do not fit this run's model.", icon=":material/link_off:")
        return None
    return waiting


def is_waiting(session: Session) -> bool:
    """Whether a dropped recipe waits for `taken_up`."""
    return session.key("recipe") in st.session_state


def say(sentence: str) -> None:
    """Say it in a corner as soon as the page is drawn, where a callback may not."""
    st.session_state["note"] = sentence


def begin() -> None:
    """Say what is to be said; draw the whole page anew where another run was chosen meanwhile."""
    handover.follow()
    if note := st.session_state.pop("note", ""):
        st.toast(note, icon=":material/restore:")
