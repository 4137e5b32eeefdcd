"""The texts in an array of Python objects, read without making any object that its file names.

NumPy keeps an array of Python texts as a pickle, which may run any code when it is opened. Here a
pickle may only name what an array of texts needs, and in the place of each of these stands a class
that does nothing.
"""

from __future__ import annotations

import math
import pickle
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

MAX_LETTERS = 200  # of one text
MODULES = {"numpy", "numpy.core.multiarray", "numpy._core.multiarray"}
NAMES = {"_reconstruct", "ndarray", "dtype"}


class _Inert:
    """What an array and its parts become: it keeps what it is given."""

    state: Any = None

    def __init__(self, *_: Any) -> None:
        pass

    def __setstate__(self, state: Any) -> None:
        self.state = state


# The one that is written in Python: its memory is bounded by the length of the file.
class _Unpickler(pickle._Unpickler):
    def find_class(self, module: str, name: str) -> type[_Inert]:
        if module in MODULES and name in NAMES:
            return _Inert
        raise ValueError(f"an object of the kind {module}.{name}")


def read_texts(file: IO[bytes], shape: tuple[int, ...]) -> NDArray[Any]:
    """The texts, or numbers, of a pickled array [*shape]; "" (or NaN) stands for None.

    Raises ValueError where something else is in it.
    """
    try:
        state = _Unpickler(file, encoding="latin1").load().state
        _, _, _, is_fortran, cells = state
    except Exception as error:  # a pickle may fail in any way
        raise ValueError(f"Python objects that are no texts: {error}") from error
    if not isinstance(cells, list) or len(cells) != math.prod(shape):
        raise ValueError("Python objects that are no texts")
    if not all(cell is None or isinstance(cell, str | bytes | int | float) for cell in cells):
        raise ValueError("Python objects that are no texts")
    if any(isinstance(cell, str | bytes) for cell in cells):
        found = np.array([_text(cell) for cell in cells], dtype=str)
    else:
        found = np.array([np.nan if cell is None else float(cell) for cell in cells])
    return found.reshape(shape, order="F" if is_fortran else "C")


def _text(cell: str | bytes | float | None) -> str:
    if cell is None or cell != cell:  # NaN
        return ""
    return (cell.decode("utf-8", "replace") if isinstance(cell, bytes) else str(cell))[:MAX_LETTERS]
