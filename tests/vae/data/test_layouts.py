"""Each way of giving images that docs/data.md names becomes what is expected, image by image."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.vae.data.layouts.document import document
from tests.vae.data.layouts.every import THEMES
from tests.vae.data.layouts.layout import EVERY_SMALL_SET, Layout, Look, look

DOCS = Path(__file__).parents[3] / "docs"
LAYOUTS = [layout for theme in THEMES for layout in theme.layouts]


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.id)
def test_a_layout_is_what_it_is_taken_for(layout: Layout) -> None:
    if layout.missing:
        pytest.skip(f"{', '.join(layout.missing)} is not installed")
    found = look(layout.make, tuple(layout.options))
    report, data = found.report, found.data

    numbers = [layout.read(x) for x in found.x(range(len(data)))]
    assert Counter(numbers) == Counter(layout.images)
    assert report["num_images"] == len(layout.images)
    assert report["counts"] == {"used": len(layout.images), **layout.counts}
    assert report["image_shape"] == list(data.image_shape)
    assert layout.channels in (None, data.image_shape[0])
    assert report["value_range"]["sentence"].startswith(layout.values)

    held_out = [numbers[index] for index in data.validation]
    if layout.held_out is None:
        assert report["split"]["from"] == "random"
    else:
        is_one = len(layout.images) == 1  # which trains and validates
        assert report["split"]["from"] == ("random" if is_one else "own")
        assert Counter(held_out) == Counter(layout.held_out)
        train = Counter(layout.images) - Counter([] if is_one else layout.held_out)
        assert Counter(numbers[index] for index in data.train) == train
    assert report["split"]["train"] == len(data.train)
    assert report["split"]["validation"] == len(data.validation)

    rows = {name: dict(zip(numbers, cells(found, name), strict=True)) for name in data.attributes}
    expected = {
        name: dict(zip(layout.images, column, strict=True))
        for name, column in layout.columns.items()
    }
    assert rows == expected
    assert {column["name"]: column["num_known"] for column in report["columns"]} == {
        name: sum(cell != "-" for cell in column) for name, column in layout.columns.items()
    }

    told = [text for text in report["warnings"] if not any(w in text for w in EVERY_SMALL_SET)]
    assert len(told) == len(layout.says), told
    for part in layout.says:
        assert any(part in text for text in told), told

    batch = found.batch
    assert batch.dtype == np.float32
    assert batch.shape[1:] == tuple(data.image_shape)
    assert batch.min() >= 0
    assert batch.max() <= 1
    seen = {layout.read(x) for x in batch}
    assert seen <= {numbers[index] for index in data.train}


def cells(found: Look, name: str) -> Sequence[str]:
    """A column as text: the names of classes, numbers, "-" where nothing is known."""
    values, classes = found.data.attributes[name], found.data.classes.get(name, ())
    if classes:
        return ["-" if classes[v] == "unknown" else classes[v] for v in values]
    return ["-" if np.isnan(value) else f"{value:g}" for value in values]


def test_the_page_on_data_says_what_comes_out() -> None:
    if missing := {name for layout in LAYOUTS for name in layout.missing}:
        pytest.skip(f"{', '.join(sorted(missing))} is not installed")
    text, sheets = document()
    command = "write it anew: python -m tests.vae.data.layouts"
    assert (DOCS / "data.md").read_text(encoding="utf-8") == text, command
    for name, sheet in sheets.items():
        with Image.open(DOCS / "images" / "data" / name) as kept:
            differ = np.asarray(kept.convert("RGB")).astype(int) - np.asarray(sheet)
        assert np.abs(differ).max() <= 8, command  # decoders of JPEG differ by a little
