"""Images ready for training: a fixed split over pixels that are memory-mapped or drawn on demand.

Shapes: N images, H height, W width, C channels (1 or 3); pixels are uint8.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from vae.config import DataConfig
from vae.data.collection import FILE_SIZE, Numbers
from vae.data.drawn_faces import DrawnFaces
from vae.data.import_cache import imported, read_json
from vae.data.pixel_file import PixelFile
from vae.data.shuffle import EPOCH, SPLIT, shuffled
from vae.data.source_names import plain_source
from vae.data.sources import locate
from vae.data.tally import Progress
from vae.faces import synthetic
from vae.faces.synthetic import Faces, Factors

NUM_SYNTHETIC = 20_000
MAX_FACES_BYTES = 2**30  # of synthetic faces in memory; more of them lie in the cache


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

    `progress` is told (what, done, total) at most ten times a second. Raises InputError where
    the source cannot be found or holds no image, FileError where it cannot be read or the cache
    cannot be written.
    """
    if plain_source(config.source) == "synthetic":
        return _open_synthetic(config, cache)
    source = locate(config.source, downloads(cache))
    folder = imported(source, config, cache, progress or (lambda what, done, total: None))
    return open_import(folder, config)


def downloads(cache: Path) -> Path:
    """Where torchvision keeps its files, beside the cache."""
    return cache.absolute().parent / "data"


def permutation(num: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """The order in which `num` images are seen in `epoch`. [num]

    A function of its arguments alone.
    """
    return shuffled(num, seed, EPOCH, epoch)


def _split(num: int, config: DataConfig) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Sorted indices for training and for validation, neither of them empty."""
    order = shuffled(num, config.seed, SPLIT)
    held_out = min(max(round(num * config.validation_fraction), 1), num - 1)
    if num == 1:
        return order, order
    return np.sort(order[held_out:]), np.sort(order[:held_out])


def _open_synthetic(config: DataConfig, cache: Path) -> Dataset:
    num, size = config.num_images or NUM_SYNTHETIC, config.image_size or FILE_SIZE
    identity = f"synthetic {synthetic.RENDERER_VERSION} {config.seed} {size} {num}"
    train, validation = _split(num, config)
    if num * size * size * 3 <= MAX_FACES_BYTES:
        pixels: Pixels = Faces(config.seed, num, size)
    else:
        pixels = DrawnFaces(config.seed, num, size, cache / f"{identity.replace(' ', '-')}.npy")
    return Dataset(
        name="synthetic",
        image_shape=(3, size, size),
        fingerprint=hashlib.sha256(identity.encode()).hexdigest(),
        train=train,
        validation=validation,
        names=Numbers(num),
        attributes=Factors(config.seed, num),
        classes={factor.name: factor.values for factor in synthetic.FACTORS if factor.values},
        manifest={"source": "synthetic", "image_size": size, "counts": {"used": num}},
        pixels=pixels,
    )


def open_import(folder: Path, config: DataConfig) -> Dataset:
    """The data set in a folder of the cache, split as `config` says."""
    manifest = read_json(folder / "manifest.json")
    table = read_json(folder / "table.json")
    with np.load(folder / "table.npz", allow_pickle=False) as arrays:
        attributes = {name: arrays[f"arr_{j}"] for j, name in enumerate(table["columns"])}
    images = PixelFile(folder / "images.npy")
    num, height, width, channels = images.shape
    boundary = manifest["validation_from"]
    train, validation = _split(num, config) if boundary is None else _own_split(num, boundary)
    return Dataset(
        name=manifest["name"],
        image_shape=(channels, height, width),
        fingerprint=manifest["fingerprint"],
        train=train,
        validation=validation,
        names=Numbers(num) if table["names"] is None else table["names"],
        attributes=attributes,
        classes={name: tuple(values) for name, values in table["classes"].items()},
        manifest=manifest,
        pixels=images,
    )


def _own_split(num: int, boundary: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    return np.arange(boundary), np.arange(boundary, num)
