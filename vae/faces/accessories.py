"""What only some figures of a portrait wear: glasses, cat ears, headband, ribbon, hairpin.

Positions are in head units, see vae.faces.proportions.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from vae.faces.brushes import Canvas, column, mix, tone, unit
from vae.faces.colours import WHITE
from vae.faces.proportions import Figures

# Values of accessory.
RIBBON, HAIRPIN, HEADBAND, CAT_EARS = 1, 2, 3, 4


def glasses(canvas: Canvas, figures: Figures) -> None:
    """Round glasses, over the eyes and under the fringe."""
    chosen = np.flatnonzero(figures.f["glasses"] == 1)
    if not len(chosen):
        return
    some = figures.take(chosen)
    f = some.f
    frame = tone(70, 50, 66) + 0.25 * some.outfit
    centre_v = 0.17 + 0.06 * f["head_nod"]
    with canvas.patch(some.head, 0.12 * f["head_turn"], centre_v, 0.62, 0.26, chosen) as p:
        u = p.u - 0.125 * some.turn
        away = np.abs(u)
        away -= 0.25
        down = p.v - column(centre_v)
        # rounded squares
        across = np.maximum(np.abs(away) - 0.09, 0)
        down_out = np.maximum(np.abs(down) - 0.07, 0)
        d = np.sqrt(across * across + down_out * down_out) - 0.115
        p.fill(p.cover(d.copy()) * 0.12, WHITE)
        gleam = p.line(away * 0.8 + down * 0.6 - 0.06, 0.05) * p.cover(d + 0.03)
        p.fill(gleam * 0.35, WHITE)
        bridge = np.maximum(np.abs(down + 0.04 + 0.5 * u * u) - 0.011, np.abs(u) - 0.06)
        arms = np.maximum(np.abs(down + 0.05) - 0.011, np.abs(away - 0.25) - 0.06)
        d = np.minimum(np.abs(d) - 0.012, np.minimum(bridge, arms))
        p.fill(p.cover(d), frame)


def ears(canvas: Canvas, figures: Figures) -> None:
    """Cat ears, behind the face."""
    chosen = np.flatnonzero(figures.f["accessory"] == CAT_EARS)
    if len(chosen):
        _cat_ears(canvas, figures.take(chosen), chosen)


def accessories(canvas: Canvas, figures: Figures) -> None:
    """Headband, ribbon and hairpin, over everything else."""
    kinds = figures.f["accessory"]
    for kind, draw in (
        (HEADBAND, _headband), (RIBBON, _ribbon), (HAIRPIN, _hairpin)
    ):  # fmt: skip
        chosen = np.flatnonzero(kinds == kind)
        if len(chosen):
            draw(canvas, figures.take(chosen), chosen)


def _headband(canvas: Canvas, figures: Figures, chosen: NDArray[np.int64]) -> None:
    with canvas.patch(figures.head, 0, -0.5, 0.68, 0.36, chosen) as p:
        u = p.u - 0.03 * figures.turn
        band = p.v + 0.70 - 0.62 * u * u
        d = np.maximum(
            np.abs(band) - 0.05, p.ellipse(0.02 * figures.turn, -0.08, column(0.655), column(0.76))
        )
        colour = mix(figures.outfit, WHITE, 0.25)
        p.outlined(d, 0.02, colour, colour * 0.6)


def _cat_ears(canvas: Canvas, figures: Figures, chosen: NDArray[np.int64]) -> None:
    for side in (-1, 1):
        with canvas.patch(figures.head, side * 0.43, -0.70, 0.28, 0.28, chosen) as p:
            x = side * (p.u - 0.01 * figures.turn) - 0.40
            y = p.v + 0.70
            x = x + 0.30 * y
            d = np.abs(x) * (0.80 + 1.6 * np.abs(x)) - (y + 0.25) * 0.62
            np.maximum(d * 0.75, y - 0.20, out=d)
            p.outlined(d, 0.022, figures.hair, figures.hair_line)
            p.fill(p.cover(d + 0.07), mix(figures.skin, tone(245, 150, 165), 0.6))


def _ribbon(canvas: Canvas, figures: Figures, chosen: NDArray[np.int64]) -> None:
    colour = figures.trim
    with canvas.patch(figures.head, 0.42, -0.60, 0.30, 0.26, chosen) as p:
        x = p.u - 0.42 - 0.03 * figures.turn
        y = p.v + 0.60
        along = 0.82 * x + 0.57 * y
        across = 0.82 * y - 0.57 * x
        side = np.abs(along)
        d = np.maximum(np.abs(across) - 0.035 - 0.50 * side, side - 0.23 + 0.8 * across * across)
        d *= 0.85
        fold = unit(0.7 - side * 5)
        whole, inner = p.rims(d, 0.02)
        line = whole - inner
        fold *= inner
        p.lay(whole, (colour, inner - fold), (colour * 0.7, fold), (colour * 0.5, line))
        knot = np.sqrt(along * along + across * across) - 0.06
        p.outlined(knot, 0.02, mix(colour, WHITE, 0.12), colour * 0.5)


def _hairpin(canvas: Canvas, figures: Figures, chosen: NDArray[np.int64]) -> None:
    petal = mix(figures.trim, WHITE, 0.45)
    with canvas.patch(figures.head, 0.44, -0.30, 0.16, 0.16, chosen) as p:
        x = p.u - 0.44 - 0.04 * figures.turn
        y = p.v + 0.30
        d = np.full_like(x, 9)
        for k in range(5):
            a = 0.4 + k * 2 * math.pi / 5
            across, down = x - 0.065 * math.cos(a), y - 0.065 * math.sin(a)
            near = np.sqrt(across * across + down * down) - 0.055
            np.minimum(d, near, out=d)
        p.outlined(d, 0.016, petal, petal * 0.62)
        p.fill(p.cover(np.sqrt(x * x + y * y) - 0.038), tone(250, 214, 110))
