"""The one colour that is put behind transparent pixels, so that every image stays visible."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vae.config import DataConfig
from vae.data.collection import Collection
from vae.data.images.decoding import in_order, read_raw
from vae.data.images.image_files import BLACK, WHITE, Colour, eight_bits
from vae.data.images.values import Kind, ValueRange
from vae.data.tally import Progress, some_of, throttled
from vae.option_choices import Background

PLAIN: Mapping[Background, Colour] = {"white": WHITE, "black": BLACK}
LOST = 0.25  # contrast below this: an image that can hardly be seen
SAMPLE = 256  # images that are decoded for the mean colour of opaque ones
NOTHING, OPAQUE = "nothing", "opaque"  # what can be seen of an image, where no more need be known


@dataclass(frozen=True)
class _Visible:
    """What can be seen of a transparent image: a mean colour, and its contrasts, from 0 to 1."""

    mean: NDArray[np.float64]  # [3], from 0 to 1
    spread: float
    on_white: float
    on_black: float


def choose_background(
    collection: Collection,
    chosen: Sequence[int],
    transparent: Sequence[int],
    config: DataConfig,
    ranges: Mapping[Kind, ValueRange],
    progress: Progress,
) -> tuple[Colour, Callable[[Set[int]], list[str]]]:
    """The colour behind transparent pixels and around fitted images.

    With what is to be said of the images that turn out to be used. `transparent` are those of the
    `chosen` images that may be so by their headers.
    """
    if not transparent and config.background in PLAIN:
        return PLAIN[config.background], lambda used: []
    found: dict[int, _Visible] = {}
    empty: list[int] = []
    report = throttled(progress, "looking through transparent images", len(transparent))
    seen = in_order(collection, transparent, _seer(collection, ranges))
    for done, (image, visible) in enumerate(seen):
        report(done)
        if isinstance(visible, _Visible):
            found[image] = visible
        elif visible is NOTHING:
            empty.append(image)
    if transparent:
        report(len(transparent))
    if found:
        return _chosen_colour(found, empty, config.background)
    if config.background == "mean" and config.crop == "fit":
        sample = chosen[:: max(1, len(chosen) // SAMPLE)]
        seen = in_order(collection, sample, _seer(collection, ranges, opaque_too=True))
        pictures = [visible for _, visible in seen if isinstance(visible, _Visible)]
        return (_mean(pictures) if pictures else WHITE), lambda used: _of_empty(empty, used)
    return PLAIN.get(config.background, WHITE), lambda used: _of_empty(empty, used)


def _of_empty(empty: Sequence[int], used: Set[int]) -> list[str]:
    """What is said of images of which nothing can be seen."""
    num = len(used & set(empty))
    if not num:
        return []
    return [
        f"{some_of(num, len(used), 'image')} transparent everywhere: nothing of them can be seen."
    ]


def _chosen_colour(
    found: Mapping[int, _Visible], empty: Sequence[int], background: Background
) -> tuple[Colour, Callable[[Set[int]], list[str]]]:
    """The colour asked for, or the one of white, black and the mean that loses the fewest images.

    With what is to be said of the images that are used.
    """
    mean = _mean(list(found.values()))
    middle = np.array(mean) / 255
    colours = {"white": WHITE, "black": BLACK, f"their mean colour #{bytes(mean).hex()}": mean}
    in_white, in_black, in_mean = colours
    lost = {
        in_white: {image for image, visible in found.items() if visible.on_white < LOST},
        in_black: {image for image, visible in found.items() if visible.on_black < LOST},
        in_mean: {
            image
            for image, visible in found.items()
            if max(float(np.abs(visible.mean - middle).max()), visible.spread) < LOST
        },
    }
    named = dict(zip(("white", "black", "mean"), colours, strict=True))
    name = named.get(background) or min(lost, key=lambda name: len(lost[name]))

    def told(used: Set[int]) -> list[str]:
        num = len(used & found.keys())
        num_lost = {name: len(images & used) for name, images in lost.items()}
        sentence = _put_on(name, num, len(used), num_lost, background)
        return [*([sentence] if num else []), *_of_empty(empty, used)]

    return colours[name], told


def _put_on(
    name: str, num: int, total: int, lost: Mapping[str, int], background: Background
) -> str:
    """What images are put on the colour of that name, and why. `lost`: how many on each."""
    sentence = f"{some_of(num, total, 'image')} transparent in places, and put on {name}"
    if background != "auto":
        why = "as was asked for"
    elif name == "white":
        why = "on which they can be seen" if not lost[name] else "the best there is"
    else:
        worse = [other for other in ("white", "black") if lost[other] and other != name]
        why = "as " + " and ".join(f"{lost[o]:,} would be lost on {o}" for o in worse)
    rest = f"; {lost[name]:,} can hardly be seen even so" if lost[name] else ""
    end = ": data.background chooses another colour." if background == "auto" else "."
    return f"{sentence}, {why}{rest}{end}"


def _mean(found: Sequence[_Visible]) -> Colour:
    red, green, blue = np.rint(np.mean([visible.mean for visible in found], axis=0) * 255)
    return int(red), int(green), int(blue)


def _seer(
    collection: Collection, ranges: Mapping[Kind, ValueRange], opaque_too: bool = False
) -> Callable[[int], _Visible | str]:
    """Finds what can be seen of an image, NOTHING, or OPAQUE also for a broken one."""

    def see(index: int) -> _Visible | str:
        try:
            image = eight_bits(read_raw(collection, index, None)[0], ranges)
        except Exception:  # counted later
            return OPAQUE
        return _visible(image.convert("RGBA")) if image.mode == "RGBA" or opaque_too else OPAQUE

    return see


def _visible(image: Image.Image) -> _Visible | str:
    small = image.reduce(max(1, max(image.size) // 64))
    pixels = np.asarray(small, dtype=np.float64).reshape(-1, 4) / 255
    colours, weights = pixels[:, :3], pixels[:, 3]
    if not weights.sum():
        return NOTHING
    mean = np.average(colours, axis=0, weights=weights)
    spread = np.sqrt(np.average((colours - mean) ** 2, axis=0, weights=weights)).max()
    on_white = np.average((1 - colours).max(axis=1), weights=weights)
    on_black = np.average(colours.max(axis=1), weights=weights)
    return _Visible(mean, float(spread), float(on_white), float(on_black))
