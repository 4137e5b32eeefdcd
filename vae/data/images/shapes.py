"""The shapes of a source's images, and what becoming small squares does to them."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, field

from vae.config import MAX_IMAGE_SIZE, DataConfig
from vae.option_choices import Cropping

ODD = 1.5  # times as long as wide, from which the centre square loses more than a third
MUCH_LARGER = 2  # times the size asked for


@dataclass
class Shapes:
    """Images by their shape, that become squares of `size` pixels a side."""

    size: int
    crop: Cropping
    odd: dict[int, tuple[int, int]] = field(default_factory=dict)  # by image: width, height
    small: list[int] = field(default_factory=list)
    smallest: int = 2**31  # of the shorter sides

    def add(self, image: int, width: int, height: int) -> None:
        short, long = sorted((width, height))
        self.smallest = min(self.smallest, short)
        if (long if self.crop == "fit" else short) < self.size:
            self.small.append(image)
        if long > ODD * short:
            self.odd[image] = (width, height)

    def sentences(self, config: DataConfig, used: Set[int]) -> list[str]:
        """What a person should know of the images that are `used`, before they become squares."""
        found = []
        square = f"{self.size} x {self.size}"
        odd = [image for image in self.odd if image in used]
        num_small = sum(image in used for image in self.small)
        if odd and self.crop == "centre":
            some = _some(len(odd), len(used), "loses", "lose")
            width, height = self.odd[odd[0]]
            found.append(
                f"{some} more than a third to the centre crop (such as one of {width} x {height}): "
                "data.crop fit keeps all of an image and pads it, stretch pulls it into the square."
            )
        if num_small:
            some = _some(num_small, len(used), "is", "are")
            found.append(
                f"{some} smaller than {square} pixels and "
                "enlarged, which adds no detail: a smaller data.image_size would do."
            )
        if config.image_size is None and self.smallest >= MUCH_LARGER * self.size:
            found.append(
                f"The images are reduced to {square} pixels, as no size was asked for, although "
                f"each is at least {self.smallest:,} pixels wide and high: data.image_size may be "
                f"up to {MAX_IMAGE_SIZE}."
            )
        return found


def _some(num: int, total: int, verb: str, verb_of_many: str) -> str:
    """ "3 of 40 images lose", "All 40 images lose", "The image loses"."""
    if num == total:
        return f"The image {verb}" if total == 1 else f"All {total:,} images {verb_of_many}"
    return f"{num:,} of {total:,} images {verb if num == 1 else verb_of_many}"
