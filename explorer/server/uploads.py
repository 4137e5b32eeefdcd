"""Images that were dropped on the page: kept in a folder beside the runs, listed, removed.

What one person drops is a set: one file that holds many images, or images in folders. Its bytes
come in pieces and go to the disk as they come; the set is there when the last of them is.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import shutil
import threading
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from filelock import FileLock, Timeout

from explorer.server import upload_names
from vae.atomic import atomic_json, make_folder
from vae.errors import InputError, writing

MAX_BYTES = 4 * 10**9  # of all sets together
MAX_UNPACKED_BYTES = 2 * MAX_BYTES  # of one zip file, by what it says of itself
MAX_FILES = 100_000  # of one set
# Files that are a source by themselves; so is a zip file by any name.
CONTAINERS = (".zip", ".npz", ".npy", ".tar", ".parquet", ".h5", ".hdf5")
ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06")

_arriving: dict[Path, int] = {}  # folders of sets on their way to this process, and their bytes
_one_at_a_time = threading.Lock()

Announced = Sequence[tuple[str, int]]  # names of files, of a folder with the path in it; bytes


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


def remove(root: Path, name: str) -> None:
    """Remove a set. What was trained on it goes on from its import."""
    if name in [upload.name for upload in uploads(root)]:
        (_folder(root) / f"{name}.json").unlink(missing_ok=True)
        shutil.rmtree(_folder(root) / name, ignore_errors=True)


def check_room(root: Path, announced: Announced) -> None:
    """Raises InputError where there is no room for such a set beside the runs under `root`."""
    num_bytes = sum(size for _, size in announced)
    if not announced:
        raise InputError("There are no files in what was dropped: drop images, a zip or a folder.")
    if len(announced) > MAX_FILES:
        raise InputError(
            f"{len(announced):,} files were dropped, more than {MAX_FILES:,}: put them into a "
            "folder or a zip file on this machine, and write its path into Data."
        )
    kept = sum(upload.num_bytes for upload in uploads(root)) + sum(_arriving.values())
    if kept + num_bytes > MAX_BYTES:
        raise InputError(
            f"The images need {_megabytes(num_bytes)}, and {_megabytes(kept)} are kept already, "
            f"of at most {_megabytes(MAX_BYTES)}: remove a set that you no longer need, or write "
            "the path of a folder on this machine into Data."
        )
    place = next(folder for folder in (_folder(root), *_folder(root).parents) if folder.exists())
    free = shutil.disk_usage(place).free
    if num_bytes > free:
        raise InputError(
            f"The images need {_megabytes(num_bytes)}, and the disk of the runs has "
            f"{_megabytes(free)} left: free some space and drop them again."
        )


class Arrival:
    """A set on its way: `feed` takes its bytes, `end` makes it one that is kept.

    `close` is called in the end; what has not come to its end leaves nothing behind. Raises
    InputError where there is no room, FileError where the disk refuses.
    """

    def __init__(self, root: Path, announced: Announced) -> None:
        self._root = root
        self._paths = upload_names.paths_below(name for name, _ in announced)
        self._sizes = [size for _, size in announced]
        make_folder(_folder(root))
        remove_dead(root)
        word = secrets.token_hex(8)
        self._part = _folder(root) / f"{word}.part"
        with _one_at_a_time:
            check_room(root, announced)
            _arriving[self._part] = sum(self._sizes)
        # Another thread may close it.
        self._lock = FileLock(_folder(root) / f"{word}.lock", thread_local=False)
        self._at = 0  # the file that comes next or is coming
        self._missing = 0  # bytes of it that have not come
        self._start = b""  # of it
        self._opened: BinaryIO | None = None
        self._zips: list[PurePosixPath] = []
        try:
            self._lock.acquire()
            make_folder(self._part)
            self._next()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Remove what is not kept."""
        if self._opened is not None:
            self._opened.close()
        shutil.rmtree(self._part, ignore_errors=True)
        _arriving.pop(self._part, None)
        self._lock.release()
        Path(self._lock.lock_file).unlink(missing_ok=True)

    def feed(self, data: bytes) -> None:
        """Write what has come, in as many files as it fills."""
        left = memoryview(data)
        while left:
            if self._opened is None:
                raise InputError("More has come than was announced: drop the files again.")
            some = left[: self._missing]
            self._start = (self._start + some[:4].tobytes())[:4]
            with writing(self._part):
                self._opened.write(some)
            left = left[len(some) :]
            self._missing -= len(some)
            if not self._missing:
                if self._start in ZIP_STARTS:
                    self._zips.append(self._paths[self._at])
                self._start = b""
                self._at += 1
                self._next()

    def _next(self) -> None:
        """Open the file that comes next; those that are empty are made."""
        with writing(self._part):
            if self._opened is not None:
                self._opened.close()
                self._opened = None
            while self._at < len(self._paths):
                file = self._part / self._paths[self._at]
                file.parent.mkdir(parents=True, exist_ok=True)
                self._missing = self._sizes[self._at]
                if self._missing:
                    self._opened = open(file, "xb")  # noqa: SIM115 (closed when it is full)
                    return
                file.touch()
                self._at += 1

    def end(self) -> Upload:
        """Keep the set. Raises InputError where not all has come, or a zip unpacks to too much."""
        if self._opened is not None:
            raise InputError("Less has come than was announced: drop the files again.")
        for path in self._zips:
            _check_zip(self._part / path, path.name)
        first = self._paths[0]
        is_container = first.suffix.lower() in CONTAINERS or first in self._zips
        with _one_at_a_time, writing(self._part):
            name = upload_names.free_name(_folder(self._root), self._paths)
            folder = _folder(self._root) / name
            self._part.rename(folder)
            source = folder / first if len(self._paths) == 1 and is_container else folder
            upload = Upload(name, str(source.resolve()), len(self._paths), sum(self._sizes))
            atomic_json(folder.with_name(f"{name}.json"), asdict(upload))
        return upload


def remove_dead(root: Path) -> None:
    """Remove what a server that was killed has left of sets on their way: their locks are free."""
    for part in _folder(root).glob("*.part"):
        lock = FileLock(part.with_suffix(".lock"), timeout=0)
        with contextlib.suppress(Timeout), lock:
            shutil.rmtree(part, ignore_errors=True)
            Path(lock.lock_file).unlink(missing_ok=True)


def _folder(root: Path) -> Path:
    return root / ".uploads"


def _megabytes(num_bytes: int) -> str:
    return f"{num_bytes / 1e6:,.0f} MB"


def _check_zip(file: Path, name: str) -> None:
    """Raises InputError for a zip file that says that it unpacks to too much."""
    try:
        with zipfile.ZipFile(file) as archive:
            sizes = [info.file_size for info in archive.infolist()]
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError):
        return  # what is wrong with it, the look at it says
    if sum(sizes) > MAX_UNPACKED_BYTES:
        raise InputError(
            f"{name} has {_megabytes(file.stat().st_size)}, but its {len(sizes):,} files unpack to "
            f"{_megabytes(sum(sizes))}, more than {_megabytes(MAX_UNPACKED_BYTES)}: it was not "
            "kept. Unpack it on this machine, and write the path of the folder into Data."
        )
