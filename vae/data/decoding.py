"""The chosen images of a collection at one size, or why there are none.

H height, W width, C channels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from vae.data.collection import Collection
from vae.data.image_files import TooLargeError, digest, resized, upright_square
from vae.data.tally import cause_of

NUM_DECODERS = 2  # threads
CHUNK = 256  # images decoded before the next are begun


@dataclass(frozen=True)
class Skip:
    reason: str
    cause: str


def decoded_images(
    collection: Collection, chosen: Sequence[int], size: int, channels: int
) -> Iterator[tuple[int, tuple[bytes, bytes] | Skip]]:
    """(index, (pixels [H, W, C] as bytes, digest) or why there are none) in the order of `chosen`.

    Pillow lets go of the interpreter while it decodes, so threads help.
    """
    mode = "L" if channels == 1 else "RGB"

    def decode(index: int) -> tuple[bytes, bytes] | Skip:
        try:
            with collection.read(index) as image:
                square = upright_square(image, size).convert(mode)
            key = digest(square) if collection.are_files else b""
            return resized(square, size).tobytes(), key
        except TooLargeError as error:
            return Skip("too_large", str(error))
        except Exception as error:  # Pillow raises nearly anything for a broken file
            return Skip("broken", cause_of(error))

    with ThreadPoolExecutor(NUM_DECODERS) as pool:
        run = pool.map if collection.are_files else map
        for start in range(0, len(chosen), CHUNK):
            chunk = chosen[start : start + CHUNK]
            yield from zip(chunk, run(decode, chunk), strict=True)
