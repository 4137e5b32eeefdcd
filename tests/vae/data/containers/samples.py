"""What several tests of this folder make and look at."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from vae.config import DataConfig
from vae.data.collection import Collection
from vae.data.dataset import Dataset, open_dataset
from vae.data.sources import locate

RGB = (16, 16, 3)


def picture(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, RGB, np.uint8)


def png(seed: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture(seed)).save(file, "PNG")
    return file.getvalue()


def loaded(source: Path) -> Collection:
    return locate(str(source), source.parent).load()


def pixels(collection: Collection) -> list[np.ndarray]:
    return [np.asarray(collection.read(index)) for index in range(len(collection.names))]


def opened(source: Path, tmp_path: Path) -> Dataset:
    return open_dataset(DataConfig(source=str(source), image_size=16), tmp_path / "cache")


def values(collection: Collection, name: str) -> list[object]:
    """The values of a column by what they are called."""
    column = collection.columns[name]
    if not column.classes:
        return column.values.tolist()
    return [column.classes[value] for value in column.values]


def reasons(collection: Collection) -> dict[str, int]:
    return dict(Counter(item.reason for item in collection.skipped))


def huggingface(features: Mapping[str, object]) -> dict[bytes, bytes]:
    """What the library of Hugging Face writes into the schema of a file."""
    return {b"huggingface": json.dumps({"info": {"features": features}}).encode()}


FEATURES = {
    "image": {"_type": "Image"},
    "label": {"names": ["cat", "dog"], "_type": "ClassLabel"},
    "size": {"dtype": "float32", "_type": "Value"},
}


def write_parquet(path: Path, seeds: Sequence[int], paths: bool = True, **columns: object) -> None:
    """Images as Hugging Face stores them: a struct of bytes and path, in row groups of 4."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cells = [{"bytes": png(seed), "path": f"{seed}.png" if paths else None} for seed in seeds]
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    table = pa.table({"image": pa.array(cells, kind), **columns})
    pq.write_table(table.replace_schema_metadata(huggingface(FEATURES)), path, row_group_size=4)


def write_tar(path: Path, members: Mapping[str, bytes], mode: str = "w") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def write_zip(path: Path, files: Mapping[str, bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
