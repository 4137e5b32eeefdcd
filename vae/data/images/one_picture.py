"""One picture for a model, made as the images were that it was trained on.

H height, W width, C channels.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vae.config import DataConfig
from vae.data.images.decoding import Rendering, squared
from vae.data.images.image_files import BLACK, CENTRE, WHITE, Crop, upright
from vae.data.images.opening import opened
from vae.data.images.values import ValueRange
from vae.data.tally import cause_of
from vae.errors import InputError


def to_document(rendering: Rendering) -> dict[str, Any]:
    """What a manifest keeps of how a source was rendered, for pictures that come later."""
    return {
        "background": list(rendering.background),
        "ranges": {
            kind: [scale.low, scale.high, scale.black, scale.white]
            for kind, scale in rendering.ranges.items()
        },
    }


def rendering_of(
    config: DataConfig, image_shape: tuple[int, int, int], manifest: Mapping[str, Any]
) -> Rendering:
    """How the images of a run were rendered, for a model of `image_shape` (C, H, W).

    `manifest`: of their import; one that says nothing of it, or an empty one where the images are
    gone, leaves the colour that `config` names, or white.
    """
    channels, size, _ = image_shape
    kept = manifest.get("rendering", {})
    background = BLACK if config.background == "black" else WHITE
    red, green, blue = kept.get("background", background)
    ranges = {kind: ValueRange(*numbers) for kind, numbers in kept.get("ranges", {}).items()}
    return Rendering(size, channels, config.crop, (red, green, blue), ranges)


def rendered_file(data: bytes, rendering: Rendering, crop: Crop = CENTRE) -> NDArray[np.uint8]:
    """The picture in a file, as an import of it gives. [H, W, C]

    `crop`: the square of it that is used, where the rendering takes a square. Raises InputError
    with one sentence.
    """
    try:
        with opened(data) as image:
            needed = math.ceil(rendering.size * crop.zoom)
            whole = upright(image, needed, rendering.background, rendering.ranges)
    except Exception as error:  # Pillow raises nearly anything for a broken file
        raise InputError(unreadable(error)) from error
    pixels = np.array(squared(whole, rendering, crop), np.uint8)  # a writable copy
    return pixels.reshape(rendering.size, rendering.size, rendering.channels)


def unreadable(error: Exception) -> str:
    """Why a picture cannot be used, in a sentence."""
    return f"This picture cannot be read ({cause_of(error)}): choose another one."
