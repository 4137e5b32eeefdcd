"""The split that an array beside N images says: `split` of words, `is_train` of yes and no."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from vae.data.arrays.array_columns import Cells
from vae.data.collection import Collection
from vae.data.splits.own_split import about_odd_words
from vae.data.splits.split_collection import Unordered, in_split_order
from vae.data.tables.cells import Cells as TableCells
from vae.data.tables.split_columns import SPLIT_COLUMNS, YES_COLUMNS


def says_yes_or_no(key: str) -> bool:
    """Whether an array of this name says of each image whether it is of one split."""
    return _plain(key) in YES_COLUMNS


class OwnSplit(NamedTuple):
    """A column that is the split, as it may be in a table."""

    name: str
    splits: Sequence[str]  # of each image
    odd_words: Sequence[str]  # that are no split


def own_split(cells: Mapping[str, Cells], num: int) -> OwnSplit | None:
    """The first of these columns that is a split."""
    for name, column in cells.items():
        if not isinstance(column, list) and _plain(name) not in SPLIT_COLUMNS | YES_COLUMNS.keys():
            continue
        texts = column if isinstance(column, list) else [f"{cell:g}" for cell in column]
        table = TableCells(num)
        table.add(np.arange(num), texts)
        splits = table.splits(name)
        if splits is not None:
            return OwnSplit(name, splits, table.odd_split_words)
    return None


def put_in_split_order(collection: Collection, own: OwnSplit) -> Collection:
    """A collection of arrays, each of whose N images is of the split that is said for it."""
    found = in_split_order(
        Unordered(
            collection.names,
            own.splits,
            collection.read,
            collection.image_size,
            collection.columns,
            skipped=collection.skipped,
            warnings=[*collection.warnings, *about_odd_words(own.name, own.odd_words)],
        )
    )
    return replace(found, are_files=collection.are_files)


def _plain(name: str) -> str:
    return re.sub(r"[\W_]", "", name.lower())
