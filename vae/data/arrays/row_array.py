"""An array on disk of which one block of rows at a time is in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

BLOCK_BYTES = 4 * 2**20  # about

Rows = Callable[[int, int], NDArray[Any]]  # rows from the first to before the second


class RowArray:
    """An array [N, ...] that behaves like one of NumPy where rows are taken and shapes changed."""

    def __init__(
        self, shape: tuple[int, ...], dtype: np.dtype[Any], rows: Rows, min_block: int = 1
    ) -> None:
        self.shape = shape
        self.dtype = dtype
        self.ndim = len(shape)
        self._rows = rows
        row_bytes = max(int(np.prod(shape[1:])) * dtype.itemsize, 1)
        self._block = max(BLOCK_BYTES // row_bytes // min_block, 1) * min_block
        self._start = 0
        self._kept: NDArray[Any] = np.zeros((0, *shape[1:]), dtype)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> NDArray[Any]:
        if not isinstance(key, int | np.integer):
            if isinstance(key, slice) and key.step in (None, 1):
                return self._rows(*key.indices(len(self))[:2])
            whole: NDArray[Any] = np.asarray(self)[key]
            return whole
        row = int(key)
        if not 0 <= row < len(self):
            raise IndexError(row)
        if not self._start <= row < self._start + len(self._kept):
            self._start = row - row % self._block
            self._kept = self._rows(self._start, min(self._start + self._block, len(self)))
        found: NDArray[Any] = self._kept[row - self._start]
        return found

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asarray(self._rows(0, len(self)), dtype)

    def reshape(self, num: int, *shape: int) -> RowArray:
        """The same N rows, each of this shape, where -1 stands for what is left."""
        if shape == (-1,):
            shape = (int(np.prod(self.shape[1:])),)
        return self._changed(shape, lambda rows: rows.reshape(len(rows), *shape))

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if function is np.moveaxis and args[1:] == (1, 3):
            _, channels, height, width = self.shape
            return self._changed((height, width, channels), lambda rows: rows.transpose(0, 2, 3, 1))
        plain = [np.asarray(arg) if isinstance(arg, RowArray) else arg for arg in args]
        return function(*plain, **kwargs)

    def _changed(
        self, shape: tuple[int, ...], change: Callable[[NDArray[Any]], NDArray[Any]]
    ) -> RowArray:
        rows = self._rows
        return RowArray(
            (len(self), *shape), self.dtype, lambda start, end: change(rows(start, end))
        )
