"""How a table writes images as numbers, told from its first lines.

Either one cell holds all numbers of an image, as in the ``pixels`` of FER2013, or each has a
cell of its own, as in tables of MNIST. D numbers an image.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vae.data.arrays.array_layout import row_shape

PIXEL_TABLES = (".csv", ".tsv")
PEEK_BYTES = 2**22  # in which the first lines lie
NUM_PEEK_LINES = 6
MIN_NUMBERS = 64  # of an image; a table with fewer is one of features
DELIMITERS = (",", ";", "\t", "|", " ")
UNNAMED = r"|Unnamed: \d+"  # the column of row numbers that pandas writes
NUMBERS = re.compile(r"[\s,;\[\]()]+")  # what stands between the numbers in one cell


@dataclass(frozen=True)
class PixelForm:
    """Which cells of a row are the image, and which say something of it."""

    delimiter: str
    has_header: bool
    pixels: tuple[int, ...]  # the cells with its numbers: one of all, or one of each
    others: dict[int, str]  # the names of the cells that say something of it
    num_cells: int
    num_numbers: int
    told: str  # what was guessed

    def cells(self, line: str) -> list[str]:
        return _cells(line, self.delimiter)

    def numbers(self, cells: Sequence[str]) -> list[str]:
        """The numbers of the image in a row, as texts."""
        if len(self.pixels) == 1:
            return numbers_in(cells[self.pixels[0]])
        return [cells[place] for place in self.pixels]


def numbers_in(cell: str) -> list[str]:
    return [text for text in NUMBERS.split(cell) if text]


def _cells(line: str, delimiter: str) -> list[str]:
    if delimiter == " ":
        return line.split()
    if '"' not in line:
        return line.split(delimiter)
    return next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])


def pixel_form(path: Path) -> PixelForm | None:
    """How the table at `path` writes images, None where it writes none."""
    if path.suffix.lower() not in PIXEL_TABLES:
        return None
    try:
        with open(path, "rb") as file:
            data = file.read(PEEK_BYTES)
            is_whole = not file.read(1)
        text = data.decode("utf-8-sig", "ignore")
    except OSError:  # it is said when it is read
        return None
    lines = text.splitlines()[: NUM_PEEK_LINES + 1]
    lines = [line for line in (lines if is_whole else lines[:-1]) if line.strip()]
    forms = [form for mark in DELIMITERS if (form := _form(lines, mark)) is not None]
    return max(forms, key=lambda form: len(form.pixels), default=None)


def _form(lines: Sequence[str], delimiter: str) -> PixelForm | None:
    rows = [_cells(line, delimiter) for line in lines]
    rows = [row for row in rows if len(row) == len(rows[0])]  # others are broken
    if not rows or 2 * len(rows) <= len(lines):
        return None
    are_numbers = [*map(_are_numbers, rows[0])]
    has_header = not any(are_numbers) or (
        len(rows[0]) >= MIN_NUMBERS and (not all(are_numbers) or _counts_up(rows[0]))
    )
    names = [name.strip().strip("\"'") for name in rows[0]] if has_header else []
    rows = rows[has_header:]
    if not rows:
        return None
    row = rows[0]
    unnamed = {j for j, name in enumerate(names) if re.fullmatch(UNNAMED, name)}
    packed = [j for j, cell in enumerate(row) if len(numbers_in(cell)) >= MIN_NUMBERS]
    pixels = [j for j in packed if _are_numbers(row[j])][:1]
    told = ""
    if not pixels:
        pixels = [j for j in _pixel_columns(row, names) if j not in unnamed]
        if not names and not row_shape(len(pixels)) and row_shape(len(pixels) - 1):
            # The label comes first, but where that is the same in all rows, and the last is not.
            is_last = len({row[0] for row in rows}) == 1 < len({row[-1] for row in rows})
            pixels = pixels[:-1] if is_last else pixels[1:]
            place = "last" if is_last else "first"
            told = f"the {place} of the {len(row):,} numbers in a row was read as its label."
    num = len(numbers_in(row[pixels[0]])) if len(pixels) == 1 else len(pixels)
    if num < MIN_NUMBERS:
        return None
    others = {
        j: names[j] if names else "label" if told else f"column {j}"
        for j in range(len(row))
        if j not in {*pixels, *unnamed}
    }
    return PixelForm(delimiter, has_header, tuple(pixels), others, len(row), num, told)


def _counts_up(cells: Sequence[str]) -> bool:
    """Whether these are 0, 1, 2 or 1, 2, 3, as a header that a program makes."""
    return [*cells] in ([str(n + first) for n in range(len(cells))] for first in (0, 1))


def _are_numbers(cell: str) -> bool:
    """Whether a cell holds numbers, one or many."""
    try:
        return bool([float(text) for text in numbers_in(cell.strip())])
    except ValueError:
        return False


def _pixel_columns(row: Sequence[str], names: Sequence[str]) -> list[int]:
    """The cells with a number each: those whose names differ by numbers alone, or all."""
    places = [j for j, cell in enumerate(row) if _are_numbers(cell)]
    if not names:
        return places
    stems = {j: re.sub(r"\d+", "", names[j]) for j in places}
    if not stems:
        return []
    stem, _ = Counter(stems.values()).most_common(1)[0]
    return [j for j in places if stems[j] == stem]
