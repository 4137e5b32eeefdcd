"""The axes of attributes: what to add to z to change one attribute and leave the others.

N images, D latent dimensions, T numbers that say what an attribute is (its targets): one for a
quantity or for yes and no, cosine and sine for a circle, one a class but the most frequent for
several classes.

The posterior means are taken for mu = c + sum_k B_k y_k + noise with the targets y_k of all
readable attributes, a linear regression of mu on y. So B_k is how means differ between images that
differ in that attribute and in no other, where the difference of two groups' means has all else in
it that goes along with it (glasses with age in CelebA). How much of y_k is in z already is read by
weighted least squares with the covariance of that noise (Aitken 1936), which counts what the other
attributes explain for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from vae.directions.contrasts import Classes, Columns, Indices, is_circular, is_class
from vae.directions.definitions import Doubles, Floats
from vae.directions.leakage import Readout, targets_of

READABLE = (
    0.2  # share of an attribute's variance that a readout must explain: below it, noise moves
)
RIDGE = 1e-3  # of a target's variance: for attributes that say the same
OF_NOISE = 1e-3  # of the mean variance of a dimension, added to the noise of each
LEAST_TOLD = 0.01  # of a move, that its reading keeps before it is made to answer in full
MOST_SKEWED = 1e4  # condition number of what reads answer to moves, beyond which nothing is left
MAX_CLASSES = 12  # that one may choose among

Kind = Literal["number", "circle", "choice"]


@dataclass(frozen=True)
class AttributeAxes:
    """How one attribute is moved in z, and read from it: reads @ moves.T is the identity."""

    attribute: str
    kind: Kind
    labels: tuple[str, ...]  # of a choice: its classes; of yes and no: what is yes
    moves: Doubles  # [T, D] added to z, they raise a reading by 1
    reads: Doubles  # [T, D] readings are reads @ z - centre; of a choice T may be smaller
    centre: Doubles  # [T]
    values: Doubles  # [classes, T] of a choice: the readings of each class; else [0, T]
    explained: float  # R^2 of a readout on images left out, over its targets
    furthest: float  # of the images' readings: 99 % of them are nearer to 0

    @property
    def is_readable(self) -> bool:
        return self.explained >= READABLE


def attribute_axes(
    read: Sequence[Readout], index: Indices, mu: Floats, attributes: Columns, classes: Classes
) -> list[AttributeAxes]:
    """Axes of each attribute that has a readout, from the means mu [N, D] of images `index` [N].

    A quantity is in standard deviations of its readings over the images, and 0 is their mean; on a
    circle, the readings of the images are at distance 1 from 0 on average, angle 0 is value 0.
    The readings of a choice are in standard deviations of their error. Attributes of more than
    `MAX_CLASSES` classes have none, nor those that z does not tell from the others. The readable
    ones are made to leave each other alone; each of the others leaves the readable ones alone.
    """
    points = mu.astype(np.float64)
    found = [one for one in read if _is_small(one, attributes, classes)]
    targets = {one.attribute: _Targets.of(one, attributes, classes, index) for one in found}
    legible = [targets[one.attribute] for one in found if _score(one) >= READABLE]
    together = dict(zip([one.attribute for one in legible], _fitted(legible, points), strict=True))
    there = [line for line in together.values() if line is not None]
    result = []
    for one in found:
        own = targets[one.attribute]
        lines = together.get(one.attribute)
        if one.attribute not in together and (alone := _fitted([*legible, own], points)[-1]):
            lines = _aside(alone, there)
        if lines is not None:
            result.append(_scaled(own, lines, points, _score(one)))
    return result


class _Lines(NamedTuple):
    """How an attribute is moved and read, as far as z tells it: T numbers of it, or fewer."""

    moves: Doubles  # [t, D]
    reads: Doubles  # [t, D] reads @ moves.T is the identity
    values: Doubles  # [classes, t]


@dataclass(frozen=True)
class _Targets:
    """The targets of one attribute over N images."""

    attribute: str
    kind: Kind
    labels: tuple[str, ...]
    y: Doubles  # [N, T] minus their mean, 0 where unknown
    values: Doubles  # [classes, T] of a choice, minus that mean
    mean: Doubles  # [T]

    @staticmethod
    def of(read: Readout, attributes: Columns, classes: Classes, index: Indices) -> _Targets:
        name = read.attribute
        labels, values = targets_of(name, attributes, classes, index)
        kind: Kind = "number"
        of_classes = np.zeros((0, values.shape[1]))
        if is_circular(name) and len(labels) == 2:
            kind = "circle"
        elif values.shape[1] > 1:
            kind = "choice"
            usual = int(np.nanmean(values, 0).argmax())  # the others say whether it is this one
            of_classes = np.delete(np.eye(len(labels)), usual, 1)
            values = np.delete(values, usual, 1)
        mean = np.zeros(values.shape[1]) if kind == "circle" else np.nanmean(values, 0)
        y = np.nan_to_num(values - mean)
        return _Targets(name, kind, labels, y, of_classes - mean, mean)


def _is_small(read: Readout, attributes: Columns, classes: Classes) -> bool:
    return not is_class(read.attribute, attributes, classes) or len(read.labels) <= MAX_CLASSES


def _score(read: Readout) -> float:
    """R^2 over all targets of an attribute: each counts by its variance."""
    weights = read.totals / read.totals.sum()
    return float((weights * read.explained).sum())


def _fitted(targets: Sequence[_Targets], points: Doubles) -> list[_Lines | None]:
    """Lines of every attribute by a regression of points [N, D] on all their targets.

    None where z does not tell one from the others: there is nothing to move it by.
    """
    if not targets:
        return []
    y = np.concatenate([one.y for one in targets], 1)
    y = y - y.mean(0)
    centred = points - points.mean(0)
    num, variances = len(y), y.var(0)
    gram = y.T @ y / num + RIDGE * np.diag(variances)
    moves = np.linalg.solve(gram, y.T @ centred / num)  # [T, D]
    noise = centred - y @ moves
    covariance = noise.T @ noise / num
    dim = len(covariance)
    covariance += (OF_NOISE * float(np.trace(centred.T @ centred)) / num / dim + 1e-12) * np.eye(
        dim
    )
    weighted = np.linalg.solve(covariance, moves.T).T  # B' S^-1, [T, D]
    # A normal prior of y, wide enough to say nothing where z says something: there may be more
    # targets than dimensions.
    prior = RIDGE / variances
    reads = np.linalg.solve(weighted @ moves.T + np.diag(prior), weighted)
    result, start = [], 0
    for one in targets:
        own = slice(start, start + one.y.shape[1])
        result.append(_answering(one, moves[own], reads[own], prior[own]))
        start = own.stop
    return result


def _answering(targets: _Targets, moves: Doubles, reads: Doubles, prior: Doubles) -> _Lines | None:
    """Lines whose reading answers to their own move in full, whatever the prior took from it.

    In units of the prior's standard deviations what it leaves of a move is a symmetric matrix,
    whose eigenvalues are 1 where z tells all and 0 where it tells nothing. The classes of a choice
    keep only the directions in which z tells something, in standard deviations of their reading's
    error, so that the nearest class is the most probable one.
    """
    root = np.sqrt(prior)
    left = root[:, None] * (reads @ moves.T) / root
    told, basis = np.linalg.eigh((left + left.T) / 2)
    if targets.kind != "choice":
        if told[0] < LEAST_TOLD:
            return None
        answering: Doubles = np.linalg.solve(reads @ moves.T, reads).astype(np.float64)
        return _Lines(moves, answering, targets.values)
    kept = told > LEAST_TOLD
    if not kept.any():
        return None
    told, basis = told[kept], basis[:, kept]
    scale = np.sqrt(told / np.maximum(1 - told, 1e-9))
    return _Lines(
        ((basis / scale).T / root) @ moves,
        ((basis * scale / told).T * root) @ reads,
        targets.values @ (root[:, None] * basis * scale),
    )


def _aside(lines: _Lines, others: Sequence[_Lines]) -> _Lines:
    """The same, its moves without what the others read of them, where anything is left."""
    moves = lines.moves
    for other in others:
        moves = moves - (lines.moves @ other.reads.T) @ other.moves
    answers = lines.reads @ moves.T
    if np.linalg.cond(answers) > MOST_SKEWED:
        return lines
    reads: Doubles = np.linalg.solve(answers, lines.reads).astype(np.float64)
    return _Lines(moves, reads, lines.values)


def _scaled(targets: _Targets, lines: _Lines, points: Doubles, explained: float) -> AttributeAxes:
    """In the units that `attribute_axes` promises. points [N, D]"""
    moves, reads, values = lines
    readings = (points - points.mean(0)) @ reads.T  # [N, t], their mean is 0
    centre = reads @ points.mean(0)
    unit = 1.0
    if targets.kind == "number":
        unit = max(float(readings.std()), 1e-9)
    elif targets.kind == "circle":
        # The circle lies around value 0 of both targets, not around the images' mean.
        of_all = targets.y.mean(0)
        readings, centre = readings + of_all, centre - of_all
        unit = max(float(np.linalg.norm(readings, axis=1).mean()), 1e-9)
    furthest = float(np.percentile(np.linalg.norm(readings / unit, axis=1), 99))
    labels = targets.labels if any(targets.labels) and targets.kind != "circle" else ()
    about = moves * unit, reads / unit, centre / unit, values
    return AttributeAxes(
        targets.attribute, targets.kind, labels, *about, explained=explained, furthest=furthest
    )
