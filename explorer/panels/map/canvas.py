"""The map as a component of the page: a canvas to pan, zoom, point at, click and lasso."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from explorer.components import scripts

MAX_GROUP = 5_000  # images of a group that the browser names
MAX_CORNERS = 20_000  # of a lasso

PALETTE = (
    "#6a5be8 #f2698c #18a999 #f0a03c #4c8dff #b0589c #8aa632 #e2543f #3cb6d9 #9a7b5f "
    "#b9a6ff #f9b4c5 #86d8cd #f8d09a #a8c8ff #d8abcd #c6d58d #f2a99e #a0def0 #cdbaa8"
).split()
SCALE = ["#4b3fae", "#8d55d6", "#d65db1", "#f58b6c", "#f6c945"]
WHEEL = ["#e5484d", "#d6a100", "#55a630", "#12a594", "#3e7bfa", "#a24bd6", "#e5484d"]
UNKNOWN_COLOUR = "#8c8c99"


@dataclass(frozen=True)
class Choice:
    """What is looked into: some images, or a point of the map between them, or nothing."""

    images: tuple[int, ...] = ()
    count: int = 0  # of the images in the lasso, of which `images` may be a sample
    point: tuple[float, float] | None = None
    outline: tuple[tuple[float, float], ...] = ()  # of the lasso, where `images` is a sample
    members: tuple[int, ...] = ()  # all images in the lasso, where `images` is a sample

    @property
    def all_images(self) -> tuple[int, ...]:
        return self.members or self.images


@dataclass(frozen=True)
class Legend:
    """What the colours say."""

    title: str
    entries: Sequence[tuple[int, str, str]]  # level, name, colour; empty for a scale
    stops: Sequence[str]  # colours from low to high
    low: float
    high: float


@dataclass(frozen=True)
class Trail:
    """A path on the map, a place a step, and where its pictures lie once they are encoded."""

    line: Sequence[tuple[float, float]]
    back: Sequence[tuple[float, float]]
    letters: str  # of its keys, which lie evenly on it


def show(
    key: str,
    addresses: Mapping[str, str],
    legend: Legend,
    choice: Choice,
    number: int,
    ellipse: Mapping[str, Any] | None,
    columns: int,
    trail: Trail | None = None,
) -> None:
    """Draw the component. What a hand does becomes ``st.session_state[key]``; see `newest_choice`.

    ``st.session_state[key]["failed"]``: whether its script did not come, or has nothing to draw on.

    `addresses`: of the columns `points` and `colours`, and of `thumbs`, which come in sheets of
    `columns` tiles a row. `number`: of the newest act of a hand that `choice` comes from.
    `ellipse`: of the chosen image. `trail`: to be drawn over the points.
    """
    selected: dict[str, Any] = {"index": None, "point": None, "is_group": len(choice.images) > 1}
    if len(choice.images) == 1:
        selected["index"] = choice.images[0]
    if choice.point is not None:
        selected["point"] = list(choice.point)
    component = scripts.component("latent_map", "panels/map/canvas", scripts.BUTTONS)
    component(
        key=key,
        data={
            **addresses,
            "legend": {
                "title": legend.title,
                "entries": [list(entry) for entry in legend.entries],
                "stops": list(legend.stops),
                "low": legend.low,
                "high": legend.high,
                "unknown": UNKNOWN_COLOUR,
            },
            "selected": selected,
            "number": number,
            "ellipse": None if ellipse is None else dict(ellipse),
            "columns": columns,
            "max_group": MAX_GROUP,
            "trail": None
            if trail is None
            else {
                "line": [list(place) for place in trail.line],
                "back": [list(place) for place in trail.back],
                "letters": trail.letters,
            },
        },
        on_picked_change=lambda: None,
        on_group_change=lambda: None,
        on_failed_change=lambda: None,
    )


def newest_choice(state: Any) -> tuple[int, Choice] | None:
    """The newest act of a hand, with its number, where it is well formed; else None.

    ``picked`` is ``{"index": 17}`` or ``{"point": [x, y]}`` or neither, which lets go; ``group`` is
    ``{"indices": [3, 17], "count": 2}``, with the ``outline`` of the lasso where that is more than
    the indices; each with its ``number``.
    """
    if not hasattr(state, "get"):
        return None
    acts = [act for act in (state.get("picked"), state.get("group")) if isinstance(act, dict)]
    acts = [act for act in acts if isinstance(act.get("number", 0), int)]
    if not acts:
        return None
    act = max(acts, key=lambda act: act.get("number", 0))
    number = int(act.get("number", 0))
    index, point, indices = act.get("index"), act.get("point"), act.get("indices")
    if _is_image(index):
        return number, Choice((index,), 1)
    if isinstance(point, list) and len(point) == 2 and all(map(_is_number, point)):
        return number, Choice(point=(float(point[0]), float(point[1])))
    if isinstance(indices, list) and all(map(_is_image, indices)):
        some = tuple(indices[:MAX_GROUP])
        count = act.get("count")
        num = max(len(some), count if isinstance(count, int) else 0)
        return number, Choice(some, num, outline=_corners(act.get("outline")))
    return number, Choice()


def _corners(outline: Any) -> tuple[tuple[float, float], ...]:
    """The corners of a lasso, where they are well formed."""
    if not isinstance(outline, list) or len(outline) > MAX_CORNERS:
        return ()
    if not all(isinstance(c, list) and len(c) == 2 and all(map(_is_number, c)) for c in outline):
        return ()
    return tuple((float(x), float(y)) for x, y in outline)


def _is_image(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**32


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and abs(value) < 1e9
