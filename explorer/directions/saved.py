"""Directions that a person makes of images or attributes, kept with the run.

Two panels meet here: groups are kept on the map, sliders are dragged in Sliders.
"""

from __future__ import annotations

import streamlit as st

from explorer.directions import run_axes
from explorer.directions.direction import REACH, Direction, Line, numbers
from explorer.drawing import labels
from explorer.state import handover
from explorer.state.keys import RunKey
from explorer.state.opened_run import OpenedRun
from explorer.state.session import Session
from vae.directions.definitions import Definition
from vae.errors import ExplainedError

CHOICE = "Saved directions"  # what Sliders calls them

SHOWN = RunKey("directions", "")  # which directions Sliders shows, by what it calls them
CHOSEN = RunKey("direction", "")  # whose leakage is told
_MADE = RunKey("direction_made", "")  # a moment ago


def show_new(session: Session, name: str) -> None:
    """Open Sliders with a direction that has just been made."""
    SHOWN.of(session).set(CHOICE)
    CHOSEN.of(session).set(name)
    _MADE.of(session).set(name)
    handover.open_panel("Sliders")


def sliders(opened: OpenedRun) -> list[Direction]:
    """The sliders of the directions that are kept; none, and said how to make one, at first."""
    session = opened.session
    if made := _MADE.of(session).get():
        st.toast(
            f"{labels.plain(made)} is a slider now, kept with the run.", icon=":material/explore:"
        )
        _MADE.of(session).pop()
    if not opened.has_images():
        st.info("This run's images cannot be found, so its saved directions cannot be computed.")
        return []
    try:
        definitions = run_axes.definitions(session)
        axes, failed = run_axes.axes(opened, definitions)
    except ExplainedError as error:
        st.error(str(error), icon=":material/error:")
        return []
    if not definitions:
        st.info(
            (
                "**No direction has been made yet.** Press **New direction** and choose an "
                "attribute, such as glasses. Or lasso two groups of images on the **Map** and keep "
                "them as A and B. Until then the sliders are the latent dimensions."
            ),
            icon=":material/explore:",
        )
    for name, sentence in failed.items():
        st.warning(
            f"**{labels.plain(name)}** cannot be shown now. {sentence}", icon=":material/error:"
        )
    by_name = {one.name: one for one in definitions}
    return [
        Direction(
            label=name,
            note=_note(by_name[name]),
            lines=(Line(numbers(axis.vector), axis.centre, axis.unit),),
            reach=REACH,
            is_active=True,
        )
        for name, axis in axes.items()
    ]


def _note(definition: Definition) -> str:
    return f"⟂ {len(definition.orthogonal_to)}" if definition.orthogonal_to else ""
