"""What moving an attribute changes in the pictures, as a table of all readable ones."""

from __future__ import annotations

import streamlit as st

from explorer.components import scripts
from explorer.directions import attribute_sliders, leakage_table, run_axes
from explorer.directions.attribute_groups import in_groups
from explorer.drawing import labels
from explorer.state import map_points
from explorer.state.keys import RunKey
from explorer.state.map_points import Place
from explorer.state.opened_run import OpenedRun
from vae.directions.attribute_axes import AttributeAxes
from vae.directions.leakage import Move
from vae.latent.measured_effect import NUM_IMAGES, Measured, measured_effect
from vae.model.networks import VAE

_CHOSEN = RunKey("effect_of", "")
_HOW = {
    "number": "one standard deviation to each side",
    "circle": "a sixth of the circle to each side",
    "choice": "to the class after their own",
}


@st.cache_resource(max_entries=64, show_spinner=False)
def _measured(
    digest: str, place: Place, attribute: str, _axes: list[AttributeAxes], _model: VAE
) -> Measured:
    moved = next(one for one in _axes if one.attribute == attribute)
    return measured_effect(moved, _axes, _model, map_points.points(place).mu)


def show(opened: OpenedRun) -> None:
    """Of the attribute that is chosen, with how it was measured."""
    session = opened.session
    found = [one for one in attribute_sliders.axes(opened) if one.is_readable]
    if not found:
        return
    by_name = {one.attribute: one for one in found}
    names = [name for name, _ in in_groups(by_name)]
    st.html(scripts.style(leakage_table.__file__))
    st.divider()
    kept = _CHOSEN.of(session)
    kept.begin(names[0])
    if kept.get() not in names:
        kept.set(names[0])
    name = st.selectbox(
        "What else moves with", names, format_func=labels.label_of, key=kept.name, width=320
    )
    num = min(NUM_IMAGES, len(map_points.points(run_axes.place(session)).mu))
    told = _measured(opened.weights.digest, run_axes.place(session), name, found, opened.model)
    st.caption(
        f"Measured in pictures: {num} images were moved {_HOW[by_name[name].kind]}, decoded "
        f"and encoded again. Of the move itself **{told.share:.0%}** was drawn; what else changed "
        "is in standard deviations over the images."
    )
    moves = [
        Move(effect.attribute, "", effect.change, by_name[effect.attribute].explained)
        for effect in told.effects
    ]
    about = name, "In pictures", "over the images"
    st.html(leakage_table.table_of(moves[: leakage_table.NUM_MOVES], *about))
    if rest := moves[leakage_table.NUM_MOVES :]:
        with st.expander(f"Moved less ({len(rest)})"):
            st.html(leakage_table.table_of(rest, *about))
