"""A direction as one slider moves along it."""

from __future__ import annotations

from dataclasses import dataclass

REACH = 3.5  # of a slider to each side, in units; more where images lie further out


@dataclass(frozen=True)
class Direction:
    """A line through the latent space that one slider moves along."""

    label: str
    note: str
    axis: int | tuple[float, ...]  # a dimension's number, or a vector of length 1 [D]
    centre: float  # of the points whose slider is at 0, along the axis
    unit: float  # length of one slider unit along the axis
    reach: float  # of the slider to each side, in units
    is_active: bool
