"""Tables of every format and encoding have the same cells."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vae.data.tables.samples import attached, many, said, texts
from vae.data.tables.attributes import kind_of


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.csv", "file,age,hair\n1.png,10.5,red\n2.png,20.5,blue\n"),
        ("t.csv", "file, age, hair\r\n1.png, 10.5, red\r\n\r\n2.png, 20.5, blue"),
        ("t.csv", 'hair,age,file\n"red",10.5,"1.png"\n"blue","20.5","2.png"\n'),
        ("t.csv", "file;age;hair\n1.png;10,5;red\n2.png;20,5;blue\n"),
        ("t.csv", "sep=;\nfile;age;hair\n1.png;10,5;red\n2.png;20,5;blue\n"),
        ("t.csv", "file\tage\thair\n1.png\t10.5\tred\n2.png\t20.5\tblue\n"),
        ("t.csv", ",file,age,hair\n0,1.png,10.5,red\n1,2.png,20.5,blue\n"),
        ("t.csv", "file,age,hair\r1.png,10.5,red\r2.png,20.5,blue\r"),
        ("t.tsv", "file\tage\thair\n1.png\t10.5\tred\n2.png\t20.5\tblue\n"),
        ("t.txt", "file age hair\n1.png 10.5   red\n2.png 20.5  blue\n"),
        ("t.txt", 'file age hair\n"1.png"  10.5 red\n2.png 20.5 "blue"\n'),
        ("t.txt", "age hair\n1.png 10.5   red\n2.png 20.5  blue\n"),
        ("t.txt", "2\nage hair\n1.png 10.5 red\n2.png 20.5 blue\n"),
        ("t.txt", "# file, age, hair\n1.png, 10.5, red\n2.png, 20.5, blue\n"),
        (
            "metadata.jsonl",
            '{"file_name": "1.png", "age": 10.5, "hair": "red"}\n'
            '{"hair": "blue", "file_name": "2.png", "age": 20.5}\n',
        ),
        (
            "t.json",
            '[{"file_name": "1.png", "age": 10.5, "hair": "red"},\n'
            ' {"file_name": "2.png", "age": 20.5, "hair": "blue"}]\n',
        ),
        (
            "t.json",
            '{"1.png": {"age": 10.5, "hair": "red"},\n "2.png": {"age": 20.5, "hair": "blue"}}',
        ),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_each_format_and_encoding_gives_the_same_columns(
    name: str, text: str, encoding: str
) -> None:
    found = attached({name: text.encode(encoding)}, ["1.png", "2.png", "3.png"])
    assert texts(found.columns["age"]) == [10.5, 20.5, None]
    assert texts(found.columns["hair"]) == ["red", "blue", None]
    assert found.columns.keys() == {"age", "hair"}
    assert len(found.warnings) == 1
    assert said(found, "1 of 3 images have no row", "'3.png'", "'1.png'")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_known_by_all_of_a_text_not_by_its_first_letters(encoding: str) -> None:
    table = "\u540d\u524d,\u90fd\u5e02\n\u65e5\u672c1.png,\u6771\u4eac\n".encode(encoding)
    found = attached({"t.csv": table}, ["\u65e5\u672c1.png"])
    assert texts(found.columns["\u90fd\u5e02"]) == ["\u6771\u4eac"]
    assert found.warnings == []


def test_a_broken_line_of_json_is_not_said_to_lack_cells() -> None:
    found = attached({"t.jsonl": '{"file": "1.png", "age": 1.5}\n{oops\n'}, ["1.png"])
    assert said(found, "t.jsonl: 1 line could not be read", "line 2: expected an object in JSON")


def test_a_zero_byte_in_utf_8_does_not_make_it_utf_16() -> None:
    found = attached({"t.csv": b"file,city\n1.png,K\0ln\n2.png,Bonn\n"}, ["1.png", "2.png"])
    assert texts(found.columns["city"])[1] == "Bonn"


def test_a_table_in_cp1252_keeps_its_letters() -> None:
    table = "file,stra\u00dfe\nm\u00fcller.png,K\u00f6ln\n".encode("cp1252")
    found = attached({"t.csv": table}, ["m\u00fcller.png"])
    assert texts(found.columns["stra\u00dfe"]) == ["K\u00f6ln"]
    cut = "file,city\n1.png,K\u00f6".encode()[:-1]  # UTF-8 that ends within a letter
    assert texts(attached({"t.csv": cut}, ["1.png"]).columns["city"]) == ["K\ufffd"]


CELEBA = [f"img_align_celeba/{index:06}.jpg" for index in range(1, 4)]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("folder", ["", "celeba/", "../"])
def test_the_tables_of_celeba_are_read(folder: str, end: str) -> None:
    below = folder.replace("../", "")
    paths = [path.split("/")[1] if folder == "../" else below + path for path in CELEBA]
    tables = {
        "list_attr_celeba.txt": "3\nSmiling Young \n000001.jpg -1  1\n000002.jpg  1  1\n"
        "000003.jpg 1 -1\n",
        "identity_CelebA.txt": "000001.jpg 2880\n000002.jpg 2937\n000003.jpg 2880\n",
        "list_landmarks_align_celeba.txt": "3\nlefteye_x lefteye_y\n000001.jpg 69  109\n"
        "000002.jpg 69  110\n000003.jpg 76  112\n",
        "list_bbox_celeba.txt": "3\nimage_id x_1 y_1 width height\n000001.jpg    95  71 226 313\n"
        "000002.jpg    72  94 221 306\n000003.jpg   216  59  91 126\n",
        "list_eval_partition.txt": "000001.jpg 0\n000002.jpg 1\n000003.jpg 2\n",
    }
    found = attached(
        {folder + name: text.replace("\n", end) for name, text in tables.items()}, paths
    )
    assert found.warnings == []
    assert found.passed_over == []
    assert found.splits == ["train", "validation", "test"]
    told = {name: texts(column) for name, column in found.columns.items()}
    assert told == {
        "Smiling": ["-1", "1", "1"],
        "Young": ["1", "1", "-1"],
        "identity": ["2880", "2937", "2880"],
        "lefteye_x": [69.0, 69.0, 76.0],
        "lefteye_y": [109.0, 110.0, 112.0],
        "x_1": [95.0, 72.0, 216.0],
        "y_1": [71.0, 94.0, 59.0],
        "width": [226.0, 221.0, 91.0],
        "height": [313.0, 306.0, 126.0],
    }
    assert kind_of(found.columns["Smiling"].classes) == "yes/no"
    assert kind_of(found.columns["identity"].classes) == "class"


def test_the_tables_of_celeba_as_csv_are_read() -> None:
    tables = {
        "list_attr_celeba.csv": "image_id,Smiling\n000001.jpg,-1\n000002.jpg,1\n000003.jpg,1\n",
        "list_eval_partition.csv": "image_id,partition\n000001.jpg,0\n000002.jpg,0\n000003.jpg,2\n",
        "identity_CelebA.csv": "000001.jpg,5\n000002.jpg,5\n000003.jpg,6\n",
    }
    found = attached(tables, CELEBA)
    assert found.warnings == []
    assert found.splits == ["train", "train", "test"]
    assert texts(found.columns["Smiling"]) == ["-1", "1", "1"]
    assert texts(found.columns["identity"]) == ["5", "5", "6"]


def test_metadata_of_hugging_face_is_flattened_where_it_is_simple() -> None:
    lines = [
        {
            "file_name": f"{index}.png",
            "who": {"age": index + 0.5, "glasses": index == 0},
            "objects": {"bbox": [[1, 2, 3, 4]], "categories": [0]},
            "text": None,
        }
        for index in range(2)
    ]
    text = "\n".join(map(json.dumps, lines))
    found = attached({"metadata.jsonl": text}, ["0.png", "1.png"])
    assert {name: texts(column) for name, column in found.columns.items()} == {
        "who.age": [0.5, 1.5],
        "who.glasses": ["yes", "no"],
        "categories 0": ["yes", "yes"],
    }
    assert said(found, "metadata.jsonl: objects.bbox is not used, as there are lists of numbers")
    assert said(found, "objects.categories was read as lists of tags")


@pytest.mark.parametrize("suffix", ["jsonl", "json"])
def test_lists_and_objects_in_some_rows_are_used_or_said(suffix: str) -> None:
    objects: list[object] = [
        {"bbox": [], "categories": []},
        {"bbox": [[1, 2, 3, 4], [5, 6, 7, 8]], "categories": ["cat", "dog"]},
        {"bbox": [[1, 2, 3, 4]], "categories": ["cat"]},
        None,
        {"bbox": [[1, 2, 3, 4]], "categories": ["dog"], "of": {"a": {"b": {"c": {"d": 1}}}}},
    ]
    rows = [{"file_name": f"{n}.png", "objects": value} for n, value in enumerate(objects)]
    text = json.dumps(rows) if suffix == "json" else "\n".join(map(json.dumps, rows))
    found = attached({f"metadata.{suffix}": text}, [f"{n}.png" for n in range(5)])
    assert {name: texts(column) for name, column in found.columns.items()} == {
        "cat": ["no", "yes", "yes", None, "no"],
        "dog": ["no", "yes", "no", None, "yes"],
    }
    assert found.left_out == []
    assert said(found, "objects.bbox, objects.of.a.b are not used", "lists of numbers")


def test_objects_in_a_list_are_what_each_of_them_says() -> None:
    rows = [
        {"file_name": "0.png", "faces": [{"kind": "cat", "box": [0, 1]}, {"kind": "dog"}]},
        {"file_name": "1.png", "faces": [{"kind": "cat", "box": [0, 1]}, {"kind": "cat"}]},
        {"file_name": "2.png", "faces": [{"kind": "dog"}]},
    ]
    text = "\n".join(map(json.dumps, rows))
    found = attached({"metadata.jsonl": text}, [f"{n}.png" for n in range(3)])
    assert {name: texts(column) for name, column in found.columns.items()} == {
        "cat": ["yes", "yes", "no"],
        "dog": ["yes", "no", "yes"],
    }
    assert said(found, "faces.box is not used")


@pytest.mark.parametrize(
    ("labels", "columns"),
    [
        ([3, 5], {"label": ["3", "5"]}),
        ([[0, 1, 0], [1, 0, 0]], {"label": ["1", "0"]}),
        ([[0.5, 1.5], [2.5, 3.5]], {"label 0": [0.5, 2.5], "label 1": [1.5, 3.5]}),
        ([4, None], {"label": ["4", None]}),
        ([None, None], {}),
    ],
)
def test_the_labels_of_stylegan_are_read(labels: list[object], columns: object) -> None:
    paths = ["00000/img00000000.png", "00000/img00000001.png"]
    text = json.dumps({"labels": [list(pair) for pair in zip(paths, labels, strict=True)]})
    found = attached({"dataset.json": text}, paths)
    assert {name: texts(column) for name, column in found.columns.items()} == columns
    assert found.warnings == []


def test_a_dataset_json_without_labels_and_texts_about_something_else_are_passed_over() -> None:
    tables = {
        "dataset.json": '{"labels": null}',
        "config.json": '{"size": 64, "names": {"a": 1}}',
        "broken.json": "broken",
        "README.txt": "Faces, drawn by hand.\nSee 1.png, which is nice.\n" + "More words.\n" * 3,
        "notes.txt": "hello",
    }
    found = attached(tables, ["1.png", "2.png"])
    assert (found.columns, found.warnings) == ({}, [])
    assert set(found.passed_over) == set(tables)


def test_malformed_lines_are_said_and_the_others_are_read() -> None:
    table = 'file,age\n1.png,0.5\n2.png\n3.png,1.5,more\n4.png,"2.5\n5.png,3.5\n\x006.png,4.5\n'
    paths = [f"{index}.png" for index in range(1, 7)]
    found = attached({"t.csv": table}, paths)
    assert texts(found.columns["age"]) == [0.5, None, None, None, 3.5, None]
    assert said(found, "t.csv: 3 lines could not be read", "line 3", "2 cells")
    table = "file,age\n" + "".join(f'{index}.png,"{index}.5\n' for index in range(1, 7))
    found = attached({"t.csv": table}, paths)
    assert found.columns == {}
    assert said(found, "t.csv: 6 lines could not be read", "line 2")
    lines = '{"file_name": "1.png", "age": 0.5}\noops\n[1]\n{"file_name": "2.png", "age": 1.5}\n'
    found = attached({"m.jsonl": lines}, ["1.png", "2.png"])
    assert texts(found.columns["age"]) == [0.5, 1.5]
    assert said(found, "m.jsonl: 2 lines could not be read", "line 2")


def test_columns_past_the_limit_are_said() -> None:
    header = ",".join(f"c{j}" for j in range(400))
    table = f"file,{header}\n1.png,{','.join(map(str, range(400)))}\n"
    found = attached({"t.csv": table}, ["1.png"])
    assert len(found.columns) == 255
    assert said(found, "t.csv has 401 columns", "256")


def test_names_in_json_that_are_no_text_are_made_one() -> None:
    line = '{"file_name": "1.png", "a\\ud800": "b\\ud800", "n": 0.5}'
    found = attached({"m.jsonl": f"{line}\n"}, ["1.png"])
    assert {name: texts(column) for name, column in found.columns.items()} == {
        "a?": ["b?"],
        "n": [0.5],
    }


@pytest.mark.parametrize(
    ("suffix", "separator", "cells", "numbers"),
    [
        ("csv", ";", ["1,234", "5"], [1.234, 5]),
        ("csv", ",", ['"1,234"', "5"], [1234, 5]),
        ("tsv", "\t", ["1,234", "5"], [1234, 5]),
        ("csv", ",", ['"0,5"', '"1,250"'], [0.5, 1.25]),
        ("csv", ",", ['"-1,5"', '"2"'], [-1.5, 2]),
        ("tsv", "\t", ["2,5", '"1,25"'], [2.5, 1.25]),
        ("csv", ",", ['"1,234,567.5"', '"1,000"'], [1234567.5, 1000]),
    ],
)
def test_commas_in_numbers_are_of_decimals_or_of_thousands_as_the_column_shows(
    suffix: str, separator: str, cells: list[str], numbers: list[float]
) -> None:
    rows = "".join(f"{n}.png{separator}{cell}\n" for n, cell in enumerate(cells))
    found = attached({f"t.{suffix}": f"file{separator}size\n{rows}"}, ["0.png", "1.png"])
    assert texts(found.columns["size"]) in (
        [pytest.approx(number) for number in numbers],
        [f"{number:g}" for number in numbers],
    )


def test_two_classes_with_a_comma_between_them_are_no_number() -> None:
    found = attached({"t.csv": 'file,labels\n0.png,"1,2"\n1.png,3\n'}, ["0.png", "1.png"])
    assert texts(found.columns["labels"]) == ["1,2", "3"]


def test_a_comma_within_a_text_does_not_shift_the_header() -> None:
    table = "image,caption\n1.png,a red, big hat\n2.png,a dog\n3.png,a cat\n"
    found = attached({"captions.csv": table}, ["1.png", "2.png", "3.png"])
    assert texts(found.columns["caption"]) == [None, "a dog", "a cat"]
    assert said(found, "captions.csv: 1 line could not be read", "line 2")


def test_a_broken_line_of_celeba_leaves_the_others() -> None:
    table = "3\nSmiling Young\n000001.jpg 1 1\n000002.jpg\n000003.jpg -1 1\n"
    found = attached({"list_attr_celeba.txt": table}, ["000001.jpg", "000002.jpg", "000003.jpg"])
    assert texts(found.columns["Smiling"]) == ["1", None, "-1"]
    assert said(found, "1 line could not be read", "line 4", "3 cells")


def test_a_quoted_cell_may_hold_separators_quotes_and_line_breaks() -> None:
    table = 'file,said,age\n1.png,"a, ""b""\nc",0.5\n2.png,5" tall,1.5\n'
    found = attached({"t.csv": table}, ["1.png", "2.png"])
    assert texts(found.columns["said"]) == ['a, "b"\nc', '5" tall']
    assert texts(found.columns["age"]) == [0.5, 1.5]
    assert found.warnings == []


@many(max_examples=300)
@given(
    st.binary(max_size=200) | st.text(alphabet='a1.,;"\n\r\t {}[]:\\\ufeff', max_size=80),
    st.sampled_from(["t.csv", "t.tsv", "t.txt", "t.jsonl", "dataset.json", "list_x_celeba.txt"]),
)
def test_nothing_that_stands_in_a_table_raises(content: bytes | str, name: str) -> None:
    found = attached({name: content}, ["1.png", "a.png", "a/1.png"])
    assert all(sentence.isprintable() and sentence.endswith(".") for sentence in found.warnings)


@pytest.mark.parametrize(
    "document",
    [
        {"file": {"0": "1.png", "1": "2.png"}, "age": {"0": 0.5, "1": 1.5}},
        {"file": ["1.png", "2.png"], "age": [0.5, 1.5]},
    ],
    ids=["pandas", "lists"],
)
def test_a_json_file_of_columns_is_a_table(document: object) -> None:
    found = attached({"t.json": json.dumps(document)}, ["1.png", "2.png"])
    assert texts(found.columns["age"]) == [0.5, 1.5]
    assert found.columns.keys() == {"age"}
