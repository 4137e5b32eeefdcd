"""Sources of each kind to make versions of, and their versions; no test stands here."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tests.vae.data.folders.samples import encoded, write
from vae.config import DataConfig
from vae.data.dataset import Dataset, open_dataset
from vae.data.versions.new_version import make_version
from vae.data.versions.version_file import How
from vae.runs.folder import data_cache

NUM = 12  # images of each source


def config_of(source: Path | str) -> DataConfig:
    return DataConfig(source=str(source), image_size=16)


def opened(source: Path | str, root: Path) -> Dataset:
    return open_dataset(config_of(source), data_cache(root))


def version(source: Path | str, root: Path, images: list[int], how: How, name: str = "") -> Path:
    return make_version(
        data_cache(root), config_of(source), opened(source, root), images, how, name
    )


def in_folder(place: Path) -> Path:
    for index in range(NUM):
        write(place / "faces" / "ab"[index % 2] / f"{index:02}.png", encoded(index))
    rows = [f"{index:02}.png,{index}" for index in range(NUM)]
    write(place / "faces" / "table.csv", "\n".join(["file,number", *rows]).encode())
    return place / "faces"


def in_zip(place: Path) -> Path:
    with zipfile.ZipFile(place / "faces.zip", "w") as archive:
        for index in range(NUM):
            archive.writestr(f"{'ab'[index % 2]}/{index:02}.png", encoded(index))
        rows = [f"{index:02}.png,{index}" for index in range(NUM)]
        archive.writestr("table.csv", "\n".join(["file,number", *rows]))
    return place / "faces.zip"


def in_npz(place: Path) -> Path:
    pixels = np.random.default_rng(0).integers(0, 256, (NUM, 16, 16), np.uint8)
    np.savez(place / "faces.npz", images=pixels, number=np.arange(NUM, dtype=np.float32) + 0.5)
    return place / "faces.npz"


def in_split_npz(place: Path) -> Path:
    pixels = np.random.default_rng(0).integers(0, 256, (NUM, 16, 16), np.uint8)
    numbers = np.arange(NUM, dtype=np.float32) + 0.5
    np.savez(
        place / "faces.npz",
        x_train=pixels[:8],
        number_train=numbers[:8],
        x_test=pixels[8:],
        number_test=numbers[8:],
    )
    return place / "faces.npz"


def in_split_folder(place: Path) -> Path:
    for index in range(NUM):
        write(
            place / "faces" / ("train" if index < 8 else "val") / f"{index:02}.png", encoded(index)
        )
    rows = [f"{index:02}.png,{index}" for index in range(NUM)]
    write(place / "faces" / "table.csv", "\n".join(["file,number", *rows]).encode())
    return place / "faces"


SOURCES = (in_folder, in_zip, in_npz, in_split_npz, in_split_folder)
Make = Callable[[Path], Path]
