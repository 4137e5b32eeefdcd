"""A direction as one slider, colour strip or row of choices moves along it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

REACH = 3.5  # of a slider to each side, in units; more where images lie further out


def numbers(vector: np.ndarray) -> tuple[float, ...]:
    """[D]"""
    return tuple(float(value) for value in vector)


@dataclass(frozen=True)
class Line:
    """Where a point z lies along one line, (read . z - centre) / unit, and what moves it."""

    axis: int | tuple[float, ...]  # a dimension's number, or a vector [D]; a unit adds unit * axis
    centre: float
    unit: float
    read: tuple[float, ...] | None = None  # [D], with read . axis = 1; None: the axis, of length 1


@dataclass(frozen=True)
class Choice:
    """One of the classes that a face may be of."""

    label: str
    places: tuple[float, ...]  # along each line


@dataclass(frozen=True)
class Direction:
    """What one control of Sliders moves.

    A number has one line, a circle two (its cosine and sine), choices as many as they need.
    """

    label: str
    note: str
    lines: tuple[Line, ...]
    reach: float  # of a number to each side, in units
    is_active: bool
    kind: Literal["number", "circle", "choice"] = "number"
    choices: tuple[Choice, ...] = ()
    group: str = ""  # its heading
