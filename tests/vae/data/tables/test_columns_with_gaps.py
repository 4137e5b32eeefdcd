"""Numbers, tags, splits and files that are not quite as they should be."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.vae.data.tables.samples import attached, said, texts
from vae.data.tables.attributes import kind_of
from vae.data.tables.growing_column import GrowingColumn

NOTHING = ["", "None", "NaN", "null"]


def table(name: str, cells: list[str]) -> dict[str, str | bytes]:
    rows = [f"{index}.png,{cell}" for index, cell in enumerate(cells)]
    return {"t.csv": f"file,{name}\n" + "\n".join(rows) + "\n"}


def paths(num: int) -> list[str]:
    return [f"{index}.png" for index in range(num)]


# ---------------------------------------------------------------------------- whole numbers


@pytest.mark.parametrize("num", [3, 20, 30, 40])
@pytest.mark.parametrize("form", ["{}", "{}.0"])
@pytest.mark.parametrize("step", [3, 7])
def test_ages_are_numbers_with_and_without_gaps(num: int, form: str, step: int) -> None:
    cells = [form.format(5 + index * step) for index in range(num)]
    for gaps in ({}, {1: "NaN"}, dict(zip(range(0, num - 2, 4), NOTHING, strict=False))):
        written = [gaps.get(index, cell) for index, cell in enumerate(cells)]
        age = attached(table("age", written), paths(num)).columns["age"]
        assert kind_of(age.classes) == "number"
        expected = [None if n in gaps else 5.0 + n * step for n in range(num)]
        assert texts(age) == expected


@pytest.mark.parametrize("nothing", NOTHING)
def test_two_numbers_and_a_gap_are_numbers(nothing: str) -> None:
    age = attached(table("age", ["7.0", nothing, "14.0"]), paths(3)).columns["age"]
    assert (kind_of(age.classes), texts(age)) == ("number", [7.0, None, 14.0])


def test_null_in_json_leaves_numbers() -> None:
    lines = [json.dumps({"file_name": f"{n}.png", "n": v}) for n, v in enumerate([3, None, 4])]
    column = attached({"m.jsonl": "\n".join(lines)}, paths(3)).columns["n"]
    assert (kind_of(column.classes), texts(column)) == ("number", [3.0, None, 4.0])


@pytest.mark.parametrize(
    ("name", "kind"), [("n", "class"), ("label", "class"), ("identity", "class")]
)
def test_repeated_digits_are_classes_with_and_without_gaps(name: str, kind: str) -> None:
    cells = [str(index % 10) for index in range(30)]
    for gaps in ({}, dict(zip(range(0, 30, 5), NOTHING, strict=False))):
        written = [gaps.get(index, cell) for index, cell in enumerate(cells)]
        assert kind_of(attached(table(name, written), paths(30)).columns[name].classes) == kind


@pytest.mark.parametrize("name", ["label", "class_id", "Class", "identity"])
def test_distinct_numbers_called_classes_are_classes(name: str) -> None:
    cells = [str(index * 3) for index in range(20)]
    assert kind_of(attached(table(name, cells), paths(20)).columns[name].classes) == "class"


@pytest.mark.parametrize("name", ["age", "Age", "lefteye_x", "x_1", "nose_y", "width"])
def test_repeated_ages_and_places_are_numbers_by_their_names(name: str) -> None:
    for cells in (["20", "21", "20", ""], [str(20 + n % 12) for n in range(40)]):
        column = attached(table(name, cells), paths(len(cells))).columns[name]
        assert texts(column) == [float(cell) if cell else None for cell in cells]


@pytest.mark.parametrize("name", ["age_group", "y", "x"])
def test_groups_and_yes_or_no_are_classes_by_their_names(name: str) -> None:
    column = attached(table(name, ["0", "1", "1", "0", ""]), paths(5)).columns[name]
    assert texts(column) == ["0", "1", "1", "0", None]


@pytest.mark.parametrize("cells", ["0 1", "1 -1", "0 1 2", "1 2 3 4", "7 7 7", "5"])
def test_a_handful_that_counts_up_or_repeats_is_classes(cells: str) -> None:
    written = cells.split()
    column = attached(table("n", written), paths(len(written))).columns["n"]
    assert texts(column) == written


def test_gaps_change_nothing_of_what_a_column_is() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        values = rng.integers(0, rng.integers(2, 60), rng.integers(1, 40)).astype(str).tolist()
        places = set(rng.integers(0, len(values), 4).tolist())
        gapped = [NOTHING[n % 4] if n in places else value for n, value in enumerate(values)]
        known = [value for n, value in enumerate(values) if n not in places]
        if not known:
            continue
        with_gaps = attached(table("n", gapped), paths(len(gapped))).columns["n"]
        without = attached(table("n", known), paths(len(known))).columns["n"]
        assert kind_of(with_gaps.classes) == kind_of(without.classes)
        assert [cell for cell in texts(with_gaps) if cell is not None] == texts(without)


@pytest.mark.parametrize("nothing", [*NOTHING, None, float("nan")])
def test_a_value_that_is_none_leaves_a_growing_column_as_it_is(nothing: object) -> None:
    for values in ([0.5, 1.5], [True, False]):
        column = GrowingColumn(3)
        for index, value in enumerate([*values, nothing]):
            column.put(index, value)
        found = column.column()
        assert found is not None
        assert texts(found)[2] is None
        assert kind_of(found.classes) == ("number" if values == [0.5, 1.5] else "yes/no")


# ---------------------------------------------------------------------------- lists of tags

TAGS = ["1girl", "it's", "long hair", 'a "b"']


@pytest.mark.parametrize("write", [str, json.dumps, lambda tags: f"[{', '.join(tags)}]"])
@pytest.mark.parametrize("name", ["tags", "anything"])
def test_lists_as_python_and_json_write_them_are_tags(name: str, write: object) -> None:
    assert callable(write)
    own = [[tag for j, tag in enumerate(TAGS) if n >> j & 1] for n in range(16)]
    cells = ['"' + write(tags).replace('"', '""') + '"' for tags in own]
    found = attached(table(name, cells), paths(16))
    assert set(found.columns) == set(TAGS)
    for tag in TAGS:
        assert texts(found.columns[tag]) == ["yes" if tag in tags else "no" for tags in own]


def test_lists_of_numbers_in_brackets_are_no_tags() -> None:
    cells = [f'"[{n}, {n % 3}, 1]"' for n in range(16)]
    assert set(attached(table("box", cells), paths(16)).columns) <= {"box"}
    cells = [f"[{n % 3} {n % 2}]" for n in range(16)]
    assert set(attached(table("box", cells), paths(16)).columns) <= {"box"}


# ---------------------------------------------------------------------------- files


@pytest.mark.parametrize(
    ("name", "text", "parts"),
    [
        ("dataset.json", '{"labels": [["1.png",', ["line 1, character 22"]),
        ("x/dataset.json", "", ["no JSON", "line 1"]),
        ("metadata.json", 'oops\n{"a": 1', ["line 1, character 1"]),
        ("faces.json", '\ufeff[{"file_name":\n"1.png" 3}]', ["line 2, character 9"]),
        ("metadata.jsonl", '{"file_name": "1.png"', ["line 1, character 22"]),
        ("dataset.json", "3", ["neither an object nor a list"]),
    ],
)
def test_a_file_meant_as_a_table_that_cannot_be_read_is_said(
    name: str, text: str, parts: list[str]
) -> None:
    found = attached({name: text}, ["1.png", "x/2.png"])
    assert len(found.warnings) == 1
    assert said(found, name, "could not be read as a table", *parts)


def test_a_text_that_only_has_the_suffix_is_passed_over() -> None:
    found = attached({"notes.json": "some notes"}, ["1.png"])
    assert (found.warnings, found.passed_over) == ([], ["notes.json"])


# ---------------------------------------------------------------------------- splits


@pytest.mark.parametrize("name", ["fold", "split"])
def test_an_odd_word_in_a_split_counts_as_training_and_is_said(name: str) -> None:
    found = attached(table(name, ["train", "train", "valid", "foo", ""]), paths(5))
    assert found.splits == ["train", "train", "validation", "", ""]
    assert found.columns == {}
    assert said(found, name, "'foo'", "training images")


@pytest.mark.parametrize("cells", ["train car bus", "train test car bus ship", "test car test car"])
def test_words_that_are_mostly_no_splits_stay_a_column(cells: str) -> None:
    found = attached(table("what", cells.split()), paths(len(cells.split())))
    assert found.splits is None
    assert texts(found.columns["what"]) == cells.split()
