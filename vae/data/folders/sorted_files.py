"""The files of a folder or a zip file sorted out: images, tables, credits, and what is none."""

from __future__ import annotations

import os
import re
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from vae.data.collection import LeftOut
from vae.data.folders.listing import is_system
from vae.data.images import content
from vae.data.tally import escaped
from vae.errors import FileError

MAX_FILE_BYTES = 256 * 2**20  # of one file, unpacked

SUFFIX = re.compile(
    r"\.(a?png|jpe?g?|jfif|gif|webp|bmp|tiff?|p[pgbnf]m|avif|hei[cf]|jp2|j2k)", re.IGNORECASE
)
# Like TIFF inside, with a small preview where an image would be.
CAMERA_SUFFIX = re.compile(r"\.(cr2|nef|arw|dng|orf|rw2|pef|srw|3fr)", re.IGNORECASE)
SHEET_SUFFIX = re.compile(r"\.(xlsx?|xlsm|ods|sav|dta|feather)")
MANY_SUFFIXES = (".npz", ".npy", ".parquet", ".arrow", ".tar", ".h5", ".hdf5", ".hdf")
TABLE_SUFFIXES = (".csv", ".tsv", ".tab", ".jsonl", ".ndjson")
TEXT_SUFFIXES = (".txt", ".json")  # which may hold anything: they are not missed as tables
CREDIT_FILE = re.compile(r"(.*/)?(credits?|licen[cs]e|copying)(\.txt|\.md)?", re.IGNORECASE)


class Read(Protocol):
    """Reads a file, or its first bytes."""

    def __call__(self, most: int = -1, /) -> bytes: ...


@dataclass(frozen=True)
class Entry:
    """A file of a source."""

    path: str  # below the source, with /
    size: int  # bytes, unpacked
    read: Read


@dataclass
class SortedFiles:
    images: list[Entry]
    tables: list[Entry]  # and texts that may be tables
    credit: str
    skipped: list[LeftOut]
    warnings: list[str]


def sorted_files(entries: Sequence[Entry]) -> SortedFiles:
    """What each file is: an image by its suffix or its content, a table, a credit, or nothing."""
    images: list[Entry] = []
    tables: list[Entry] = []
    credits: list[Entry] = []
    skipped: list[LeftOut] = []
    zips: list[str] = []
    sheets: list[str] = []
    many: list[str] = []  # of many images each, perhaps
    clouded: list[str] = []
    for entry in sorted(entries, key=lambda entry: entry.path):
        suffix = os.path.splitext(entry.path)[1].lower()
        if suffix == ".icloud":
            clouded.append(entry.path)
            skipped.append(LeftOut("other", entry.path, "in iCloud only: download it"))
            continue
        if is_system(entry.path):
            skipped.append(LeftOut("system", entry.path))
            continue
        head = b"" if SUFFIX.fullmatch(suffix) else _head(entry)
        if SUFFIX.fullmatch(suffix):
            images.append(entry)
        elif CAMERA_SUFFIX.fullmatch(suffix):
            skipped.append(LeftOut("other", entry.path, "a camera's raw file: export it as JPEG"))
        elif content.is_image(head):
            images.append(entry)
        elif SHEET_SUFFIX.fullmatch(suffix):
            sheets.append(entry.path)
            skipped.append(LeftOut("other", entry.path, "a table of a kind that is not read"))
        elif suffix in MANY_SUFFIXES:
            many.append(entry.path)
            skipped.append(
                LeftOut(
                    "other",
                    entry.path,
                    "a file of its own kind: give it alone",
                )
            )
        elif entry.size > MAX_FILE_BYTES:
            skipped.append(LeftOut("other", entry.path, content.described(head)))
        elif CREDIT_FILE.fullmatch(entry.path):
            credits.append(entry)
            skipped.append(LeftOut("credit", entry.path))
        elif suffix in (*TABLE_SUFFIXES, *TEXT_SUFFIXES):
            tables.append(entry)
        else:
            zips += [entry.path] if suffix == ".zip" else []
            skipped.append(LeftOut("other", entry.path, content.described(head)))
    best = sorted(credits, key=lambda e: ("credit" not in e.path.lower(), e.path.count("/")))
    credit = content_of(best[0]).decode("utf-8-sig", "replace") if best else ""
    warnings = [f"The table {escaped(name)} is not read: save it as csv." for name in sheets[:1]]
    if clouded:
        images_are = "1 image is" if len(clouded) == 1 else f"{len(clouded):,} images are"
        warnings.append(
            f"{images_are} kept in iCloud only (such as {escaped(clouded[0])}): download them "
            "first, as only placeholders lie here."
        )
    if zips:
        warnings.append(
            f"A zip file inside is not opened ({zips[0]}"
            + (f" and {len(zips) - 1} more" if len(zips) > 1 else "")
            + "): unpack it, or give it as the source."
        )
    others = len(many) - 1
    if many and images:
        warnings.append(
            f"What {escaped(many[0])} holds is not used"
            + (f", nor {others:,} more such file{'s' * (others != 1)}" if others else "")
            + ": give it as the source by itself."
        )
    return SortedFiles(images, tables, credit[:4000].strip(), skipped, warnings)


def _head(entry: Entry) -> bytes:
    try:
        return entry.read(content.HEAD_BYTES)
    except (OSError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error):
        return b""  # it says so when it is read


def content_of(entry: Entry) -> bytes:
    """The bytes of a file that is needed. Raises FileError."""
    try:
        return entry.read()
    except (OSError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise FileError(f"{entry.path} cannot be read: {error}.") from error
