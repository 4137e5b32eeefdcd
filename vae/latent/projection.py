"""A map of posterior means: two coordinates an image, by PCA or UMAP.

Where there are no more than two latent dimensions, they are shown themselves instead of PCA's axes.

A map may begin from an earlier one of the same images, so that it keeps its shape while a model
trains: UMAP starts from the earlier layout and is then moved, turned, mirrored and scaled onto it
(Procrustes, Schoenemann 1966); the axes of PCA keep their signs.

N images, D latent dimensions.
"""

from __future__ import annotations

import dataclasses
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from vae.errors import InputError
from vae.latent import umap_layout
from vae.latent.encoding import Floats, Indices, Latents, Progress, load_latents, principal_axes
from vae.option_choices import MapMethod
from vae.runs.umap_options import UmapOptions

NUM_PILES = 64  # of a map of one dimension
PILE_HEIGHT = 1 / 3  # of the highest pile, as a part of the width of the map


def on_axes(mu: Floats, before: Floats | None = None) -> Floats:
    """Coordinates on axes with a meaning of their own. [N, D] -> [N, 2]

    z0 and z1 themselves where there are no others, and z0 with images of about the same value piled
    up; else those of `pca`.
    """
    if mu.shape[1] > 2:
        return pca(mu, before)
    if mu.shape[1] == 2:
        return mu.astype(np.float32)
    return np.stack([mu[:, 0], _piled(mu[:, 0])], 1).astype(np.float32)


def _piled(values: Floats) -> Floats:
    """How far above or below the line each value [N] is put, so that none hides another. [N]

    Those of each NUM_PILES-th part of their range lie on a pile around 0, as in a histogram.
    """
    width = float(np.ptp(values)) or 1.0
    parts = (values - values.min()) / width * NUM_PILES
    pile = np.minimum(parts, NUM_PILES - 1).astype(np.int64)
    sizes = np.bincount(pile)
    rank = np.empty(len(values), np.float32)
    order = np.argsort(pile, kind="stable")
    rank[order] = np.arange(len(values)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    step = width * min(1 / NUM_PILES, PILE_HEIGHT / int(sizes.max()))
    result: Floats = step * (rank - (sizes[pile] - 1) / 2)
    return result


def pca(mu: Floats, before: Floats | None = None) -> Floats:
    """Coordinates on the two widest principal axes. [N, D] -> [N, 2]

    The sign of an axis is free: it is chosen for the coordinates to agree with `before` [N, 2],
    where it is given and known (not NaN); otherwise for the largest part of each to be positive.
    """
    mean, axes, _ = principal_axes(mu)
    plane = np.zeros((mu.shape[1], 2), np.float32)
    num_axes = min(2, len(axes))
    plane[:, :num_axes] = axes[:num_axes].T
    largest = np.take_along_axis(plane, np.abs(plane).argmax(0)[None], 0)[0]
    plane *= np.where(largest < 0, -1, 1).astype(np.float32)
    xy: Floats = mu @ plane - mean @ plane
    if before is not None:
        known = np.isfinite(before).all(1)
        along = (xy[known] * (before[known] - before[known].mean(0))).sum(0)
        xy *= np.where(along < 0, -1, 1).astype(np.float32)
    return xy


def umap(
    mu: Floats,
    seed: int,
    progress: Progress,
    before: Floats | None = None,
    options: UmapOptions | None = None,
) -> Floats:
    """UMAP coordinates, the same for the same seed. [N, D] -> [N, 2]

    With `before` [N, 2], the earlier place of each image (NaN where it had none), the layout starts
    there and keeps its shape. Fewer than four images, which have no neighbourhoods, are laid out by
    `on_axes`. Raises InputError for a single dimension, which has no second one to find.
    """
    if mu.shape[1] == 1:
        raise InputError(
            "UMAP lays out two dimensions or more, and this model has one: --method pca maps that."
        )
    if len(mu) < 4:
        return on_axes(mu, before)
    xy = umap_layout.umap(mu, seed, progress, before, options)
    return xy if before is None else aligned(xy, before)


def aligned(xy: Floats, before: Floats) -> Floats:
    """A layout [N, 2] moved, turned, mirrored and scaled onto an earlier one, NaN where unknown.

    The least squares fit of a similarity, Schoenemann 1966 and Gower 1975.
    """
    known = np.isfinite(before).all(1)
    ours, theirs = xy[known].astype(np.float64), before[known].astype(np.float64)
    middle, goal = ours.mean(0), theirs.mean(0)
    left, sizes, right = np.linalg.svd((ours - middle).T @ (theirs - goal))
    spread = np.square(ours - middle).sum()
    scale = sizes.sum() / spread if spread > 0 else 1.0
    result: Floats = (scale * (xy - middle) @ (left @ right) + goal).astype(np.float32)
    return result


def places_in(index: Indices, earlier: Latents) -> Floats | None:
    """Where an earlier map has the images `index` [N]: [N, 2], NaN where it has not.

    None where it has fewer than half of them, or fewer than four.
    """
    order = np.argsort(earlier.index, kind="stable")
    ordered = earlier.index[order]
    at = np.searchsorted(ordered, index).clip(max=max(0, len(ordered) - 1))
    if len(earlier.xy) != len(earlier.index) or not len(ordered):
        return None
    known = ordered[at] == index
    places = np.full((len(index), 2), np.nan, np.float32)
    places[known] = earlier.xy[order[at[known]]]
    known &= np.isfinite(places).all(1)
    return places if known.sum() >= max(4, len(index) / 2) else None


def earlier_map(path: Path, made_of: Mapping[str, str]) -> Latents | None:
    """The map in a file; None where there is none, or where its columns differ from `made_of`."""
    try:
        with np.load(path, allow_pickle=False) as file:
            told = {name: str(file[name]) for name in made_of if name in file}
        return load_latents(path) if told == made_of else None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
        return None


def project(
    latents: Latents,
    method: MapMethod,
    seed: int,
    progress: Progress,
    earlier: Latents | None = None,
    options: UmapOptions | None = None,
) -> Latents:
    """The same latents with their place on the map filled in, near that of an earlier map."""
    before = None if earlier is None else places_in(latents.index, earlier)
    mu = latents.mu
    xy = on_axes(mu, before) if method == "pca" else umap(mu, seed, progress, before, options)
    return dataclasses.replace(latents, xy=xy)
