"""The images of several files of arrays as one collection.

N images.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from vae.data.arrays.array_columns import Cells, joined_columns
from vae.data.collection import FILE_SIZE, Collection, LeftOut
from vae.data.images.opening import Raw
from vae.data.splits.split_collection import Unordered, in_split_order
from vae.data.tables.attributes import UNKNOWN, Column
from vae.data.tally import shown
from vae.errors import InputError

NUM_SAID = 3  # files whose sentences are said, as those of the others are alike


def joined(
    parts: Mapping[str, Collection], splits: Sequence[str], skipped: Sequence[LeftOut] = ()
) -> Collection:
    """The images of all `parts`, under the name of their part; `splits` has the split of each.

    Raises InputError where they are sets of images of different shapes.
    """
    collections = [*parts.values()]
    nums = [len(part.names) for part in collections]
    shapes = {np.asarray(part.read(0)).shape: name for name, part in parts.items()}
    if len(shapes) > 1 and max(nums) > 1:
        (one, first), (other, second) = [*shapes.items()][:2]
        raise InputError(
            f"The files hold images of different shapes, {list(one)} in {shown(first)} and "
            f"{list(other)} in {shown(second)}: give one of them as the source."
        )
    starts = np.cumsum([0, *nums])

    def read(index: int) -> Raw:
        part = int(np.searchsorted(starts, index, side="right")) - 1
        return collections[part].read(index - int(starts[part]))

    sizes = {part.image_size for part in collections}
    cells = [
        {name: _cells(column) for name, column in part.columns.items()} for part in collections
    ]
    apart = [
        item._replace(name=f"{name}/{item.name}")
        for name, part in parts.items()
        for item in part.skipped
    ]
    together = f"{len(parts)} files are read together, such as {shown(next(iter(parts)))}."
    said = [] if len(parts) == 1 else [together]
    said += [sentence for part in collections[:NUM_SAID] for sentence in part.warnings]
    found = in_split_order(
        Unordered(
            names=[
                name if len(part.names) == 1 else f"{name}/{one}"
                for name, part in parts.items()
                for one in part.names
            ],
            splits=[
                split or own
                for part, split in zip(collections, splits, strict=True)
                for own in _own_splits(part)
            ],
            read=read,
            image_size=sizes.pop() if len(sizes) == 1 else FILE_SIZE,
            columns=joined_columns(cells, nums),
            skipped=[*skipped, *apart],
            warnings=[*dict.fromkeys(said)],
        )
    )
    return replace(found, are_files=False)


def _own_splits(part: Collection) -> list[str]:
    """The split of each image by the part itself. [N]"""
    first = part.validation_from
    num = len(part.names)
    return [""] * num if first is None else ["train"] * first + ["validation"] * (num - first)


def _cells(column: Column) -> Cells:
    if not column.classes:
        return np.asarray(column.values, np.float64)
    words = ["" if word == UNKNOWN else word for word in column.classes]
    return [words[int(value)] for value in column.values]
