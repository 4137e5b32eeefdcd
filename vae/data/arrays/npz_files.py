"""The arrays of an .npz, none of which is read as a whole where it is large.

An array that is stored as it is becomes a memory map; one that is compressed is unpacked block by
block from its beginning, which is once for each time that its rows are asked for in order.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from vae.data.arrays.loose_arrays import LooseArray
from vae.data.arrays.npy_files import read_header
from vae.data.arrays.pickled_texts import read_texts
from vae.data.collection import LeftOut
from vae.data.folders.listing import is_system

LOCAL_HEADER_BYTES = 30
PART_BYTES = 2**20  # unpacked at once


def read_npz(
    path: Path, broken: list[LeftOut] | None = None
) -> tuple[dict[str, NDArray[Any]], list[str]]:
    """The arrays by their names, and a sentence for each that would have to be unpickled.

    One that cannot be read is put into `broken`, or raises where that is None.
    """
    found: dict[str, NDArray[Any]] = {}
    sentences = []
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            name = info.filename.removesuffix(".npy")
            if name == info.filename or is_system(name):
                continue
            try:
                found[name] = _array(archive, path, info, name)
            except _ObjectsError:
                sentences.append(
                    f"{name} of {path.name} was left out, as it holds Python objects, which are "
                    f"not read: save it as text or numbers, for example {name}.astype(str)."
                )
            except (ValueError, EOFError, zlib.error, zipfile.BadZipFile) as error:
                if broken is None:
                    raise
                broken.append(LeftOut("broken", info.filename, str(error)))
    return found, sentences


class _ObjectsError(ValueError):
    """An array of Python objects that are no texts."""


def _array(archive: zipfile.ZipFile, path: Path, info: zipfile.ZipInfo, name: str) -> NDArray[Any]:
    with archive.open(info) as file:
        header = read_header(file)
        if header.dtype.hasobject:
            try:
                return read_texts(file, header.shape)
            except ValueError as error:
                raise _ObjectsError from error
    if info.compress_type == zipfile.ZIP_STORED and header.size:
        start = _place(path, info) + header.end
        mapped: NDArray[Any] = np.memmap(
            path, header.dtype, "r", start, header.shape, "F" if header.is_fortran else "C"
        )
        return mapped
    if header.is_fortran or not header.shape:
        with archive.open(info) as file:
            whole: NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
        return whole
    rows = _Stream(path, info.filename, header.end, header.shape, header.dtype)
    return LooseArray(name, header.shape, header.dtype, rows.read).lazy()


def _place(path: Path, info: zipfile.ZipInfo) -> int:
    """Where the bytes of a member begin."""
    with open(path, "rb") as file:
        file.seek(info.header_offset)
        head = file.read(LOCAL_HEADER_BYTES)
    name_length, extra_length = struct.unpack("<HH", head[26:30])
    return info.header_offset + LOCAL_HEADER_BYTES + int(name_length) + int(extra_length)


class _Stream:
    """The rows of a compressed array; those before the ones read last cost a new beginning."""

    def __init__(
        self, path: Path, member: str, start: int, shape: tuple[int, ...], dtype: np.dtype[Any]
    ) -> None:
        self._path, self._member, self._start = path, member, start
        self._shape, self._dtype = shape[1:], dtype
        self._row_bytes = int(np.prod(shape[1:], dtype=np.int64)) * dtype.itemsize
        self._file: IO[bytes] | None = None
        self._next = 0

    def read(self, start: int, end: int) -> NDArray[Any]:
        """Rows from `start` to before `end`. [n, ...]"""
        if self._file is None or start < self._next:
            self.close()
            self._archive = zipfile.ZipFile(self._path)
            self._file = self._archive.open(self._member)
            _skip(self._file, self._start)
            self._next = 0
        _skip(self._file, (start - self._next) * self._row_bytes)
        self._next = end
        data = bytearray((end - start) * self._row_bytes)
        place = 0
        while place < len(data):
            part = self._file.read(min(len(data) - place, PART_BYTES))
            if not part:
                raise ValueError("the array ends early")
            data[place : place + len(part)] = part
            place += len(part)
        return np.frombuffer(data, self._dtype).reshape(end - start, *self._shape)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._archive.close()
            self._file = None

    __del__ = close


def _skip(file: IO[bytes], count: int) -> None:
    while count > 0:
        skipped = len(file.read(min(count, PART_BYTES)))
        if not skipped:
            raise ValueError("the array ends early")
        count -= skipped
