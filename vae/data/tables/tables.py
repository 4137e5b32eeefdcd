"""What the tables of a source say of its N images: merged columns, splits, and what did not fit.

A table speaks for the images in and below its own folder; one for which there are none there, as
in CelebA's Anno/, for those of the next folder above that has some. Of two tables the one nearer
to an image is believed. What is not used is told in sentences.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vae.data.splits.own_split import about_odd_words
from vae.data.splits.split_words import split_of
from vae.data.tables.attached import Attached, Rowless, Table
from vae.data.tables.attributes import Column, is_class_name
from vae.data.tables.cells import Cells
from vae.data.tables.numbered import Numbered
from vae.data.tables.row_images import ImageNames
from vae.data.tables.sheets import Commas
from vae.data.tables.table_names import may_number, split_words, words_of
from vae.data.tables.table_rows import TableRows
from vae.data.tally import escaped, shown

MAX_MERGED_COLUMNS = 1000  # of all tables
MAX_WARNINGS = 50
MAX_STRANGERS = 2  # tables beside the source that are spoken of one by one
BESIDE = "../"
TABLE_WORDS = re.compile(
    r"celeba|label|attr|meta|anno|imageset|list|class|ident|split|partition|landmark|box|tag|train|val|test|"
    r"^dataset\.json$"
)  # in the names of texts and folders that are there for tables


def attach_tables(tables: Sequence[Table], paths: Sequence[str], source: str = "") -> Attached:
    """What `tables` say of the images at `paths`; see the module for which rows count.

    `source` is the name of the source's own folder, by which tables beside it may name images.
    """
    merged = _Merged(paths, source)
    ordered = sorted(tables, key=lambda table: (-_depth(table.path), table.path))
    numbering = [table for table in ordered if may_number(table.path, table.data)]
    for table in numbering:
        merged.attach(table, are_numbers=len(ordered) > 1)
    for table in ordered:
        if table not in numbering:
            merged.attach(table)
    return merged.attached()


def _depth(path: str) -> int:
    return -1 if path.startswith(BESIDE) else path.count("/")


_Reach = tuple[NDArray[np.int64], ImageNames, bool]


class _Merged:
    """The tables read so far."""

    def __init__(self, paths: Sequence[str], source: str) -> None:
        self.paths = paths
        self.source = source
        self.order = sorted(range(len(paths)), key=paths.__getitem__)
        self.sorted = [paths[image] for image in self.order]
        self.reaches: dict[tuple[str, ...], _Reach] = {}
        self.cells: dict[str, Cells] = {}
        self.listed = Cells(len(paths))  # the split of which a table has the name
        self.either = Cells(len(paths))  # for training or validation: trainval.txt
        self.has_row = np.zeros(len(paths), np.bool_)
        self.is_meant = np.zeros(len(paths), np.bool_)  # by a table that is used
        self.row_example = self.list_example = ""
        self.strangers: list[str] = []  # sentences on tables beside the source
        self.left_out: dict[str, None] = {}
        self.warnings: list[str] = []
        self.passed_over: list[str] = []
        self.numbered: list[Numbered] = []
        self.lists: list[str] = []  # texts that are named after a split but list no images

    def attach(self, table: Table, are_numbers: bool = False) -> None:
        """Takes in a table, `are_numbers`: and the numbers of images in it, for those after it."""
        images, names, are_split = self._reach(table.path)
        read = self._read(table, images, names)
        if read.is_other:
            self.passed_over.append(table.path)
            is_named = any(map(split_of, words_of(table.path)))  # train.txt, of other things
            name = next(filter(None, read.names), "")
            if is_named and name and not table.path.startswith(BESIDE):
                self.lists.append(f"{escaped(table.path)} (it says {shown(name)})")
            return
        is_stranger = table.path.startswith(BESIDE) and read.is_stranger
        (self.strangers if is_stranger else self.warnings).extend(read.warnings())
        if not read.num_used:
            return
        self.is_meant[images] = True
        numbered = Numbered(read, images) if are_numbers else None
        if numbered and numbered.image_of:
            self.numbered.append(numbered)
        own = table.path.rpartition("/")[0].removeprefix("..")
        if own not in ("", names.folder[:-1]) and not TABLE_WORDS.search(own.lower()):
            self.warnings.append(
                f"{escaped(table.path)} lies in a folder without images and was taken for those of "
                f"{shown(names.folder) if names.folder else 'the whole source'}."
            )
        split = split_words(table.path)
        is_list = len(split) == 1 and not are_split  # val.txt lists what is for validation
        contradictions: list[tuple[str, int]] = []  # column, image
        for rows, found in read.chunks():
            places = images[found]
            self.has_row[places] = True
            for name, cells in zip(read.header, zip(*rows, strict=True), strict=True):
                if name:
                    contradictions += self._add(name, places, cells, read.sheet.commas)
            if is_list:
                self.list_example = escaped(table.path)
                listed = self.either if "trainval" in words_of(table.path) else self.listed
                differ = listed.add(places, [*split] * len(places))
                contradictions += [("the split", int(places[place])) for place in differ]
        self.row_example = read.example
        if contradictions:
            column, image = contradictions[0]
            self.warnings.append(
                f"{escaped(table.path)} contradicts a table that was read before it in "
                f"{len(contradictions):,} cell{'s' * (len(contradictions) != 1)}, where the "
                f"earlier one counts, such as {column} of "
                f"{shown(self.paths[image])}."
            )

    def _read(self, table: Table, images: NDArray[np.int64], names: ImageNames) -> TableRows:
        """The rows, by the numbers that another table gives the images where they are these."""
        for numbered in self.numbered:
            if table.path.startswith(numbered.folder):
                read = TableRows(table, numbered.names(names, images))
                if not read.names_images and numbered.fits(read.names):
                    return read
        return TableRows(table, names)

    def _add(
        self, name: str, images: NDArray[np.int64], cells: Sequence[str], commas: Commas
    ) -> list[tuple[str, int]]:
        if name not in self.cells:
            if len(self.cells) >= MAX_MERGED_COLUMNS:
                self.left_out[name] = None
                return []
            self.cells[name] = Cells(len(self.paths))
        if commas == "unsure" and is_class_name(name):
            commas = "none"  # 1,2 is two classes
        differ = self.cells[name].add(images, cells, commas)
        return [(name, int(images[place])) for place in differ]

    def _reach(self, path: str) -> _Reach:
        """The images that a table may speak for, their names, and whether folders split them."""
        is_outside = path.startswith(BESIDE)
        folder = "" if is_outside else path.rpartition("/")[0]
        split = split_words(path)
        source = f"{self.source}/" if is_outside and self.source else ""
        key = folder, source, *split
        if key not in self.reaches:
            first, last = self._below(folder)
            while folder and first == last:
                folder = folder.rpartition("/")[0]
                first, last = self._below(folder)
            images = self.order[first:last]
            own: list[str] = []
            if len(split) == 1:  # train.csv speaks for train/, where there is one
                own = [_folder_split(source + self.paths[image]) for image in images]
                wanted = split if split & set(own) else {""}
                images = [image for image, part in zip(images, own, strict=True) if part in wanted]
            names = [self.paths[image] for image in images]
            below = f"{folder}/" if folder else ""
            if len(self.reaches) > 4:  # the tables of one folder follow one another
                self.reaches.clear()
            found = ImageNames(names, below, source)
            self.reaches[key] = np.array(images, np.int64), found, any(own)
        return self.reaches[key]

    def _below(self, folder: str) -> tuple[int, int]:
        """Where the images below a folder stand among the sorted ones."""
        if not folder:
            return 0, len(self.sorted)
        after = chr(ord("/") + 1)
        return bisect_left(self.sorted, f"{folder}/"), bisect_left(self.sorted, folder + after)

    def attached(self) -> Attached:
        columns: dict[str, Column] = {}
        splits: list[str] | None = None
        for numbered in self.numbered:
            if numbered.is_used:  # what it says is who is meant
                self.cells.pop(numbered.name, None)
        for name, cells in self.cells.items():
            own_splits = cells.splits(name) if splits is None else None
            if own_splits is not None:
                splits = own_splits
                self.warnings += about_odd_words(name, cells.odd_split_words)
                continue
            found = cells.columns(name)
            if found is None:
                self.left_out[name] = None
                continue
            if found.keys() - {name}:
                self.warnings.append(
                    f"{escaped(name)} was read as lists of tags: each of its {len(found)} frequent "
                    "tags is a column of yes and no."
                )
            for key, column in found.items():
                is_free = key not in columns and (key == name or key not in self.cells)
                columns[key if is_free else f"{name} {key}"] = column
        listed = _filled(self.listed.splits("split"), self.either.splits("split"))
        if listed is not None and "train" not in listed:
            self.warnings.append(
                f"{self.list_example} is named after a split, but no table lists images for "
                "training, so it is not taken for one."
            )
            listed = None
        if listed is not None:
            splits = _filled(splits, listed)
        if self.lists:
            told = ", ".join(self.lists[:3])
            self.warnings.append(f"Named after a split, but naming no image, and not used: {told}.")
        self.warnings += self._about_strangers()
        if len(self.warnings) > MAX_WARNINGS:
            more = len(self.warnings) - MAX_WARNINGS
            self.warnings[MAX_WARNINGS:] = [f"{more:,} more sentences about tables are left out."]
        rowless = Rowless(self.paths, self.is_meant & ~self.has_row, self.row_example)
        left_out = list(self.left_out)
        return Attached(columns, left_out, self.warnings, rowless, splits, self.passed_over)

    def _about_strangers(self) -> list[str]:
        if len(self.strangers) <= MAX_STRANGERS:
            return self.strangers
        return [
            f"{len(self.strangers):,} tables beside the source seem to be about something else. "
            f"{self.strangers[0]}"
        ]


def _filled(first: list[str] | None, second: list[str] | None) -> list[str] | None:
    """The split of each image in the first list, in the second one where that has none."""
    if first is None or second is None:
        return first if second is None else second
    return [a or b for a, b in zip(first, second, strict=True)]


def _folder_split(path: str) -> str:
    """The split of whose folder an image lies in, or ""."""
    return next(filter(None, map(split_of, path.split("/")[:-1])), "")
