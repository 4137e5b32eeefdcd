"""What a saved direction moves besides: its leakage as a table, and its cosines to the others."""

from __future__ import annotations

import html
from collections.abc import Sequence

import streamlit as st

from explorer.components import scripts
from explorer.directions import run_axes, saved
from explorer.drawing import labels
from explorer.state.keys import RunKey
from explorer.state.opened_run import OpenedRun
from explorer.state.session import Session
from vae.directions import leakage
from vae.directions.axes import Axis, cosines
from vae.directions.definitions import remove_direction
from vae.directions.leakage import Move
from vae.errors import ExplainedError

_REFUSED = RunKey("delete_error", "")
NUM_MOVES = 10  # rows of the table to see at once


def show(opened: OpenedRun) -> None:
    """What the chosen direction moves, its cosines, and how to let go of it."""
    session = opened.session
    try:
        dataset = opened.dataset
        definitions = run_axes.definitions(session)
        if not definitions:
            return
        axes, _ = run_axes.axes(opened, definitions)
        read = run_axes.readouts(run_axes.place(session), dataset.fingerprint, dataset)
    except ExplainedError:
        return  # the sliders have said so
    key = saved.CHOSEN.of(session)
    names = [one.name for one in definitions]
    kept = key.get()
    chosen = kept if kept in names else names[-1]
    st.html(scripts.style(__file__))
    st.divider()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        # Another list of names is another box, which begins with the newest.
        box = f"{key.name}:{'/'.join(names)}"
        name = st.selectbox("What else moves with", names, names.index(chosen), key=box, width=320)
        key.set(name)
        st.button(
            "Delete",
            key=RunKey("direction_delete", None).of(session).name,
            icon=":material/delete:",
            on_click=_delete,
            args=(session, name),
            help="Delete this direction. The images and the model are not changed.",
        )
    if message := _REFUSED.of(session).pop():
        st.error(message, icon=":material/error:")
    if name not in axes:
        return
    axis = axes[name]
    st.caption(
        f"Mean of {axis.num_a:,} images minus mean of {axis.num_b:,}; one unit of the slider is "
        "one standard deviation of the posterior means along it."
    )
    told = leakage.leakage(axis, read, dataset.attributes, dataset.classes)
    own = next(one.attribute for one in definitions if one.name == name)
    _cosines(name, axes)
    legible = [move for move in told if move.is_readable]
    if legible:
        st.html(table_of(legible[:NUM_MOVES], own))
        if rest := legible[NUM_MOVES:]:
            with st.expander(f"Moved less ({len(rest)})"):
                st.html(table_of(rest, own))
    if hidden := [labels.label_of(move.attribute).lower() for move in told if not move.is_readable]:
        st.caption(
            "No linear readout can predict these attributes, so their change is unknown: "
            + labels.plain(", ".join(hidden))
            + "."
        )
    if not told:
        few = (
            "Too few images have a posterior mean yet" if dataset.attributes else "Nothing is known"
        )
        st.caption(f"{few}, so it is unknown what else moves.")


def _cosines(name: str, axes: dict[str, Axis]) -> None:
    if len(axes) < 2:
        return
    row = cosines(axes)[list(axes).index(name)]
    pairs = sorted(zip(axes, row, strict=True), key=lambda pair: -abs(pair[1]))
    told = [
        f"{labels.plain(other)} **{round(cosine, 2) + 0.0:+.2f}**"
        for other, cosine in pairs
        if other != name
    ]
    st.markdown(
        f":small[Cosine to {' &nbsp;·&nbsp; '.join(told[:12])}]",
        help="1 is the same direction, 0 is an orthogonal one, -1 is the opposite one.",
    )


def table_of(
    rows: Sequence[Move],
    own: str,
    heading: str = "One unit changes",
    unit: str = "of the linear readout",
) -> str:
    """Moves of attributes as bars; `own` is the one that was meant, `unit` whose deviations."""
    widest = max(1.0, *(abs(move.deviations) for move in rows))
    cells = [
        (
            f"<span class='head'>{heading}</span><span class='head middle'>less "
            "&nbsp;|&nbsp; more</span>"
            f"<span class='head number' title='In standard deviations {unit}'>deviations</span>"
            "<span class='head number' title='Share of the variance that a linear readout explains "
            "on held-out images: how far the row can be trusted'>R²</span>"
        )
    ]
    for move in rows:
        share = 50 * abs(move.deviations) / widest
        start = 50.0 if move.deviations >= 0 else 50 - share
        kind = "own" if move.attribute == own else ""
        number = f"{round(move.deviations, 2) + 0.0:+.2f}"
        towards = f" <small>{html.escape(move.towards)}</small>" if move.towards else ""
        cells.append(
            f"<span class='{kind}'>{html.escape(labels.label_of(move.attribute))}{towards}</span>"
            f"<span class='bar {kind}'><i style='left:{start:.1f}%;width:{share:.1f}%'></i>"
            f"<b></b></span><span class='number {kind}'>{number}</span>"
            f"<span class='number'>{labels.rounded_down(move.explained)}</span>"
        )
    return f"<div class='moves' role='table' aria-label='What it moves'>{''.join(cells)}</div>"


def _delete(session: Session, name: str) -> None:
    try:
        remove_direction(run_axes.file_of(session), name)
    except (ExplainedError, OSError) as error:
        _REFUSED.of(session).set(str(error))
    else:
        saved.CHOSEN.of(session).pop()
