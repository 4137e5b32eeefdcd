"""Axes found without attributes: those that change the picture most, each its own part of it.

n images, D latent dimensions, k axes, P numbers of a small picture.

Posterior means are written as z = mean + L u with L L' their covariance, so that a step of length 1
in u is one standard deviation of the means, whatever its direction. How much a step changes the
picture is the mean over images of |J u|^2, J the decoder's derivative; its k largest principal axes
span the changes that matter. In that span the axes are turned so that each changes few pixels much
and the others little: the varimax criterion (Kaiser 1958) of the columns of J. They stay orthogonal
in u, so they are uncorrelated over the images.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from vae.directions.definitions import Doubles, Floats
from vae.errors import InputError
from vae.model.networks import VAE

NUM_AXES = 12
NUM_IMAGES = 12
SIDE = 32  # pixels of the small pictures, at most
STEP = 0.5  # standard deviations, of the difference that stands for a derivative
TURNS, CLOSE = 200, 1e-6  # of varimax at most, and the relative gain at which it ends
SMALLEST = 1e-3  # of the largest variance of the means, below which a direction is left out
CHUNK = 64  # pictures decoded at once


@dataclass(frozen=True)
class FoundAxes:
    """Axes as moves and readings: reads @ moves.T is the identity."""

    moves: (
        Doubles  # [k, D] added to z, they raise a reading by 1, a standard deviation of the means
    )
    reads: Doubles  # [k, D] readings are reads @ z - centre
    centre: Doubles  # [k] so that the readings of the means are 0 on average
    shares: Doubles  # [k] of what all directions change together, the largest first


def found_axes(model: VAE, mu: Floats) -> FoundAxes:
    """The axes of a decoder around posterior means mu [N, D].

    The derivatives are taken at `NUM_IMAGES` of the means, and D + 1 pictures decoded for each.
    Raises InputError for fewer than two means.
    """
    if len(mu) < 2:
        raise InputError("Finding directions needs the posterior means of two images or more.")
    points = mu.astype(np.float64)
    mean = points.mean(0)
    variances, basis = np.linalg.eigh(np.cov(points.T).reshape(len(mean), -1))
    wide = variances > SMALLEST * max(float(variances.max()), 1e-12)
    root = basis[:, wide] * np.sqrt(variances[wide])  # [D, d] L
    some = np.linspace(0, len(mu) - 1, min(NUM_IMAGES, len(mu))).astype(int)
    changes = _changes(model, points[some], root)  # [n P, d]
    energy = changes.T @ changes
    values, vectors = np.linalg.eigh(energy)
    num = min(NUM_AXES, len(values))
    span = vectors[:, ::-1][:, :num]
    turned = span @ _varimax(changes @ span)  # [d, k]
    own = (changes @ turned) ** 2
    order = np.argsort(-own.sum(0))
    turned = turned[:, order]
    moves = (root @ turned).T
    reads = (turned.T / np.sqrt(variances[wide])) @ basis[:, wide].T
    shares = own.sum(0)[order] / max(float(values.sum()), 1e-12)
    return FoundAxes(moves, reads, reads @ mean, shares)


@torch.inference_mode()
def _changes(model: VAE, points: Doubles, root: Doubles) -> Doubles:
    """What a step along each column of `root` changes in small pictures of each point. [n P, d]"""
    steps = torch.from_numpy(root.T).float()  # [d, D]
    columns = []
    for point in torch.from_numpy(points).float():
        pictures = _small(model, torch.cat([point[None], point + STEP * steps]))
        columns.append(((pictures[1:] - pictures[:1]) / STEP).flatten(1))  # [d, P]
    changes: Doubles = torch.cat(columns, 1).T.double().numpy()
    return changes


def _small(model: VAE, z: Tensor) -> Tensor:
    """Decoded, and no more than about `SIDE` pixels a side. [m, D] -> [m, C, h, w]"""
    device = next(model.parameters()).device
    small = []
    for some in torch.split(z, CHUNK):
        pictures = model.decode(some.to(device))
        factor = -(-pictures.shape[-1] // SIDE)
        small.append(F.avg_pool2d(pictures, factor).cpu())
    return torch.cat(small)


def _varimax(loadings: Doubles) -> Doubles:
    """The rotation [k, k] that makes the squares of loadings [m, k] differ most in each column."""
    k = loadings.shape[1]
    rotation: Doubles = np.eye(k)
    before = 0.0
    for _ in range(TURNS):
        turned = loadings @ rotation
        pull = loadings.T @ (turned**3 - turned * (turned**2).mean(0))
        left, singular, right = np.linalg.svd(pull)
        rotation = left @ right
        if singular.sum() < before * (1 + CLOSE):
            break
        before = float(singular.sum())
    return rotation
