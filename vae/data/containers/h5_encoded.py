"""Encoded images (JPEG, PNG ...) within HDF5 files: one in each cell of a data set, or one in each.

N images.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vae.data.arrays.array_columns import Cells, cells_of, joined_columns
from vae.data.arrays.named_arrays import LABEL_KEYS, split_of
from vae.data.collection import Collection, LeftOut
from vae.data.images import content
from vae.data.splits.split_collection import Unordered, in_split_order, open_bytes
from vae.data.splits.splits import folder_labels, folder_splits
from vae.data.tables.attributes import text_column


@dataclass
class Encoded:
    """The data sets of encoded images in several files, the other data sets of each left to it."""

    names: list[str] = field(default_factory=list)
    items: list[tuple[Any, int | None]] = field(default_factory=list)  # data set, cell
    splits: list[str] = field(default_factory=list)
    cells: list[dict[str, Cells]] = field(default_factory=list)  # of each data set with cells
    nums: list[int] = field(default_factory=list)
    singles: list[tuple[str, Any]] = field(default_factory=list)  # data sets that are one image
    unused: list[str] = field(default_factory=list)

    def take(self, datasets: dict[str, Any], others: dict[str, NDArray[Any]], split: str) -> None:
        """The data sets of one file that hold encoded images; `others` may be their columns."""
        for name, item in datasets.items():
            if item.shape == () or item.dtype == np.uint8:
                self.singles.append((name, item))
                continue
            own, num = split_of(name)[0], int(item.shape[0])
            self.names += [f"{name}/{row}" for row in range(num)]
            self.items += [(item, row) for row in range(num)]
            self.splits += [own or split] * num
            beside = {k: v for k, v in others.items() if split_of(k)[0] == own and len(v) == num}
            cells, left_out = cells_of(
                {split_of(k)[1] if own else k: v for k, v in beside.items()}, num
            )
            labels = [k for k in cells if k.lower() in LABEL_KEYS]
            self.cells.append({"label" if k in labels[:1] else k: v for k, v in cells.items()})
            self.nums.append(num)
            self.unused += [*left_out, *(others.keys() - beside.keys())]

    def collection(self, skipped: Sequence[LeftOut]) -> Collection:
        """All of these images."""
        columns = joined_columns(self.cells, self.nums) if self.cells else {}
        names, items, splits = self.names, self.items, self.splits
        if not items:
            names = [name for name, _ in self.singles]
            items = [(item, None) for _, item in self.singles]
            found, classed = folder_splits(names)
            splits = [*found] if found else [""] * len(names)
            labels = folder_labels(classed)
            columns = {"label": text_column(labels)} if labels else {}
        said = []
        if self.unused and self.items:
            said.append(f"Not used: {', '.join(sorted(set(self.unused))[:8])}.")
        return in_split_order(
            Unordered(
                *(names, splits, lambda index: open_bytes(_bytes(*items[index]))),
                columns=columns,
                skipped=skipped,
                warnings=said,
                read_file=lambda index: _bytes(*items[index]),
            )
        )


def holds_encoded(h5py: Any, item: Any) -> bool:
    """Whether a data set holds encoded images: bytes that begin as an image does."""
    if item.shape is None or 0 in item.shape or item.ndim > 1:
        return False
    is_bytes = item.dtype.kind in "SV" and item.dtype.fields is None
    vlen = h5py.check_vlen_dtype(item.dtype)
    is_text = h5py.check_string_dtype(item.dtype) is not None
    if item.ndim == 1 and item.dtype == np.uint8:
        head = item[: content.HEAD_BYTES].tobytes()
    elif is_bytes or is_text or (vlen is not None and np.dtype(vlen).itemsize == 1):
        head = _bytes(item, None if item.ndim == 0 else 0)[: content.HEAD_BYTES]
    else:
        return False
    return content.is_image(head)


def _bytes(item: Any, row: int | None) -> bytes:
    """The bytes in a cell, or in all of a data set."""
    value = item[()] if row is None else item[row]
    if isinstance(value, bytes):
        return bytes(value)
    if isinstance(value, str):
        raise ValueError("a text, not the bytes of an image")
    return bytes(value.tobytes())
