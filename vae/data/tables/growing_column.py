"""An attribute whose values come one image at a time, each a number, a truth value or a text.

N images.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from vae.data.tables.attributes import MAX_TEXT_CLASSES, Column, numeric_column, text_column
from vae.data.tables.cells import is_unknown


def named_classes(numbers: NDArray[np.float64], names: tuple[str, ...]) -> Column:
    """Numbers [N] into `names` as classes; others (-1, NaN) are the class "unknown"."""
    is_known = np.isin(numbers, np.arange(len(names)))
    ids = np.where(is_known, numbers, len(names)).astype(np.int64)
    return Column(ids, (*names, *["unknown"] * (not is_known.all())))


class GrowingColumn:
    """Values of N images that are unknown until they are put in."""

    def __init__(self, num: int) -> None:
        self._numbers = np.full(num, np.nan)
        self._texts = np.full(num, -1, dtype=np.int32)
        self._distinct: dict[str, int] = {}
        self._are_truths = True

    @property
    def is_free_text(self) -> bool:
        """Whether there are more texts than a class has: then the column is no attribute."""
        return len(self._distinct) > MAX_TEXT_CLASSES

    def put(self, index: int, value: object) -> None:
        if isinstance(value, str):
            value = _number(value)
        if isinstance(value, int | float):
            if math.isfinite(value):
                self._are_truths &= isinstance(value, bool)
                self._numbers[index] = value
        elif isinstance(value, str) and not is_unknown(value) and not self.is_free_text:
            self._texts[index] = self._distinct.setdefault(value, len(self._distinct))

    def column(self, name: str = "label") -> Column | None:
        """The column of that name. [N] None where it is no attribute."""
        is_known = ~np.isnan(self._numbers)
        if self.is_free_text or not (self._distinct or is_known.any()):
            return None
        if self._distinct:
            texts = [*self._distinct, ""]  # the last one where there is none
            cells = [texts[code] for code in self._texts]
            for index in np.flatnonzero(is_known):
                cells[index] = f"{self._numbers[index]:g}"
            return text_column(cells)
        if self._are_truths:
            return named_classes(self._numbers, ("no", "yes"))
        return numeric_column(self._numbers, name)


def _number(text: str) -> float | str:
    text = text.strip()
    try:
        return float(text)
    except ValueError:
        return text
