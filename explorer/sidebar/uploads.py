"""Images that were dropped on the page: kept in a folder beside the runs, listed, removed.

What one person drops is a set: one file that holds many images, or images in folders.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from vae.atomic import atomic_json, make_folder
from vae.errors import InputError, writing

MAX_BYTES = 4 * 10**9  # of all sets together
MAX_FILES = 100_000  # of one set
MAX_NAME = 150  # characters of a file's or a folder's name
# Files that are a source by themselves.
CONTAINERS = (".zip", ".npz", ".npy", ".tar", ".parquet", ".h5", ".hdf5")


class Dropped(Protocol):
    """A file as the page's uploader hands it over; of a folder, its name is a path in it."""

    name: str
    size: int

    def getbuffer(self) -> memoryview: ...


@dataclass(frozen=True)
class Upload:
    """A set that is kept."""

    name: str
    source: str  # what the form's Data says of it
    num_files: int
    num_bytes: int


def uploads(root: Path) -> list[Upload]:
    """The sets that are kept beside the runs under `root`, by name."""
    found = []
    for file in sorted(_folder(root).glob("*.json"), key=lambda file: file.stem):
        try:
            found.append(Upload(**json.loads(file.read_text(encoding="utf-8"))))
        except (OSError, ValueError, TypeError):  # not ours
            continue
    return found


def keep(root: Path, files: Sequence[Dropped]) -> Upload:
    """Keep what was dropped, whole or not at all. Raises InputError, FileError."""
    num_bytes = sum(file.size for file in files)
    kept = sum(upload.num_bytes for upload in uploads(root))
    if len(files) > MAX_FILES:
        raise InputError(
            f"{len(files):,} files were dropped, more than {MAX_FILES:,}: put them into a folder "
            "or a zip file on this machine, and write its path into Data."
        )
    if kept + num_bytes > MAX_BYTES:
        raise InputError(
            f"The images need {num_bytes / 1e6:,.0f} MB, and {kept / 1e6:,.0f} MB are kept "
            f"already, of at most {MAX_BYTES / 1e6:,.0f} MB: remove a set that you no longer "
            "need, or write the path of a folder on this machine into Data."
        )
    paths = _paths(file.name for file in files)
    is_container = len(files) == 1 and paths[0].suffix.lower() in CONTAINERS
    name = _free_name(root, paths)
    folder = _folder(root) / name
    part = folder.with_name(f"{name}.part")
    source = folder / paths[0] if is_container else folder
    try:
        make_folder(part)
        with writing(folder):
            for path, file in zip(paths, files, strict=True):
                (part / path).parent.mkdir(parents=True, exist_ok=True)
                with open(part / path, "xb") as opened:
                    opened.write(file.getbuffer())
            part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    upload = Upload(name, str(source.resolve()), len(files), num_bytes)
    atomic_json(folder.with_name(f"{name}.json"), asdict(upload))
    return upload


def remove(root: Path, name: str) -> None:
    """Remove a set. What was trained on it goes on from its import."""
    if name in [upload.name for upload in uploads(root)]:
        (_folder(root) / f"{name}.json").unlink(missing_ok=True)
        shutil.rmtree(_folder(root) / name, ignore_errors=True)


def _folder(root: Path) -> Path:
    return root / ".uploads"


def _paths(names: Iterable[str]) -> list[PurePosixPath]:
    """Where files lie below the set's folder, each at a place of its own and none outside."""
    taken: set[str] = set()
    paths = []
    for name in names:
        parts = [_plain(part) for part in name.replace("\\", "/").split("/")]
        path = PurePosixPath(*[part for part in parts if part] or ["file"])
        unique, number = path, 1
        while str(unique).lower() in taken:
            number += 1
            unique = path.with_name(f"{path.stem}-{number}{path.suffix}")
        taken.add(str(unique).lower())
        paths.append(unique)
    return paths


def _plain(part: str) -> str:
    """A name that every disk takes, which begins with no dot."""
    kept = re.sub(r'[<>:"|?*\x00-\x1f]', "_", part).strip(" .")
    stem, dot, suffix = kept.rpartition(".")
    return f"{stem[:MAX_NAME]}.{suffix[:20]}" if dot else kept[:MAX_NAME]


def _free_name(root: Path, paths: Sequence[PurePosixPath]) -> str:
    """The folder's or the container's name, else `images`; with a number where it is taken."""
    tops = {path.parts[0] for path in paths if len(path.parts) > 1}
    stem = paths[0].stem if len(paths) == 1 else tops.pop() if len(tops) == 1 else "images"
    stem = re.sub(r"[^\w-]+", "-", stem).strip("-")[:40] or "images"
    name, number = stem, 1
    while (_folder(root) / name).exists() or (_folder(root) / f"{name}.json").exists():
        number += 1
        name = f"{stem}-{number}"
    return name
