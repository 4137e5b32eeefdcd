"""The attributes that stand beside the images in Parquet and Arrow files.

N images in F files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vae.data.containers.row_files import open_rows
from vae.data.tables.attributes import MAX_TEXT_CLASSES, Column, numeric_column, text_column
from vae.data.tables.growing_column import named_classes


@dataclass(frozen=True)
class Shard:
    """One file: its rows, and which column holds the images."""

    path: Path
    name: str  # below the source
    image: str
    leaf: str  # the bytes of the images in the file: "image.bytes" or "image"
    others: Sequence[str]  # more columns of images
    num_rows: int
    group_starts: Sequence[int]  # first row of each row group
    batch_rows: int
    fields: Mapping[str, Any]  # name -> Arrow type of every other column
    class_names: Mapping[str, Sequence[str]]  # of the columns that are classes


def parquet_columns(pa: Any, shards: Sequence[Shard]) -> tuple[dict[str, Column], list[str]]:
    """The attributes of all images, and the names of the columns that are none."""
    columns: dict[str, Column] = {}
    left_out: list[str] = []
    for name in dict.fromkeys(name for shard in shards for name in shard.fields):
        if name.startswith("__index_level_"):  # the row numbers of pandas
            continue
        class_names = next((s.class_names[name] for s in shards if name in s.class_names), ())
        column = _column(pa, shards, name, class_names)
        if column is None:
            left_out.append(name)
        else:
            columns[name] = column
    return columns, left_out


def _column(
    pa: Any, shards: Sequence[Shard], name: str, class_names: Sequence[str]
) -> Column | None:
    """One column of all shards, unknown in those without it; None where it is no attribute."""
    types = [shard.fields[name] for shard in shards if name in shard.fields]
    if all(_is_number(pa, kind) for kind in types):
        numbers = np.concatenate([_numbers(pa, shard, name) for shard in shards])
        if class_names:
            return named_classes(numbers, tuple(class_names))
        if all(pa.types.is_boolean(kind) for kind in types):
            return named_classes(numbers, ("no", "yes"))
        return numeric_column(numbers, name)
    if not all(_is_text(pa, kind) for kind in types):
        return None
    texts: list[str] = []
    distinct: dict[str, str] = {}  # one object for each text, however many rows have it
    for shard in shards:
        if name not in shard.fields:
            texts += [""] * shard.num_rows
            continue
        with open_rows(shard.path) as file:
            for batch in file.iter_batches(columns=[name]):
                cells = [cell or "" for cell in batch.column(0).to_pylist()]
                texts += [distinct.setdefault(cell, cell) for cell in cells]
                if len(distinct) > MAX_TEXT_CLASSES:
                    return None
    return text_column(texts)


def _is_number(pa: Any, kind: Any) -> bool:
    types = pa.types
    return bool(types.is_boolean(kind) or types.is_integer(kind) or types.is_floating(kind))


def _is_text(pa: Any, kind: Any) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _numbers(pa: Any, shard: Shard, name: str) -> NDArray[np.float64]:
    if name not in shard.fields:
        return np.full(shard.num_rows, np.nan)
    with open_rows(shard.path) as file:
        column = file.read(columns=[name]).column(0)
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    numbers: NDArray[np.float64] = column.cast(pa.float64(), safe=False).to_numpy()
    return numbers
