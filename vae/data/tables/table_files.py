"""The tables of a folder or a zip file, in it and beside it, read and brought to its images."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from vae.data.collection import LeftOut
from vae.data.folders.sorted_files import (
    MAX_FILE_BYTES,
    TABLE_SUFFIXES,
    TEXT_SUFFIXES,
    Entry,
    content_of,
)
from vae.data.images import content
from vae.data.tables.attached import Attached, Table
from vae.data.tables.one_image_texts import read_notes
from vae.data.tables.tables import BESIDE, TABLE_WORDS, attach_tables
from vae.data.tally import escaped
from vae.errors import FileError

MAX_TABLES = 1000  # that are read of one source
SUBMISSION = re.compile(r"submission[^/]*$")  # sample_submission.csv, as contests have it
MAX_NAMED_TABLES = 5  # with the name of an image, which may be by chance


@dataclass(frozen=True)
class TableFiles:
    """What the tables say, what became of each file, and sentences on those that were not read."""

    attached: Attached
    left_out: list[LeftOut]
    warnings: list[str]


def tables_beside(path: Path) -> list[Path]:
    """The tables in the folder of `path`, but for those named after a neighbour.

    Of texts, which may be about anything, only those with the name of a table.
    """
    try:
        neighbours = [other for other in path.parent.iterdir() if not other.name.startswith(".")]
    except OSError:  # a parent that may not be listed holds no table for us
        return []
    tables = [
        other
        for other in neighbours
        if is_table(other.name.lower())
        and other.is_file()
        and other.stat().st_size <= MAX_FILE_BYTES
    ]
    others = {other.stem for other in neighbours if other != path and other not in tables}
    return sorted(table for table in tables if table.stem not in others - {path.stem})


def is_table(name: str) -> bool:
    """Whether a file of this name, in lower case, is there as a table."""
    is_named = re.search(TABLE_WORDS, name) is not None
    return name.endswith(TABLE_SUFFIXES) or (name.endswith(TEXT_SUFFIXES) and is_named)


def read_tables(
    tables: Sequence[Entry], beside: Sequence[Path], images: Sequence[str], source: str
) -> TableFiles:
    """What `tables` and the files `beside` the source of that name say of the images there.

    A text with the name of an image tells of that image alone, and all of them are one table, but
    for captions; so does a file of any kind where that is the rule.
    """
    names = {Path(path).stem for path in images} | {Path(path).name for path in images}
    named = [entry.path for entry in tables if Path(entry.path).stem in names]
    is_rule = len(named) > MAX_NAMED_TABLES
    of_one = {path for path in named if is_rule or path.lower().endswith(TEXT_SUFFIXES)}
    left_out = []
    read: list[Entry] = []
    unread: list[str] = []
    room = MAX_FILE_BYTES  # of all tables together
    outside = [
        Entry(f"{BESIDE}{path.name}", path.stat().st_size, partial(_read, path)) for path in beside
    ]
    notes = read_notes([entry for entry in tables if entry.path in of_one], images, room)
    room -= sum(len(table.data) for table in notes.tables)
    for entry in [*outside, *sorted(tables, key=lambda entry: entry.path.count("/"))]:
        if entry.path in notes.used:
            left_out.append(LeftOut("table", entry.path))
        elif SUBMISSION.search(entry.path.lower()):
            left_out.append(LeftOut("other", entry.path, "a form for answers, without labels"))
        elif entry.path in of_one:
            left_out.append(LeftOut("other", entry.path, "a text with the name of an image"))
        elif len(read) < MAX_TABLES and entry.size <= room:
            read.append(entry)
            room -= entry.size
        else:
            left_out.append(LeftOut("other", entry.path, "a table, of too many"))
            unread.append(entry.path)
    files = []
    warnings = []
    for entry in read:
        try:
            files.append(Table(entry.path, content_of(entry)))
        except FileError as error:
            warnings.append(str(error))
            left_out.append(LeftOut("unreadable", entry.path))
    attached = attach_tables([*files, *notes.tables], images, source)
    for file in files:
        is_other = file.path in attached.passed_over
        why = content.described(file.data[: content.HEAD_BYTES])
        left_out.append(
            LeftOut("other", file.path, why) if is_other else LeftOut("table", file.path)
        )
    if unread:
        warnings.append(
            f"{len(unread):,} tables were not read, such as {escaped(unread[0])}: at most "
            f"{MAX_TABLES:,} of one source are, of {MAX_FILE_BYTES // 2**20} MB together."
        )
    outer = [entry for entry in left_out if not entry.name.startswith(BESIDE)]
    return TableFiles(attached, outer, warnings)


def _read(path: Path, most: int = -1) -> bytes:
    with open(path, "rb") as file:
        return file.read(most)
