"""Which image each row of a table speaks for, by the name that the row gives it.

A name is compared with the images' paths in ever looser forms, and in each form first as a path
from the table's folder, then from the source, then as the end of a path, then without its first
folders. The first form in which it fits decides; what fits several images there fits none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import unquote, urlsplit

from vae.data.splits.split_words import split_of
from vae.data.tables.path_forms import FORMS, LOOSEST, Form, unpadded

NO_IMAGE = -1
SEVERAL = -2
MAX_DEPTH = 16  # folders of a path, from its end

ADDRESS = re.compile(r"(file:|https?://)", re.IGNORECASE)
ODD = re.compile(r"""[\\"':]|^\s|\s$|//|^/|(^|/)\.{1,2}(/|$)""")


@dataclass
class Found:
    """What became of each row: the image it speaks for, or why there is none."""

    image: list[int]  # per row, NO_IMAGE where there is none
    several: list[int] = field(default_factory=list)  # rows that fit more than one image
    example: tuple[int, ...] = ()  # two images that the first of them fits
    sharing: list[tuple[int, list[int]]] = field(default_factory=list)  # image, all its rows
    moved: tuple[int, int] | None = None  # a row and its image, in folders of other names

    @property
    def count(self) -> int:
        """How many images have a row."""
        return sum(image != NO_IMAGE for image in self.image) + len(self.sharing)


class ImageNames:
    """The paths of the images that a table may speak for.

    `folder` is the table's, below the source and with "/" at its end, or "". `source` is the name
    of the source's own folder with "/" at its end where the table lies beside it, else "".
    """

    def __init__(
        self,
        paths: Sequence[str],
        folder: str = "",
        source: str = "",
        numbers: Mapping[str, int] | None = None,
    ) -> None:
        self.paths = paths
        self.folder = folder
        self.numbers = numbers  # where rows give the number of an image, from another table
        self._place = folder, source

    @cached_property
    def _exact(self) -> _Index:
        return _Index(self.paths, *self._place, str)

    @cached_property
    def _loosely_whole(self) -> _Index:
        return _Index(self.paths, *self._place, LOOSEST)

    @cached_property
    def _loosest(self) -> set[str]:
        return {LOOSEST(path.rpartition("/")[2]) for path in self.paths}

    def find(self, names: Sequence[str]) -> Found:
        """The image of each row, as a position in the paths; an empty name has none."""
        found = Found([NO_IMAGE] * len(names))
        if self.numbers is not None:
            return self._numbered(names, self.numbers)
        claimed: set[int] = set()
        cleaned = [_cleaned(name) for name in names]
        folders = _folders(cleaned)
        waiting = [row for row, name in enumerate(cleaned) if name]
        for number, (form, row_form) in enumerate(FORMS):
            if number == 1:  # only a name that fits in the loosest form can fit in any
                waiting = [
                    row
                    for row in waiting
                    if LOOSEST(cleaned[row].rpartition("/")[2]) in self._loosest
                ]
            if not waiting:
                break
            index = self._exact if number == 0 else _Index(self.paths, *self._place, form)
            claims: dict[int, list[tuple[int, int]]] = {}
            still = []
            for row in waiting:
                as_written = number == 0 and names[row] in index.whole
                path = row_form(names[row] if as_written else cleaned[row])
                image, looseness = index.find(path, folders)
                if image >= 0:
                    claims.setdefault(image, []).append((looseness, row))
                elif image == NO_IMAGE:
                    still.append(row)
                else:
                    found.several.append(row)
                    found.example = found.example or index.fitting(path)
            taken = claimed | {image for image in claims if min(claims[image])[0] == WHOLE}
            for image in sorted(claims.keys() - claimed):  # others: rows name them more exactly
                closest = min(claims[image])[0]
                rows = [row for looseness, row in claims[image] if looseness == closest]
                if len(rows) > 1:
                    found.sharing.append((image, rows))
                    continue
                rival = NO_IMAGE
                if closest != WHOLE:  # another that is where the row says, but for the spelling
                    rival = self._loosely_whole.whole.get(LOOSEST(cleaned[rows[0]]), NO_IMAGE)
                if rival not in (NO_IMAGE, image) and rival not in taken:
                    found.several.append(rows[0])
                    found.example = found.example or (image, *([rival] if rival >= 0 else []))
                    continue
                found.image[rows[0]] = image
                if closest == MOVED:
                    found.moved = found.moved or (rows[0], image)
            claimed |= claims.keys()
            waiting = still
        return found

    def _numbered(self, names: Sequence[str], numbers: Mapping[str, int]) -> Found:
        found = Found([NO_IMAGE] * len(names))
        rows_of: dict[int, list[int]] = {}
        for row, name in enumerate(names):
            image = numbers.get(unpadded(name.strip()), NO_IMAGE)
            if image != NO_IMAGE:
                rows_of.setdefault(image, []).append(row)
        for image, rows in rows_of.items():
            if len(rows) > 1:
                found.sharing.append((image, rows))
            else:
                found.image[rows[0]] = image
        return found


def _cleaned(name: str) -> str:
    """A name as a path with "/", without quotes, empty folders, "." and ".."."""
    if not ODD.search(name):
        return name
    name = name.strip().strip("\"'").strip()
    if ADDRESS.match(name):
        name = unquote(urlsplit(name).path)
    parts = name.replace("\\", "/").split("/")
    return "/".join(part for part in parts if part not in ("", ".", ".."))


# How loosely a path fits in one form: whole, as an end, without folders, in others instead of them.
WHOLE, END, WITHOUT_FOLDERS, MOVED = range(4)


class _Index:
    """The paths of the images in one form, to be found whole and by their ends."""

    def __init__(self, paths: Sequence[str], folder: str, source: str, form: Form) -> None:
        self.full = [form(source + path) for path in paths]
        self.whole: dict[str, int] = {}
        below: dict[str, int] = {}  # the table's own folder: these count first
        for image, path in enumerate(paths):
            _add(self.whole, form(path), image)
            if folder or source:
                _add(below, form((source + path).removeprefix(folder)), image)
        self.whole |= below

    @cached_property
    def ends(self) -> dict[str, int]:
        ends: dict[str, int] = {}
        for image, path in enumerate(self.full):
            _add(ends, path, image)
            start = len(path)
            for _ in range(MAX_DEPTH):
                start = path.rfind("/", 0, start)
                if start < 0:
                    break
                _add(ends, path[start + 1 :], image)
        return ends

    @cached_property
    def folders(self) -> set[str]:
        """The names of the folders in which the images lie, in their loosest form."""
        return _folders(self.full)

    def find(self, path: str, row_folders: set[str]) -> tuple[int, int]:
        """The image that `path` means, or NO_IMAGE or SEVERAL, and how loosely.

        `row_folders` are the names of the folders in all rows, in their loosest form.
        """
        image = self.whole.get(path, NO_IMAGE)
        if image != NO_IMAGE:
            return image, WHOLE
        image = self.ends.get(path, NO_IMAGE)
        if image != NO_IMAGE:
            return image, END
        parts = path.split("/")
        for start in range(max(1, len(parts) - MAX_DEPTH), len(parts)):
            tail = "/".join(parts[start:])
            is_whole = tail in self.whole
            image = self.whole[tail] if is_whole else self.ends.get(tail, NO_IMAGE)
            if image != NO_IMAGE:
                break
        if image == NO_IMAGE or not self.folders.isdisjoint(map(unpadded, parts[:start])):
            return NO_IMAGE, WHOLE  # or the folder it names is there, without such a file
        if image == SEVERAL:
            return SEVERAL, WITHOUT_FOLDERS
        others = self.full[image].removesuffix(tail).split("/")[:-1]
        if _splits(others) and not _splits(parts[:start]) <= _splits(others):
            return NO_IMAGE, WHOLE  # test/1.png is not train/1.png
        if is_whole:
            return image, WITHOUT_FOLDERS
        if not row_folders.isdisjoint(map(unpadded, others)):
            return NO_IMAGE, WHOLE  # other rows name the image's folder, this one another
        return image, MOVED

    def fitting(self, path: str) -> tuple[int, ...]:
        """The first two images whose paths end as `path` does, in as many folders as can be."""
        while True:
            fits = [n for n, full in enumerate(self.full) if f"/{full}".endswith(f"/{path}")]
            if len(fits) > 1 or "/" not in path:
                return tuple(fits[:2])
            path = path.partition("/")[2]


def _add(index: dict[str, int], path: str, image: int) -> None:
    if index.setdefault(path, image) != image:
        index[path] = SEVERAL


def _folders(paths: Iterable[str]) -> set[str]:
    """The names of the folders of these paths, in their loosest form."""
    folders = {path.rpartition("/")[0] for path in paths}
    return {unpadded(part) for folder in folders for part in folder.split("/")} - {""}


def _splits(folders: Iterable[str]) -> set[str]:
    return {word for name in folders if (word := split_of(name))}
