"""Paths along a flow, between heaps of codes that a straight line and a great arc leave."""

from __future__ import annotations

import numpy as np
import pytest

from vae.latent import paths
from vae.latent.fit_flow import fit_flow
from vae.latent.fitted_flow import FittedFlow
from vae.latent.flow_paths import FlowRoads


def ring(num: int) -> np.ndarray:
    """Means on a ring. [num, 2]"""
    angle = np.random.default_rng(0).uniform(0, 2 * np.pi, num)
    return np.stack([1.5 * np.cos(angle), 1.5 * np.sin(angle)], 1).astype(np.float32)


@pytest.fixture(scope="module")
def along() -> FlowRoads:
    mu = ring(3000)
    fit = fit_flow(mu, np.full_like(mu, -4.0), steps=600)
    return FlowRoads(FittedFlow(fit.flow, fit.gain, "", fit.typical))


def test_ends_are_met_and_the_way_is_even(along: FlowRoads) -> None:
    keys = np.array([[1.5, 0.0], [0.0, 1.5], [-1.5, 0.0]], np.float32)
    z = paths.trace(keys, 17, "dense", along)
    np.testing.assert_array_equal(z[[0, 8, 16]], keys)
    steps = np.linalg.norm(np.diff(z[:9], axis=0), axis=1)
    assert steps.max() < 1.2 * steps.min()


def test_it_keeps_to_where_codes_lie(along: FlowRoads) -> None:
    """Across the ring from one side to the other."""
    keys = np.array([[1.5, 0.1], [-1.5, 0.1]], np.float32)
    dense = paths.trace(keys, 15, "dense", along)
    straight = paths.trace(keys, 15, "lerp")
    assert along.log_density(dense).mean() > along.log_density(straight).mean() + 1
    assert along.log_density(dense).mean() > -2


def test_far_from_all_codes_it_goes_straight(along: FlowRoads) -> None:
    """There the flow says nothing, and its way back may lead anywhere."""
    keys = np.array([[40.0, 0.0], [-1.5, 0.1]], np.float32)
    np.testing.assert_allclose(
        paths.trace(keys, 9, "dense", along), paths.trace(keys, 9, "lerp"), atol=1e-3
    )


def test_a_typical_image_is_at_zero(along: FlowRoads) -> None:
    density = along.log_density(ring(3000))
    assert np.median(density) == pytest.approx(0.0, abs=0.05)
    assert along.log_density(np.full((1, 2), 9.0, np.float32)) < -20
