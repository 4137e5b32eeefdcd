"""What the cells of a column turn out to be: numbers, classes, tags, or the split."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.vae.data.tables.samples import attached, said, texts
from vae.data.tables.attributes import kind_of

# ---------------------------------------------------------------------------- cells


@pytest.mark.parametrize(
    "nothing", ["", "None", "none", "NaN", "nan", "null", "NA", "N/A", "-", "."]
)
def test_a_cell_without_a_value_leaves_a_column_of_numbers(nothing: str) -> None:
    rows = [f"{index}.png,{index + 0.5}" for index in range(40)]
    rows[7] = f"7.png,{nothing}"
    found = attached({"t.csv": "file,age\n" + "\n".join(rows)}, [f"{n}.png" for n in range(40)])
    age = found.columns["age"]
    assert age.values.dtype == np.float32
    assert texts(age) == [None if n == 7 else n + 0.5 for n in range(40)]
    assert kind_of(age.classes) == "number"


def test_true_false_yes_and_no_are_two_classes() -> None:
    cells = ["True", "false", "YES", "no", "", "None"]
    rows = [f"{index}.png,{cell}" for index, cell in enumerate(cells)]
    found = attached({"t.csv": "file,hat\n" + "\n".join(rows)}, [f"{n}.png" for n in range(6)])
    hat = found.columns["hat"]
    assert hat.classes == ("no", "yes", "unknown")
    assert texts(hat) == ["yes", "no", "yes", "no", None, None]
    assert kind_of(hat.classes) == "yes/no"


def test_numbers_past_what_a_float_holds_are_unknown() -> None:
    found = attached({"t.csv": "file,x\n1.png,1e300\n2.png,0.5\n3.png,inf\n"}, list("123"))
    assert texts(found.columns["x"]) == [None, 0.5, None]


TAGS = ["1girl", "blue_hair", "smile", "hat", "long_hair"]


def tagged(index: int) -> list[str]:
    return [tag for j, tag in enumerate(TAGS) if j == 0 or (index >> (j - 1)) & 1]


@pytest.mark.parametrize(
    ("column", "separator", "quote"),
    [
        ("tag_string", " ", ""),
        ("tags", ",", '"'),
        ("anything", ", ", '"'),
        ("anything", " ", ""),
        ("Finding Labels", "|", ""),
    ],
)
def test_lists_of_tags_become_a_column_of_yes_and_no_for_each(
    column: str, separator: str, quote: str
) -> None:
    rows = [f"{n}.png,{quote}{separator.join(tagged(n))}{quote}" for n in range(16)]
    found = attached(
        {"t.csv": f"file,{column}\n" + "\n".join(rows)}, [f"{n}.png" for n in range(17)]
    )
    assert set(found.columns) == set(TAGS)
    for tag in TAGS:
        expected = ["yes" if tag in tagged(n) else "no" for n in range(16)]
        assert texts(found.columns[tag]) == [*expected, None]
        assert kind_of(found.columns[tag].classes) == "yes/no"
    assert said(found, column, "5 frequent tags")


def test_tags_that_no_two_images_share_are_left_out() -> None:
    rows = [f"{n}.png,x{n} y{n}" for n in range(5)]
    found = attached({"t.csv": "file,tags\n" + "\n".join(rows)}, [f"{n}.png" for n in range(5)])
    assert (found.columns, found.left_out) == ({}, ["tags"])


def test_lists_in_json_are_tags() -> None:
    lines = [json.dumps({"file_name": f"{n}.png", "with": tagged(n)[1:]}) for n in range(16)]
    found = attached({"m.jsonl": "\n".join(lines)}, [f"{n}.png" for n in range(16)])
    assert set(found.columns) == set(TAGS[1:])
    assert texts(found.columns["hat"]) == ["yes" if n & 4 else "no" for n in range(16)]


def test_of_many_tags_the_frequent_ones_become_columns() -> None:
    rng = np.random.default_rng(0)
    rows = []
    for n in range(1000):
        own = [f"common_{j}" for j in range(80) if rng.random() < 0.2] + [f"rare_{n}"]
        rows.append(f"{n}.png,{' '.join(own)}")
    found = attached({"t.csv": "file,tags\n" + "\n".join(rows)}, [f"{n}.png" for n in range(1000)])
    assert len(found.columns) == 50
    assert all(name.startswith("common_") for name in found.columns)


@pytest.mark.parametrize(
    "cells",
    [
        ["light brown", "dark brown", "black", "light brown"] * 4,
        [f"a photo of a cat with {n} hats" for n in range(16)],
        [f"{n} {n + 1} 3 4" for n in range(16)],
    ],
)
def test_classes_of_two_words_sentences_and_lists_of_numbers_are_no_tags(cells: list[str]) -> None:
    rows = [f"{index}.png,{cell}" for index, cell in enumerate(cells)]
    found = attached({"t.csv": "file,x\n" + "\n".join(rows)}, [f"{n}.png" for n in range(16)])
    assert texts(found.columns["x"]) == cells


# ---------------------------------------------------------------------------- splits


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.csv", "file,split\n1.png,train\n2.png,val\n3.png,test\n"),
        ("t.csv", "file,which\n1.png,Training\n2.png,VALID\n3.png,testing\n"),
        ("t.csv", "file,partition\n1.png,0\n2.png,1\n3.png,2\n"),
        ("list_eval_partition.txt", "1.png 0\n2.png 1\n3.png 2\n"),
        ("splits.txt", "1 train\n2 val\n3 test\n"),
        ("partition.csv", "1.png,0\n2.png,1\n3.png,2\n"),
        (
            "metadata.jsonl",
            '{"file_name": "1.png", "split": "train"}\n{"file_name": "2.png", "split": "dev"}\n'
            '{"file_name": "3.png", "split": "test"}\n',
        ),
    ],
)
def test_a_column_of_split_words_or_numbers_is_the_split(name: str, text: str) -> None:
    found = attached({name: text}, ["1.png", "2.png", "3.png", "4.png"])
    assert found.splits == ["train", "validation", "test", ""]
    assert found.columns == {}


@pytest.mark.parametrize(
    ("column", "splits"),
    [
        ("is_train", ["train", "test", ""]),
        ("is_valid", ["validation", "train", ""]),
        ("Is_Test", ["test", "train", ""]),
    ],
)
@pytest.mark.parametrize("words", [("True", "False"), ("1", "0"), ("yes", "no")])
def test_a_column_that_says_yes_of_one_split_is_the_split(
    column: str, splits: list[str], words: tuple[str, str]
) -> None:
    table = f"file,{column}\n1.png,{words[0]}\n2.png,{words[1]}\n"
    assert attached({"t.csv": table}, ["1.png", "2.png", "3.png"]).splits == splits


def test_lists_named_after_splits_are_the_split() -> None:
    tables = {"train.txt": "1\n2\n", "val.txt": "3 7\n", "test.csv": "file,age\n4.png,0.5\n"}
    found = attached(tables, [f"images/{n}.png" for n in range(1, 6)])
    assert found.splits == ["train", "train", "validation", "test", ""]
    assert texts(found.columns["label"]) == [None, None, "7", None, None]
    assert texts(found.columns["age"]) == [None, None, None, 0.5, None]


def test_a_list_for_validation_alone_is_no_split_and_said() -> None:
    paths = [f"{n}.png" for n in range(4)]
    found = attached({"valid_images.csv": "file\n0.png\n1.png\n2.png\n"}, paths)
    assert found.splits is None
    assert said(found, "valid_images.csv", "for training")


def test_a_column_that_is_no_split_stays_a_column() -> None:
    found = attached({"t.csv": "file,kind,set\n1.png,test,7\n2.png,probe,8\n"}, ["1.png", "2.png"])
    assert found.splits is None
    assert texts(found.columns["kind"]) == ["test", "probe"]
    assert texts(found.columns["set"]) == [7.0, 8.0]
