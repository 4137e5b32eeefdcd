"""The one colour that is put behind transparent pixels, so that every image stays visible."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
) -> tuple[Colour, list[str]]:
    """The colour behind transparent pixels and around fitted images, and a sentence if need be.

    `transparent` are those of the `chosen` images that may be so by their headers.
    """
    if not transparent and config.background in PLAIN:
        return PLAIN[config.background], []
    found: list[_Visible] = []
    num_empty = 0
    report = throttled(progress, "looking through transparent images", len(transparent))
    seen = in_order(collection, transparent, _seer(collection, ranges))
    for done, (_, visible) in enumerate(seen):
        report(done)
        if isinstance(visible, _Visible):
            found.append(visible)
        num_empty += visible is NOTHING
    if transparent:
        report(len(transparent))
    sentences = []
    if num_empty:
        sentences.append(
            f"{some_of(num_empty, len(chosen), 'image')} transparent everywhere: nothing of them "
            "can be seen."
        )
    if not found and config.background == "mean" and config.crop == "fit":
        sample = chosen[:: max(1, len(chosen) // SAMPLE)]
        seen = in_order(collection, sample, _seer(collection, ranges, opaque_too=True))
        pictures = [visible for _, visible in seen if isinstance(visible, _Visible)]
        return (_mean(pictures) if pictures else WHITE), sentences
    if not found:
        return PLAIN.get(config.background, WHITE), sentences
    colour, sentence = _chosen_colour(found, config.background, len(chosen))
    return colour, [sentence, *sentences]


def _chosen_colour(
    found: Sequence[_Visible], background: Background, total: int
) -> tuple[Colour, str]:
    """The colour asked for, or the one of white, black and the mean that loses the fewest images.

    With a sentence that says how many images it is put behind.
    """
    mean = _mean(found)
    middle = np.array(mean) / 255
    contrasts: dict[str, tuple[Colour, list[float]]] = {
        "white": (WHITE, [visible.on_white for visible in found]),
        "black": (BLACK, [visible.on_black for visible in found]),
        f"their mean colour #{bytes(mean).hex()}": (
            mean,
            [max(float(np.abs(v.mean - middle).max()), v.spread) for v in found],
        ),
    }
    lost = {name: sum(c < LOST for c in on_it) for name, (_, on_it) in contrasts.items()}
    named = dict(zip(("white", "black", "mean"), contrasts, strict=True))
    name = named.get(background) or min(lost, key=lambda name: lost[name])
    sentence = f"{some_of(len(found), total, 'image')} transparent in places, and put on {name}"
    if background != "auto":
        why = "as was asked for"
    elif name == "white":
        why = "on which they can be seen" if not lost[name] else "the best there is"
    else:
        worse = [other for other in ("white", "black") if lost[other] and other != name]
        why = "as " + " and ".join(f"{lost[o]:,} would be lost on {o}" for o in worse)
    rest = f"; {lost[name]:,} can hardly be seen even so" if lost[name] else ""
    end = ": data.background chooses another colour." if background == "auto" else "."
    return contrasts[name][0], f"{sentence}, {why}{rest}{end}"


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
