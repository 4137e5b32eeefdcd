"""Files that hold many images: Parquet, tar, HDF5, idx, and the sets of torchvision."""

from __future__ import annotations

import gzip
import io
import json
import struct
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.vae.data import torchvision_layouts
from tests.vae.data.layouts.layout import Theme, encoded, greys, write

CONTAINERS = Theme(
    "Files that hold many images",
    "One such file, or a folder of its parts. Nothing is extracted, and no pickle is opened.",
)
layout = CONTAINERS.layout
FEATURES = {
    "image": {"_type": "Image"},
    "label": {"names": ["cat", "dog"], "_type": "ClassLabel"},
}


def _parquet(path: Path, numbers: Sequence[int], **columns: object) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    cells = [{"bytes": encoded(number), "path": f"{number}.png"} for number in numbers]
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    table = pa.table({"image": pa.array(cells, kind), **columns})
    about = {b"huggingface": json.dumps({"info": {"features": FEATURES}}).encode()}
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table.replace_schema_metadata(about), path)


@layout(
    "Parquet, as Hugging Face keeps image sets",
    "0 1 2 3",
    "2 3",
    columns={"label": "cat dog dog cat"},
    needs=["pyarrow"],
    says=["The test images are used for validation"],
)
def _hugging_face(at: Path) -> Path:
    _parquet(at / "pets/data/train-00000-of-00001.parquet", [0, 1], label=[0, 1])
    _parquet(at / "pets/data/test-00000-of-00001.parquet", [2, 3], label=[1, 0])
    return at / "pets"


@layout("One Parquet file", "0 1 2", columns={"size": "0.5 1.5 2.5"}, needs=["pyarrow"])
def _one_parquet(at: Path) -> Path:
    _parquet(at / "pets.parquet", [0, 1, 2], size=[0.5, 1.5, 2.5])
    return at / "pets.parquet"


def _arrow(path: Path, numbers: Sequence[int], is_stream: bool, **columns: object) -> None:
    import pyarrow as pa

    cells = [{"bytes": encoded(number), "path": None} for number in numbers]
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    table = pa.table({"image": pa.array(cells, kind), **columns})
    about = {b"huggingface": json.dumps({"info": {"features": FEATURES}}).encode()}
    table = table.replace_schema_metadata(about)
    path.parent.mkdir(parents=True, exist_ok=True)
    new = pa.ipc.new_stream if is_stream else pa.ipc.new_file
    with new(str(path), table.schema) as writer:
        writer.write_table(table, max_chunksize=2)


@layout(
    "Arrow, as datasets.save_to_disk writes it",
    "0 1 2 3 4",
    "3 4",
    columns={"label": "cat dog cat dog cat"},
    counts={"other": 1},
    needs=["pyarrow"],
    says=["The test images are used for validation"],
)
def _saved_to_disk(at: Path) -> Path:
    _arrow(at / "pets/train/data-00000-of-00001.arrow", [0, 1, 2], True, label=[0, 1, 0])
    _arrow(at / "pets/test/data-00000-of-00001.arrow", [3, 4], True, label=[1, 0])
    write(at / "pets/dataset_dict.json", json.dumps({"splits": ["train", "test"]}))
    return at / "pets"


@layout("One Arrow file", "0 1 2", columns={"size": "0.5 1.5 2.5"}, needs=["pyarrow"])
def _one_arrow(at: Path) -> Path:
    _arrow(at / "pets.arrow", [0, 1, 2], False, size=[0.5, 1.5, 2.5])
    return at / "pets.arrow"


def _tar(path: Path, members: Mapping[str, bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


def _samples(numbers: Sequence[int]) -> dict[str, bytes]:
    return {
        name: data
        for number in numbers
        for name, data in {
            f"{number:06}.jpg": encoded(number, "JPEG", quality=95),
            f"{number:06}.cls": str(number % 2).encode(),
            f"{number:06}.json": json.dumps({"size": number + 0.5}).encode(),
        }.items()
    }


@layout(
    "WebDataset shards", "0 1 2 3", "3", columns={"label": "0 1 0 1", "size": "0.5 1.5 2.5 3.5"}
)
def _web_dataset(at: Path) -> Path:
    _tar(at / "pets/train-000000.tar", _samples([0, 1]))
    _tar(at / "pets/train-000001.tar", _samples([2]))
    _tar(at / "pets/val-000000.tar", _samples([3]))
    return at / "pets"


@layout("A folder packed as tar", "0 1 2 3", columns={"label": "cat cat dog dog"})
def _tar_folder(at: Path) -> Path:
    names = ["cat/0.png", "cat/1.png", "dog/2.png", "dog/3.png"]
    _tar(at / "pets.tar", {f"pets/{name}": encoded(n) for n, name in enumerate(names)})
    return at / "pets.tar"


@layout(
    "HDF5 with the split in its names",
    "0 1 2 3",
    "3",
    columns={"label": "7 8 7 8"},
    needs=["h5py"],
    says=["The test images are used for validation"],
)
def _h5(at: Path) -> Path:
    import h5py

    with h5py.File(at / "pets.h5", "w") as file:
        file["train/images"], file["train/labels"] = greys([0, 1, 2]), [7, 8, 7]
        file["test/images"], file["test/labels"] = greys([3]), [8]
    return at / "pets.h5"


@layout("A folder of HDF5 files", "0 1 2 3", "3", columns={"label": "7 8 7 8"}, needs=["h5py"])
def _h5_folder(at: Path) -> Path:
    import h5py

    (at / "pets").mkdir()
    for name, numbers, labels in (("train", [0, 1, 2], [7, 8, 7]), ("valid", [3], [8])):
        with h5py.File(at / f"pets/pets_{name}.h5", "w") as file:
            file["x"], file["y"] = greys(numbers), labels
    return at / "pets"


@layout(
    "HDF5 with encoded images in its cells",
    "0 1 2 3",
    columns={"label": "7 8 7 8"},
    needs=["h5py"],
)
def _h5_cells(at: Path) -> Path:
    import h5py

    with h5py.File(at / "pets.h5", "w") as file:
        cells = file.create_dataset("images", (4,), h5py.vlen_dtype(np.uint8))
        for number in range(4):
            cells[number] = np.frombuffer(encoded(number), np.uint8)
        file["labels"] = np.array([7, 8, 7, 8])
    return at / "pets.h5"


@layout(
    "Several zip files",
    "0 1 2 3",
    "2 3",
    columns={"label": "cat dog cat dog"},
    says=["2 zip files are read together", "The test images are used for validation"],
)
def _several_zips(at: Path) -> Path:
    (at / "pets").mkdir()
    for start, split in enumerate(("train", "test")):
        with zipfile.ZipFile(at / "pets" / f"{split}.zip", "w") as archive:
            for number, name in enumerate(("cat/a.png", "dog/b.png"), 2 * start):
                archive.writestr(name, encoded(number))
    return at / "pets"


def _idx(array: NDArray[np.integer]) -> bytes:
    head = bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape)
    return head + array.astype(np.uint8).tobytes()


def _digits(stem: str, part: str, numbers: Sequence[int]) -> dict[str, bytes]:
    start = f"{stem}{part}"
    return {
        f"{start}-images-idx3-ubyte": _idx(greys(numbers)),
        f"{start}-labels-idx1-ubyte": _idx(np.array(numbers)),
    }


@layout(
    "idx files, as of MNIST",
    "0 1 2 3",
    "3",
    columns={"label": "0 1 2 3"},
    says=["The test images are used for validation"],
)
def _idx_files(at: Path) -> Path:
    for name, data in {**_digits("", "train", [0, 1, 2]), **_digits("", "t10k", [3])}.items():
        write(at / "digits" / name, data)
    return at / "digits"


@layout(
    "idx files packed with gzip, in a zip",
    "0 1 2 3",
    "3",
    columns={"label": "0 1 2 3"},
    says=["The test images are used for validation"],
)
def _idx_zip(at: Path) -> Path:
    with zipfile.ZipFile(at / "digits.zip", "w") as archive:
        for name, data in {**_digits("", "train", [0, 1, 2]), **_digits("", "t10k", [3])}.items():
            archive.writestr(f"{name}.gz", gzip.compress(data, mtime=0))
    return at / "digits.zip"


@layout(
    "One of several idx sets in a folder, by its name",
    "4 5 6",
    "6",
    columns={"label": "4 5 6"},
    says=["The test images are used for validation"],
)
def _idx_sets(at: Path) -> Path:
    for name, data in {
        **_digits("kana-", "train", [0, 1]),
        **_digits("kana-", "test", [2]),
        **_digits("digits-", "train", [4, 5]),
        **_digits("digits-", "test", [6]),
    }.items():
        write(at / "sets" / name, data)
    return at / "sets/digits"


def _colour_number(x: NDArray[np.float32]) -> int:
    """Which of torchvision_layouts's pictures of one colour it is."""
    return round(float(x[0].mean()) * 255 / 8)


@layout(
    "torchvision:MNIST, on disk",
    "0 1 2 3 6 7 8",
    "6 7 8",
    columns={"label": "0 1 2 3 6 7 8"},
    options=(),
    read=_colour_number,
    needs=["torchvision"],
    says=["The test images are used for validation"],
)
def _torchvision_mnist(at: Path) -> str:
    torchvision_layouts.mnist(at)
    return "torchvision:MNIST"
