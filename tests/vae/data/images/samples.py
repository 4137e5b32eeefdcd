"""What several tests of this folder make and look at."""

from __future__ import annotations

import numpy as np
from PIL import Image

from tests.vae.data.samples import SIZE

RED = (255, 0, 0)


def numbers(seed: int, top: int, shape: tuple[int, ...] = (SIZE, SIZE)) -> np.ndarray:
    """Whole numbers from 0 to `top`, both of them among them."""
    values = np.random.default_rng(seed).integers(0, top + 1, shape)
    values.flat[0], values.flat[1] = 0, top
    return values


def expected(values: np.ndarray, black: float, white: float) -> np.ndarray:
    return np.rint((values.astype(np.float64) - black) / (white - black) * 255).astype(np.uint8)


def icon(place: int, colour: tuple[int, int, int]) -> Image.Image:
    """A square of `colour`, at its own place of a picture that is transparent elsewhere."""
    image = Image.new("RGBA", (SIZE, SIZE), (*colour, 0))
    image.paste((*colour, 255), (place, place, place + 12, place + 12))
    return image
