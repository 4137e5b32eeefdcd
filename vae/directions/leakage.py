"""What else a direction changes: the attributes, as a linear readout predicts them from z.

N images, D latent dimensions, T targets of a readout. Alain & Bengio 2016 for such probes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vae.directions.axes import Axis
from vae.directions.contrasts import (
    UNKNOWN,
    Classes,
    Columns,
    Indices,
    is_circular,
    is_class,
    period_of,
)
from vae.directions.definitions import Doubles, Floats

RIDGE = 0.01  # of the mean variance of a latent dimension
NUM_FOLDS = 5
MAX_READ = 5_000  # images of a readout
READABLE = 0.1  # share of an attribute's variance that a readout must explain


@dataclass(frozen=True)
class Readout:
    """How an attribute is read from z by ridge regression: target = w . z + constant."""

    attribute: str
    labels: tuple[str, ...]  # [T] of the targets: classes; cosine and sine of a circle; itself
    weights: Doubles  # [T, D]
    deviations: Doubles  # [T] of the readable part w . mu over the images
    explained: Doubles  # [T] R^2 on images left out, Hoerl & Kennard 1970; at most 1
    totals: Doubles  # [T] variances of the targets


@dataclass(frozen=True)
class Move:
    """What one unit of a slider does to an attribute."""

    attribute: str
    towards: str  # the class, or the place on a circle; "" for a number
    deviations: float  # of its readable part; a circle has no sign
    explained: float

    @property
    def is_readable(self) -> bool:
        return self.explained >= READABLE


def readouts(index: Indices, mu: Floats, attributes: Columns, classes: Classes) -> list[Readout]:
    """A readout of each attribute that varies among the images `index` [N]; mu [N, D].

    Of more than `MAX_READ` images a sample is taken.
    """
    some = np.random.default_rng(0).permutation(len(index))[:MAX_READ]
    index, points, result = index[some], mu[some].astype(np.float64), []
    for name in attributes:
        labels, targets = targets_of(name, attributes, classes, index)
        known = np.isfinite(targets).all(1)
        if known.sum() < 2 * NUM_FOLDS or not (targets[known].std(0) > 1e-9).all():
            continue
        x, y = points[known], targets[known]
        weights = ridge(x, y)
        fold = np.arange(len(x)) % NUM_FOLDS
        errors = ((y - predicted_left_out(x, y, fold)) ** 2).sum(0)
        total = ((y - y.mean(0)) ** 2).sum(0)
        explained = 1 - errors / total
        if is_circular(name) and len(labels) == 2:
            explained = np.full(2, 1 - errors.sum() / total.sum())
        spread = np.maximum((x @ weights.T).std(0), 1e-12)
        result.append(Readout(name, labels, weights, spread, explained, total / len(y)))
    return result


def ridge(x: Doubles, y: Doubles) -> Doubles:
    """Weights of the linear readout of y [N, T] from x [N, D]. [T, D]"""
    centred = x - x.mean(0)
    covariance = centred.T @ centred / len(x)
    num = len(covariance)
    strength = RIDGE * float(np.trace(covariance)) / num + 1e-12
    together = centred.T @ (y - y.mean(0)) / len(x)
    result: Doubles = np.linalg.solve(covariance + strength * np.eye(num), together).T
    return result


def predicted_left_out(x: Doubles, y: Doubles, fold: Indices) -> Doubles:
    """What `ridge` predicts of y [N, T] from x [N, D] for each fold, fitted on the others. [N, T]

    `fold` [N]: which of the folds 0 to k - 1 each image is in, k >= 2.
    """
    result = np.empty_like(y)
    for k in range(int(fold.max()) + 1):
        outside = fold == k
        known, told = x[~outside], y[~outside]
        result[outside] = (x[outside] - known.mean(0)) @ ridge(known, told).T + told.mean(0)
    return result


def targets_of(
    name: str, attributes: Columns, classes: Classes, index: Indices
) -> tuple[tuple[str, ...], Doubles]:
    """The targets of a readout of an attribute: names [T] and values [N, T], NaN where unknown."""
    column = attributes[name][index]
    if is_class(name, attributes, classes):
        names = classes[name]
        present = [k for k in np.unique(column) if 0 <= k < len(names) and names[k] != UNKNOWN]
        known = np.isin(column, present)
        shown = present[1:] if len(present) == 2 else present
        ones = np.stack([column == k for k in shown], 1) if shown else np.zeros((len(column), 1))
        values = np.where(known[:, None], ones.astype(np.float64), np.nan)
        return tuple(str(names[k]) for k in shown) or ("",), values
    numbers = column.astype(np.float64)
    if is_circular(name):
        angle = 2 * np.pi * numbers / period_of(attributes[name])
        return ("cos", "sin"), np.stack([np.cos(angle), np.sin(angle)], 1)
    return ("",), numbers[:, None]


def leakage(
    axis: Axis, read: Sequence[Readout], attributes: Columns, classes: Classes
) -> list[Move]:
    """What one unit of a slider changes: readable attributes first, the largest change first.

    The readout w . z of an attribute changes by unit * w . vector; this is given in standard
    deviations of w . mu over the images, so that 1 is as far as images usually differ. Of several
    classes it is the one that changes most.
    """
    moves = []
    for one in read:
        change = axis.unit * one.weights @ axis.vector
        if is_circular(one.attribute) and len(one.labels) == 2:
            deviation = float(np.sqrt((one.deviations**2).mean()))
            turns = float(np.arctan2(change[1], change[0])) / (2 * np.pi) % 1
            place = turns * period_of(attributes[one.attribute])
            size = float(np.linalg.norm(change)) / deviation
            move = Move(one.attribute, f"{place:.2g}", size, float(one.explained[0]))
        else:
            told = change / one.deviations
            legible = np.where(one.explained >= READABLE, np.abs(told), -1 + one.explained.clip(-9))
            t = int(legible.argmax())
            move = Move(one.attribute, one.labels[t], float(told[t]), float(one.explained[t]))
        moves.append(move)
    return sorted(moves, key=lambda move: (not move.is_readable, -abs(move.deviations)))
