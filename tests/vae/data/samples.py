"""What several tests of this folder make and look at."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from vae.config import DataConfig
from vae.data.dataset import Dataset, open_dataset

ROOT = Path(__file__).parents[3]
SIZE = 32


def opened(source: Path | str, cache: Path, **options: int) -> Dataset:
    return open_dataset(DataConfig(source=str(source), **options), cache)


def everything(data: Dataset) -> np.ndarray:
    return data.take(np.arange(len(data)))


def picture(seed: int, size: int = 64) -> Image.Image:
    noise = np.random.default_rng(seed).integers(0, 256, (size, size, 3), np.uint8)
    return Image.fromarray(noise)


def save(image: Image.Image, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)


def imported(source: Path, **options: object) -> Dataset:
    """The data set of a source, in a cache beside it."""
    config = DataConfig(source=str(source), **options)  # type: ignore[arg-type]
    return open_dataset(config, source.parent / "cache")


def warnings_of(data: Dataset) -> str:
    found = data.manifest["warnings"]
    assert isinstance(found, list)
    return "\n".join(found)


def counts(data: Dataset) -> dict[str, int]:
    found = data.manifest["counts"]
    assert isinstance(found, dict)
    return found
