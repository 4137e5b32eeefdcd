"""Sets as they are downloaded, with the tables and lists that come with them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from tests.vae.data.layouts.layout import SIDE, Theme, levels, save, write

DOWNLOADS = Theme(
    "Known sets as they are downloaded",
    "Their own tables and lists of the split are read where they lie.",
)
layout = DOWNLOADS.layout
TEST_VALIDATES = "The test images are used for validation"
SIX = "0 1 2 3 4 5"


def numbers(number: int) -> list[str]:
    return [str(value) for value in levels(number).ravel()]


def lines(rows: Sequence[str]) -> str:
    return "".join(f"{row}\n" for row in rows)


@layout(
    "CUB-200-2011: rows by the number of an image",
    SIX,
    "2 5",
    columns={"label": "001.A 001.A 001.A 002.B 002.B 002.B", "image class labels": "1 1 1 2 2 2"},
    counts={"table": 3, "other": 1},
    says=[TEST_VALIDATES],
)
def _cub(at: Path) -> Path:
    names = [f"00{1 + n // 3}.{'AB'[n // 3]}/bird_{n:04}.jpg" for n in range(6)]
    save(at / "CUB/images", names)
    tables = {
        "images.txt": names,
        "image_class_labels.txt": [1 + n // 3 for n in range(6)],
        "train_test_split.txt": [int(n % 3 != 2) for n in range(6)],
        "classes.txt": ["001.A", "002.B"],
    }
    for name, cells in tables.items():
        write(at / "CUB" / name, lines([f"{n} {cell}" for n, cell in enumerate(cells, start=1)]))
    return at / "CUB"


@layout(
    "Oxford-IIIT Pets: lists for training and for test",
    SIX,
    "2 5",
    columns={"label 1": "1 1 1 2 2 2", "label 2": "1 1 1 2 2 2"},
    counts={"table": 3},
    says=[TEST_VALIDATES],
)
def _pets(at: Path) -> Path:
    names = [f"{('Abyssinian', 'beagle')[n // 3]}_{n}" for n in range(6)]
    save(at / "pets/images", [f"{name}.jpg" for name in names])
    rows = [f"{name} {1 + n // 3} {1 + n // 3}" for n, name in enumerate(names)]
    comments = ["#Image CLASS-ID SPECIES", "#SPECIES: 1:Cat 2:Dog"]
    folder = at / "pets/annotations"
    write(folder / "list.txt", lines([*comments, *rows]))
    write(folder / "trainval.txt", lines([row for n, row in enumerate(rows) if n % 3 != 2]))
    write(folder / "test.txt", lines([row for n, row in enumerate(rows) if n % 3 == 2]))
    return at / "pets"


@layout(
    "Pascal VOC: lists of names in ImageSets",
    "0 1 2 3 4",
    "3 4",
    columns={"cat": "1 -1 1 -1 1"},
    counts={"table": 5, "test": 1},
    says=["1 test image is kept apart"],
)
def _voc(at: Path) -> Path:
    names = [f"2007_{n:06}" for n in range(6)]
    save(at / "VOC2007/JPEGImages", [f"{name}.jpg" for name in names])
    folder = at / "VOC2007/ImageSets/Main"
    write(folder / "train.txt", lines(names[:3]))
    write(folder / "val.txt", lines(names[3:5]))
    write(folder / "trainval.txt", lines(names[:5]))
    write(folder / "test.txt", lines(names[5:]))
    cats = [f"{name} {(' 1', '-1')[n % 2]}" for n, name in enumerate(names[:5])]
    write(folder / "cat_trainval.txt", lines(cats))
    return at / "VOC2007"


@layout(
    "Lists of paths, as for YOLO and darknet, with a text of boxes for each image",
    SIX,
    "4 5",
    counts={"table": 2, "other": 7},
)
def _darknet(at: Path) -> Path:
    names = [f"images/{n}.jpg" for n in range(6)]
    save(at / "set", names)
    write(at / "set/train.txt", lines([f"./{name}" for name in names[:4]]))
    write(at / "set/val.txt", lines([f"/home/me/set/{name}" for name in names[4:]]))
    write(at / "set/classes.txt", "cat\ndog\n")
    for n in range(6):
        write(at / f"set/labels/{n}.txt", f"{n % 2} 0.5 0.5 0.2 0.2\n")
    return at / "set"


@layout(
    "metadata.jsonl with the objects of each image, as Hugging Face has them",
    SIX[:-2],
    columns={"cat": "yes yes - no no", "dog": "no yes - no yes"},
    counts={"table": 1},
    says=["objects.bbox is not used", "objects.categories was read as lists of tags"],
)
def _objects(at: Path) -> Path:
    save(at / "faces", [f"{n}.png" for n in range(5)])
    objects = [
        {"bbox": [[1, 2, 3, 4], [1, 2, 5, 6]], "categories": ["cat", "cat"]},
        {"bbox": [[1, 2, 3, 4], [1, 2, 5, 6]], "categories": ["dog", "cat"]},
        None,
        {"bbox": [], "categories": []},
        {"bbox": [[1, 2, 3, 4]], "categories": ["dog"]},
    ]
    rows = [json.dumps({"file_name": f"{n}.png", "objects": o}) for n, o in enumerate(objects)]
    write(at / "faces/metadata.jsonl", lines(rows))
    return at / "faces"


@layout(
    "splits.json: a list of names for each split",
    SIX[:-2],
    "3 4",
    counts={"table": 1},
)
def _splits_json(at: Path) -> Path:
    names = [f"{n}.png" for n in range(5)]
    save(at / "faces", names)
    write(at / "faces/splits.json", json.dumps({"train": names[:3], "val": names[3:]}))
    return at / "faces"


@layout(
    "FER2013: the images as numbers in a cell of a csv",
    "0 1 2 3 4",
    "4",
    columns={"emotion": "0 1 2 0 1"},
    counts={"test": 1},
    values="The values go from 0 to 255",
    says=["6 images of 16 x 16 pixels, one a row", "1 test image is kept apart"],
)
def _fer2013(at: Path) -> Path:
    usage = [*["Training"] * 4, "PublicTest", "PrivateTest"]
    rows = [f"{n % 3},{' '.join(numbers(n))},{usage[n]}" for n in range(6)]
    write(at / "fer2013.csv", lines(["emotion,pixels,Usage", *rows]))
    return at / "fer2013.csv"


@layout(
    "MNIST as csv: a number in each cell",
    SIX,
    "4 5",
    columns={"label": "0 1 2 0 1 2"},
    values="The values go from 0 to 255",
    says=["2 images of 16 x 16", "4 images of 16 x 16", TEST_VALIDATES],
)
def _mnist_csv(at: Path) -> Path:
    header = ",".join(["label", *(f"pixel{n}" for n in range(SIDE * SIDE))])
    rows = [",".join([str(n % 3), *numbers(n)]) for n in range(6)]
    write(at / "digits/mnist_train.csv", lines([header, *rows[:4]]))
    write(at / "digits/mnist_test.csv", lines([header, *rows[4:]]))
    return at / "digits"


@layout(
    "The same without a header: the first number is the label",
    "0 1 2 3",
    columns={"label": "0 1 2 0"},
    values="The values go from 0 to 255",
    says=["the first of the 257 numbers in a row was read as its label", "4 images of 16 x 16"],
)
def _bare_csv(at: Path) -> Path:
    write(at / "digits.csv", lines([",".join([str(n % 3), *numbers(n)]) for n in range(4)]))
    return at / "digits.csv"
