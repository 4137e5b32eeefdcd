"""Folders, zip files and single files of images."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from tests.vae.data.layouts.layout import Theme, encoded, levels, save, write

FOLDERS = Theme(
    "Folders, zip files and single images",
    "Every image below a folder is used once, whatever its file is called, or counted with the "
    "reason why not. Folders named train, val or test (and words like these) are the split; other "
    "folders with nearly all of the images in them are classes.",
)
layout = FOLDERS.layout


@layout("A folder of images", "0 1 2 3")
def _plain(at: Path) -> Path:
    return save(at / "pets", ["0.png", "1.jpg", "2.webp", "3.bmp"])


@layout("A folder in a folder in a folder", "0 1 2")
def _nested(at: Path) -> Path:
    save(at / "pets/images/all", ["0.png", "1.png", "2.png"])
    return at / "pets"


@layout("Numbered folders of one set, as FFHQ has them", "0 1 2 3")
def _shards(at: Path) -> Path:
    return save(
        at / "ffhq", ["00000/00000.png", "00000/00001.png", "01000/01000.png", "01000/1.png"]
    )


@layout("A folder for each class", "0 1 2 3", columns={"label": "cat cat dog dog"})
def _classes(at: Path) -> Path:
    return save(at / "pets", ["cat/0.png", "cat/1.png", "dog/2.png", "dog/3.png"])


@layout(
    "Training and test folders",
    "0 1 2 3",
    "3",
    says=["The test images are used for validation"],
)
def _train_test(at: Path) -> Path:
    return save(at / "pets", ["train/a.png", "train/b.png", "train/c.png", "test/a.png"])


@layout(
    "Images beside the folders of the split: used for training, and that is said",
    "0 1 2 3",
    "2",
    says=["1 image lies in no folder of a split, such as 'd.png', and is used for training too"],
)
def _beside_splits(at: Path) -> Path:
    return save(at / "pets", ["train/a.png", "train/b.png", "val/c.png", "d.png"])


@layout(
    "Short words for the split, where all folders beside each other are such",
    "0 1 2 3",
    "3",
    says=["The test images are used for validation"],
)
def _short_words(at: Path) -> Path:
    return save(at / "pets", ["X_tr/a.png", "X_tr/b.png", "X_tr/c.png", "X_te/a.png"])


@layout(
    "Training, validation and test folders, with a folder for each class in them",
    "0 1 2",
    "2",
    columns={"label": "cat dog dog"},
    counts={"test": 1},
    says=["1 test image is kept apart"],
)
def _three_splits(at: Path) -> Path:
    names = ["train/cat/0.png", "train/dog/1.png", "validation/dog/2.png", "test/cat/3.png"]
    return save(at / "pets", names)


@layout(
    "A folder for each class, with the split in each of them",
    "0 1 2 3",
    "1 3",
    columns={"label": "cat cat dog dog"},
)
def _classes_with_splits(at: Path) -> Path:
    names = ["cat/training_set/0.png", "cat/val/1.png", "dog/training_set/2.png", "dog/val/3.png"]
    return save(at / "pets", names)


@layout(
    "As Tiny ImageNet: a folder for each class, but none for the validation images",
    "0 1 2 3 4",
    "4",
    columns={"label": "n01 n01 n02 n02 -"},
)
def _tiny_imagenet(at: Path) -> Path:
    names = [f"train/n0{1 + n // 2}/images/{n}.JPEG" for n in range(4)]
    return save(at / "tiny", [*names, "val/images/4.JPEG"])


@layout(
    "Pictures and their masks: said, as both are trained on",
    "0 1 2 3",
    columns={"label": "images images masks masks"},
    says=["The folder masks holds 2 images that are called as those in images"],
)
def _masks(at: Path) -> Path:
    return save(at / "pets", ["images/0.jpg", "images/1.jpg", "masks/0.png", "masks/1.png"])


@layout("The validation images alone: no split, so one is drawn", "0 1 2")
def _val_alone(at: Path) -> Path:
    return save(at / "pets", ["val/0.png", "val/1.png", "val/2.png"])


@layout(
    "A zip file, with what a Mac puts in", "0 1 2", counts={"system": 2}, columns={"label": "a a b"}
)
def _zip(at: Path) -> Path:
    with zipfile.ZipFile(at / "pets.zip", "w") as archive:
        for number, name in enumerate(["a/0.png", "a/1.png", "b/2.png"]):
            archive.writestr(f"pets/{name}", encoded(number))
        archive.writestr("__MACOSX/pets/a/._0.png", b"\0\5\x16\7")
        archive.writestr("pets/.DS_Store", b"\0\0\0\1Bud1")
    return at / "pets.zip"


@layout("A zip file of sparse masks, which unpack to a thousand times their size", "0 1")
def _sparse_zip(at: Path) -> Path:
    with zipfile.ZipFile(at / "masks.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for number in (0, 1):
            big = np.kron(levels(number), np.ones((64, 64), np.uint8))
            file = io.BytesIO()
            Image.fromarray(big).save(file, "BMP")
            archive.writestr(f"{number}.bmp", file.getvalue())
    return at / "masks.zip"


@layout(
    "A zip file of images beside its tables, as CelebA is downloaded",
    "0 1 2",
    columns={"Smiling": "1 -1 1"},
)
def _zip_and_tables(at: Path) -> Path:
    (at / "celeba").mkdir()
    with zipfile.ZipFile(at / "celeba/img_align_celeba.zip", "w") as archive:
        for number in range(3):
            archive.writestr(
                f"img_align_celeba/{number:06}.jpg", encoded(number, "JPEG", quality=95)
            )
    rows = "000000.jpg 1\n000001.jpg -1\n000002.jpg 1\n"
    write(at / "celeba/list_attr_celeba.txt", f"3\nSmiling\n{rows}")
    return at / "celeba"


@layout(
    "A zip file within: it is not opened, and that is said",
    "0 1",
    counts={"other": 1},
    says=["A zip file inside is not opened"],
)
def _zip_inside(at: Path) -> Path:
    save(at / "pets", ["0.png", "1.png"])
    with zipfile.ZipFile(at / "pets/more.zip", "w") as archive:
        archive.writestr("2.png", encoded(2))
    return at / "pets"


@layout("One image", "7", "7")
def _single(at: Path) -> Path:
    write(at / "face.png", encoded(7))
    return at / "face.png"


@layout("Copies, also in another format", "0 1", counts={"duplicate": 2})
def _copies(at: Path) -> Path:
    save(at / "pets", ["0.png", "1.png"])
    write(at / "pets/again/0.png", encoded(0))
    write(at / "pets/again/one.bmp", encoded(1, "BMP"))
    return at / "pets"


@layout(
    "Links: to a file, to a folder outside, back to itself, to nothing",
    "0 1 2",
    counts={"linked": 4},
    says=["1 link leads out of the folder"],
)
def _links(at: Path) -> Path:
    save(at / "pets", ["0.png", "1.png"])
    save(at / "elsewhere", ["2.png"], start=2)
    for name, target in {
        "again.png": "0.png",
        "more": "../elsewhere",
        "loop": ".",
        "gone.png": "nothing.png",
    }.items():
        os.symlink(target, at / "pets" / name)
    return at / "pets"


@layout("A link to the folder", "0 1")
def _link_to_folder(at: Path) -> Path:
    save(at / "disk/pets", ["0.png", "1.png"])
    os.symlink("disk/pets", at / "mine")
    return at / "mine"


@layout("A path as it is pasted: in quotes, as a file:// address", "0 1")
def _pasted(at: Path) -> str:
    folder = save(at / "my pets & more", ["0.png", "1.png"])
    return f'"{folder.as_uri()}"'


@layout("Names in all letters, with quotes and spaces", "0 1 2 3")
def _letters(at: Path) -> Path:
    return save(at / "pets", ["a b's.png", 'say "hi".png', "\u65e5\u672c.png", "\u00e9t\u00e9.png"])
