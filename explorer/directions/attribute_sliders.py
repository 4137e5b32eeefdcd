"""A control for each attribute of the images: a slider, a strip of hues, or a row of choices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from explorer.directions import run_axes
from explorer.directions.attribute_groups import in_groups
from explorer.directions.direction import REACH, Choice, Direction, Line, numbers
from explorer.drawing import labels
from explorer.state import map_points
from explorer.state.map_points import Place
from explorer.state.opened_run import OpenedRun
from vae.data.dataset import Dataset
from vae.directions.attribute_axes import READABLE, AttributeAxes, attribute_axes
from vae.directions.contrasts import is_class, values_of
from vae.errors import ExplainedError

CHOICE = "Attributes"  # what Sliders calls them
UNREADABLE = (
    f"A linear readout finds less than {READABLE:.0%} of them in images left out: the model has "
    "not learnt them, or no straight line leads along them. Moving them changes little."
)
NOTHING = {"no", "none", "false", "0", "-1", "without", "absent"}  # what yes is told from


@st.cache_resource(max_entries=4, show_spinner=False)
def _axes(place: Place, fingerprint: str, _dataset: Dataset) -> list[AttributeAxes]:
    points, read = map_points.points(place), run_axes.readouts(place, fingerprint, _dataset)
    about = points.index, points.mu, _dataset.attributes, _dataset.classes
    return attribute_axes(read, *about)


def axes(opened: OpenedRun) -> list[AttributeAxes]:
    """The axes of all attributes by the newest means; none where means or images are missing."""
    try:
        dataset = opened.dataset
        found = _axes(run_axes.place(opened.session), dataset.fingerprint, dataset)
    except ExplainedError:
        return []
    return [one for one in found if one.moves.shape[1] == opened.model.latent_dim]


def sliders(opened: OpenedRun) -> list[Direction]:
    """The controls, readable attributes first; none where no attribute is readable."""
    found = {one.attribute: one for one in axes(opened)}
    if not any(one.is_readable for one in found.values()):
        return []
    result = []
    for wanted in (True, False):
        names = [one.attribute for one in found.values() if one.is_readable is wanted]
        names.sort(key=lambda name: -found[name].explained)
        for name, group in in_groups(names):
            result.append(_direction(found[name], group if wanted else "", opened.dataset))
    return result


def label_of(one: AttributeAxes, classes: Sequence[str]) -> str:
    """Glasses where it is told from none, Gender: female where from another of two classes."""
    name = labels.label_of(one.attribute)
    if one.kind != "number" or not one.labels or any(_is_nothing(other) for other in classes):
        return name
    return f"{name}: {one.labels[0]}"


def _is_nothing(label: str) -> bool:
    return label.casefold() in NOTHING


def _direction(one: AttributeAxes, group: str, dataset: Dataset) -> Direction:
    there = []
    if is_class(one.attribute, dataset.attributes, dataset.classes):
        there = values_of(one.attribute, dataset.attributes, dataset.classes)
    choices = [
        Choice(labels.label_of(label), numbers(places))
        for label, places in zip(one.labels, one.values, strict=False)
    ]
    # Of two classes the second is to the right, but for one that says no.
    sign = -1.0 if one.kind == "number" and one.labels and _is_nothing(one.labels[0]) else 1.0
    return Direction(
        label=label_of(one, there),
        note=f"R² {labels.rounded_down(one.explained)}",
        lines=tuple(
            Line(numbers(sign * move), float(sign * centre), 1.0, numbers(sign * read))
            for move, read, centre in zip(one.moves, one.reads, one.centre, strict=True)
        ),
        reach=max(REACH, float(np.ceil(2 * one.furthest)) / 2) if one.kind == "number" else 1.0,
        is_active=one.is_readable,
        kind=one.kind,
        choices=tuple(choices),
        group=group,
    )
