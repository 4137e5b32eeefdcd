"""The members of plain tar files: listed once, read by offset, nothing extracted.

Members that share their name up to the first dot are one sample: 000.jpg, 000.cls, 000.json.
"""

from __future__ import annotations

import tarfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from vae.data.collection import LeftOut
from vae.data.folders.listing import is_system
from vae.data.folders.sorted_files import MAX_FILE_BYTES, SUFFIX
from vae.data.images.opening import TooLargeError

# What a sample may hold beside its image, by the names that WebDataset gives to the endings.
VALUES = {"cls": "label", "txt": "text", "json": "", "jsn": ""}
VALUES |= {name: name for name in ("cls2", "class", "index", "inx", "id", "count", "label", "text")}
VALUES |= {name: name for name in ("caption", "transcript")}
MAX_VALUE_BYTES = 2**20  # of one such member


@dataclass(frozen=True)
class Place:
    """Where the bytes of a member lie."""

    shard: int
    offset: int
    size: int


@dataclass
class Members:
    """The members of all shards; a sample is named by its shard and its path to the first dot."""

    images: list[tuple[str, Place]] = field(default_factory=list)  # path in its tar
    values: dict[tuple[int, str], list[tuple[str, Place]]] = field(default_factory=dict)
    others: list[tuple[str, Place]] = field(default_factory=list)
    skipped: list[LeftOut] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def list_members(path: Path, shard: int, members: Members) -> None:
    with tarfile.open(path, "r:") as archive:
        for info in _infos(archive, path.name, members):
            name = "/".join(p for p in info.name.split("/") if p not in ("", ".", ".."))
            place = Place(shard, info.offset_data, info.size)
            key, ending = sample_key(name)
            if info.isdir():
                continue
            if info.issym() or info.islnk():
                members.skipped.append(
                    LeftOut("linked", name, "a link, which is not followed in a tar")
                )
            elif not info.isreg() or info.issparse():
                members.skipped.append(LeftOut("other", name, "no plain file"))
            elif SUFFIX.fullmatch(Path(name).suffix) and not is_system(name):
                members.images.append((name, place))
            elif ending.lower() in VALUES and info.size <= MAX_VALUE_BYTES:
                members.values.setdefault((shard, key), []).append((ending.lower(), place))
            else:
                members.others.append((name, place))
    samples = {sample_key(name)[0] for name, place in members.images if place.shard == shard}
    for sample in [at for at in members.values if at[0] == shard and at[1] not in samples]:
        for ending, place in members.values.pop(sample):
            members.others.append((f"{sample[1]}.{ending}", place))


def _infos(archive: tarfile.TarFile, name: str, members: Members) -> Iterator[tarfile.TarInfo]:
    """The members up to where the file ends, early or not."""
    num = 0
    while True:
        try:
            info = archive.next()
        except tarfile.ReadError:  # the file ends within a member, or goes on as something else
            if num == 0:
                raise
            members.warnings.append(
                f"{name} ends early: the {num:,} members before its end are used."
            )
            return
        if info is None:
            return
        archive.members.clear()  # type: ignore[attr-defined]  # else all stay in memory
        num += 1
        yield info


def sample_key(path: str) -> tuple[str, str]:
    """The name of the sample and the ending of this member: ("a/000", "seg.png")."""
    folder, slash, name = path.rpartition("/")
    stem, _, ending = name.partition(".")
    return f"{folder}{slash}{stem}", ending


def keep_one_image_each(members: Members) -> None:
    """Count the masks and the like beside an image, where most samples hold such."""
    samples: dict[tuple[int, str], list[str]] = defaultdict(list)
    for path, place in members.images:
        key, ending = sample_key(path)
        samples[place.shard, key].append(ending)
    endings = Counter(ending for sample in samples.values() for ending in sample)
    num_several = sum(len(sample) > 1 for sample in samples.values())
    if num_several * 2 <= len(samples) or len(endings) * 2 > len(members.images):
        return  # one image each, or names with dots in them

    def rank(ending: str) -> tuple[int, int, str]:
        return ending.count("."), -endings[ending], ending

    best = {sample: min(found, key=rank) for sample, found in samples.items()}
    images = members.images
    members.images = []
    for path, place in images:
        key, ending = sample_key(path)
        if ending == best[place.shard, key]:
            members.images.append((path, place))
        else:
            members.skipped.append(LeftOut("other", path))
    used = sorted({f".{ending}" for ending in best.values()}, key=rank)
    others = sorted({f".{ending}" for ending in endings} - {*used})
    members.warnings.append(
        f"The samples hold several images each: those that end in {', '.join(used)} are used, not "
        f"{', '.join(others)}."
    )


def read_member(path: Path, place: Place, most: int = -1) -> bytes:
    """The bytes of a member, or the first of them."""
    wanted = place.size if most < 0 else min(most, place.size)
    if wanted > MAX_FILE_BYTES:
        raise TooLargeError(f"the file is over {MAX_FILE_BYTES // 2**20} MB")
    with open(path, "rb") as file:
        file.seek(place.offset)
        data = file.read(wanted)
    if len(data) < wanted:
        raise ValueError("the tar file ends within this image")
    return data
