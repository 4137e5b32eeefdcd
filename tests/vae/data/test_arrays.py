"""Arrays of any shape, kind and layout become the same images, with their split and labels."""

from __future__ import annotations

import itertools
import os
import tempfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vae.config import DataConfig
from vae.data.dataset import Dataset, open_dataset
from vae.errors import InputError

SIZE = 32


def imported(source: Path, **options: object) -> Dataset:
    config = DataConfig(source=str(source), **options)  # type: ignore[arg-type]
    return open_dataset(config, source.parent / "cache")


def everything(data: Dataset) -> np.ndarray:
    return data.take(np.arange(len(data)))


def warnings_of(data: Dataset) -> str:
    found = data.manifest["warnings"]
    assert isinstance(found, list)
    return "\n".join(found)


def noise(num: int, *shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (num, *shape), np.uint8)


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
        np.savez(path, **{key: arrays[key] for key in keys})
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


# ---------------------------------------------------------------------------- values

LEVELS = noise(5, SIZE, SIZE, 3)
LEVELS[0, 0, 0] = (0, 255, 0)


@pytest.mark.parametrize(
    "stored",
    [
        LEVELS / 255,
        (LEVELS / 255).astype(np.float32),
        LEVELS / 127.5 - 1,
        LEVELS.astype(np.float32),
        LEVELS.astype(np.float64),
        LEVELS.astype(np.uint16),
        LEVELS.astype(np.int64),
        LEVELS.astype(np.uint16) * 257,
        LEVELS.astype(np.int16) - 128,
        LEVELS.view(np.uint8).astype(">f4"),
    ],
    ids=[
        *("f64 0..1", "f32 0..1", "-1..1", "f32 0..255", "f64 0..255", "u16 0..255", "i64"),
        *("u16", "i16 less 128", "big endian"),
    ],
)
def test_arrays_of_every_range_are_the_same_images(stored: np.ndarray, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", stored)
    assert np.array_equal(everything(imported(tmp_path / "a.npy")), LEVELS)


def test_negative_whole_numbers_of_8_bits_are_levels_less_128(tmp_path: Path) -> None:
    levels = LEVELS.clip(20, 230)
    np.save(tmp_path / "a.npy", (levels.astype(int) - 128).astype(np.int8))
    assert np.array_equal(everything(imported(tmp_path / "a.npy")), levels)


@pytest.mark.parametrize("kind", ["bool", "uint8", "int8", "int32", "uint16", "float32"])
def test_masks_of_0_and_1_are_black_and_white_in_any_kind(kind: str, tmp_path: Path) -> None:
    masks = noise(4, SIZE, SIZE) > 128
    np.save(tmp_path / "a.npy", masks.astype(kind))
    assert np.array_equal(everything(imported(tmp_path / "a.npy"))[..., 0], masks * 255)


def test_one_scale_holds_for_train_and_test_together(tmp_path: Path) -> None:
    train = np.random.default_rng(0).random((4, SIZE, SIZE)) * 100
    np.savez(tmp_path / "a.npz", x_test=train[:2] / 100, x_train=train)
    data = imported(tmp_path / "a.npz")
    assert data.take(data.validation).max() <= 1
    assert np.array_equal(data.take(data.train)[..., 0], np.rint(train))


def test_values_that_are_no_numbers_are_refused_and_counted(tmp_path: Path) -> None:
    images = np.random.default_rng(0).random((5, SIZE, SIZE))
    images[1, :2, :2] = np.nan
    images[3, 0, 0] = np.inf
    np.save(tmp_path / "a.npy", images)
    with pytest.raises(InputError, match="5 values in 2 of the 5 images are not finite"):
        imported(tmp_path / "a.npy")


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_an_npz_larger_than_memory_allows_is_read_block_by_block(
    save: Callable[..., None], tmp_path: Path
) -> None:
    images = np.arange(4000, dtype=np.uint16)[:, None, None, None] % 251
    images = np.ascontiguousarray(np.broadcast_to(images, (4000, 64, 64, 3)).astype(np.uint8))
    save(
        tmp_path / "a.npz", x_test=images[3000:], y_train=np.arange(3000) % 7, x_train=images[:3000]
    )
    del images  # 49 MB
    tracemalloc.start()
    data = imported(tmp_path / "a.npz")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4000 * 64 * 64 * 3 / 2, f"{peak:,} bytes"
    assert np.array_equal(data.train, np.arange(3000))
    index = np.array([0, 1, 1717, 2999, 3000, 3999])
    assert data.take(index)[:, 5, 5, 2].tolist() == (index % 251).tolist()
    assert data.classes["label"] == (*"0123456", "unknown")


def test_a_file_larger_than_memory_allows_is_read_image_by_image(tmp_path: Path) -> None:
    stored = np.lib.format.open_memmap(
        tmp_path / "a.npy", "w+", np.float32, (4000, 64, 64)
    )  # 64 MB
    for index in range(4000):
        stored[index] = index / 3999
    del stored
    tracemalloc.start()
    data = imported(tmp_path / "a.npy")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(data) == 4000
    assert peak < 16e6


# ---------------------------------------------------------------------------- layouts


def rows_of(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1)


@pytest.mark.parametrize("num", [1, 3, 500])
def test_rows_of_784_are_grey_images_of_28(num: int, tmp_path: Path) -> None:
    images = noise(num, 28, 28)
    np.save(tmp_path / "a.npy", rows_of(images))
    data = imported(tmp_path / "a.npy")
    assert data.image_shape == (1, 28, 28)
    assert np.array_equal(everything(data)[..., 0], images)
    assert f"{num:,} images of 28 x 28" in warnings_of(data)


def test_rows_of_3072_are_colour_images_of_32_channels_first(tmp_path: Path) -> None:
    images = noise(20, 3, SIZE, SIZE)
    np.save(tmp_path / "a.npy", rows_of(images))
    np.save(tmp_path / "one.npy", images[0].ravel())
    assert np.array_equal(everything(imported(tmp_path / "a.npy")), images.transpose(0, 2, 3, 1))
    assert np.array_equal(
        everything(imported(tmp_path / "one.npy")), images[:1].transpose(0, 2, 3, 1)
    )


def test_rows_are_told_from_one_picture_by_their_labels_and_their_shape(tmp_path: Path) -> None:
    rows = rows_of(noise(256, 16, 16))
    np.savez(tmp_path / "labelled.npz", x=rows, y=np.arange(256) % 4)
    assert len(imported(tmp_path / "labelled.npz")) == 256
    np.save(tmp_path / "square.npy", rows)
    assert len(imported(tmp_path / "square.npy")) == 1
    np.save(tmp_path / "digits.npy", noise(1797, 64))
    assert len(imported(tmp_path / "digits.npy")) == 1797


def test_the_labels_beside_them_tell_rows_whatever_both_are_called(tmp_path: Path) -> None:
    images = noise(9, 28, 28)
    np.savez(tmp_path / "a.npz", rows_of(images), np.arange(9))
    data = imported(tmp_path / "a.npz")
    assert np.array_equal(everything(data)[..., 0], images)
    assert data.attributes["arr_1"].tolist() == list(range(9))


def test_an_array_that_may_be_one_picture_with_its_channels_first_is_told(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", noise(3, 48, 64))
    data = imported(tmp_path / "a.npy")
    assert len(data) == 3
    assert "3 grey images" in warnings_of(data)


def test_smooth_rows_are_told_from_a_smooth_picture_of_the_same_shape(tmp_path: Path) -> None:
    down, along = np.mgrid[0:768, 0:1024] / 100
    picture = (127 + 127 * np.sin(down) * np.cos(along)).astype(np.uint8)
    np.save(tmp_path / "picture.npy", picture)
    assert len(imported(tmp_path / "picture.npy")) == 1
    shades = np.random.default_rng(0).random((768, 1, 1)) * 200
    images = np.broadcast_to(shades + np.arange(SIZE)[:, None], (768, SIZE, SIZE))
    np.save(tmp_path / "rows.npy", rows_of(images.astype(np.uint8)))
    assert len(imported(tmp_path / "rows.npy")) == 768


@pytest.mark.parametrize(
    ("shape", "image_shape"),
    [
        ((48, 64), (1, 48, 48)),
        ((48, 64, 3), (3, 48, 48)),
        ((48, 64, 4), (3, 48, 48)),
        ((48, 64, 1), (1, 48, 48)),
        ((1, 48, 64), (1, 48, 48)),
        ((1, 48, 64, 3), (3, 48, 48)),
        ((1, 3, 48, 64), (3, 48, 48)),
    ],
)
def test_one_picture_alone_is_one_image(
    shape: tuple[int, ...], image_shape: tuple[int, int, int], tmp_path: Path
) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    if shape[-1] == 4:
        pixels[..., 3] = 255
    np.save(tmp_path / "a.npy", pixels)
    data = imported(tmp_path / "a.npy")
    assert (len(data), data.image_shape) == (1, image_shape)
    grey = np.squeeze(pixels)
    colour = grey.transpose(1, 2, 0) if grey.shape[0] == 3 else grey
    picture = np.atleast_3d(colour)[:, 8:56, :3]
    assert np.array_equal(everything(data)[0], picture)


def test_transparent_arrays_are_put_on_a_colour(tmp_path: Path) -> None:
    images = np.full((3, SIZE, SIZE, 4), 255, np.uint8)
    images[:, 8:, :, 3] = 0
    for name, stored in (("a", images), ("b", images / 255)):
        np.save(tmp_path / f"{name}.npy", stored)
        found = everything(imported(tmp_path / f"{name}.npy"))
        assert np.all(found[:, :8] == 255)
        assert np.all(found[:, 8:] == 0)


@pytest.mark.parametrize(
    "stored",
    [
        np.zeros((5, 7), np.complex64),
        np.zeros((2, 3, 4, 5, 6), np.uint8),
        np.zeros((0, 16, 16), np.uint8),
        np.zeros((5, 16, 16, 7), np.uint8),
        np.array(["a", "b"]),
        np.zeros(7, np.uint8),
    ],
)
def test_what_holds_no_images_is_one_sentence_with_the_shape(
    stored: np.ndarray, tmp_path: Path
) -> None:
    np.save(tmp_path / "a.npy", stored)
    with pytest.raises(InputError) as caught:
        imported(tmp_path / "a.npy")
    assert "expected" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_widths_of_one_pixel_are_images(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=noise(4, 40, 1), y=np.arange(4))
    data = imported(tmp_path / "a.npz", crop="stretch")
    assert (len(data), data.image_shape) == (4, (1, 16, 16))
