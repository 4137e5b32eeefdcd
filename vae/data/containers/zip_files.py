"""Images in a zip file, read where they lie; nothing is extracted."""

from __future__ import annotations

import contextlib
import re
import stat
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from vae.data.arrays.arrays import load_npy_zip
from vae.data.collection import Collection, LeftOut
from vae.data.folders.folders import collect_files
from vae.data.folders.sorted_files import MANY_SUFFIXES, Entry
from vae.data.tally import shown
from vae.errors import FileError, InputError

# One file is unpacked at a time, and only what begins as an image does: sparse masks and drawings
# may shrink a thousandfold. These stand against what would keep a machine busy for days.
MAX_ENTRIES = 2_000_000
MAX_UNPACKED_BYTES = 2**40
UTF8_FLAG = 0x800


def is_zip(head: bytes) -> bool:
    """Whether a file that begins with `head` is a zip file, whatever it is called."""
    return head.startswith((b"PK\x03\x04", b"PK\x05\x06"))


def load_zip(path: Path, tables: Sequence[Path]) -> Collection:
    """The images of the zip file at `path`, with the tables in it and beside it.

    Where there are none, the arrays in it. Raises InputError, FileError.
    """
    entries, left_out = _entries(path)
    collection = collect_files(entries, tables, left_out, source=path.stem)
    if not collection.names:
        inside = [(entry.path, Path(entry.path).suffix.lower()) for entry in entries]
        if any(suffix == ".npy" for _, suffix in inside):
            return load_npy_zip(path)
        many = [name for name, suffix in inside if suffix in (*MANY_SUFFIXES, ".zip")]
        if many:
            raise InputError(
                f"{path.name} holds no images but {many[0]}, which is not read inside a zip file: "
                "unpack it and give the folder."
            )
    return collection


def load_zips(root: Path, files: Sequence[str], tables: Sequence[Path]) -> Collection:
    """The images of several zip files below `root`, as if each were unpacked beside the others.

    Into a folder of its name, but for numbered parts of one set. Raises InputError, FileError.
    """
    parts = {}
    left_out: list[LeftOut] = []
    problems: list[FileError] = []
    for file in files:
        try:
            parts[file], more = _entries(root / file)
            left_out += more
        except FileError as error:
            problems.append(error)
            left_out.append(LeftOut("broken", file, str(error)))
    if not parts:
        raise problems[0]
    paths = [entry.path for entries in parts.values() for entry in entries]
    are_numbered = len({re.sub(r"\d+", "", file) for file in parts}) == 1 < len(parts)
    is_in_one = are_numbered and len(set(paths)) == len(paths)
    entries = [
        entry if is_in_one else replace(entry, path=f"{file[: -len('.zip')]}/{entry.path}")
        for file, entries in parts.items()
        for entry in entries
    ]
    said = f"{len(parts)} zip files are read together, such as {shown(next(iter(parts)))}."
    return collect_files(entries, tables, left_out, [said], root.name)


def _entries(path: Path) -> tuple[list[Entry], list[LeftOut]]:
    """The files in a zip file, and what in it is none."""
    try:
        archive = zipfile.ZipFile(path)
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError) as error:
        raise FileError(f"{path.name} cannot be opened as a zip file: {error}.") from error
    infos = [info for info in archive.infolist() if not info.is_dir()]
    _check_zip(path, infos)
    entries: list[Entry] = []
    left_out: list[LeftOut] = []
    for info in infos:
        name = _path_of(info)
        if stat.S_ISLNK(info.external_attr >> 16):
            left_out.append(LeftOut("linked", name, "a link, which is not followed in a zip file"))
            continue
        entries.append(Entry(name, info.file_size, partial(_read, archive, info)))
    return entries, left_out


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most: int = -1) -> bytes:
    with archive.open(info) as file:
        return file.read(most)


def _path_of(info: zipfile.ZipInfo) -> str:
    """The path of an entry below the zip file.

    Names are in UTF-8 or in the code page 437 of MS-DOS; many programs write UTF-8 without saying
    so, which shows as it hardly ever is UTF-8 by chance.
    """
    name = info.filename
    if not info.flag_bits & UTF8_FLAG:
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    parts = name.replace("\\", "/").split("/")
    return "/".join(part for part in parts if part not in ("", ".", ".."))


def _check_zip(path: Path, infos: Sequence[zipfile.ZipInfo]) -> None:
    """Raises InputError for a zip that cannot be read or that unpacks to absurd amounts."""
    if any(info.flag_bits & 1 for info in infos):
        raise InputError(f"{path.name} is encrypted: unpack it and give the folder instead.")
    end = 0
    for info in sorted(infos, key=lambda info: info.header_offset):
        if info.header_offset < end:  # CVE-2024-0450
            raise InputError(
                f"{path.name} was not opened: files inside it overlap, as in a zip bomb."
            )
        end = info.header_offset + 30 + info.compress_size
    unpacked = sum(info.file_size for info in infos)
    if unpacked > MAX_UNPACKED_BYTES or len(infos) > MAX_ENTRIES:
        raise InputError(
            f"{path.name} was not opened: it holds {len(infos):,} files that unpack to "
            f"{unpacked:,} bytes, as a zip bomb does (at most {MAX_ENTRIES:,} files and "
            f"{MAX_UNPACKED_BYTES:,} bytes are read)."
        )
