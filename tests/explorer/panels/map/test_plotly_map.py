"""The map by Plotly: every point once, in its colour, and what a selection of it says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from explorer.panels.map import canvas, plotly_map
from explorer.panels.map.canvas import MAX_GROUP, Choice, Legend
from explorer.panels.map.plotly_map import MAX_POINTS
from explorer.state.map_points import UNKNOWN, Colours, leveled

CLASSES = Legend("Label", [(0, "no", "#ff0000"), (1, "yes", "#00ff00")], (), 0.0, 0.0)


def test_a_large_map_is_sampled_without_repeats_and_always_alike() -> None:
    rows = plotly_map.sampled(3 * MAX_POINTS)
    assert len(np.unique(rows)) == MAX_POINTS
    assert rows.max() < 3 * MAX_POINTS
    np.testing.assert_array_equal(rows, plotly_map.sampled(3 * MAX_POINTS))
    np.testing.assert_array_equal(plotly_map.sampled(7), np.arange(7))


def test_each_class_is_a_trace_in_its_colour_and_holds_its_images() -> None:
    draw = np.random.default_rng(0)
    xy, index = draw.standard_normal((6, 2)).astype(np.float32), np.arange(40, 46)
    levels = np.array([0, 1, 1, 0, 9, 1, UNKNOWN], np.uint8)
    rows = np.array([0, 1, 2, 3, 5, 6])
    entries = [*CLASSES.entries, (UNKNOWN, "unknown", "#888888")]
    legend = Legend("Label", entries, (), 0.0, 0.0)
    colours = Colours(levels, None, ("no", "yes"), 0.0, 0.0)
    figure = plotly_map.drawn(xy, index, colours, rows, legend)
    told = {one.name: (one.marker.color, list(one.customdata)) for one in figure.data}
    assert told == {
        "no": ("#ff0000", [40, 43]),
        "yes": ("#00ff00", [41, 42, 44]),
        "unknown": ("#888888", [45]),
    }
    np.testing.assert_array_equal(figure.data[0].x, xy[[0, 3], 0])
    assert {one.type for one in figure.data} == {"scattergl"}


def test_numbers_are_a_scale_between_the_ends_of_the_legend() -> None:
    values = np.float32([5, 1, 3])
    legend = Legend("KL", (), canvas.SCALE, 1.0, 5.0)
    figure = plotly_map.drawn(
        np.zeros((2, 2), np.float32), np.array([8, 9]), leveled(values), np.array([0, 2]), legend
    )
    marker = figure.data[0].marker
    assert list(marker.color) == [5, 3]
    assert (marker.cmin, marker.cmax) == (1.0, 5.0)
    assert marker.colorscale[0] == (0, canvas.SCALE[0])
    assert marker.colorscale[-1] == (1, canvas.SCALE[-1])


@pytest.mark.parametrize(
    ("points", "choice"),
    [
        ([{"customdata": 17}], Choice((17,), 1)),
        ([{"customdata": [17]}, {"customdata": 3}], Choice((17, 3), 2)),
        ([], Choice()),
        ([{"customdata": "x"}, {"customdata": -1}, {}, 4], Choice()),
    ],
)
def test_a_selection_is_read_or_left(points: list[Any], choice: Choice) -> None:
    assert plotly_map.choice_of({"selection": {"points": points}}) == choice


@pytest.mark.parametrize("state", [None, {}, {"selection": None}, {"selection": "all"}])
def test_no_selection_is_nothing(state: Any) -> None:
    assert plotly_map.choice_of(state) == Choice()


def test_a_large_selection_is_bounded_and_counted() -> None:
    told = plotly_map.choice_of({"selection": {"points": [{"customdata": i} for i in range(6000)]}})
    assert (len(told.images), told.count) == (MAX_GROUP, 6000)
