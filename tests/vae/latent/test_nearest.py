"""The nearest points are those that scikit-learn finds."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from vae.latent import nearest
from vae.latent.nearest import blend, nearest_first, nearest_rows


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("num_queries", "num_points", "num_dims", "num"),
    [(1, 1, 3, 1), (40, 7, 2, 7), (30, 300, 1, 5), (50, 200, 64, 12), (3, 500, 192, 1)],
)
def test_the_nearest_are_those_of_scikit_learn(
    num_queries: int, num_points: int, num_dims: int, num: int, dtype: type
) -> None:
    random = np.random.default_rng(num_points)
    points = random.normal(3, 2, (num_points, num_dims)).astype(dtype)
    queries = random.normal(3, 2, (num_queries, num_dims)).astype(dtype)
    search = NearestNeighbors(n_neighbors=num, algorithm="brute").fit(points.astype(np.float64))
    expected, rows = search.kneighbors(queries.astype(np.float64))
    found, distances = nearest_first(queries, points, num)
    np.testing.assert_array_equal(found, rows)
    np.testing.assert_allclose(distances, expected, rtol=1e-6, atol=1e-9)
    np.testing.assert_array_equal(np.sort(nearest_rows(queries, points, num)), np.sort(rows))


def test_blocks_do_not_change_what_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    points, queries = random.normal(size=(90, 5)), random.normal(size=(41, 5))
    rows, distances = nearest_first(queries, points, 6)
    monkeypatch.setattr(nearest, "BLOCK", 4 * len(points))
    again, same = nearest_first(queries, points, 6)
    np.testing.assert_array_equal(again, rows)
    np.testing.assert_array_equal(same, distances)


def test_points_far_from_the_origin_are_told_apart_in_single_precision() -> None:
    """A map's own coordinates: a spacing of a hundredth, hundreds away from the origin."""
    points = np.stack([500 + 0.01 * np.arange(100), np.full(100, 500.0)], 1).astype(np.float32)
    rows, _ = nearest_first(points, points, 1)
    np.testing.assert_array_equal(rows[:, 0], np.arange(100))


def test_a_point_is_its_own_nearest_at_distance_zero() -> None:
    points = np.random.default_rng(1).normal(size=(50, 8)).astype(np.float32)
    rows, distances = nearest_first(points, points, 2)
    np.testing.assert_array_equal(rows[:, 0], np.arange(50))
    np.testing.assert_array_equal(distances[:, 0], 0)
    assert (distances[:, 1] > 0).all()


def test_more_than_there_are_is_all_of_them_and_none_is_none() -> None:
    points = np.arange(6.0).reshape(3, 2)
    rows, _ = nearest_first(points[:1], points, 9)
    np.testing.assert_array_equal(rows, [[0, 1, 2]])
    assert nearest_rows(points, points[:0], 4).shape == (3, 0)
    assert nearest_first(points[:0], points, 2)[0].shape == (0, 2)


def test_a_blend_is_the_value_at_a_point_and_the_mean_between_two() -> None:
    points, values = np.array([[0.0], [1.0], [9.0]]), np.float32([[10], [20], [90]])
    queries = np.array([[0.0], [0.5], [1.0]])
    np.testing.assert_allclose(blend(queries, points, values, 2), [[10], [15], [20]], rtol=1e-6)


@pytest.mark.parametrize("rows", [7, 64, 200])
def test_points_in_several_blocks_give_the_same_nearest(
    rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    queries, points = (rng.normal(size=(num, 5)).astype(np.float32) for num in (30, 200))
    wanted, apart = nearest_first(queries, points, 10)
    monkeypatch.setattr(nearest, "ROWS", rows)
    monkeypatch.setattr(nearest, "BLOCK", 3 * rows)
    found, distances = nearest_first(queries, points, 10)
    np.testing.assert_array_equal(found, wanted)
    np.testing.assert_array_equal(distances, apart)
    assert sorted(nearest_rows(queries[:1], points, 500)[0]) == list(range(200))


def test_the_nearest_of_many_points_need_no_copy_of_them() -> None:
    points = np.random.default_rng(0).normal(size=(400_000, 64)).astype(np.float32)
    tracemalloc.start()
    rows = nearest_rows(points[:1], points, 3)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 0 in rows
    assert peak < points.nbytes
