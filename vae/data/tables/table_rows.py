"""One table: its rows, which image each speaks for, and what is not used, with an example."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from vae.data.folders.sorted_files import TEXT_SUFFIXES
from vae.data.tables.attached import Table
from vae.data.tables.folder_columns import with_folders
from vae.data.tables.row_images import NO_IMAGE, Found, ImageNames
from vae.data.tables.sheets import MAX_COLUMNS, NUM_SAMPLE_LINES, is_image_name, name_rank
from vae.data.tables.table_formats import JSON_SUFFIXES, read_sheet
from vae.data.tables.table_names import column_name, is_meant, split_words, words_of
from vae.data.tally import escaped, shown

NUM_CHUNK_ROWS = 8192  # that are brought to their images at once
MAX_KEYS = 6  # columns that are tried as the one with the images' names
MIN_DISTINCT = 0.9  # of the cells of a column of names that is not called so
MIN_NUMBERED = 0.9  # of the rows, that numbers in such a column must fit
MAX_NAME_LENGTH = 100  # of a column


class TableRows:
    """The rows of a table and the images they speak for, as positions in `images`."""

    def __init__(self, table: Table, images: ImageNames) -> None:
        self.path = table.path
        self.images = images
        self.sheet = table.sheet or read_sheet(table.path, table.data)
        lines = [*islice(self.sheet.rows(), NUM_SAMPLE_LINES)]
        sample = [row for _, row in lines if row]
        self._is_meant = is_meant(table.path, table.data)
        self.first = self.sheet.header or (sample[0] if sample else [])
        naming = sum(any(map(is_image_name, row)) for row in sample)
        self.names_images = 2 * naming >= len(lines) > 0
        self._num_broken, self._broken_line = 0, 0
        self._digests = array("q")  # of each row, to tell equal ones
        self.key, self.names, self._found = self._best_key(sample)
        self.has_header = self.sheet.header is not None or self._begins_with_header()
        self._clashes: list[tuple[int, list[int]]] = []  # images, each with rows that differ
        for image, rows in self._found.sharing:
            if len({self._digests[row] for row in rows}) == 1:
                self._found.image[rows[0]] = image
            else:
                self._clashes.append((image, rows))
        self.header = self._column_names()  # "" for a column that is none

    @property
    def num_used(self) -> int:
        return sum(image >= 0 for image in self._found.image) + len(self._clashes)

    @property
    def example(self) -> str:
        """What a row that is used calls its image."""
        pairs = zip(self._found.image, self.names, strict=True)
        return next((name for image, name in pairs if image != NO_IMAGE), "")

    @property
    def is_stranger(self) -> bool:
        """Whether nothing in it looks like a name of an image."""
        return not (self.names_images or self._found.count)

    @property
    def is_other(self) -> bool:
        """Whether it is a text about something else, not a table that was meant for the images."""
        is_text = self.path.lower().endswith(TEXT_SUFFIXES)
        is_known = "celeba" in words_of(self.path) or self.names_images
        is_known |= bool(self.sheet.problem) and self._is_meant
        return is_text and not is_known and 2 * self._found.count < max(self._num_rows, 1)

    def chunks(self) -> Iterator[tuple[list[list[str]], NDArray[np.int64]]]:
        """The rows that are used, some thousands at once, and their images. [n]"""
        rows: list[list[str]] = []
        images: list[int] = []
        clash_of = {row: image for image, group in self._clashes for row in group}
        agreed: dict[int, list[str]] = {}  # what the rows of an image that differ have in common
        well_formed = (row for _, row in self.sheet.rows() if row is not None)
        for number, (row, image) in enumerate(zip(well_formed, self._found.image, strict=True)):
            if number in clash_of:
                pairs = zip(agreed.get(clash_of[number], row), row, strict=True)
                agreed[clash_of[number]] = [a if a == b else "" for a, b in pairs]
            if image == NO_IMAGE:
                continue
            rows.append(row)
            images.append(image)
            if len(rows) == NUM_CHUNK_ROWS:
                yield rows, np.array(images, np.int64)
                rows, images = [], []
        if rows or agreed:
            yield [*rows, *agreed.values()], np.array([*images, *agreed], np.int64)

    # ------------------------------------------------------------------------ names, header

    def _best_key(self, sample: Sequence[Sequence[str]]) -> tuple[int, list[str], Found]:
        """The column that names the most images, what its cells say, and which images these are."""
        places = range(len(self.first))
        ranks = [name_rank(name) for name in self.first]
        keys = [j for _, j in sorted((rank, j) for j, rank in enumerate(ranks) if rank is not None)]
        keys += [j for j in places if any(is_image_name(row[j]) for row in sample)]
        keys = list(dict.fromkeys([*keys, *places[:1]]))[:MAX_KEYS]
        columns: list[list[str]] = [[] for _ in keys]
        for line, row in self.sheet.rows():
            if row is None:
                self._num_broken += 1
                self._broken_line = self._broken_line or line
                continue
            self._digests.append(hash(tuple(row)))
            for key, names in zip(keys, columns, strict=True):
                names.append(row[key])
        best = 0, [""] * len(self._digests), Found([NO_IMAGE] * len(self._digests))
        for key, names in zip(keys, columns, strict=True):
            is_called_so = ranks[key] is not None
            if is_called_so and self.sheet.header is None and names:
                names[0] = ""
            is_named = is_called_so or any(map(is_image_name, names[:NUM_SAMPLE_LINES]))
            if not is_named and len(set(names)) < MIN_DISTINCT * len(names):
                continue  # they are quantities
            found = self.images.find(names)
            are_numbers = not is_named and all(map(_is_number, names[1:NUM_SAMPLE_LINES]))
            are_numbers &= self.images.numbers is None
            if are_numbers and not self._are_numbered(found):
                continue
            if found.count > best[2].count or not any(best[1]):
                best = key, names, found
            if 2 * found.count >= len(names):
                break  # another that fits more may be numbers that happen to be names
        return best[0], *with_folders(self.sheet, *best, self.images)

    def _are_numbered(self, found: Found) -> bool:
        """Whether numbers under any header name images: nearly all do, and most images are named.

        Lists of one column, and those named after splits, may name fewer.
        """
        is_list = len(self.first) == 1 or split_words(self.path)
        num_images = 0 if is_list else len(self.images.paths)
        return found.count >= max(MIN_NUMBERED * (len(found.image) - 1), num_images / 2)

    def _begins_with_header(self) -> bool:
        if not self.first or name_rank(self.first[self.key]) is not None:
            return True
        cell = self.first[self.key].strip().strip("\"'")
        found = self._found
        is_row = found.image[:1] != [NO_IMAGE] or 0 in found.several[:1] or cell.isdigit()
        return not (is_row or is_image_name(cell) or any(0 in rows for _, rows in found.sharing))

    def _column_names(self) -> list[str]:
        """The names of the columns, made of the table's own where it has no header."""
        if self.has_header:
            header = [name.strip().strip("\"'").lstrip("#").strip() for name in self.first]
            header = [name[:MAX_NAME_LENGTH] for name in header]
        else:
            stem = column_name(self.path)
            is_alone = len(self.first) == 2
            header = [stem if is_alone else f"{stem} {j}" for j in range(len(self.first))]
        header[self.key : self.key + 1] = [""]
        seen: dict[str, int] = {}
        for j, name in enumerate(header):
            seen[name] = seen.get(name, 0) + 1
            header[j] = f"{name} {seen[name]}" if name and seen[name] > 1 else name
        return header

    # ------------------------------------------------------------------------ sentences

    @property
    def _num_rows(self) -> int:
        return len(self._digests) - (self.has_header and self.sheet.header is None)

    def warnings(self) -> list[str]:
        """What of the table is not used, and why, each with an example."""
        table, rows = escaped(self.path), self._num_rows
        if self.sheet.problem:
            return [f"{table} could not be read as a table: {self.sheet.problem}."]
        sentences = []
        if self._num_broken:
            wanted = f"{_count(len(self.first), 'cell')}, as in the first line"
            if self.path.lower().endswith(JSON_SUFFIXES):
                wanted = "an object in JSON, as in the others"
            sentences.append(
                f"{table}: {_count(self._num_broken, 'line')} could not be read, such as line "
                f"{self._broken_line}: expected {wanted}."
            )
        if self.sheet.num_columns > MAX_COLUMNS:
            sentences.append(
                f"{table} has {self.sheet.num_columns:,} columns or more, of which {MAX_COLUMNS} "
                "are read."
            )
        if unused := [escaped(name[:MAX_NAME_LENGTH]) for name in self.sheet.unused]:
            more = f" and {len(unused) - 3:,} more" if len(unused) > 3 else ""
            sentences.append(
                f"{table}: {', '.join(unused[:3])}{more} {'is' if len(unused) == 1 else 'are'} not "
                "used, as there are lists of numbers or of objects in it."
            )
        if rows < 1:
            return sentences or [f"{table} holds no row."]
        found, paths = self._found, self.images.paths
        if not paths:
            return [*sentences, f"{table} was not used: there is no image that it may speak for."]
        spoken = {*found.several, *(row for _, group in found.sharing for row in group)}
        nameless = [
            row
            for row in range(len(found.image) - rows, len(found.image))
            if found.image[row] == NO_IMAGE and row not in spoken
        ]
        if nameless and not any(self.names):
            return [*sentences, f"{table} was not used: no column of it holds names of images."]
        if nameless:
            used = {*found.image}
            free = next((path for n, path in enumerate(paths) if n not in used), paths[0])
            start = f"{table}: no image was found for {len(nameless):,} of {rows:,} rows"
            if len(nameless) == rows:
                start = f"{table} was not used: no image was found for any of its rows"
            sentences.append(
                f"{start}, such as {shown(self.names[nameless[0]])} (a file is called "
                f"{shown(free)})."
            )
        if found.several:
            fits = " or ".join(shown(paths[image]) for image in found.example)
            sentences.append(
                f"{table}: more than one image fits {len(found.several):,} of {rows:,} rows, which "
                f"were not used, such as {shown(self.names[found.several[0]])} (it may be {fits})."
            )
        if self._clashes:
            image, clash = self._clashes[0]
            names = " and ".join(shown(self.names[row]) for row in clash[:2])
            about = _count(len(self._clashes), "image")
            sentences.append(
                f"{table}: rows contradict each other about {about}, such as {names} for "
                f"{shown(paths[image])}: only what they agree on is used."
            )
        if found.moved:
            row, image = found.moved
            sentences.append(
                f"{table} names other folders than there are: {shown(self.names[row])}, for "
                f"example, was taken for {shown(paths[image])}."
            )
        return sentences


def _is_number(cell: str) -> bool:
    return re.fullmatch(r"\s*-?\d+\.?\d*\s*", cell) is not None


def _count(num: int, what: str) -> str:
    return f"{num:,} {what}{'s' * (num != 1)}"
