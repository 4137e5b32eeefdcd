"""A lasso: all that lies in it, also where the browser names only some of it."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from explorer.panels.map import canvas, plotly_map, selection
from explorer.panels.map.canvas import MAX_CORNERS, Choice
from explorer.state import map_points
from vae.runs.folder import Run

GEOMETRY = Path(canvas.__file__).parent / "geometry.js"
SQUARE = ((-9.0, -9.0), (9.0, -9.0), (9.0, 9.0), (-9.0, 9.0))


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_the_page_and_the_server_agree_on_what_lies_inside() -> None:
    random = np.random.default_rng(0)
    xy = random.normal(size=(500, 2)).astype(np.float32)
    angles = np.linspace(0, 4 * np.pi, 40)  # twice around, and across itself
    corners = random.uniform(0.5, 2, (40, 1)) * np.stack([np.cos(angles), np.sin(angles)], 1)
    outline = [*corners.tolist(), *xy[:3].astype(float).tolist()]  # through points, too
    script = (
        f"import {{ isInside }} from '{GEOMETRY.as_uri()}';"
        f"const [corners, places] = {json.dumps([outline, xy.astype(float).tolist()])};"
        "console.log(JSON.stringify(places.map(([x, y]) => isInside(corners, x, y))));"
    )
    words = ["node", "--input-type=module", "-e", script]
    told = json.loads(subprocess.run(words, check=True, capture_output=True).stdout)
    found = selection.inside(xy, [(x, y) for x, y in outline])
    assert 0 < found.sum() < 500
    np.testing.assert_array_equal(found, told)


@pytest.mark.parametrize(
    ("outline", "corners"),
    [
        ([[0, 0], [1.5, 0], [0, 2]], ((0.0, 0.0), (1.5, 0.0), (0.0, 2.0))),
        ([], ()),
        (None, ()),
        ("all", ()),
        ([[0, 0], [1]], ()),
        ([[0, 0], [1, float("nan")]], ()),
        ([[0, 0]] * (MAX_CORNERS + 1), ()),
    ],
)
def test_an_outline_is_read_where_it_is_well_formed(outline: Any, corners: Any) -> None:
    act = {"indices": [3, 4], "count": 9, "number": 1, "outline": outline}
    assert canvas.newest_choice({"group": act}) == (1, Choice((3, 4), 9, outline=corners))


def test_a_lasso_of_which_some_are_named_has_all_that_lie_in_it(trained_root: Path) -> None:
    place = map_points.place_of(Run(trained_root / "tiny"), "pca")
    assert place is not None
    index = map_points.points(place).index
    some = tuple(map(int, index[:2]))
    chosen = selection.with_members(Choice(some, 2, outline=SQUARE), place)
    assert chosen.all_images == tuple(index)
    assert (chosen.images, chosen.count) == (some, len(index))
    # Drawn on another map: what was named is all that is known.
    far = tuple((x + 99, y) for x, y in SQUARE)
    assert selection.with_members(Choice(some, 50, outline=far), place) == Choice(some, 2)
    whole = Choice(some, 2)
    assert selection.with_members(whole, place) is whole
    assert whole.all_images == some


def test_a_lasso_on_a_plain_map_that_shows_some_points_has_an_outline() -> None:
    points = [{"customdata": 3}, {"customdata": 4}]
    told = {"selection": {"points": points, "lasso": [{"x": [0, 1, 1], "y": [0, 0, 1]}]}}
    corners = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))
    assert plotly_map.choice_of(told, is_sampled=True) == Choice((3, 4), 2, outline=corners)
    assert plotly_map.choice_of(told) == Choice((3, 4), 2)
