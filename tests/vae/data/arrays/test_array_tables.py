"""Tables beside arrays: their columns belong to the images, or a sentence says why not."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.vae.data.arrays.samples import noise
from tests.vae.data.containers.samples import png
from tests.vae.data.samples import SIZE, imported, warnings_of
from vae.data.dataset import Dataset

NUM = 6
IMAGES = noise(NUM, SIZE, SIZE)
AGES = [number + 0.5 for number in range(NUM)]
IN_ORDER = "has as many rows as there are images, 6: the first row was taken for the first image"


def npy(folder: Path) -> None:
    np.save(folder / "faces.npy", IMAGES)


def npz(folder: Path) -> None:
    np.savez(folder / "faces.npz", images=IMAGES)


def h5(folder: Path) -> None:
    with h5py.File(folder / "faces.h5", "w") as file:
        file["images"] = IMAGES


def idx(folder: Path) -> None:
    head = struct.pack(">4B3I", 0, 0, 8, 3, NUM, SIZE, SIZE)
    (folder / "faces-images-idx3-ubyte").write_bytes(head + IMAGES.tobytes())


def parquet(folder: Path) -> None:
    pq.write_table(pa.table({"image": [png(n) for n in range(NUM)]}), folder / "faces.parquet")


def pictures(folder: Path) -> None:
    for number, image in enumerate(IMAGES):
        np.save(folder / f"img_{number}.npy", image)


def made(tmp_path: Path, write: Callable[[Path], None], tables: dict[str, str]) -> Dataset:
    folder = tmp_path / "faces"
    folder.mkdir()
    write(folder)
    for name, text in tables.items():
        (folder / name).write_text(text)
    return imported(folder)


def ages(data: Dataset, name: str = "age") -> dict[str, float | None]:
    values = data.attributes[name].tolist()
    return {
        image: None if value != value else value
        for image, value in zip(data.names, values, strict=True)
    }


KINDS = [npy, npz, h5, idx, parquet]


@pytest.mark.parametrize("write", KINDS)
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("meta.csv", "age\n" + "".join(f"{age}\n" for age in AGES)),
        ("age.csv", "".join(f"{age}\n" for age in AGES)),
        ("meta.tsv", "age\tx\n" + "".join(f"{age}\t1\n" for age in AGES)),
        ("meta.jsonl", "".join(json.dumps({"age": age}) + "\n" for age in AGES)),
        ("labels.txt", "age x\n" + "".join(f"{age} 1\n" for age in AGES)),
    ],
)
def test_a_table_with_a_row_for_each_image_is_taken_in_their_order(
    name: str, text: str, write: Callable[[Path], None], tmp_path: Path
) -> None:
    data = made(tmp_path, write, {name: text})
    assert [*ages(data).values()] == AGES
    assert f"{name} {IN_ORDER}" in warnings_of(data)
    assert data.manifest["counts"] == {"used": NUM, "table": 1}


@pytest.mark.parametrize("write", KINDS[:3])
@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("column", ["index", "id", "", "Unnamed: 0"])
def test_a_table_that_numbers_the_images_is_taken_by_these_numbers(
    column: str, first: int, write: Callable[[Path], None], tmp_path: Path
) -> None:
    rows = "".join(f"{number + first},{AGES[number]}\n" for number in reversed(range(NUM)))
    data = made(tmp_path, write, {"meta.csv": f"{column},age\n{rows}"})
    assert ages(data) == {str(number): age for number, age in enumerate(AGES)}
    assert set(data.attributes) == {"age"}
    assert "as many rows" not in warnings_of(data)


def test_a_table_of_some_numbers_leaves_the_others_unknown(tmp_path: Path) -> None:
    data = made(tmp_path, npy, {"meta.csv": "id,age\n0,0.5\n4,4.5\n"})
    assert ages(data) == {"0": 0.5, "1": None, "2": None, "3": None, "4": 4.5, "5": None}
    assert "4 of 6 images have no row in a table, such as '1' (a row says '0')" in (
        warnings_of(data)
    )


@pytest.mark.parametrize("table", ["age\n0.5\n1.5\n2.5\n3.5\n4.5\n", "label\na\nb\na\nb\na\n"])
def test_a_header_is_no_row(table: str, tmp_path: Path) -> None:
    data = made(tmp_path, npy, {"meta.csv": table})
    assert not data.attributes
    assert "meta.csv was not used: it has 5 rows for 6 images" in warnings_of(data)


@pytest.mark.parametrize("write", KINDS)
def test_a_table_with_other_rows_is_not_used_and_that_is_said(
    write: Callable[[Path], None], tmp_path: Path
) -> None:
    data = made(tmp_path, write, {"meta.csv": "age\n0.5\n1.5\n2.5\n", "README.txt": "Faces.\n"})
    assert not data.attributes
    assert "meta.csv was not used: it has 3 rows for 6 images, and no column with" in (
        warnings_of(data)
    )


def test_tables_of_the_splits_speak_for_their_own_images(tmp_path: Path) -> None:
    def write(folder: Path) -> None:
        np.savez(folder / "faces.npz", x_test=IMAGES[4:], x_train=IMAGES[:4])

    tables = {
        "train.csv": "age\n" + "".join(f"{age}\n" for age in AGES[:4]),
        "test.csv": "age\n" + "".join(f"{age}\n" for age in AGES[4:]),
    }
    data = made(tmp_path, write, tables)
    assert [*ages(data).values()] == AGES
    assert np.array_equal(data.take(data.validation)[..., 0], IMAGES[4:])


def test_rows_follow_images_that_an_array_of_splits_has_put_in_order(tmp_path: Path) -> None:
    def write(folder: Path) -> None:
        split = np.array(["test", "train", "val", "train", "train", "test"])
        np.savez(folder / "faces.npz", images=IMAGES, split=split)

    data = made(tmp_path, write, {"meta.csv": "age\n" + "".join(f"{age}\n" for age in AGES)})
    assert ages(data) == {"1": 1.5, "3": 3.5, "4": 4.5, "2": 2.5}


@pytest.mark.parametrize("write", KINDS)
def test_a_column_of_splits_in_the_table_is_the_split(
    write: Callable[[Path], None], tmp_path: Path
) -> None:
    rows = "".join(f"{age},{'test' if n % 3 == 0 else 'train'}\n" for n, age in enumerate(AGES))
    data = made(tmp_path, write, {"meta.csv": f"age,split\n{rows}"})
    assert [*ages(data).values()] == [1.5, 2.5, 4.5, 5.5, 0.5, 3.5]
    assert data.validation.tolist() == [4, 5]
    if write is not parquet:
        assert np.array_equal(data.take(np.arange(6))[..., 0], IMAGES[[1, 2, 4, 5, 0, 3]])


@pytest.mark.parametrize("suffix", [".npy", ""])
def test_a_table_names_the_files_of_one_picture_each(suffix: str, tmp_path: Path) -> None:
    rows = "".join(f"img_{n}{suffix},{AGES[n]}\n" for n in reversed(range(NUM)))
    data = made(tmp_path, pictures, {"meta.csv": f"file,age\n{rows}"})
    assert ages(data) == {f"img_{n}": age for n, age in enumerate(AGES)}
    assert "row" not in warnings_of(data)


def test_a_table_beside_a_single_file_is_used_and_an_edited_one_is_read_anew(
    tmp_path: Path,
) -> None:
    npy(tmp_path)
    (tmp_path / "meta.csv").write_text("age\n" + "".join(f"{age}\n" for age in AGES))
    for number in range(3):
        (tmp_path / f"other{number}.csv").write_text("x\n1.5\n")
    data = imported(tmp_path / "faces.npy")
    assert [*ages(data).values()] == AGES
    assert "3 tables beside the source do not fit it. ../other0.csv was not used" in (
        warnings_of(data)
    )
    (tmp_path / "meta.csv").write_text("age\n" + "".join(f"{2 * age}\n" for age in AGES))
    assert [*ages(imported(tmp_path / "faces.npy")).values()] == [2 * age for age in AGES]
