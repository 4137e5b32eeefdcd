"""A table as rows of cells, which is what every format of tables is read into.

A row is a list of cells (texts), or None where its line cannot be read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from vae.data.folders.sorted_files import SUFFIX

MAX_COLUMNS = 256  # of one table; the cells after them are not read
NUM_SAMPLE_LINES = 20  # by which the form of a text, or of names, is told
NAME_COLUMNS = (  # letters alone, the likelier first
    *("filename", "file", "imagefilename", "imagefile", "imagepath", "imgpath", "filepath"),
    *("path", "relpath", "imagename", "imgname", "image", "img", "picture", "photo", "fname"),
    *("imageid", "imgid", "imageindex", "fileid", "basename", "name", "id"),
)

# What a comma in a number is: of the decimals, one or the other as the column shows, or nothing.
Commas = Literal["decimal", "unsure", "none"]

Row = list[str] | None
Rows = Callable[[], Iterator[tuple[int, Row]]]  # (number of its line, from 1, and the row)


@dataclass(frozen=True)
class Sheet:
    """The rows of a table, read anew each time, and its header where it certainly has one."""

    rows: Rows
    header: list[str] | None = None
    commas: Commas = "none"
    num_columns: int = 0  # with those that are not read
    unused: Sequence[str] = ()  # names of what is too complex for a cell
    problem: str = ""  # why nothing of it can be read


def is_image_name(cell: str) -> bool:
    """Whether a cell ends as the name of an image file does."""
    name, dot, suffix = cell.strip().strip("\"'").rpartition(".")
    return bool(name) and SUFFIX.fullmatch(dot + suffix) is not None


def name_rank(header: str) -> int | None:
    """How likely a column of that header has the names of images, 0 first; None: it is not."""
    plain = re.sub(r"[\W_]", "", header.lower())
    return NAME_COLUMNS.index(plain) if plain in NAME_COLUMNS else None


def lines_of(text: str) -> Iterator[tuple[int, str]]:
    """The lines of `text` that are not blank, with their numbers, from 1."""
    number = start = 0
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        number += 1
        line = text[start:end]
        if line and not line.isspace():
            yield number, line
        start = end + 1
