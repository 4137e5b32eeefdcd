"""A new data version, of images that were chosen by hand."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from vae.config import DataConfig
from vae.data.dataset import Dataset, downloads
from vae.data.source_names import plain_source, source_path
from vae.data.sources import locate
from vae.data.versions.version_file import (
    How,
    Version,
    folder,
    is_version,
    read_version,
    stamp_of,
    write_version,
)
from vae.errors import InputError, short

NAME = re.compile(r"\w[\w.-]{0,63}")
DRAWN = (
    "The images of synthetic are drawn for each training, so none of them can be kept or left out: "
    "that is for images of your own."
)


def are_drawn(data: DataConfig) -> bool:
    """Whether the images are drawn and not collected, so that they have no versions."""
    return plain_source(data.source) == "synthetic"


def make_version(
    cache: Path,
    data: DataConfig,
    dataset: Dataset,
    images: Iterable[int],
    how: How,
    name: str = "",
) -> Path:
    """The file of a new version with `images` of the data set alone, or without them.

    It lies beside the `cache` of imports, under `name` or one that says what it is. What it is made
    of is the source itself, also where the data set is a version already. Raises InputError.
    """
    if are_drawn(data):
        raise InputError(DRAWN)
    chosen = [dataset.names[image] for image in sorted(set(images))]
    num_left = len(chosen) if how == "keep" else len(dataset) - len(chosen)
    if not chosen or not num_left:
        raise InputError(
            "No image is chosen: choose at least one." if not chosen else "No image would be left."
        )
    source = plain_source(data.source)
    if is_version(Path(source)):
        before = read_version(Path(source))
        source, how, chosen = before.source, *_joined(before, how, chosen)
    path = source_path(source)
    source = source if path is None else str(path.resolve())
    listing = locate(source, downloads(cache)).listing
    file = _file(folder(cache.parent), name, source, how, len(chosen))
    write_version(file, Version(source, how, tuple(chosen), stamp_of(listing)))
    return file


def _joined(before: Version, how: How, chosen: list[str]) -> tuple[How, list[str]]:
    """The same choice among the images of the source that `before` is a version of."""
    if how == "keep":
        return how, chosen
    if before.how == "leave_out":
        return "leave_out", [*dict.fromkeys([*before.images, *chosen])]
    left_out = set(chosen)
    return "keep", [name for name in before.images if name not in left_out]


def _file(where: Path, name: str, source: str, how: How, num: int) -> Path:
    """Where a new version of `source` lies. Raises InputError for a name that cannot be had."""
    if name and not NAME.fullmatch(name):
        raise InputError(
            "A version's name has 1 to 64 letters, digits, dots, dashes and underscores and begins "
            f"with a letter or digit: {short(name)!r} does not."
        )
    word = re.sub(r"[^A-Za-z0-9]+", "-", PurePosixPath(source.replace(":", "/")).stem).strip("-")
    stem = name or f"{word[:40] or 'images'}-{'only' if how == 'keep' else 'without'}-{num}"
    place, number = where / f"{stem}.json", 1
    while place.exists():
        if name:
            raise InputError(f"There is already a data version {name}: choose another name.")
        number += 1
        place = where / f"{stem}-{number}.json"
    return place.resolve()
