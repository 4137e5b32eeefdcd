"""Tables of attributes beside images, in every format and encoding."""

from __future__ import annotations

import json
from pathlib import Path

from tests.vae.data.layouts.layout import Theme, save, write

TABLES = Theme(
    "Tables",
    "A table speaks for the images in and below its own folder, or for all where it lies beside "
    "them; several tables add up. Its rows name images by their path, or by less where that is "
    "clear. What fits no image, or several, is said with an example.",
)
layout = TABLES.layout

NAMES = ["000.jpg", "001.jpg", "002.jpg", "003.jpg"]
HAIR = {"hair": "red blue red blue"}
FACES = "0 1 2 3"


def _faces(at: Path, tables: dict[str, str | bytes], names: list[str] = NAMES) -> Path:
    folder = save(at / "faces", names)
    for name, content in tables.items():
        write((at / "faces" / name).resolve(), content)
    return folder


ROWS = [("000.jpg", "red"), ("001.jpg", "blue"), ("002.jpg", "red"), ("003.jpg", "blue")]


def _text(separator: str = ",", header: str = "file,hair", end: str = "\n") -> str:
    return end.join([header.replace(",", separator), *(separator.join(row) for row in ROWS), ""])


@layout("A csv table", FACES, columns=HAIR, counts={"table": 1})
def _csv(at: Path) -> Path:
    return _faces(at, {"metadata.csv": _text()})


@layout("A csv table beside the folder", FACES, columns=HAIR)
def _beside(at: Path) -> Path:
    return _faces(at, {"../faces.csv": _text()})


@layout(
    "Semicolons, a byte order mark and decimal commas, as Excel writes them",
    FACES,
    columns={"age": "0.5 1.5 2.5 3.5"},
    counts={"table": 1},
)
def _semicolons(at: Path) -> Path:
    rows = "".join(f"{name};{number},5\r\n" for number, name in enumerate(NAMES))
    return _faces(at, {"ages.csv": b"\xef\xbb\xbf" + f"image;age\r\n{rows}".encode()})


@layout("A tsv table in UTF-16", FACES, columns=HAIR, counts={"table": 1})
def _utf_16(at: Path) -> Path:
    return _faces(at, {"hair.tsv": _text("\t", end="\r\n").encode("utf-16")})


@layout(
    "A table in cp1252, of old Windows programs",
    FACES,
    columns={"name": "Zo\u00eb Ana Zo\u00eb Ana"},
    counts={"table": 1},
)
def _cp1252(at: Path) -> Path:
    text = "file,name\n000.jpg,Zo\u00eb\n001.jpg,Ana\n002.jpg,Zo\u00eb\n003.jpg,Ana\n"
    return _faces(at, {"names.csv": text.encode("cp1252")})


@layout(
    "The tables of CelebA",
    FACES[:-2],
    "2",
    columns={
        "Smiling": "1 -1 1",
        "Male": "-1 -1 1",
        "identity": "7 8 7",
        "lefteye_x": "1 2 3",
        "lefteye_y": "4 5 6",
    },
    counts={"table": 4, "test": 1},
    says=["1 test image is kept apart"],
)
def _celeba(at: Path) -> Path:
    tables: dict[str, str | bytes] = {
        "list_attr_celeba.txt": "4\nSmiling Male\n000.jpg  1 -1\n001.jpg -1 -1\n002.jpg  1  1\n"
        "003.jpg -1 -1\n",
        "identity_CelebA.txt": "000.jpg 7\n001.jpg 8\n002.jpg 7\n003.jpg 8\n",
        "list_eval_partition.txt": "000.jpg 0\n001.jpg 0\n002.jpg 1\n003.jpg 2\n",
        "list_landmarks_align_celeba.txt": "4\nlefteye_x lefteye_y\n000.jpg 1 4\n001.jpg 2 5\n"
        "002.jpg 3 6\n003.jpg 4 7\n",
    }
    names = [f"img_align_celeba/{name}" for name in NAMES]
    return _faces(at, tables, names)


@layout("metadata.jsonl, as Hugging Face writes it", FACES, columns=HAIR, counts={"table": 1})
def _jsonl(at: Path) -> Path:
    rows = "".join(json.dumps({"file_name": name, "hair": hair}) + "\n" for name, hair in ROWS)
    return _faces(at, {"metadata.jsonl": rows})


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
    return _faces(at, {"train/metadata.csv": table, "test/metadata.csv": table}, names)


@layout(
    "dataset.json, as StyleGAN writes it", FACES, columns={"label": "5 6 5 6"}, counts={"table": 1}
)
def _stylegan(at: Path) -> Path:
    labels = [[f"00000/{name}", 5 + number % 2] for number, name in enumerate(NAMES)]
    names = [f"00000/{name}" for name in NAMES]
    return _faces(at, {"dataset.json": json.dumps({"labels": labels})}, names)


@layout(
    "Lists of tags, as of Danbooru: a column of yes and no for each frequent tag",
    FACES,
    columns={"1girl": "yes yes yes yes", "hat": "yes no yes no", "smile": "no yes yes no"},
    counts={"table": 1},
    says=["tags was read as lists of tags", "All images have the same 1girl"],
)
def _tags(at: Path) -> Path:
    tags = ["1girl hat", "1girl smile", "1girl hat smile", "1girl"]
    rows = "".join(f"{name},{text}\n" for name, text in zip(NAMES, tags, strict=True))
    return _faces(at, {"posts.csv": f"file,tags\n{rows}"})


@layout(
    "posts.jsonl, as of Danbooru, with the number of each image",
    FACES,
    columns={"rating": "s q s q", "1girl": "yes yes yes yes", "hat": "yes no yes no"},
    counts={"table": 1},
    says=["tags was read as lists of tags", "All images have the same 1girl"],
)
def _danbooru(at: Path) -> Path:
    posts = [
        {"id": str(1000 + n), "rating": "sq"[n % 2], "tags": [{"name": "1girl"}, *hat]}
        for n, hat in enumerate([[{"name": "hat"}], [], [{"name": "hat"}], []])
    ]
    names = [f"images/{n:04}/{1000 + n}.jpg" for n in range(4)]
    lines = "".join(json.dumps(post) + "\n" for post in posts)
    return _faces(at, {"metadata/posts.jsonl": lines}, names)


@layout(
    "Annotations of COCO: a column of yes and no for each category",
    FACES,
    columns={"cat": "yes no yes no", "dog": "no yes yes no"},
    counts={"table": 1},
    says=["category was read as lists of tags"],
)
def _coco(at: Path) -> Path:
    document = {
        "images": [{"id": 7 + n, "file_name": name} for n, name in enumerate(NAMES)],
        "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}],
        "annotations": [
            {"image_id": 7 + n, "category_id": c, "bbox": [0, 0, 1, 1]}
            for n, c in [(0, 1), (0, 1), (1, 2), (2, 1), (2, 2)]
        ],
    }
    names = [f"val2017/{name}" for name in NAMES]
    return _faces(at, {"annotations/instances_val2017.json": json.dumps(document)}, names)


@layout(
    "A json file for each image, as gallery-dl writes them",
    FACES,
    columns={"id": "900 901 902 903", "rating": "s q s q", "score": "5 6 5 6"},
    counts={"table": 4},
)
def _json_each(at: Path) -> Path:
    return _faces(
        at,
        {
            f"{name}.json": json.dumps({"id": 900 + n, "rating": "sq"[n % 2], "score": 5 + n % 2})
            for n, name in enumerate(NAMES)
        },
    )


@layout(
    "A text for each image with its tags, as taggers write them",
    "0 1 2 3 4 5",
    columns={
        "hat": "yes no yes no yes no",
        "long hair": "no yes no no yes no",
        "smile": "yes yes no yes no yes",
        "solo": "no yes no no no yes",
    },
    counts={"table": 6},
    says=["tags was read as lists of tags"],
)
def _tags_each(at: Path) -> Path:
    tags = ["smile, hat", "long hair, smile, solo", "hat", "smile", "hat, long hair", "smile, solo"]
    names = [f"{number}.png" for number in range(6)]
    return _faces(at, {f"{number}.txt": text for number, text in enumerate(tags)}, names)


@layout("A caption for each image: not used", "0 1 2 3 4 5", counts={"other": 6})
def _captions_each(at: Path) -> Path:
    names = [f"{number}.png" for number in range(6)]
    captions = {f"{n}.txt": f"A face with {n + 2} freckles, drawn in ink." for n in range(6)}
    return _faces(at, captions, names)


@layout(
    "Several rows for an image, one for each box: what they agree on",
    FACES,
    columns={"class": "cat dog cat dog", "xmin": "- 1 1 1"},
    counts={"table": 1},
    says=["_annotations.csv: rows contradict each other about 1 image"],
)
def _boxes(at: Path) -> Path:
    rows = "".join(f"{name},{('cat', 'dog')[n % 2]},1\n" for n, name in enumerate(NAMES))
    return _faces(at, {"_annotations.csv": f"filename,class,xmin\n{rows}000.jpg,cat,5\n"})


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
        "hair.csv": _text(),
    }
    return _faces(at, files)


@layout("A column for the split", "0 1 2 3", "3", columns=HAIR, counts={"table": 1})
def _partition(at: Path) -> Path:
    rows = "".join(
        f"{name},{hair},{'val' if name == '003.jpg' else 'train'}\n" for name, hair in ROWS
    )
    return _faces(at, {"metadata.csv": f"file,hair,split\n{rows}"})


@layout("train.txt and val.txt: lists of names", "0 1 2 3", "2 3", counts={"table": 2})
def _lists(at: Path) -> Path:
    return _faces(at, {"train.txt": "000\n001\n", "val.txt": "002\n003\n"})


@layout(
    "Names in another case, without suffix or zeros, with a path of another machine",
    FACES,
    columns={"age": "0.5 1.5 2.5 3.5"},
    counts={"table": 1},
)
def _loose_names(at: Path) -> Path:
    rows = "0.JPG,0.5\n1,1.5\nC:\\Users\\me\\Pictures\\faces\\002.jpg,2.5\n./faces/003.jpeg,3.5\n"
    return _faces(at, {"ages.csv": f"file,age\n{rows}"})


@layout("Cells without a value", FACES, columns={"age": "0.5 - - 3.5"}, counts={"table": 1})
def _empty_cells(at: Path) -> Path:
    return _faces(at, {"a.csv": "file,age\n000.jpg,0.5\n001.jpg,NaN\n002.jpg,\n003.jpg,3.5\n"})


@layout("Labels written as 1.0 and 2.0", FACES, columns={"label": "1 2 1 2"}, counts={"table": 1})
def _float_labels(at: Path) -> Path:
    rows = "".join(f"{name},{1 + n % 2}.0\n" for n, name in enumerate(NAMES))
    return _faces(at, {"a.csv": f"file,label\n{rows}"})


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
    return _faces(at, {"a.csv": "file,age\n000.jpg,0.5\n001.jpg,1.5\n009.jpg,9.5\n"})


@layout(
    "A table about other files: said",
    FACES,
    counts={"table": 1},
    says=["a.csv was not used: no image was found for any of its rows, such as 'x.jpg'"],
)
def _other(at: Path) -> Path:
    return _faces(at, {"a.csv": "file,age\nx.jpg,0.5\ny.jpg,1.5\n"})


@layout(
    "A row whose own file is gone does not go to another of its name",
    "0",
    "0",
    counts={"table": 1},
    says=["labels.csv was not used"],
)
def _gone(at: Path) -> Path:
    return _faces(at, {"labels.csv": "file,age\ntrain/a.jpg,0.5\n"}, ["test/a.jpg"])
