"""Images in plain tar files: WebDataset shards, or one packed folder; nothing is extracted.

The members are listed once, and each image is read where it lies in the file. Members that share
their name up to the first dot are one sample: 000.jpg, 000.cls, 000.json. N images.
"""

from __future__ import annotations

import itertools
import json
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import IO

from vae.data.collection import Collection, LeftOut
from vae.data.containers.tar_members import (
    VALUES,
    Members,
    keep_one_image_each,
    list_members,
    read_member,
    sample_key,
)
from vae.data.folders.folders import below_outer_folder, collect_files
from vae.data.folders.listing import is_system
from vae.data.folders.sorted_files import Entry
from vae.data.splits.own_split import splits_of_names
from vae.data.splits.split_collection import Unordered, in_split_order, open_bytes
from vae.data.splits.splits import about_no_split, folder_labels, folder_splits
from vae.data.tables.attributes import Column, text_column
from vae.data.tables.growing_column import GrowingColumn
from vae.errors import FileError

MAX_COLUMNS = 200


def load_tar(root: Path, files: Sequence[str]) -> Collection:
    """The images in these plain tar files below `root`; the split is in their names or folders.

    Raises FileError where none of them can be read.
    """
    members = Members()
    problems: list[FileError] = []
    for shard, name in enumerate(files):
        try:
            list_members(root / name, shard, members)
        except (OSError, tarfile.TarError, ValueError) as error:
            problems.append(FileError(f"{name} cannot be read as a tar file: {error}."))
            members.skipped.append(LeftOut("broken", name, str(error)))
    if problems and len(problems) == len(files):
        raise problems[0]

    keep_one_image_each(members)
    if len(files) == 1 and not members.values:
        entries = [
            Entry(path, place.size, partial(read_member, root / files[0], place))
            for path, place in [*members.images, *members.others]
        ]
        return collect_files(entries, [], members.skipped, members.warnings)
    for path, _ in members.others:
        members.skipped.append(LeftOut("system" if is_system(path) else "other", path))
    paths = below_outer_folder([path for path, _ in members.images])
    places = [place for _, place in members.images]
    columns, left_out = _columns(root, files, members)
    splits, classed_paths = folder_splits(paths)
    labels = folder_labels(classed_paths)
    if labels and "label" not in columns:
        columns["label"] = text_column(labels)
    stems = [name.removesuffix(".tar") for name in files]
    of_file = splits_of_names(files)
    is_alone = len(set(paths)) == len(paths)

    def read_file(index: int) -> bytes:
        return read_member(root / files[places[index].shard], places[index])

    return in_split_order(
        Unordered(
            [
                p if is_alone else f"{stems[at.shard]}/{p}"
                for p, at in zip(paths, places, strict=True)
            ],
            [
                of_file[at.shard] or split
                for at, split in zip(places, splits or [""] * len(places), strict=True)
            ],
            lambda index: open_bytes(read_file(index)),
            columns=columns,
            columns_left_out=left_out,
            skipped=members.skipped,
            warnings=[*members.warnings, *about_no_split(paths, splits)],
            read_file=read_file,
        )
    )


def _columns(
    root: Path, files: Sequence[str], members: Members
) -> tuple[dict[str, Column], list[str]]:
    """The attributes in the members beside the images, and the names of those that are none."""
    growing: dict[str, GrowingColumn] = {}
    lists: set[str] = set()
    numbered = enumerate(members.images)
    for shard, images in itertools.groupby(numbered, key=lambda image: image[1][1].shard):
        with open(root / files[shard], "rb") as file:
            for index, (path, _) in images:
                for name, value in _sample_values(file, shard, path, members):
                    if isinstance(value, list | dict):
                        lists.add(name)
                    elif name in growing or len(growing) < MAX_COLUMNS:
                        column = growing.setdefault(name, GrowingColumn(len(members.images)))
                        column.put(index, value)
    columns = {name: column.column(name) for name, column in growing.items()}
    left_out = sorted({name for name, column in columns.items() if column is None} | lists)
    return {name: column for name, column in columns.items() if column is not None}, left_out


def _sample_values(
    file: IO[bytes], shard: int, path: str, members: Members
) -> Iterator[tuple[str, object]]:
    """What the members beside the image at `path` say of it."""
    for ending, place in members.values.get((shard, sample_key(path)[0]), ()):
        file.seek(place.offset)
        try:
            yield from _values(ending, file.read(place.size)).items()
        except (ValueError, RecursionError) as error:
            members.skipped.append(LeftOut("broken", f"{sample_key(path)[0]}.{ending}", str(error)))


def _values(ending: str, data: bytes) -> Mapping[str, object]:
    """The named values in a member. Raises ValueError for what is no text or no JSON."""
    text = data.decode("utf-8-sig")
    if ending not in ("json", "jsn"):
        return {VALUES[ending]: text}
    found = json.loads(text)
    if not isinstance(found, dict):
        return {"json": found}
    inner = {
        f"{name}.{key}": value
        for name, values in found.items()
        if isinstance(values, dict)
        for key, value in values.items()
    }
    return {name: value for name, value in found.items() if not isinstance(value, dict)} | inner
