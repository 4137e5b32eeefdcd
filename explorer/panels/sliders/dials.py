"""Sliders and a face as one component of the page: decodes while a hand moves, tells on release."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeGuard

import numpy as np

from explorer.components import scripts
from explorer.directions.direction import Direction, Line

NUM_FIRST = 12  # sliders to see at once

Point = list[float]


@dataclass(frozen=True)
class Drag:
    """Where a hand or the page has set the sliders; `Drag` of dials.js names the fields alike.

    The page tells one, and the browser answers with another when a hand lets go.
    """

    z: Point  # [D]
    pins: list[Point]  # [D] each
    version: int  # rises whenever the page sets z: an answer to an older version is dropped
    number: int | None = None  # of the newest answer applied; None before the first


@dataclass(frozen=True)
class Fold:
    """What is said of the directions that are folded away."""

    heading: str
    note: str


INACTIVE = Fold(
    "Inactive dimensions",
    "Their posterior equals the prior: the decoder has learnt to ignore them, so moving them "
    "changes little or nothing.",
)


def place_of(direction: Direction, place: int) -> str:
    """Which list a direction stands in; what has a heading is found by it, and never folded."""
    if not direction.is_active:
        return "inactive"
    return "first" if place < NUM_FIRST or direction.group else "more"


def show(
    key: str,
    directions: Sequence[Direction],
    drag: Drag,
    *,
    path: str,
    step: int,
    face: str,
    samples: Mapping[str, Sequence[Sequence[float]]],
    link: str,
    inactive: Fold,
) -> None:
    """Draw the component. What a hand does becomes ``st.session_state[key]["drag"]``, a `Drag`.

    `path`: of the decode socket. `step`: of the weights. `face`: the address of the decoded z, for
    the first paint and for where sockets are blocked. `samples`: points to draw from beside the
    prior, by a name. `link`: the query of the address that restores the state, or "" to leave the
    address alone. `inactive`: what is said of those that are not active.
    """
    sections = [place_of(direction, place) for place, direction in enumerate(directions)]
    num_inactive, num_more = sections.count("inactive"), sections.count("more")
    shared = (scripts.BUTTONS, "components/live_picture")
    component = scripts.component("latent_dials", "panels/sliders/dials", *shared)
    component(
        key=key,
        data={
            "path": path,
            "directions": [
                {
                    "label": direction.label,
                    "note": direction.note,
                    "kind": direction.kind,
                    "lines": [_line(line) for line in direction.lines],
                    "reach": direction.reach,
                    "choices": [asdict(choice) for choice in direction.choices],
                    "group": direction.group,
                    "place": section,
                }
                for direction, section in zip(directions, sections, strict=True)
            ],
            "folds": {
                "more": f"More directions ({num_more})",
                "inactive": f"{inactive.heading} ({num_inactive})",
            },
            "inactive_note": inactive.note,
            "drag": asdict(drag),
            "step": step,
            "face": face,
            "samples": {name: [list(point) for point in some] for name, some in samples.items()},
            "link": link,
        },
        on_drag_change=lambda: None,
    )


def _line(line: Line) -> dict[str, Any]:
    axis = line.axis if isinstance(line.axis, int) else _short(line.axis)
    read = None if line.read is None else _short(line.read)
    return {"axis": axis, "read": read, "centre": line.centre, "unit": line.unit}


def _short(vector: Sequence[float]) -> list[float]:
    return [round(value, 5) for value in vector]


def newest_drag(state: Any, latent_dim: int, version: int) -> Drag | None:
    """What a hand did last, where it is well formed and of this version; else None."""
    told = state.get("drag") if hasattr(state, "get") else None
    if not isinstance(told, dict) or told.get("version") != version:
        return None
    z, pins, number = told.get("z"), told.get("pins", []), told.get("number")
    if not isinstance(pins, list) or not isinstance(number, (int, type(None))):
        return None
    if not _is_point(z, latent_dim) or not all(_is_point(pin, latent_dim) for pin in pins):
        return None
    return Drag(list(map(float, z)), [list(map(float, pin)) for pin in pins], version, number)


def _is_point(values: object, latent_dim: int) -> TypeGuard[Point]:
    return (
        isinstance(values, list)
        and len(values) == latent_dim
        and all(isinstance(value, (int, float)) for value in values)
        and bool(np.isfinite(values).all())
    )
