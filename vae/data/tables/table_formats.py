"""The rows of a table: csv with any separator, tsv, columns by white space as in CelebA's, or JSON.

Nothing here raises for what stands in a file.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

import numpy as np

from vae.data.tables.json_tables import json_sheet
from vae.data.tables.sheets import (
    MAX_COLUMNS,
    NUM_SAMPLE_LINES,
    Row,
    Sheet,
    is_image_name,
    lines_of,
    name_rank,
)

MIN_EVEN = 0.6  # of the lines of a table by white space have as many cells
JSON_SUFFIXES = (".json", ".jsonl", ".ndjson")
SAMPLE_BYTES = 4096  # by which UTF-16 without a byte order mark is told
MIN_ZEROS = 1 / 16  # of these bytes, at the places where it has them: an eighth of it is ASCII
MAX_CELL_LINES = 20  # that one quoted cell may go over
MAX_REPAIRS = 1000  # quoted cells whose end is looked for in the next lines

Split = Callable[[str], tuple[Row, bool]]  # the cells of a line, and whether a quoted one is open


def read_sheet(path: str, data: bytes) -> Sheet:
    """The table that is written in `data`, the file at `path`."""
    text = _decoded(data)
    is_json = path.lower().endswith(JSON_SUFFIXES)
    return json_sheet(text) if is_json else _text_sheet(text)


def _decoded(data: bytes) -> str:
    """UTF-16 by its byte order mark or its zeros, then UTF-8, else cp1252; with \\n as line end."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = data.decode("utf-16", "replace")
    elif data[1:SAMPLE_BYTES:2].count(0) > MIN_ZEROS * min(len(data), SAMPLE_BYTES):
        text = data.decode("utf-16-le", "replace")
    elif data[:SAMPLE_BYTES:2].count(0) > MIN_ZEROS * min(len(data), SAMPLE_BYTES):
        text = data.decode("utf-16-be", "replace")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            was_cut = error.start >= len(data) - 3  # in the middle of a letter
            text = data.decode("utf-8-sig" if was_cut else "cp1252", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")


# ---------------------------------------------------------------------------- text


def _text_sheet(text: str) -> Sheet:
    sample = [line for _, (_, line) in zip(range(NUM_SAMPLE_LINES), lines_of(text), strict=False)]
    sample, skipped = _without_comments(sample)  # the lines before the header
    if sample and re.fullmatch(r"sep=.", sample[0].strip()):  # as Excel writes it
        skipped, delimiter = 1, sample[0].strip()[-1]
        sample = sample[1:]
        split: Split = partial(_cells, delimiter)
    else:
        is_count = len(sample) > 1 and re.fullmatch(r"\s*\d{1,9}\s*", sample[0]) is not None
        if is_count and len(sample[1].split()) == 1:  # or the first of a list of names
            is_count = int(sample[0]) == text.rstrip().count("\n") - 1
            is_count = is_count and not sample[1].strip().isdigit()
        skipped += int(is_count)
        sample = sample[int(is_count) :]
        delimiter, split = _splitter(sample)
    first, *others = [split(line)[0] or [] for line in sample] or [[]]
    width = len(first)
    header = None
    longer = sum(len(row) == width + 1 for row in others)
    begins_with_name = bool(first) and (name_rank(first[0]) is not None or is_image_name(first[0]))
    if first and not begins_with_name and 2 * longer > len(others):
        header, width, skipped = ["image_id", *first], width + 1, skipped + 1  # without their own
    rows = partial(_text_rows, text, skipped, width, split)
    return Sheet(
        rows, header and header[:MAX_COLUMNS], "decimal" if delimiter == ";" else "unsure", width
    )


def _without_comments(sample: list[str]) -> tuple[list[str], int]:
    """The lines without those of comments before the first row, and how many these were.

    A single one is the header where it has as many cells as the row below it.
    """
    num = next((n for n, line in enumerate(sample) if not line.startswith("#")), 0)
    if not num:
        return sample, 0
    is_header = num == 1 and any(
        len(sample[0].split(mark)) == len(sample[1].split(mark)) > 1
        for mark in (",", ";", "\t", "|", None)
    )
    first = num - is_header
    return sample[first:], first


def _splitter(sample: Sequence[str]) -> tuple[str, Split]:
    """What separates the cells of these lines ("" for white space), and how a line is split."""
    bare = [re.sub(r'"[^"]*"', "x", line) for line in sample] or [""]
    scores = []
    for delimiter in ",;\t|":
        count = bare[0].count(delimiter)
        alike = sum(line.count(delimiter) == count for line in bare)
        names_image = is_image_name(sample[0].split(delimiter)[0]) if sample else False
        scores.append((count > 0, alike, names_image, count, delimiter))
    found, *_, delimiter = max(scores, key=lambda score: score[:4])
    if found:
        return delimiter, partial(_cells, delimiter)
    counts = [len(line.split()) for line in bare]
    rest = counts[1:] or counts
    usual = max(rest, key=rest.count)
    are_even = rest.count(usual) >= MIN_EVEN * len(rest) and counts[0] in (usual, usual - 1)
    lasts_alone = all(
        is_image_name(line.split()[-1]) and not is_image_name(line.split()[0]) for line in sample
    )
    if are_even and usual > 1 and not lasts_alone:
        return "", partial(_cells, "")
    firsts = [line.split()[0] for line in sample]
    are_numbered = _are_numbered(firsts)
    are_named = all(map(is_image_name, firsts[1:])) or (
        not lasts_alone and len({*firsts}) == len(firsts) and all(map(_has_digit, firsts))
    )
    if max(rest) > 1 and (are_numbered or are_named):
        return "", lambda line: (line.split(maxsplit=1), False)  # a name or a number, then a text
    return ",", lambda line: ([line], False)


def _are_numbered(cells: Sequence[str]) -> bool:
    """Whether these count up, as in the list of images of CUB-200: 1, 2, 3."""
    numbers = [int(cell) for cell in cells if re.fullmatch(r"\d{1,9}", cell)]
    return 1 < len(numbers) == len(cells) and all(np.diff(numbers) == 1)


def _has_digit(text: str) -> bool:
    return any(map(str.isdigit, text))


def _cells(delimiter: str, line: str) -> tuple[Row, bool]:
    """The cells of a line, and whether its last quoted cell has no end. "" is white space."""
    if '"' not in line:
        return (line.split(delimiter) if delimiter else line.split()), False
    if not delimiter:
        line = line.strip()
    lines = [f"{part}\n" for part in line.split("\n")]
    try:
        return _quoted(lines, delimiter or " ", is_strict=True), False
    except csv.Error as error:
        if "unexpected end" in str(error):
            return None, True
        if len(lines) > 1:
            return None, False
    try:
        return _quoted(lines, delimiter or " ", is_strict=False), False
    except csv.Error:
        return None, False


def _quoted(lines: Iterable[str], delimiter: str, is_strict: bool) -> list[str]:
    return next(csv.reader(lines, delimiter=delimiter, strict=is_strict, skipinitialspace=True), [])


def _text_rows(text: str, skipped: int, width: int, split: Split) -> Iterator[tuple[int, Row]]:
    lines = lines_of(text)
    for _ in range(skipped):
        next(lines, None)
    ahead: deque[tuple[int, str]] = deque()  # lines that were looked at and given back
    repairs = MAX_REPAIRS
    while (line := ahead.popleft() if ahead else next(lines, None)) is not None:
        number, content = line
        row, is_open = split(content)
        taken: list[tuple[int, str]] = []
        while is_open and repairs and len(taken) < MAX_CELL_LINES:
            following = ahead.popleft() if ahead else next(lines, None)
            if following is None:
                break
            taken.append(following)
            if '"' in following[1]:
                row, is_open = split("\n".join([content, *(more for _, more in taken)]))
        if taken and (row is None or len(row) != width):
            ahead.extendleft(reversed(taken))
            row, repairs = None, repairs - 1
        if row is not None and len(row) > width and not "".join(row[width:]).strip():
            row = row[:width]
        yield number, row[:MAX_COLUMNS] if row is not None and len(row) == width else None
