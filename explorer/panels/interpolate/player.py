"""A point of a path as a component of the page: scrubbed by hand, or played."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from explorer.components import scripts
from explorer.state.chosen_path import Tour

Floats = NDArray[np.float32]

WAYS = ("back", "around")
SPEEDS = (0.5, 1.0, 2.0)


def show(
    key: str,
    points: Floats,
    closing: Floats,
    fine: int,
    letters: Sequence[str],
    tour: Tour,
    number: int | None,
    *,
    path: str,
    step: int,
    picture: str,
) -> None:
    """Draw the component. What a hand does becomes ``st.session_state[key]["place"]``.

    That is the fields of a `Tour` and a number, `Place` of player.js. `points` [S, D]: the path,
    `fine` a leg; `closing`: the leg from its end to its beginning. `letters`: of the keys.
    `number`: of the newest place applied. `path`: of the decode socket. `step`: of the weights.
    `picture`: the address of the decoded point, for the first paint and for where sockets are
    blocked.
    """
    blocks = [np.ascontiguousarray(block, "<f4").tobytes() for block in (points, closing)]
    component = scripts.component(
        "latent_path", "panels/interpolate/player", scripts.BUTTONS, "components/live_picture"
    )
    component(
        key=key,
        data={
            "path": path,
            "points": base64.b64encode(blocks[0]).decode(),
            "closing": base64.b64encode(blocks[1]).decode(),
            "latent_dim": points.shape[1],
            "fine": fine,
            "letters": list(letters),
            "place": {**asdict(tour), "number": number},
            "version": hashlib.sha256(blocks[0] + path.encode()).hexdigest()[:16],
            "step": step,
            "picture": picture,
        },
        on_place_change=lambda: None,
    )


def newest_tour(state: Any) -> tuple[int, Tour] | None:
    """The newest place that a hand chose, with its number, where it is well formed; else None."""
    place = state.get("place") if hasattr(state, "get") else None
    if not isinstance(place, dict) or not isinstance(place.get("number", 0), int):
        return None
    position, way, speed = place.get("position"), place.get("way", "back"), place.get("speed", 1.0)
    if not isinstance(position, (int, float)) or not 0 <= position <= 1:
        return None
    if way not in WAYS or speed not in SPEEDS:
        return None
    return place.get("number", 0), Tour(float(position), way, bool(place.get("ease")), float(speed))
