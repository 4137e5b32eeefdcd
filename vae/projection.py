"""A map of posterior means: two coordinates an image, by PCA or UMAP.

N images, D latent dimensions.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import re

import numpy as np

from vae.latents import Floats, Latents, Progress, principal_axes

METHODS = ("pca", "umap")
UMAP_NEIGHBOURS = 15


def pca(mu: Floats) -> Floats:
    """Coordinates on the two widest principal axes. [N, D] -> [N, 2]"""
    mean, axes, _ = principal_axes(mu)
    plane = np.zeros((mu.shape[1], 2), np.float32)
    num_axes = min(2, len(axes))
    plane[:, :num_axes] = axes[:num_axes].T
    return ((mu - mean) @ plane).astype(np.float32)


class _Epochs(io.StringIO):
    """What UMAP's own progress bar is written to; passes its counts on."""

    def __init__(self, progress: Progress) -> None:
        super().__init__()
        self._progress = progress

    def write(self, text: str) -> int:
        counts = re.findall(r"(\d+)/(\d+)", text)
        if counts:
            done, total = map(int, counts[-1])
            self._progress("umap", done, total)
        return len(text)


def umap(mu: Floats, seed: int, progress: Progress) -> Floats:
    """UMAP coordinates, the same for the same seed, McInnes et al. 2018. [N, D] -> [N, 2]

    Fewer than four images, which have no neighbourhoods, are laid out by PCA.
    """
    if len(mu) < 4:
        return pca(mu)
    progress("umap", 0, 1)
    with contextlib.redirect_stdout(io.StringIO()):
        from umap import UMAP

        layout = UMAP(
            n_neighbors=min(UMAP_NEIGHBOURS, len(mu) - 1),
            min_dist=0.1,
            random_state=seed,
            n_jobs=1,
            init="pca",
            verbose=True,
            tqdm_kwds={"file": _Epochs(progress), "disable": False, "mininterval": 0.5},
        )
        return np.asarray(layout.fit_transform(mu), np.float32)


def project(latents: Latents, method: str, seed: int, progress: Progress) -> Latents:
    """The same latents with their place on the map filled in."""
    xy = pca(latents.mu) if method == "pca" else umap(latents.mu, seed, progress)
    return dataclasses.replace(latents, xy=xy)
