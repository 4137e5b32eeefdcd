"""Images in folders: what lies there, how each is read, and which split and class it is of."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PIL import Image

from vae.data.arrays.idx_files import holds_idx, locate_idx
from vae.data.collection import FILE_SIZE, Collection, LeftOut, Source
from vae.data.folders.listing import is_system, list_folder, listed
from vae.data.folders.sorted_files import MAX_FILE_BYTES, Entry, sorted_files
from vae.data.images import content
from vae.data.images.opening import TooLargeError, opened
from vae.data.splits.own_split import split_order
from vae.data.splits.splits import about_no_split, folder_labels, folder_splits
from vae.data.tables.attributes import Column, text_column
from vae.data.tables.table_files import read_tables, tables_beside
from vae.data.tally import escaped

MASKS = re.compile(
    r"(image|img)?_?(masks?|labels?|annotations?|seg\w*|gt|ground_?truth|depth"
    r"|targets?|trimaps?|mattes?|alphas?|normals?|edges?)",
    re.IGNORECASE,
)  # in the name of a folder
PEEK_BYTES = 2**20  # a larger file is looked into before it is read


def locate_folder(root: Path) -> Source:
    found = list_folder(root)
    seen = [entry for entry in found.files if not is_system(entry[0])]
    if holds_idx(seen):
        return locate_idx(root, seen)
    tables = tables_beside(root)
    seen += [listed(table, f"../{table.name}") for table in tables]

    def load() -> Collection:
        entries = [
            Entry(name, size, partial(_read, os.path.join(root, name)))
            for name, size, _ in found.files
        ]
        return collect_files(entries, tables, found.left_out, found.warnings, root.name)

    return Source("folder", str(root), root.name, seen, load)


def load_image(path: Path) -> Collection:
    """A single image."""
    return collect_files([Entry(path.name, path.stat().st_size, partial(_read, str(path)))], [])


def _read(path: str, most: int = -1) -> bytes:
    with open(path, "rb") as file:
        return file.read(most)


def collect_files(
    entries: Sequence[Entry],
    beside: Sequence[Path],
    left_out: Sequence[LeftOut] = (),
    warnings: Sequence[str] = (),
    source: str = "",
) -> Collection:
    """The images among the files of a folder or a zip file, with what is known of each.

    `beside` are the tables beside the source, which may name images below its name, `source`.
    """
    found = sorted_files(entries)
    names = below_outer_folder([entry.path for entry in found.images])
    tables = read_tables(found.tables, beside, [entry.path for entry in found.images], source)
    columns = tables.attached.columns
    splits, classed_names = folder_splits(names)
    labels = folder_labels(classed_names)
    if labels and "label" not in columns:
        columns["label"] = text_column(labels)

    nowhere = [""] * len(names)
    both = [*zip(splits or nowhere, tables.attached.splits or nowhere, strict=True)]
    split = split_order([by_folder or by_table for by_folder, by_table in both])
    contradicted = [n for n, (a, b) in enumerate(both) if a and b and a != b]
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
        columns_left_out=tables.attached.left_out,
        validation_from=split.validation_from,
        credit=found.credit,
        skipped=[*left_out, *found.skipped, *tables.left_out, *apart],
        warnings=[
            *warnings,
            *found.warnings,
            *tables.warnings,
            *tables.attached.warnings,
            *_contradictions([names[index] for index in contradicted]),
            *about_no_split(names, splits),
            *split.warnings,
            *_masks(labels or [], names),
        ],
        about_used=lambda used: tables.attached.rowless.told(split.order[used]),
        read_file=lambda index: images[index].read(),
    )


def _contradictions(names: Sequence[str]) -> list[str]:
    if not names:
        return []
    return [
        f"A table puts {escaped(names[0])} into another split than its folder does"
        + (f", and {len(names) - 1:,} more images" if len(names) > 1 else "")
        + ": the folders are believed."
    ]


def _masks(labels: Sequence[str], names: Sequence[str]) -> list[str]:
    """What to say of folders of masks that lie beside the pictures they belong to."""
    stems: dict[str, set[str]] = {}
    for label, name in zip(labels, names, strict=True) if labels else ():
        stems.setdefault(label, set()).add(os.path.splitext(name)[0].rpartition("/")[2])
    for folder in filter(MASKS.fullmatch, stems):
        for other in stems.keys() - {folder}:
            num = len(stems[folder] & stems[other])
            if not MASKS.fullmatch(other) and 2 * num > len(stems[folder]):
                return [
                    f"The folder {escaped(folder)} holds {num:,} images that are called as those "
                    f"in {escaped(other)}, as masks are. They are trained on like any others: "
                    f"give {escaped(other)} alone as Data if that is not meant."
                ]
    return []


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
