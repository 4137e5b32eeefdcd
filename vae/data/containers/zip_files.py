"""Images in a zip file, read where they lie; nothing is extracted."""

from __future__ import annotations

import contextlib
import stat
import zipfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from vae.data.collection import Collection, LeftOut
from vae.data.folders.folders import collect_files
from vae.data.folders.sorted_files import Entry
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
    """The images of the zip file at `path`, with the tables in it and beside it."""
    try:
        archive = zipfile.ZipFile(path)
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError) as error:
        raise FileError(f"{path.name} cannot be opened as a zip file: {error}.") from error
    infos = [info for info in archive.infolist() if not info.is_dir()]
    _check_zip(path, infos)
    entries = []
    left_out = []
    for info in infos:
        name = _path_of(info)
        if stat.S_ISLNK(info.external_attr >> 16):
            left_out.append(LeftOut("linked", name, "a link, which is not followed in a zip file"))
            continue
        entries.append(Entry(name, info.file_size, partial(_read, archive, info)))
    return collect_files(entries, tables, left_out, source=path.stem)


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
