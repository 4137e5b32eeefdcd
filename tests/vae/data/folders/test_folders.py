"""Folders: every file is used exactly once or counted with a reason."""

from __future__ import annotations

import io
import os
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.vae.data.folders.samples import encoded, examples, opened, picture, write
from tests.vae.data.samples import counts, warnings_of
from vae.data.folders import listing
from vae.data.tally import cause_of
from vae.errors import InputError

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
    assert "inner.zip" in warnings_of(data)
    assert " at 0x" not in str(data.manifest)


def test_files_of_many_images_beside_images_are_named_in_a_sentence(tmp_path: Path) -> None:
    folder = tmp_path / "mixed"
    write(folder / "0.png", encoded(0))
    np.save(folder / "1.npy", picture(1))
    write(folder / "2.parquet", b"PAR1")
    data = opened(folder, tmp_path)
    assert counts(data) == {"used": 1, "other": 2}
    assert "What 1.npy holds is not used, nor 1 more such file" in warnings_of(data)


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
    assert "2 links lead out of the folder (such as disk)" in warnings_of(data)


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
        problem = ""
        try:
            data = opened(root, Path(where))
        except InputError as error:
            problem = str(error)
        if problem:
            assert "no usable image" in problem
            assert all("test" in Path(name).parts for name in images)  # kept apart
            return
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
