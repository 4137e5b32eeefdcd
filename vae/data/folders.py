"""Images in folders and zip files: what lies there, and how each is read."""

from __future__ import annotations

import io
import os
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PIL import Image

from vae.data.arrays import load_idx
from vae.data.attributes import attach_tables, folder_labels, text_column
from vae.data.collection import FILE_SIZE, Collection, Listing, Source
from vae.data.image_files import FORMATS, TooLargeError, is_grey_mode
from vae.errors import FileError, InputError

MAX_FILE_BYTES = 256 * 2**20  # of one file, unpacked
MAX_ZIP_RATIO = 200  # unpacked to packed, of a whole zip file past its first megabyte

SUFFIX = re.compile(
    r"\.(a?png|jpe?g?|jfif|gif|webp|bmp|tiff?|p[pgbn]m|avif|jp2|j2k)", re.IGNORECASE
)
SYSTEM_NAMES = ("__macosx", "thumbs.db", "desktop.ini")
CREDIT_FILE = re.compile(r"(.*/)?(credits?|licen[cs]e|copying)(\.txt|\.md)?", re.IGNORECASE)
IDX_IMAGES = re.compile(r"(?P<set>.*?)[-_.]?images[-.]idx3-ubyte(?P<packed>\.gz)?")


def locate_idx(path: Path, root: Path, listing: Listing) -> Source:
    """Image sets below `root` as one source: first the training set, then the test set."""
    sets: dict[str, str] = {}  # path up to the set's name -> path of its images
    for name, _, _ in sorted(listing, reverse=True):  # a plain file comes last and wins
        match = IDX_IMAGES.fullmatch(name)
        if match:
            sets[match["set"]] = name
    tests = [name for name in sets if name.lower().endswith(("t10k", "test"))]
    trains = [name for name in sets if name not in tests]
    if len(trains) > 1 or len(tests) > 1:
        raise InputError(
            f"{path.name} holds {len(sets)} sets of idx images ({', '.join(sorted(sets.values()))})"
            ": name the folder or the images file of one of them."
        )
    files = [root / sets[name] for name in [*trains, *tests]]
    return Source("idx", str(path), path.name, listing, partial(load_idx, path, files))


def listed(path: Path, name: str) -> tuple[str, int, int]:
    state = path.stat()
    return name, state.st_size, state.st_mtime_ns


def is_system(path: str) -> bool:
    parts = path.lower().split("/")
    return any(part.startswith(".") or part in SYSTEM_NAMES for part in parts)


def list_folder(root: Path) -> Listing:
    """Every file below `root`, sorted; linked folders are not entered, as they may form a ring."""
    found = []
    for folder, folders, files in os.walk(root):
        folders.sort()
        for file in files:
            path = Path(folder, file)
            if path.is_file():
                found.append(listed(path, path.relative_to(root).as_posix()))
    return sorted(found)


def tables_beside(path: Path) -> list[Path]:
    """CSV and CelebA tables in the folder of `path`, but for those named after a neighbour."""
    try:
        neighbours = [other for other in path.parent.iterdir() if not other.name.startswith(".")]
    except OSError:  # a parent that may not be listed holds no table for us
        return []
    tables = [
        other
        for other in neighbours
        if (other.suffix.lower() == ".csv" or other.name == "list_attr_celeba.txt")
        and other.is_file()
        and other.stat().st_size <= MAX_FILE_BYTES
    ]
    others = {other.stem for other in neighbours if other != path and other not in tables}
    return sorted(table for table in tables if table.stem not in others - {path.stem})


@dataclass(frozen=True)
class _Entry:
    path: str  # below the source, with /
    size: int  # bytes, unpacked
    read: Callable[[], bytes]


def locate_folder(root: Path) -> Source:
    listing = list_folder(root)
    seen = [(name, size, changed) for name, size, changed in listing if not is_system(name)]
    if any(IDX_IMAGES.fullmatch(Path(name).name) for name, _, _ in seen):
        return locate_idx(root, root, seen)
    tables = tables_beside(root)
    seen += [listed(table, f"../{table.name}") for table in tables]

    def load() -> Collection:
        entries = [_Entry(name, size, (root / name).read_bytes) for name, size, _ in listing]
        return _collect_files(entries, [table.read_bytes() for table in tables])

    return Source("folder", str(root), root.name, seen, load)


def load_zip(path: Path, tables: Sequence[Path]) -> Collection:
    try:
        archive = zipfile.ZipFile(path)
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError) as error:
        raise FileError(f"{path.name} cannot be opened as a zip file: {error}.") from error
    infos = [info for info in archive.infolist() if not info.is_dir()]
    _check_zip(path, infos)
    entries = []
    for info in infos:
        parts = info.filename.replace("\\", "/").split("/")
        name = "/".join(part for part in parts if part not in ("", ".", ".."))
        entries.append(_Entry(name, info.file_size, partial(archive.read, info)))
    return _collect_files(entries, [table.read_bytes() for table in tables])


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
    if unpacked > 2**20 + MAX_ZIP_RATIO * path.stat().st_size:
        raise InputError(
            f"{path.name} was not opened: it unpacks to {unpacked:,} bytes, more than "
            f"{MAX_ZIP_RATIO} times its size, as a zip bomb does."
        )


def _collect_files(entries: Sequence[_Entry], tables_beside: Sequence[bytes]) -> Collection:
    images: list[_Entry] = []
    skipped: list[tuple[str, str]] = []
    tables: list[bytes] = []
    credits: list[_Entry] = []
    for entry in sorted(entries, key=lambda entry: entry.path):
        suffix = Path(entry.path).suffix.lower()
        if is_system(entry.path):
            skipped.append(("system", entry.path))
        elif SUFFIX.fullmatch(suffix):
            images.append(entry)
        elif entry.size > MAX_FILE_BYTES:
            skipped.append(("other", entry.path))
        elif suffix == ".csv" or Path(entry.path).name == "list_attr_celeba.txt":
            tables.append(_bytes(entry))
        elif CREDIT_FILE.fullmatch(entry.path):
            credits.append(entry)
        else:
            skipped.append(("other", entry.path))

    folders = [entry.path.rpartition("/")[0] for entry in images]
    outer = os.path.commonpath(folders) if folders and all(folders) else ""
    names = [entry.path[len(outer) :].lstrip("/") for entry in images]
    columns, left_out = attach_tables([*tables, *tables_beside], [entry.path for entry in images])
    labels = folder_labels(names)
    if labels and "label" not in columns:
        columns["label"] = text_column(labels)
    best = sorted(credits, key=lambda e: ("credit" not in e.path.lower(), e.path.count("/")))
    credit = _bytes(best[0]).decode("utf-8-sig", "replace") if best else ""

    def read(index: int) -> Image.Image:
        entry = images[index]
        if entry.size > MAX_FILE_BYTES:
            raise TooLargeError(f"the file is over {MAX_FILE_BYTES // 2**20} MB")
        try:
            return Image.open(io.BytesIO(entry.read()), formats=FORMATS)
        except Image.DecompressionBombError as error:
            raise TooLargeError(str(error)) from error

    def is_grey(indices: Iterable[int]) -> bool:
        return all(is_grey_mode(mode) for mode in map(mode_of, indices) if mode)

    def mode_of(index: int) -> str:
        try:
            with read(index) as image:
                return image.mode
        except Exception:  # a broken file is counted when its turn comes to be imported
            return ""

    return Collection(
        [name.encode("utf-8", "replace").decode() for name in names],
        read,
        is_grey,
        FILE_SIZE,
        are_files=True,
        columns={name: column for name, column in columns.items() if column is not None},
        columns_left_out=left_out,
        credit=credit[:4000].strip(),
        skipped=skipped,
    )


def _bytes(entry: _Entry) -> bytes:
    try:
        return entry.read()
    except (OSError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise FileError(f"{entry.path} cannot be read: {error}.") from error
