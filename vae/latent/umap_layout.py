"""The layout by UMAP, McInnes et al. 2018: of all images, or of a sample that the others join.

The neighbours of every point are found exactly, by a product of matrices on all cores: umap-learn's
own search is approximate, on one core where it is to repeat itself, and compiled first in every
process. The layout itself runs on one core, since on several it would differ from time to time.

N images, D latent dimensions.
"""

from __future__ import annotations

import contextlib
import io
import re
import warnings
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from vae.latent.encoding import Floats, Progress, some_of
from vae.runs.umap_options import UmapOptions

# More images than that are not all laid out: neither those that UMAP places nor the others were
# truer to their neighbours with twice as many, which took twice the time (docs/experiments.md).
NUM_FITTED = 50_000
NUM_NEAREST = 5  # among which an image is placed that UMAP did not lay out
QUERIES = 2**13  # whose neighbours are found at a time

WARM_EPOCHS = 200  # of a layout that starts from an earlier one
WARM_RATE = 0.3  # of its learning rate, where one that starts anew has 1
MANY = 10_000  # points, from where on umap-learn itself takes fewer epochs


def num_fitted(num: int) -> int:
    """How many of `num` images UMAP itself places."""
    return min(num, NUM_FITTED)


def umap(
    mu: Floats,
    seed: int,
    progress: Progress,
    before: Floats | None = None,
    options: UmapOptions | None = None,
) -> Floats:
    """UMAP coordinates, the same for the same seed. [N, D] -> [N, 2], N at least 4

    With `before` [N, 2], the earlier place of each image (NaN where it had none), the layout starts
    there. Of more than NUM_FITTED images a sample is laid out, and each other image is placed among
    its nearest images of the sample.
    """
    rows = some_of(len(mu), num_fitted(len(mu)), seed)
    if len(rows) == len(mu):
        return _laid_out(mu, seed, progress, before, options or UmapOptions())
    sample = mu[rows]
    earlier = None if before is None else before[rows]
    xy = np.empty((len(mu), 2), np.float32)
    xy[rows] = _laid_out(sample, seed, progress, earlier, options or UmapOptions())
    others = np.setdiff1d(np.arange(len(mu)), rows, assume_unique=True)
    xy[others] = placed(mu[others], sample, xy[rows], progress)
    return xy


def placed(mu: Floats, known: Floats, places: Floats, progress: Progress) -> Floats:
    """Places for points [K, D] among known ones [N, D], which have places [N, 2]. [K, 2]

    The median of the places of the nearest in each coordinate: a mean would lie between two groups,
    where neither is.
    """
    rows, _ = nearest(mu, known, NUM_NEAREST, "place", progress)
    result: Floats = np.median(places[rows], axis=1).astype(np.float32)
    return result


def nearest(
    queries: Floats, points: Floats, num: int, what: str, progress: Progress
) -> tuple[NDArray[np.int32], Floats]:
    """The `num` nearest of points [N, D] to each query [K, D], the nearest first. [K, num] each

    As `vae.latent.nearest` finds them, but on all cores, by scikit-learn, which is part of UMAP.
    The distance of a point to itself, or to its like, is exactly 0.
    """
    from sklearn.neighbors import NearestNeighbors

    num = min(num, len(points))
    search = NearestNeighbors(n_neighbors=num, algorithm="brute").fit(points)
    rows = np.empty((len(queries), num), np.int32)
    distances = np.empty((len(queries), num), np.float32)
    for start in range(0, len(queries), QUERIES):
        progress(what, start, len(queries))
        asked = queries[start : start + QUERIES]
        found = search.kneighbors(asked, return_distance=False)
        away = np.linalg.norm(points[found] - asked[:, None], axis=2)
        order = np.argsort(away, axis=1, kind="stable")
        rows[start : start + QUERIES] = np.take_along_axis(found, order, 1)
        distances[start : start + QUERIES] = np.take_along_axis(away, order, 1)
    progress(what, len(queries), len(queries))
    return rows, distances


class _Epochs(io.StringIO):
    """Receives UMAP's own progress bar and passes its counts on."""

    def __init__(self, progress: Progress) -> None:
        super().__init__()
        self._progress = progress

    def write(self, text: str) -> int:
        counts = re.findall(r"(\d+)/(\d+)", text)
        if counts:
            done, total = map(int, counts[-1])
            self._progress("umap", done, total)
        return len(text)


def _laid_out(
    mu: Floats, seed: int, progress: Progress, before: Floats | None, options: UmapOptions
) -> Floats:
    num_neighbours = min(options.neighbours, len(mu) - 1)
    near = nearest(mu, mu, num_neighbours, "neighbours", progress)
    warm: dict[str, object] = {}
    if before is not None:
        # Small steps, as at the end of a layout: large ones would lose the earlier layout.
        epochs = WARM_EPOCHS if len(mu) <= MANY else WARM_EPOCHS // 2
        warm = {"n_epochs": epochs, "learning_rate": WARM_RATE}
    progress("umap", 0, 1)
    with _same_threads(), contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        # That it cannot place further points without an index of its own: we do that.
        warnings.filterwarnings("ignore", "precomputed_knn", UserWarning)
        from umap import UMAP

        layout = UMAP(
            n_neighbors=num_neighbours,
            min_dist=options.min_distance,
            precomputed_knn=near,
            random_state=seed,
            n_jobs=1,
            init="pca" if before is None else _completed(mu, before, progress),
            verbose=True,
            tqdm_kwds={"file": _Epochs(progress), "disable": False, "mininterval": 0.5},
            **warm,
        )
        return np.asarray(layout.fit_transform(mu), np.float32)


@contextlib.contextmanager
def _same_threads() -> Iterator[None]:
    """Leave torch as many threads as it had: UMAP's numba sets those of all that use OpenMP."""
    import torch

    num = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(num)


def _completed(mu: Floats, before: Floats, progress: Progress) -> Floats:
    """Earlier places [N, 2], and for images without one a place among their nearest."""
    known = np.isfinite(before).all(1)
    if known.all():
        return before
    result = before.copy()
    result[~known] = placed(mu[~known], mu[known], before[known], progress)
    return result
