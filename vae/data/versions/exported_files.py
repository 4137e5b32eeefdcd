"""The files of some images, copied elsewhere: the originals, or PNGs of what the model sees.

C channels, H height, W width.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np
from PIL import Image

from vae.atomic import make_folder
from vae.config import DataConfig
from vae.data.dataset import Dataset, downloads
from vae.data.images import content
from vae.data.sources import locate
from vae.data.tally import Progress, throttled
from vae.data.versions.new_version import are_drawn
from vae.data.versions.version_file import NUMBER
from vae.errors import ExplainedError, InputError, writing


class ImageFile(NamedTuple):
    """A file that is given out for one image."""

    path: str  # below the place of all, with /
    data: bytes
    is_original: bool  # else a PNG of the image as the model sees it


def files_of(
    cache: Path, data: DataConfig, dataset: Dataset, images: Sequence[int]
) -> Iterator[ImageFile]:
    """The files of `images` one after the other: the originals where the source has files."""
    original = _originals(cache, data)
    taken: set[str] = set()
    for image in images:
        name = dataset.names[image]
        file = original(name)
        path = _plain_path(name)
        if file is not None:
            if NUMBER.fullmatch(name):  # a place in a file of many, which is no name of a file
                path = path.with_name(path.name + content.suffix_of(file))
            yield ImageFile(_free(path, taken), file, is_original=True)
            continue
        picture = _png(dataset.take(np.array([image]))[0])
        yield ImageFile(_free(path.with_name(f"{path.stem}.png"), taken), picture, False)


def _originals(cache: Path, data: DataConfig) -> Callable[[str], bytes | None]:
    """The file of an image by the image's name; None for one that has none, or not any more."""
    if are_drawn(data):
        return lambda name: None
    try:
        collection = locate(data.source, downloads(cache)).load()
    except (ExplainedError, OSError):  # gone: the run goes on from its import, and so does this
        return lambda name: None
    read = collection.read_file
    if read is None:
        return lambda name: None
    places = {name: index for index, name in enumerate(collection.names)}

    def find(name: str) -> bytes | None:
        try:
            return read(places[name]) if name in places else None
        except (OSError, ValueError, RuntimeError, zipfile.BadZipFile):
            return None

    return find


def _png(pixels: np.ndarray) -> bytes:
    """An image [H, W, C] as a PNG."""
    buffer = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).save(buffer, "PNG")
    return buffer.getvalue()


def _plain_path(name: str) -> PurePosixPath:
    """A path that leads nowhere else, on any system."""
    parts = [re.sub(r'[<>:"|?*\\\x00-\x1f]', "_", part) for part in name.split("/")]
    return PurePosixPath(*[part for part in parts if part.strip(". ")] or ["image"])


def _free(path: PurePosixPath, taken: set[str]) -> str:
    """`path`, with a number where it is taken."""
    free, number = path, 1
    while str(free).lower() in taken:
        number += 1
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
    taken.add(str(free).lower())
    return str(free)


def zipped(files: Iterable[ImageFile]) -> Iterator[bytes]:
    """A zip file of `files` in pieces, of which one file is held at a time."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w") as archive:
        for file in files:
            archive.writestr(zipfile.ZipInfo(file.path), file.data)
            yield sink.taken()
    yield sink.taken()


class _Sink(io.RawIOBase):
    """A file that is only written to, and taken from in pieces."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self._pieces.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        """What was written since."""
        found = b"".join(self._pieces)
        self._pieces.clear()
        return found


def export(out: Path, files: Iterable[ImageFile], num: int, progress: Progress) -> tuple[int, int]:
    """Write `num` files into a new folder, or a zip file where `out` ends in .zip.

    Returns how many were written, and how many of them are originals. Nothing half stays where it
    fails. Raises InputError where something is there, FileError.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out} is there already: give a new folder, or a new .zip file.")
    make_folder(out.parent)
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    counts = [0, 0]
    report = throttled(progress, "exporting images", num)

    def counted() -> Iterator[ImageFile]:
        for file in files:
            report(counts[0])
            counts[0] += 1
            counts[1] += file.is_original
            yield file

    try:
        with writing(out):
            if out.suffix.lower() == ".zip":
                with open(part, "wb") as opened:
                    opened.writelines(zipped(counted()))
            else:
                part.mkdir()
                for file in counted():
                    place = part / file.path
                    place.parent.mkdir(parents=True, exist_ok=True)
                    place.write_bytes(file.data)
            os.replace(part, out)
    finally:
        if part.is_dir():
            shutil.rmtree(part, ignore_errors=True)
        part.unlink(missing_ok=True)
    report(num)
    return counts[0], counts[1]
