"""Axes found in a decoder whose parts are known: each is found, however z mixes them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vae.config import ModelConfig
from vae.errors import InputError
from vae.latent.found_axes import found_axes
from vae.model.networks import VAE

D, NUM_PARTS, SIDE = 6, 4, 8


class Parts(VAE):
    """Number j of `mixed @ z` makes quarter j of the picture brighter, as much as it weighs."""

    def __init__(self, mixed: np.ndarray, weights: list[float]) -> None:
        super().__init__(ModelConfig("mlp", D, hidden_dim=4), (1, SIDE, SIDE))
        self.mixed, self.weights = torch.from_numpy(mixed).float(), torch.tensor(weights)
        quarters = torch.zeros(NUM_PARTS, 1, SIDE, SIDE)
        for j in range(NUM_PARTS):
            top, left = SIDE // 2 * (j // 2), SIDE // 2 * (j % 2)
            quarters[j, :, top : top + SIDE // 2, left : left + SIDE // 2] = 0.01
        self.quarters = quarters

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        parts = (z @ self.mixed.T)[:, :NUM_PARTS] * self.weights
        return 0.5 + torch.einsum("nj,jchw->nchw", parts, self.quarters)


def rotation(seed: int) -> np.ndarray:
    return np.linalg.qr(np.random.default_rng(seed).standard_normal((D, D)))[0]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_each_axis_changes_its_own_part(seed: int) -> None:
    mixed, weights = rotation(seed), [1.0, 3.0, 2.0, 1.5]
    model = Parts(mixed, weights)
    # The parts vary alike, and the means are wide in a direction that is not drawn at all.
    sources = np.random.default_rng(seed).standard_normal((4000, D)) * [1, 1, 1, 1, 5, 0.5]
    mu = (sources @ mixed).astype(np.float32)
    found = found_axes(model, mu)
    assert found.shares[:4] == pytest.approx(
        np.sort(np.square(weights))[::-1] / np.square(weights).sum(), abs=0.03
    )
    assert found.shares[4:].max() < 1e-3
    for move, part in zip(found.moves, np.argsort(weights)[::-1], strict=False):
        parts = np.abs(mixed @ move)[:NUM_PARTS]
        assert parts.argmax() == part
        assert parts[part] == pytest.approx(1, abs=0.05), "one standard deviation"
        assert np.delete(parts, part).max() < 0.05


def test_a_move_is_read_in_full_and_readings_are_uncorrelated() -> None:
    mu = np.random.default_rng(0).standard_normal((3000, D)) @ (rotation(5) * [1, 2, 3, 1, 1, 0.2])
    mu += 4
    found = found_axes(Parts(rotation(4), [1.0, 1.0, 2.0, 3.0]), mu.astype(np.float32))
    np.testing.assert_allclose(found.reads @ found.moves.T, np.eye(D), atol=1e-6)
    readings = mu @ found.reads.T - found.centre
    np.testing.assert_allclose(readings.mean(0), 0, atol=1e-3)
    np.testing.assert_allclose(np.cov(readings.T), np.eye(D), atol=1e-3)


def test_dimensions_in_which_no_mean_differs_are_left_alone() -> None:
    mu = np.random.default_rng(0).standard_normal((500, D)).astype(np.float32)
    mu[:, 3:] = 0
    found = found_axes(Parts(np.eye(D), [1.0, 1.0, 2.0, 3.0]), mu)
    assert len(found.moves) == 3
    assert np.abs(found.moves[:, 3:]).max() < 1e-6


def test_one_mean_is_refused_and_alike_ones_leave_nothing() -> None:
    model = Parts(np.eye(D), [1.0, 1.0, 2.0, 3.0])
    with pytest.raises(InputError, match="two images or more"):
        found_axes(model, np.zeros((1, D), np.float32))
    assert len(found_axes(model, np.zeros((5, D), np.float32)).shares) == 0
