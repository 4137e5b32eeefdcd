"""The form of a new direction: made of an attribute, or of two groups of images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from explorer.directions import run_axes, saved
from explorer.drawing import labels
from explorer.state.keys import RunKey
from explorer.state.opened_run import OpenedRun
from explorer.state.session import Session
from vae.directions import contrasts
from vae.directions.definitions import MAX_NAME, Definition, add_direction, numbers_in
from vae.errors import ExplainedError, InputError

ATTRIBUTE, GROUPS = "An attribute", "Two groups"

_FORM = RunKey("direction_form", False)  # whether it is open
_SOURCE = RunKey("direction_source", ATTRIBUTE)
_ATTRIBUTE = RunKey("direction_attribute", "")


def group(letter: str) -> RunKey[tuple[int, ...]]:
    """The images that the map keeps as group A or B."""
    return RunKey(f"group_{letter}", ())


@dataclass(frozen=True)
class _Fields:
    """What is asked wherever a direction is made, and why it was not."""

    where: str

    @property
    def name(self) -> RunKey[str]:
        return RunKey(f"direction_name_{self.where}", "")

    @property
    def orthogonal(self) -> RunKey[Sequence[str]]:
        return RunKey(f"direction_orthogonal_{self.where}", ())

    @property
    def refused(self) -> RunKey[str]:
        return RunKey(f"direction_error_{self.where}", "")


def maker(opened: OpenedRun) -> None:
    """The button that opens the form of a new direction."""
    if not opened.has_images():
        return
    session, dataset = opened.session, opened.dataset
    form = st.popover(
        "New direction", icon=":material/add:", key=_FORM.of(session).name, on_change="rerun"
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
                key=_SOURCE.of(session).name,
                help="The mean of the images on one side minus the mean of those on the other.",
            )
        if source == ATTRIBUTE:
            left, right = st.columns(2, gap="small")
            name = left.selectbox(
                "Attribute", columns, format_func=labels.label_of, key=_ATTRIBUTE.of(session).name
            )
            values = contrasts.values_of(name, dataset.attributes, dataset.classes)
            value = right.selectbox(
                "On",
                values,
                index=len(values) - 1 if len(values) == 2 else 0,
                key=RunKey(f"direction_value:{name}", "").of(session).name,
                help=(
                    "This value minus all others; for numbers, the upper quarter minus the lower "
                    "quarter."
                ),
            )
            definition = Definition("", attribute=name, value=value)
        else:
            definition = Definition("", a=_typed(session, "A"), b=_typed(session, "B"))
        finish(opened, definition, "form")


def _typed(session: Session, letter: str) -> tuple[int, ...]:
    """The images of group A or B: typed, or else kept on the map."""
    kept = group(letter).of(session).get()
    text = st.text_input(
        f"Images of group {letter}",
        placeholder=f"{len(kept):,} kept on the map" if kept else "3, 17, 40-60",
        key=RunKey(f"typed_{letter}", "").of(session).name,
        help="Numbers of images. Leave it empty to use the group kept on the map.",
    )
    try:
        return numbers_in(text) or kept
    except ExplainedError as error:
        st.error(str(error))
        return ()


def finish(opened: OpenedRun, definition: Definition, where: str, suggested: str = "") -> None:
    """Name, what it should be orthogonal to, and the button that makes it; `where` it stands.

    `suggested`: the name where none is typed (default: by what the direction is made of).
    """
    session, fields = opened.session, _Fields(where)
    try:
        others = [one.name for one in run_axes.definitions(session)]
    except ExplainedError:
        others = []
    name = _free_name(suggested[:MAX_NAME] or _suggested(definition), others)
    st.text_input(
        "Name", placeholder=name, max_chars=MAX_NAME, key=fields.name.of(session).name, value=""
    )
    if others:
        st.multiselect(
            "Orthogonal to",
            others,
            key=fields.orthogonal.of(session).name,
            placeholder="None",
            help=(
                "Removes what it shares with these directions, so that moving it does not move "
                "them."
            ),
        )
    if message := fields.refused.of(session).get():
        st.error(message, icon=":material/error:")
    st.button(
        "Make a direction",
        key=RunKey(f"direction_{where}_make", None).of(session).name,
        type="primary",
        icon=":material/explore:",
        on_click=_make,
        args=(opened, definition, name, fields),
        width="stretch",
    )


def _make(opened: OpenedRun, definition: Definition, suggested: str, fields: _Fields) -> None:
    session = opened.session
    name = fields.name.of(session).get().strip() or suggested
    whole = Definition(
        name,
        definition.a,
        definition.b,
        definition.attribute,
        definition.value,
        tuple(fields.orthogonal.of(session).get()),
    )
    try:
        before = run_axes.definitions(session)
        _, failed = run_axes.axes(opened, [*before, whole])
        if name in failed:
            raise InputError(failed[name])
        session.run.make_writable()
        add_direction(run_axes.file_of(session), whole)
    except (ExplainedError, OSError) as error:
        fields.refused.of(session).set(str(error))
        return
    fields.name.of(session).pop()
    fields.orthogonal.of(session).pop()
    fields.refused.of(session).pop()
    _FORM.of(session).set(False)  # its work is done
    saved.show_new(session, name)


def _suggested(definition: Definition) -> str:
    if not definition.attribute:
        return "A minus B"
    label = labels.label_of(definition.attribute)
    if definition.value == contrasts.UPPER:
        return label[:MAX_NAME]
    return f"{label}: {definition.value}"[:MAX_NAME]


def _free_name(name: str, taken: Sequence[str]) -> str:
    lowered, free, number = {other.casefold() for other in taken}, name, 2
    while free.casefold() in lowered:
        end = f" {number}"
        free, number = name[: MAX_NAME - len(end)] + end, number + 1
    return free
