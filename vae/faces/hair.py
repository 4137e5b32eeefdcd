"""The layers of hair in a portrait: behind the head, tails and buns, fringe and side locks.

Positions are in head units, see vae.faces.proportions.
Longer than 250 lines because the pieces of hair share one outline and one light.
"""

from __future__ import annotations

import numpy as np

from vae.faces.brushes import Canvas, Floats, Patch, column, unit, zigzag
from vae.faces.proportions import Figures

# Locks of hair as (tip u, tip v, slope, bulge, lean): the lower edge is v = tip - slope |p| -
# bulge p^2 where p is the distance from the middle line, which leans back by `lean`.
FRINGES = np.array(
    [
        [  # straight
            (-0.60, 0.20, 2.6, 3.0, -0.06), (-0.39, -0.01, 1.2, 7.0, -0.38),
            (-0.20, -0.05, 1.0, 7.0, -0.22), (-0.01, -0.02, 1.0, 7.0, 0.0),
            (0.18, -0.06, 1.0, 7.0, 0.22), (0.38, 0.0, 1.2, 7.0, 0.38),
            (0.60, 0.18, 2.6, 3.0, 0.06),
        ],
        [  # swept
            (-0.60, 0.26, 2.4, 3.0, -0.08), (-0.46, 0.03, 1.5, 4.0, -0.55),
            (-0.26, 0.07, 1.5, 4.0, -0.50), (-0.02, 0.0, 1.5, 4.0, -0.42),
            (0.19, -0.11, 1.5, 4.0, -0.22), (0.42, -0.06, 1.7, 4.0, 0.12),
            (0.60, 0.24, 2.4, 3.0, 0.08),
        ],
        [  # parted
            (-0.60, 0.28, 2.2, 3.0, -0.06), (-0.47, 0.08, 1.4, 2.0, -0.45),
            (-0.33, -0.10, 1.0, 0.9, -0.42), (0.0, -3.0, 1.0, 1.0, 0.0),
            (0.34, -0.13, 1.0, 0.9, 0.42), (0.48, 0.06, 1.4, 2.0, 0.45),
            (0.60, 0.26, 2.2, 3.0, 0.06),
        ],
        [  # pointed
            (-0.60, 0.24, 2.4, 3.0, -0.06), (-0.43, 0.04, 1.6, 3.5, -0.45),
            (-0.22, 0.0, 1.7, 3.5, -0.28), (0.02, 0.13, 2.1, 3.5, -0.04),
            (0.22, -0.04, 1.7, 3.5, 0.28), (0.44, 0.05, 1.6, 3.5, 0.45),
            (0.60, 0.22, 2.4, 3.0, 0.06),
        ],
    ],
    np.float32,
)  # fmt: skip

# Hair behind the head: half width at the ears, flare below them, end v at length 0 and 1.
BACK_HAIR = np.array(
    [
        (0.60, -0.30, 0.42, 0.60),
        (0.66, 0.10, 0.52, 0.82),
        (0.64, 0.16, 0.80, 1.35),
        (0.60, -0.16, 0.45, 0.62),
        (0.60, -0.16, 0.45, 0.62),
        (0.60, -0.16, 0.45, 0.62),
    ],
    np.float32,
)
SIDE_LOCK = np.array(
    [(0.22, 0.42), (0.38, 0.70), (0.50, 0.98), (0.42, 0.85), (0.38, 0.80), (0.42, 0.85)],
    np.float32,
)

# Values of hair_style that have layers of their own.
TWIN_TAILS, PONYTAIL, BUNS = 3, 4, 5


def back_hair(canvas: Canvas, figures: Figures) -> None:
    """The hair behind the head."""
    style = figures.f["hair_style"]
    width, flare, end0, end1 = (column(BACK_HAIR[style, i]) for i in range(4))
    end = end0 + (end1 - end0) * figures.col("hair_length")
    with canvas.patch(figures.head, 0, 0.15, 0.86, 1.25) as p:
        u = p.u + 0.035 * figures.turn
        v = p.v
        down = np.maximum(v, 0)
        side = np.abs(u)
        # outer edge: a dome above the ears, then a flare that curls in again near the end
        half = down * (flare * (1.4 - down))
        half += width
        above = np.minimum(v + 0.1, 0)
        above *= above
        half -= above * (width / 0.46)
        curl = np.maximum(v - end + 0.30, 0)
        half -= curl * curl * 0.9
        sway = zigzag(v * 1.6 + 0.2 * figures.turn)
        sway *= sway * (3 - 4 * sway)
        half += sway * 0.18
        d = side - half
        d *= 0.85
        wave = zigzag(u * 3.7 + 0.22)
        wave *= 0.22 + 0.75 * wave
        low = v - end
        low += wave
        low += 0.30 * side * side
        low *= 0.55
        np.maximum(d, low, out=d)
        strands = zigzag(u * 6.2 + 0.5 * v)
        strands *= 0.5
        strands += 0.75
        _lay_hair(p, figures, d, strands, None, None)


def tails(canvas: Canvas, figures: Figures) -> None:
    """Twin tails, ponytails and buns."""
    style = figures.f["hair_style"]
    for kind, sides in ((TWIN_TAILS, (-1, 1)), (PONYTAIL, (1,))):
        chosen = np.flatnonzero(style == kind)
        if not len(chosen):
            continue
        some = figures.take(chosen)
        length = 0.95 + 0.75 * some.col("hair_length")
        for side in sides:
            with canvas.patch(some.head, side * 0.74, 0.2, 0.30, 0.95, chosen) as p:
                u = side * (p.u + 0.04 * some.turn)
                t = p.v + 0.58
                t /= length
                spine = 0.52 + t * (1.05 - 0.85 * t)
                half = np.clip(t + 0.03, 0, 1)
                half = (0.10 + 0.55 * half) * (1 - np.minimum(t, 1)) * 0.62
                half *= unit(0.3 + 7 * t)
                half += 0.02 * zigzag(t * 4.0)
                d = np.abs(u - spine) - half
                np.maximum(d, -0.02 - t, out=d)
                np.maximum(d, (t - 1) * 0.6, out=d)
                d *= 0.8
                shade = unit(0.15 + 0.75 * zigzag((u - spine) * 5.5 + 0.3) + 0.35 * t)
                _lay_hair(p, some, d, shade, None, None)
    chosen = np.flatnonzero(style == BUNS)
    if len(chosen):
        some = figures.take(chosen)
        radius = column(np.full(some.num, 0.23, np.float32))
        for side in (-1, 1):
            with canvas.patch(some.head, side * 0.47, -0.62, 0.28, 0.28, chosen) as p:
                d = p.ellipse(side * 0.47, -0.62, radius, radius)
                shade = unit(0.35 + 1.6 * (d + 0.14) + 0.4 * (p.v + 0.62))
                light = p.ellipse(side * 0.47 - 0.06, -0.72, radius * 0.32, radius * 0.17)
                light = p.cover(light) * 0.5
                _lay_hair(p, some, d, shade, light, None)


def front_hair(canvas: Canvas, figures: Figures) -> None:
    """The locks at the sides of the face, then the fringe."""
    style = figures.f["hair_style"]
    low, high = column(SIDE_LOCK[style, 0]), column(SIDE_LOCK[style, 1])
    end = low + (high - low) * figures.col("hair_length")
    for side in (-1, 1):
        with canvas.patch(figures.head, side * 0.56, 0.37, 0.16, 0.58) as p:
            out = (p.u - 0.03 * figures.turn) * side
            t = p.v + (0.22 + 0.05 * side)
            t *= 1 / (end + 0.22)
            spine = t * -0.20
            spine += 0.16
            spine *= t
            spine += 0.535
            off = out - spine
            half = np.maximum(t, 0)
            half -= 1
            half *= -0.105 - 0.1365 * t
            d = np.abs(off)
            d -= half
            d *= 0.93
            # under the crown, and never wider than it there
            np.maximum(d, -0.16 - p.v, out=d)
            crown = np.maximum(p.v, -0.06)
            crown *= -0.3
            crown += out
            crown -= 0.643
            np.maximum(d, crown, out=d)
            off *= 7
            off += 0.5
            shade = zigzag(off)
            shade *= 1.2
            shade += 0.85 * t
            shade -= 0.15
            t -= 1
            t *= 0.5
            np.maximum(d, t, out=d)
            _lay_hair(p, figures, d, unit(shade), None, None)
    table, shift = fringe_locks(figures)
    with canvas.patch(figures.head, 0, -0.27, 0.69, 0.58) as p:
        first, second = p.locks(p.u - shift, table)
        u = p.u - 0.02 * figures.turn
        wide = column(np.full(figures.num, 0.645, np.float32))
        d = p.ellipse(0.02 * figures.turn, -0.08, wide, wide * 1.16)
        np.maximum(d, first, out=d)
        # parting lines between locks, fading towards the crown
        second -= first
        second *= 0.4
        part = p.line(second, 0.014)
        part *= unit(1 + first * 3.8)
        part *= 0.75
        # tips and rims in shade
        shade = unit(1 + d * 5.5)
        shade *= 0.75
        # a ring of light, jagged, following the skull
        ring = p.v + 0.50
        ring -= 0.46 * u * u
        jag = zigzag(u * 5.2 + 0.25)
        jag *= 0.16
        jag += 0.09 * zigzag(u * 8.7 + 0.1)
        ring_low = ring - 0.085
        ring_low += jag
        ring_low *= 0.6
        ring += 0.035
        ring *= -1
        np.maximum(ring, ring_low, out=ring)
        ring = p.cover(ring)
        ring *= unit(1.35 - 2.4 * np.abs(u + 0.05))
        ring *= 0.7
        _lay_hair(p, figures, d, shade, ring, part)


def fringe_locks(figures: Figures) -> tuple[Floats, Floats]:
    """The fringe as locks [n, 7, 5], see FRINGES, and how far it has turned aside. [n, 1, 1]"""
    table = FRINGES[figures.f["fringe"]].copy()
    table[:, :, 1] += 0.04 * figures.f["head_nod"][:, None]
    return table, 0.06 * figures.turn


def _lay_hair(
    patch: Patch,
    figures: Figures,
    distance: Floats,
    shade: Floats,
    light: Floats | None,
    part: Floats | None,
) -> None:
    """A piece of hair: its outline, and inside it shade, light and parting lines (0 to 1)."""
    whole, inner = patch.rims(distance, 0.022)
    if part is not None:
        part -= 1
        inner *= part
        np.negative(inner, out=inner)
    line = whole - inner
    if light is None:
        shade *= inner
        inner -= shade
        patch.lay(
            whole, (figures.hair, inner), (figures.hair_shade, shade), (figures.hair_line, line)
        )
        return
    light *= inner
    inner -= light
    shade *= inner
    inner -= shade
    patch.lay(
        whole,
        (figures.hair, inner),
        (figures.hair_shade, shade),
        (figures.hair_light, light),
        (figures.hair_line, line),
    )
