"""Folders and zip files: every file is used exactly once or counted with a reason."""

from __future__ import annotations

import io
import os
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from vae.config import DataConfig
from vae.data.dataset import Dataset, open_dataset
from vae.data.folders import listing
from vae.data.source_names import plain_source
from vae.data.splits.splits import folder_labels, folder_splits, split_of
from vae.data.tally import cause_of
from vae.errors import InputError


def picture(seed: int) -> Image.Image:
    noise = np.random.default_rng(seed).integers(0, 256, (16, 16, 3), np.uint8)
    return Image.fromarray(noise)


def encoded(seed: int, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    picture(seed).save(file, kind)
    return file.getvalue()


def write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def opened(source: Path | str, tmp_path: Path) -> Dataset:
    return open_dataset(DataConfig(source=str(source), image_size=16), tmp_path / "cache")


def counts(data: Dataset) -> dict[str, int]:
    found = data.manifest["counts"]
    assert isinstance(found, dict)
    return found


def examples(data: Dataset, reason: str) -> list[str]:
    found = data.manifest["examples"]
    assert isinstance(found, dict)
    return list(found[reason])


def told(data: Dataset) -> str:
    found = data.manifest["warnings"]
    assert isinstance(found, list)
    return "\n".join(found)


# ---------------------------------------------------------------------------- splits and classes


@pytest.mark.parametrize(
    ("name", "split"),
    [
        *((name, "train") for name in ("train", "Training", "TRAIN", "train2017", "trainA")),
        *((name, "train") for name in ("training_set", "train_images", "x_train", "trainset")),
        *((name, "validation") for name in ("val", "valid", "Validation", "dev", "val-2017")),
        *((name, "test") for name in ("test", "testing", "Test_Set", "images.test", "test01")),
        *((name, "") for name in ("trainers", "testament", "valley", "device", "cat", "x", "2017")),
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
    assert "2 test images are kept apart" in told(data)


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


# ---------------------------------------------------------------------------- content


def test_images_are_known_by_their_content_whatever_they_are_called(tmp_path: Path) -> None:
    folder = tmp_path / "odd"
    write(folder / "png.jpg", encoded(0))
    write(folder / "none", encoded(1, "JPEG"))
    write(folder / "photo.jpg_large", encoded(2))
    write(folder / "list.csv", encoded(3, "BMP"))
    write(folder / "page.jpg", b"<!DOCTYPE html><html>404</html>")
    write(folder / "empty.png", b"")
    write(folder / "pointer.png", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    write(folder / "cut.png", encoded(4)[:200])
    write(folder / "README", b"BMW and MM are no magic numbers, nor is P5 of a novel.")
    write(folder / "raw.nef", encoded(5, "TIFF"))
    write(folder / "inner.zip", b"PK\x03\x04rest")
    data = opened(folder, tmp_path)
    assert counts(data) == {"used": 4, "broken": 4, "other": 3}
    assert sorted(data.names) == ["list.csv", "none", "photo.jpg_large", "png.jpg"]
    whys = dict(text.split(": ", 1) for text in examples(data, "broken"))
    assert whys["page.jpg"] == "the file is a web page"
    assert whys["empty.png"] == "the file is empty"
    assert "git lfs pull" in whys["pointer.png"]
    assert whys["cut.png"]
    others = dict(text.split(": ", 1) for text in examples(data, "other"))
    assert others["README"] == "a text"
    assert "raw" in others["raw.nef"]
    assert "inner.zip" in told(data)
    assert " at 0x" not in str(data.manifest)


def test_a_reason_names_no_object_and_no_path_of_the_machine() -> None:
    with pytest.raises(Image.UnidentifiedImageError) as caught:
        Image.open(io.BytesIO(b"\x89PNG\r\n\x1a\nno"))
    assert cause_of(caught.value) == "cannot identify image file"
    denied = PermissionError(13, "Permission denied", "/home/me/a.png")
    assert cause_of(denied) == "it cannot be read: permission denied"
    assert cause_of(ValueError()) == "ValueError"


def test_a_folder_that_may_not_be_opened_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "faces" / "a.png", encoded(0))
    write(tmp_path / "faces" / "secret" / "b.png", encoded(1))
    scandir = os.scandir

    def refusing(path: str) -> object:
        if str(path).endswith("secret"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(listing.os, "scandir", refusing)
    data = opened(tmp_path / "faces", tmp_path)
    assert counts(data) == {"used": 1, "unreadable": 1}
    assert examples(data, "unreadable") == [
        "secret: the folder cannot be opened: Permission denied"
    ]


# ---------------------------------------------------------------------------- links


def test_links_are_followed_once_each(tmp_path: Path) -> None:
    folder, away = tmp_path / "faces", tmp_path / "away"
    for seed, name in enumerate(["plain.png", "sub/own.png", ".hidden/blob"]):
        write(folder / name, encoded(seed))
    for seed, name in enumerate(["one.png", "two.png", "three.png"], 10):
        write(away / name, encoded(seed))
    write(tmp_path / "single.png", encoded(20))
    (folder / "again.png").symlink_to("plain.png")
    (folder / "blob.png").symlink_to(".hidden/blob")
    (folder / "sub" / "ring").symlink_to(folder, target_is_directory=True)
    (folder / "self").symlink_to("self")
    (folder / "nowhere.png").symlink_to("gone.png")
    (folder / "sub2").symlink_to("sub", target_is_directory=True)
    (folder / "disk").symlink_to(away, target_is_directory=True)
    (folder / "disk2").symlink_to(away, target_is_directory=True)
    (folder / "x1.png").symlink_to(tmp_path / "single.png")
    (folder / "x2.png").symlink_to(tmp_path / "single.png")
    (folder / "parent").symlink_to(tmp_path, target_is_directory=True)
    (away / "back").symlink_to(away, target_is_directory=True)
    data = opened(folder, tmp_path)
    used = ["blob.png", "disk/one.png", "disk/three.png", "disk/two.png"]
    assert sorted(data.names) == [*used, "plain.png", "sub/own.png", "x1.png"]
    whys = dict(text.split(": ", 1) for text in examples(data, "linked"))
    assert {name: why for name, why in whys.items() if name not in ("disk",)} == {
        "again.png": "the same file as plain.png",
        "sub/ring": "a link that leads back to a folder around it",
        "disk/back": "a link that leads back to a folder around it",
        "parent": "a link that leads back to a folder around it",
        "self": "a link that leads nowhere, or to itself",
        "nowhere.png": "a link that leads nowhere, or to itself",
        "sub2": "a link to sub, which is used under that name",
        "disk2": "a link to what disk leads to already",
        "x2.png": "the same file as x1.png",
    }
    assert whys["disk"].endswith("away, which was followed")
    assert "2 links lead out of the folder (such as disk)" in told(data)


KINDS = ("image", "twin", "bare", "broken", "empty", "text", "hidden", "link", "ring", "dangling")
PARTS = ("train", "val", "test", "cat", "dog", "Train2017", "00001", "a b")


@settings(
    max_examples=60, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
@given(
    st.lists(
        st.tuples(st.lists(st.sampled_from(PARTS), max_size=3), st.sampled_from(KINDS)),
        min_size=1,
        max_size=14,
    )
)
def test_every_file_of_any_tree_is_used_exactly_once_or_counted_with_a_reason(
    tree: list[tuple[list[str], str]],
) -> None:
    with tempfile.TemporaryDirectory() as where:
        root = Path(where, "tree")
        root.mkdir()
        images: dict[str, int] = {}
        written = set()
        for seed, (parts, kind) in enumerate(tree):
            folder = Path(root, *parts)
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / (f"{seed}" if kind in ("bare", "ring", "dangling") else f"{seed}.png")
            if kind == "hidden":
                path = path.with_name(f".{path.name}")
            if kind == "text":
                path = path.with_suffix(".txt")
            target = next(iter(images), None)
            if kind in ("image", "bare", "hidden"):
                path.write_bytes(encoded(seed))
            elif kind == "twin":
                path.write_bytes(encoded(0))
            elif kind == "ring":
                path.symlink_to(root, target_is_directory=True)
            elif kind == "dangling" or (kind == "link" and target is None):
                path.symlink_to("gone")
            elif kind == "link":
                path.symlink_to(root / str(target))
            else:
                path.write_bytes({"broken": b"\x89PNG\r\n\x1a\nno", "empty": b""}.get(kind, b"hi"))
            name = path.relative_to(root).as_posix()
            written.add(name)
            if kind in ("image", "bare", "twin"):
                images[name] = 0 if kind == "twin" else seed
        if not images:
            with pytest.raises(InputError, match="no usable image"):
                opened(root, Path(where))
            return
        data = opened(root, Path(where))
        assert sum(counts(data).values()) == len(written)
        told_of = [
            text.split(": ", 1)[0] for reason in counts(data) for text in examples(data, reason)
        ]
        assert len(set(told_of)) == len(told_of) == len(written)
        assert all(any(name.endswith(each) for name in written) for each in told_of)
        for index, name in enumerate(data.names):
            seeds = {seed for path, seed in images.items() if f"/{path}".endswith(f"/{name}")}
            shown = data.take(np.array([index]))[0]
            assert any(np.array_equal(shown, np.asarray(picture(seed))) for seed in seeds)
        assert len(set(data.names)) == len(data) == counts(data)["used"]
        assert {*data.train.tolist(), *data.validation.tolist()} == set(range(len(data)))


# ---------------------------------------------------------------------------- zip files


def test_sparse_masks_in_a_zip_are_no_bomb(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "masks.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for index in range(13):
            mask = Image.new("L", (1000, 1000))
            mask.putpixel((index, 0), 255)
            file = io.BytesIO()
            mask.save(file, "BMP")
            archive.writestr(f"{index}.bmp", file.getvalue())
    assert (tmp_path / "masks.zip").stat().st_size < 13_000_000 / 400
    assert counts(opened(tmp_path / "masks.zip", tmp_path)) == {"used": 13}


def test_a_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.png", encoded(0))
        archive.writestr("zeros.png", bytes(50_000_000))
        archive.writestr("zeros", bytes(50_000_000))
    read = zipfile.ZipExtFile.read

    def bounded(file: zipfile.ZipExtFile, num: int | None = -1) -> bytes:
        data = read(file, num)
        assert len(data) < 10_000
        return data

    monkeypatch.setattr(zipfile.ZipExtFile, "read", bounded)
    data = opened(tmp_path / "bomb.zip", tmp_path)
    assert counts(data) == {"used": 1, "broken": 1, "other": 1}
    assert examples(data, "broken") == ["zeros.png: the file is zeros only"]


def test_absurd_amounts_in_a_zip_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with zipfile.ZipFile(tmp_path / "many.zip", "w") as archive:
        for index in range(5):
            archive.writestr(f"{index}.png", encoded(index))
    monkeypatch.setattr("vae.data.containers.zip_files.MAX_ENTRIES", 4)
    with pytest.raises(InputError, match="it holds 5 files that unpack to"):
        opened(tmp_path / "many.zip", tmp_path)


def test_names_in_a_zip_are_read_in_utf_8_and_in_the_code_page_of_dos(tmp_path: Path) -> None:
    names = {"é.png": "", "ü/ß.png": "utf-8", "ö.png": "cp437"}
    with zipfile.ZipFile(tmp_path / "names.zip", "w") as archive:
        for seed, (name, code) in enumerate(names.items()):
            length = len(name.encode(code)) if code else 0
            archive.writestr(name if not code else f"{seed}" * length, encoded(seed))
        link = zipfile.ZipInfo("link.png")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "é.png")
    data = (tmp_path / "names.zip").read_bytes()
    for seed, (name, code) in enumerate(names.items()):
        if code:  # no flag says which code page a name is in
            raw = name.encode(code)
            data = data.replace(f"{seed}".encode() * len(raw), raw)
    (tmp_path / "names.zip").write_bytes(data)
    found = opened(tmp_path / "names.zip", tmp_path)
    assert sorted(found.names) == sorted(names)
    assert counts(found) == {"used": 3, "linked": 1}


# ---------------------------------------------------------------------------- addresses


@pytest.mark.parametrize(
    "wrap",
    [
        lambda path: f'"{path}"',
        lambda path: f" '{path}' ",
        lambda path: f"\u201c{path}\u201d",
        lambda path: path.as_uri(),
        lambda path: f'"{path.as_uri()}"',
        lambda path: path.as_uri().replace("file:///", "file://localhost/"),
        lambda path: path.as_uri().replace("file://", "FILE://"),
        lambda path: str(path).replace(" ", "\\ ").replace("(", "\\(").replace(")", "\\)"),
        lambda path: f"$HERE/{path.name}",
        lambda path: f"~/{path.name}",
    ],
)
def test_a_pasted_path_is_the_path(
    wrap: Callable[[Path], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "my fäces (100%)"
    write(folder / "a.png", encoded(0))
    monkeypatch.setenv("HERE", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert plain_source(wrap(folder)) == str(folder)
    assert counts(opened(wrap(folder), tmp_path)) == {"used": 1}


def test_what_is_no_path_stays_as_it_is() -> None:
    assert plain_source(" 'synthetic' ") == "synthetic"
    assert plain_source("torchvision:MNIST") == "torchvision:MNIST"


def test_a_file_is_taken_for_what_it_holds(tmp_path: Path) -> None:
    write(tmp_path / "one.jpeg", encoded(0))
    write(tmp_path / "two", encoded(1, "JPEG"))
    with zipfile.ZipFile(tmp_path / "faces.cbz", "w") as archive:
        archive.writestr("a.png", encoded(2))
        archive.writestr("b.png", encoded(3))
    write(tmp_path / "page.dat", b"<html>")
    assert counts(opened(tmp_path / "one.jpeg", tmp_path)) == {"used": 1}
    assert counts(opened(tmp_path / "two", tmp_path)) == {"used": 1}
    assert counts(opened(tmp_path / "faces.cbz", tmp_path)) == {"used": 2}
    with pytest.raises(InputError, match=r"of an unknown kind \(a web page\)"):
        opened(tmp_path / "page.dat", tmp_path)
