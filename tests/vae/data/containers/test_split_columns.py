"""A column that says of each image which split it is of, inside the file that holds the images."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.vae.data.containers.samples import loaded, picture, pixels, png, reasons
from vae.data.collection import Collection

COLUMNS: dict[str, list[object]] = {
    "split": ["test", "train", "valid", "train", "train", "test"],
    "Partition": [2, 0, 1, 0, 0, 2],
}
Write = Callable[[Path, str, list[object]], None]
IN_ORDER = [1, 3, 4, 2]  # training, validation; test images are kept apart


def parquet(path: Path, name: str, cells: list[object]) -> None:
    images = [png(number) for number in range(len(cells))]
    pq.write_table(pa.table({"image": images, name: cells}), path)


def tar(path: Path, name: str, cells: list[object]) -> None:
    with tarfile.open(path, "w") as file:
        for number, cell in enumerate(cells):
            said = json.dumps({name: cell}).encode()
            for member, data in ((f"{number}.png", png(number)), (f"{number}.json", said)):
                info = tarfile.TarInfo(member)
                info.size = len(data)
                file.addfile(info, io.BytesIO(data))


def npz(path: Path, name: str, cells: list[object]) -> None:
    images = np.stack([np.asarray(picture(number)) for number in range(len(cells))])
    np.savez(path, images=images, **{name: np.array([cell or "" for cell in cells], str)})


def are_pictures(collection: Collection, numbers: list[int]) -> bool:
    return all(map(np.array_equal, pixels(collection), map(picture, numbers)))


@pytest.mark.parametrize("name", COLUMNS)
@pytest.mark.parametrize("write", [parquet, tar])
def test_a_column_is_the_split(tmp_path: Path, write: Write, name: str) -> None:
    source = tmp_path / f"set.{write.__name__}"
    write(source, name, COLUMNS[name])
    collection = loaded(source)
    assert len(collection.names) == len(IN_ORDER)
    assert are_pictures(collection, IN_ORDER)
    assert collection.validation_from == 3
    assert reasons(collection)["test"] == 2
    assert not collection.columns


def test_is_train_is_the_split(tmp_path: Path) -> None:
    parquet(tmp_path / "set.parquet", "is_train", [True, False, True])
    collection = loaded(tmp_path / "set.parquet")
    assert are_pictures(collection, [0, 2, 1])
    assert collection.validation_from == 2


def test_classes_without_the_word_train_are_no_split(tmp_path: Path) -> None:
    parquet(tmp_path / "set.parquet", "kind", ["test", "valid", "test"])
    collection = loaded(tmp_path / "set.parquet")
    assert collection.validation_from is None
    assert list(collection.columns) == ["kind"]


ODD: list[object] = ["test", "train", "foo", "train", None, "test"]


@pytest.mark.parametrize("write", [parquet, tar, npz])
def test_an_odd_word_in_a_split_counts_as_training_and_is_said(
    tmp_path: Path, write: Write
) -> None:
    source = tmp_path / f"set.{write.__name__}"
    write(source, "split", ODD)
    collection = loaded(source)
    assert are_pictures(collection, [1, 2, 3, 4, 0, 5])
    assert collection.validation_from == 4
    assert any("split is the split, but 'foo' in it is no" in text for text in collection.warnings)
    assert not collection.columns
