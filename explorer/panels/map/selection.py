"""What of the map is looked into: the newest click on it, or in the sheet of images beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from explorer.panels.map import canvas
from explorer.panels.map.canvas import Choice
from explorer.state import map_points
from explorer.state.keys import Key, RunKey
from explorer.state.map_points import Floats, Place
from explorer.state.session import Session

CANVAS = RunKey[Any]("mapview", None)
_CHOSEN = RunKey[tuple[Choice, str] | None]("chosen", None)  # and the method of its map
_SEEN = RunKey("seen", 0)  # the number of the newest act of a hand on the canvas
_TURN = RunKey("turn", 0)  # of the sheet of images beside the map


def choose(session: Session, choice: Choice, method: str) -> None:
    """Look into what was chosen on a map by this method."""
    _CHOSEN.of(session).set((choice, method))
    _TURN.of(session).set(_TURN.of(session).get() + 1)


def newest(session: Session) -> int:
    """The number of the newest act of a hand on the canvas that the choice is of."""
    return _SEEN.of(session).get()


def sheet_key(session: Session) -> str:
    """Of the sheet of images beside the map; another one after every choice."""
    return f"{RunKey('sheet', None).of(session).name}.{_TURN.of(session).get()}"


def current(session: Session, place: Place) -> Choice:
    """What is looked into, by the newest click on the map or in a sheet of images.

    The page keeps it for other methods and newer maps, as far as they have it.
    """
    kept, seen = _CHOSEN.of(session).get(), _SEEN.of(session)
    told = canvas.newest_choice(CANVAS.of(session).get())
    sheet = Key[Any](sheet_key(session), None).get()
    choice, drawn = kept or (Choice(), place.method)
    if told is not None and told[0] != (seen.get() if seen.is_set() else None):
        seen.set(told[0])
        choice, drawn = with_members(told[1], place), place.method
    elif sheet and sheet.get("picked"):
        choice = Choice((sheet["picked"][-1],), 1)
    if kept != (choice, drawn):
        choose(session, choice, drawn)
    if choice.point is not None:
        return choice if drawn == place.method else Choice()
    rows = map_points.rows_of(place, np.array(choice.images, np.int64))
    there = tuple(map(int, map_points.points(place).index[rows]))
    if len(there) == len(choice.images):
        return choice
    return Choice(there, len(there))


def with_members(choice: Choice, place: Place) -> Choice:
    """A lasso of which the browser names a sample, with all images that lie in it on this map.

    Where the sample does not, it was drawn on another map, and is all there is.
    """
    if not choice.outline:
        return choice
    points = map_points.points(place)
    members = points.index[inside(points.xy, choice.outline)]
    if not np.isin(choice.images, members).all():
        return Choice(choice.images, len(choice.images))
    return Choice(choice.images, len(members), members=tuple(members.tolist()))


def inside(xy: Floats, corners: Sequence[tuple[float, float]]) -> NDArray[np.bool_]:
    """Which of the points [N, 2] lie inside corners, by the number of sides to their right. [N]

    The same sums as `isInside` of geometry.js.
    """
    x, y = xy.astype(np.float64).T
    found = np.zeros(len(xy), bool)
    for (ax, ay), (bx, by) in zip(corners, [corners[-1], *corners[:-1]], strict=True):
        if ay == by:
            continue
        is_level = (ay > y) != (by > y)
        found ^= is_level & (x < ((bx - ax) * (y - ay)) / (by - ay) + ax)
    return found
