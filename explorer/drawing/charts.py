"""Figures as plain values: ECharts options for curves and bars, and preview sheets.

P points of a curve, D latent dimensions, C images of a sheet, S their side in pixels.
"""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from vae.pictures import Pixels, cut

Spec = dict[str, Any]
Points = Sequence[tuple[float, float]]  # (step, value)

MAX_POINTS = 400
EARLY = 0.1  # this part of a run may leave the picture
QUIET = "#807a94"  # what is there but counts less, on a light or a dark ground
FAINT_LINE = {"lineStyle": {"color": "#8884", "width": 1}}
LEGEND = {"itemWidth": 14, "itemHeight": 8, "itemGap": 14}
SHEET_GAP = 2  # as vae.pictures.grid sets it
MIN_CELL = 112  # smaller images are enlarged to this many pixels


def thinned(points: Points, limit: int = MAX_POINTS) -> NDArray[np.float64]:
    """At most `limit` points: means of equally large groups of neighbours. [P, 2]"""
    values = np.asarray(points, np.float64).reshape(-1, 2)
    if len(values) <= limit:
        return values
    ends = np.linspace(0, len(values), limit + 1).astype(int)
    return np.add.reduceat(values, ends[:-1]) / np.diff(ends)[:, None]


def value_range(*curves: Points) -> tuple[float, float, float]:
    """(low, high, tick) that show the later part of all the curves well.

    The first steps of a run are often a hundred times as large as all that follows; they may
    leave the picture.
    """
    points = np.concatenate([np.asarray(curve, np.float64).reshape(-1, 2) for curve in curves])
    if not len(points):
        return 0.0, 1.0, 0.5
    later = points[points[:, 0] >= EARLY * points[:, 0].max(), 1]
    if len(later) < 4:
        later = points[:, 1]
    low, high = np.percentile(later, [1, 99]).tolist()
    ends = [float(curve[-1][1]) for curve in curves if len(curve)]
    low, high = min(low, *ends), max(high, *ends)
    pad = 0.06 * (high - low) or max(1e-6, 0.01 * abs(high))
    tick = nice((high - low + 2 * pad) / 4)
    return math.floor((low - pad) / tick) * tick, math.ceil((high + pad) / tick) * tick, tick


def nice(value: float) -> float:
    """The next of 1, 2, 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= value * 0.999)


def curves(name: str, train: Points, validation: Points) -> Spec:
    """One quantity over steps: train as a thin line, validation as a line with marks."""
    low, high, tick = value_range(train, validation)
    symbols = len(validation) <= 60
    return {
        "animation": False,
        "title": {"text": name, "left": 0, "top": 3, "textStyle": {"fontSize": 14}},
        "grid": {"left": 4, "right": 14, "top": 34, "bottom": 4, "containLabel": True},
        "legend": {"right": 0, "top": 0, "icon": "roundRect", **LEGEND, "itemHeight": 3},
        "tooltip": {"trigger": "axis", "valueFormatter": "%,.1f", "confine": True},
        "xAxis": {
            "type": "value",
            "min": 0,
            "max": "dataMax",
            "splitNumber": 3,
            "splitLine": {"show": False},
            "axisLabel": {"hideOverlap": True, "showMaxLabel": False},
        },
        "yAxis": {
            "type": "value",
            "min": low,
            "max": high,
            "interval": tick,
            "splitLine": FAINT_LINE,
        },
        "series": [
            {
                "name": "train",
                "type": "line",
                "symbol": "none",
                "lineStyle": {"width": 1.25},
                "data": thinned(train).round(4).tolist(),
            },
            {
                "name": "validation",
                "type": "line",
                "symbol": "circle",
                "symbolSize": 6,
                "showSymbol": symbols,
                "lineStyle": {"width": 2},
                "data": thinned(validation).round(4).tolist(),
            },
        ],
    }


def kl_bars(kl: Sequence[float], active: Sequence[bool]) -> Spec:
    """KL of each dimension in nats as bars, the largest first; inactive dimensions are grey."""
    order = np.argsort(kl)[::-1].tolist()
    bars = {"type": "bar", "stack": "kl", "barCategoryGap": "18%", "barMaxWidth": 36}
    top = {"itemStyle": {"borderRadius": [3, 3, 0, 0]}}
    series = [
        {"name": name, **bars, "data": [_bar(kl[j], active[j] == wanted) for j in order]}
        for name, wanted in (("active", True), ("inactive", False))
    ]
    series[0] |= top
    series[1] |= {"itemStyle": {"color": QUIET, **top["itemStyle"]}, "barMinHeight": 2}
    return {
        "animation": False,
        "grid": {"left": 4, "right": 4, "top": 30, "bottom": 4, "containLabel": True},
        "legend": {"right": 0, "top": 0, **LEGEND},
        "tooltip": {
            "trigger": "axis",
            "axisPointer": {"type": "shadow"},
            "valueFormatter": "%.3f nats",
            "confine": True,
        },
        "xAxis": {
            "type": "category",
            "data": [f"z{j}" for j in order],
            "axisTick": {"show": False},
            "axisLabel": {"hideOverlap": True},
        },
        "yAxis": {"type": "value", "splitNumber": 3, "splitLine": FAINT_LINE},
        "series": series,
    }


def density_lines(lines: Mapping[str, Sequence[float]], letters: str, chosen: str) -> Spec:
    """log q(z) in nats along paths, a line each; `letters` stand where they meet their keys."""
    every = (max(map(len, lines.values())) - 1) / max(1, len(letters) - 1)
    return {
        "animation": False,
        "grid": {"left": 4, "right": 14, "top": 32, "bottom": 4, "containLabel": True},
        "legend": {"left": 0, "top": 0, "icon": "roundRect", **LEGEND, "itemHeight": 3},
        "tooltip": {"trigger": "axis", "valueFormatter": "%.1f nats", "confine": True},
        "xAxis": {
            "type": "category",
            "boundaryGap": False,
            "axisTick": {"show": False},
            "data": [
                letters[round(i / every)] if i % every == 0 else str(i + 1)
                for i in range(len(next(iter(lines.values()))))
            ],
        },
        "yAxis": {"type": "value", "splitNumber": 3, "splitLine": FAINT_LINE},
        "series": [
            {
                "name": name,
                "type": "line",
                "symbol": "none",
                "smooth": 0.2,
                "lineStyle": {"width": 3 if name == chosen else 1.5},
                "data": [round(float(value), 2) for value in values],
            }
            for name, values in lines.items()
        ],
    }


def _bar(value: float, is_shown: bool) -> float | None:
    return round(value, 4) if is_shown else None


def cells(sheet: Pixels, rows: int) -> Pixels:
    """The images of a preview sheet of `rows` rows, left to right and top down. [C, S, S, 3]"""
    size = (sheet.shape[0] + SHEET_GAP) // rows - SHEET_GAP
    columns = (sheet.shape[1] + SHEET_GAP) // (size + SHEET_GAP)
    return cut(sheet, rows * columns, columns, size)


def framed(sheet: Pixels, rows: int) -> bytes:
    """The same images enlarged, with round corners and a clear ground: a WebP for any page."""
    images = cells(sheet, rows)
    columns = len(images) // rows
    factor = max(1, -(-MIN_CELL // images.shape[1]))
    side = images.shape[1] * factor
    gap, radius = side // 14, side // 11
    size = (columns * (side + gap) - gap, rows * (side + gap) - gap)
    page = Image.new("RGBA", size, (0, 0, 0, 0))
    mask = Image.new("L", (2 * side, 2 * side))
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, 2 * side - 1, 2 * side - 1), 2 * radius, 255)
    mask = mask.resize((side, side), Image.Resampling.BOX)
    for i, image in enumerate(images):
        picture = Image.fromarray(image).resize((side, side), Image.Resampling.BICUBIC)
        place = ((i % columns) * (side + gap), (i // columns) * (side + gap))
        page.paste(picture, place, mask)
    buffer = io.BytesIO()
    page.save(buffer, "WEBP", quality=90, method=2)
    return buffer.getvalue()


def packed(sheet: Pixels, rows: int) -> tuple[bytes, int, int]:
    """The images edge to edge as a small WebP, with their number of columns and their side."""
    images = cells(sheet, rows)
    columns, side = len(images) // rows, images.shape[1]
    pixels = images.reshape(rows, columns, side, side, 3).transpose(0, 2, 1, 3, 4)
    buffer = io.BytesIO()
    picture = Image.fromarray(np.ascontiguousarray(pixels).reshape(rows * side, columns * side, 3))
    picture.save(buffer, "WEBP", quality=86, method=2)
    return buffer.getvalue(), columns, side
