"""Anime-style faces drawn from known factors: the built-in data.

N faces asked for, n faces painted together, S picture size in pixels, h x w a box of a picture.
Head units: the face is about 1 wide, chin at v = 0.66, crown at v = -0.82, eyes at v = 0.13.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vae.drawing import Canvas, Floats, Frame, Patch, column, mix, ramp, unit, zigzag


@dataclass(frozen=True)
class Factor:
    """One thing that varies: continuous in [low, high], or one of the named `values`.

    `lean` shapes how a continuous factor is drawn ("even", "middle", "high", "low");
    `weights` are the chances of the values.
    """

    name: str
    low: float = 0.0
    high: float = 1.0
    values: tuple[str, ...] = ()
    weights: tuple[float, ...] = ()
    lean: str = "even"


FACTORS: tuple[Factor, ...] = (
    Factor(
        "hair_style",
        values=("short", "bob", "long", "twin tails", "ponytail", "buns"),
        weights=(0.14, 0.2, 0.26, 0.18, 0.12, 0.1),
    ),
    Factor(
        "fringe",
        values=("straight", "swept", "parted", "pointed"),
        weights=(0.28, 0.26, 0.18, 0.28),
    ),
    Factor("hair_length"),
    Factor("hair_hue"),
    Factor("hair_lightness", -1.0, 1.0, lean="middle"),
    Factor("eye_hue"),
    Factor("eye_size", lean="middle"),
    Factor("eye_slant", -1.0, 1.0, lean="middle"),
    Factor("eye_openness", lean="high"),
    Factor("gaze_x", -1.0, 1.0, lean="middle"),
    Factor("gaze_y", -1.0, 1.0, lean="middle"),
    Factor("brow_angle", -1.0, 1.0, lean="middle"),
    Factor("mouth_open", lean="low"),
    Factor("smile", -1.0, 1.0, lean="high"),
    Factor("skin_tone", lean="low"),
    Factor("blush"),
    Factor("face_width", -1.0, 1.0, lean="middle"),
    Factor("head_turn", -1.0, 1.0, lean="middle"),
    Factor("head_nod", -1.0, 1.0, lean="middle"),
    Factor("head_tilt", -1.0, 1.0, lean="middle"),
    Factor("position_x", -1.0, 1.0, lean="middle"),
    Factor("position_y", -1.0, 1.0, lean="middle"),
    Factor("scale", lean="middle"),
    Factor("outfit_hue"),
    Factor("background_hue"),
    Factor("glasses", values=("none", "round"), weights=(0.86, 0.14)),
    Factor(
        "accessory",
        values=("none", "ribbon", "hairpin", "headband", "cat ears"),
        weights=(0.44, 0.16, 0.16, 0.12, 0.12),
    ),
)


def _hashed(seed: int, indices: NDArray[np.int64], stream: int) -> NDArray[np.float64]:
    """Uniform numbers in [0, 1) from (seed, index, stream): splitmix64, Steele et al. 2014. [N]"""
    golden, word = 0x9E3779B97F4A7C15, 0xFFFFFFFFFFFFFFFF
    bits = indices.astype(np.uint64)
    for salt in (seed, stream):
        bits = bits + np.uint64((golden * (2 * salt + 1)) & word)
        bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        bits = bits ^ (bits >> np.uint64(31))
    return (bits >> np.uint64(11)).astype(np.float64) / 2.0**53


def sample_factors(seed: int, indices: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    """The factors of the faces with these indices: float32, or int64 class numbers. name: [N]

    A pure function of (seed, index), whatever else is asked for at the same time.
    """
    indices = np.asarray(indices, dtype=np.int64).reshape(-1)
    drawn: dict[str, NDArray[Any]] = {}
    for stream, factor in enumerate(FACTORS):
        chance = _hashed(seed, indices, stream)
        if factor.values:
            edges = np.cumsum(factor.weights)[:-1]
            drawn[factor.name] = np.searchsorted(edges, chance, side="right").astype(np.int64)
            continue
        if factor.lean == "middle":
            chance = 0.5 + (chance - 0.5) * (0.4 + 2.4 * (chance - 0.5) ** 2)
        elif factor.lean == "high":
            chance = 1 - chance**4
        elif factor.lean == "low":
            chance = chance**2
        drawn[factor.name] = (factor.low + (factor.high - factor.low) * chance).astype(np.float32)
    return drawn


def _palette(*colours: str) -> Floats:
    return np.array([[int(c[i : i + 2], 16) for i in (0, 2, 4)] for c in colours], np.float32)


HAIR = _palette(
    "d2474b", "a8513f", "7b4a3c", "4c3b42", "4a4f78", "5c83cc", "79c3dc", "7fcbb0",
    "d3dfe2", "b89ce0", "f3a3b5", "f2a765", "f0d68a",
)  # fmt: skip
EYES = _palette("d8484f", "d99a35", "6fae4e", "2fa597", "3f86d9", "7a62d6", "d85fa6")
SKIN = _palette("ffeadd", "fcdcc4", "eec09a", "c98d66", "9a6548")
OUTFIT = _palette("42527f", "7a3f55", "3f6f73", "d98a94", "f1ead9", "6d6a94")
BACK_TOP = _palette("fbd9dd", "fde5cb", "f4f0cf", "d5efd9", "cfeaf2", "d3dcf7", "e6d6f5")
BACK_LOW = _palette("f6c6d6", "f9cfc4", "f3dcb4", "b8e0d2", "b4d6ee", "c3c6f1", "dcc0ec")


def _tone(*rgb: float) -> Floats:
    return np.array(rgb, np.float32)[None, :, None, None]


WHITE, INK = _tone(255, 255, 255), _tone(62, 40, 52)

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
# Values of hair_style and of accessory that have layers of their own.
TWIN_TAILS, PONYTAIL, BUNS = 3, 4, 5
RIBBON, HAIRPIN, HEADBAND, CAT_EARS = 1, 2, 3, 4

SMALLEST, LARGEST = 1.0, 1.16  # scale of the head
MOST_TILT = 0.2  # radians


class _Faces:
    """Factors of n faces, with the frames and colours that follow from them."""

    def __init__(self, factors: Mapping[str, NDArray[Any]]) -> None:
        f: dict[str, NDArray[Any]] = {}
        for factor in FACTORS:
            values = np.asarray(factors[factor.name]).reshape(-1)
            if factor.values:
                f[factor.name] = np.clip(values, 0, len(factor.values) - 1).astype(np.int64)
            else:
                f[factor.name] = np.clip(values, factor.low, factor.high).astype(np.float32)
        self.f = f
        scale = SMALLEST + (LARGEST - SMALLEST) * f["scale"]
        x, y = 0.08 * f["position_x"], 0.05 + 0.06 * f["position_y"]
        angle = MOST_TILT * f["head_tilt"]
        cosine, sine = np.cos(angle), np.sin(angle)
        zero = np.zeros_like(scale)
        self.body = Frame(x, y, scale, zero + 1, zero, LARGEST, 0.0)
        pivot = 0.6  # the head turns about a point at the chin
        turned_x, turned_y = x + scale * pivot * sine, y + scale * pivot * (1 - cosine)
        self.head = Frame(turned_x, turned_y, scale, cosine, sine, LARGEST, MOST_TILT)
        hair = ramp(HAIR, f["hair_hue"])
        light = f["hair_lightness"][:, None, None, None]
        hair = mix(hair, WHITE, 0.22 * np.maximum(light, 0)) * (1 + 0.2 * np.minimum(light, 0))
        tint = _tone(0.70, 0.62, 0.76)
        skin = ramp(SKIN, f["skin_tone"])
        self.colours = {
            "hair": hair,
            "hair_shade": hair * tint,
            "hair_line": hair * (tint * 0.62),
            "hair_light": mix(hair, WHITE, 0.55),
            "skin": skin,
            "skin_shade": skin * _tone(0.93, 0.79, 0.77),
            "skin_line": skin * _tone(0.70, 0.47, 0.44),
            "eye": ramp(EYES, f["eye_hue"], cyclic=True),
            "outfit": ramp(OUTFIT, f["outfit_hue"], cyclic=True),
            "trim": ramp(EYES, f["outfit_hue"] + 0.45, cyclic=True),
        }
        self._ready()

    def _ready(self) -> None:
        self.num = len(self.f["hair_hue"])
        self.turn, self.nod = self.col("head_turn"), self.col("head_nod")
        c = self.colours
        self.hair, self.hair_shade = c["hair"], c["hair_shade"]
        self.hair_line, self.hair_light = c["hair_line"], c["hair_light"]
        self.skin, self.skin_shade, self.skin_line = c["skin"], c["skin_shade"], c["skin_line"]
        self.eye, self.outfit, self.trim = c["eye"], c["outfit"], c["trim"]

    def take(self, some: NDArray[np.int64]) -> _Faces:
        """Some of these faces, in that order."""
        part = _Faces.__new__(_Faces)
        part.f = {name: values[some] for name, values in self.f.items()}
        part.body, part.head = self.body.take(some), self.head.take(some)
        part.colours = {name: values[some] for name, values in self.colours.items()}
        part._ready()
        return part

    def col(self, name: str) -> Floats:
        return column(self.f[name])

    def lay_hair(
        self,
        patch: Patch,
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
            patch.lay(whole, (self.hair, inner), (self.hair_shade, shade), (self.hair_line, line))
            return
        light *= inner
        inner -= light
        shade *= inner
        inner -= shade
        patch.lay(
            whole,
            (self.hair, inner),
            (self.hair_shade, shade),
            (self.hair_light, light),
            (self.hair_line, line),
        )


def _background(canvas: Canvas, faces: _Faces) -> None:
    hue = faces.f["background_hue"]
    top, low = ramp(BACK_TOP, hue, cyclic=True), ramp(BACK_LOW, hue, cyclic=True)
    across = ((np.arange(canvas.size, dtype=np.float32) + 0.5) * (2 / canvas.size) - 1)[None, :]
    down = across.T
    share = np.clip(0.5 + 0.42 * down + 0.12 * across, 0, 1)
    glow = np.clip(1 - (across * across + (down + 0.1) ** 2) / 1.5, 0, 1) ** 2 * 0.55
    np.multiply(low - top, share * (1 - glow), out=canvas.rgb)
    canvas.rgb += top * (1 - glow) + 255 * glow


def _back_hair(canvas: Canvas, faces: _Faces) -> None:
    style = faces.f["hair_style"]
    width, flare, end0, end1 = (column(BACK_HAIR[style, i]) for i in range(4))
    end = end0 + (end1 - end0) * faces.col("hair_length")
    with canvas.patch(faces.head, 0, 0.15, 0.86, 1.25) as p:
        u = p.u + 0.035 * faces.turn
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
        sway = zigzag(v * 1.6 + 0.2 * faces.turn)
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
        faces.lay_hair(p, d, strands, None, None)


def _tails(canvas: Canvas, faces: _Faces) -> None:
    style = faces.f["hair_style"]
    for kind, sides in ((TWIN_TAILS, (-1, 1)), (PONYTAIL, (1,))):
        chosen = np.flatnonzero(style == kind)
        if not len(chosen):
            continue
        some = faces.take(chosen)
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
                some.lay_hair(p, d, shade, None, None)
    chosen = np.flatnonzero(style == BUNS)
    if len(chosen):
        some = faces.take(chosen)
        radius = column(np.full(some.num, 0.23, np.float32))
        for side in (-1, 1):
            with canvas.patch(some.head, side * 0.47, -0.62, 0.28, 0.28, chosen) as p:
                d = p.ellipse(side * 0.47, -0.62, radius, radius)
                shade = unit(0.35 + 1.6 * (d + 0.14) + 0.4 * (p.v + 0.62))
                light = p.ellipse(side * 0.47 - 0.06, -0.72, radius * 0.32, radius * 0.17)
                light = p.cover(light) * 0.5
                some.lay_hair(p, d, shade, light, None)


def _body(canvas: Canvas, faces: _Faces) -> None:
    with canvas.patch(faces.body, 0, 0.77, 0.70, 0.27) as p:
        u = np.abs(p.u)
        # clothes: shoulders that fall away from the neck
        d = 0.70 + 0.40 * u * u + 0.10 * u - p.v
        d *= -1
        shoulders = np.maximum(-d, u - 0.66)
        clothes = p.cover(shoulders + 0)
        p.outlined(shoulders, 0.024, faces.outfit, faces.outfit * 0.6)
        # neck and the opening of the collar
        neck = np.maximum(u - 0.145 - 0.25 * np.maximum(p.v - 0.76, 0), p.v - 0.93 + 0.9 * u)
        shade = unit((0.86 - p.v) * 6)
        whole, inner = p.rims(neck, 0.024)
        line = whole - inner
        shade *= inner
        inner -= shade
        p.lay(whole, (faces.skin, inner), (faces.skin_shade, shade), (faces.skin_line, line))
        collar = 0.9 * u + p.v - 0.93
        np.abs(collar - 0.06, out=collar)
        collar = p.line(collar, 0.05)
        collar *= clothes
        p.fill(collar, mix(WHITE, faces.outfit, 0.12))


def _face(canvas: Canvas, faces: _Faces) -> None:
    broad = 0.510 + 0.045 * faces.col("face_width")
    pointed = 0.40 - 0.06 * faces.col("face_width")
    tall = 0.63 + 0.02 * faces.nod
    with canvas.patch(faces.head, 0, 0.10, 0.60, 0.58) as p:
        t = p.v / tall
        u = p.u - faces.turn * (0.025 + 0.06 * t)
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
        table, shift = _fringe_locks(faces)
        first, _ = p.locks(p.u - shift, table[:, 1:-1], two=False)
        shadow = p.cover(first - 0.045)
        shadow *= -0.85
        shadow += 1
        # blush
        away = np.abs(p.u - faces.turn * 0.115)
        away -= 0.31
        away *= 1 / 0.13
        away *= away
        down = (p.v - 0.33 - 0.03 * faces.nod) * (1 / 0.075)
        down *= down
        away += down
        np.subtract(1, away, out=away)
        pink = unit(away)
        pink *= 0.06 + 0.7 * faces.col("blush")
        pink *= shadow
        pink *= inner
        inner -= pink
        lit *= shadow
        lit *= inner
        inner -= lit
        colour = mix(faces.skin, _tone(255, 89, 97), 0.55)
        p.lay(
            whole,
            (faces.skin, lit), (faces.skin_shade, inner),
            (colour, pink), (faces.skin_line, line),
        )  # fmt: skip


def _fringe_locks(faces: _Faces) -> tuple[Floats, Floats]:
    table = FRINGES[faces.f["fringe"]].copy()
    table[:, :, 1] += 0.04 * faces.f["head_nod"][:, None]
    return table, 0.06 * faces.turn


def _eyes(canvas: Canvas, faces: _Faces) -> None:
    f = faces.f
    size = 0.86 + 0.26 * f["eye_size"]
    for side in (-1, 1):
        facing = side * f["head_turn"]
        centre_u = side * 0.245 * (1 - 0.08 * facing) + 0.12 * f["head_turn"]
        centre_v = 0.16 + 0.06 * f["head_nod"]
        half = column(0.160 * size * (1 - 0.13 * facing))
        tall = column(0.200 * size)
        opened = faces.col("eye_openness")
        opened = opened * (1.5 - 0.5 * opened)
        with canvas.patch(faces.head, centre_u, centre_v, 0.212, 0.245) as p:
            x = p.u - column(centre_u)
            y = p.v - column(centre_v)
            out = side * x  # towards the outer corner
            y += faces.col("eye_slant") * 0.16 * out
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
            p.fill(inside, mix(WHITE, faces.skin_shade, 0.06))
            # iris
            gaze_x = 0.045 * f["gaze_x"] + 0.02 * f["head_turn"]
            gaze_x, gaze_y = column(gaze_x), 0.035 * faces.col("gaze_y") - 0.10 * tall
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
                (mix(faces.eye, WHITE, 0.35), down),
                (faces.eye * 0.42, rim), (faces.eye * 0.3, edge),
            )  # fmt: skip
            bright = p.ellipse(
                column(centre_u) + gaze_x, column(centre_v) + gaze_y + 0.5 * b, a * 0.62, b * 0.32
            )
            bright = p.cover(bright)
            bright *= 0.45
            bright *= disc
            p.fill(bright, mix(faces.eye, WHITE, 0.7))
            pupil = p.ellipse(
                column(centre_u) + gaze_x, column(centre_v) + gaze_y - 0.03 * b, a * 0.42, b * 0.46
            )
            pupil = p.cover(pupil)
            pupil *= disc
            pupil *= 0.9
            p.fill(pupil, faces.eye * 0.2)
            # shadow of the lid
            lid = unit(1 - (y - upper) * (1 / 0.07))
            lid *= inside
            lid *= 0.45
            p.fill(lid, faces.eye * 0.25 + 30)
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
            lash = INK + 0.12 * faces.hair_shade
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
            p.fill(under, mix(lash, faces.skin_line, 0.5))
            crease = p.line(y - upper + 0.085 + 0.02 * q2, 0.012)
            crease *= unit((1 - q2) * 1.5)
            crease *= 0.45 * opened
            p.fill(crease, faces.skin_line)


def _nose_and_mouth(canvas: Canvas, faces: _Faces) -> None:
    f = faces.f
    centre_u, nose_v = 0.14 * f["head_turn"], 0.345 + 0.075 * f["head_nod"]
    with canvas.patch(faces.head, centre_u, nose_v, 0.05, 0.05) as p:
        d = p.ellipse(
            column(centre_u) + 0.008, column(nose_v), column(0.018 + 0 * nose_v), column(0.024)
        )
        p.fill(p.cover(d) * 0.75, mix(faces.skin_shade, faces.skin_line, 0.45))
    centre_u, centre_v = 0.12 * f["head_turn"], 0.455 + 0.06 * f["head_nod"]
    smile, opened = faces.col("smile"), faces.col("mouth_open")
    half = 0.085 + 0.022 * np.abs(smile) ** 1.0 + 0.012 * opened
    with canvas.patch(faces.head, centre_u, centre_v, 0.16, 0.15) as p:
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
        p.fill(inside, _tone(150, 52, 62))
        tongue = p.ellipse(
            column(centre_u),
            column(centre_v) + 0.03 + 0.085 * opened,
            half * 0.6,
            0.01 + 0.045 * opened,
        )
        p.fill(p.cover(tongue) * inside, _tone(236, 122, 122))
        ends = np.abs(q) - 1
        ends *= half
        d = np.maximum(np.abs(gap) - 0.009, ends)
        p.fill(p.cover(d) * 0.95, mix(faces.skin_line, INK, 0.45))


def _front_hair(canvas: Canvas, faces: _Faces) -> None:
    style = faces.f["hair_style"]
    low, high = column(SIDE_LOCK[style, 0]), column(SIDE_LOCK[style, 1])
    end = low + (high - low) * faces.col("hair_length")
    for side in (-1, 1):
        with canvas.patch(faces.head, side * 0.56, 0.37, 0.16, 0.58) as p:
            out = (p.u - 0.03 * faces.turn) * side
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
            faces.lay_hair(p, d, unit(shade), None, None)
    table, shift = _fringe_locks(faces)
    with canvas.patch(faces.head, 0, -0.27, 0.69, 0.58) as p:
        first, second = p.locks(p.u - shift, table)
        u = p.u - 0.02 * faces.turn
        wide = column(np.full(faces.num, 0.645, np.float32))
        d = p.ellipse(0.02 * faces.turn, -0.08, wide, wide * 1.16)
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
        faces.lay_hair(p, d, shade, ring, part)


def _brows(canvas: Canvas, faces: _Faces) -> None:
    f = faces.f
    for side in (-1, 1):
        facing = side * f["head_turn"]
        centre_u = side * 0.25 * (1 - 0.08 * facing) + 0.11 * f["head_turn"]
        centre_v = -0.125 + 0.06 * f["head_nod"] - 0.02 * f["eye_openness"]
        with canvas.patch(faces.head, centre_u, centre_v, 0.17, 0.12) as p:
            out = (p.u - column(centre_u)) * side
            y = p.v - column(centre_v)
            y += faces.col("brow_angle") * 0.5 * out
            y += 1.3 * out * out
            thick = 0.026 * np.clip(1.3 - np.abs(out - 0.03) * 9, 0, 1)
            d = np.abs(y) - thick * 0.5
            np.maximum(d, np.abs(out) - 0.135, out=d)
            p.fill(p.cover(d) * 0.5, faces.hair_line * 0.9)


def _glasses(canvas: Canvas, faces: _Faces) -> None:
    chosen = np.flatnonzero(faces.f["glasses"] == 1)
    if not len(chosen):
        return
    some = faces.take(chosen)
    f = some.f
    frame = _tone(70, 50, 66) + 0.25 * some.outfit
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


def _ears(canvas: Canvas, faces: _Faces) -> None:
    chosen = np.flatnonzero(faces.f["accessory"] == CAT_EARS)
    if len(chosen):
        _cat_ears(canvas, faces.take(chosen), chosen)


def _accessories(canvas: Canvas, faces: _Faces) -> None:
    kinds = faces.f["accessory"]
    for kind, draw in (
        (HEADBAND, _headband), (RIBBON, _ribbon), (HAIRPIN, _hairpin)
    ):  # fmt: skip
        chosen = np.flatnonzero(kinds == kind)
        if len(chosen):
            draw(canvas, faces.take(chosen), chosen)


def _headband(canvas: Canvas, faces: _Faces, chosen: NDArray[np.int64]) -> None:
    with canvas.patch(faces.head, 0, -0.5, 0.68, 0.36, chosen) as p:
        u = p.u - 0.03 * faces.turn
        band = p.v + 0.70 - 0.62 * u * u
        d = np.maximum(
            np.abs(band) - 0.05, p.ellipse(0.02 * faces.turn, -0.08, column(0.655), column(0.76))
        )
        colour = mix(faces.outfit, WHITE, 0.25)
        p.outlined(d, 0.02, colour, colour * 0.6)


def _cat_ears(canvas: Canvas, faces: _Faces, chosen: NDArray[np.int64]) -> None:
    for side in (-1, 1):
        with canvas.patch(faces.head, side * 0.43, -0.70, 0.28, 0.28, chosen) as p:
            x = side * (p.u - 0.01 * faces.turn) - 0.40
            y = p.v + 0.70
            x = x + 0.30 * y
            d = np.abs(x) * (0.80 + 1.6 * np.abs(x)) - (y + 0.25) * 0.62
            np.maximum(d * 0.75, y - 0.20, out=d)
            p.outlined(d, 0.022, faces.hair, faces.hair_line)
            p.fill(p.cover(d + 0.07), mix(faces.skin, _tone(245, 150, 165), 0.6))


def _ribbon(canvas: Canvas, faces: _Faces, chosen: NDArray[np.int64]) -> None:
    colour = faces.trim
    with canvas.patch(faces.head, 0.42, -0.60, 0.30, 0.26, chosen) as p:
        x = p.u - 0.42 - 0.03 * faces.turn
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


def _hairpin(canvas: Canvas, faces: _Faces, chosen: NDArray[np.int64]) -> None:
    petal = mix(faces.trim, WHITE, 0.45)
    with canvas.patch(faces.head, 0.44, -0.30, 0.16, 0.16, chosen) as p:
        x = p.u - 0.44 - 0.04 * faces.turn
        y = p.v + 0.30
        d = np.full_like(x, 9)
        for k in range(5):
            a = 0.4 + k * 2 * math.pi / 5
            across, down = x - 0.065 * math.cos(a), y - 0.065 * math.sin(a)
            near = np.sqrt(across * across + down * down) - 0.055
            np.minimum(d, near, out=d)
        p.outlined(d, 0.016, petal, petal * 0.62)
        p.fill(p.cover(np.sqrt(x * x + y * y) - 0.038), _tone(250, 214, 110))


def _paint(faces: _Faces, size: int) -> NDArray[np.uint8]:
    """A few faces painted together, back to front. [n, S, S, 3]"""
    canvas = Canvas(faces.num, size)
    for layer in (
        _background, _back_hair, _tails, _ears, _body, _face, _nose_and_mouth, _eyes, _glasses,
        _front_hair, _brows, _accessories,
    ):  # fmt: skip
        layer(canvas, faces)
    return canvas.pixels()


def render(factors: Mapping[str, NDArray[Any]], size: int = 64) -> NDArray[np.uint8]:
    """The faces with these factors (see `FACTORS`), anti-aliased. [N, size, size, 3]"""
    # Freeing one large block makes glibc keep smaller ones for reuse instead of handing each back
    # to the system (mallopt(3), M_MMAP_THRESHOLD): a quarter less time. It is never touched.
    np.empty(1 << 24, dtype=np.uint8)
    everyone = _Faces(factors)
    pictures = np.empty((everyone.num, size, size, 3), dtype=np.uint8)
    # alike faces share layers, and the planes of a chunk stay in the processor's cache
    order = np.lexsort([everyone.f[k] for k in ("glasses", "accessory", "hair_style")])
    chunk = max(1, 16 * 64 * 64 // (size * size))
    for start in range(0, everyone.num, chunk):
        some = order[start : start + chunk]
        pictures[some] = _paint(everyone.take(some), size)
    return pictures


def faces(seed: int, indices: NDArray[np.int64], size: int = 64) -> NDArray[np.uint8]:
    """The faces with these indices. [N, size, size, 3]"""
    return render(sample_factors(seed, indices), size)
