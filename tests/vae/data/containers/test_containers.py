"""Which container of a folder is taken, and what is said of those that are not read."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.vae.data.containers.samples import (
    loaded,
    opened,
    picture,
    png,
    reasons,
    write_files,
    write_parquet,
    write_tar,
    write_zip,
)
from vae.data.sources import locate
from vae.errors import ExplainedError, FileError, InputError


def test_a_folder_with_only_a_compressed_tar_is_one_sentence(tmp_path: Path) -> None:
    write_tar(tmp_path / "lfw" / "lfw.tgz", {"1.png": png(1)}, "w:gz")
    (tmp_path / "lfw" / "README.txt").write_text("Faces.")
    with pytest.raises(InputError, match=r"lfw holds no images but lfw.tgz, which is compressed"):
        locate(str(tmp_path / "lfw"), tmp_path)


@pytest.mark.parametrize(
    "names",
    [["data_batch_1", "test_batch", "batches.meta", "readme.html"], ["meta", "test", "train"]],
)
def test_pickles_are_not_opened(names: list[str], tmp_path: Path) -> None:
    write_files(tmp_path / "cifar", {name: pickle.dumps({"data": [1]}) for name in names})
    with pytest.raises(InputError, match=r"Python pickles.*torchvision:CIFAR10"):
        locate(str(tmp_path / "cifar"), tmp_path)


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("train-00000-of-00002.tfrecord", "a TFRecord file"),
        ("faces.mat", "a MATLAB file"),
        ("faces.pkl", "a Python pickle"),
        ("faces.7z", "an archive: unpack it"),
        ("faces.mp4", "a video"),
        ("mnist_train.csv", "a table"),
    ],
)
def test_a_kind_of_container_that_is_not_read_is_one_sentence(
    name: str, what: str, tmp_path: Path
) -> None:
    write_files(tmp_path / "set", {name: bytes(range(100)), "readme.txt": b"hello"})
    for source in (tmp_path / "set", tmp_path / "set" / name):
        with pytest.raises(InputError, match=rf"{what}.*(\.parquet|images)"):
            loaded(source)


def test_several_zip_files_in_a_folder_are_read_as_if_they_were_unpacked(tmp_path: Path) -> None:
    for split, seeds in (("test", (4, 5)), ("train", (0, 1, 2, 3))):
        files = {f"{'cat' if seed % 2 else 'dog'}/{seed}.png": png(seed) for seed in seeds}
        write_zip(tmp_path / "set" / f"{split}.zip", files)
    write_files(tmp_path / "set", {"a.csv": b"file,n\n0.png,0.5\n5.png,1.5\n"})
    data = opened(tmp_path / "set", tmp_path)
    assert np.array_equal(data.take(np.arange(6))[data.validation], [picture(5), picture(4)])
    assert np.array_equal(data.take(np.arange(4)), [picture(seed) for seed in (1, 3, 0, 2)])
    assert [data.classes["label"][n] for n in data.attributes["label"]] == [
        *("cat", "cat", "dog", "dog", "cat", "dog")
    ]
    assert np.nan_to_num(data.attributes["n"], nan=-1).tolist() == [-1, -1, 0.5, -1, 1.5, -1]
    assert "2 zip files are read together, such as 'test.zip'." in data.manifest["warnings"]  # type: ignore[operator]


def test_numbered_zip_files_are_parts_of_one_set(tmp_path: Path) -> None:
    for number in range(3):
        write_zip(tmp_path / "set" / f"images_{number}.zip", {f"images/{number}.png": png(number)})
    (tmp_path / "set" / "images_3.zip").write_bytes(b"PK\x03\x04 cut off")
    data = opened(tmp_path / "set", tmp_path)
    assert list(data.names) == ["0.png", "1.png", "2.png"]
    assert not data.attributes
    assert data.manifest["counts"] == {"used": 3, "broken": 1}


def test_the_only_npz_of_a_folder_is_its_data(tmp_path: Path) -> None:
    write_files(tmp_path / "set", {"readme.md": b"hello"})
    np.savez(tmp_path / "set" / "faces.npz", x_train=np.stack([picture(0)] * 3))
    assert len(loaded(tmp_path / "set").names) == 3
    write_zip(tmp_path / "set" / "a.zip", {"1.png": png(1)})
    found = loaded(tmp_path / "set")
    assert reasons(found) == {"other": 1}
    assert any("What a.zip holds is not used" in sentence for sentence in found.warnings)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_several_npz_files_are_one_set_with_the_split_of_their_names(
    save: Callable[..., None], tmp_path: Path
) -> None:
    (tmp_path / "set").mkdir()
    for name, seeds in (("test", range(6, 8)), ("train_0", range(3)), ("train_1", range(3, 6))):
        images = np.stack([picture(seed) for seed in seeds])
        save(tmp_path / "set" / f"{name}.npz", x=images, y=np.array(seeds) % 3)
    data = opened(tmp_path / "set", tmp_path)
    assert np.array_equal(data.take(np.arange(8)), np.stack([picture(seed) for seed in range(8)]))
    assert data.validation.tolist() == [6, 7]
    assert [data.classes["label"][n] for n in data.attributes["label"]] == list("01201201")
    said = data.manifest["warnings"]
    assert "3 files are read together, such as 'test'." in said  # type: ignore[operator]


def test_npz_files_of_one_image_and_its_label_each_are_one_set(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    for seed in range(5):
        image = np.asarray(Image.fromarray(picture(seed)).resize((16 + seed, 20)))
        np.savez_compressed(tmp_path / "set" / f"{seed}.npz", image=image, label=seed % 2)
    np.savez(tmp_path / "set" / "none.npz", note=np.arange(3))
    (tmp_path / "set" / "half.npz").write_bytes((tmp_path / "set" / "0.npz").read_bytes()[:90])
    data = opened(tmp_path / "set", tmp_path)
    assert data.manifest["counts"] == {"used": 5, "other": 1, "broken": 1}
    assert list(data.names) == ["0", "1", "2", "3", "4"]
    assert [data.classes["label"][n] for n in data.attributes["label"]] == list("01010")


def test_npz_files_of_different_sets_are_not_mixed(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    np.savez(tmp_path / "set" / "a.npz", x=np.zeros((4, 16, 16, 3), np.uint8))
    np.savez(tmp_path / "set" / "b.npz", x=np.zeros((4, 28, 28), np.uint8))
    with pytest.raises(InputError, match=r"different shapes.*: give one of them as the source"):
        loaded(tmp_path / "set")


def test_an_npz_of_one_picture_under_each_name_is_as_many_pictures(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "a.npz", **{f"img_{seed}": picture(seed) for seed in range(5)})
    data = opened(tmp_path / "a.npz", tmp_path)
    assert list(data.names) == [f"img_{seed}" for seed in range(5)]
    assert np.array_equal(data.take(np.arange(5)), np.stack([picture(seed) for seed in range(5)]))


@pytest.mark.parametrize(
    "mask", [picture(9)[..., 0], picture(9)[..., :1], picture(9)], ids=["grey", "one", "colour"]
)
def test_a_mask_beside_the_picture_of_an_npz_is_no_image_and_cuts_it_in_no_lines(
    mask: np.ndarray, tmp_path: Path
) -> None:
    (tmp_path / "set").mkdir()
    for seed in range(4):
        np.savez(tmp_path / "set" / f"{seed}.npz", image=picture(seed), mask=mask)
    for source, num in ((tmp_path / "set", 4), (tmp_path / "set" / "0.npz", 1)):
        data = opened(source, tmp_path)
        expected = np.stack([picture(seed) for seed in range(num)])
        assert np.array_equal(data.take(np.arange(num)), expected)
        assert "Not used of 0.npz: mask" in str(data.manifest["warnings"])


def test_numbered_parts_of_images_and_labels_are_one_set(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    images = np.stack([picture(seed) for seed in range(24)])
    for part in range(12):  # 10 comes after 9
        np.save(tmp_path / "set" / f"x_{part}.npy", images[2 * part : 2 * part + 2])
        np.save(tmp_path / "set" / f"y_{part}.npy", np.array([part % 3] * 2))
    data = opened(tmp_path / "set", tmp_path)
    assert np.array_equal(data.take(np.arange(24)), images)
    assert [data.classes["label"][n] for n in data.attributes["label"]] == [
        str(n // 2 % 3) for n in range(24)
    ]


def test_labels_beside_single_arrays_are_said_not_to_be_used(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    for seed in range(5):
        np.save(tmp_path / "set" / f"{seed}.npy", picture(seed))
    np.save(tmp_path / "set" / "labels.npy", np.arange(5))
    said = loaded(tmp_path / "set").warnings
    assert any(text.startswith("'labels' [5] is not used, as it does not say") for text in said)


@pytest.mark.parametrize(
    ("name", "head", "sentence"),
    [
        ("model.pt", b"PK\x03\x04" + bytes(60), "a Python pickle, which may run any code"),
        ("sheet.xlsx", b"PK\x03\x04" + bytes(60), "a table"),
        ("faces.zip.001", b"PK\x03\x04" + bytes(60), "a part of an archive: join all parts"),
        ("a.safetensors", bytes(60), "a file of tensors"),
        ("brain.nii.gz", b"\x1f\x8b" + bytes(60), "a scan of a kind that is not read"),
    ],
    ids=["pt", "xlsx", "part", "safetensors", "scan"],
)
def test_a_file_that_is_not_read_is_named_for_what_it_is(
    name: str, head: bytes, sentence: str, tmp_path: Path
) -> None:
    write_files(tmp_path / "set", {name: head})
    for source in (tmp_path / "set", tmp_path / "set" / name):
        with pytest.raises(InputError, match=f"{name}.*{sentence}"):
            loaded(source)


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def test_arrays_of_one_image_each_in_a_zip_are_read(tmp_path: Path) -> None:
    files = {f"all/{'ab'[seed % 2]}/{seed}.npy": npy(picture(seed)) for seed in range(6)}
    more = {"all/a/broken.npy": b"\x93NUMPY", "__MACOSX/._0.npy": b"x"}
    write_zip(tmp_path / "set.zip", files | more)
    data = opened(tmp_path / "set.zip", tmp_path)
    order = [int(name.rpartition("/")[2]) for name in data.names]
    assert sorted(order) == list(range(6))
    assert np.array_equal(data.take(np.arange(6)), np.stack([picture(seed) for seed in order]))
    assert [data.classes["label"][n] for n in data.attributes["label"]] == [
        "ab"[seed % 2] for seed in order
    ]
    assert data.manifest["counts"] == {"used": 6, "broken": 1}


def test_arrays_of_a_set_in_a_zip_are_read(tmp_path: Path) -> None:
    images = np.stack([picture(seed) for seed in range(6)])
    files = {"d/x_test.npy": npy(images[4:]), "d/x_train.npy": npy(images[:4])}
    write_zip(tmp_path / "set.zip", files | {"d/y_train.npy": npy(np.arange(4))})
    data = opened(tmp_path / "set.zip", tmp_path)
    assert np.array_equal(data.take(np.arange(6)), images)
    assert data.validation.tolist() == [4, 5]


@pytest.mark.parametrize("name", ["a.parquet", "x/b.tar", "c.npz", "d.h5", "e.zip"])
def test_files_of_many_images_within_a_zip_are_said_to_be_unpacked(
    name: str, tmp_path: Path
) -> None:
    write_zip(tmp_path / "set.zip", {name: b"PAR1", "readme.txt": b"hello"})
    with pytest.raises(InputError, match=f"no images but {name}, which is not read inside a zip"):
        loaded(tmp_path / "set.zip")


def test_the_shards_of_the_most_files_are_taken(tmp_path: Path) -> None:
    write_tar(tmp_path / "s" / "0.tar", {"0.png": png(0)})
    write_tar(tmp_path / "s" / "1.tar", {"1.png": png(1)})
    write_parquet(tmp_path / "s" / "a.parquet", [2])
    source = locate(str(tmp_path / "s"), tmp_path)
    assert source.kind == "tar"
    assert reasons(source.load()) == {"other": 1}


@pytest.mark.parametrize(
    ("name", "content", "kind", "sentence"),
    [
        ("a.parquet", b"PAR1", FileError, "cannot be read as a Parquet file"),
        ("a.tar", b"x" * 2000, FileError, "cannot be read as a tar file"),
    ],
)
def test_a_container_that_cannot_be_read_is_one_sentence(
    name: str, content: bytes, kind: type[ExplainedError], sentence: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(kind, match=sentence) as caught:
        loaded(tmp_path / name)
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


def test_images_without_a_suffix_go_before_what_else_lies_there(tmp_path: Path) -> None:
    others = {"more.zip": b"PK\3\4", "a.mp4": b"\0", "t.csv": b"file,age\nphoto,1.5\n"}
    write_files(tmp_path / "set", {"photo": png(1), **others})
    data = loaded(tmp_path / "set")
    assert list(data.names) == ["photo"]
    assert reasons(data) == {"other": 2, "table": 1}
