"""The shapes of a source's images, and what becoming small squares does to them."""

from __future__ import annotations

from dataclasses import dataclass

from vae.config import MAX_IMAGE_SIZE, DataConfig
from vae.option_choices import Cropping

ODD = 1.5  # times as long as wide, from which the centre square loses more than a third
MUCH_LARGER = 2  # times the size asked for


@dataclass
class Shapes:
    """Counts of images by their shape, that become squares of `size` pixels a side."""

    size: int
    crop: Cropping
    num: int = 0
    num_odd: int = 0
    num_small: int = 0
    smallest: int = 2**31  # of the shorter sides
    odd_example: str = ""

    def add(self, width: int, height: int) -> None:
        short, long = sorted((width, height))
        self.num += 1
        self.num_small += (long if self.crop == "fit" else short) < self.size
        self.smallest = min(self.smallest, short)
        if long > ODD * short:
            self.num_odd += 1
            self.odd_example = self.odd_example or f"{width} x {height}"

    def sentences(self, config: DataConfig) -> list[str]:
        """What a person should know before they become squares."""
        found = []
        square = f"{self.size} x {self.size}"
        if self.num_odd and self.crop == "centre":
            some = _some(self.num_odd, self.num, "loses", "lose")
            found.append(
                f"{some} more than a third to the centre crop (such as one of {self.odd_example}): "
                "data.crop fit keeps all of an image and pads it, stretch pulls it into the square."
            )
        if self.num_small:
            some = _some(self.num_small, self.num, "is", "are")
            found.append(
                f"{some} smaller than {square} pixels and "
                "enlarged, which adds no detail: a smaller data.image_size would do."
            )
        if config.image_size is None and self.num and self.smallest >= MUCH_LARGER * self.size:
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
