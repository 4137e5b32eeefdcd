"""Images that are written as numbers in csv files, as FER2013 and many copies of MNIST are.

A file is looked through once, and the place of each row is kept; the numbers are read block by
block as they are asked for. N images, D numbers in a row.
"""

from __future__ import annotations

import contextlib
from array import array
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vae.data.arrays.array_layout import row_shape, rows_as_images
from vae.data.arrays.loose_arrays import LooseArray, joined
from vae.data.arrays.named_arrays import from_arrays
from vae.data.collection import Collection, LeftOut
from vae.data.containers.pixel_form import PixelForm, pixel_form
from vae.data.splits.own_split import splits_of_names
from vae.errors import InputError, reading

MAX_ROW_BYTES = 2**24


def load_pixel_tables(root: Path, files: Sequence[str]) -> Collection:
    """The images in these tables below `root`; the split is in their names or in a column.

    Raises InputError where the numbers of a row are no image.
    """
    parts: dict[str, list[LooseArray]] = {}
    skipped: list[LeftOut] = []
    sentences: list[str] = []
    of_file = splits_of_names(files) if len(files) > 1 else [""]
    for name, split in zip(files, of_file, strict=True):
        form = pixel_form(root / name)
        if form is None:
            skipped.append(LeftOut("other", name, "a table without images"))
            continue
        if row_shape(form.num_numbers) is None:
            raise InputError(
                f"{name} has {form.num_numbers:,} numbers in a row, which are no square image, "
                "grey or in colour: save the images as files, or as .npy of the shape [N, H, W]."
            )
        table = _Table(root / name, name, form)
        skipped += table.skipped
        sentences += [f"{name}: {form.told}"] * bool(form.told)
        for key, column in table.arrays().items() if len(table.starts) else ():
            parts.setdefault(f"{split}_{key}" if split else key, []).append(column)
    where = files[0] if len(files) == 1 else root.name
    arrays: dict[str, NDArray[Any]] = {}
    for key, some in parts.items():
        found = joined(key, some).lazy()
        images = rows_as_images(found) if found.ndim == 2 else None
        arrays[key] = found if images is None else images.values
        if images is not None:
            sentences.append(f"{where}: {images.sentence}")
    if not arrays:
        raise InputError(f"{where} holds no row that is an image.")
    collection = from_arrays(arrays, where)
    warnings = [*sentences, *collection.warnings]
    return replace(collection, skipped=[*skipped, *collection.skipped], warnings=warnings)


class _Table:
    """The places of the rows of a file, and what stands beside the numbers of each."""

    def __init__(self, path: Path, name: str, form: PixelForm) -> None:
        self.path = path
        self.form = form
        self.starts = array("q")
        self.others: dict[str, list[str]] = {key: [] for key in form.others.values()}
        self.skipped: list[LeftOut] = []
        known: dict[str, str] = {}  # one object for each text, however many rows have it
        with reading(path), open(path, "rb") as file:
            place = 0
            for number, line in enumerate(iter(partial(file.readline, MAX_ROW_BYTES), b""), 1):
                start, place = place, place + len(line)
                if not line.strip() or (number == 1 and form.has_header):
                    continue
                cells = form.cells(_text(line))
                num = len(form.numbers(cells)) if len(cells) == form.num_cells else 0
                if num != form.num_numbers:
                    kind = "numbers" if num else "cells"
                    wanted = form.num_numbers if num else form.num_cells
                    found = f"found {num or len(cells):,}"
                    why = f"expected {wanted:,} {kind} as in the first row, {found}"
                    self.skipped.append(LeftOut("broken", f"{name}, line {number}", why))
                    continue
                self.starts.append(start)
                for column, key in form.others.items():
                    text = cells[column].strip()
                    self.others[key].append(known.setdefault(text, text))

    def arrays(self) -> dict[str, LooseArray]:
        """The numbers [N, D], and each other column [N] as numbers or texts."""
        num = len(self.starts)
        shape = (num, self.form.num_numbers)
        found = {"pixels": LooseArray("pixels", shape, np.dtype(np.float32), self._rows)}
        for key, texts in self.others.items():
            column = _column(texts)
            found[key] = LooseArray(key, (num,), column.dtype, partial(_slice, column))
        return found

    def _rows(self, start: int, end: int) -> NDArray[np.float32]:
        """The numbers of some rows, NaN for those of a row in which not all are numbers."""
        rows = np.full((end - start, self.form.num_numbers), np.nan, np.float32)
        with open(self.path, "rb") as file:
            for place, row in zip(self.starts[start:end], rows, strict=True):
                file.seek(place)
                cells = self.form.cells(_text(file.readline(MAX_ROW_BYTES)))
                with contextlib.suppress(ValueError):
                    row[:] = [float(text) for text in self.form.numbers(cells)]
        return rows


def _text(line: bytes) -> str:
    return line.decode("utf-8-sig", "replace").rstrip("\r\n")


def _column(texts: Sequence[str]) -> NDArray[Any]:
    try:
        return np.array([float(text) if text else np.nan for text in texts])
    except ValueError:
        return np.array(texts, dtype=str)


def _slice(column: NDArray[Any], start: int, end: int) -> NDArray[Any]:
    return column[start:end]
