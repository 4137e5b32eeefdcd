"""Anime-style faces drawn from known factors: the built-in data.

N faces asked for, S picture size in pixels.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vae.faces.portrait import paint
from vae.faces.proportions import Figures

CHUNK = 256  # faces drawn before anybody else gets a turn
RENDERER_VERSION = 1  # raise it when a face of the same seed looks different


@dataclass(frozen=True)
class Factor:
    """One thing that varies: continuous in [low, high], or one of the named `values`.

    `lean` shapes how a continuous factor is drawn ("even", "middle", "high", "low");
    `weights` are the chances of the values.
    """

    name: str
    low: float = 0.0
    high: float = 1.0
    values: tuple[str, ...] = ()
    weights: tuple[float, ...] = ()
    lean: str = "even"


FACTORS: tuple[Factor, ...] = (
    Factor(
        "hair_style",
        values=("short", "bob", "long", "twin tails", "ponytail", "buns"),
        weights=(0.14, 0.2, 0.26, 0.18, 0.12, 0.1),
    ),
    Factor(
        "fringe",
        values=("straight", "swept", "parted", "pointed"),
        weights=(0.28, 0.26, 0.18, 0.28),
    ),
    Factor("hair_length"),
    Factor("hair_hue"),
    Factor("hair_lightness", -1.0, 1.0, lean="middle"),
    Factor("eye_hue"),
    Factor("eye_size", lean="middle"),
    Factor("eye_slant", -1.0, 1.0, lean="middle"),
    Factor("eye_openness", lean="high"),
    Factor("gaze_x", -1.0, 1.0, lean="middle"),
    Factor("gaze_y", -1.0, 1.0, lean="middle"),
    Factor("brow_angle", -1.0, 1.0, lean="middle"),
    Factor("mouth_open", lean="low"),
    Factor("smile", -1.0, 1.0, lean="high"),
    Factor("skin_tone", lean="low"),
    Factor("blush"),
    Factor("face_width", -1.0, 1.0, lean="middle"),
    Factor("head_turn", -1.0, 1.0, lean="middle"),
    Factor("head_nod", -1.0, 1.0, lean="middle"),
    Factor("head_tilt", -1.0, 1.0, lean="middle"),
    Factor("position_x", -1.0, 1.0, lean="middle"),
    Factor("position_y", -1.0, 1.0, lean="middle"),
    Factor("scale", lean="middle"),
    Factor("outfit_hue"),
    Factor("background_hue"),
    Factor("glasses", values=("none", "round"), weights=(0.86, 0.14)),
    Factor(
        "accessory",
        values=("none", "ribbon", "hairpin", "headband", "cat ears"),
        weights=(0.44, 0.16, 0.16, 0.12, 0.12),
    ),
)


def sample_factors(seed: int, indices: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    """The factors of the faces with these indices: float32, or int64 class numbers. name: [N]

    A pure function of (seed, index), whatever else is asked for at the same time.
    """
    indices = np.asarray(indices, dtype=np.int64).reshape(-1)
    return {factor.name: _column(factor, seed, indices) for factor in FACTORS}


def _column(factor: Factor, seed: int, indices: NDArray[np.int64]) -> NDArray[Any]:
    """One factor of the faces with these indices. [N]"""
    chance = _hashed(seed, indices, FACTORS.index(factor))
    if factor.values:
        edges = np.cumsum(factor.weights)[:-1]
        return np.searchsorted(edges, chance, side="right").astype(np.int64)
    if factor.lean == "middle":
        chance = 0.5 + (chance - 0.5) * (0.4 + 2.4 * (chance - 0.5) ** 2)
    elif factor.lean == "high":
        chance = 1 - chance**4
    elif factor.lean == "low":
        chance = chance**2
    return (factor.low + (factor.high - factor.low) * chance).astype(np.float32)


class Factors(Mapping[str, NDArray[Any]]):
    """The factors of the first `num` faces of `seed`, each made when it is first asked for."""

    def __init__(self, seed: int, num: int) -> None:
        self._seed, self._num = seed, num
        self._by_name = {factor.name: factor for factor in FACTORS}
        self._made: dict[str, NDArray[Any]] = {}

    def __getitem__(self, name: str) -> NDArray[Any]:
        if name not in self._made:
            factor = self._by_name[name]
            self._made[name] = _column(factor, self._seed, np.arange(self._num))
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)


def _hashed(seed: int, indices: NDArray[np.int64], stream: int) -> NDArray[np.float64]:
    """Uniform numbers in [0, 1) from (seed, index, stream): splitmix64, Steele et al. 2014. [N]"""
    golden, word = 0x9E3779B97F4A7C15, 0xFFFFFFFFFFFFFFFF
    bits = indices.astype(np.uint64)
    for salt in (seed, stream):
        bits = bits + np.uint64((golden * (2 * salt + 1)) & word)
        bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        bits = bits ^ (bits >> np.uint64(31))
    return (bits >> np.uint64(11)).astype(np.float64) / 2.0**53


def render(factors: Mapping[str, NDArray[Any]], size: int = 64) -> NDArray[np.uint8]:
    """The faces with these factors (see `FACTORS`), anti-aliased. [N, size, size, 3]"""
    # Freeing one large block makes glibc keep smaller ones for reuse instead of handing each back
    # to the system (mallopt(3), M_MMAP_THRESHOLD): a quarter less time. It is never touched.
    np.empty(1 << 24, dtype=np.uint8)
    everyone = Figures(_in_range(factors))
    pictures = np.empty((everyone.num, size, size, 3), dtype=np.uint8)
    # alike faces share layers, and the planes of a chunk stay in the processor's cache
    order = np.lexsort([everyone.f[k] for k in ("glasses", "accessory", "hair_style")])
    chunk = max(1, 16 * 64 * 64 // (size * size))
    for start in range(0, everyone.num, chunk):
        some = order[start : start + chunk]
        pictures[some] = paint(everyone.take(some), size)
    return pictures


def _in_range(factors: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """`factors` as float32 or int64, moved to the nearest value that may be drawn. name: [N]"""
    f: dict[str, NDArray[Any]] = {}
    for factor in FACTORS:
        values = np.asarray(factors[factor.name]).reshape(-1)
        if factor.values:
            f[factor.name] = np.clip(values, 0, len(factor.values) - 1).astype(np.int64)
        else:
            f[factor.name] = np.clip(values, factor.low, factor.high).astype(np.float32)
    return f


def faces(seed: int, indices: NDArray[np.int64], size: int = 64) -> NDArray[np.uint8]:
    """The faces with these indices. [N, size, size, 3]"""
    return render(sample_factors(seed, indices), size)


class Faces:
    """The first `num` faces of `seed`, `size` pixels a side; several threads may take at once."""

    def __init__(self, seed: int, num: int, size: int) -> None:
        self._seed, self._size = seed, size
        self._images = np.empty((num, size, size, 3), np.uint8)  # memory is used when written
        self._is_drawn = np.zeros(num, bool)
        self._lock = threading.Lock()

    def take(self, indices: NDArray[np.int64]) -> NDArray[np.uint8]:
        """The faces at `indices`; drawing them is what takes time. [n, H, W, 3]"""
        wanted = np.unique(indices)
        missing = wanted[~self._is_drawn[wanted]]
        for start in range(0, len(missing), CHUNK):
            with self._lock:
                part = missing[start : start + CHUNK]
                part = part[~self._is_drawn[part]]
                self._images[part] = faces(self._seed, part, self._size)
                self._is_drawn[part] = True
        taken: NDArray[np.uint8] = self._images[indices]
        return taken
