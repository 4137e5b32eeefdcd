"""Which image a row speaks for, and what its cells say."""

from __future__ import annotations

from pathlib import Path

from tests.vae.data.layouts.layout import Theme
from tests.vae.data.layouts.tables import FACES, HAIR, NAMES, ROWS_OF_HAIR, faces, hair_table

ROWS = Theme(
    "Rows and cells of tables",
    "A row finds its image by its path, or by less where that is clear; no row is given to an "
    "image that it does not mean.",
)
layout = ROWS.layout


@layout(
    "A metadata table in each split's folder, with the same file names",
    "0 1 2 3",
    "2 3",
    columns=HAIR,
    counts={"table": 2},
    says=["The test images are used for validation"],
)
def _two_tables(at: Path) -> Path:
    names = ["train/a.jpg", "train/b.jpg", "test/a.jpg", "test/b.jpg"]
    table = "file_name,hair\na.jpg,red\nb.jpg,blue\n"
    return faces(at, {"train/metadata.csv": table, "test/metadata.csv": table}, names)


@layout(
    "Names in another case, without suffix or zeros, with a path of another machine",
    FACES,
    columns={"age": "0.5 1.5 2.5 3.5"},
    counts={"table": 1},
)
def _loose_names(at: Path) -> Path:
    rows = "0.JPG,0.5\n1,1.5\nC:\\Users\\me\\Pictures\\faces\\002.jpg,2.5\n./faces/003.jpeg,3.5\n"
    return faces(at, {"ages.csv": f"file,age\n{rows}"})


@layout(
    "A table that fits only in part: said, with an example of both names",
    FACES,
    columns={"age": "0.5 1.5 - -"},
    counts={"table": 1},
    says=[
        "a.csv: no image was found for 1 of 3 rows, such as '009.jpg'",
        "2 of 4 images have no row in a table, such as '002.jpg'",
    ],
)
def _partly(at: Path) -> Path:
    return faces(at, {"a.csv": "file,age\n000.jpg,0.5\n001.jpg,1.5\n009.jpg,9.5\n"})


@layout(
    "A table about other files: said",
    FACES,
    counts={"table": 1},
    says=["a.csv was not used: no image was found for any of its rows, such as 'x.jpg'"],
)
def _other(at: Path) -> Path:
    return faces(at, {"a.csv": "file,age\nx.jpg,0.5\ny.jpg,1.5\n"})


@layout(
    "A row whose own file is gone does not go to another of its name",
    "0",
    "0",
    counts={"table": 1},
    says=["labels.csv was not used"],
)
def _gone(at: Path) -> Path:
    return faces(at, {"labels.csv": "file,age\ntrain/a.jpg,0.5\n"}, ["test/a.jpg"])


@layout(
    "Several rows for an image, one for each box: what they agree on",
    FACES,
    columns={"class": "cat dog cat dog", "xmin": "- 1 1 1"},
    counts={"table": 1},
    says=["_annotations.csv: rows contradict each other about 1 image"],
)
def _boxes(at: Path) -> Path:
    rows = "".join(f"{name},{('cat', 'dog')[n % 2]},1\n" for n, name in enumerate(NAMES))
    return faces(at, {"_annotations.csv": f"filename,class,xmin\n{rows}000.jpg,cat,5\n"})


@layout("Cells without a value", FACES, columns={"age": "0.5 - - 3.5"}, counts={"table": 1})
def _empty_cells(at: Path) -> Path:
    return faces(at, {"a.csv": "file,age\n000.jpg,0.5\n001.jpg,NaN\n002.jpg,\n003.jpg,3.5\n"})


@layout("Labels written as 1.0 and 2.0", FACES, columns={"label": "1 2 1 2"}, counts={"table": 1})
def _float_labels(at: Path) -> Path:
    rows = "".join(f"{name},{1 + n % 2}.0\n" for n, name in enumerate(NAMES))
    return faces(at, {"a.csv": f"file,label\n{rows}"})


@layout("A column for the split", "0 1 2 3", "3", columns=HAIR, counts={"table": 1})
def _partition(at: Path) -> Path:
    rows = "".join(
        f"{name},{hair},{'val' if name == '003.jpg' else 'train'}\n" for name, hair in ROWS_OF_HAIR
    )
    return faces(at, {"metadata.csv": f"file,hair,split\n{rows}"})


@layout("train.txt and val.txt: lists of names", "0 1 2 3", "2 3", counts={"table": 2})
def _lists(at: Path) -> Path:
    return faces(at, {"train.txt": "000\n001\n", "val.txt": "002\n003\n"})


@layout(
    "An Excel table and a form for answers: not read, and that is said",
    FACES,
    columns=HAIR,
    counts={"table": 1, "other": 2},
    says=["The table hair.xlsx is not read: save it as csv"],
)
def _not_read(at: Path) -> Path:
    files: dict[str, str | bytes] = {
        "hair.xlsx": b"PK\3\4",
        "sample_submission.csv": "file,hair\n003.jpg,red\n",
        "hair.csv": hair_table(),
    }
    return faces(at, files)
