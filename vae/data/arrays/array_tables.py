"""Tables beside arrays and other files of many images: matched by name, by number or row by row.

N images. A table that does not fit is said, with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from vae.data.arrays.array_splits import OwnSplit, put_in_split_order
from vae.data.collection import Collection, LeftOut
from vae.data.folders.sorted_files import MAX_FILE_BYTES, TEXT_SUFFIXES
from vae.data.tables.attached import Attached, Rowless, Table
from vae.data.tables.attributes import is_class_name
from vae.data.tables.sheets import Row, Sheet, name_rank
from vae.data.tables.table_files import SUBMISSION
from vae.data.tables.table_formats import read_sheet
from vae.data.tables.table_names import column_name, split_words
from vae.data.tables.tables import BESIDE, attach_tables
from vae.data.tally import escaped
from vae.errors import reading

NUMBERS = ("index", "idx", "row", "number", "no", "nr", "n", "i", "unnamed0", "")
MAX_STRANGERS = 2  # tables beside the source that do not fit and are spoken of one by one


class Place(NamedTuple):
    """A file that may be a table, and its path below the source, or "../x.csv" for one beside."""

    name: str
    path: Path


def with_tables(load: Callable[[], Collection], places: Sequence[Place]) -> Collection:
    """What `load` gives, with the columns that the tables at `places` say of its images."""
    collection = load()
    room = MAX_FILE_BYTES  # of all tables together
    tables: list[Table] = []
    for place in places:
        with reading(place.path):
            room -= place.path.stat().st_size
            if room > 0 and not SUBMISSION.search(place.name.lower()):
                tables.append(Table(place.name, place.path.read_bytes()))
    names = [str(name) for name in collection.names]
    if tables and not all(map(str.isdigit, names)):
        for suffix in (".npy", ""):
            files = [name if Path(name).suffix else f"{name}{suffix}" for name in names]
            found = attach_tables(tables, files)
            if found.columns or found.splits:
                return _joined(collection, found, tables)
    fits: list[Table] = []
    sentences: list[str] = []
    strangers: list[str] = []
    for table in tables:
        sheet, told = _in_order(table, collection)
        if sheet is not None:
            fits.append(replace(table, sheet=sheet))
        is_text = table.path.lower().endswith(TEXT_SUFFIXES)  # which may be about anything
        is_stranger = sheet is None and table.path.startswith(BESIDE)
        if told and (sheet is not None or not is_text):
            (strangers if is_stranger else sentences).append(f"{escaped(table.path)} {told}")
    if len(strangers) > MAX_STRANGERS:
        strangers = [f"{len(strangers):,} tables beside the source do not fit it. {strangers[0]}"]
    found = attach_tables(fits, [f"{index}.png" for index in range(len(names))])
    has_none = found.rowless.has_none
    with_row = next((name for name, no in zip(names, has_none, strict=True) if not no), "")
    rowless = Rowless(names, has_none, with_row)
    warnings = [*sentences, *strangers, *found.warnings]
    return _joined(collection, replace(found, warnings=warnings, rowless=rowless), fits)


def _in_order(table: Table, collection: Collection) -> tuple[Sheet | None, str]:
    """The rows with the names 0.png, 1.png ... of their images, and what to say of them."""
    sheet = read_sheet(table.path, table.data)
    rows = [row for _, row in sheet.rows()]
    images = _images(table, collection)
    if sheet.problem or not rows:
        return None, f"could not be read as a table: {sheet.problem or 'it holds no row'}."
    has_header = sheet.header is None and _begins_with_header(rows, len(images))
    header = sheet.header or (rows[0] if has_header else None)
    rows = rows[has_header:]
    column = _number_column(header, rows, len(images))
    told = ""
    if column is not None:
        numbers = [int(row[column]) for row in rows if row]
        first = 0 if 0 in numbers else 1
        whole = [row for row in rows if row]
        found = {number - first: row for number, row in zip(numbers, whole, strict=True)}
    elif len(rows) == len(images):
        found = {number: row for number, row in enumerate(rows) if row}
        told = (
            f"has as many rows as there are images, {len(rows):,}: the first row was taken for the "
            "first image, and so on."
        )
    else:
        return None, (
            f"was not used: it has {len(rows):,} row{'s' * (len(rows) != 1)} for {len(images):,} "
            "images, and no column with the number of each."
        )
    stem = column_name(table.path)
    width = max(len(row) for row in found.values())
    names = header or [stem if width == 1 else f"{stem} {j}" for j in range(width)]
    kept = [j for j in range(len(names)) if j != column]

    def named() -> Iterator[tuple[int, Row]]:
        for number, row in found.items():
            image = images[number]
            if image is not None:
                yield number, [f"{image}.png", *(row[j] for j in kept)]

    header = ["file_name", *(names[j] for j in kept)]
    return Sheet(named, header, sheet.commas, len(header), sheet.unused), told


def _images(table: Table, collection: Collection) -> Sequence[int | None]:
    """The images that a table may speak for, in its order; None for one that is kept apart."""
    num = len(collection.names)
    boundary = collection.validation_from
    split = split_words(table.path)
    if boundary is not None and split == {"train"}:
        return range(boundary)
    if boundary is not None and len(split) == 1:
        return range(boundary, num)
    if not all(name.isdigit() for name in collection.names):
        return range(num)
    place_of = {int(name): place for place, name in enumerate(collection.names)}
    apart = sum(left_out.reason == "test" for left_out in collection.skipped)
    is_moved = any(number != place for number, place in place_of.items())
    return [place_of.get(number) for number in range(num + apart * is_moved)]


def _begins_with_header(rows: Sequence[Row], num: int) -> bool:
    """Whether the first row has the names of the columns: one row too many, or it looks so."""
    first, second = rows[0] or [], rows[1] if len(rows) > 1 else []
    if len(rows) == num + 1 or any(map(_is_number, first)):
        return len(rows) == num + 1
    is_named = any(is_class_name(cell) or name_rank(cell) is not None for cell in first)
    return is_named or any(map(_is_number, second or []))


def _number_column(header: Row, rows: Sequence[Row], num: int) -> int | None:
    """The column with the numbers of the images, from 0 or from 1; None for none."""
    whole = [row for row in rows if row]
    for column in range(len(whole[0]) if whole and len(whole[0]) > 1 else 0):
        if header is not None:
            plain = re.sub(r"[\W_]", "", header[column].lower())
            if plain not in NUMBERS and name_rank(header[column]) is None:
                continue
        elif column:
            break
        cells = [row[column].strip() for row in whole]
        if not all(map(_is_whole, cells)) or len({*cells}) < len(cells):
            continue
        numbers = [*map(int, cells)]
        are_from_0 = 0 in numbers and max(numbers) < num
        are_from_1 = min(numbers) == 1 and max(numbers) == num
        if are_from_0 or are_from_1:
            return column
    return None


def _is_number(cell: str) -> bool:
    return re.fullmatch(r"\s*-?\d+([.,]\d*)?\s*", cell) is not None


def _is_whole(cell: str) -> bool:
    return re.fullmatch(r"\s*\d{1,9}\s*", cell) is not None


def _joined(collection: Collection, found: Attached, tables: Sequence[Table]) -> Collection:
    """The collection with what the tables say, and the split that they say where it has none."""
    columns = dict(collection.columns)
    for name, column in found.columns.items():
        columns[name if name not in columns else f"{name} of the table"] = column
    used = {table.path for table in tables} - {*found.passed_over}
    listed = {entry.name for entry in collection.skipped}
    joined = replace(
        collection,
        columns=columns,
        columns_left_out=[*collection.columns_left_out, *found.left_out],
        skipped=[
            *(entry for entry in collection.skipped if entry.name not in used),
            *(LeftOut("table", name) for name in sorted(used) if not name.startswith(BESIDE)),
            *(
                LeftOut("other", table.path)
                for table in tables
                if table.path not in used | listed and not table.path.startswith(BESIDE)
            ),
        ],
        warnings=[*collection.warnings, *found.warnings],
    )
    if found.splits is None or collection.validation_from is not None:
        return replace(joined, about_used=found.rowless.told)
    told = found.rowless.told(np.arange(len(collection.names)))
    joined = replace(joined, warnings=[*joined.warnings, *told])
    return put_in_split_order(joined, OwnSplit("split", found.splits, ()))
