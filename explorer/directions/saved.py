"""Directions that a person makes of images or attributes, kept with the run.

Two panels meet here: groups are kept on the map, sliders are dragged in Sliders.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from explorer.directions import run_axes
from explorer.directions.direction import REACH, Direction
from explorer.state import handover
from explorer.state.opened_run import OpenedRun
from explorer.state.session import Session
from vae.directions import contrasts
from vae.directions.definitions import MAX_NAME, Definition, add_direction
from vae.errors import ExplainedError, InputError

CHOICE = "Saved directions"  # what Sliders calls them
ATTRIBUTE, GROUPS = "An attribute", "Two groups"
MAX_NUMBERS = 5_000  # images typed in by hand


def sliders(opened: OpenedRun) -> list[Direction]:
    """The sliders of the directions that are kept; none, and said how to make one, at first."""
    session = opened.session
    if made := st.session_state.pop(session.key("direction_made"), None):
        st.toast(
            f"{run_axes.plain(made)} is a slider now, kept with the run.", icon=":material/explore:"
        )
    if not opened.has_images():
        st.info("The images of this run are gone, and with them what its directions mean.")
        return []
    try:
        definitions = run_axes.definitions(session)
        axes, failed = run_axes.axes(opened, definitions)
    except ExplainedError as error:
        st.error(str(error), icon=":material/error:")
        return []
    if not definitions:
        st.info(
            "**No direction has been made yet.** Press **New direction**: glasses on minus off, "
            "say. Or lasso two groups of images on the **Map** and keep them as A and B. Until "
            "then these are the dimensions.",
            icon=":material/explore:",
        )
    for name, sentence in failed.items():
        st.warning(
            f"**{run_axes.plain(name)}** cannot be drawn now. {sentence}", icon=":material/error:"
        )
    by_name = {one.name: one for one in definitions}
    return [
        Direction(
            label=name,
            note=_note(by_name[name]),
            axis=tuple(float(value) for value in axis.vector),
            centre=axis.centre,
            unit=axis.unit,
            reach=REACH,
            is_active=True,
        )
        for name, axis in axes.items()
    ]


def _note(definition: Definition) -> str:
    return f"⟂ {len(definition.orthogonal_to)}" if definition.orthogonal_to else ""


# ------------------------------------------------------------------------------- a new one


def maker(opened: OpenedRun) -> None:
    """The button that opens the form of a new direction."""
    if not opened.has_images():
        return
    session, dataset, keys = opened.session, opened.dataset, opened.session.key
    form = st.popover(
        "New direction", icon=":material/add:", key=keys("direction_form"), on_change="rerun"
    )
    with form:
        columns = [
            name
            for name in dataset.attributes
            if contrasts.values_of(name, dataset.attributes, dataset.classes)
        ]
        columns.sort(key=lambda name: name != "label")
        source = GROUPS
        if columns:
            source = st.segmented_control(
                "Made of",
                [ATTRIBUTE, GROUPS],
                required=True,
                default=ATTRIBUTE,
                key=keys("direction_source"),
                help="The mean of the images on one side minus the mean of those on the other.",
            )
        if source == ATTRIBUTE:
            left, right = st.columns(2, gap="small")
            name = left.selectbox(
                "Attribute", columns, format_func=run_axes.readable, key=keys("direction_attribute")
            )
            values = contrasts.values_of(name, dataset.attributes, dataset.classes)
            value = right.selectbox(
                "On",
                values,
                index=len(values) - 1 if len(values) == 2 else 0,
                key=f"{keys('direction_value')}:{name}",
                help="Minus all others; of numbers, the upper quarter minus the lower one.",
            )
            definition = Definition("", attribute=name, value=value)
        else:
            definition = Definition("", a=_typed(session, "A"), b=_typed(session, "B"))
        finish(opened, definition, "form")


def _typed(session: Session, letter: str) -> tuple[int, ...]:
    """The images of group A or B: typed, or else kept on the map."""
    kept = st.session_state.get(session.key(f"group_{letter}"), ())
    text = st.text_input(
        f"Images of group {letter}",
        placeholder=f"{len(kept):,} kept on the map" if kept else "3, 17, 40-60",
        key=session.key(f"typed_{letter}"),
        help="Numbers of images, or nothing for the group that was kept on the map.",
    )
    try:
        return numbers_in(text) or kept
    except ExplainedError as error:
        st.error(str(error))
        return ()


def numbers_in(text: str) -> tuple[int, ...]:
    """The images that "3, 17, 40-60" names. Raises InputError."""
    found: dict[int, None] = {}
    for word in text.replace(",", " ").split():
        first, dash, last = word.partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()) or len(word) > 25:
            raise InputError(f"Images are numbers such as 3, 17, 40-60, not {word[:30]!r}.")
        start, end = int(first), int(last or first)
        if end - start >= MAX_NUMBERS or len(found) > MAX_NUMBERS:
            raise InputError(f"A group has at most {MAX_NUMBERS:,} images.")
        found.update(dict.fromkeys(range(start, end + 1)))
    return tuple(found)


def finish(opened: OpenedRun, definition: Definition, where: str) -> None:
    """Name, what it should be orthogonal to, and the button that makes it; `where` it stands."""
    session, state = opened.session, st.session_state
    key = session.key(f"direction_{where}")
    try:
        others = [one.name for one in run_axes.definitions(session)]
    except ExplainedError:
        others = []
    name = _free_name(_suggested(definition), others)
    st.text_input("Name", placeholder=name, max_chars=MAX_NAME, key=f"{key}_name", value="")
    if others:
        st.multiselect(
            "Orthogonal to",
            others,
            key=f"{key}_orthogonal",
            placeholder="None",
            help="Takes out what it shares with these, so that moving it leaves them in place.",
        )
    if message := state.get(f"{key}_error"):
        st.error(message, icon=":material/error:")
    st.button(
        "Make a direction",
        key=f"{key}_make",
        type="primary",
        icon=":material/explore:",
        on_click=_make,
        args=(opened, definition, name, key),
        width="stretch",
    )


def _make(opened: OpenedRun, definition: Definition, suggested: str, key: str) -> None:
    session, state = opened.session, st.session_state
    name = state.get(f"{key}_name", "").strip() or suggested
    whole = Definition(
        name,
        definition.a,
        definition.b,
        definition.attribute,
        definition.value,
        tuple(state.get(f"{key}_orthogonal", ())),
    )
    try:
        before = run_axes.definitions(session)
        _, failed = run_axes.axes(opened, [*before, whole])
        if name in failed:
            raise InputError(failed[name])
        assert session.run is not None
        session.run.make_writable()
        add_direction(run_axes.file_of(session), whole)
    except (ExplainedError, OSError) as error:
        state[f"{key}_error"] = str(error)
        return
    for word in ("name", "orthogonal", "error"):
        state.pop(f"{key}_{word}", None)
    state[session.key("directions")] = CHOICE
    state[session.key("direction")] = state[session.key("direction_made")] = name
    state[session.key("direction_form")] = False  # its work is done
    handover.open_panel("Sliders")


def _suggested(definition: Definition) -> str:
    if not definition.attribute:
        return "A minus B"
    readable = run_axes.readable(definition.attribute)
    if definition.value == contrasts.UPPER:
        return readable[:MAX_NAME]
    return f"{readable}: {definition.value}"[:MAX_NAME]


def _free_name(name: str, taken: Sequence[str]) -> str:
    lowered, free, number = {other.casefold() for other in taken}, name, 2
    while free.casefold() in lowered:
        end = f" {number}"
        free, number = name[: MAX_NAME - len(end)] + end, number + 1
    return free
