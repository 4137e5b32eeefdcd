"""Portraits painted layer by layer, back to front, many at once.

n figures painted together, S picture size in pixels, 3 the colour channels. Positions are in head
units, see vae.faces.proportions.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vae.faces.accessories import accessories, ears, glasses
from vae.faces.brushes import Canvas, column, mix, palette, ramp, tone, unit
from vae.faces.colours import INK, WHITE
from vae.faces.eyes import eyes
from vae.faces.hair import back_hair, fringe_locks, front_hair, tails
from vae.faces.proportions import Figures

BACK_TOP = palette("fbd9dd", "fde5cb", "f4f0cf", "d5efd9", "cfeaf2", "d3dcf7", "e6d6f5")
BACK_LOW = palette("f6c6d6", "f9cfc4", "f3dcb4", "b8e0d2", "b4d6ee", "c3c6f1", "dcc0ec")


def paint(figures: Figures, size: int) -> NDArray[np.uint8]:
    """A few figures painted together, back to front. [n, S, S, 3]"""
    canvas = Canvas(figures.num, size)
    for layer in (
        _background, back_hair, tails, ears, _body, _face, _nose_and_mouth, eyes, glasses,
        front_hair, _brows, accessories,
    ):  # fmt: skip
        layer(canvas, figures)
    return canvas.pixels()


def _background(canvas: Canvas, figures: Figures) -> None:
    hue = figures.f["background_hue"]
    top, low = ramp(BACK_TOP, hue, cyclic=True), ramp(BACK_LOW, hue, cyclic=True)
    across = ((np.arange(canvas.size, dtype=np.float32) + 0.5) * (2 / canvas.size) - 1)[None, :]
    down = across.T
    share = np.clip(0.5 + 0.42 * down + 0.12 * across, 0, 1)
    glow = np.clip(1 - (across * across + (down + 0.1) ** 2) / 1.5, 0, 1) ** 2 * 0.55
    np.multiply(low - top, share * (1 - glow), out=canvas.rgb)
    canvas.rgb += top * (1 - glow) + 255 * glow


def _body(canvas: Canvas, figures: Figures) -> None:
    with canvas.patch(figures.body, 0, 0.77, 0.70, 0.27) as p:
        u = np.abs(p.u)
        # clothes: shoulders that fall away from the neck
        d = 0.70 + 0.40 * u * u + 0.10 * u - p.v
        d *= -1
        shoulders = np.maximum(-d, u - 0.66)
        clothes = p.cover(shoulders + 0)
        p.outlined(shoulders, 0.024, figures.outfit, figures.outfit * 0.6)
        # neck and the opening of the collar
        neck = np.maximum(u - 0.145 - 0.25 * np.maximum(p.v - 0.76, 0), p.v - 0.93 + 0.9 * u)
        shade = unit((0.86 - p.v) * 6)
        whole, inner = p.rims(neck, 0.024)
        line = whole - inner
        shade *= inner
        inner -= shade
        p.lay(whole, (figures.skin, inner), (figures.skin_shade, shade), (figures.skin_line, line))
        collar = 0.9 * u + p.v - 0.93
        np.abs(collar - 0.06, out=collar)
        collar = p.line(collar, 0.05)
        collar *= clothes
        p.fill(collar, mix(WHITE, figures.outfit, 0.12))


def _face(canvas: Canvas, figures: Figures) -> None:
    broad = 0.510 + 0.045 * figures.col("face_width")
    pointed = 0.40 - 0.06 * figures.col("face_width")
    tall = 0.63 + 0.02 * figures.nod
    with canvas.patch(figures.head, 0, 0.10, 0.60, 0.58) as p:
        t = p.v / tall
        u = p.u - figures.turn * (0.025 + 0.06 * t)
        t2 = t * t
        below = np.clip(t, 0, 1.1)
        cube = below * below * below
        taper = 1 - pointed * (cube * below)
        span = 1 - t2
        f = u * (1 / broad)
        slope_u = f * (2 / broad)
        f *= f
        f -= span * taper * taper
        cube *= 4 * pointed
        cube *= span
        slope_v = t * taper
        slope_v += cube
        slope_v *= taper
        slope_v *= 2 / tall
        slope_u *= slope_u
        slope_v *= slope_v
        slope_u += slope_v
        slope_u += 0.05
        np.sqrt(slope_u, out=slope_u)
        f /= slope_u
        whole, inner = p.rims(f, 0.020)
        line = whole - inner
        # what is left of the light after the rim and the shadow of the fringe
        lit = unit(1 + f * 7)
        lit *= lit
        lit *= -0.55
        lit += 1
        table, shift = fringe_locks(figures)
        first, _ = p.locks(p.u - shift, table[:, 1:-1], two=False)
        shadow = p.cover(first - 0.045)
        shadow *= -0.85
        shadow += 1
        # blush
        away = np.abs(p.u - figures.turn * 0.115)
        away -= 0.31
        away *= 1 / 0.13
        away *= away
        down = (p.v - 0.33 - 0.03 * figures.nod) * (1 / 0.075)
        down *= down
        away += down
        np.subtract(1, away, out=away)
        pink = unit(away)
        pink *= 0.06 + 0.7 * figures.col("blush")
        pink *= shadow
        pink *= inner
        inner -= pink
        lit *= shadow
        lit *= inner
        inner -= lit
        colour = mix(figures.skin, tone(255, 89, 97), 0.55)
        p.lay(
            whole,
            (figures.skin, lit), (figures.skin_shade, inner),
            (colour, pink), (figures.skin_line, line),
        )  # fmt: skip


def _nose_and_mouth(canvas: Canvas, figures: Figures) -> None:
    f = figures.f
    centre_u, nose_v = 0.14 * f["head_turn"], 0.345 + 0.075 * f["head_nod"]
    with canvas.patch(figures.head, centre_u, nose_v, 0.05, 0.05) as p:
        d = p.ellipse(
            column(centre_u) + 0.008, column(nose_v), column(0.018 + 0 * nose_v), column(0.024)
        )
        p.fill(p.cover(d) * 0.75, mix(figures.skin_shade, figures.skin_line, 0.45))
    centre_u, centre_v = 0.12 * f["head_turn"], 0.455 + 0.06 * f["head_nod"]
    smile, opened = figures.col("smile"), figures.col("mouth_open")
    half = 0.085 + 0.022 * np.abs(smile) ** 1.0 + 0.012 * opened
    with canvas.patch(figures.head, centre_u, centre_v, 0.16, 0.15) as p:
        x = p.u - column(centre_u)
        y = p.v - column(centre_v)
        q = x * (1 / half)
        q2 = q * q
        curve = 1 - q2
        top = curve * (0.036 * smile + 0.006 - 0.03 * opened)
        low = top + np.maximum(curve, 0) * (0.135 * opened)
        gap = np.maximum(top - y, y - low)
        gap *= 0.75
        inside = p.cover(gap + 0.004)
        p.fill(inside, tone(150, 52, 62))
        tongue = p.ellipse(
            column(centre_u),
            column(centre_v) + 0.03 + 0.085 * opened,
            half * 0.6,
            0.01 + 0.045 * opened,
        )
        p.fill(p.cover(tongue) * inside, tone(236, 122, 122))
        ends = np.abs(q) - 1
        ends *= half
        d = np.maximum(np.abs(gap) - 0.009, ends)
        p.fill(p.cover(d) * 0.95, mix(figures.skin_line, INK, 0.45))


def _brows(canvas: Canvas, figures: Figures) -> None:
    f = figures.f
    for side in (-1, 1):
        facing = side * f["head_turn"]
        centre_u = side * 0.25 * (1 - 0.08 * facing) + 0.11 * f["head_turn"]
        centre_v = -0.125 + 0.06 * f["head_nod"] - 0.02 * f["eye_openness"]
        with canvas.patch(figures.head, centre_u, centre_v, 0.17, 0.12) as p:
            out = (p.u - column(centre_u)) * side
            y = p.v - column(centre_v)
            y += figures.col("brow_angle") * 0.5 * out
            y += 1.3 * out * out
            thick = 0.026 * np.clip(1.3 - np.abs(out - 0.03) * 9, 0, 1)
            d = np.abs(y) - thick * 0.5
            np.maximum(d, np.abs(out) - 0.135, out=d)
            p.fill(p.cover(d) * 0.5, figures.hair_line * 0.9)
