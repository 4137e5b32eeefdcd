"""The numbers that one table gives the images, by which others name them, as CUB-200 has it.

images.txt says which image is number 17, train_test_split.txt what number 17 is for.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vae.data.tables.path_forms import unpadded
from vae.data.tables.row_images import ImageNames
from vae.data.tables.sheets import name_rank
from vae.data.tables.table_rows import TableRows

MIN_KNOWN = 0.9  # of the rows of a table that names images by their numbers
MIN_NAMED = 0.5  # of the numbers there are; a list of classes has fewer


class Numbered:
    """The numbers that the table `read` gives, with their images as positions in all of them."""

    def __init__(self, read: TableRows, images: NDArray[np.int64]) -> None:
        self.folder = read.path.rpartition("/")[0]
        self.image_of: dict[str, int] = {}
        self.name = ""  # of their column
        self.is_used = False
        column = _column(read)
        if column is None:
            return
        rows = [unpadded(row[column].strip()) for _, row in read.sheet.rows() if row is not None]
        self.known = {*rows}
        if len(self.known) < len(rows):
            return
        self.name = read.header[column]
        for rows_used, found in read.chunks():
            for row, image in zip(rows_used, images[found].tolist(), strict=True):
                self.image_of[unpadded(row[column].strip())] = image

    def names(self, names: ImageNames, images: NDArray[np.int64]) -> ImageNames:
        """`names`, of these images, for a table that has their numbers instead."""
        place_of = {image: place for place, image in enumerate(images.tolist())}
        numbers = {n: place_of[image] for n, image in self.image_of.items() if image in place_of}
        return ImageNames(names.paths, names.folder, numbers=numbers)

    def fits(self, rows: Sequence[str]) -> bool:
        """Whether what a table calls its images are these numbers."""
        num = sum(unpadded(name.strip()) in self.known for name in rows)
        fits = num >= max(MIN_KNOWN * (len(rows) - 1), MIN_NAMED * len(self.known))
        self.is_used |= fits
        return fits


def _column(read: TableRows) -> int | None:
    """The column with the numbers, which is not the one with the names of the images."""
    if not read.has_header:
        return 0 if read.key else None
    others = [j for j in range(len(read.first)) if j != read.key]
    return next((j for j in others if name_rank(read.first[j]) is not None), None)
