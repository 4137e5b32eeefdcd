"""Curves and bars show what matters, and stay small."""

from __future__ import annotations

import json
import math

import pytest

from explorer.drawing import charts


def test_huge_early_values_do_not_squash_the_curve() -> None:
    train = [(step, 100 + 1e6 * math.exp(-step / 3)) for step in range(1, 1001)]
    low, high, _ = charts.value_range(train, [(1000, 104.0)])
    assert low < 100
    assert 104 < high < 120


def test_curves_stay_small_and_end_where_the_run_is() -> None:
    points = [(float(step), float(step)) for step in range(100_000)]
    thin = charts.thinned(points)
    assert len(thin) == charts.MAX_POINTS
    assert thin[:, 1].mean() == pytest.approx(49_999.5, rel=1e-3)
    json.dumps(charts.curves("elbo", points, []), allow_nan=False)


def test_bars_are_sorted_and_inactive_ones_stand_apart() -> None:
    spec = charts.kl_bars([0.5, 2.0, 0.0], [True, True, False])
    assert spec["xAxis"]["data"] == ["z1", "z0", "z2"]
    active, inactive = (series["data"] for series in spec["series"])
    assert active == [2.0, 0.5, None]
    assert inactive == [None, None, 0.0]
