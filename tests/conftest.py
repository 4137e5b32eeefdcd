"""Small real runs that several tests look at."""

from __future__ import annotations

from pathlib import Path

import pytest

from vae.commands.parser import main

TINY = [
    "--data.num_images=60",
    "--data.image_size=32",
    "--model.channels=4,8,8,8,8",
    "--model.latent_dim=6",
    "--train.batch_size=16",
    "--train.epochs=2",
]


@pytest.fixture(scope="session")
def trained_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs that holds one, `tiny`, trained on 60 synthetic faces. Only to be read."""
    folder = tmp_path_factory.mktemp("runs")
    assert main(["train", "tiny", "--root", str(folder), *TINY]) == 0
    return folder
