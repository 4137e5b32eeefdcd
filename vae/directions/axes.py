"""The vector of a direction, from the newest posterior means.

N images, D latent dimensions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from vae.directions.contrasts import Classes, Columns, Indices, sides
from vae.directions.definitions import LEAST_LEFT, Definition, Doubles, Floats
from vae.errors import InputError


@dataclass(frozen=True)
class Axis:
    """The vector of a direction, and how the posterior means lie along it."""

    vector: Doubles  # [D] of length 1
    centre: float  # of the means along it
    unit: float  # their standard deviation along it
    num_a: int  # images that were on, or in A
    num_b: int


def axis_of(
    definition: Definition,
    before: Mapping[str, Axis],
    index: Indices,
    mu: Floats,
    attributes: Columns,
    classes: Classes,
) -> Axis:
    """The direction from the posterior means [N, D] of the images `index` [N].

    `before`: the directions that it may be orthogonal to. Raises InputError where a group is empty,
    the groups have the same mean, or nothing is left after orthogonalisation.
    """
    if definition.attribute:
        is_a, is_b = sides(definition.attribute, definition.value, attributes, classes, index)
        names = f"{definition.attribute} {definition.value}".strip(), "the other side"
    else:
        if set(definition.a) == set(definition.b) != set():
            raise InputError("Groups A and B are the same images: a direction needs two groups.")
        is_a, is_b = (np.isin(index, np.array(g, np.int64)) for g in (definition.a, definition.b))
        names = "Group A", "Group B"
    if not is_a.any() or not is_b.any():
        empty = names[0] if not is_a.any() else names[1]
        raise InputError(
            f"{empty[0].upper()}{empty[1:]} is empty: a direction needs two groups of images."
        )
    points = mu.astype(np.float64)
    vector = points[is_a].mean(0) - points[is_b].mean(0)
    length = float(np.linalg.norm(vector))
    if length < 1e-9:
        raise InputError(
            "The two groups have the same mean, so no direction leads from one to the other."
        )
    others = [before[name].vector for name in definition.orthogonal_to if name in before]
    vector = without(vector / length, others)
    along = points @ vector
    unit = max(float(along.std()), 1e-6)
    return Axis(vector, float(along.mean()), unit, int(is_a.sum()), int(is_b.sum()))


def without(vector: Doubles, others: Sequence[Doubles]) -> Doubles:
    """`vector` [D] made orthogonal to `others` [D], of length 1.

    Raises InputError where less than 5 % of its length is left.
    """
    if others:
        basis, singular, _ = np.linalg.svd(np.stack(others, 1), full_matrices=False)
        basis = basis[:, singular > 1e-6 * singular[0]]
        for _ in range(2):  # the second time removes rounding errors
            vector = vector - basis @ (basis.T @ vector)
    length = float(np.linalg.norm(vector))
    if length < LEAST_LEFT:
        raise InputError(
            "Nothing is left of it: it is a combination of those it should be orthogonal to."
        )
    result: Doubles = vector / length
    return result


def axes_of(
    definitions: Sequence[Definition],
    index: Indices,
    mu: Floats,
    attributes: Columns,
    classes: Classes,
) -> tuple[dict[str, Axis], dict[str, str]]:
    """The axis of each direction by name, and a sentence for each that has none."""
    axes: dict[str, Axis] = {}
    failed: dict[str, str] = {}
    for definition in definitions:
        try:
            gone = [name for name in definition.orthogonal_to if name not in axes]
            if gone:
                raise InputError(f"It should be orthogonal to {gone[0]}, which cannot be computed.")
            axis = axis_of(definition, axes, index, mu, attributes, classes)
        except InputError as error:
            failed[definition.name] = str(error)
        else:
            axes[definition.name] = axis
    return axes, failed


def cosines(axes: Mapping[str, Axis]) -> Doubles:
    """The cosine of each pair of directions, in their order. [n, n]"""
    if not axes:
        return np.zeros((0, 0))
    vectors = np.stack([axis.vector for axis in axes.values()])
    result: Doubles = (vectors @ vectors.T).clip(-1, 1)
    return result
