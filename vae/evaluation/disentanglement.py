"""What the latent space knows of the factors that the images were made of.

N images, D latent dimensions, T targets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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
from vae.directions.leakage import ridge
from vae.latent.nearest import nearest_rows

Doubles = NDArray[np.float64]

NUM_BINS = 20
NUM_FOLDS = 5
NUM_NEIGHBOURS = 10
MAX_CLASSES = 256
MAX_IMAGES = 4_000  # that are asked about a factor


@dataclass(frozen=True)
class FactorScore:
    """How well a factor is read from posterior means of images that were left out."""

    factor: str
    measure: str  # "accuracy" of a class in [0, 1], "R2" of a number or a circle, at most 1
    linear: float  # by ridge regression
    nearest: float  # by the nearest neighbours
    chance: float  # of who knows nothing: the share of the largest class, or 0
    gap: float  # the factor's part of the MIG
    dimension: int  # the one that knows most of it

    @property
    def gained(self) -> float:
        """The better of the two, 0 at chance and 1 where everything is known."""
        return (max(self.linear, self.nearest) - self.chance) / max(1e-12, 1 - self.chance)


def factor_scores(
    index: Indices, mu: NDArray[np.floating], attributes: Columns, classes: Classes
) -> list[FactorScore]:
    """A score of each attribute that varies among the images `index` [N]; mu [N, D].

    Five folds, fitted on four and asked on the fifth: ridge regression, and the 10 nearest in mu.
    """
    if len(index) > MAX_IMAGES:
        some = np.random.default_rng(0).choice(len(index), MAX_IMAGES, replace=False)
        index, mu = index[some], mu[some]
    points = mu.astype(np.float64)
    binned = [to_classes(points[:, j]) for j in range(points.shape[1])]
    result = []
    for name in attributes:
        column = attributes[name][index]
        kind, known, targets = _targets(name, column, attributes, classes)
        if known.sum() < NUM_FOLDS or targets.shape[1] > MAX_CLASSES:
            continue
        x, y = points[known], targets[known]
        if not (y.std(0) > 1e-9).any():
            continue
        information, entropy = _information(column[known], [latent[known] for latent in binned])
        order = np.argsort(information)[::-1]
        second = information[order[1]] if len(order) > 1 else 0.0
        linear, nearest = _left_out(x, y)
        result.append(
            FactorScore(
                name,
                kind,
                _scored(kind, y, linear),
                _scored(kind, y, nearest),
                float(y.mean(0).max()) if kind == "accuracy" else 0.0,
                float((information[order[0]] - second) / entropy),
                int(order[0]),
            )
        )
    return result


def _targets(
    name: str, column: NDArray[Any], attributes: Columns, classes: Classes
) -> tuple[str, NDArray[np.bool_], Doubles]:
    """The measure, which of the images are known [N], and what is to be read of each [N, T]."""
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
    """What a linear readout and the neighbours say of each image from the others. [N, T] each"""
    fold = np.random.default_rng(0).permutation(len(x)) % NUM_FOLDS
    linear, nearest = np.empty_like(y), np.empty_like(y)
    for k in range(NUM_FOLDS):
        outside = fold == k
        known, asked = x[~outside], x[outside]
        told = y[~outside]
        linear[outside] = (asked - known.mean(0)) @ ridge(known, told).T + told.mean(0)
        num = min(NUM_NEIGHBOURS, len(known) - 1)
        nearest[outside] = told[nearest_rows(asked, known, num)].mean(1)
    return linear, nearest


def _scored(kind: str, y: Doubles, read: Doubles) -> float:
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


def mutual_information_gap(mu: NDArray[np.floating], factors: Mapping[str, NDArray[Any]]) -> float:
    """MIG in [0, 1]: mean over factors of (first - second best MI) / entropy of the factor.

    Chen et al. 2018 section 4.1, with the MI of the binned posterior means, as
    Locatello et al. 2019 estimate it. mu [N, D], each factor [N].
    """
    binned = [to_classes(mu[:, j]) for j in range(mu.shape[1])]
    gaps = []
    for column in factors.values():
        information, entropy = _information(column, binned)
        scores = sorted(information)
        second = scores[-2] if len(scores) > 1 else 0.0
        gaps.append((scores[-1] - second) / entropy)
    return float(np.mean(gaps))


def _information(
    column: NDArray[Any], binned: list[NDArray[np.int64]]
) -> tuple[list[float], float]:
    """MI in nats of a factor [N] with each binned dimension [D], and the factor's entropy."""
    from sklearn.metrics import mutual_info_score

    classes = to_classes(column)
    scores = [float(mutual_info_score(classes, latent)) for latent in binned]
    return scores, max(1e-12, float(mutual_info_score(classes, classes)))
