"""Every row of a table lands on the image that it was written for, or a sentence says so."""

from __future__ import annotations

import json
import re
import time
import unicodedata
import zipfile
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from vae.data.collection import Collection
from vae.data.sources import locate
from vae.data.tables.attributes import Column, kind_of
from vae.data.tables.tables import Attached, Table, attach_tables

# A busy machine is no reason to fail.
many = partial(settings, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def attached(tables: dict[str, str | bytes], paths: list[str], source: str = "") -> Attached:
    """What tables of these texts say of the images at `paths`."""
    files = [
        Table(path, text.encode() if isinstance(text, str) else text)
        for path, text in tables.items()
    ]
    return attach_tables(files, paths, source)


def texts(column: Column) -> list[str | float | None]:
    """What a column says of each image: the name of its class, or a number; None: unknown."""
    if column.classes:
        named = [column.classes[value] for value in column.values]
        return [None if name == "unknown" else name for name in named]
    return [None if np.isnan(value) else float(value) for value in column.values]


def said(found: Attached, *parts: str) -> bool:
    """Whether one sentence holds all of these parts."""
    return any(all(part in sentence for part in parts) for sentence in found.warnings)


# ---------------------------------------------------------------------------- whose a row is


def test_a_table_gives_numbers_classes_and_text_and_leaves_out_free_text() -> None:
    paths = [f"faces/{index:05}.jpg" for index in range(300)]
    lines = ["size;file;name;hair;mood;note"]
    for index in reversed(range(299)):
        mood = "" if index == 7 else ("glad", "sad")[index % 2]
        row = f"{index / 10};{index:05}.jpg;Somebody;{index % 3 + 4};{mood};text {index}"
        lines.append(row)
    found = attached({"a.csv": "\ufeff".encode() + "\r\n".join(lines).encode()}, paths)
    columns = found.columns
    assert found.left_out == ["note"]
    assert columns["size"].values.dtype == np.float32
    assert columns["size"].values[:299] == pytest.approx(np.arange(299) / 10)
    assert np.isnan(columns["size"].values[299])  # this image has no row
    assert columns["hair"].classes == ("4", "5", "6", "unknown")
    assert columns["hair"].values[:3].tolist() == [0, 1, 2]
    assert columns["mood"].classes == ("glad", "sad", "unknown")
    assert columns["mood"].values[[0, 1, 7, 299]].tolist() == [0, 1, 2, 2]
    assert said(found, "1 of 300 images have no row", "'faces/00299.jpg'", ".jpg")


def test_one_column_of_two_tables_speaks_for_the_images_of_each_folder() -> None:
    paths = ["test/0.png", "test/1.png", "train/0.png", "train/1.png"]
    tables = {
        "train/metadata.csv": "file_name,hair\n0.png,red\n1.png,blue\n",
        "test/metadata.csv": "file_name,hair\n0.png,black\n1.png,white\n",
    }
    found = attached(tables, paths)
    assert texts(found.columns["hair"]) == ["black", "white", "red", "blue"]
    assert found.warnings == []


def test_a_table_below_says_nothing_of_the_images_above() -> None:
    paths = ["a/1.png", "b/1.png", "1.png"]
    found = attached({"a/x.csv": "file,age\n1.png,0.5\n"}, paths)
    assert texts(found.columns["age"]) == [0.5, None, None]


def test_a_table_beside_the_source_speaks_for_all_images_and_may_name_the_source() -> None:
    paths = ["cat/1.png", "dog/1.png"]
    table = "file,age\nfaces/cat/1.png,0.5\nfaces/dog/1.png,1.5\nothers/cat/1.png,9.5\n"
    found = attached({"../x.csv": table}, paths, "faces")
    assert texts(found.columns["age"]) == [0.5, 1.5]
    assert said(found, "../x.csv: no image was found for 1 of 3 rows", "'others/cat/1.png'")
    bare = attached({"../x.csv": "file,age\ncat/1.png,0.5\ndog/1.png,1.5\n"}, paths, "faces")
    assert texts(bare.columns["age"]) == [0.5, 1.5]
    assert bare.warnings == []


def test_a_table_in_a_folder_without_images_speaks_for_those_of_the_folder_above() -> None:
    paths = ["Img/img_align/000001.jpg", "Img/img_align/000002.jpg"]
    table = "2\nSmiling\n000001.jpg 1\n000002.jpg -1\n"
    found = attached({"Anno/list_attr_celeba.txt": table}, paths)
    assert texts(found.columns["Smiling"]) == ["1", "-1"]


def test_a_table_from_an_emptied_folder_is_said_where_it_speaks_for_others() -> None:
    found = attached({"dog/t.csv": "file,age\n1.png,0.5\n"}, ["cat/1.png"])
    assert texts(found.columns["age"]) == [0.5]
    assert said(found, "dog/t.csv lies in a folder without images", "the whole source")
    found = attached({"train/t.csv": "file,age\n1.png,0.5\n"}, ["test/1.png"])
    assert found.columns == {}
    assert said(found, "train/t.csv was not used")


def test_tables_of_one_folder_add_their_columns_and_the_nearer_one_is_believed() -> None:
    paths = ["a/1.png", "a/2.png"]
    tables = {
        "ages.csv": "file,age,hair\na/1.png,10.5,red\na/2.png,20.5,blue\n",
        "a/hair.csv": "file,hair\n1.png,green\n",
    }
    found = attached(tables, paths)
    assert texts(found.columns["age"]) == [10.5, 20.5]
    assert texts(found.columns["hair"]) == ["green", "blue"]
    assert said(found, "ages.csv contradicts", "1 cells", "hair of 'a/1.png'")


def test_a_table_named_after_a_split_speaks_for_its_folder() -> None:
    paths = ["test/1.png", "train/1.png", "train/2.png"]
    tables = {"train.csv": "id,age\n1,0.5\n2,1.5\n", "test_labels.csv": "id,age\n1,2.5\n"}
    found = attached(tables, paths)
    assert texts(found.columns["age"]) == [2.5, 0.5, 1.5]
    assert found.splits is None  # the folders say it


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("faces/1.png", "faces/1.png"),
        ("1.png", "faces/deep/1.png"),
        ("deep/1.png", "faces/deep/1.png"),
        ("./faces/1.png", "faces/1.png"),
        ("faces\\1.png", "faces/1.png"),
        ("C:\\data\\faces\\1.png", "faces/1.png"),
        ("/home/me/data/faces/1.png", "faces/1.png"),
        ("file:///data/my%20faces/1.png", "my faces/1.png"),
        ("pictures/1.png", "images/1.png"),
        ("../faces/1.png", "faces/1.png"),
        ('"1.png"', "1.png"),
        ("'1.png'", "1.png"),
        (" 1.png ", "1.png"),
        ("1", "1.png"),
        ("1.jpg", "1.png"),
        ("photo.1", "photo.1.png"),
        ("IMG_1.PNG", "img_1.png"),
        ("img_1.png", "IMG_1.PNG"),
        ("1.png", "000001.png"),
        ("000001.png", "1.png"),
        ("1", "000001.png"),
        ("img_0007.jpg", "img_7.jpg"),
        ("e\u0301te\u0301.png", "\u00e9t\u00e9.png"),
        ("\u00e9t\u00e9.png", "e\u0301te\u0301.png"),
        ("\u00c9T\u00c9", "e\u0301te\u0301.png"),
        ("STRASSE.png", "stra\u00dfe.png"),
        ("a\\b.png", "a\\b.png"),
    ],
)
def test_a_row_finds_its_image_however_its_name_is_written(written: str, path: str) -> None:
    found = attached({"t.tsv": f"file\tage\n{written}\t0.5\nother\t1.5\n"}, [path, "other.png"])
    assert texts(found.columns["age"]) == [0.5, 1.5]


@pytest.mark.parametrize(
    ("written", "paths"),
    [
        ("1.png", ["a/1.png", "b/1.png"]),
        ("1", ["1.png", "1.jpg"]),
        ("A.png", ["a.PNG", "a.png"]),
        ("1.png", ["01.png", "001.png"]),
        ("x/1.png", ["a/1.png", "b/1.png"]),
        ("A.png", ["deep/A.png", "a.png"]),
    ],
)
def test_a_row_that_fits_two_images_is_given_to_neither_and_said(
    written: str, paths: list[str]
) -> None:
    found = attached({"t.csv": f"file,age\n{written},0.5\n"}, paths)
    assert found.columns == {}
    assert said(
        found, "t.csv: more than one image fits 1 of 1 rows", repr(written), *map(repr, paths)
    )


@pytest.mark.parametrize(
    ("written", "paths"),
    [
        ("dog/7.png", ["cat/7.png", "dog/8.png"]),  # the dog's file is missing
        ("dog/7.png", ["7.png", "dog/8.png"]),
        ("DOG/7.png", ["cat/7.png", "dog/8.png"]),
        ("test/7.png", ["train/7.png"]),
        ("1.05.png", ["1.5.png"]),
        ("photo.2", ["photo.png"]),
        ("17.png", ["7.png"]),
    ],
)
def test_a_row_of_a_missing_image_lands_on_no_other(written: str, paths: list[str]) -> None:
    found = attached({"t.csv": f"file,age\n{written},0.5\n"}, paths)
    assert found.columns == {}
    assert said(found, "t.csv was not used: no image", repr(written), repr(paths[0]))


def test_an_exact_name_goes_before_a_loose_one() -> None:
    paths = ["01.png", "1.png", "A.png", "a.png", "sub/1.png"]
    table = "file,age\n1.png,0.5\n01.png,1.5\na.png,2.5\nA.png,3.5\n001.png,9.5\n"
    found = attached({"t.csv": table}, paths)
    assert texts(found.columns["age"]) == [1.5, 0.5, 3.5, 2.5, None]
    assert said(found, "more than one image fits 1 of 5 rows", "'001.png'", "'01.png'", "'1.png'")


def test_rows_that_contradict_each_other_are_not_used_and_equal_ones_are() -> None:
    table = "file,age\n1.png,0.5\n1.png,1.5\n2.png,2.5\n2.png,2.5\n"
    found = attached({"t.csv": table}, ["1.png", "2.png"])
    assert texts(found.columns["age"]) == [None, 2.5]
    assert said(found, "contradict each other about 1 image", "'1.png'")


def test_a_table_that_matches_nothing_is_said_with_a_name_of_each_side() -> None:
    found = attached({"x/t.csv": "animal,legs\ncow,4\nhen,2\n"}, ["x/1.png"])
    assert found.columns == {}
    assert said(found, "x/t.csv was not used", "'cow'", "'x/1.png'")


def test_numbers_in_the_first_column_that_are_no_names_find_no_images() -> None:
    paths = [f"{index:04}.png" for index in range(1, 40)]
    rows = "".join(f"{20 + index % 9},{index % 2}\n" for index in range(30))
    found = attached({"t.csv": f"age,glasses\n{rows}"}, paths)
    assert found.columns == {}
    assert said(found, "t.csv was not used")


def test_folders_of_other_names_are_said() -> None:
    found = attached({"t.csv": "file,age\npictures/1.png,0.5\n"}, ["images/1.png"])
    assert texts(found.columns["age"]) == [0.5]
    assert said(found, "other folders", "'pictures/1.png'", "'images/1.png'")


@pytest.mark.parametrize(
    "header", ["Image Index", "imageName", "ImageFileName", "IMG_ID", "file path", "# filename"]
)
def test_a_column_of_names_is_known_by_its_header(header: str) -> None:
    names = [1, 1, 2, 3]  # too few for a column of another name
    rows = "".join(f"{index}.5,{name}\n" for index, name in enumerate(names))
    found = attached({"t.csv": f"age,{header}\n{rows}"}, ["1.png", "2.png", "3.png"])
    assert texts(found.columns["age"]) == [None, 2.5, 3.5]


def test_the_likelier_column_of_names_counts_although_another_fits_more_images() -> None:
    paths = [f"{index:03}.png" for index in range(1, 11)]
    rows = [f"{11 - n},{n:03}.png,{n}.5" for n in range(1, 10)] + ["1,gone.png,99.5"]
    found = attached({"t.csv": "id,image,age\n" + "\n".join(rows)}, paths)
    assert texts(found.columns["age"]) == [*(n + 0.5 for n in range(1, 10)), None]
    assert said(found, "1 of 10 rows", "'gone.png'", "'010.png'")


# ---------------------------------------------------------------------------- formats


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
        "lefteye_x": ["69", "69", "76"],
        "lefteye_y": ["109", "110", "112"],
        "x_1": ["95", "72", "216"],
        "y_1": ["71", "94", "59"],
        "width": ["226", "221", "91"],
        "height": ["313", "306", "126"],
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
    }
    assert found.warnings == []


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
        "broken.json": "{",
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


def test_a_comma_is_a_decimal_point_only_between_semicolons() -> None:
    paths = ["1.png", "2.png"]
    found = attached({"t.tsv": "file\tsize\n1.png\t1,234\n2.png\t5\n"}, paths)
    assert texts(found.columns["size"]) == ["1,234", "5"]
    found = attached({"t.csv": "file;size\n1.png;1,234\n2.png;5\n"}, paths)
    assert texts(found.columns["size"]) == [pytest.approx(1.234), 5]


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


# ---------------------------------------------------------------------------- cells


@pytest.mark.parametrize("nothing", ["", "None", "none", "NaN", "nan", "null", "NA", "N/A", "-"])
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
    assert texts(found.columns["set"]) == ["7", "8"]


# ---------------------------------------------------------------------------- any layout

FOLDERS = ["", "train/", "test/", "a/", "a/b/", "dog/", "cat/"]
DRESSES = {
    "as it is": lambda name: name,
    "./": lambda name: f"./{name}",
    "backslashes": lambda name: name.replace("/", "\\"),
    "capitals": str.upper,
    "decomposed": lambda name: unicodedata.normalize("NFD", name),
    "without suffix": lambda name: name.rpartition(".")[0],
    "another root": lambda name: f"/data/old/{name}",
    "padded": lambda name: re.sub(r"(?<![\d.])(\d)", r"0\1", name),
    "name": lambda name: name.rpartition("/")[2],
}


@st.composite
def layouts(draw: st.DrawFn) -> tuple[list[str], dict[str, str], dict[str, str]]:
    """Images, tables that give each row's image its own value, and the value meant for each."""
    stems = st.sampled_from(["1", "01", "2", "10", "a", "A", "\u00e9", "x.1", "img_3", "img_003"])
    images = draw(
        st.lists(
            st.tuples(st.sampled_from(FOLDERS), stems, st.sampled_from([".png", ".jpg"])),
            min_size=1,
            max_size=12,
            unique=True,
        )
    )
    every = ["".join(image) for image in images]
    there = draw(st.lists(st.sampled_from(every), min_size=1, unique=True))
    tables: dict[str, str] = {}
    above = sorted({path[: path.rfind("/", 0, n) + 1] for path in there for n in range(len(path))})
    for folder in draw(st.lists(st.sampled_from(above), min_size=1, max_size=3, unique=True)):
        meant = [path for path in every if path.startswith(folder)]
        dress = DRESSES[draw(st.sampled_from(sorted(DRESSES)))]
        rows = [f"{dress(path[len(folder) :])},v{every.index(path)}" for path in meant]
        tables[f"{folder}t.csv"] = "\n".join(["file,value", *draw(st.permutations(rows))])
    return there, tables, {path: f"v{every.index(path)}" for path in every}


@many(max_examples=500)
@given(layouts())
def test_in_any_layout_a_row_lands_on_its_own_image_or_is_said(
    layout: tuple[list[str], dict[str, str], dict[str, str]],
) -> None:
    there, tables, meant = layout
    found = attached(tables, there)
    values = texts(found.columns["value"]) if found.columns else [None] * len(there)
    written = {}  # the images that rows name to the letter, whatever they were meant for
    for table, text in tables.items():
        for row in text.splitlines()[1:]:
            name, value = row.rsplit(",", 1)
            written[value] = {*written.get(value, ()), table.removesuffix("t.csv") + name, name}
    for path, value in zip(there, values, strict=True):
        if value == meant[path]:
            continue
        if any(path.startswith(table.removesuffix("t.csv")) for table in tables):
            assert found.warnings, "a row was lost, or there was none, and nothing is said"
        own = next((image for image, text in meant.items() if text == value), None)
        assert value is None or own not in there or path in written[str(value)]


@st.composite
def clear_layouts(draw: st.DrawFn) -> tuple[list[str], dict[str, str]]:
    """Images of names that differ in every way of writing, and tables that speak of all of them."""
    stems = ["1", "2", "10", "a", "\u00e9", "x.1", "img_3", "b c"]
    used = draw(st.lists(st.sampled_from(stems), min_size=1, unique=True))
    images = [f"{draw(st.sampled_from(FOLDERS))}{stem}.png" for stem in used]
    above = sorted({path[: path.rfind("/", 0, n) + 1] for path in images for n in range(len(path))})
    tables = {}
    for folder in above:
        rows = [
            f"{DRESSES[draw(st.sampled_from(sorted(DRESSES)))](path[len(folder) :])},v{number}"
            for number, path in enumerate(images)
            if path.startswith(folder)
        ]
        tables[f"{folder}t.csv"] = "\n".join(["file,value", *draw(st.permutations(rows))])
    chosen = draw(st.lists(st.sampled_from(sorted(tables)), unique=True))
    return images, {name: tables[name] for name in ["t.csv", *chosen]}


@many(max_examples=500)
@given(clear_layouts())
def test_where_names_are_clear_every_row_lands_however_it_is_written(
    layout: tuple[list[str], dict[str, str]],
) -> None:
    images, tables = layout
    found = attached(tables, images)
    assert texts(found.columns["value"]) == [f"v{number}" for number in range(len(images))]
    assert found.warnings == []


def test_200_000_rows_and_images_take_seconds() -> None:
    num = 200_000
    paths = [f"img_align_celeba/{index:06}.jpg" for index in range(num)]
    rows = "".join(
        f"{index}.jpg,{index % 3},{index / 7:.3f},{'blue_hair smile' if index % 2 else 'hat smile'}"
        "\n"
        for index in range(num)
    )
    started = time.process_time()
    found = attached({"t.csv": f"id,kind,size,tags\n{rows}"}, paths)
    assert time.process_time() - started < 30
    assert found.columns["kind"].values.tolist() == [index % 3 for index in range(num)]
    assert texts(found.columns["hat"])[:3] == ["yes", "no", "yes"]
    assert found.warnings == [
        "tags was read as lists of tags: each of its 3 frequent tags is a column of yes and no."
    ]


# ---------------------------------------------------------------------------- folders and zips


def collection(tmp_path: Path, kind: str, files: dict[str, str]) -> Collection:
    """A folder or zip "faces" of these tables and of the images train/0.png to test/3.png."""
    picture = Image.new("L", (16, 16))
    for index, folder in enumerate(["train", "train", "test", "test"]):
        place = tmp_path / "faces" / folder / f"{index}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        picture.save(place)
    for name, text in files.items():
        (tmp_path / "faces" / name).resolve().write_text(text)
    if kind == "zip":
        with zipfile.ZipFile(tmp_path / "faces.zip", "w") as archive:
            for file in sorted((tmp_path / "faces").rglob("*.*")):
                archive.write(file, file.relative_to(tmp_path / "faces"))
        return locate(str(tmp_path / "faces.zip"), tmp_path).load()
    return locate(str(tmp_path / "faces"), tmp_path).load()


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_a_folder_or_zip_hands_over_all_kinds_of_tables_with_their_places(
    tmp_path: Path, kind: str
) -> None:
    files = {
        "train/metadata.csv": "file_name,age\n0.png,0.5\n1.png,1.5\n",
        "test/metadata.csv": "file_name,age\n2.png,2.5\n3.png,3.5\n",
        "attributes.jsonl": "".join(f'{{"id": {n}, "hat": {n}}}\n' for n in range(4)),
        "identity_CelebA.txt": "".join(f"{n}.png {n + 5}\n" for n in range(4)),
        "../hair.tsv": "name\thair\n0\tred\n1\tred\n2\tblue\n9\tblue\n",
        "README.txt": "Faces.",
        "train/0.txt": "a face, with a hat",
        "LICENSE.txt": "CC0",
    }
    found = collection(tmp_path, kind, files)
    order = [int(Path(name).stem) for name in found.names]
    told = {
        name: dict(zip(order, texts(column), strict=True)) for name, column in found.columns.items()
    }
    assert told["age"] == {n: n + 0.5 for n in range(4)}
    assert told["hat"] == {n: str(n) for n in range(4)}
    assert told["identity"] == {n: str(n + 5) for n in range(4)}
    assert told["hair"] == {0: "red", 1: "red", 2: "blue", 3: None}
    assert {entry.name for entry in found.skipped if entry.reason == "table"} == {
        name for name in files if name.endswith(("csv", "jsonl", "CelebA.txt"))
    }
    assert {entry.name: entry.why for entry in found.skipped if entry.reason == "other"} == {
        "README.txt": "a text",
        "train/0.txt": "a text with the name of an image",
    }
    assert found.credit == "CC0"
    assert len(found.warnings) == 2
    assert "../hair.tsv: no image was found for 1 of 4 rows, such as '9'" in found.warnings[0]
    assert "test images are used for validation" in found.warnings[1]


def flat(tmp_path: Path, files: dict[str, str]) -> Collection:
    """A folder of the images 0.png to 4.png and these tables."""
    for index in range(5):
        place = tmp_path / "flat" / f"{index}.png"
        place.parent.mkdir(exist_ok=True)
        Image.new("L", (16, 16)).save(place)
    for name, text in files.items():
        (tmp_path / "flat" / name).write_text(text)
    return locate(str(tmp_path / "flat"), tmp_path).load()


def test_a_partition_table_is_the_split_and_columns_follow_the_images(tmp_path: Path) -> None:
    table = "image_id,partition,age\n0,2,0.5\n1,1,1.5\n2,0,2.5\n3,0,3.5\n4,0,4.5\n"
    found = flat(tmp_path, {"list_eval_partition.csv": table})
    assert list(found.names) == ["2.png", "3.png", "4.png", "1.png"]
    assert found.validation_from == 3
    assert texts(found.columns["age"]) == [2.5, 3.5, 4.5, 1.5]
    assert [entry.name for entry in found.skipped if entry.reason == "test"] == ["0.png"]


def test_folders_are_believed_before_a_table_that_splits_otherwise(tmp_path: Path) -> None:
    table = "0,val\n1,train\n2,test\n3,train\n"
    found = collection(tmp_path, "folder", {"splits.csv": table})
    assert found.validation_from == 2
    assert any("puts test/3.png into another split" in text for text in found.warnings)


def test_many_tables_that_are_about_something_else_are_said_at_once(tmp_path: Path) -> None:
    for name in ("bank", "books", "cows", "days"):
        (tmp_path / f"{name}.csv").write_text("what,many\nsomething,1\nother,2\n")
    found = flat(tmp_path, {})
    assert len(found.warnings) == 1
    assert "4 tables beside the source" in found.warnings[0]
    assert "../bank.csv" in found.warnings[0]


def test_tables_of_one_image_each_are_not_taken_for_tables_of_the_images(tmp_path: Path) -> None:
    for index in range(20):
        place = tmp_path / "points" / f"{index}.png"
        place.parent.mkdir(exist_ok=True)
        Image.new("L", (16, 16)).save(place)
        place.with_suffix(".csv").write_text("x,y\n1,2\n3,4\n")
    found = locate(str(tmp_path / "points"), tmp_path).load()
    assert found.columns == {}
    assert found.warnings == []
    assert [entry.reason for entry in found.skipped] == ["other"] * 20


def test_a_table_that_cannot_be_read_is_said_and_the_images_are_used(tmp_path: Path) -> None:
    flat(tmp_path, {"a.csv": "file,age\n0.png,0.5\n"})
    source = locate(str(tmp_path / "flat"), tmp_path)
    (tmp_path / "flat" / "a.csv").unlink()
    found = source.load()
    assert len(found.names) == 5
    assert any("a.csv cannot be read" in text for text in found.warnings)


def test_a_table_beside_that_is_edited_changes_the_listing(tmp_path: Path) -> None:
    collection(tmp_path, "folder", {"../train.txt": "0\n1\n"})
    before = locate(str(tmp_path / "faces"), tmp_path).listing
    (tmp_path / "train.txt").write_text("0\n")
    assert locate(str(tmp_path / "faces"), tmp_path).listing != before
    (tmp_path / "shopping.txt").write_text("bread\n")
    assert not any(
        "shopping" in name for name, _, _ in locate(str(tmp_path / "faces"), tmp_path).listing
    )
