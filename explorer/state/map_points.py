"""The points of a map: where they lie, what colours them, and the way back to the latent space.

N images on the map, D latent dimensions.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from explorer.state import cache
from vae.errors import InputError
from vae.latent.nearest import blend
from vae.runs.folder import Run
from vae.runs.umap_options import Making, making_of

if TYPE_CHECKING:
    from vae.data.dataset import Dataset
    from vae.latent.encoding import Latents

Floats = NDArray[np.float32]
Indices = NDArray[np.int64]

FILES = ("latents", "pca", "umap")
ERROR, KL = "Reconstruction error", "KL"
MAX_CLASSES, NUM_BLENDED, KL_ROWS = 20, 8, 2**16  # of the last so many images at a time
UNKNOWN = 255  # the level of a point that has no value


@dataclass(frozen=True)
class Place:
    """Which file of a run the points of a map come from, and which state of it."""

    folder: str
    file: str  # one of FILES; "latents" holds no coordinates: they are the PCA of its means
    stamp: cache.Stamp

    @property
    def method(self) -> str:
        return "umap" if self.file == "umap" else "pca"

    @property
    def version(self) -> str:
        """The stamp as a word for an address."""
        return "-".join(f"{part:x}" for part in self.stamp)


def path_of(run: Run, file: str) -> Path:
    """Where a run has this one of FILES."""
    return run.latents_file if file == "latents" else run.maps / f"{file}.npz"


def place_of(run: Run, method: str) -> Place | None:
    """The newest file to draw by this method; None where there is none."""
    made, told = cache.stamp(path_of(run, method)), cache.stamp(run.latents_file)
    is_newer = made is not None and (told is None or made[2] >= told[2])
    if made is not None and (is_newer or method == "umap"):
        return Place(str(run.folder), method, made)
    if told is not None and method == "pca":
        return Place(str(run.folder), "latents", told)
    return None


@st.cache_resource(max_entries=4, show_spinner=False)
def making(place: Place) -> Making:
    """How a map by UMAP was made."""
    return making_of(path_of(Run(Path(place.folder)), place.file))


def read_place(run: Run, file: str, version: str) -> Place:
    """The place that an address names. Raises InputError where it names none."""
    try:
        inode, size, time = (int(part, 16) for part in version.split("-"))
    except ValueError:
        raise InputError(f"A version is three numbers, not {version[:60]!r}.") from None
    if file not in FILES:
        raise InputError(f"A map is of one of {', '.join(FILES)}, not {file[:60]!r}.")
    return Place(str(run.folder), file, (inode, size, time))


@st.cache_resource(max_entries=4, show_spinner=False)
def points(place: Place) -> Latents:
    """The latents of a map, with their coordinates.

    Those of an earlier file are given as long as they are kept. Raises InputError afterwards.
    """
    from vae.latent.encoding import load_latents
    from vae.latent.projection import on_axes

    path = path_of(Run(Path(place.folder)), place.file)
    if cache.stamp(path) != place.stamp:
        raise InputError(f"The map in {path.name} has changed: reload the page.")
    latents = load_latents(path)
    is_told = place.file != "latents" and len(latents.xy) == len(latents.mu)
    if is_told and (place.method != "pca" or latents.mu.shape[1] > 2):
        return latents
    return dataclasses.replace(latents, xy=on_axes(latents.mu))


@st.cache_resource(max_entries=4, show_spinner=False)
def _by_image(place: Place) -> tuple[Indices, Indices]:
    """The images of a map in ascending order [N], and the row of each [N]."""
    index = points(place).index
    rows = np.argsort(index, kind="stable")
    return index[rows], rows


def rows_of(place: Place, images: Indices) -> Indices:
    """The rows of those of `images` that the map has. [n <= len(images)]"""
    ordered, rows = _by_image(place)
    if not len(ordered):
        return np.zeros(0, np.int64)
    found = np.searchsorted(ordered, images).clip(max=len(ordered) - 1)
    here: Indices = rows[found[ordered[found] == images]]
    return here


def kl_of(latents: Latents, rows: Indices) -> Floats:
    """KL of the images in these rows, in nats. [n]"""
    kl = np.empty(len(rows), np.float32)
    for start in range(0, len(rows), KL_ROWS):
        part = rows[start : start + KL_ROWS]
        some = dataclasses.replace(latents, mu=latents.mu[part], logvar=latents.logvar[part])
        kl[start : start + KL_ROWS] = some.kl_per_dim.sum(1)
    return kl


# ------------------------------------------------------------------------------- colours


@dataclass(frozen=True)
class Colours:
    """What colours each point: a class, or a level between `low` and `high`."""

    levels: NDArray[np.uint8]  # [N] number of the class, or 0 to 254; UNKNOWN where there is none
    values: Floats | None  # [N] what the levels stand for; None for classes
    classes: tuple[str, ...]  # empty where there are none
    low: float
    high: float

    def tobytes(self) -> bytes:
        """The values, where there are some, as little-endian float32, then the levels."""
        before = b"" if self.values is None else self.values.astype("<f4").tobytes()
        return before + self.levels.tobytes()


@st.cache_resource(max_entries=8, show_spinner=False)
def colours(place: Place, _dataset: Dataset, fingerprint: str, by: str) -> Colours:
    """The colours of a map by an attribute of the data, ERROR or KL. Raises InputError."""
    latents = points(place)
    if by == ERROR:
        return leveled(latents.mse)
    if by == KL:
        return leveled(kl_of(latents, np.arange(len(latents.index))))
    if by not in _dataset.attributes:
        raise InputError(f"The images have no attribute {by[:60]!r}.")
    if latents.index.max(initial=0) >= len(_dataset):
        raise InputError("This map shows other images than the run has now.")
    values = np.asarray(_dataset.attributes[by])[latents.index]
    if np.issubdtype(values.dtype, np.integer):
        names = tuple(map(str, _dataset.classes.get(by, ())))
        if not names and len(values) and 0 <= values.min() <= values.max() < MAX_CLASSES:
            names = tuple(map(str, range(int(values.max()) + 1)))
        if 0 < len(names) <= MAX_CLASSES:
            is_known = (values >= 0) & (values < len(names))
            levels = np.where(is_known, values, UNKNOWN).astype(np.uint8)
            return Colours(levels, None, names, 0.0, 0.0)
    return leveled(values.astype(np.float32), is_circular=by.endswith("hue"))


def leveled(values: Floats, is_circular: bool = False) -> Colours:
    """Numbers [N] as levels, from their 1st to their 99th percentile; a circle has all of it."""
    known = values[np.isfinite(values)]
    ends = [0, 100] if is_circular else [1, 99]
    low, high = map(float, np.percentile(known, ends)) if len(known) else (0.0, 1.0)
    part = (values - low) / max(high - low, 1e-9)
    levels = np.nan_to_num(part.clip(0, 1) * (UNKNOWN - 1), nan=UNKNOWN).round().astype(np.uint8)
    return Colours(levels, values.astype(np.float32), (), low, high)


# ------------------------------------------------------------------------------- and back


@st.cache_resource(max_entries=4, show_spinner=False)
def plane(place: Place) -> tuple[Floats, Floats]:
    """The plane of a PCA map: the mean [D], and the axes [2, D] across and up, of length 1.

    One or two latent dimensions are shown as they are: around 0, and each along its own axis.

    An axis a is an eigenvector of X'X, X the centred means, and the map has x = Xa along it; so
    X'x = X'Xa is a again, but for its length. No decomposition is needed, and the sign is right.
    """
    latents = points(place)
    latent_dim = latents.mu.shape[1]
    if latent_dim <= 2:
        return np.zeros(latent_dim, np.float32), np.eye(2, latent_dim, dtype=np.float32)
    mean: Floats = latents.mu.mean(0)
    axes = latents.xy.T @ (latents.mu - mean)
    lengths = np.linalg.norm(axes, axis=1, keepdims=True)
    return mean, (axes / np.maximum(lengths, 1e-12)).astype(np.float32)


def on_plane(place: Place, xy: tuple[float, float]) -> Floats:
    """The point of the latent space that a point of a PCA map stands for. [D]"""
    mean, axes = plane(place)
    z: Floats = mean + np.array(xy, np.float32) @ axes
    return z


def on_map(place: Place, z: Floats) -> Floats:
    """Where points of the latent space [S, D] lie on a map. [S, 2]

    On a map by PCA exactly: its plane is a projection. Another layout has no formula: there a point
    is the mean of its nearest images, weighted by 1 / distance, which agrees with it at its images.
    """
    latents = points(place)
    if place.method == "pca":
        mean, axes = plane(place)
        exact: Floats = (z - mean) @ axes.T
        return exact
    return blend(z, latents.mu, latents.xy, NUM_BLENDED)


def blended(latents: Latents, xy: tuple[float, float]) -> Floats:
    """The means of the nearest points of the map, weighted by 1 / distance. [D]

    A layout such as UMAP's has no inverse; this agrees with it at its points.
    """
    z: Floats = blend(np.array([xy], np.float32), latents.xy, latents.mu, NUM_BLENDED)[0]
    return z


def ellipse(place: Place, row: int) -> dict[str, Any]:
    """The posterior of one image on a PCA map, one sigma: semi-axes, angle of the first."""
    latents = points(place)
    _, axes = plane(place)
    spread = (axes * np.exp(latents.logvar[row])) @ axes.T
    variances, directions = np.linalg.eigh(spread.astype(np.float64))
    across, up = directions[:, 1]
    return {
        "index": int(latents.index[row]),
        "axes": [float(np.sqrt(max(variance, 0.0))) for variance in variances[::-1]],
        "angle": float(np.arctan2(up, across)),
    }
