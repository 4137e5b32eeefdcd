"""Paths through dense regions, against sets whose shape is known."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import make_moons

from vae.errors import InputError
from vae.latent import paths
from vae.option_choices import PATH_KINDS


def ring(num: int = 600) -> np.ndarray:
    """Points of a noisy circle of radius 1. [num, 2]"""
    draw = np.random.default_rng(3)
    angle, radius = draw.uniform(0, 2 * np.pi, num), draw.normal(1, 0.03, num)
    circle = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return circle.astype(np.float32)


OPPOSITE = np.array([[1, 0], [-1, 0]], np.float32)


def test_the_dense_path_stays_on_a_ring_that_a_line_cuts() -> None:
    around = np.linalg.norm(paths.trace(OPPOSITE, 41, "dense", paths.roads(ring())), axis=1)
    across = np.linalg.norm(paths.trace(OPPOSITE, 41, "lerp"), axis=1)
    assert around.min() > 0.85
    assert around.max() < 1.1
    assert across.min() < 0.01


def test_the_dense_path_follows_a_moon_between_its_horns() -> None:
    points, moon = make_moons(800, noise=0.04, random_state=1)
    mu = points.astype(np.float32)
    upper = mu[moon == 0]
    keys = upper[[upper[:, 0].argmin(), upper[:, 0].argmax()]]
    z = paths.trace(keys, 60, "dense", paths.roads(mu))
    away = [float(np.linalg.norm(upper - point, axis=1).min()) for point in z]
    assert max(away) < 0.15
    line = paths.trace(keys, 60, "lerp")
    assert max(float(np.linalg.norm(upper - point, axis=1).min()) for point in line) > 0.4


def test_islands_are_bridged_at_their_nearest_points() -> None:
    draw = np.random.default_rng(0)
    islands = [draw.normal([3 * i, 0], 0.1, (60, 2)) for i in range(4)]
    mu = np.concatenate(islands).astype(np.float32)
    z = paths.trace(np.array([[0, 0], [9, 0]], np.float32), 50, "dense", paths.roads(mu))
    assert np.abs(z[:, 1]).max() < 0.3
    assert (np.diff(z[:, 0]) > -0.01).all()


@pytest.mark.parametrize("kind", PATH_KINDS)
def test_every_key_is_met_exactly(kind: str) -> None:
    mu = np.random.default_rng(1).normal(size=(200, 5)).astype(np.float32)
    keys = mu[[3, 50, 7]] + np.float32(0.1)
    z = paths.trace(keys, 17, kind, paths.roads(mu))
    np.testing.assert_allclose(z[[0, 8, 16]], keys, atol=1e-5)


def test_the_dense_path_is_evenly_spaced_on_each_leg() -> None:
    z = paths.trace(OPPOSITE, 41, "dense", paths.roads(ring()))
    steps = np.linalg.norm(np.diff(z, axis=0), axis=1)
    assert steps.max() / steps.min() < 1.02


def test_the_same_ends_and_means_give_the_same_path() -> None:
    mu = np.random.default_rng(2).normal(size=(5000, 4)).astype(np.float32)
    first, second = (paths.trace(mu[:2], 9, "dense", paths.roads(mu)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_identical_means_and_identical_ends_do_no_harm() -> None:
    mu = np.zeros((30, 3), np.float32)
    z = paths.trace(mu[:2], 7, "dense", paths.roads(mu))
    np.testing.assert_array_equal(z, np.zeros((7, 3)))
    assert np.isfinite(paths.roads(mu).log_density(z)).all()
    two = np.array([[0, 0], [1, 0]], np.float32)
    np.testing.assert_allclose(paths.trace(two, 3, "dense", paths.roads(two))[1], [0.5, 0])


def test_a_dense_path_without_means_and_an_unknown_kind_are_refused() -> None:
    with pytest.raises(InputError, match="means"):
        paths.trace(OPPOSITE, 9, "dense")
    with pytest.raises(InputError, match="lerp"):
        paths.trace(OPPOSITE, 9, "detour")
    with pytest.raises(InputError, match="2 images"):
        paths.roads(OPPOSITE[:1])


def test_the_middle_of_a_ring_is_not_typical_and_the_ring_is() -> None:
    around = paths.roads(ring())
    known = around.log_density(around.mu)
    assert abs(float(np.median(known))) < 0.3
    middle = around.log_density(np.zeros((1, 2), np.float32))
    assert middle[0] < known.min() - 2


def test_typicality_is_a_log_density_up_to_a_constant() -> None:
    mu = np.random.default_rng(5).normal(size=(4000, 2)).astype(np.float32)
    along = paths.roads(mu)
    angle = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)
    near, far = (float(along.log_density(radius * circle).mean()) for radius in (0.3, 2.0))
    assert far - near == pytest.approx(-0.5 * (2.0**2 - 0.3**2), abs=0.25)


def test_many_short_steps_are_cheaper_than_one_over_a_gap() -> None:
    angle = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    twelve = np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)
    around = paths.roads(twelve)  # where each is a neighbour of each
    z = paths.trace(twelve[[0, 6]], 21, "dense", around)
    assert np.linalg.norm(z, axis=1).min() > 0.8


def test_even_pictures_have_unevenness_one() -> None:
    even = np.arange(5, dtype=np.uint8).reshape(5, 1, 1, 1) * np.ones((1, 4, 4, 3), np.uint8)
    assert paths.unevenness(even) == pytest.approx(1)
    assert paths.unevenness(even[[0, 1, 2, 4]]) == pytest.approx(1.5)
    assert paths.unevenness(even[[0, 0]]) == 1
