"""How much the latent space knows about the factors that the images were made from.

N images, D latent dimensions, T targets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from vae.directions.contrasts import (
    UNKNOWN,
    Classes,
    Columns,
    Indices,
    is_circular,
    is_class,
    period_of,
)
from vae.directions.leakage import predicted_left_out
from vae.latent.nearest import nearest_rows

Doubles = NDArray[np.float64]
Measure = Literal["accuracy", "R2"]

NUM_BINS = 20
NUM_FOLDS = 5
NUM_NEIGHBOURS = 10
MAX_CLASSES = 256
MAX_IMAGES = 4_000  # that a factor is predicted for


@dataclass(frozen=True)
class FactorScore:
    """How well a factor is predicted from posterior means, on images that were left out."""

    factor: str
    measure: Measure  # accuracy of a class in [0, 1], R2 of a number or a circle, at most 1
    linear: float  # by ridge regression
    nearest: float  # by the nearest neighbours
    chance: float  # the score without the latents: the share of the largest class, or 0
    gap: float  # the factor's part of the MIG
    dimension: int  # the one with most information on it

    @property
    def gained(self) -> float:
        """The better of the two, 0 at chance and 1 for a perfect prediction."""
        return (max(self.linear, self.nearest) - self.chance) / max(1e-12, 1 - self.chance)


def factor_scores(
    index: Indices, mu: NDArray[np.floating], attributes: Columns, classes: Classes
) -> list[FactorScore]:
    """A score of each attribute that varies among the images `index` [N]; mu [N, D].

    Five folds, fitted on four and tested on the fifth: ridge regression, and the 10 nearest in mu.
    """
    if len(index) > MAX_IMAGES:
        some = np.random.default_rng(0).choice(len(index), MAX_IMAGES, replace=False)
        index, mu = index[some], mu[some]
    points = mu.astype(np.float64)
    latents = binned(points)
    result = []
    for name in attributes:
        column = attributes[name][index]
        kind, known, targets = _targets(name, column, attributes, classes)
        if known.sum() < NUM_FOLDS or targets.shape[1] > MAX_CLASSES:
            continue
        x, y = points[known], targets[known]
        if not (y.std(0) > 1e-9).any():
            continue
        gap, dimension = information_gap(column[known], [latent[known] for latent in latents])
        linear, nearest = _left_out(x, y)
        result.append(
            FactorScore(
                name,
                kind,
                _scored(kind, y, linear),
                _scored(kind, y, nearest),
                float(y.mean(0).max()) if kind == "accuracy" else 0.0,
                gap,
                dimension,
            )
        )
    return result


def _targets(
    name: str, column: NDArray[Any], attributes: Columns, classes: Classes
) -> tuple[Measure, NDArray[np.bool_], Doubles]:
    """The measure, which of the images have a value [N], and the targets of each [N, T]."""
    if is_class(name, attributes, classes):
        names = classes[name]
        there = [k for k in np.unique(column) if 0 <= k < len(names) and names[k] != UNKNOWN]
        known = np.isin(column, there)
        return "accuracy", known, np.stack([column == k for k in there], 1).astype(np.float64)
    numbers = column.astype(np.float64)
    known = np.isfinite(numbers)
    if is_circular(name):
        angle = 2 * np.pi * numbers / period_of(attributes[name])
        return "R2", known, np.stack([np.cos(angle), np.sin(angle)], 1)
    return "R2", known, numbers[:, None]


def _left_out(x: Doubles, y: Doubles) -> tuple[Doubles, Doubles]:
    """What a linear readout and the neighbours predict for images left out. [N, T] each

    The folds are made by hand: scikit-learn's KFold would deal other ones, and change the scores.
    """
    fold = np.random.default_rng(0).permutation(len(x)) % NUM_FOLDS
    nearest = np.empty_like(y)
    for k in range(NUM_FOLDS):
        outside = fold == k
        num = min(NUM_NEIGHBOURS, int((~outside).sum()) - 1)
        rows = nearest_rows(x[outside], x[~outside], num)
        nearest[outside] = y[~outside][rows].mean(1)
    return predicted_left_out(x, y, fold), nearest


def _scored(kind: Measure, y: Doubles, read: Doubles) -> float:
    if kind == "accuracy":
        return float((read.argmax(1) == y.argmax(1)).mean())
    return float(1 - ((read - y) ** 2).sum() / ((y - y.mean(0)) ** 2).sum())


# ------------------------------------------------------------------------------------- MIG


def to_classes(column: NDArray[Any]) -> NDArray[np.int64]:
    """A column as class numbers: integers as they are, numbers in 20 bins of equal width. [N]"""
    if np.issubdtype(column.dtype, np.integer):
        _, classes = np.unique(column, return_inverse=True)
        return np.asarray(classes, np.int64)
    values = column.astype(np.float64)
    values = np.where(np.isfinite(values), values, np.nanmin(values))
    edges = np.histogram_bin_edges(values, NUM_BINS)
    return np.asarray(np.digitize(values, edges[1:-1]), np.int64)


def binned(mu: NDArray[np.floating]) -> list[NDArray[np.int64]]:
    """Each dimension of posterior means [N, D] in 20 bins. D columns of [N]"""
    return [to_classes(mu[:, j]) for j in range(mu.shape[1])]


def information_gap(column: NDArray[Any], latents: list[NDArray[np.int64]]) -> tuple[float, int]:
    """A factor's part of the MIG, in [0, 1], and the dimension that knows most of the factor.

    The highest mutual information of the factor [N] with a binned dimension, less the second
    highest, over the factor's entropy. The mean over the factors is the MIG of Chen et al. 2018
    section 4.1, as Locatello et al. 2019 estimate it.
    """
    information, entropy = _information(column, latents)
    order = np.argsort(information)[::-1]
    second = information[order[1]] if len(order) > 1 else 0.0
    return float((information[order[0]] - second) / entropy), int(order[0])


def _information(
    column: NDArray[Any], latents: list[NDArray[np.int64]]
) -> tuple[list[float], float]:
    """MI in nats of a factor [N] with each binned dimension [D], and the factor's entropy."""
    from sklearn.metrics import mutual_info_score

    classes = to_classes(column)
    scores = [float(mutual_info_score(classes, latent)) for latent in latents]
    return scores, max(1e-12, float(mutual_info_score(classes, classes)))
