"""The split that an array beside N images says: `split` of words, `is_train` of yes and no."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from vae.data.arrays.array_columns import Cells
from vae.data.collection import Collection
from vae.data.splits.split_collection import Unordered, in_split_order
from vae.data.tables.cells import SPLIT_COLUMNS, YES_COLUMNS
from vae.data.tables.cells import Cells as TableCells


def says_yes_or_no(key: str) -> bool:
    """Whether an array of this name says of each image whether it is of one split."""
    return _plain(key) in YES_COLUMNS


def own_split(cells: Mapping[str, Cells], num: int) -> tuple[str, list[str]] | None:
    """The first of these columns that is a split, as it is in a table, and that of each image."""
    for name, column in cells.items():
        if not isinstance(column, list) and _plain(name) not in SPLIT_COLUMNS | YES_COLUMNS.keys():
            continue
        texts = column if isinstance(column, list) else [f"{cell:g}" for cell in column]
        table = TableCells(num)
        table.add(np.arange(num), texts)
        splits = table.splits(name)
        if splits is not None:
            return name, splits
    return None


def put_in_split_order(collection: Collection, splits: Sequence[str]) -> Collection:
    """A collection of arrays, each of whose N images is of the split that is said for it."""
    found = in_split_order(
        Unordered(
            collection.names,
            splits,
            collection.read,
            collection.image_size,
            collection.columns,
            skipped=collection.skipped,
            warnings=collection.warnings,
        )
    )
    return replace(found, are_files=collection.are_files)


def _plain(name: str) -> str:
    return re.sub(r"[\W_]", "", name.lower())
