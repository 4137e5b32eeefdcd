"""What may count as on in an attribute: a class, an end of a number, a part of a circle.

N images.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vae.errors import InputError

Indices = NDArray[np.int64]
Columns = Mapping[str, NDArray[Any]]
Classes = Mapping[str, tuple[str, ...]]

UPPER = "upper quarter"  # of a number, against the lower one
UNKNOWN = "unknown"  # the class of images without a value
NUM_PLACES = 6  # of a circle, each counted as on in turn


def is_class(name: str, attributes: Columns, classes: Classes) -> bool:
    """Whether an attribute is one of several named classes, not a number."""
    return np.issubdtype(attributes[name].dtype, np.integer) and len(classes.get(name, ())) > 0


def is_circular(name: str) -> bool:
    """Whether an attribute goes around a circle, such as a hue."""
    return name.endswith("hue")


def values_of(name: str, attributes: Columns, classes: Classes) -> list[str]:
    """The values of an attribute that may count as on."""
    if is_class(name, attributes, classes):
        present = {int(value) for value in np.unique(attributes[name])}
        names = enumerate(classes[name])
        return [text for k, text in names if k in present and text != UNKNOWN]
    if is_circular(name):
        period = period_of(attributes[name])
        return [f"around {period * k / NUM_PLACES:.3g}" for k in range(NUM_PLACES)]
    return [UPPER]


def sides(
    name: str, value: str, attributes: Columns, classes: Classes, index: Indices
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which of the images `index` have an attribute on and off, [N] each; unknown ones neither.

    On is a class against all others, a sixth of a circle against the rest, or the upper quarter
    of the numbers against the lower one. Raises InputError for an unknown attribute or value, and
    where one side is empty.
    """
    if name not in attributes:
        raise InputError(f"The images have no attribute {name[:60]!r}.")
    there = values_of(name, attributes, classes)
    if value not in there:
        raise InputError(f"{name} is one of {', '.join(there)}, not {value[:60]!r}.")
    column = attributes[name][index]
    if is_class(name, attributes, classes):
        names = classes[name]
        known = (column >= 0) & (column < len(names))
        if UNKNOWN in names:
            known &= column != names.index(UNKNOWN)
        is_on = column == names.index(value)
        on, off = known & is_on, known & ~is_on
    else:
        numbers = column.astype(np.float64)
        known = np.isfinite(numbers)
        if is_circular(name):
            place = numbers / period_of(attributes[name]) * NUM_PLACES - there.index(value)
            is_on = np.abs((place + NUM_PLACES / 2) % NUM_PLACES - NUM_PLACES / 2) <= 0.5
            on, off = known & is_on, known & ~is_on
        else:
            low, high = np.percentile(numbers[known], [25, 75]) if known.any() else (0.0, 0.0)
            on = known & (numbers >= high) & (numbers > low)
            off = known & (numbers <= low) & (numbers < high)
    if not on.any() or not off.any():
        raise InputError(
            f"{name} is the same in all images with a posterior mean, so it gives no direction."
        )
    return on, off


def period_of(values: NDArray[Any]) -> float:
    """The length of a circle: 1 for values in turns, 360 for degrees."""
    numbers = values[np.isfinite(values)]
    return 360.0 if len(numbers) and numbers.max() > 1.001 else 1.0
