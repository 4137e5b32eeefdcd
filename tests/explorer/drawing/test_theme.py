"""The colours of charts and of the theme can be told from their ground."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from explorer.drawing import charts

THEME = tomllib.loads((Path(__file__).parents[3] / ".streamlit" / "config.toml").read_text())[
    "theme"
]


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb, WCAG 2."""
    values = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_lines_of_charts_stand_out_from_the_page(scheme: str) -> None:
    colours = THEME[scheme]
    for line in colours["chartCategoricalColors"]:
        assert contrast(line, colours["backgroundColor"]) >= 4.5, line


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_bars_of_inactive_dimensions_are_seen(scheme: str) -> None:
    assert contrast(charts.QUIET, THEME[scheme]["backgroundColor"]) >= 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_and_the_first_colour_stand_out_on_both_grounds(scheme: str) -> None:
    colours = THEME[scheme]
    for ground in ("backgroundColor", "secondaryBackgroundColor"):
        for text in ("textColor", "primaryColor"):
            assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
