"""Sliders and a face as one component of the page: decodes while a hand moves, tells on release."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from explorer.components import scripts
from explorer.directions.direction import Direction

NUM_FIRST = 12  # sliders to see at once


def place_of(direction: Direction, place: int) -> str:
    """Which list a direction stands in."""
    if not direction.is_active:
        return "inactive"
    return "first" if place < NUM_FIRST else "more"


def show(
    key: str,
    path: str,
    directions: Sequence[Direction],
    z: Sequence[float],
    pins: Sequence[Sequence[float]],
    version: int,
    number: int | None,
    step: int,
    face: str,
    samples: Mapping[str, Sequence[Sequence[float]]],
    link: str,
) -> None:
    """Draw the component. What a hand does becomes ``st.session_state[key]["point"]``.

    That is ``{"z": [D], "pins": [[D]], "version": int, "number": int}``; it counts where its
    version is the newest that the page has given. `path`: of the decode socket. `face`: the address
    of the decoded z, for the first paint and for where sockets are blocked. `number`: of the newest
    point taken in. `samples`: points to draw from beside the prior, by a name. `link`: the query of
    the address that restores the state, or "" to leave the address alone.
    """
    sections = [place_of(direction, place) for place, direction in enumerate(directions)]
    inactive, more = sections.count("inactive"), sections.count("more")
    component = scripts.component("latent_dials", "panels/sliders/dials")
    component(
        key=key,
        data={
            "path": path,
            "directions": [
                {
                    "label": direction.label,
                    "note": direction.note,
                    "axis": _short(direction.axis),
                    "centre": direction.centre,
                    "unit": direction.unit,
                    "reach": direction.reach,
                    "place": section,
                }
                for direction, section in zip(directions, sections, strict=True)
            ],
            "folds": {
                "more": f"More directions ({more})",
                "inactive": f"Inactive dimensions ({inactive})",
            },
            "inactive_note": "Their posterior equals the prior: the decoder has learnt to pass "
            "over them, so that moving them changes little or nothing.",
            "z": list(z),
            "pins": [list(pin) for pin in pins],
            "version": version,
            "number": number,
            "run": path,
            "step": step,
            "face": face,
            "samples": {name: [list(point) for point in some] for name, some in samples.items()},
            "link": link,
        },
        on_point_change=lambda: None,
    )


def _short(axis: int | tuple[float, ...]) -> int | list[float]:
    return axis if isinstance(axis, int) else [round(value, 5) for value in axis]


def taken(state: Any, latent_dim: int, version: int) -> dict[str, Any] | None:
    """What the component says, where it is well formed and of this version; else None."""
    point = (state or {}).get("point") if hasattr(state, "get") else None
    if not isinstance(point, dict) or point.get("version") != version:
        return None
    z, pins = point.get("z"), point.get("pins", [])
    if not isinstance(pins, list) or not all(_is_point(p, latent_dim) for p in [z, *pins]):
        return None
    return point


def _is_point(values: object, latent_dim: int) -> bool:
    return (
        isinstance(values, list)
        and len(values) == latent_dim
        and all(isinstance(value, (int, float)) for value in values)
        and bool(np.isfinite(values).all())
    )
