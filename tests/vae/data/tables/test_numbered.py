"""Tables that name images by the numbers that another table gives them, and lists of splits."""

from __future__ import annotations

import json

import pytest

from tests.vae.data.tables.samples import attached, said, texts

PATHS = [f"CUB/images/00{1 + n // 3}.Bird_{n // 3}/B_{n:04}.jpg" for n in range(6)]
NUMBERS = [3, 1, 2, 6, 5, 4]  # of the images, in the order of their paths


def cub(separator: str = " ", header: bool = False) -> dict[str, str | bytes]:
    rows = sorted(zip(NUMBERS, range(6), strict=True))

    def table(name: str, cells: list[str]) -> str:
        lines = [f"{rows[n][0]}{separator}{cell}" for n, cell in enumerate(cells)]
        return "\n".join([f"img_id{separator}{name}"] * header + lines) + "\n"

    images = [image for _, image in rows]
    return {
        "CUB/images.txt": table("path", [PATHS[n].removeprefix("CUB/images/") for n in images]),
        "CUB/image_class_labels.txt": table(
            "image_class_labels", [f"{1 + n // 3}" for n in images]
        ),
        "CUB/train_test_split.txt": table("is_training_image", [f"{n % 3 % 2}" for n in images]),
        "CUB/classes.txt": f"1{separator}001.Bird_0\n2{separator}002.Bird_1\n",
        "CUB/parts/part_locs.txt": "".join(
            f"{number} {part} 1.5 2.5 1\n" for number, _ in rows for part in (1, 2)
        ),
    }


@pytest.mark.parametrize("separator", [" ", ",", "\t"])
@pytest.mark.parametrize("header", [False, True])
def test_the_tables_of_cub_200_name_images_by_their_numbers(separator: str, header: bool) -> None:
    found = attached(cub(separator, header), PATHS)
    assert {name: texts(column) for name, column in found.columns.items()} == {
        "image_class_labels" if header else "image class labels": ["1", "1", "1", "2", "2", "2"]
    }
    assert found.splits == ["test", "train", "test", "test", "train", "test"]
    assert found.warnings == []
    assert set(found.passed_over) == {"CUB/classes.txt", "CUB/parts/part_locs.txt"}


def test_numbers_of_images_that_are_not_there_are_said() -> None:
    found = attached(cub(), PATHS[:3])
    assert found.splits == ["test", "train", "test"]
    assert said(found, "CUB/image_class_labels.txt: no image was found for 3 of 6 rows", "'4'")


def test_a_number_of_another_table_comes_before_a_name_that_is_a_number() -> None:
    paths = ["1.png", "2.png", "3.png"]
    tables: dict[str, str | bytes] = {
        "images.csv": "id,file_name\n1,3.png\n2,1.png\n3,2.png\n",
        "ages.csv": "id,age\n1,0.5\n2,1.5\n3,2.5\n",
        "sizes.csv": "file,size\n1.png,10.5\n2.png,20.5\n3.png,30.5\n",
    }
    found = attached(tables, paths)
    assert texts(found.columns["age"]) == [1.5, 2.5, 0.5]
    assert texts(found.columns["size"]) == [10.5, 20.5, 30.5]
    assert found.warnings == []


def test_a_list_for_training_and_validation_gives_way_to_those_of_one() -> None:
    names = [f"00000{n}" for n in range(6)]
    tables: dict[str, str | bytes] = {
        "VOC/ImageSets/Main/train.txt": "\n".join(names[:3]),
        "VOC/ImageSets/Main/val.txt": "\n".join(names[3:5]),
        "VOC/ImageSets/Main/trainval.txt": "\n".join(names[:5]),
        "VOC/ImageSets/Main/test.txt": names[5],
        "VOC/ImageSets/Main/cat_trainval.txt": "".join(f"{name}  1\n" for name in names[:5]),
    }
    paths = [f"VOC/JPEGImages/{name}.jpg" for name in names]
    found = attached(tables, paths)
    assert found.splits == ["train"] * 3 + ["validation"] * 2 + ["test"]
    assert texts(found.columns["cat"]) == ["1"] * 5 + [None]
    assert found.warnings == []
    without = {name: tables[name] for name in tables if not name.endswith(("train.txt", "val.txt"))}
    without["VOC/ImageSets/Main/trainval.txt"] = tables["VOC/ImageSets/Main/trainval.txt"]
    assert attached(without, paths).splits == ["train"] * 5 + ["test"]


def test_a_json_file_of_lists_of_names_is_the_split_or_the_label() -> None:
    paths = [f"images/{n}.png" for n in range(6)]
    names = [f"{n}.png" for n in range(6)]
    split = {"train": names[:3], "val": names[3:5], "test": names[5:]}
    found = attached({"splits.json": json.dumps(split)}, paths)
    assert found.splits == ["train"] * 3 + ["validation"] * 2 + ["test"]
    assert (found.columns, found.warnings) == ({}, [])
    classes = {"cat": ["0", "2", "4"], "dog": ["1", "3", "5"]}
    found = attached({"classes.json": json.dumps(classes)}, paths)
    assert texts(found.columns["label"]) == ["cat", "dog"] * 3
    others = {"authors": ["Ann", "Bob"], "licence": ["free"]}
    assert attached({"about.json": json.dumps(others)}, paths).passed_over == ["about.json"]


def test_lists_that_are_named_after_splits_but_name_no_image_are_said() -> None:
    paths = [f"{name}/{n}.png" for name in "abc" for n in range(2)]
    tables: dict[str, str | bytes] = {"train.txt": "a\nb\n", "test.txt": "c\n", "notes.txt": "x\n"}
    found = attached(tables, paths)
    assert found.splits is None
    assert found.warnings == [
        "Named after a split, but naming no image, and not used: test.txt (it says 'c'), "
        "train.txt (it says 'a')."
    ]


def test_lines_of_comments_and_names_of_several_words_are_read() -> None:
    comments = "#Image CLASS-ID SPECIES BREED ID\n#ID: 1:37 Class ids\n#SPECIES: 1:Cat 2:Dog\n"
    paths = [f"images/pet_{n}.jpg" for n in range(4)]
    rows = "".join(f"pet_{n} {1 + n % 2} {1 + n // 2}\n" for n in range(4))
    found = attached({"annotations/list.txt": comments + rows}, paths)
    assert texts(found.columns["label 1"]) == ["1", "2", "1", "2"]
    assert texts(found.columns["label 2"]) == ["1", "1", "2", "2"]
    variants = "pet_0 Boeing 707\npet_1 A300\npet_2 Boeing 707\npet_3 A300\n"
    found = attached({"variant.txt": variants}, paths)
    assert texts(found.columns["variant"]) == ["Boeing 707", "A300"] * 2
