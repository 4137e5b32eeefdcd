"""Data versions: the images of a source without some of them, or only some. A version is a source.

It is a file, ``ROOT/.versions/NAME.json``, which names the source and some of its images:

    {"source": "/data/faces.zip", "leave_out": ["a/3.png"], "listing": "8f2c..."}

or ``keep`` in place of ``leave_out``. `listing` stands for the files that the source was made of.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, get_args

from vae.atomic import atomic_json, make_folder
from vae.data.collection import Collection, Listing, Source
from vae.data.folders.listing import listed
from vae.data.source_names import is_there, nothing_at
from vae.data.tally import escaped
from vae.errors import ExplainedError, FileError, InputError

How = Literal["keep", "leave_out"]
HOWS: tuple[How, ...] = get_args(How)
SUFFIX = ".json"
NUMBER = re.compile(r"(.*/)?\d+")  # a place in a file, as images are called that have no name


@dataclass(frozen=True)
class Version:
    """Some images of a source, by their names there."""

    source: str
    how: How
    images: tuple[str, ...]
    listing: str  # see `stamp_of`


def folder(root: Path) -> Path:
    """Where the versions lie, for all runs under `root`."""
    return root / ".versions"


def versions(root: Path) -> dict[Path, Version]:
    """The versions beside the runs under `root`, by their files, which are sources."""
    found = {}
    for file in sorted(folder(root).glob(f"*{SUFFIX}")):
        try:
            found[file.resolve()] = read_version(file)
        except ExplainedError:  # not ours
            continue
    return found


def remove_version(root: Path, file: Path) -> None:
    """Delete a version. What was trained on it goes on from its import."""
    if file in versions(root):
        file.unlink(missing_ok=True)


def write_version(file: Path, version: Version) -> None:
    """Make `file` hold a version. Raises FileError."""
    make_folder(file.parent)
    chosen = {"source": version.source, version.how: list(version.images)}
    atomic_json(file, {**chosen, "listing": version.listing})


def read_version(file: Path) -> Version:
    """The version in a file. Raises FileError where it holds none."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        (how,) = [how for how in HOWS if how in document]
        source, images = document["source"], document[how]
        if not (isinstance(source, str) and isinstance(images, list)):
            raise ValueError
        if not all(isinstance(name, str) for name in images):
            raise ValueError
        return Version(source, how, tuple(images), str(document.get("listing", "")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        why = f" ({error.strerror})" if isinstance(error, OSError) and error.strerror else ""
        raise FileError(
            f"{file.name} is no data version{why}: expected a JSON object with the source, and "
            "with the names of the images to keep or to leave_out."
        ) from error


def is_version(path: Path) -> bool:
    """Whether a file is a version, or was meant to be one."""
    return path.suffix.lower() == SUFFIX and path.is_file()


def stamp_of(listing: Listing) -> str:
    """A word that changes with the files of a source."""
    return hashlib.sha256(json.dumps(listing).encode()).hexdigest()[:16]


@contextmanager
def moved_version(file: Path, place: str, source: Source) -> Iterator[None]:
    """The version in `file` made of the same images at another `place`; as it was where that fails.

    `source`: that place, as it was found.
    """
    before = read_version(file)
    write_version(file, replace(before, source=place, listing=stamp_of(source.listing)))
    try:
        yield
    except BaseException:
        write_version(file, before)
        raise


def locate_version(file: Path, locate: Callable[[str], Source]) -> Source:
    """The version in `file` as a source. Raises InputError where its own source is not there."""
    version = read_version(file)
    if version.source == "synthetic" or is_version(Path(version.source)):
        raise InputError(
            f"The data version {file.name} cannot be used: its source must hold images itself, "
            f"and {version.source} does not."
        )
    try:
        source = locate(version.source)
    except ExplainedError as error:
        is_nowhere = not is_there(Path(version.source))
        why = f"{nothing_at(version.source)}." if is_nowhere else str(error)
        raise InputError(
            f"The images of the data version {file.name} are not where they were: {why} Put "
            "them back, or write their new place into that file."
        ) from error
    return replace(
        source,
        path=str(file),
        name=file.stem,
        listing=[listed(file, file.name), *source.listing],
        load=lambda: _chosen(version, source),
    )


def _chosen(version: Version, source: Source) -> Collection:
    """The images of the source, with those marked that are left out by hand."""
    collection = source.load()
    names = collection.names
    wanted = _as_called_now(version.images, names)
    missing = wanted.difference(names)
    is_kept = version.how == "keep"
    excluded = [index for index, name in enumerate(names) if (name in wanted) != is_kept]
    num = len(wanted.intersection(names))
    some = f"{num:,} image{'s' * (num != 1)}"
    how = f"with {some} only, chosen" if is_kept else f"without {some}, left out"
    sentences = [f"A version of {version.source} {how} by hand."]
    if missing:
        does = "keeps" if is_kept else "leaves out"
        sentences.append(
            f"{len(missing):,} of the {len(wanted):,} images that this version {does} (such as "
            f"{escaped(min(missing))}) are no longer there."
        )
    are_numbers = all(map(NUMBER.fullmatch, wanted))
    if are_numbers and version.listing != stamp_of(source.listing):
        sentences.append(
            "The file of these images was copied or changed since some were chosen by their "
            "numbers in it: see whether the right ones are left out."
        )
    return replace(
        collection,
        excluded=excluded,
        are_copies_excluded=not is_kept,
        warnings=[*sentences, *collection.warnings],
    )


def _as_called_now(images: Sequence[str], names: Sequence[str]) -> set[str]:
    """What the images are called today: names begin at the folder that holds all, be it another.

    As when a second folder was put beside the one that held them all.
    """
    wanted, known = set(images), set(names)
    if not wanted or not wanted.isdisjoint(known):
        return wanted
    first = min(wanted)
    added = {name.removesuffix(first) for name in names if name.endswith(f"/{first}")}
    parts = first.split("/")
    taken = {"/".join(parts[:end]) + "/" for end in range(1, len(parts))}
    ways = [{before + name for name in wanted} for before in added]
    ways += [{name.removeprefix(before) for name in wanted} for before in taken]
    fitting = [way for way in ways if not way.isdisjoint(known)]
    return fitting[0] if len(fitting) == 1 else wanted
