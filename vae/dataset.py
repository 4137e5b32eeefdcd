"""Images ready for training: a fixed split over pixels that are memory-mapped or drawn on demand.

Shapes: N images, H height, W width, C channels (1 or 3); pixels are uint8. Disk sources are
imported once into ``cache/<key>/``: ``images.npy`` [N, H, W, C], ``table.npz`` and ``table.json``
(attributes, names, classes) and ``manifest.json``, which is there only when all of it is.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Protocol

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from vae import synthetic
from vae.config import ConfigError, DataConfig
from vae.files import atomic_json, sync_folder
from vae.sources import (
    FILE_SIZE,
    Collection,
    Source,
    TooLargeError,
    digest,
    locate,
    resized,
    upright_square,
)

Progress = Callable[[str, int, int], None]  # what, done, total

FORMAT = 1  # of the cache; raise it when what lies there changes
RENDERER_VERSION = 1  # of vae.synthetic; raise it when a face of the same seed looks different
NUM_SYNTHETIC = 20_000
MAX_KEPT_BYTES = 4 * 2**30  # of drawn faces in memory; those past it are drawn at every take
NUM_DECODERS = 2  # threads
CHUNK = 256  # images decoded, or drawn, before anybody else gets a turn
NUM_EXAMPLES = 5  # names in the manifest for each reason
PROGRESS_SECONDS = 0.1


class Pixels(Protocol):
    """Where the images are."""

    def take(self, indices: NDArray[np.int64]) -> NDArray[np.uint8]:
        """The images at `indices`. [n, H, W, C]"""


@dataclass(frozen=True)
class Dataset:
    """N images with a fixed split; see the module for shapes."""

    name: str  # short and human: "synthetic", "cartoon_noble96", "mnist"
    image_shape: tuple[int, int, int]  # (C, H, W)
    fingerprint: str  # hex; changes when the images change
    train: NDArray[np.int64]  # indices, sorted; the split of one image holds it on both sides
    validation: NDArray[np.int64]
    names: Sequence[str]  # per image: a file name, or "17"
    attributes: Mapping[str, NDArray[Any]]  # [N] each: float32 (NaN: unknown), int64 for classes
    classes: Mapping[str, tuple[str, ...]]  # what the values of the class columns are called
    manifest: Mapping[str, object]  # counts by reason, examples, credit, source
    pixels: Pixels = field(repr=False)

    def __len__(self) -> int:
        return len(self.names)

    def take(self, indices: NDArray[np.int64]) -> NDArray[np.uint8]:
        """The images at `indices`, a copy; several threads may read at once. [n, H, W, C]

        Raises IndexError outside 0..N-1.
        """
        indices = np.asarray(indices, dtype=np.int64)
        if indices.size and not (indices.min() >= 0 and indices.max() < len(self)):
            raise IndexError(f"There are images 0 to {len(self) - 1} in {self.name}.")
        return self.pixels.take(indices)


def open_dataset(config: DataConfig, cache: Path, progress: Progress | None = None) -> Dataset:
    """The data set that `config` names, imported into `cache` when it is not there yet.

    `progress` is told (what, done, total) at most ten times a second. Raises ConfigError where
    the source cannot be found or read, or holds no image; OSError where the cache cannot be
    written.
    """
    if config.source.strip() == "synthetic":
        return _open_synthetic(config)
    source = locate(config.source.strip(), cache.absolute().parent / "data")
    folder = cache / _cache_key(source, config)
    if not _is_complete(folder):
        cache.mkdir(parents=True, exist_ok=True)
        with FileLock(cache / f"{folder.name}.lock"):
            if not _is_complete(folder):  # nobody else imported it while we waited
                _remove_leftovers(cache, folder.name)
                _import(source, config, folder, progress or (lambda what, done, total: None))
    return _open_cached(folder, config)


def permutation(num: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """The order in which `num` images are seen in `epoch`; a function of its arguments alone. [num]

    Sorts raw PCG64 words, which NumPy promises never to change (NEP 19).
    """
    return _shuffled(num, seed, 1, epoch)


def _shuffled(num: int, seed: int, *purpose: int) -> NDArray[np.int64]:
    words = np.random.PCG64(np.random.SeedSequence(seed, spawn_key=purpose)).random_raw(num)
    return np.argsort(words, kind="stable").astype(np.int64)


def _split(num: int, config: DataConfig) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Sorted indices for training and for validation, neither of them empty."""
    order = _shuffled(num, config.seed, 2)
    held_out = min(max(round(num * config.validation_fraction), 1), num - 1)
    if num == 1:
        return order, order
    return np.sort(order[held_out:]), np.sort(order[:held_out])


# ---------------------------------------------------------------------------- synthetic faces


class Faces:
    """Faces of `synthetic`, each drawn when it is first taken and then kept."""

    def __init__(self, seed: int, num: int, size: int) -> None:
        self._seed, self._size = seed, size
        kept = min(num, MAX_KEPT_BYTES // (size * size * 3))
        self._images = np.empty((kept, size, size, 3), np.uint8)  # memory is used when written
        self._is_drawn = np.zeros(kept, bool)
        self._lock = threading.Lock()

    def take(self, indices: NDArray[np.int64]) -> NDArray[np.uint8]:
        """The faces at `indices`; drawing them is what takes time. [n, H, W, 3]"""
        kept = len(self._images)
        taken = np.empty((len(indices), *self._images.shape[1:]), np.uint8)
        is_kept = indices < kept
        wanted = np.unique(indices[is_kept])
        missing = wanted[~self._is_drawn[wanted]]
        for start in range(0, len(missing), CHUNK):
            with self._lock:
                part = missing[start : start + CHUNK]
                part = part[~self._is_drawn[part]]
                self._images[part] = synthetic.faces(self._seed, part, self._size)
                self._is_drawn[part] = True
        taken[is_kept] = self._images[indices[is_kept]]
        if not is_kept.all():
            taken[~is_kept] = synthetic.faces(self._seed, indices[~is_kept], self._size)
        return taken


def _open_synthetic(config: DataConfig) -> Dataset:
    num, size = config.num_images or NUM_SYNTHETIC, config.image_size or FILE_SIZE
    identity = f"synthetic {RENDERER_VERSION} {config.seed} {size} {num}"
    train, validation = _split(num, config)
    return Dataset(
        name="synthetic",
        image_shape=(3, size, size),
        fingerprint=hashlib.sha256(identity.encode()).hexdigest(),
        train=train,
        validation=validation,
        names=[str(index) for index in range(num)],
        attributes=synthetic.sample_factors(config.seed, np.arange(num)),
        classes={factor.name: factor.values for factor in synthetic.FACTORS if factor.values},
        manifest={"source": "synthetic", "image_size": size, "counts": {"drawn": num}},
        pixels=Faces(config.seed, num, size),
    )


# ---------------------------------------------------------------------------- the cache


@dataclass(frozen=True)
class _Mapped:
    images: NDArray[np.uint8]  # a memory map

    def take(self, indices: NDArray[np.int64]) -> NDArray[np.uint8]:
        return np.asarray(self.images[indices])


def _cache_key(source: Source, config: DataConfig) -> str:
    """A name for the cached import that changes with the source's files and what is asked of it."""
    subset = None if config.num_images is None else [config.num_images, config.seed]
    identity = [FORMAT, source.kind, source.path, config.image_size, subset, source.listing]
    return hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:32]


def _read_json(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def _is_complete(folder: Path) -> bool:
    manifest, images = folder / "manifest.json", folder / "images.npy"
    if not (manifest.exists() and images.exists()):
        return False
    return bool(images.stat().st_size == _read_json(manifest)["images_bytes"])


def _open_cached(folder: Path, config: DataConfig) -> Dataset:
    manifest = _read_json(folder / "manifest.json")
    table = _read_json(folder / "table.json")
    with np.load(folder / "table.npz", allow_pickle=False) as arrays:
        attributes = {name: arrays[f"arr_{j}"] for j, name in enumerate(table["columns"])}
    images: NDArray[np.uint8] = np.load(folder / "images.npy", mmap_mode="r", allow_pickle=False)
    num, height, width, channels = images.shape
    boundary = manifest["validation_from"]
    train, validation = _split(num, config) if boundary is None else _own_split(num, boundary)
    return Dataset(
        name=manifest["name"],
        image_shape=(channels, height, width),
        fingerprint=manifest["fingerprint"],
        train=train,
        validation=validation,
        names=table["names"],
        attributes=attributes,
        classes={name: tuple(values) for name, values in table["classes"].items()},
        manifest=manifest,
        pixels=_Mapped(images),
    )


def _own_split(num: int, boundary: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    return np.arange(boundary), np.arange(boundary, num)


# ---------------------------------------------------------------------------- the import


@dataclass
class _Tally:
    """What became of every file: counts, and the first few names, by reason."""

    counts: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def add(self, reason: str, name: str) -> None:
        self.counts[reason] = self.counts.get(reason, 0) + 1
        examples = self.examples.setdefault(reason, [])
        if len(examples) < NUM_EXAMPLES:
            examples.append(name)


@dataclass(frozen=True)
class _Skip:
    reason: str
    cause: str


def _import(source: Source, config: DataConfig, folder: Path, progress: Progress) -> None:
    """Write the images of `source` to `folder`, which appears when everything is in it."""
    part = folder.with_name(f"{folder.name}.part")
    try:
        part.mkdir()
        with warnings.catch_warnings():
            # Pillow warns of odd but readable files; what it cannot read is counted below.
            warnings.filterwarnings("ignore", module=r"PIL\.")
            _write(source, config, part, progress)
        shutil.rmtree(folder, ignore_errors=True)  # an incomplete one of the same key
        os.replace(part, folder)
        sync_folder(folder.parent)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _write(source: Source, config: DataConfig, part: Path, progress: Progress) -> None:
    collection = source.load()
    total = len(collection.names)
    chosen = np.arange(total)
    if config.num_images is not None and config.num_images < total:
        chosen = np.sort(_shuffled(total, config.seed, 3)[: config.num_images])
    size = config.image_size or collection.image_size
    channels = 1 if collection.is_grey(chosen.tolist()) else 3
    _check_space(part, len(chosen) * size * size * channels)

    tally = _Tally()
    for reason, name in collection.skipped:
        tally.add(reason, _escaped(name))
    kept: list[int] = []
    seen: dict[bytes, int] = {}
    hashed = hashlib.sha256(f"{size} {channels}".encode())
    report = _throttled(progress, "importing images", len(chosen))
    with open(part / "images.npy", "wb") as file:
        _write_header(file, 0, size, channels)
        decoded = _decoded(collection, chosen.tolist(), size, channels)
        for done, (index, outcome) in enumerate(decoded):
            report(done)
            name = _escaped(collection.names[index])
            if isinstance(outcome, _Skip):
                tally.add(outcome.reason, f"{name}: {outcome.cause}")
                continue
            pixels, key = outcome
            first = seen.setdefault(key, index) if collection.are_files else index
            if first != index:
                tally.add("duplicate", f"{name}: same as {_escaped(collection.names[first])}")
                continue
            tally.add("imported", name)
            kept.append(index)
            file.write(pixels)
            hashed.update(pixels)
        if not kept:
            raise ConfigError(_nothing_found(source, tally))
        file.seek(0)
        _write_header(file, len(kept), size, channels)
        file.flush()
        os.fsync(file.fileno())
    report(len(chosen))

    rows = np.array(kept)
    _write_table(part, collection, rows)
    manifest = {
        "format": FORMAT,
        "kind": source.kind,
        "source": config.source,
        "name": source.name,
        "image_size": size,
        "counts": tally.counts,
        "examples": tally.examples,
        "columns_left_out": list(collection.columns_left_out),
        "credit": collection.credit,
        "fingerprint": hashed.hexdigest(),
        "validation_from": _boundary(rows, collection.validation_from),
        "images_bytes": (part / "images.npy").stat().st_size,
    }
    atomic_json(part / "manifest.json", manifest)


def _write_header(file: IO[bytes], num: int, size: int, channels: int) -> None:
    """The head of an .npy file; NumPy pads it so that its length does not depend on `num`."""
    shape = (num, size, size, channels)
    np.lib.format.write_array_header_1_0(
        file, {"descr": "|u1", "fortran_order": False, "shape": shape}
    )


def _write_table(part: Path, collection: Collection, rows: NDArray[np.int64]) -> None:
    columns = collection.columns
    with open(part / "table.npz", "wb") as file:
        np.savez(file, *(column.values[rows] for column in columns.values()))
        file.flush()
        os.fsync(file.fileno())
    table = {
        "names": [collection.names[row] for row in rows],
        "columns": list(columns),
        "classes": {name: column.classes for name, column in columns.items() if column.classes},
    }
    atomic_json(part / "table.json", table)


def _boundary(rows: NDArray[np.int64], validation_from: int | None) -> int | None:
    """Where the source's own validation images begin among `rows`, None where a side is empty."""
    if validation_from is None:
        return None
    boundary = int(np.searchsorted(rows, validation_from))
    return boundary if 0 < boundary < len(rows) else None


def _decoded(
    collection: Collection, chosen: Sequence[int], size: int, channels: int
) -> Iterator[tuple[int, tuple[bytes, bytes] | _Skip]]:
    """(index, (pixels [H, W, C] as bytes, digest) or why there are none) in the order of `chosen`.

    Pillow lets go of the interpreter while it decodes, so threads help.
    """
    mode = "L" if channels == 1 else "RGB"

    def decode(index: int) -> tuple[bytes, bytes] | _Skip:
        try:
            with collection.read(index) as image:
                square = upright_square(image, size).convert(mode)
            key = digest(square) if collection.are_files else b""
            return resized(square, size).tobytes(), key
        except TooLargeError as error:
            return _Skip("too_large", str(error))
        except Exception as error:  # Pillow raises nearly anything for a broken file
            return _Skip("broken", " ".join(str(error).split())[:200] or type(error).__name__)

    with ThreadPoolExecutor(NUM_DECODERS) as pool:
        run = pool.map if collection.are_files else map
        for start in range(0, len(chosen), CHUNK):
            chunk = chosen[start : start + CHUNK]
            yield from zip(chunk, run(decode, chunk), strict=True)


def _throttled(progress: Progress, what: str, total: int) -> Callable[[int], None]:
    last = -PROGRESS_SECONDS

    def report(done: int) -> None:
        nonlocal last
        now = time.monotonic()
        if done == total or now - last >= PROGRESS_SECONDS:
            last = now
            progress(what, done, total)

    return report


def _escaped(name: str) -> str:
    """`name` without line breaks, control and direction characters, to be shown."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in name)


def _nothing_found(source: Source, tally: _Tally) -> str:
    found = [
        f"{count} {reason.replace('_', ' ')} (such as {tally.examples[reason][0]})"
        for reason, count in sorted(tally.counts.items())
    ]
    return (
        f"There is no usable image in {source.name!r}: expected PNG, JPEG, WebP, GIF, BMP or TIFF "
        f"files, found {', '.join(found) or 'nothing'}."
    )


def _check_space(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise ConfigError(
            f"The images need {needed / 1e6:.0f} MB in the cache but the disk has "
            f"{free / 1e6:.0f} MB left: free some, or ask for fewer with num_images."
        )


def _remove_leftovers(cache: Path, own_key: str) -> None:
    """Remove what killed imports left in `cache`: their locks are free, or `own_key`'s, our own."""
    for part in cache.glob("*.part"):
        lock = FileLock(cache / f"{part.stem}.lock", timeout=0)
        held = contextlib.nullcontext() if part.stem == own_key else lock
        with contextlib.suppress(Timeout), held:
            shutil.rmtree(part)
