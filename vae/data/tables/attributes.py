"""What is known of each image: columns of numbers and classes.

N images.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAX_INTEGER_CLASSES = 32  # more distinct whole numbers than this are a quantity, not a class
MAX_TEXT_CLASSES = 256
HANDFUL = 5  # distinct whole numbers, that may be classes though they are hardly repeated
CLASS_WORD = re.compile(  # in the name of a column whose whole numbers are classes
    r"label|class|categor|identit|target|digit|species|breed|cluster|group|gender|^y$"
)
QUANTITIES = {  # words in the name of a column whose whole numbers are none
    *("age", "ages", "year", "years", "x", "y", "xmin", "xmax", "ymin", "ymax"),
    *("width", "height", "left", "top", "score", "weight"),
}
UNKNOWN = "unknown"  # the class of images without a value
YES_NO = ({"no", "yes"}, {"false", "true"}, {"0", "1"}, {"-1", "1"})


@dataclass(frozen=True)
class Column:
    """One attribute of N images: float32 (NaN: unknown), or int64 into the names in `classes`."""

    values: NDArray[Any]
    classes: tuple[str, ...] = ()


def kind_of(classes: Sequence[str]) -> str:
    """What a column with these classes is: ``number`` (without any), ``yes/no`` or ``class``."""
    known = {name.lower() for name in classes} - {UNKNOWN}
    if not classes:
        return "number"
    return "yes/no" if known in YES_NO else "class"


def numeric_column(values: NDArray[np.float64], name: str = "label") -> Column:
    """Few distinct whole numbers as classes, other numbers as float32. [N]

    Which of the two it is depends on the known values alone, and on the name of the column.
    """
    known = np.abs(values) <= np.finfo(np.float32).max  # False for NaN
    distinct = np.unique(values[known])
    are_few_whole = distinct.size <= MAX_INTEGER_CLASSES and np.array_equal(
        distinct, np.rint(distinct)
    )
    if are_few_whole and not _is_quantity(distinct, int(known.sum()), name):
        names = [str(int(value)) for value in distinct] + [UNKNOWN] * (not known.all())
        ids = np.where(known, np.searchsorted(distinct, values), distinct.size)
        return Column(ids.astype(np.int64), tuple(names))
    return Column(np.where(known, values, np.nan).astype(np.float32))


def is_class_name(name: str) -> bool:
    """Whether whole numbers in a column of that name are classes."""
    return CLASS_WORD.search(name.lower()) is not None


def _is_quantity(distinct: NDArray[np.float64], num_known: int, name: str) -> bool:
    """Whether few distinct whole numbers are ages or places: by the name, or hardly repeated.

    A handful of them are if none is repeated, and they do not count up from 0 or 1.
    """
    if is_class_name(name):
        return False
    if QUANTITIES & {*re.split(r"[\W\d_]+", name.lower())}:
        return not {*distinct.tolist()} <= {-1, 0, 1}
    if distinct.size < 2:
        return False
    if distinct.size > HANDFUL:
        return 2 * distinct.size > num_known
    counts_up = distinct[-1] - distinct[0] == distinct.size - 1 and distinct[0] in (0, 1)
    return distinct.size == num_known and not counts_up and distinct[-1] > 1


def text_column(cells: Sequence[str]) -> Column:
    """One class per distinct text, in sorted order; empty cells are the class "unknown". [N]"""
    texts = [cell or UNKNOWN for cell in cells]
    classes = sorted(set(texts))
    index = {name: number for number, name in enumerate(classes)}
    return Column(np.array([index[text] for text in texts], dtype=np.int64), tuple(classes))


def yes_no_column(is_yes: NDArray[np.bool_], is_known: NDArray[np.bool_]) -> Column:
    """The classes no and yes, and unknown where something is not known. [N]"""
    values = np.where(is_known, is_yes, 2).astype(np.int64)
    return Column(values, ("no", "yes", *[UNKNOWN] * (not is_known.all())))
