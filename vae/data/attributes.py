"""What is known of each image: columns of numbers and classes, from tables and folder names.

N images.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAX_INTEGER_CLASSES = 32  # more distinct whole numbers than this are a quantity, not a class
MAX_TEXT_CLASSES = 256
UNKNOWN = "unknown"  # the class of images without a value
YES_NO = ({"no", "yes"}, {"false", "true"}, {"0", "1"}, {"-1", "1"})
NAME_COLUMNS = ("file", "filename", "file_name", "image", "image_id", "path", "name", "id")


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


def numeric_column(values: NDArray[np.float64]) -> Column:
    """Few distinct whole numbers as classes, other numbers as float32. [N]"""
    known = np.isfinite(values)
    distinct = np.unique(values[known])
    if distinct.size <= MAX_INTEGER_CLASSES and bool(np.all(distinct == np.rint(distinct))):
        names = [str(int(value)) for value in distinct] + ["unknown"] * (not known.all())
        ids = np.where(known, np.searchsorted(distinct, values), distinct.size)
        return Column(ids.astype(np.int64), tuple(names))
    return Column(np.where(known, values, np.nan).astype(np.float32))


def text_column(cells: Sequence[str]) -> Column:
    """One class per distinct text, in sorted order; empty cells are the class "unknown". [N]"""
    texts = [cell or "unknown" for cell in cells]
    classes = sorted(set(texts))
    index = {name: number for number, name in enumerate(classes)}
    return Column(np.array([index[text] for text in texts], dtype=np.int64), tuple(classes))


def attach_tables(
    tables: Sequence[bytes], paths: Sequence[str]
) -> tuple[dict[str, Column], list[str]]:
    """The columns of CSV tables for the images at `paths`, and the names of those left out.

    A row belongs to an image when its first cell, or its cell in a column such as ``file`` or
    ``image_id``, is the image's path, the end of its path, or its name without the suffix.
    Tables without any such row are about something else and are passed over.
    """
    columns: dict[str, Column] = {}
    left_out: list[str] = []
    for table in tables:
        header, rows = _parse_table(table.decode("utf-8-sig", "replace"))
        lowered = [name.lower() for name in header]
        keys = [lowered.index(name) for name in NAME_COLUMNS if name in lowered] + [0]
        for key in keys:
            by_name = {_plain_path(row[key]): row for row in rows if len(row) > key}
            found = [_find_row(by_name, path) for path in paths]
            if any(row is not None for row in found):
                break
        else:
            continue
        for position, name in enumerate(header):
            if position == key or not name or name in columns:
                continue
            cells = [row[position].strip() if row and position < len(row) else "" for row in found]
            column = _cells_column(cells)
            if column is None:
                left_out.append(name)
            else:
                columns[name] = column
    return columns, left_out


def _cells_column(cells: Sequence[str]) -> Column | None:
    try:
        return numeric_column(np.array([float(cell or "nan") for cell in cells]))
    except ValueError:
        return text_column(cells) if len(set(cells)) <= MAX_TEXT_CLASSES else None


def _parse_table(text: str) -> tuple[list[str], list[list[str]]]:
    """Header and rows of a CSV, or of CelebA's list_attr_celeba.txt (count, names, rows)."""
    lines = text.splitlines()
    if len(lines) > 1 and lines[0].strip().isdigit():
        return ["image_id", *lines[1].split()], [line.split() for line in lines[2:]]
    first = lines[0] if lines else ""
    delimiter = max(",;\t", key=first.count)
    try:
        header, *rows = [*csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)] or [[]]
    except csv.Error:  # not a table at all: no row of it belongs to an image
        return [], []
    return [name.strip() for name in header], rows


def _plain_path(cell: str) -> str:
    return cell.strip().replace("\\", "/").removeprefix("./")


def _find_row(rows: Mapping[str, list[str]], path: str) -> list[str] | None:
    parts = path.split("/")
    ends = ["/".join(parts[start:]) for start in range(len(parts))]
    return next((rows[end] for end in [*ends, Path(path).stem] if end in rows), None)
