"""What is dropped on the page is kept whole, below its own folder, and within limits."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from explorer.sidebar import uploads
from vae.errors import InputError


@dataclass
class File:
    name: str
    data: bytes = b"pixels"

    @property
    def size(self) -> int:
        return len(self.data)

    def getbuffer(self) -> memoryview:
        return memoryview(self.data)


def test_a_zip_is_a_source_by_itself(tmp_path: Path) -> None:
    kept = uploads.keep(tmp_path, [File("my faces.zip", b"zipped")])
    assert Path(kept.source).read_bytes() == b"zipped"
    assert kept.source.endswith("my faces.zip")
    assert uploads.uploads(tmp_path) == [kept]
    assert (kept.num_files, kept.num_bytes) == (1, 6)


def test_a_folder_keeps_its_folders(tmp_path: Path) -> None:
    kept = uploads.keep(tmp_path, [File("set/a/1.png", b"1"), File("set/b/1.png", b"2")])
    assert kept.name == "set"
    assert Path(kept.source, "set/a/1.png").read_bytes() == b"1"
    assert Path(kept.source, "set/b/1.png").read_bytes() == b"2"


@pytest.mark.parametrize(
    "name",
    [
        *("../../outside.png", "/etc/outside.png", "..\\outside.png", "a/../../../b.png", ""),
        *(".hidden", "C:\\outside.png", "a\0b.png", "x" * 400 + ".png", "...", "a//b.png", "con?"),
    ],
)
def test_no_name_leads_outside(tmp_path: Path, name: str) -> None:
    root = tmp_path / "runs"
    kept = uploads.keep(root, [File(name, b"here")])
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".json"]
    assert [path.read_bytes() for path in files] == [b"here"]
    assert files[0].is_relative_to(root / ".uploads" / kept.name)
    assert not files[0].name.startswith(".")


def test_files_of_one_name_are_all_kept(tmp_path: Path) -> None:
    kept = uploads.keep(tmp_path, [File("a.png", b"1"), File("A.png", b"2"), File("a.png", b"3")])
    assert sorted(path.read_bytes() for path in Path(kept.source).iterdir()) == [b"1", b"2", b"3"]


def test_two_sets_of_one_name_are_two(tmp_path: Path) -> None:
    first = uploads.keep(tmp_path, [File("faces.zip", b"1")])
    second = uploads.keep(tmp_path, [File("faces.zip", b"2")])
    assert [upload.name for upload in uploads.uploads(tmp_path)] == ["faces", "faces-2"]
    assert Path(first.source).read_bytes() == b"1"
    assert Path(second.source).read_bytes() == b"2"


def test_a_removed_set_is_gone(tmp_path: Path) -> None:
    kept = uploads.keep(tmp_path, [File("faces.zip")])
    uploads.remove(tmp_path, "../faces")
    assert Path(kept.source).exists()
    uploads.remove(tmp_path, "faces")
    assert not uploads.uploads(tmp_path)
    assert not list((tmp_path / ".uploads").iterdir())


def test_what_is_too_much_is_refused_and_nothing_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MAX_BYTES", 10)
    uploads.keep(tmp_path, [File("a.zip", b"12345678")])
    with pytest.raises(InputError, match="remove a set"):
        uploads.keep(tmp_path, [File("b.zip", b"123")])
    monkeypatch.setattr(uploads, "MAX_FILES", 1)
    with pytest.raises(InputError, match="2 files were dropped"):
        uploads.keep(tmp_path, [File("c.png"), File("d.png")])
    assert [upload.name for upload in uploads.uploads(tmp_path)] == ["a"]


def test_a_broken_note_is_passed_over(tmp_path: Path) -> None:
    uploads.keep(tmp_path, [File("a.zip")])
    (tmp_path / ".uploads" / "b.json").write_text("{}")
    (tmp_path / ".uploads" / "c.json").write_text("broken")
    assert [upload.name for upload in uploads.uploads(tmp_path)] == ["a"]
