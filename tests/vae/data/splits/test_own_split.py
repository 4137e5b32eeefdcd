"""Which split a name says, and in which order the images of the splits come."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from vae.data.splits.own_split import split_of_name, split_order, splits_of_names
from vae.data.tables.growing_column import GrowingColumn


@pytest.mark.parametrize(
    ("path", "split"),
    [
        ("data/train-00000-of-00002.parquet", "train"),
        ("data/validation-00000-of-00001.parquet", "validation"),
        ("val/0000.parquet", "validation"),
        ("dev.parquet", "validation"),
        ("test.parquet", "test"),
        ("my_test_file.parquet", "test"),
        ("train/test.parquet", "test"),
        ("imagenet-val-000003.tar", "validation"),
        ("TRAIN00.parquet", "train"),
        ("pets_trainset.parquet", "train"),
        ("xtest.h5", "test"),
        ("contest/constrained.parquet", ""),
        ("0000.parquet", ""),
    ],
)
def test_a_file_name_tells_its_split_by_whole_words(path: str, split: str) -> None:
    assert split_of_name(path) == split


@pytest.mark.parametrize(
    ("paths", "splits"),
    [
        ("tr-000.tar tr-001.tar te-000.tar", "train train test"),
        ("a/pets_tr.parquet a/pets_va.parquet", "train validation"),
        ("tr.parquet de.parquet", None),  # languages
    ],
)
def test_short_words_in_file_names_count_among_others(paths: str, splits: str | None) -> None:
    expected = splits.split() if splits else [""] * len(paths.split())
    assert splits_of_names(paths.split()) == expected


def test_validation_comes_last_and_test_takes_its_place_only_where_there_is_none() -> None:
    both = split_order(["test", "train", "validation", "", "test"])
    assert both.order.tolist() == [1, 3, 2]
    assert both.validation_from == 2
    assert both.apart.tolist() == [0, 4]
    assert "2 test images are kept apart" in both.warnings[0]
    only_test = split_order(["test", "train", ""])
    assert only_test.order.tolist() == [1, 2, 0]
    assert only_test.validation_from == 2
    assert only_test.apart.tolist() == []
    for no_split in (["train", ""], ["test", "test"], ["validation", "test"], []):
        one_side = split_order(no_split)
        assert one_side.validation_from is None
        assert one_side.order.tolist() == list(range(len(no_split)))


def test_a_growing_column_is_numbers_truths_or_texts() -> None:
    def column(cells: Sequence[object]) -> tuple[list[object], tuple[str, ...]] | None:
        growing = GrowingColumn(len(cells))
        for index, cell in enumerate(cells):
            growing.put(index, cell)
        found = growing.column()
        return found and (found.values.tolist(), found.classes)

    assert column([True, False, None]) == ([1, 0, 2], ("no", "yes", "unknown"))
    assert column(["7\n", 3, ""]) == ([1, 0, 2], ("3", "7", "unknown"))
    assert column([0.5, float("inf")])[0][0] == 0.5  # type: ignore[index]
    assert column(["b", 7, None, "a"]) == ([2, 0, 3, 1], ("7", "a", "b", "unknown"))
    assert column([None, None]) is None
    assert column([f"text {index}" for index in range(300)]) is None
