"""Files written whole or not at all."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from vae.errors import writing


def atomic_write(file: Path, data: bytes) -> None:
    """Make `file` hold `data`; a crash at any moment leaves the old file or the new one.

    Raises FileError, with the temporary file removed.
    """
    with atomic_file(file) as opened:
        opened.write(data)


@contextlib.contextmanager
def atomic_file(file: Path) -> Iterator[IO[bytes]]:
    """A file to write to, which becomes `file` when the block ends well; as `atomic_write`.

    Temporary file in the same folder, fsync, rename, fsync of the folder.
    """
    temporary = file.with_name(f".{file.name}.{os.getpid()}.tmp")
    with writing(file):
        try:
            with open(temporary, "wb") as opened:
                yield opened
                opened.flush()
                os.fsync(opened.fileno())
            os.replace(temporary, file)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise
        sync_folder(file.parent)


def sync_folder(folder: Path) -> None:
    """Make a rename in `folder` survive a power cut, where the system can do that."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Make `folder` be there, and those above it. Raises FileError."""
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)


def copy_folder(source: Path, target: Path) -> None:
    """Make `target` a copy of a folder, whole or not at all; one that is there stays.

    Contents alone, no permissions: a package may be installed read-only. Raises FileError.
    """
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as folder:
            copy = Path(folder) / target.name
            for file in sorted(file for file in source.rglob("*") if file.is_file()):
                place = copy / file.relative_to(source)
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, place)
            try:
                copy.rename(target)
            except OSError:
                if not target.exists():  # else another process was quicker
                    raise


def atomic_json(file: Path, document: Any) -> None:
    """Make `file` hold `document` as JSON; finite numbers only. Raises FileError, ValueError."""
    text = json.dumps(document, allow_nan=False, indent=2) + "\n"
    atomic_write(file, text.encode("utf-8"))
