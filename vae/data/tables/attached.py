"""What goes into the reading of a source's tables, and what comes out of it.

N images.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vae.data.tables.attributes import Column
from vae.data.tables.sheets import Sheet
from vae.data.tally import shown


@dataclass(frozen=True)
class Table:
    """A file that may be a table; `path` is below the source, or "../x.csv" for one beside it."""

    path: str
    data: bytes
    sheet: Sheet | None = None  # where it is read already


@dataclass(frozen=True)
class Rowless:
    """The images that a table is meant for and has no row for."""

    paths: Sequence[str]
    has_none: NDArray[np.bool_]  # [N]
    example: str  # what a row calls its image

    def told(self, used: NDArray[np.int64]) -> list[str]:
        """What to say of them, when `used` are the images that can be read and are used."""
        missing = used[self.has_none[used]]
        if not missing.size:
            return []
        return [
            f"{missing.size:,} of {used.size:,} images have no row in a table, such as "
            f"{shown(self.paths[missing[0]])} (a row says {shown(self.example)})."
        ]


@dataclass(frozen=True)
class Attached:
    """What the tables say of N images, the names of the columns left out, and sentences.

    `splits` is None, or "train", "validation", "test" or "" for each image. `passed_over` are the
    paths of texts that turned out to be no tables of these images.
    """

    columns: dict[str, Column]
    left_out: list[str]
    warnings: list[str]
    rowless: Rowless
    splits: list[str] | None = None
    passed_over: list[str] = field(default_factory=list)
