"""Image sets in Parquet files come out as the images and values that were written."""

from __future__ import annotations

import gc
import json
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.vae.data.containers.samples import (
    loaded,
    opened,
    picture,
    pixels,
    png,
    reasons,
    values,
    write_parquet,
)
from vae.data.sources import locate
from vae.errors import InputError


def test_a_folder_of_parquet_parts_is_its_images_with_classes_and_the_split_of_its_names(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "pets"
    for name, seeds in (
        ("data/test-00000-of-00001", range(20, 25)),
        ("data/train-00000-of-00002", range(10)),
        ("data/train-00001-of-00002", range(10, 20)),
    ):
        labels = pa.array([seed % 2 for seed in seeds], pa.int64())
        sizes = pa.array([seed / 10 for seed in seeds], pa.float32())
        write_parquet(folder / f"{name}.parquet", seeds, label=labels, size=sizes)
    (folder / "README.md").write_text("# Pets")
    data = loaded(folder)
    assert list(data.names) == [f"{seed}.png" for seed in range(25)]
    assert all(map(np.array_equal, pixels(data), map(picture, range(25))))
    assert data.validation_from == 20
    assert values(data, "label") == [("cat", "dog")[seed % 2] for seed in range(25)]
    assert values(data, "size") == pytest.approx([seed / 10 for seed in range(25)])
    assert reasons(data) == {"other": 1}
    assert data.warnings == [
        "The test images are used for validation, as there are no others for it."
    ]
    trained = opened(folder, tmp_path)
    assert trained.train.tolist() == list(range(20))
    assert trained.validation.tolist() == list(range(20, 25))
    assert all(map(np.array_equal, trained.take(np.arange(25)), map(picture, range(25))))


def test_with_validation_files_the_test_images_are_kept_apart(tmp_path: Path) -> None:
    for split, seeds in (("train", [1, 2]), ("validation", [3]), ("test", [4, 5])):
        write_parquet(tmp_path / "set" / split / "0000.parquet", seeds, paths=False)
    data = loaded(tmp_path / "set")
    assert list(data.names) == [
        "train/0000.parquet/0",
        "train/0000.parquet/1",
        "validation/0000.parquet/0",
    ]
    assert all(map(np.array_equal, pixels(data), map(picture, [1, 2, 3])))
    assert reasons(data) == {"test": 2}
    assert "2 test images are kept apart" in data.warnings[0]


def test_rows_are_read_in_any_order(tmp_path: Path) -> None:
    write_parquet(tmp_path / "a.parquet", range(11))
    data = loaded(tmp_path / "a.parquet")
    for index in (10, 0, 5, 4, 9, 9, 1):
        assert np.array_equal(np.asarray(data.read(index)), picture(index))


def test_plain_binary_columns_are_images_where_their_values_are(tmp_path: Path) -> None:
    table = pa.table(
        {
            "checksum": pa.array([b"\0\1", b"\2\3"], pa.binary()),
            "mask": pa.array([png(8), png(9)], pa.large_binary()),
            "img": pa.array([png(1), png(2)], pa.large_binary()),
            "split": ["a", None],
            "seen": [True, None],
            "tags": [["a"], ["b"]],
            "class": pa.array(["x", "y"]).dictionary_encode(),
        }
    )
    pq.write_table(table, tmp_path / "plain.parquet")
    data = loaded(tmp_path / "plain.parquet")
    assert all(map(np.array_equal, pixels(data), map(picture, [1, 2])))
    assert values(data, "split") == ["a", "unknown"]
    assert values(data, "seen") == ["yes", "unknown"]
    assert values(data, "class") == ["x", "y"]
    assert data.columns_left_out == ["checksum", "tags"]
    assert data.warnings == [
        "The images are the column 'img'; those of the column 'mask' are not used."
    ]


def test_labels_that_are_not_known_are_a_class_of_their_own(tmp_path: Path) -> None:
    write_parquet(tmp_path / "s" / "train.parquet", [1, 2], label=pa.array([1, -1]))
    write_parquet(tmp_path / "s" / "test.parquet", [3])
    data = loaded(tmp_path / "s")
    assert values(data, "label") == ["dog", "unknown", "unknown"]


def test_broken_rows_and_files_are_counted_and_the_rest_is_used(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    cells = [{"bytes": png(1)}, {"bytes": None}, None, {"bytes": b"no image"}, {"bytes": png(2)}]
    kind = pa.struct([("bytes", pa.binary())])
    pq.write_table(pa.table({"image": pa.array(cells, kind)}), folder / "a.parquet")
    (folder / "b.parquet").write_bytes((folder / "a.parquet").read_bytes()[:300])
    pq.write_table(pa.table({"n": [1]}), folder / "c.parquet")
    data = opened(folder, tmp_path)
    assert data.manifest["counts"] == {"used": 2, "broken": 4, "other": 1}
    examples = data.manifest["examples"]
    assert isinstance(examples, dict)
    assert "0x" not in json.dumps(examples)


def test_parts_that_are_missing_are_told(tmp_path: Path) -> None:
    write_parquet(tmp_path / "set" / "data" / "train-00001-of-00003.parquet", [1])
    assert loaded(tmp_path / "set").warnings == ["Of the 3 parts of data/train only 1 is there."]


def test_an_edited_parquet_file_is_imported_again(tmp_path: Path) -> None:
    write_parquet(tmp_path / "a.parquet", [1, 2])
    first = opened(tmp_path / "a.parquet", tmp_path).fingerprint
    write_parquet(tmp_path / "a.parquet", [1, 2, 3])
    assert opened(tmp_path / "a.parquet", tmp_path).fingerprint != first


def test_a_large_row_group_is_read_in_little_memory(tmp_path: Path) -> None:
    noise = np.random.default_rng(0)
    head = png(0)
    cells = [head + noise.bytes(20_000) for _ in range(4000)]  # 80 MB, all in one row group
    table = pa.table({"image": pa.array(cells, pa.binary())})
    pq.write_table(table, tmp_path / "one.parquet", write_batch_size=64)
    del cells, table
    gc.collect()
    assert pq.ParquetFile(tmp_path / "one.parquet").num_row_groups == 1
    data = loaded(tmp_path / "one.parquet")
    before, most = pa.total_allocated_bytes(), 0
    for index in range(len(data.names)):
        data.read(index)
        most = max(most, pa.total_allocated_bytes())
    assert most - before < 30_000_000


def test_a_folder_with_images_and_a_parquet_table_is_a_folder_of_images(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "1.png").write_bytes(png(1))
    pq.write_table(pa.table({"file_name": ["1.png"]}), tmp_path / "set" / "metadata.parquet")
    source = locate(str(tmp_path / "set"), tmp_path)
    assert source.kind == "folder"
    assert list(source.load().names) == ["1.png"]


def test_parquet_without_pyarrow_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_parquet(tmp_path / "a.parquet", [1])
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(InputError, match=r"need the package pyarrow \(pip install pyarrow\)"):
        loaded(tmp_path / "a.parquet")
