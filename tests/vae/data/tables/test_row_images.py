"""Every row of a table lands on the image that it was written for, or a sentence says so."""

from __future__ import annotations

import numpy as np
import pytest

from tests.vae.data.tables.samples import attached, said, texts


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


@pytest.mark.parametrize("header", ["split,file,age", "where,file,age"])
@pytest.mark.parametrize(
    ("folders", "words"),
    [
        (("test", "train"), ("test", "train")),
        (("testing", "training"), ("Test", "train")),
        (("cat", "dog"), ("Cat", "dog")),
    ],
)
def test_a_column_of_folders_tells_images_of_the_same_name_apart(
    header: str, folders: tuple[str, str], words: tuple[str, str]
) -> None:
    paths = [f"{folder}/{n}.png" for folder in folders for n in range(3)]
    lines = [f"{word},{n}.png,{n + 10 * k}.5" for k, word in enumerate(words) for n in range(3)]
    found = attached({"labels.csv": "\n".join([header, *reversed(lines)])}, paths)
    assert texts(found.columns["age"]) == [0.5, 1.5, 2.5, 10.5, 11.5, 12.5]
    assert found.warnings == []


def test_two_columns_of_folders_tell_them_apart_in_either_order() -> None:
    paths = [
        f"{split}/{kind}/{n}.png" for split in ("test", "train") for kind in "ab" for n in "01"
    ]
    lines = [
        f"{path.split('/')[1]},{n}.5,{path.split('/')[0]},{path[-5]}.png"
        for n, path in enumerate(paths)
    ]
    found = attached({"labels.csv": "\n".join(["kind,age,split,file", *lines])}, paths)
    assert texts(found.columns["age"]) == [n + 0.5 for n in range(8)]


def test_a_column_that_leaves_images_alike_is_of_no_use() -> None:
    paths = ["a/x/1.png", "a/y/1.png"]
    found = attached({"labels.csv": "folder,file,age\na,1.png,0.5\na,1.png,1.5\n"}, paths)
    assert "age" not in found.columns
    assert said(found, "more than one image fits 2 of 2 rows")


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
    assert said(found, "ages.csv contradicts", "1 cell,", "hair of 'a/1.png'")


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
        ("https://example.org/my%20faces/1.png?size=2", "my faces/1.png"),
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


def test_of_rows_that_contradict_each_other_only_what_they_agree_on_is_used() -> None:
    table = (
        "file,age,kind,box\n1.png,0.5,cat,1\n2.png,2.5,dog,3\n1.png,1.5,cat,2\n2.png,2.5,dog,3\n"
        "1.png,0.5,cat,3\n"
    )
    found = attached({"t.csv": table}, ["1.png", "2.png"])
    assert texts(found.columns["age"]) == [None, 2.5]
    assert texts(found.columns["kind"]) == ["cat", "dog"]
    assert texts(found.columns["box"]) == [None, "3"]
    assert said(found, "contradict each other about 1 image", "'1.png'")


def test_one_cell_that_contradicts_an_earlier_table_is_not_called_cells() -> None:
    tables = {"a.csv": "file,age\n1.png,0.5\n2.png,1.5\n", "b.csv": "file,age\n2.png,9.5\n"}
    found = attached(tables, ["1.png", "2.png"])
    assert texts(found.columns["age"]) == [0.5, 1.5]
    assert said(found, "b.csv contradicts", "in 1 cell, where the earlier one counts", "'2.png'")


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
