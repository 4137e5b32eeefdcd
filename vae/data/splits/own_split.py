"""The split that a source brings along: which of N images train, validate, or are kept apart."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from vae.data.splits.split_words import agreed_splits, split_of
from vae.data.tally import escaped, shown

SPLITS = ("train", "validation", "test")
TEST_VALIDATES = "The test images are used for validation, as there are no others for it."


def kept_apart(num: int) -> str:
    """What to say of `num` test images beside validation images."""
    images = "test image is" if num == 1 else "test images are"
    return f"{num:,} {images} kept apart and not used, as there are validation images."


def about_odd_words(column: str, words: Sequence[str]) -> list[str]:
    """What to say of words in a column of splits that are none."""
    if not words:
        return []
    return [
        f"{escaped(column)} is the split, but {shown(words[0])} in it is no split: images with "
        "such a word count as training images."
    ]


@dataclass(frozen=True)
class SplitOrder:
    """The images that are used, those for validation last, and what to say of it."""

    order: NDArray[np.int64]  # indices of the images that are used
    validation_from: int | None  # where those for validation begin in `order`
    apart: NDArray[np.int64]  # indices of test images, where there are validation images too
    warnings: Sequence[str]


def split_of_name(path: str) -> str:
    """ "train", "validation" or "test" where a word of `path` says so, from the file up; else "".

    Words end where letters end, as in data/train-00000-of-00002.parquet.
    """
    for part in reversed(path.lower().split("/")):
        found = [split for word in re.split("[^a-z]+", part) if (split := split_of(word))]
        if found:
            return found[0]
    return ""


def splits_of_names(paths: Sequence[str]) -> list[str]:
    """The split of each file by its name and folders, "" where nothing says one."""
    found = [split_of_name(path) for path in paths]
    if any(found):
        return found
    agreed = agreed_splits({PurePosixPath(path).stem for path in paths}) or {}
    return [agreed.get(PurePosixPath(path).stem, "") for path in paths]


def split_order(splits: Sequence[str]) -> SplitOrder:
    """The order of N images that belong to "train" (or ""), "validation" or "test".

    Where there are no validation images, the test images take their place; where one side would
    be empty, all images are used without a split of their own.
    """
    words = np.array([split or "train" for split in splits], dtype=str)
    train, validation, test = (np.flatnonzero(words == word) for word in SPLITS)
    empty = np.zeros(0, np.int64)
    held_out, apart = (validation, test) if len(validation) else (test, empty)
    if not len(train) or not len(held_out):
        return SplitOrder(np.arange(len(words)), None, empty, ())
    warnings = []
    if held_out is test:
        warnings.append(TEST_VALIDATES)
    if len(apart):
        warnings.append(kept_apart(len(apart)))
    return SplitOrder(np.concatenate([train, held_out]), len(train), apart, tuple(warnings))
