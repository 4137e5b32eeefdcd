"""Paths between points of the latent space, and how typical and how even a path is.

There are three kinds: the straight line, the great arc, and a path through dense regions. Where a
flow was fitted to the codes (`flow_paths.py`), the last is the great arc in its base, where all is
dense; else it goes along a graph. The aggregate posterior, q(z) = mean over images of q(z given x),
is where a decoder was trained, and a
straight line between two images may leave it. Tosi et al. 2014 and Arvanitidis et al. 2018 follow
geodesics of a metric that grows where there are no data. Ours approximates a related one, the
density-weighted geodesic: the cheapest way over a graph of neighbouring posterior means where an
edge costs its length to a power above 1, so that many short steps among images are cheaper than one
long step over a gap (Hwang, Damelin & Hero 2016). The Jacobian of the decoder is not needed.

N images, D latent dimensions, K key points, S steps of a path.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vae.errors import InputError
from vae.latent.encoding import Floats, Indices
from vae.latent.nearest import nearest_first
from vae.model.posterior import ACTIVE_VARIANCE
from vae.option_choices import CURVES, PATH_KINDS, Curve, PathKind

NUM_NEIGHBOURS = 12
MAX_MEANS = 4_000  # of a graph: more are sampled
POWER = 4.0  # of an edge's length
RESOLUTION = 256  # points of a leg before it is spaced evenly
SMOOTHING = 0.1  # standard deviation of the window, as a part of the leg
NUM_TYPICAL = 10  # the neighbour whose distance says how typical a point is


def lerp(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """Points on the straight line from a [D] to b [D] at t [S] in [0, 1]. [S, D]"""
    return a + t[:, None] * (b - a)


def slerp(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """Points on the great arc from a [D] to b [D] at t [S], Shoemake 1985. [S, D]

    The length changes along the arc as the ends demand; ends that are parallel, opposite or
    zero, where there is no single arc, are joined by a straight line.
    """
    norms = a.norm() * b.norm()
    cosine = (a @ b) / norms if norms > 0 else torch.ones(())
    angle = torch.acos(cosine.clamp(-1.0, 1.0))
    if torch.sin(angle) < 1e-4:
        return lerp(a, b, t)
    before = torch.sin((1 - t) * angle) / torch.sin(angle)
    after = torch.sin(t * angle) / torch.sin(angle)
    return before[:, None] * a + after[:, None] * b


def interpolate(keys: Sequence[Tensor], steps: int, kind: Curve = "slerp") -> Tensor:
    """A path of `steps` points from the first of K >= 2 key points [D] to the last. [S, D]

    Points are evenly spaced over the legs; every key is met where steps - 1 is a
    multiple of K - 1. Raises InputError.
    """
    if kind not in CURVES:
        raise InputError(f"A path is one of {', '.join(CURVES)}, not {kind!r}.")
    _check_length(len(keys), steps)
    between = slerp if kind == "slerp" else lerp
    position = torch.linspace(0, len(keys) - 1, steps)
    leg = position.floor().clamp(max=len(keys) - 2)
    points = torch.empty(steps, keys[0].shape[0])
    for i in range(len(keys) - 1):
        on_leg = leg == i
        points[on_leg] = between(keys[i], keys[i + 1], position[on_leg] - i)
    return points


def _check_length(num: int, steps: int) -> None:
    if steps < num or num < 2:
        raise InputError(
            f"A path needs 2 images or more, and a step for each: not {num} images, {steps} steps."
        )


# ----------------------------------------------------------------------------- dense regions


class Along(Protocol):
    """What a path through dense regions goes along."""

    def leg(self, a: Floats, b: Floats) -> Floats:
        """A smooth curve from a [D] to b [D] through dense regions. [RESOLUTION, D]"""
        ...

    def log_density(self, z: Floats) -> Floats:
        """The log density of codes at points [S, D] above that of a typical image, in nats. [S]"""
        ...


@dataclass(frozen=True)
class Roads:
    """Posterior means of a run, and which of them are neighbours."""

    mu: Floats  # [N, D]
    neighbours: Indices  # [N, NUM_NEIGHBOURS], nearest first
    lengths: Floats  # [N, NUM_NEIGHBOURS] of the edges to them
    spacing: float  # median distance of a mean to its NUM_TYPICAL-th neighbour

    def leg(self, a: Floats, b: Floats) -> Floats:
        """A smooth curve from a [D] to b [D] through dense regions. [RESOLUTION, D]"""
        return _dense_leg(a, b, self)

    def log_density(self, z: Floats) -> Floats:
        """log q(z) of each point [S, D] above that of a typical image, in nats; 0 is typical. [S]

        The nearest-neighbour estimate of a density, Loftsgaarden & Quesenberry 1965: log q(z) is
        minus dimensions times the logarithm of the distance to the NUM_TYPICAL-th nearest mean, but
        for a constant, which is the median of it among the means here.
        """
        num = min(NUM_TYPICAL, len(self.mu))
        _, lengths = _nearest(z, self.mu, num)
        num_active = int((self.mu.var(0) > ACTIVE_VARIANCE).sum())
        apart = np.maximum(lengths[:, -1], 1e-12) / max(self.spacing, 1e-12)
        result: Floats = (-num_active * np.log(apart)).astype(np.float32)
        return result


def roads(mu: Floats, seed: int = 0) -> Roads:
    """The graph of neighbouring means [N, D]; of more than MAX_MEANS, a sample is taken.

    Raises InputError for fewer than two means.
    """
    if len(mu) < 2:
        raise InputError("A path through dense regions needs posterior means of at least 2 images.")
    if len(mu) > MAX_MEANS:
        mu = mu[np.sort(np.random.default_rng(seed).permutation(len(mu))[:MAX_MEANS])]
    neighbours, lengths = _nearest(mu, mu, min(NUM_NEIGHBOURS + 1, len(mu)))
    typical = min(NUM_TYPICAL, len(mu) - 1)
    return Roads(mu, neighbours[:, 1:], lengths[:, 1:], float(np.median(lengths[:, typical])))


def trace(keys: Floats, steps: int, kind: PathKind, along: Along | None = None) -> Floats:
    """A path of `steps` points from the first to the last of K key points [K, D]. [steps, D]

    As `interpolate` has it, and by "dense" through dense regions of `along`: evenly spaced on
    each leg, with every key exact where steps - 1 is a multiple of K - 1. Raises InputError.
    """
    if kind not in PATH_KINDS:
        raise InputError(f"A path is one of {', '.join(PATH_KINDS)}, not {kind!r}.")
    if kind != "dense":
        points: Floats = interpolate(list(torch.from_numpy(keys)), steps, kind).numpy()
        return points
    if along is None:
        raise InputError("A path through dense regions needs the posterior means of a run.")
    _check_length(len(keys), steps)
    position = np.linspace(0, len(keys) - 1, steps)
    legs = np.minimum(position.astype(int), len(keys) - 2)
    points = np.empty((steps, keys.shape[1]), np.float32)
    for i in range(len(keys) - 1):
        on_leg = legs == i
        points[on_leg] = at(along.leg(keys[i], keys[i + 1]), position[on_leg] - i)
    return points


def at(curve: Floats, parts: NDArray[np.floating]) -> Floats:
    """The points of a curve [n, D] at these parts [S] of its length, in [0, 1]. [S, D]"""
    steps = np.linalg.norm(np.diff(curve, axis=0), axis=1)
    length = np.concatenate([[0.0], np.cumsum(steps, dtype=np.float64)])
    if length[-1] == 0:
        return np.repeat(curve[:1], len(parts), axis=0)
    places = np.asarray(parts, np.float64) * length[-1]
    columns = [np.interp(places, length, column) for column in curve.T]
    return np.stack(columns, axis=1).astype(np.float32)


def _dense_leg(a: Floats, b: Floats, along: Roads) -> Floats:
    """A smooth curve from a [D] to b [D] along the cheapest way over the graph. [RESOLUTION, D]"""
    corners = np.concatenate([a[None], along.mu[_cheapest(a, b, along)], b[None]])
    curve = at(corners, np.linspace(0, 1, RESOLUTION))
    # A Gaussian window over the curve, continued beyond each end by its mirror image in that end,
    # which keeps the ends where they are.
    sigma = SMOOTHING * RESOLUTION
    reach = round(3 * sigma)
    window = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    before = 2 * a - curve[reach:0:-1]
    after = 2 * b - curve[-2 : -reach - 2 : -1]
    longer = np.concatenate([before, curve, after])
    columns = [np.convolve(column, window / window.sum(), "valid") for column in longer.T]
    smooth = np.stack(columns, axis=1).astype(np.float32)
    smooth[0], smooth[-1] = a, b
    return smooth


def _cheapest(a: Floats, b: Floats, along: Roads) -> Indices:
    """The means [n] on the cheapest way from a [D] to b [D], which join the graph as means do."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components, dijkstra

    num, degree = along.neighbours.shape
    near, far = _nearest(np.stack([a, b]), along.mu, degree)
    rows = np.repeat(np.arange(num + 2), degree)
    columns = np.concatenate([along.neighbours.ravel(), near.ravel()])
    costs = np.concatenate([along.lengths.ravel(), far.ravel()])
    points = np.concatenate([along.mu, a[None], b[None]])
    unit = float(costs.max()) or 1.0
    while True:
        # A cost of 0 would be no edge at all.
        cost = np.maximum((costs / unit) ** POWER, 1e-12)
        graph = csr_array((cost, (rows, columns)), shape=(num + 2, num + 2))
        _, island = connected_components(graph, directed=False)
        if island[num] == island[num + 1]:
            break
        # A bridge from the island of a to the point nearest to it.
        here, there = (np.flatnonzero(on) for on in (island == island[num], island != island[num]))
        nearest, apart = _nearest(points[here], points[there], 1)
        shortest = int(apart[:, 0].argmin())
        rows = np.append(rows, here[shortest])
        columns = np.append(columns, there[nearest[shortest, 0]])
        costs = np.append(costs, apart[shortest, 0])
    _, before = dijkstra(graph, directed=False, indices=num, return_predecessors=True)
    way, place = [], int(before[num + 1])
    while place != num:
        way.append(place)
        place = int(before[place])
    return np.array(way[::-1], np.int64)


def _nearest(points: Floats, mu: Floats, num: int) -> tuple[Indices, Floats]:
    """The rows of the `num` nearest of mu [N, D] to each point [n, D], and their distances."""
    rows, distances = nearest_first(points, mu, num)
    return rows, distances.astype(np.float32)


# ----------------------------------------------------------------------------- measures


def unevenness(pictures: NDArray[np.uint8]) -> float:
    """The largest step between neighbouring pictures [S, H, W, C] over the mean one; 1 is even."""
    values = pictures.astype(np.float32).reshape(len(pictures), -1)
    steps = np.sqrt(np.square(np.diff(values, axis=0)).mean(1))
    mean = float(steps.mean())
    return float(steps.max()) / mean if mean > 0 else 1.0
