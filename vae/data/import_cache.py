"""The import of a source into the cache, once, whole or not at all.

Shapes: N images, H height, W width, C channels. A folder of the cache holds ``images.npy``
(uint8 [N, H, W, C]), ``table.npz`` and ``table.json`` (attributes, names, classes) and
``manifest.json``, which is there only when all of it is.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import shutil
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from vae.atomic import atomic_json, make_folder, sync_folder
from vae.config import DataConfig
from vae.data.collection import Collection, Source
from vae.data.images.broken_images import thumbnail
from vae.data.images.decoding import Decoded, Skip, Twins, decoded_images
from vae.data.images.one_picture import to_document
from vae.data.images.survey import survey
from vae.data.images.values import described, with_bytes
from vae.data.import_files import check_space, write_header, write_table
from vae.data.shuffle import SUBSET, shuffled
from vae.data.tally import Progress, Tally, nothing_found, throttled
from vae.errors import InputError, writing

FORMAT = 3  # of the cache; raise it when what lies there changes


def imported(source: Source, config: DataConfig, cache: Path, progress: Progress) -> Path:
    """The folder in `cache` with the images of `source`; they are imported when it is not there.

    Raises InputError where the source holds no image, FileError where it cannot be read or the
    cache cannot be written.
    """
    folder = cache / _cache_key(source, config)
    if not _is_complete(folder):
        make_folder(cache)
        with FileLock(cache / f"{folder.name}.lock"):
            if not _is_complete(folder):  # nobody else imported it while we waited
                _remove_leftovers(cache, folder.name)
                _import(source, config, folder, progress)
    return folder


def find_import(cache: Path, fingerprint: str | None, config: DataConfig) -> Path | None:
    """The folder in `cache` with the images of this fingerprint, wherever they came from.

    Without a fingerprint, for a run that has not written it down, the newest import of the source
    that `config` names. Every format of the cache is found. None where there is no such import.
    """
    found: list[tuple[bool, float, Path]] = []
    for file in cache.glob("*/manifest.json"):
        manifest = read_json(file)
        is_of_source = manifest["source"] == config.source and (
            config.image_size in (None, manifest["image_size"])
        )
        wanted = is_of_source if fingerprint is None else manifest["fingerprint"] == fingerprint
        if wanted and _is_complete(file.parent):
            found.append((is_of_source, file.stat().st_mtime, file.parent))
    return max(found)[2] if found else None


def imported_as(source: Source, config: DataConfig, cache: Path) -> str | None:
    """The fingerprint of the import of `source` as it is now; None where there is none yet."""
    folder = cache / _cache_key(source, config)
    return read_json(folder / "manifest.json")["fingerprint"] if _is_complete(folder) else None


def _cache_key(source: Source, config: DataConfig) -> str:
    """A name for the cached import that changes with the source's files and what is asked of it."""
    subset = None if config.num_images is None else [config.num_images, config.seed]
    asked = [config.image_size, config.crop, config.background, subset]
    identity = [FORMAT, source.kind, source.path, asked, source.listing]
    return hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:32]


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a file of the cache."""
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def _is_complete(folder: Path) -> bool:
    manifest, images = folder / "manifest.json", folder / "images.npy"
    if not (manifest.exists() and images.exists()):
        return False
    return bool(images.stat().st_size == read_json(manifest)["images_bytes"])


def _remove_leftovers(cache: Path, own_key: str) -> None:
    """Remove what killed imports left in `cache`: their locks are free, or `own_key`'s, our own."""
    for part in cache.glob("*.part"):
        lock = FileLock(cache / f"{part.stem}.lock", timeout=0)
        held = contextlib.nullcontext() if part.stem == own_key else lock
        with contextlib.suppress(Timeout), held:
            shutil.rmtree(part)


def _import(source: Source, config: DataConfig, folder: Path, progress: Progress) -> None:
    """Write the images of `source` to `folder`, which appears when everything is in it."""
    part = folder.with_name(f"{folder.name}.part")
    try:
        part.mkdir()
        with warnings.catch_warnings():
            # Pillow warns of odd but readable files; what it cannot read is counted below.
            warnings.filterwarnings("ignore", module=r"PIL\.")
            collection = source.load()
            with writing(folder):
                _write(source, collection, config, part, progress)
        shutil.rmtree(folder, ignore_errors=True)  # an incomplete one of the same key
        os.replace(part, folder)
        sync_folder(folder.parent)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _write(
    source: Source, collection: Collection, config: DataConfig, part: Path, progress: Progress
) -> None:
    chosen = np.setdiff1d(np.arange(len(collection.names)), collection.excluded)
    total = len(chosen)
    if config.num_images is not None and config.num_images < total:
        chosen = chosen[np.sort(shuffled(total, config.seed, SUBSET)[: config.num_images])]
    rendering = survey(collection, chosen.tolist(), config, progress)
    size, channels = rendering.size, rendering.channels
    check_space(part, len(chosen) * size * size * channels)

    tally = Tally()
    for reason, name, why in collection.skipped:
        tally.add(reason, name, why)
    for index in collection.excluded:
        tally.add("excluded", collection.names[index], "left out by hand")
    kept: list[int] = []
    first_pixels = None
    thumbnails: dict[str, str] = {}  # of broken images, by their examples
    darkest, brightest = 255, 0
    is_one_picture = True
    twins = Twins(collection)
    if collection.are_files and collection.are_copies_excluded:
        report = throttled(progress, "looking at images", len(collection.excluded))
        excluded = decoded_images(collection, collection.excluded, rendering)
        for done, (index, outcome) in enumerate(excluded):
            report(done)
            if isinstance(outcome, Decoded):
                twins.earlier(index, outcome)
    hashed = hashlib.sha256(f"{size} {channels}".encode())
    report = throttled(progress, "importing images", len(chosen))
    with open(part / "images.npy", "wb") as file:
        write_header(file, 0, size, channels)
        decoded = decoded_images(collection, chosen.tolist(), rendering)
        for done, (index, outcome) in enumerate(decoded):
            report(done)
            name = collection.names[index]
            if isinstance(outcome, Skip):
                example = tally.add(outcome.reason, name, outcome.cause)
                if example is not None and outcome.reason == "broken":
                    picture = thumbnail(collection, index, rendering.ranges)
                    thumbnails |= {example: base64.b64encode(picture).decode()} if picture else {}
                continue
            first = twins.earlier(index, outcome)
            if first is not None:
                tally.add("duplicate", name, f"same as {collection.names[first]}")
                continue
            tally.add("used", name)
            low, high = outcome.extremes or (255, 0)
            darkest, brightest = min(darkest, low), max(brightest, high)
            kept.append(index)
            first_pixels = first_pixels or outcome.pixels
            is_one_picture = is_one_picture and outcome.pixels == first_pixels
            file.write(outcome.pixels)
            hashed.update(outcome.pixels)
        if not kept:
            raise InputError(nothing_found(source, tally))
        file.seek(0)
        write_header(file, len(kept), size, channels)
        file.flush()
        os.fsync(file.fileno())
    report(len(chosen))

    rows = np.array(kept)
    write_table(part, collection, rows)
    boundary = _boundary(rows, collection.validation_from)
    warnings = [*collection.warnings, *collection.about_used(rows), *rendering.told(set(kept))]
    manifest = {
        "format": FORMAT,
        "kind": source.kind,
        "source": config.source,
        "name": source.name,
        "image_size": size,
        "counts": tally.counts,
        "examples": tally.examples,
        "thumbnails": thumbnails,
        "value_range": described(with_bytes(rendering.ranges, darkest, brightest)),
        "rendering": to_document(rendering),
        "warnings": [*warnings, *_lost_split(collection, boundary)],
        "columns_left_out": list(collection.columns_left_out),
        "credit": collection.credit,
        "fingerprint": hashed.hexdigest(),
        "validation_from": boundary,
        "split_from": "random" if boundary is None else "own",
        "is_one_picture": is_one_picture,
        "images_bytes": (part / "images.npy").stat().st_size,
    }
    atomic_json(part / "manifest.json", manifest)


def _boundary(rows: NDArray[np.int64], validation_from: int | None) -> int | None:
    """Where the source's own validation images begin among `rows`, None where a side is empty."""
    if validation_from is None:
        return None
    boundary = int(np.searchsorted(rows, validation_from))
    return boundary if 0 < boundary < len(rows) else None


def _lost_split(collection: Collection, boundary: int | None) -> list[str]:
    if collection.validation_from is None or boundary is not None:
        return []
    return ["All images used are of one side of the source's own split: a new one is drawn."]
