"""What else an .npz holds of its N images: labels, factors and other numbers, as columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vae.data.tables.attributes import Column, numeric_column, text_column

DSPRITES_FACTORS = ("color", "shape", "scale", "orientation", "posX", "posY")
MAX_COLUMNS = 64  # of one array [N, K]

Cells = NDArray[np.float64] | list[str]  # [N]


def cells_of(arrays: Mapping[str, NDArray[Any]], num: int) -> tuple[dict[str, Cells], list[str]]:
    """The cells for `num` images by the name of their column, and the arrays that fill none."""
    rest = dict(arrays)
    found: dict[str, Cells] = {}
    values, names = rest.get("latents_values"), rest.get("latents_names")
    if values is not None and values.ndim == 2 and len(values) == num:  # dSprites
        for name in ("latents_values", "latents_names", "latents_classes", "metadata"):
            rest.pop(name, None)
        count = values.shape[1]
        default = DSPRITES_FACTORS if count == 6 else [f"factor {j}" for j in range(count)]
        given = [] if names is None else np.ravel(names).astype(str).tolist()
        for j, name in enumerate(given if len(given) == count else default):
            found[name] = values[:, j].astype(np.float64)
    left_out = []
    for key, array in rest.items():
        columns = _cells(array, key, num)
        found |= columns
        if not columns:
            left_out.append(key)
    return found, left_out


def _cells(array: NDArray[Any], name: str, num: int) -> dict[str, Cells]:
    if array.ndim == 0 or len(array) != num or array.dtype.kind not in "buifUS":
        return {}
    flat = array.reshape(num, -1)
    if flat.shape[1] == 1:
        return {name: _column_cells(flat[:, 0])}
    if flat.shape[1] > MAX_COLUMNS or array.ndim != 2:
        return {}
    if _is_one_hot(flat):
        return {name: flat.argmax(axis=1).astype(np.float64)}
    return {f"{name} {j}": _column_cells(flat[:, j]) for j in range(flat.shape[1])}


def _column_cells(values: NDArray[Any]) -> Cells:
    if values.dtype.kind == "S":
        return [cell.decode("utf-8", "replace") for cell in values.tolist()]
    return values.tolist() if values.dtype.kind == "U" else values.astype(np.float64)


def _is_one_hot(rows: NDArray[Any]) -> bool:
    if rows.dtype.kind in "US":
        return False
    return bool(np.all((rows == 0) | (rows == 1)) and np.all(rows.sum(axis=1) == 1))


def joined_columns(parts: Sequence[Mapping[str, Cells]], nums: Sequence[int]) -> dict[str, Column]:
    """The columns of several parts one after the other; what one of them lacks is unknown."""
    columns = {}
    for name in dict.fromkeys(name for part in parts for name in part):
        cells = [part.get(name) for part in parts]
        if any(isinstance(some, list) for some in cells):
            texts = [_texts(some, num) for some, num in zip(cells, nums, strict=True)]
            columns[name] = text_column([text for some in texts for text in some])
        else:
            numbers = [
                np.full(num, np.nan) if some is None else np.asarray(some, np.float64)
                for some, num in zip(cells, nums, strict=True)
            ]
            columns[name] = numeric_column(np.concatenate(numbers), name)
    return columns


def _texts(cells: Cells | None, num: int) -> list[str]:
    if cells is None:
        return [""] * num
    return cells if isinstance(cells, list) else [f"{cell:g}" for cell in cells]
