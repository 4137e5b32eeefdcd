"""The eyes of a portrait. Positions are in head units, see vae.faces.proportions."""

from __future__ import annotations

import numpy as np

from vae.faces.brushes import Canvas, column, mix, unit
from vae.faces.colours import INK, WHITE
from vae.faces.proportions import Figures


def eyes(canvas: Canvas, figures: Figures) -> None:
    f = figures.f
    size = 0.86 + 0.26 * f["eye_size"]
    for side in (-1, 1):
        facing = side * f["head_turn"]
        centre_u = side * 0.245 * (1 - 0.08 * facing) + 0.12 * f["head_turn"]
        centre_v = 0.16 + 0.06 * f["head_nod"]
        half = column(0.160 * size * (1 - 0.13 * facing))
        tall = column(0.200 * size)
        opened = figures.col("eye_openness")
        opened = opened * (1.5 - 0.5 * opened)
        with canvas.patch(figures.head, centre_u, centre_v, 0.212, 0.245) as p:
            x = p.u - column(centre_u)
            y = p.v - column(centre_v)
            out = side * x  # towards the outer corner
            y += figures.col("eye_slant") * 0.16 * out
            q = out * (1 / half)
            q2 = q * q
            np.minimum(q2, 1, out=q2)
            arch = 1 - q2 * (0.25 + 0.75 * q2)
            upper = arch * (tall * 0.92)
            upper *= -opened
            shut = (1 - opened) * tall
            upper += shut * (0.45 + 0.25 * (1 - q2))
            lower = 1 - q2 * (0.55 + 0.45 * q2)
            lower *= tall * 0.80
            inside = np.maximum(upper - y, y - lower)
            np.maximum(inside, (np.abs(q) - 1) * half, out=inside)
            inside = p.cover(inside)
            p.fill(inside, mix(WHITE, figures.skin_shade, 0.06))
            # iris
            gaze_x = 0.045 * f["gaze_x"] + 0.02 * f["head_turn"]
            gaze_x, gaze_y = column(gaze_x), 0.035 * figures.col("gaze_y") - 0.10 * tall
            a, b = half * 0.70, tall * 0.86
            iris_d = p.ellipse(column(centre_u) + gaze_x, column(centre_v) + gaze_y, a, b)
            down = unit(0.5 + (y - gaze_y) * (0.55 / b))
            whole, rim = p.rims(iris_d, 0.024)
            whole *= inside
            disc = whole.copy()
            rim *= inside
            edge = whole - rim
            down *= rim
            rim -= down
            p.lay(
                whole,
                (mix(figures.eye, WHITE, 0.35), down),
                (figures.eye * 0.42, rim), (figures.eye * 0.3, edge),
            )  # fmt: skip
            bright = p.ellipse(
                column(centre_u) + gaze_x, column(centre_v) + gaze_y + 0.5 * b, a * 0.62, b * 0.32
            )
            bright = p.cover(bright)
            bright *= 0.45
            bright *= disc
            p.fill(bright, mix(figures.eye, WHITE, 0.7))
            pupil = p.ellipse(
                column(centre_u) + gaze_x, column(centre_v) + gaze_y - 0.03 * b, a * 0.42, b * 0.46
            )
            pupil = p.cover(pupil)
            pupil *= disc
            pupil *= 0.9
            p.fill(pupil, figures.eye * 0.2)
            # shadow of the lid
            lid = unit(1 - (y - upper) * (1 / 0.07))
            lid *= inside
            lid *= 0.45
            p.fill(lid, figures.eye * 0.25 + 30)
            shine = p.cover(
                p.ellipse(
                    column(centre_u) + gaze_x - 0.42 * a,
                    column(centre_v) + gaze_y - 0.38 * b, a * 0.34, b * 0.27,
                )
            )  # fmt: skip
            shine *= inside
            p.fill(shine, WHITE)
            shine = p.cover(
                p.ellipse(
                    column(centre_u) + gaze_x + 0.40 * a,
                    column(centre_v) + gaze_y + 0.40 * b, a * 0.18, b * 0.13,
                )
            )  # fmt: skip
            shine *= inside
            shine *= 0.9
            p.fill(shine, WHITE)
            # lashes
            lash = INK + 0.12 * figures.hair_shade
            thick = np.clip(1.10 - np.abs(q - 0.22), 0, 0.62)
            thick *= 0.100 * size[:, None, None]
            wing = np.maximum(q - 0.55, 0)
            wing *= wing
            stroke = y - upper + thick * 0.25 + wing * 0.30
            np.abs(stroke, out=stroke)
            stroke /= 1 + opened * (q2 * (0.7 + 2.4 * q2))  # the lid is steep at its ends
            stroke -= thick * 0.5
            thick *= 1.5 * p.sharp
            np.maximum(stroke, (np.abs(q - 0.10) - 1.13) * half, out=stroke)
            stroke = p.cover(stroke)
            stroke *= unit(thick)
            p.fill(stroke, lash)
            under = p.line(y - lower - 0.004, 0.016)
            under *= unit((q + 0.55) * 3) * unit((0.72 - q) * 4)
            under *= 0.75
            p.fill(under, mix(lash, figures.skin_line, 0.5))
            crease = p.line(y - upper + 0.085 + 0.02 * q2, 0.012)
            crease *= unit((1 - q2) * 1.5)
            crease *= 0.45 * opened
            p.fill(crease, figures.skin_line)
