"""Names for what was dropped on the page, which every disk takes and which lead nowhere else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

MAX_NAME = 150  # characters of a file's or a folder's name


def paths_below(names: Iterable[str]) -> list[PurePosixPath]:
    """Where files lie below the set's folder, each at a place of its own and none outside."""
    taken: dict[str, int] = {}
    paths = []
    for name in names:
        parts = [_plain(part) for part in name.replace("\\", "/").split("/")]
        path = PurePosixPath(*[part for part in parts if part] or ["file"])
        unique, number = path, taken.get(str(path).lower(), 0)
        while str(unique).lower() in taken:
            number += 1
            unique = path.with_name(f"{path.stem}-{number}{path.suffix}")
        taken[str(path).lower()] = number or 1
        taken.setdefault(str(unique).lower(), 1)
        paths.append(unique)
    return paths


def _plain(part: str) -> str:
    """A name that every disk takes, which begins with no dot."""
    kept = re.sub(r'[<>:"|?*\x00-\x1f]', "_", part).strip(" .")
    stem, dot, suffix = kept.rpartition(".")
    return f"{stem[:MAX_NAME]}.{suffix[:20]}" if dot else kept[:MAX_NAME]


def free_name(folder: Path, paths: Sequence[PurePosixPath]) -> str:
    """The folder's or the container's name, else `images`; with a number where it is taken."""
    tops = {path.parts[0] if len(path.parts) > 1 else path.stem for path in paths}
    stem = tops.pop() if len(tops) == 1 else "images"
    stem = re.sub(r"[^\w-]+", "-", stem).strip("-")[:40] or "images"
    name, number = stem, 1
    while (folder / name).exists() or (folder / f"{name}.json").exists():
        number += 1
        name = f"{stem}-{number}"
    return name
