"""What several tests of this folder make and look at."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from vae.config import DataConfig
from vae.data.dataset import Dataset, open_dataset


def picture(seed: int) -> Image.Image:
    noise = np.random.default_rng(seed).integers(0, 256, (16, 16, 3), np.uint8)
    return Image.fromarray(noise)


def encoded(seed: int, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    picture(seed).save(file, kind)
    return file.getvalue()


def write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def opened(source: Path | str, tmp_path: Path) -> Dataset:
    return open_dataset(DataConfig(source=str(source), image_size=16), tmp_path / "cache")


def examples(data: Dataset, reason: str) -> list[str]:
    found = data.manifest["examples"]
    assert isinstance(found, dict)
    return list(found[reason])
