"""What is dropped on the page is kept whole, below its own folder, and within limits."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
import zipfile
from collections import namedtuple
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.server import uploads
from explorer.server.uploads import Arrival, Upload
from vae.errors import FileError, InputError

Files = list[tuple[str, bytes]]


def keep(root: Path, files: Files, piece: int = 1 << 20) -> Upload:
    """Keep files whose bytes come in pieces of so many."""
    data = b"".join(data for _, data in files)
    with contextlib.closing(Arrival(root, [(name, len(data)) for name, data in files])) as arrival:
        for start in range(0, len(data), piece):
            arrival.feed(data[start : start + piece])
        return arrival.end()


def names_in(root: Path) -> list[str]:
    """What lies in the folder of uploads."""
    return sorted(path.name for path in (root / ".uploads").iterdir())


def test_a_zip_is_a_source_by_itself(tmp_path: Path) -> None:
    kept = keep(tmp_path, [("my faces.zip", b"zipped")])
    assert Path(kept.source).read_bytes() == b"zipped"
    assert kept.source.endswith("my faces.zip")
    assert uploads.uploads(tmp_path) == [kept]
    assert (kept.num_files, kept.num_bytes) == (1, 6)


def test_a_zip_by_another_name_is_one_too(tmp_path: Path) -> None:
    kept = keep(tmp_path, [("faces.dat", zipped({"a.png": 5}))], piece=3)
    assert Path(kept.source).is_file()


def test_a_folder_keeps_its_folders(tmp_path: Path) -> None:
    kept = keep(tmp_path, [("set/a/1.png", b"1"), ("set/b/1.png", b"2")])
    assert kept.name == "set"
    assert Path(kept.source, "set/a/1.png").read_bytes() == b"1"
    assert Path(kept.source, "set/b/1.png").read_bytes() == b"2"


@given(st.lists(st.binary(max_size=9), min_size=1, max_size=6), st.integers(1, 12))
def test_files_are_the_same_whatever_the_pieces_they_came_in(
    tmp_path_factory: pytest.TempPathFactory, datas: list[bytes], piece: int
) -> None:
    root = tmp_path_factory.mktemp("root")
    kept = keep(root, [(f"{number}/a.png", data) for number, data in enumerate(datas)], piece)
    folder = root / ".uploads" / kept.name
    found = [(folder / f"{number}/a.png").read_bytes() for number in range(len(datas))]
    assert found == datas
    assert (kept.num_files, kept.num_bytes) == (len(datas), sum(map(len, datas)))


@pytest.mark.parametrize(
    "name",
    [
        *("../../outside.png", "/etc/outside.png", "..\\outside.png", "a/../../../b.png", ""),
        *(".hidden", "C:\\outside.png", "a\0b.png", "x" * 400 + ".png", "...", "a//b.png", "con?"),
    ],
)
def test_no_name_leads_outside(tmp_path: Path, name: str) -> None:
    root = tmp_path / "runs"
    kept = keep(root, [(name, b"here")])
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".json"]
    assert [path.read_bytes() for path in files] == [b"here"]
    assert files[0].is_relative_to(root / ".uploads" / kept.name)
    assert not files[0].name.startswith(".")


def test_files_of_one_name_are_all_kept(tmp_path: Path) -> None:
    files = [("a.png", b"1"), ("A.png", b"2"), ("a.png", b"3"), ("a-2.png", b"4"), ("a.png", b"5")]
    kept = keep(tmp_path, files)
    found = sorted(path.read_bytes() for path in Path(kept.source).iterdir())
    assert found == [b"1", b"2", b"3", b"4", b"5"]


def test_two_sets_of_one_name_are_two(tmp_path: Path) -> None:
    first = keep(tmp_path, [("faces.zip", b"1")])
    second = keep(tmp_path, [("faces.zip", b"2")])
    assert [upload.name for upload in uploads.uploads(tmp_path)] == ["faces", "faces-2"]
    assert Path(first.source).read_bytes() == b"1"
    assert Path(second.source).read_bytes() == b"2"


def test_a_removed_set_is_gone(tmp_path: Path) -> None:
    kept = keep(tmp_path, [("faces.zip", b"1")])
    uploads.remove(tmp_path, "../faces")
    assert Path(kept.source).exists()
    uploads.remove(tmp_path, "faces")
    assert not uploads.uploads(tmp_path)
    assert not names_in(tmp_path)


def test_what_is_too_much_is_refused_and_nothing_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MAX_BYTES", 10)
    keep(tmp_path, [("a.zip", b"12345678")])
    with pytest.raises(InputError, match="remove a set"):
        keep(tmp_path, [("b.zip", b"123")])
    monkeypatch.setattr(uploads, "MAX_FILES", 1)
    with pytest.raises(InputError, match="2 files were dropped"):
        keep(tmp_path, [("c.png", b""), ("d.png", b"")])
    with pytest.raises(InputError, match="no files"):
        keep(tmp_path, [])
    assert names_in(tmp_path) == ["a", "a.json"]


def test_sets_on_their_way_share_the_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MAX_BYTES", 10)
    with contextlib.closing(Arrival(tmp_path, [("a.zip", 8)])):
        with pytest.raises(InputError, match="remove a set"):
            Arrival(tmp_path, [("b.zip", 3)])
        keep(tmp_path, [("c.zip", b"12")])
    keep(tmp_path, [("b.zip", b"123")])


def test_a_full_disk_is_said_before_and_while_it_fills(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Usage = namedtuple("Usage", "total used free")
    with monkeypatch.context() as patched:
        patched.setattr(uploads.shutil, "disk_usage", lambda place: Usage(9, 9, 2_000_000))
        with pytest.raises(InputError, match="4 MB, and the disk of the runs has 2 MB left"):
            uploads.check_room(tmp_path / "runs", [("a.zip", 4_000_000)])
    with contextlib.closing(Arrival(tmp_path, [("a.zip", 4)])) as arrival:
        assert arrival._opened is not None
        arrival._opened.close()
        with open("/dev/full", "wb", buffering=0) as full:
            arrival._opened = full
            with pytest.raises(FileError, match="The disk is full"):
                arrival.feed(b"1234")
    assert not names_in(tmp_path)


def zipped(sizes: dict[str, int]) -> bytes:
    """A zip file of so many zeros each."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, size in sizes.items():
            archive.writestr(name, bytes(size))
    return buffer.getvalue()


@pytest.mark.parametrize("name", ["bomb.zip", "faces/bomb.png"])
def test_a_zip_that_unpacks_to_too_much_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(uploads, "MAX_UNPACKED_BYTES", 5_000_000)
    keep(tmp_path, [("small.zip", zipped({"a": 2_000_000, "b": 3_000_000}))])
    with pytest.raises(InputError, match="its 2 files unpack to 6 MB, more than 5 MB"):
        keep(tmp_path, [(name, zipped({"a": 3_000_000, "b": 3_000_000}))], piece=1000)
    assert names_in(tmp_path) == ["small", "small.json"]


@pytest.mark.parametrize("data", [b"123", b"12345"])
def test_more_or_less_than_was_announced_is_not_kept(tmp_path: Path, data: bytes) -> None:
    def send(arrival: Arrival) -> None:
        arrival.feed(data)
        arrival.end()

    with contextlib.closing(Arrival(tmp_path, [("a.png", 4)])) as arrival:  # noqa: SIM117
        with pytest.raises(InputError, match="than was announced"):
            send(arrival)
    assert not names_in(tmp_path)


KILLED = """
import os, sys, pathlib
from explorer.server.uploads import Arrival
arrival = Arrival(pathlib.Path(sys.argv[1]), [("a.png", 4)])
arrival.feed(b"12")
os._exit(1)
"""


def test_what_a_killed_server_left_is_removed_and_what_is_on_its_way_is_not(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False, timeout=60)
    [dead] = (tmp_path / ".uploads").glob("*.part")
    with contextlib.closing(Arrival(tmp_path, [("b.png", 4)])) as arrival:
        assert not dead.exists()
        arrival.feed(b"12")
        uploads.remove_dead(tmp_path)
        arrival.feed(b"34")
        assert Path(arrival.end().source, "b.png").read_bytes() == b"1234"
    assert names_in(tmp_path) == ["b", "b.json"]


def test_a_broken_note_is_passed_over(tmp_path: Path) -> None:
    keep(tmp_path, [("a.zip", b"1")])
    (tmp_path / ".uploads" / "b.json").write_text("{}")
    (tmp_path / ".uploads" / "c.json").write_text("broken")
    assert [upload.name for upload in uploads.uploads(tmp_path)] == ["a"]
