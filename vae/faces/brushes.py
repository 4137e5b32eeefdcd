"""Soft-edged drawing on many small pictures at once.

n pictures of S x S pixels, h x w a box of them, 3 the colour channels (0 to 255, red first).
Distances and positions are in picture units: the picture spans -1 to 1, y down.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[Any]  # float32 throughout; the stubs of numpy widen mixed arithmetic


def column(values: Floats | float) -> Floats:
    """One value per picture, ready to meet pixels. [n, 1, 1]"""
    return np.asarray(values, dtype=np.float32).reshape(-1, 1, 1)


def palette(*colours: str) -> Floats:
    """Colours written as rrggbb. [k, 3]"""
    return np.array([[int(c[i : i + 2], 16) for i in (0, 2, 4)] for c in colours], np.float32)


def tone(*rgb: float) -> Floats:
    """One colour for every picture, or a factor for each channel. [1, 3, 1, 1]"""
    return np.array(rgb, np.float32)[None, :, None, None]


def ramp(stops: Floats, position: Floats, cyclic: bool = False) -> Floats:
    """Colours along stops [k, 3] at positions 0 to 1, linearly between them. [n, 3, 1, 1]"""
    stops = np.vstack([stops, stops[:1]]) if cyclic else stops
    at = (np.mod(position, 1) if cyclic else np.clip(position, 0, 1)) * (len(stops) - 1)
    below = np.minimum(at.astype(np.int64), len(stops) - 2)
    share = (at - below).astype(np.float32)[:, None]
    colours = stops[below] * (1 - share) + stops[below + 1] * share
    return np.asarray(colours, dtype=np.float32)[:, :, None, None]


def mix(first: Floats, second: Floats | float, share: Floats | float) -> Floats:
    """`first` moved towards `second` by `share` (0 to 1). Shapes broadcast."""
    return np.asarray(first + (second - first) * share, dtype=np.float32)


def unit(values: Floats) -> Floats:
    """The values clipped to 0 to 1, in place."""
    return np.clip(values, 0, 1, out=values)


def zigzag(values: Floats) -> Floats:
    """A triangle wave of period 1: 0 at whole numbers, 0.5 half-way."""
    wave: Floats = values - np.rint(values)
    return np.abs(wave, out=wave)


@dataclass(frozen=True)
class Frame:
    """A coordinate system per picture: picture = origin + scale * turned(u, v). Each [n].

    `largest` and `steepest` bound the scale and the sine, so that the size of a box does not
    depend on which pictures are painted together.
    """

    x: Floats
    y: Floats
    scale: Floats
    cosine: Floats
    sine: Floats
    largest: float
    steepest: float

    def place(self, u: Floats | float, v: Floats | float) -> tuple[Floats, Floats]:
        """Where the point (u, v) lies in the picture. ([n], [n])"""
        across = self.x + self.scale * (self.cosine * u - self.sine * v)
        return across, self.y + self.scale * (self.sine * u + self.cosine * v)

    def take(self, some: NDArray[np.int64]) -> Frame:
        """The frames of some of the pictures."""
        return Frame(
            self.x[some], self.y[some], self.scale[some], self.cosine[some], self.sine[some],
            self.largest, self.steepest,
        )  # fmt: skip


@dataclass(frozen=True)
class Patch:
    """A box of every picture, with the coordinates of its pixels in a frame."""

    rgb: Floats  # [n, 3, h, w]
    u: Floats  # [n, h, w]
    v: Floats  # [n, h, w]
    sharp: Floats  # pixels per unit of the frame [n, 1, 1]

    def cover(self, distance: Floats) -> Floats:
        """Share of each pixel inside the shape whose signed distance is given. Overwrites it."""
        distance *= -self.sharp
        distance += 0.5
        return unit(distance)

    def line(self, distance: Floats, width: Floats | float) -> Floats:
        """Share of each pixel under a line of that width. Overwrites `distance`."""
        np.abs(distance, out=distance)
        thick = self.sharp * width
        distance *= -self.sharp
        distance += 0.5 + 0.5 * thick
        np.maximum(distance, 0, out=distance)
        np.minimum(distance, np.clip(thick, 0, 1), out=distance)
        return distance

    def ellipse(self, u: Floats | float, v: Floats | float, a: Floats, b: Floats) -> Floats:
        """Signed distance (near the edge) to an ellipse with centre (u, v), half axes a and b."""
        across = self.u - u
        across *= 1 / a
        down = self.v - v
        down *= 1 / b
        np.multiply(across, across, out=across)
        np.multiply(down, down, out=down)
        across += down
        np.sqrt(across, out=across)
        across -= 1
        across *= np.minimum(a, b) * 0.6 + np.maximum(a, b) * 0.4
        return across

    def rims(self, distance: Floats, width: float) -> tuple[Floats, Floats]:
        """Shares of each pixel inside a shape with its outline, and inside the outline."""
        inner = distance * -self.sharp
        half = 0.5 * width * self.sharp
        whole = inner + (0.5 + half)
        inner += 0.5 - half
        return unit(whole), unit(inner)

    def fill(self, alpha: Floats, colour: Floats) -> None:
        """Lay one colour [n, 3, 1, 1] over the box with opacity alpha [n, h, w]."""
        change = colour - self.rgb
        change *= alpha[:, None]
        np.add(self.rgb, change, out=self.rgb)

    def lay(self, whole: Floats, *layers: tuple[Floats, Floats]) -> None:
        """Lay several colours at once: (colour [n or 1, 3, 1, 1], its share [n, h, w]) each.

        `whole` is the sum of the shares: what hides the pixels below.
        """
        n, _, h, w = self.rgb.shape
        shares = np.empty((n, len(layers), h, w), np.float32)
        colours = np.empty((n, 3, len(layers)), np.float32)
        for k, (colour, share) in enumerate(layers):
            shares[:, k] = share
            colours[:, :, k] = colour[:, :, 0, 0]
        np.subtract(1, whole, out=whole)
        np.multiply(self.rgb, whole[:, None], out=self.rgb)
        paint = np.matmul(colours, shares.reshape(n, len(layers), h * w))
        np.add(self.rgb, paint.reshape(n, 3, h, w), out=self.rgb)

    def outlined(self, distance: Floats, width: float, colour: Floats, edge: Floats) -> None:
        """Lay a shape of one colour with a soft outline of another."""
        whole, inner = self.rims(distance, width)
        self.lay(whole, (colour, inner), (edge, whole - inner))

    def locks(self, u: Floats, table: Floats, two: bool = True) -> tuple[Floats, Floats]:
        """Signed distances to the nearest and second nearest of locks [n, k, 5]. [n, h, w] x2

        A lock is (tip u, tip v, slope, bulge, lean): all above v = tip - slope |p| - bulge p^2,
        where p is the distance from its middle line, which leans back by `lean`. The second
        distance is only worked out when `two` are wanted.
        """
        tip_u, tip_v, slope, bulge, lean = (table[:, :, i] for i in range(5))
        steep = 1 / np.sqrt(1 + (slope + 0.12 * bulge) ** 2)
        first = np.full_like(self.v, 9)
        second = np.full_like(self.v, 9)
        for k in range(table.shape[1]):
            p = self.v * column(-lean[:, k])
            p += u
            p += column(lean[:, k] * tip_v[:, k] - tip_u[:, k])
            np.abs(p, out=p)
            edge = p * column(bulge[:, k] * steep[:, k])
            edge += column(slope[:, k] * steep[:, k])
            edge *= p
            np.multiply(self.v, column(steep[:, k]), out=p)
            p -= column(tip_v[:, k] * steep[:, k])
            edge += p
            if two:
                np.maximum(first, edge, out=p)
                np.minimum(second, p, out=second)
            np.minimum(first, edge, out=first)
        return first, second


class Canvas:
    """n square pictures being painted: rgb [n, 3, S, S]."""

    def __init__(self, num: int, size: int) -> None:
        self.size = size
        self.rgb: Floats = np.empty((num, 3, size, size), dtype=np.float32)

    @contextmanager
    def patch(
        self,
        frame: Frame,
        u: Floats | float,
        v: Floats | float,
        half_width: float,
        half_height: float,
        faces: NDArray[np.int64] | None = None,
    ) -> Iterator[Patch]:
        """A box around (u, v) of all pictures, or of those in `faces`; painted back at the end.

        The arguments other than `faces` are for the chosen pictures only. The box is as large as
        any picture in this frame could need and never leaves the picture.
        """
        size = self.size
        across = size / 2 * frame.largest * (half_width + frame.steepest * half_height)
        down = size / 2 * frame.largest * (frame.steepest * half_width + half_height)
        w = min(size, int(np.ceil(2 * across)) + 3)
        h = min(size, int(np.ceil(2 * down)) + 3)
        centre_x, centre_y = frame.place(u, v)
        left = np.clip(np.rint((centre_x + 1) * (size / 2) - w / 2), 0, size - w).astype(np.int64)
        top = np.clip(np.rint((centre_y + 1) * (size / 2) - h / 2), 0, size - h).astype(np.int64)
        x: Floats = ((left[:, None] + np.arange(w) + 0.5) * (2 / size) - 1).astype(np.float32)
        y: Floats = ((top[:, None] + np.arange(h) + 0.5) * (2 / size) - 1).astype(np.float32)
        x = ((x - frame.x[:, None]) / frame.scale[:, None])[:, None, :]
        y = ((y - frame.y[:, None]) / frame.scale[:, None])[:, :, None]
        c, s = column(frame.cosine), column(frame.sine)
        sharp = column(size / 2 * frame.scale)
        whole = faces is None and w == size and h == size
        chosen = range(self.rgb.shape[0]) if faces is None else faces.tolist()
        boxes = [
            (i, slice(None), slice(t, t + h), slice(lft, lft + w))
            for i, t, lft in zip(chosen, top.tolist(), left.tolist(), strict=True)
        ]
        if whole:
            rgb = self.rgb
        else:
            rgb = np.empty((len(boxes), 3, h, w), dtype=np.float32)
            for k, box in enumerate(boxes):
                rgb[k] = self.rgb[box]
        yield Patch(rgb, c * x + s * y, c * y - s * x, sharp)
        if not whole:
            for k, box in enumerate(boxes):
                self.rgb[box] = rgb[k]

    def pixels(self) -> NDArray[np.uint8]:
        """What was painted. [n, S, S, 3]"""
        self.rgb += 0.5
        np.clip(self.rgb, 0, 255, out=self.rgb)
        return np.ascontiguousarray(np.moveaxis(self.rgb.astype(np.uint8), 1, -1))
