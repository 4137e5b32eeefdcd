"""Folders that are splits, and folders that are classes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.vae.data.folders.samples import encoded, examples, opened, picture, write
from tests.vae.data.samples import counts, warnings_of
from vae.data.splits.split_words import agreed_splits, split_of
from vae.data.splits.splits import folder_labels, folder_splits


@pytest.mark.parametrize(
    ("name", "split"),
    [
        *((name, "train") for name in ("train", "Training", "TRAIN", "train2017", "trainA")),
        *(
            (name, "train")
            for name in ("training_set", "train_images", "x_train", "trainset", "trn", "tra")
        ),
        *((name, "train") for name in ("xtrain", "images_train", "train_data", "Train_Images")),
        *(
            (name, "validation")
            for name in ("val", "valid", "Validation", "dev", "val-2017", "vld")
        ),
        *(
            (name, "test")
            for name in ("test", "testing", "Test_Set", "images.test", "test01", "tst", "xtest")
        ),
        *((name, "") for name in ("trainers", "testament", "valley", "device", "cat", "x", "2017")),
        *((name, "") for name in ("trains", "test_subject", "tr", "te", "extra", "invalid")),
        *((name, "") for name in ("test tube", "training shoes", "9" * 500)),
    ],
)
def test_a_folder_is_of_a_split_when_its_name_says_nothing_else(name: str, split: str) -> None:
    assert split_of(name) == split


@pytest.mark.parametrize(
    ("names", "labels"),
    [
        (["cat/1.png", "cat/2.png", "dog/1.png"], ["cat", "cat", "dog"]),
        (["a/x/1.png", "a/2.png", "b/1.png"], ["a", "a", "b"]),
        (["train/cat/1.png", "train/dog/1.png", "test/dog/2.png"], ["cat", "dog", "dog"]),
        (["cat/train/1.png", "dog/train/1.png", "dog/val/2.png"], ["cat", "dog", "dog"]),
        (["train/in/cat/1.png", "train/in/dog/1.png", "val/in/dog/2.png"], ["cat", "dog", "dog"]),
        (["train/test/1.png", "train/dev/1.png", "val/dev/2.png"], ["test", "dev", "dev"]),
        (
            ["train/train/cat/1.png", "train/train/dog/1.png", "val/dog/2.png"],
            "cat dog dog".split(),
        ),
        (["train/1.png", "train/2.png", "test/3.png"], None),
        (["1.png", "cat/2.png", "dog/2.png"], None),
        (["1.png", "2.png"], None),
        (["00000/1.png", "00000/2.png", "01000/1.png"], None),
        (["a/1.png", "b/1.png", "c/1.png"], None),
        (["0.png", *(f"{'ab'[i % 2]}/{i}.png" for i in range(9))], ["", *"ababababa"]),
    ],
)
def test_folders_are_classes_only_where_they_look_like_classes_and_no_split_is_one(
    names: list[str], labels: list[str] | None
) -> None:
    assert folder_labels(folder_splits(names)[1]) == labels


@pytest.mark.parametrize(
    ("names", "splits"),
    [
        ("X_tr X_te X_va", "train test validation"),
        ("pets_train pets_test", "train test"),
        ("train_faces val_faces", "train validation"),
        ("tr te", "train test"),
        ("tr te de", None),  # languages
        ("cats trains test_subject", None),
        ("bullet_train crash_test", None),
        ("val test", None),
        ("train", None),
    ],
)
def test_names_beside_each_other_are_splits_where_all_of_them_agree(
    names: str, splits: str | None
) -> None:
    found = agreed_splits(names.split())
    assert (found and " ".join(found[name] for name in names.split())) == splits


@pytest.mark.parametrize(
    "names",
    [
        ["valid/a", "valid/b", "invalid/c"],
        ["control/a", "control/b", "test/c"],
        ["tr/a", "te/b", "de/c", "de/d"],
        ["trains/a", "trains/b", "test_subject/c", "test_subject/d"],
    ],
)
def test_folders_that_only_look_like_splits_are_classes(names: list[str], tmp_path: Path) -> None:
    for seed, name in enumerate(names):
        write(tmp_path / "pets" / f"{name}.png", encoded(seed))
    data = opened(tmp_path / "pets", tmp_path)
    assert data.manifest["split_from"] == "random"
    assert data.classes["label"] == tuple(sorted({name.split("/")[0] for name in names}))


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (
            ["train/b", "val/c", "a", "d"],
            "2 images lie in no folder of a split, such as 'a.png', and are used for training too.",
        ),
        (
            ["train/b", "val/c", "more/a"],
            "1 image lies in no folder of a split, such as 'more/a.png', and is used for training "
            "too.",
        ),
        (
            ["a", "test/c"],
            "1 image lies in no folder of a split, such as 'a.png', and is used for training, as "
            "no folder is for training.",
        ),
    ],
)
def test_images_beside_split_folders_are_said_to_be_trained_on(
    names: list[str], sentence: str, tmp_path: Path
) -> None:
    for seed, name in enumerate(names):
        write(tmp_path / "pets" / f"{name}.png", encoded(seed))
    data = opened(tmp_path / "pets", tmp_path)
    assert sentence in warnings_of(data)
    held_out = {data.names[index] for index in data.validation}
    assert held_out == {f"{name}.png" for name in names if name[:4] in ("val/", "test")}


@pytest.mark.parametrize("train", ["train", "Training", "train2017"])
@pytest.mark.parametrize("held_out", ["val", "VALIDATION", "dev", "test", "testing"])
@pytest.mark.parametrize("layout", ["{split}/{label}", "{label}/{split}", "in/{split}/{label}"])
def test_split_folders_at_any_level_are_the_split(
    train: str, held_out: str, layout: str, tmp_path: Path
) -> None:
    expected = {}
    for seed in range(12):
        split, label = (held_out if seed % 3 == 0 else train), ("cat", "dog")[seed % 2]
        folder = tmp_path / "pets" / layout.format(split=split, label=label)
        write(folder / f"{seed}.png", encoded(seed))
        expected[seed] = (seed % 3 == 0, label)
    data = opened(tmp_path / "pets", tmp_path)
    assert counts(data) == {"used": 12}
    assert data.manifest["split_from"] == "own"
    held = set(data.validation.tolist())
    assert sorted([*data.train.tolist(), *held]) == list(range(12))
    for index, name in enumerate(data.names):
        seed = int(Path(name).stem)
        label = data.classes["label"][data.attributes["label"][index]]
        assert (index in held, label) == expected[seed]
        assert np.array_equal(data.take(np.array([index]))[0], np.asarray(picture(seed)))


def test_test_images_beside_validation_images_are_kept_apart(tmp_path: Path) -> None:
    for seed, name in enumerate(["train/a", "train/b", "val/c", "test/d", "test/e", "more/f"]):
        write(tmp_path / "pets" / f"{name}.png", encoded(seed))
    data = opened(tmp_path / "pets", tmp_path)
    assert counts(data) == {"used": 4, "test": 2}
    assert [data.names[index] for index in data.train] == [
        "more/f.png",
        "train/a.png",
        "train/b.png",
    ]
    assert [data.names[index] for index in data.validation] == ["val/c.png"]
    assert [text.split(":")[0] for text in examples(data, "test")] == ["test/d.png", "test/e.png"]
    assert "2 test images are kept apart" in warnings_of(data)


@pytest.mark.parametrize(
    "names", [["train/a", "train/b"], ["val/a", "test/b"], ["test/a", "test/b"]]
)
def test_a_split_with_an_empty_side_is_none(names: list[str], tmp_path: Path) -> None:
    for seed, name in enumerate(names):
        write(tmp_path / "pets" / f"{name}.png", encoded(seed))
    data = opened(tmp_path / "pets", tmp_path)
    assert counts(data) == {"used": 2}
    assert data.manifest["split_from"] == "random"


def test_an_image_of_both_splits_is_a_training_image_only(tmp_path: Path) -> None:
    for name, seed in (("val/a", 0), ("val/b", 1), ("train/a", 0), ("train/c", 2)):
        write(tmp_path / "pets" / f"{name}.png", encoded(seed))
    data = opened(tmp_path / "pets", tmp_path)
    assert [data.names[index] for index in data.validation] == ["val/b.png"]
    assert examples(data, "duplicate") == ["val/a.png: same as train/a.png"]
