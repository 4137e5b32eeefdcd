"""What a map by UMAP is made with, and what the file of a map says of its making."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

from vae.option_checks import check, check_whole, typed

MAX_NEIGHBOURS = 200
COLUMNS = ("neighbours", "min_distance", "num_fitted")  # of the file of a map by UMAP
PLACED = "each other one among its nearest of these"  # what is said of a sampled map


@dataclass(frozen=True)
class UmapOptions:
    """Raises InputError in a sentence for values that make no map."""

    neighbours: int = 15  # a larger number shows more of the whole and less of small groups
    min_distance: float = 0.1  # between points that are alike; a larger one spreads them evenly

    def __post_init__(self) -> None:
        check_whole("neighbours", self.neighbours, 2, MAX_NEIGHBOURS)
        is_inside = 0 <= self.min_distance <= 1  # which no nan is
        sentence = f"min_distance must be a number from 0 to 1, not {typed(self.min_distance)}."
        check(is_inside, sentence)


@dataclass(frozen=True)
class Making:
    """How a map by UMAP was made."""

    options: UmapOptions
    num_fitted: int | None  # of the images that UMAP itself placed; None for all


def making_of(path: Path) -> Making:
    """What the file of a map by UMAP says; the defaults where it says nothing, as older ones do."""
    import numpy as np

    try:
        with open(path, "rb") as opened, np.load(opened, allow_pickle=False) as file:
            told = {name: file[name].item() for name in COLUMNS if name in file}
        neighbours = int(told.get("neighbours", UmapOptions.neighbours))
        min_distance = float(told.get("min_distance", UmapOptions.min_distance))
        num_fitted = int(told["num_fitted"]) if "num_fitted" in told else None
        return Making(UmapOptions(neighbours, min_distance), num_fitted)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
        return Making(UmapOptions(), None)
