"""Which container of a folder is taken, and what is said of those that are not read."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from tests.vae.data.containers.samples import (
    loaded,
    picture,
    png,
    reasons,
    write_files,
    write_parquet,
    write_tar,
    write_zip,
)
from vae.config import DataConfig
from vae.data.dataset import open_dataset
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
        ("church_train_lmdb/data.mdb", "an LMDB database"),
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


def test_several_zip_files_in_a_folder_are_one_sentence(tmp_path: Path) -> None:
    for name in ("a.zip", "b.zip"):
        write_zip(tmp_path / "set" / name, {"1.png": png(1)})
    with pytest.raises(InputError, match=r"2 \.zip or \.npz files, such as a\.zip: give one"):
        loaded(tmp_path / "set")


def test_the_only_npz_of_a_folder_is_its_data(tmp_path: Path) -> None:
    write_files(tmp_path / "set", {"readme.md": b"hello"})
    np.savez(tmp_path / "set" / "faces.npz", x_train=np.stack([picture(0)] * 3))
    assert len(loaded(tmp_path / "set").names) == 3
    np.savez(tmp_path / "set" / "more.npz", x_train=np.stack([picture(0)] * 3))
    with pytest.raises(InputError, match=r"2 \.zip or \.npz files, such as faces\.npz"):
        loaded(tmp_path / "set")


def test_arrays_in_a_zip_are_said_to_be_given_alone(tmp_path: Path) -> None:
    write_zip(tmp_path / "set.zip", {"a.npy": b"\x93NUMPY", "b.parquet": b"PAR1"})
    with pytest.raises(InputError, match=r"a\.npy: a file of its own kind: give it alone"):
        open_dataset(DataConfig(source=str(tmp_path / "set.zip")), tmp_path / "cache")


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
