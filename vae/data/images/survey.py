"""One look at all images of a source, which decides how they are rendered.

Headers are read, and only what is deep or transparent is decoded. C channels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vae.config import DataConfig
from vae.data.collection import Collection
from vae.data.images.background import choose_background
from vae.data.images.decoding import Rendering, in_order, read_raw
from vae.data.images.opening import decoded, finite, is_deep, is_grey_mode, raw_kind
from vae.data.images.shapes import Shapes
from vae.data.images.values import (
    DARKEST_WHITE,
    Kind,
    ValueRange,
    byte_extremes,
    byte_range,
    extremes,
    range_of,
)
from vae.data.tally import Progress, some_of, throttled

NEEDED = 256  # pixels a side that say how bright an image is


@dataclass(frozen=True)
class _Look:
    """One image by its header, with the extremes of values that are not 8 bits."""

    size: tuple[int, int]
    is_grey: bool
    may_be_transparent: bool
    has_more: bool  # pages or frames
    kind: Kind
    low: float = np.inf
    high: float = -np.inf


@dataclass
class _Looks:
    """What a source's images have in common."""

    shapes: Shapes
    num_colour: int = 0
    more: list[int] = field(default_factory=list)  # those with pages or frames
    found: dict[Kind, tuple[float, float]] = field(default_factory=dict)
    bytes: list[int] = field(default_factory=list)
    transparent: list[int] = field(default_factory=list)

    def add(self, index: int, look: _Look) -> None:
        self.num_colour += not look.is_grey
        self.shapes.add(index, *look.size)
        if look.has_more:
            self.more.append(index)
        if look.may_be_transparent:
            self.transparent.append(index)
        if look.kind == "bytes":
            self.bytes.append(index)
        elif look.low <= look.high:
            low, high = self.found.get(look.kind, (np.inf, -np.inf))
            self.found[look.kind] = min(low, look.low), max(high, look.high)


def survey(
    collection: Collection,
    chosen: Sequence[int],
    config: DataConfig,
    progress: Progress = lambda what, done, total: None,
) -> Rendering:
    """How the `chosen` images are rendered."""
    size = config.image_size or collection.image_size
    looks = _Looks(Shapes(size, config.crop))
    report = throttled(progress, "looking at images", len(chosen))
    for done, (index, look) in enumerate(in_order(collection, chosen, _looker(collection))):
        report(done)
        if look is not None:
            looks.add(index, look)
    report(len(chosen))
    ranges: dict[Kind, ValueRange] = {
        kind: range_of(*ends, kind) for kind, ends in looks.found.items()
    }
    warnings: list[str] = []
    if looks.bytes:
        low, high = _byte_extremes(collection, looks.bytes)
        ranges["bytes"], warnings = byte_range(low, high, are_grey=not looks.num_colour)
    background, of_background = choose_background(
        collection, chosen, looks.transparent, config, ranges, progress
    )

    def told(used: Set[int]) -> list[str]:
        return [*warnings, *of_background(used), *_shape_warnings(looks, config, used)]

    return Rendering(
        size=size,
        channels=3 if looks.num_colour else 1,
        crop=config.crop,
        background=background,
        ranges=ranges,
        told=told,
    )


def _looker(collection: Collection) -> Callable[[int], _Look | None]:
    def look(index: int) -> _Look | None:
        try:
            picture = collection.read(index)
            if isinstance(picture, Image.Image):
                with picture:
                    return _look_at_image(picture)
            return _look_at_array(picture)
        except Exception:  # a broken image is counted when its turn comes to be imported
            return None

    return look


def _look_at_image(image: Image.Image) -> _Look:
    header = _Look(
        image.size,
        is_grey_mode(image.mode),
        image.has_transparency_data,
        bool(getattr(image, "is_animated", False)),
        "bytes",
    )
    if not is_deep(image):
        return header
    raw, _ = decoded(image)
    assert not isinstance(raw, Image.Image)
    low, high = extremes(raw)
    return _Look(
        *(header.size, header.is_grey, _has_alpha(raw), header.has_more),
        *(raw_kind(raw), low, high),
    )


def _look_at_array(values: NDArray[np.generic]) -> _Look:
    height, width = values.shape[:2]
    is_grey = values.ndim == 2 or values.shape[2] == 1
    kind = raw_kind(values)
    low, high = (np.inf, -np.inf) if kind == "bytes" else extremes(finite(values))
    return _Look((width, height), is_grey, _has_alpha(values), False, kind, low, high)


def _has_alpha(values: NDArray[np.generic]) -> bool:
    return values.ndim == 3 and values.shape[2] == 4


def _byte_extremes(collection: Collection, indices: Sequence[int]) -> tuple[int, int]:
    """Lowest and highest value of the images of 8 bits: the first bright one ends the search."""
    low, high = 255, 0
    for index in indices:
        try:
            raw, _ = read_raw(collection, index, NEEDED)
        except Exception:  # counted later
            continue
        assert isinstance(raw, Image.Image)
        darkest, brightest = byte_extremes(raw)
        low, high = min(low, darkest), max(high, brightest)
        if high >= DARKEST_WHITE:
            break
    return low, high


def _shape_warnings(looks: _Looks, config: DataConfig, used: Set[int]) -> list[str]:
    sentences = []
    if num := len(used & set(looks.more)):
        sentences.append(
            f"{some_of(num, len(used), 'image')} made of more than one page or frame: only the "
            "first of each is used."
        )
    return [*sentences, *looks.shapes.sentences(config, used)]
