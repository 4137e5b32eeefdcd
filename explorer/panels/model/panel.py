"""Model: what is maximised, what the numbers mean, what is wrong, what the networks are."""

from __future__ import annotations

import math

import streamlit as st

from explorer.components import fragment, job_button
from explorer.panels.model import checkpoint, doctor
from explorer.panels.model.about_run import data_section, evaluations_section, options_section
from explorer.panels.model.measured import evaluation as in_full
from explorer.panels.model.measured import hardest
from explorer.panels.model.measured import samples as drawn
from explorer.panels.model.networks import networks_section
from explorer.panels.model.objective import (
    dimensions_section,
    loss_line,
    objective_section,
    plane_section,
)
from explorer.panels.model.theory import gradient_estimators
from explorer.panels.model.theory.equations import converter, equations
from explorer.state import coming, handover, moved_images, opened_run
from explorer.state.opened_run import OpenedRun
from explorer.state.session import Session
from vae.config import Config
from vae.doctor.diagnose import findings
from vae.errors import ExplainedError, ImagesGoneError
from vae.runs.events import measured
from vae.runs.folder import Run

TICK_SECONDS = 5.0
COMING = "after 20 steps the objective and the latent dimensions are measured and explained here"
WORK_SECONDS = 1.5  # while a process measures the run


def show(session: Session | None) -> None:
    """Draw the panel; while the run trains, the numbers follow."""
    config = None if session is None else session.config()
    if session is None or config is None:
        every = TICK_SECONDS if session is not None and session.is_alive() else None
        fragment.show(_no_model, every, session)
        equations()
        converter(None)
        return
    # One fragment and none inside it: where one runs anew before it was delivered, Streamlit drops
    # its elements but not those of the fragments in it, and the page breaks over the gap.
    working = _is_working(session.run)
    every = TICK_SECONDS if session.is_alive() else None
    every = WORK_SECONDS if working else every
    fragment.show(_draw, every, session, config, working)


def _no_model(session: Session | None) -> None:
    if session is not None and session.config() is not None:
        st.rerun()  # the whole page: it is there now
    st.info(
        (
            "**No model yet.** A variational autoencoder learns two networks at once: one that "
            "describes an image by a few numbers, and one that draws images from such numbers. "
            f"{coming.words(session, 'its numbers are then explained here')}"
        ),
        icon=":material/schema:",
    )


def _is_working(run: Run) -> bool:
    """Whether a process measures the run."""
    jobs = (in_full, drawn, hardest)
    return any(job_button.is_working(*job.files(run)) for job in jobs)


def _draw(session: Session, config: Config, was_working: bool) -> None:
    if _is_working(session.run) != was_working:
        st.rerun()  # the whole page: this panel ticks otherwise now
    handover.follow()
    config, events = session.config() or config, session.events()
    evaluation = session.evaluation()
    found = findings(events, config, session.status())
    is_well = all(finding.kind == "info" for finding in found)
    if is_well and evaluation.get("epoch", 0) >= 1:
        st.caption(
            ":green[:material/check_circle:] Nothing is wrong: no collapse, no skipped step, "
            "no sign of overfitting."
        )
    doctor.show(session, config, found)
    opened = _opened(session)
    shape = None if opened is None else opened.weights.image_shape
    num_pixels = None if shape is None else math.prod(shape)
    loss_line(config, evaluation.get("sigma"))
    if evaluation and num_pixels is not None:
        objective_section(config, events, evaluation, num_pixels)
        dimensions_section(session, evaluation)
        plane_section(session, config)
    else:
        st.info(
            (f"**Nothing is measured yet.** {coming.words(session, COMING)}"),
            icon=":material/hourglass_empty:",
        )
    checkpoint.show(session, opened is not None)
    if opened is not None:
        try:
            len(opened.dataset)
        except ImagesGoneError as gone:
            moved_images.ask(session, gone)
        drawn.show(opened)
        in_full.show(opened)
        hardest.show(opened)
    if measured(events):
        evaluations_section(events)
    st.subheader("Deeper", divider="gray")
    equations()
    sigma = evaluation.get("sigma")
    is_squared = config.model.likelihood == "gaussian" and config.train.objective == "elbo"
    weight = 2 * sigma**2 * config.train.beta if sigma is not None and is_squared else None
    converter(num_pixels, weight)
    if opened is not None:
        gradient_estimators.show(opened)
        networks_section(config.model, opened.weights.image_shape)
    data_section(session, config)
    options_section(config)


def _opened(session: Session) -> OpenedRun | None:
    """The run with its weights; None before the first checkpoint, or where they are broken."""
    try:
        return opened_run.opened(session)
    except ExplainedError as error:
        st.error(str(error), icon=":material/error:")
        return None
