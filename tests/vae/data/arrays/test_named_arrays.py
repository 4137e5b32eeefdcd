"""The arrays of an .npz: their split and their labels."""

from __future__ import annotations

import itertools
import os
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.vae.data.arrays.samples import noise
from tests.vae.data.samples import SIZE, everything, imported, warnings_of
from vae.errors import InputError

# ---------------------------------------------------------------------------- splits


KERAS = [
    ("x_train", "y_train", "x_test", "y_test"),
    ("X_train", "Y_train", "X_test", "Y_test"),
    ("train_x", "train_y", "test_x", "test_y"),
    ("trainX", "trainY", "testX", "testY"),
    ("xtrain", "ytrain", "xtest", "ytest"),
    ("train_images", "train_labels", "val_images", "val_labels"),
    ("images_train", "labels_train", "images_test", "labels_test"),
    ("train/data", "train/targets", "validation/data", "validation/targets"),
    ("training_imgs", "training_target", "dev_imgs", "dev_target"),
    ("train", "train_label", "valid", "valid_label"),
    ("train_set_x_orig", "train_set_y", "test_set_x_orig", "test_set_y"),
    ("x_train", "y_train", "x_eval", "y_eval"),
    ("X_tr", "y_tr", "X_te", "y_te"),
    ("Xtr", "Ytr", "Xte", "Yte"),
    ("trn_images", "trn_labels", "tst_images", "tst_labels"),
    ("x_tra", "y_tra", "x_vld", "y_vld"),
]


@pytest.mark.parametrize("names", KERAS, ids=lambda names: names[0])
def test_keys_are_the_split_whatever_their_order(
    names: tuple[str, str, str, str], tmp_path: Path
) -> None:
    train, held_out = noise(9, SIZE, SIZE), noise(4, SIZE, SIZE, seed=1)
    arrays = dict(zip(names, [train, np.arange(9) % 3, held_out, np.arange(4) % 2], strict=True))
    for turn, order in enumerate(itertools.permutations(names)):
        if turn % 7:
            continue
        path = tmp_path / f"{turn}.npz"
        np.savez(path, **{name: arrays[name] for name in order})
        data = imported(path)
        assert np.array_equal(data.take(data.train)[..., 0], train)
        assert np.array_equal(data.take(data.validation)[..., 0], held_out)
        assert data.attributes["label"].tolist() == [*np.arange(9) % 3, *np.arange(4) % 2]


def test_test_images_are_kept_apart_where_there_are_validation_images(tmp_path: Path) -> None:
    parts = {name: noise(5, SIZE, SIZE, seed=seed) for seed, name in enumerate("abc")}
    np.savez(
        tmp_path / "a.npz",
        test_images=parts["c"],
        val_images=parts["b"],
        train_images=parts["a"],
        test_labels=np.arange(5),
        val_labels=np.arange(5),
        train_labels=np.arange(5),
    )
    data = imported(tmp_path / "a.npz")
    assert np.array_equal(data.take(data.train)[..., 0], parts["a"])
    assert np.array_equal(data.take(data.validation)[..., 0], parts["b"])
    assert data.manifest["counts"] == {"used": 10, "test": 5}
    assert "5 images of test_images" in warnings_of(data)


def test_one_test_image_that_is_kept_apart_is_not_called_images(tmp_path: Path) -> None:
    sides = {"x_train": 5, "x_val": 3, "x_test": 1}
    arrays = {key: noise(num, SIZE, SIZE, seed=num) for key, num in sides.items()}
    np.savez(tmp_path / "a.npz", **arrays)
    assert "The 1 image of x_test is kept apart as test images" in warnings_of(
        imported(tmp_path / "a.npz")
    )


@pytest.mark.parametrize("key", ["x_train", "x_test"])
def test_one_side_alone_is_no_split(key: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", **{key: noise(20, SIZE, SIZE)})
    data = imported(tmp_path / "a.npz")
    assert (len(data.train), len(data.validation)) == (18, 2)


def test_two_keys_for_one_side_are_never_mixed_and_the_second_is_told(tmp_path: Path) -> None:
    first, second = noise(6, SIZE, SIZE), noise(6, SIZE, SIZE, seed=1)
    np.savez(tmp_path / "a.npz", x_train=first, train_x=second, x_test=noise(2, SIZE, SIZE))
    data = imported(tmp_path / "a.npz")
    assert np.array_equal(data.take(data.train)[..., 0], first)
    assert "Not used of a.npz: train_x [6, 32, 32]" in warnings_of(data)


def test_words_that_only_begin_like_a_split_are_none(tmp_path: Path) -> None:
    np.savez(
        tmp_path / "a.npz", images=noise(6, SIZE, SIZE), values=np.arange(6), latest=np.ones(6)
    )
    data = imported(tmp_path / "a.npz")
    assert data.attributes.keys() == {"values", "latest"}
    assert len(data) == 6


def test_images_that_are_not_used_are_told(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=noise(6, SIZE, SIZE), masks=noise(6, SIZE, SIZE, seed=1))
    data = imported(tmp_path / "a.npz")
    assert np.array_equal(everything(data)[..., 0], noise(6, SIZE, SIZE))
    assert "masks" in warnings_of(data)


KEYS = {"train": ("train", "training"), "validation": ("val", "valid", "dev"), "test": ("test",)}


FORMS = {
    "plain": lambda labels: labels,
    "column": lambda labels: labels[:, None],
    "one-hot": lambda labels: np.eye(4, dtype=np.uint8)[labels],
    "bytes": lambda labels: np.char.encode(labels.astype(str)),
    "text": lambda labels: labels.astype(str),
}


LAYOUT = {
    "NHW": lambda images: images,
    "NHW1": lambda images: images[..., None],
    "N1HW": lambda images: images[:, None],
    "rows": lambda images: images.reshape(len(images), -1),
    "colour": lambda images: np.stack([images] * 3, axis=-1),
}


@settings(max_examples=60, deadline=None)
@given(
    sizes=st.dictionaries(st.sampled_from(sorted(KEYS)), st.integers(1, 6), min_size=1),
    labelled=st.sets(st.sampled_from(sorted(KEYS))),
    form=st.sampled_from(sorted(FORMS)),
    layout=st.sampled_from(sorted(LAYOUT)),
    scale=st.sampled_from([1, 1 / 255, 257]),
    is_split_first=st.booleans(),
    is_packed=st.booleans(),
    words=st.tuples(st.sampled_from(["x", "images"]), st.sampled_from(["y", "labels"])),
    random=st.randoms(use_true_random=False),
)
def test_every_image_of_any_npz_is_used_once_or_counted_and_keeps_its_label(
    sizes: dict[str, int],
    labelled: set[str],
    form: str,
    layout: str,
    scale: float,
    is_split_first: bool,
    is_packed: bool,
    words: tuple[str, str],
    random: object,
) -> None:
    arrays: dict[str, np.ndarray] = {}
    numbers: dict[str, np.ndarray] = {}
    first = 0
    for split, num in sizes.items():
        word = random.choice(KEYS[split])  # type: ignore[attr-defined]
        numbers[split] = np.arange(first, first + num)
        first += num
        images = np.zeros((num, 16, 16), np.int64)
        images[:, 0, 0], images[:, 0, 1] = numbers[split], 255
        stored = LAYOUT[layout](images * scale if scale < 1 else images * int(scale))
        key = [f"{word}_{name}" if is_split_first else f"{name}_{word}" for name in words]
        arrays[key[0]] = stored if scale != 257 else stored.astype(np.uint16)
        if split in labelled:
            arrays[key[1]] = FORMS[form](numbers[split] % 4)
    keys = list(arrays)
    random.shuffle(keys)  # type: ignore[attr-defined]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.npz"
        save = np.savez_compressed if is_packed else np.savez
        save(path, **{key: arrays[key] for key in keys})
        data = imported(path)
        found = everything(data)[:, 0, 0, 0]
    held_out = "validation" if "validation" in sizes else "test"
    if "train" in sizes and len(sizes) > 1:
        apart = sizes.get("test", 0) if held_out == "validation" else 0
        assert found[data.train].tolist() == numbers["train"].tolist()
        assert found[data.validation].tolist() == numbers[held_out].tolist()
    else:
        apart = 0
        assert sorted(found) == sorted(np.concatenate(list(numbers.values())))
    counts = data.manifest["counts"]
    assert counts == {"used": sum(sizes.values()) - apart, **({"test": apart} if apart else {})}
    owner = {number: split for split, some in numbers.items() for number in some}
    if "label" in data.attributes:
        names = data.classes["label"]
        for number, value in zip(found, data.attributes["label"], strict=True):
            is_known = owner[number] in labelled
            assert names[value] == (str(number % 4) if is_known else "unknown")
    else:
        assert not {owner[number] for number in found} & labelled


# ---------------------------------------------------------------------------- labels


LABELS = np.array([2, 0, 1, 1, 0, 2])


@pytest.mark.parametrize(
    ("stored", "classes"),
    [
        (LABELS, ("0", "1", "2")),
        (LABELS[:, None], ("0", "1", "2")),
        (LABELS.astype(np.float32), ("0", "1", "2")),
        (LABELS.astype(np.uint8)[:, None, None], ("0", "1", "2")),
        (np.eye(3)[LABELS], ("0", "1", "2")),
        (np.eye(3, dtype=bool)[LABELS], ("0", "1", "2")),
        (np.eye(3, dtype=np.uint8)[LABELS], ("0", "1", "2")),
        (np.array(list("abc"))[LABELS], ("a", "b", "c")),
        (np.array([b"a", b"b", "\u00e9".encode()])[LABELS], ("a", "b", "\u00e9")),
        (np.array([b"a", b"b", b"c"])[LABELS][:, None], ("a", "b", "c")),
    ],
)
def test_labels_of_every_shape_and_kind_are_read(
    stored: np.ndarray, classes: tuple[str, ...], tmp_path: Path
) -> None:
    np.savez(tmp_path / "a.npz", y=stored, x=noise(6, SIZE, SIZE))
    data = imported(tmp_path / "a.npz")
    assert data.classes["label"] == classes
    assert np.array_equal(data.attributes["label"], LABELS)


def test_several_numbers_an_image_are_as_many_columns(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=(6, 2))
    np.savez(tmp_path / "a.npz", x=noise(6, SIZE, SIZE), place=values)
    data = imported(tmp_path / "a.npz")
    assert data.attributes["place 0"] == pytest.approx(values[:, 0])
    assert data.attributes["place 1"] == pytest.approx(values[:, 1])


@pytest.mark.parametrize("shape", [(6,), (6, 1), (1, 6)])
def test_pickled_texts_are_labels(shape: tuple[int, ...], tmp_path: Path) -> None:
    names = np.array(["cat", "dog", None, b"cat", "dog", "cat"], dtype=object).reshape(shape)
    np.savez(tmp_path / "a.npz", x=noise(6, SIZE, SIZE), y=names.T if shape[0] == 1 else names)
    data = imported(tmp_path / "a.npz")
    labels = [data.classes["label"][value] for value in data.attributes["label"]]
    assert labels == ["cat", "dog", "unknown", "cat", "dog", "cat"]


class _Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("unpickled",)


def test_labels_that_would_have_to_be_unpickled_are_left_out_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names = np.array(["cat", _Bomb(), {}], dtype=object)
    np.savez(tmp_path / "a.npz", x=noise(3, SIZE, SIZE), y=names)
    data = imported(tmp_path / "a.npz")
    assert data.attributes == {}
    assert "y " in warnings_of(data)
    assert "astype(str)" in warnings_of(data)
    assert not (tmp_path / "unpickled").exists()


def test_images_that_would_have_to_be_unpickled_are_refused_with_what_to_do(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([{}, 1], dtype=object), allow_pickle=True)
    np.savez(tmp_path / "a.npz", x=np.array([{}, 1], dtype=object))
    for name in ("a.npy", "a.npz"):
        with pytest.raises(InputError, match="holds Python objects, which are not read: save"):
            imported(tmp_path / name)


def test_labels_of_one_side_leave_the_other_unknown(tmp_path: Path) -> None:
    np.savez(
        tmp_path / "a.npz",
        x_test=noise(2, SIZE, SIZE, seed=1),
        x_train=noise(3, SIZE, SIZE),
        y_train=np.array(["a", "b", "a"]),
    )
    data = imported(tmp_path / "a.npz")
    assert data.classes["label"] == ("a", "b", "unknown")
    assert data.attributes["label"].tolist() == [0, 1, 0, 2, 2]
