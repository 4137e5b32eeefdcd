"""Files of rows, Parquet or Arrow, opened alike: batches of some columns at a time.

Arrow files are those that Hugging Face's ``save_to_disk`` writes; they are mapped into memory, not
read. Needs pyarrow.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from vae.errors import InputError


def pyarrow() -> Any:
    """The package. Raises InputError where it is not installed."""
    try:
        return importlib.import_module("pyarrow")
    except ImportError as error:
        raise InputError(
            f"Parquet and Arrow files need the package pyarrow (pip install pyarrow): {error}."
        ) from error


def open_rows(path: Path) -> Any:
    """The file at `path` as a ParquetFile, or as an ArrowFile, which does what is used of one."""
    if path.suffix.lower() == ".arrow":
        return ArrowFile(path)
    parquet = importlib.import_module("pyarrow.parquet")
    return parquet.ParquetFile(path, buffer_size=2**20, pre_buffer=False)


@dataclass(frozen=True)
class _Group:
    num_rows: int
    total_byte_size: int


class ArrowFile:
    """The record batches of an Arrow file or stream, as row groups."""

    def __init__(self, path: Path) -> None:
        pa, ipc = pyarrow(), importlib.import_module("pyarrow.ipc")
        try:
            reader = ipc.open_file(pa.memory_map(str(path)))
            batches = [reader.get_batch(number) for number in range(reader.num_record_batches)]
        except pa.ArrowInvalid:
            reader = ipc.open_stream(pa.memory_map(str(path)))
            batches = list(reader)
        self.schema_arrow = reader.schema
        self._batches = batches

    @property
    def metadata(self) -> ArrowFile:
        return self

    @property
    def num_rows(self) -> int:
        return sum(batch.num_rows for batch in self._batches)

    @property
    def num_row_groups(self) -> int:
        return len(self._batches)

    def row_group(self, number: int) -> _Group:
        batch = self._batches[number]
        return _Group(batch.num_rows, batch.nbytes)

    def iter_batches(
        self,
        batch_size: int = 65536,
        row_groups: Sequence[int] | None = None,
        columns: Sequence[str] = (),
        use_threads: bool = False,
    ) -> Iterator[Any]:
        """Batches of these columns; of a part of a struct ("image.bytes") the struct."""
        names = [self._column(name) for name in columns]
        for number in range(len(self._batches)) if row_groups is None else row_groups:
            batch = self._batches[number].select(names)
            for start in range(0, batch.num_rows, batch_size):
                yield batch.slice(start, batch_size)

    def read(self, columns: Sequence[str]) -> Any:
        """These columns of all rows, as a table."""
        names = [self._column(name) for name in columns]
        pa = pyarrow()
        some = [batch.select(names) for batch in self._batches]
        schema = pa.schema([self.schema_arrow.field(name) for name in names])
        return pa.Table.from_batches(some, schema)

    def _column(self, name: str) -> str:
        return name if name in self.schema_arrow.names else name.partition(".")[0]

    def __enter__(self) -> ArrowFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._batches = []
