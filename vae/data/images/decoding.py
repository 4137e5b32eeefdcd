"""The chosen images of a collection as one rendering makes them, or why there are none.

H height, W width, C channels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain
from typing import TypeVar

from PIL import Image

from vae.data.collection import Collection
from vae.data.images.image_files import (
    CENTRE,
    WHITE,
    Colour,
    Crop,
    eight_bits,
    on_colour,
    padded,
    resized,
    stretched,
)
from vae.data.images.opening import Raw, TooLargeError, decoded, digest
from vae.data.images.values import Kind, ValueRange, byte_extremes
from vae.data.tally import cause_of
from vae.option_choices import Cropping

NUM_DECODERS = 2  # threads
CHUNK = 256  # images decoded before the next are begun
GROUP = 16  # of them that a thread takes at once: handing over a small one costs as much as it

Found = TypeVar("Found")


@dataclass(frozen=True)
class Rendering:
    """How all images of a source become pixels, and what a person should know of it.

    `told`: that in plain sentences, given the images that are used; every number of images in them
    is a number of those.
    """

    size: int
    channels: int
    crop: Cropping = "centre"
    background: Colour = WHITE  # behind transparent pixels, and around an image that is fitted
    ranges: Mapping[Kind, ValueRange] = field(default_factory=dict)
    told: Callable[[Set[int]], Sequence[str]] = lambda used: ()


@dataclass(frozen=True)
class Decoded:
    pixels: bytes  # [H, W, C]
    digest: bytes  # of the picture as it was decoded, see `opening.digest`
    is_reduced: bool  # decoded at a fraction of its size, so that the digest leaves out its detail
    extremes: tuple[int, int] | None = None  # lowest and highest value of one of 8 bits


@dataclass(frozen=True)
class Skip:
    reason: str
    cause: str


def read_raw(collection: Collection, index: int, size: int | None) -> tuple[Raw, bool]:
    """What `opening.decoded` makes of one image of the collection."""
    picture = collection.read(index)
    if not isinstance(picture, Image.Image):
        return decoded(picture)
    with picture:
        return decoded(picture, size)


def rendered(raw: Raw, rendering: Rendering) -> Image.Image:
    """A raw picture as L or RGB, square and of the rendering's size."""
    return squared(on_colour(eight_bits(raw, rendering.ranges), rendering.background), rendering)


def squared(image: Image.Image, rendering: Rendering, crop: Crop = CENTRE) -> Image.Image:
    """All of an L or RGB picture, or the square `crop` of it, as the rendering has it."""
    image = image.convert("L" if rendering.channels == 1 else "RGB")
    if rendering.crop == "fit":
        return padded(image, rendering.size, rendering.background)
    if rendering.crop == "stretch":
        return stretched(image, rendering.size)
    return resized(image.crop(crop.box(*image.size)), rendering.size)


def in_order(
    collection: Collection, chosen: Sequence[int], find: Callable[[int], Found]
) -> Iterator[tuple[int, Found]]:
    """(index, what `find` makes of it) in the order of `chosen`, a bounded number at once.

    Pillow lets go of the interpreter while it decodes, so threads help.
    """

    def find_each(group: Sequence[int]) -> list[Found]:
        return [find(index) for index in group]

    with ThreadPoolExecutor(NUM_DECODERS) as pool:
        run = pool.map if collection.are_files else map
        for start in range(0, len(chosen), CHUNK):
            chunk = chosen[start : start + CHUNK]
            groups = [chunk[first : first + GROUP] for first in range(0, len(chunk), GROUP)]
            yield from zip(chunk, chain.from_iterable(run(find_each, groups)), strict=True)


def decoded_images(
    collection: Collection, chosen: Sequence[int], rendering: Rendering
) -> Iterator[tuple[int, Decoded | Skip]]:
    """(index, the image or why there is none) in the order of `chosen`."""

    def decode(index: int) -> Decoded | Skip:
        try:
            raw, is_reduced = read_raw(collection, index, rendering.size)
            key = digest(raw) if collection.are_files else b""
            ends = byte_extremes(raw) if isinstance(raw, Image.Image) else None
            return Decoded(rendered(raw, rendering).tobytes(), key, is_reduced, ends)
        except TooLargeError as error:
            return Skip("too_large", str(error))
        except Exception as error:  # Pillow raises nearly anything for a broken file
            return Skip("broken", cause_of(error))

    return in_order(collection, chosen, decode)


class Twins:
    """Finds the images of a collection that were there before, pixel for pixel."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._first: dict[bytes, int] = {}

    def earlier(self, index: int, image: Decoded) -> int | None:
        """The first image with the same picture; None where this one is the first."""
        if not self._collection.are_files:
            return None
        first = self._first.setdefault(image.digest, index)
        if first == index or not image.is_reduced:
            return None if first == index else first
        # They agree when decoded at a fraction of their size: the whole of both decides.
        whole = digest(read_raw(self._collection, index, None)[0])
        if whole == digest(read_raw(self._collection, first, None)[0]):
            return first
        other = self._first.setdefault(whole, index)
        return None if other == index else other
