"""Arrays of NumPy: their splits, labels and shapes."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from tests.vae.data.layouts.layout import Theme, colours, greys, levels, write

ARRAYS = Theme(
    "Arrays of NumPy",
    "In an .npz the names of the arrays say which are images, which are labels, and which split "
    "they are of. Nothing is unpickled but plain texts.",
)
layout = ARRAYS.layout
FIRST_FOUR = "0 1 2 3"


def _npz(at: Path, **arrays: Any) -> Path:
    np.savez(at / "faces.npz", **arrays)
    return at / "faces.npz"


def _npy(at: Path, array: Any) -> Path:
    np.save(at / "faces.npy", array)
    return at / "faces.npy"


@layout(
    "As Keras keeps them, the test arrays first",
    "0 1 2 3 4 5",
    "4 5",
    columns={"label": "5 6 5 6 5 6"},
    says=["The test images are used for validation"],
)
def _keras(at: Path) -> Path:
    return _npz(
        at,
        x_test=greys([4, 5]),
        y_test=np.array([5, 6]),
        x_train=greys(range(4)),
        y_train=np.array([5, 6, 5, 6]),
    )


@layout(
    "As MedMNIST keeps them: three splits, labels of shape [N, 1]",
    "0 1 2 3",
    "3",
    columns={"label": "7 8 7 8"},
    counts={"test": 2},
    says=["The 2 images of test_images are kept apart"],
)
def _medmnist(at: Path) -> Path:
    return _npz(
        at,
        train_images=greys([0, 1, 2]),
        val_images=greys([3]),
        test_images=greys([4, 5]),
        train_labels=np.array([[7], [8], [7]]),
        val_labels=np.array([[8]]),
        test_labels=np.array([[7], [8]]),
    )


@layout("One-hot labels", FIRST_FOUR, columns={"label": "0 2 1 0"})
def _one_hot(at: Path) -> Path:
    return _npz(at, images=greys(range(4)), labels=np.eye(3)[[0, 2, 1, 0]])


@layout("Labels as bytes", FIRST_FOUR, columns={"label": "cat dog cat dog"})
def _bytes(at: Path) -> Path:
    return _npz(at, images=greys(range(4)), labels=np.array([b"cat", b"dog"] * 2))


@layout(
    "Labels as Python texts, which are kept pickled",
    FIRST_FOUR,
    columns={"label": "cat dog cat dog"},
)
def _objects(at: Path) -> Path:
    return _npz(at, images=greys(range(4)), labels=np.array(["cat", "dog"] * 2, dtype=object))


@layout(
    "Several numbers for each image",
    FIRST_FOUR,
    columns={"pose 0": "0.5 1.5 2.5 3.5", "pose 1": "1 2 1 2"},
)
def _several(at: Path) -> Path:
    pose = np.array([[0.5, 1], [1.5, 2], [2.5, 1], [3.5, 2]])
    return _npz(at, images=greys(range(4)), pose=pose)


@layout("An .npy file of grey images", FIRST_FOUR)
def _grey(at: Path) -> Path:
    return _npy(at, greys(range(4)))


@layout("Channels last", FIRST_FOUR, channels=3)
def _last(at: Path) -> Path:
    return _npy(at, np.stack([colours(n) for n in range(4)]))


@layout("Channels first, as PyTorch has them", FIRST_FOUR, channels=3)
def _first(at: Path) -> Path:
    return _npy(at, np.stack([colours(n) for n in range(4)]).transpose(0, 3, 1, 2))


@layout("Rows of 784 numbers", "0 1 2", options=(), says=["read as 3 images of 28 x 28 pixels"])
def _rows_784(at: Path) -> Path:
    large = [np.kron(levels(n), np.ones((7, 7), np.uint8))[::4, ::4] for n in range(3)]
    return _npy(at, np.stack(large).reshape(3, 784))


@layout(
    "Rows of 3,072 numbers, as of CIFAR",
    "0 1 2",
    options=(),
    channels=3,
    says=["read as 3 colour images, channels first, of 32 x 32 pixels"],
)
def _rows_3072(at: Path) -> Path:
    large = [np.kron(colours(n), np.ones((2, 2, 1), np.uint8)) for n in range(3)]
    return _npy(at, np.stack(large).transpose(0, 3, 1, 2).reshape(3, 3072))


@layout("One picture alone", "3", "3", says=["read as one picture"], channels=3)
def _one_picture(at: Path) -> Path:
    return _npy(at, colours(3))


@layout("One grey picture alone", "3", "3", says=["read as one grey picture"])
def _one_grey(at: Path) -> Path:
    return _npy(at, levels(3))


@layout("A folder of .npy files, one image each", "0 1 2 3", columns={"label": "cat cat dog dog"})
def _folder(at: Path) -> Path:
    for number in range(4):
        path = at / "faces" / ("cat", "dog")[number // 2] / f"{number}.npy"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, colours(number))
    return at / "faces"


@layout(
    "A folder of .npy files that are whole sets",
    "0 1 2 3",
    "3",
    columns={"label": "7 8 7 8"},
    says=["The test images are used for validation"],
)
def _folder_of_sets(at: Path) -> Path:
    (at / "faces").mkdir()
    np.save(at / "faces/x_train.npy", greys([0, 1, 2]))
    np.save(at / "faces/y_train.npy", np.array([7, 8, 7]))
    np.save(at / "faces/x_test.npy", greys([3]))
    np.save(at / "faces/y_test.npy", np.array([8]))
    return at / "faces"


@layout(".npy files in a zip, one image each", "0 1 2 3", columns={"label": "cat cat dog dog"})
def _npy_zip(at: Path) -> Path:
    with zipfile.ZipFile(at / "faces.zip", "w") as archive:
        for number in range(4):
            with archive.open(f"{('cat', 'dog')[number // 2]}/{number}.npy", "w") as file:
                np.save(file, colours(number))
    return at / "faces.zip"


@layout("An .npz with one picture under each name", "0 1 2")
def _picture_names(at: Path) -> Path:
    np.savez(at / "faces.npz", **{f"face_{number}": colours(number) for number in range(3)})
    return at / "faces.npz"


@layout(
    "Several .npz files",
    "0 1 2 3",
    "3",
    columns={"label": "7 8 7 8"},
    says=["2 files are read together", "The test images are used for validation"],
)
def _several_npz(at: Path) -> Path:
    (at / "faces").mkdir()
    np.savez(at / "faces/test.npz", x=greys([3]), y=np.array([8]))
    np.savez(at / "faces/train.npz", x=greys([0, 1, 2]), y=np.array([7, 8, 7]))
    return at / "faces"


@layout(
    "A table beside an array, with a row for each image: said",
    "0 1 2 3",
    columns={"age": "0.5 1.5 2.5 3.5"},
    counts={"table": 1},
    says=["ages.csv has as many rows as there are images, 4"],
)
def _table_in_order(at: Path) -> Path:
    (at / "faces").mkdir()
    np.save(at / "faces/faces.npy", np.stack([colours(number) for number in range(4)]))
    write(at / "faces/ages.csv", "age\n0.5\n1.5\n2.5\n3.5\n")
    return at / "faces"


@layout(
    "A table that numbers the images of an array",
    "0 1 2 3",
    columns={"age": "0.5 1.5 2.5 3.5"},
    counts={"table": 1},
)
def _table_of_numbers(at: Path) -> Path:
    (at / "faces").mkdir()
    np.save(at / "faces/faces.npy", np.stack([colours(number) for number in range(4)]))
    write(at / "faces/ages.csv", "index,age\n3,3.5\n2,2.5\n1,1.5\n0,0.5\n")
    return at / "faces"


@layout(
    "A table with other rows than there are images: said",
    "0 1 2 3",
    counts={"other": 1},
    says=["ages.csv was not used: it has 3 rows for 4 images"],
)
def _table_of_others(at: Path) -> Path:
    (at / "faces").mkdir()
    np.save(at / "faces/faces.npy", np.stack([colours(number) for number in range(4)]))
    write(at / "faces/ages.csv", "age\n0.5\n1.5\n2.5\n")
    return at / "faces"


@layout(
    "A table that names .npy files of one picture each",
    "0 1 2 3",
    columns={"hair": "red blue red blue"},
    counts={"table": 1},
)
def _table_of_pictures(at: Path) -> Path:
    (at / "faces").mkdir()
    for number in range(4):
        np.save(at / f"faces/face_{number}.npy", colours(number))
    rows = "".join(f"face_{n}.npy,{('red', 'blue')[n % 2]}\n" for n in range(4))
    write(at / "faces/hair.csv", f"file,hair\n{rows}")
    return at / "faces"
