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


def faces(at: Path, tables: dict[str, str | bytes], names: list[str] = NAMES) -> Path:
    folder = save(at / "faces", names)
    for name, content in tables.items():
        write((at / "faces" / name).resolve(), content)
    return folder


ROWS_OF_HAIR = [("000.jpg", "red"), ("001.jpg", "blue"), ("002.jpg", "red"), ("003.jpg", "blue")]


def hair_table(separator: str = ",", header: str = "file,hair", end: str = "\n") -> str:
    return end.join(
        [header.replace(",", separator), *(separator.join(row) for row in ROWS_OF_HAIR), ""]
    )


@layout("A csv table", FACES, columns=HAIR, counts={"table": 1})
def _csv(at: Path) -> Path:
    return faces(at, {"metadata.csv": hair_table()})


@layout("A csv table beside the folder", FACES, columns=HAIR)
def _beside(at: Path) -> Path:
    return faces(at, {"../faces.csv": hair_table()})


@layout(
    "Semicolons, a byte order mark and decimal commas, as Excel writes them",
    FACES,
    columns={"age": "0.5 1.5 2.5 3.5"},
    counts={"table": 1},
)
def _semicolons(at: Path) -> Path:
    rows = "".join(f"{name};{number},5\r\n" for number, name in enumerate(NAMES))
    return faces(at, {"ages.csv": b"\xef\xbb\xbf" + f"image;age\r\n{rows}".encode()})


@layout("A tsv table in UTF-16", FACES, columns=HAIR, counts={"table": 1})
def _utf_16(at: Path) -> Path:
    return faces(at, {"hair.tsv": hair_table("\t", end="\r\n").encode("utf-16")})


@layout(
    "A table in cp1252, of old Windows programs",
    FACES,
    columns={"name": "Zo\u00eb Ana Zo\u00eb Ana"},
    counts={"table": 1},
)
def _cp1252(at: Path) -> Path:
    text = "file,name\n000.jpg,Zo\u00eb\n001.jpg,Ana\n002.jpg,Zo\u00eb\n003.jpg,Ana\n"
    return faces(at, {"names.csv": text.encode("cp1252")})


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
    return faces(at, tables, names)


@layout("metadata.jsonl, as Hugging Face writes it", FACES, columns=HAIR, counts={"table": 1})
def _jsonl(at: Path) -> Path:
    rows = "".join(
        json.dumps({"file_name": name, "hair": hair}) + "\n" for name, hair in ROWS_OF_HAIR
    )
    return faces(at, {"metadata.jsonl": rows})


@layout(
    "dataset.json, as StyleGAN writes it", FACES, columns={"label": "5 6 5 6"}, counts={"table": 1}
)
def _stylegan(at: Path) -> Path:
    labels = [[f"00000/{name}", 5 + number % 2] for number, name in enumerate(NAMES)]
    names = [f"00000/{name}" for name in NAMES]
    return faces(at, {"dataset.json": json.dumps({"labels": labels})}, names)


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
    return faces(at, {"posts.csv": f"file,tags\n{rows}"})


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
    return faces(at, {"metadata/posts.jsonl": lines}, names)


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
    return faces(at, {"annotations/instances_val2017.json": json.dumps(document)}, names)


@layout(
    "A json file for each image, as gallery-dl writes them",
    FACES,
    columns={"id": "900 901 902 903", "rating": "s q s q", "score": "5 6 5 6"},
    counts={"table": 4},
)
def _json_each(at: Path) -> Path:
    return faces(
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
    return faces(at, {f"{number}.txt": text for number, text in enumerate(tags)}, names)


@layout("A caption for each image: not used", "0 1 2 3 4 5", counts={"other": 6})
def _captions_each(at: Path) -> Path:
    names = [f"{number}.png" for number in range(6)]
    captions = {f"{n}.txt": f"A face with {n + 2} freckles, drawn in ink." for n in range(6)}
    return faces(at, captions, names)
