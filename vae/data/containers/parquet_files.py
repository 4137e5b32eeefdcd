"""Image sets in Parquet and Arrow files, as Hugging Face writes them: one image a row, encoded.

The names, the attributes and the places of all rows are known at once; the images are read batch
by batch as they are asked for, so that memory does not grow with the files. N images in F files.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from vae.data.collection import Collection, LeftOut
from vae.data.containers.parquet_columns import Shard, parquet_columns
from vae.data.containers.row_files import open_rows, pyarrow
from vae.data.images.opening import Raw, opened
from vae.data.splits.own_split import splits_of_names
from vae.data.splits.split_collection import Unordered, in_split_order, open_bytes
from vae.errors import FileError, InputError

BATCH_BYTES = 16 * 2**20  # of images read at once, about
MAX_BATCH = 256  # rows
NUM_BATCHES = 3  # kept, as the threads that decode are not quite in step
IMAGE_NAMES = ("image", "img", "picture", "photo", "jpg", "png")  # the first of these is used


def load_parquet(root: Path, files: Sequence[str]) -> Collection:
    """The images in these files below `root`; the split is in the names of the files.

    Raises InputError where pyarrow is not installed or no column holds images, FileError where no
    file can be read.
    """
    pa = pyarrow()
    shards: list[Shard] = []
    skipped: list[LeftOut] = []
    problems: list[Exception] = []
    for name in files:
        try:
            shards.append(_open_shard(pa, root / name, name))
        except InputError as error:
            problems.append(error)
            skipped.append(LeftOut("other", name, "no column of images"))
        except (OSError, ValueError, pa.ArrowException) as error:
            cause = " ".join(str(error).split())[:200]
            problems.append(FileError(f"{name} cannot be read as {_kind(name)}: {cause}."))
            skipped.append(LeftOut("broken", name, cause))
    if not shards:
        raise problems[0]
    columns, left_out = parquet_columns(pa, shards)
    splits = splits_of_names([shard.name for shard in shards])
    reader = _Reader(shards)
    images = Unordered(
        names=_names(shards),
        splits=[split for s, of in zip(shards, splits, strict=True) for split in [of] * s.num_rows],
        read=reader.read,
        columns=columns,
        columns_left_out=left_out,
        skipped=skipped,
        warnings=_warnings(shards),
        read_file=reader.read_file,
    )
    return in_split_order(images)


def _kind(name: str) -> str:
    return "an Arrow file" if name.lower().endswith(".arrow") else "a Parquet file"


def _open_shard(pa: Any, path: Path, name: str) -> Shard:
    with open_rows(path) as file:
        schema, metadata = file.schema_arrow, file.metadata
        features = _features(schema.metadata or {})
        found = [field.name for field in schema if _holds_images(pa, file, field, features)]
        if not found:
            columns = ", ".join(f"{field.name} ({field.type})" for field in schema)
            raise InputError(
                f"{name} holds no images: expected a column of encoded images (binary, or a "
                f"struct with bytes), found {columns[:300] or 'no column'}."
            )
        image = next((n for n in IMAGE_NAMES if n in found), found[0])
        groups = [metadata.row_group(g) for g in range(metadata.num_row_groups)]
        size = sum(group.total_byte_size for group in groups) // max(metadata.num_rows, 1)
        return Shard(
            path=path,
            name=name,
            image=image,
            leaf=_leaf(pa, schema.field(image)),
            others=[other for other in found if other != image],
            num_rows=metadata.num_rows,
            group_starts=np.cumsum([0, *(g.num_rows for g in groups)])[:-1].tolist(),
            batch_rows=min(max(BATCH_BYTES // max(size, 1), 1), MAX_BATCH),
            fields={field.name: field.type for field in schema if field.name not in found},
            class_names={
                key: feature["names"]
                for key, feature in features.items()
                if isinstance(feature, dict) and _are_names(feature.get("names"))
            },
        )


def _features(metadata: Mapping[bytes, bytes]) -> Mapping[str, Any]:
    """What Hugging Face says of the columns, {} where it says nothing that can be read."""
    try:
        features = json.loads(metadata[b"huggingface"])["info"]["features"]
    except (KeyError, TypeError, ValueError):
        return {}
    return features if isinstance(features, dict) else {}


def _are_names(names: object) -> bool:
    return isinstance(names, list) and all(isinstance(name, str) for name in names)


def _holds_images(pa: Any, file: Any, field: Any, features: Mapping[str, Any]) -> bool:
    """Whether a column holds encoded images: it is said to, or its first value opens as one."""
    leaf = _leaf(pa, field)
    if leaf == field.name and not _is_binary(pa, field.type):
        return False
    feature = features.get(field.name)
    if isinstance(feature, dict) and feature.get("_type") == "Image":
        return True
    for batch in file.iter_batches(batch_size=16, columns=[leaf]):
        for value in batch.column(0):
            data = _image_bytes(value)
            if data:
                try:
                    opened(data).close()
                except Exception:  # Pillow raises nearly anything for what is no image
                    return False
                return True
    return False


def _leaf(pa: Any, field: Any) -> str:
    is_struct = pa.types.is_struct(field.type) and field.type.get_field_index("bytes") >= 0
    return f"{field.name}.bytes" if is_struct else str(field.name)


def _is_binary(pa: Any, kind: Any) -> bool:
    return any(
        test(kind)
        for test in (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view)
    )


def _image_bytes(value: Any) -> bytes | None:
    """The encoded image in a cell: a struct with bytes, or the bytes themselves."""
    cell = value.as_py()
    data = cell.get("bytes") if isinstance(cell, dict) else cell
    return data if isinstance(data, bytes) else None


class _Reader:
    """The encoded images of all shards by index, a few batches of rows in memory at a time."""

    def __init__(self, shards: Sequence[Shard]) -> None:
        self._shards = shards
        self._starts = np.cumsum([0, *(shard.num_rows for shard in shards)])
        self._lock = threading.Lock()
        self._kept: deque[tuple[int, int, Any]] = deque(maxlen=NUM_BATCHES)
        self._place = (-1, -1, 0)  # shard, row group, and the row that comes next
        self._batches: Iterator[Any] = iter(())

    def read(self, index: int) -> Raw:
        return open_bytes(self.read_file(index))

    def read_file(self, index: int) -> bytes:
        """The bytes of an image. Raises ValueError where there are none."""
        shard = int(np.searchsorted(self._starts, index, side="right")) - 1
        row = index - int(self._starts[shard])
        with self._lock:
            start, cells = self._batch(shard, row)
        data = _image_bytes(cells[row - start])
        if data is None:
            raise ValueError("the row holds no image, at most the name of a file elsewhere")
        return data

    def _batch(self, shard: int, row: int) -> tuple[int, Any]:
        """The first row of a batch that holds `row`, and its cells."""
        for kept, start, cells in self._kept:
            if kept == shard and start <= row < start + len(cells):
                return start, cells
        starts = self._shards[shard].group_starts
        group = int(np.searchsorted(starts, row, side="right")) - 1
        if self._place[:2] != (shard, group) or row < self._place[2]:
            self._batches = self._open(shard, group)
            self._place = (shard, group, starts[group])
        for cells in self._batches:
            start = self._place[2]
            self._place = (shard, group, start + len(cells))
            if row < start + len(cells):
                self._kept.append((shard, start, cells))
                return start, cells
        raise ValueError("the row is missing from its file")

    def _open(self, number: int, group: int) -> Iterator[Any]:
        shard = self._shards[number]
        with open_rows(shard.path) as file:
            for batch in file.iter_batches(
                batch_size=shard.batch_rows,
                row_groups=[group],
                columns=[shard.leaf],
                use_threads=False,
            ):
                yield batch.column(0)


def _names(shards: Sequence[Shard]) -> list[str]:
    """The names that the images had as files where they are known and distinct, else places."""
    places = [f"{shard.name}/{row}" for shard in shards for row in range(shard.num_rows)]
    names: list[str] = []
    for shard in shards:
        with open_rows(shard.path) as file:
            field = file.schema_arrow.field(shard.image).type
            if shard.leaf == shard.image or field.get_field_index("path") < 0:
                return places
            for batch in file.iter_batches(columns=[f"{shard.image}.path"]):
                cells = batch.column(0).to_pylist()
                names += [(cell or {}).get("path") or "" for cell in cells]
    names = [PurePosixPath(name.replace("\\", "/")).name for name in names]
    return names if all(names) and len(set(names)) == len(names) else places


def _warnings(shards: Sequence[Shard]) -> list[str]:
    used = dict.fromkeys((shard.image, other) for shard in shards for other in shard.others)
    return [
        f"The images are the column {image!r}; those of the column {other!r} are not used."
        for image, other in used
    ]
