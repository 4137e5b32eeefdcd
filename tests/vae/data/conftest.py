"""What several tests of this folder begin with."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.vae.data.samples import picture, save


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    """A folder of 10 different PNGs of 64x64 pixels, 0.png to 9.png."""
    for index in range(10):
        save(picture(index), tmp_path / "faces" / f"{index}.png")
    return tmp_path / "faces"


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"
