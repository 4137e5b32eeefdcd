"""Images in folders: what lies there, how each is read, and which split and class it is of."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PIL import Image

from vae.data import content
from vae.data.attributes import Column, attach_tables, text_column
from vae.data.collection import FILE_SIZE, Collection, LeftOut, Source
from vae.data.idx_files import holds_idx, locate_idx
from vae.data.listing import is_system, list_folder, listed
from vae.data.opening import TooLargeError, opened
from vae.data.own_split import split_order
from vae.data.sorted_files import MAX_FILE_BYTES, Entry, content_of, sorted_files
from vae.data.splits import folder_labels, folder_splits

PEEK_BYTES = 2**20  # a larger file is looked into before it is read


def tables_beside(path: Path) -> list[Path]:
    """CSV and CelebA tables in the folder of `path`, but for those named after a neighbour."""
    try:
        neighbours = [other for other in path.parent.iterdir() if not other.name.startswith(".")]
    except OSError:  # a parent that may not be listed holds no table for us
        return []
    tables = [
        other
        for other in neighbours
        if (other.suffix.lower() == ".csv" or other.name == "list_attr_celeba.txt")
        and other.is_file()
        and other.stat().st_size <= MAX_FILE_BYTES
    ]
    others = {other.stem for other in neighbours if other != path and other not in tables}
    return sorted(table for table in tables if table.stem not in others - {path.stem})


def locate_folder(root: Path) -> Source:
    found = list_folder(root)
    seen = [entry for entry in found.files if not is_system(entry[0])]
    if holds_idx(seen):
        return locate_idx(root, seen)
    tables = tables_beside(root)
    seen += [listed(table, f"../{table.name}") for table in tables]

    def load() -> Collection:
        entries = [Entry(name, size, partial(_read, root / name)) for name, size, _ in found.files]
        return collect_files(entries, tables, found.left_out, found.warnings)

    return Source("folder", str(root), root.name, seen, load)


def _read(path: Path, most: int = -1) -> bytes:
    with open(path, "rb") as file:
        return file.read(most)


def collect_files(
    entries: Sequence[Entry],
    tables_beside: Sequence[Path],
    left_out: Sequence[LeftOut] = (),
    warnings: Sequence[str] = (),
) -> Collection:
    """The images among the files of a folder or a zip file, with what is known of each."""
    found = sorted_files(entries)
    names = below_outer_folder([entry.path for entry in found.images])
    tables = [content_of(entry) for entry in found.tables]
    tables += [table.read_bytes() for table in tables_beside]
    columns, columns_left_out = attach_tables(tables, [entry.path for entry in found.images])
    splits, classed_names = folder_splits(names)
    labels = folder_labels(classed_names)
    if labels and "label" not in columns:
        columns["label"] = text_column(labels)

    split = split_order(splits or [""] * len(names))
    order = split.order.tolist()
    why = "a test image, kept apart"
    apart = [LeftOut("test", names[index], why) for index in split.apart]
    images = [found.images[index] for index in order]
    return Collection(
        [names[index].encode("utf-8", "replace").decode() for index in order],
        partial(_open, images),
        FILE_SIZE,
        are_files=True,
        columns={
            name: Column(column.values[split.order], column.classes)
            for name, column in columns.items()
        },
        columns_left_out=columns_left_out,
        validation_from=split.validation_from,
        credit=found.credit,
        skipped=[*left_out, *found.skipped, *apart],
        warnings=[*warnings, *found.warnings, *split.warnings],
    )


def below_outer_folder(paths: Sequence[str]) -> list[str]:
    """`paths` below the innermost folder that holds them all."""
    folders = [path.rpartition("/")[0] for path in paths]
    outer = os.path.commonpath(folders) if folders and all(folders) else ""
    return [path[len(outer) :].lstrip("/") for path in paths]


def _open(images: Sequence[Entry], index: int) -> Image.Image:
    entry = images[index]
    data = entry.read(content.HEAD_BYTES) if entry.size > PEEK_BYTES else entry.read()
    if not content.is_image(data):
        raise ValueError(f"the file is {content.described(data)}")
    if entry.size > MAX_FILE_BYTES:
        raise TooLargeError(f"the file is over {MAX_FILE_BYTES // 2**20} MB")
    if entry.size > PEEK_BYTES:
        data = entry.read()
    return opened(data)
