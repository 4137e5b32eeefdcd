"""Images in LMDB databases: every value that is an image file, by its key. Needs lmdb.

N images in F databases.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any
from weakref import WeakValueDictionary

from vae.data.collection import Collection, LeftOut
from vae.data.images import content
from vae.data.splits.own_split import splits_of_names
from vae.data.splits.split_collection import Unordered, in_split_order, open_bytes
from vae.data.splits.splits import folder_labels, folder_splits
from vae.data.tables.attributes import text_column
from vae.errors import FileError, InputError

LOCK = "lock.mdb"  # beside a database, no data
LABEL = re.compile(rb"label(s?[-_].*)")  # beside image-000000001, as of sets of texts
MAX_LABEL_BYTES = 200


class _Database:
    """One database, which a process may open only once at a time."""

    def __init__(self, lmdb: Any, path: Path) -> None:
        self.env = lmdb.open(str(path), subdir=False, readonly=True, lock=False, readahead=False)

    def value(self, key: bytes) -> bytes:
        with self.env.begin() as transaction:
            return bytes(transaction.get(key))

    def __del__(self) -> None:
        if hasattr(self, "env"):
            self.env.close()


_opened: WeakValueDictionary[Path, _Database] = WeakValueDictionary()


def load_lmdb(root: Path, files: Sequence[str]) -> Collection:
    """The images in these databases below `root`; the split is in their names or in the keys.

    Raises InputError where lmdb is not installed or no value is an image, FileError where no file
    can be read.
    """
    try:
        lmdb: Any = importlib.import_module("lmdb")
    except ImportError as error:
        raise InputError(
            f"LMDB databases need the package lmdb (pip install lmdb): {error}."
        ) from error
    files = [name for name in files if PurePosixPath(name).name != LOCK]
    images: list[tuple[_Database, bytes, int]] = []  # with the number of the file
    labels: dict[tuple[int, bytes], str] = {}
    skipped: list[LeftOut] = []
    problems: list[FileError] = []
    others = 0
    for number, name in enumerate(files):
        path = (root / name).resolve()
        try:
            database = _opened.get(path) or _Database(lmdb, path)
            _opened[path] = database
            with database.env.begin(buffers=True) as transaction:
                for found, value in transaction.cursor():
                    key = bytes(found)
                    if content.is_image(bytes(value[: content.HEAD_BYTES])):
                        images.append((database, key, number))
                    elif (match := LABEL.fullmatch(key)) and len(value) <= MAX_LABEL_BYTES:
                        labels[number, match[1]] = bytes(value).decode("utf-8", "replace")
                    else:
                        others += 1
        except (lmdb.Error, OSError) as error:
            cause = str(error).removeprefix(f"{path}: ")
            problems.append(FileError(f"{name} cannot be read as an LMDB database: {cause}."))
            skipped.append(LeftOut("broken", name, cause))
    if len(problems) == len(files) and problems:
        raise problems[0]
    if not images:
        raise InputError(
            f"{root.name} holds no images: expected an LMDB database of image files, found "
            f"{others:,} values of another kind. Save the images as files."
        )
    return in_split_order(_unordered(files, images, labels, skipped, others))


def _unordered(
    files: Sequence[str],
    images: Sequence[tuple[_Database, bytes, int]],
    labels: dict[tuple[int, bytes], str],
    skipped: Sequence[LeftOut],
    others: int,
) -> Unordered:
    keys = [key.decode("utf-8", "backslashreplace") for _, key, _ in images]
    of_file = splits_of_names(files) if len(files) > 1 else [""]
    splits, classed = folder_splits(keys)
    texts = folder_labels(classed)
    if labels:
        texts = [labels.get((number, key.removeprefix(b"image")), "") for _, key, number in images]

    def read_file(index: int) -> bytes:
        database, key, _ = images[index]
        return database.value(key)

    stems = [str(PurePosixPath(name).parent / PurePosixPath(name).stem) for name in files]
    is_alone = len(set(keys)) == len(keys)
    return Unordered(
        [k if is_alone else f"{stems[n]}/{k}" for k, (_, _, n) in zip(keys, images, strict=True)],
        [
            of_file[number] or split
            for (_, _, number), split in zip(images, splits or [""] * len(images), strict=True)
        ],
        lambda index: open_bytes(read_file(index)),
        columns={"label": text_column(texts)} if texts and any(texts) else {},
        skipped=skipped,
        warnings=[f"Not used: {others:,} values that are no images."] if others > 1 else [],
        read_file=read_file,
    )
