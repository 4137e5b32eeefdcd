"""The figures of anime-style portraits: their factors, and the frames and colours that follow.

n figures. Head units: the face is about 1 wide, chin at v = 0.66, crown at v = -0.82, eyes at
v = 0.13.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vae.faces.brushes import Floats, Frame, column, mix, ramp, tone
from vae.faces.colours import EYES, HAIR, OUTFIT, SKIN, WHITE

SMALLEST, LARGEST = 1.0, 1.16  # scale of the head
MOST_TILT = 0.2  # radians


class Figures:
    """Factors of n figures, with the frames and colours that follow from them."""

    def __init__(self, factors: Mapping[str, NDArray[Any]]) -> None:
        f = self.f = dict(factors)
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
        tint = tone(0.70, 0.62, 0.76)
        skin = ramp(SKIN, f["skin_tone"])
        self.colours = {
            "hair": hair,
            "hair_shade": hair * tint,
            "hair_line": hair * (tint * 0.62),
            "hair_light": mix(hair, WHITE, 0.55),
            "skin": skin,
            "skin_shade": skin * tone(0.93, 0.79, 0.77),
            "skin_line": skin * tone(0.70, 0.47, 0.44),
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

    def take(self, some: NDArray[np.int64]) -> Figures:
        """Some of these figures, in that order."""
        part = Figures.__new__(Figures)
        part.f = {name: values[some] for name, values in self.f.items()}
        part.body, part.head = self.body.take(some), self.head.take(some)
        part.colours = {name: values[some] for name, values in self.colours.items()}
        part._ready()
        return part

    def col(self, name: str) -> Floats:
        """A factor, ready to meet pixels. [n, 1, 1]"""
        return column(self.f[name])
