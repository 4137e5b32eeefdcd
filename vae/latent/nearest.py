"""The nearest of many points, by Euclidean distance: an exact search with NumPy alone.

K queries, N points, D dimensions. Squared distances are |p|^2 - 2 q.p, up to |q|^2, which does not
change their order; in double precision, in blocks of points and queries of bounded memory.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Indices = NDArray[np.int64]
Points = NDArray[np.floating]

BLOCK = 2**22  # distances at a time
ROWS = 2**16  # points at a time


def nearest_rows(queries: Points, points: Points, num: int) -> Indices:
    """The rows of the `num` nearest of points [N, D] to each query [K, D], in no order. [K, num]

    All N of them, where there are fewer than `num`.
    """
    num = min(num, len(points))
    rows = np.zeros((len(queries), num), np.int64)
    best = np.full(rows.shape, np.inf)  # the distances of these rows
    if not num:
        return rows
    asked = queries.astype(np.float64)
    for first in range(0, len(points), ROWS):
        known = points[first : first + ROWS].astype(np.float64)
        squares = (known**2).sum(1)
        size = max(1, BLOCK // len(known))
        for start in range(0, len(asked), size):
            some = slice(start, start + size)
            apart = squares - 2 * asked[some] @ known.T
            found = _lowest(apart, num)
            apart = np.take_along_axis(apart, found, 1)
            if first:
                found = np.concatenate([rows[some], first + found], 1)
                apart = np.concatenate([best[some], apart], 1)
                kept = _lowest(apart, num)
                found, apart = (np.take_along_axis(both, kept, 1) for both in (found, apart))
            rows[some, : found.shape[1]], best[some, : found.shape[1]] = found, apart
    return rows


def _lowest(distances: Doubles, num: int) -> Indices:
    """The places of the `num` lowest distances [K, N] of each query. [K, <= num]"""
    num = min(num, distances.shape[1])
    return np.argpartition(distances, min(num, distances.shape[1] - 1), axis=1)[:, :num]


def nearest_first(queries: Points, points: Points, num: int) -> tuple[Indices, Doubles]:
    """`nearest_rows` by increasing distance, and those distances. [K, num] each

    Equally distant points are in no particular order.
    """
    rows = nearest_rows(queries, points, num)
    distances = np.empty(rows.shape)
    for k, query in enumerate(queries.astype(np.float64)):
        distances[k] = np.linalg.norm(points[rows[k]] - query, axis=1)
    order = np.argsort(distances, axis=1, kind="stable")
    return np.take_along_axis(rows, order, 1), np.take_along_axis(distances, order, 1)


def blend(
    queries: Points, points: Points, values: NDArray[np.float32], num: int
) -> NDArray[np.float32]:
    """The values [N, V] of the `num` nearest points, weighted by 1 / distance. [K, V]

    At a point it is that point's own value (Shepard 1968, with power 1).
    """
    rows, distances = nearest_first(queries, points, num)
    weights = 1 / np.maximum(distances, 1e-9)
    weights /= weights.sum(1, keepdims=True)
    result: NDArray[np.float32] = np.einsum("kn,knv->kv", weights, values[rows]).astype(np.float32)
    return result
