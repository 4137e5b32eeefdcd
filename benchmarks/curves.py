"""Curves as a small picture: measured points joined by lines, one frame for each setting."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT, SCALE = 430, 300, 2  # of one frame, before enlarging
LEFT, RIGHT, TOP, BOTTOM = 66, 14, 34, 44
COLOURS = ("#c2410c", "#ca8a04", "#1d4ed8", "#0f766e", "#7c3aed")
INK, FAINT = "#334155", "#e2e8f0"

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Frame:
    """Curves by name, over the same axes."""

    title: str
    curves: Mapping[str, Points]
    low: float | None = None  # what lies below is cut off


def draw_curves(path: Path, frames: Sequence[Frame], across: str, up: str) -> None:
    """Write the frames side by side, two in a row, with one legend, as a .png of few colours."""
    columns = min(2, len(frames))
    rows = math.ceil(len(frames) / columns)
    names = list(dict.fromkeys(name for frame in frames for name in frame.curves))
    legend = 20 * len(names) + 12
    size = (columns * WIDTH * SCALE, (rows * HEIGHT + legend) * SCALE)
    picture = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(picture)
    colours = dict(zip(names, COLOURS, strict=False))
    for number, frame in enumerate(frames):
        row, column = divmod(number, columns)
        _draw_frame(draw, frame, column * WIDTH, row * HEIGHT, colours, across, up)
    for number, name in enumerate(names):
        y = rows * HEIGHT + 14 + 20 * number
        _line(draw, [(LEFT, y), (LEFT + 26, y)], colours[name], 2.5)
        _text(draw, (LEFT + 34, y), name, "lm")
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.quantize(64, dither=Image.Dither.NONE).save(path, optimize=True)


def ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """Round numbers from `low` to `high`, about `wanted` of them."""
    raw = (high - low) / wanted
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * m for m in (1, 2, 2.5, 5, 10) if power * m >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [step * k for k in range(first, math.floor(high / step + 1e-9) + 1)]


def _draw_frame(
    draw: ImageDraw.ImageDraw,
    frame: Frame,
    left: int,
    top: int,
    colours: Mapping[str, str],
    across: str,
    up: str,
) -> None:
    points = [point for curve in frame.curves.values() for point in curve]
    heights = [y for _, y in points if frame.low is None or y >= frame.low]
    low, high = min(heights), max(heights)
    low, high = low - 0.04 * (high - low), high + 0.06 * (high - low)
    end = max(x for x, _ in points)

    def place(x: float, y: float) -> tuple[float, float]:
        right = (WIDTH - LEFT - RIGHT) * x / end
        rise = (HEIGHT - TOP - BOTTOM) * (y - low) / (high - low)
        return left + LEFT + right, top + HEIGHT - BOTTOM - rise

    _text(draw, (left + LEFT, top + 14), frame.title, "lm", 14)
    for y in ticks(low, high):
        _line(draw, [place(0, y), place(end, y)], FAINT, 1)
        _text(draw, (left + LEFT - 6, place(0, y)[1]), f"{y:,.6g}", "rm")
    for x in ticks(0, end):
        _text(draw, (place(x, low)[0], top + HEIGHT - BOTTOM + 12), f"{x:g}", "mm")
    _line(draw, [place(0, low), place(end, low)], INK, 1)
    _text(draw, (left + WIDTH - RIGHT, top + HEIGHT - 14), across, "rm")
    _text(draw, (left + WIDTH - RIGHT, top + 14), up, "rm")
    for name, curve in frame.curves.items():
        seen = [place(x, max(y, low)) for x, y in curve]
        _line(draw, seen, colours[name], 2)
        for x, y in seen:
            box = [SCALE * v for v in (x - 2.2, y - 2.2, x + 2.2, y + 2.2)]
            draw.ellipse(box, fill=colours[name])


def _line(draw: ImageDraw.ImageDraw, points: Points, colour: str, width: float) -> None:
    enlarged = [(SCALE * x, SCALE * y) for x, y in points]
    draw.line(enlarged, fill=colour, width=round(SCALE * width), joint="curve")


def _text(
    draw: ImageDraw.ImageDraw, at: tuple[float, float], text: str, anchor: str, size: int = 11
) -> None:
    font = ImageFont.load_default(SCALE * size)
    draw.text((SCALE * at[0], SCALE * at[1]), text, fill=INK, font=font, anchor=anchor)
