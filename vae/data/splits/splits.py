"""Which images are for training and which are held out, by the folders they lie in; class folders.

``train/cat/1.png`` and ``cat/train/1.png`` alike: the split folder may stand at any level, in any
case, as train, train2017, training_set, images-val ...; it is never a class.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Literal

SplitName = Literal["train", "validation", "test", ""]  # "": nothing is said, so for training

WORDS: dict[str, SplitName] = {  # of folders, files, arrays, tables and cells alike
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
    "eval": "test",
    "evaluation": "test",
    "holdout": "test",
    "heldout": "test",
}
NO_CLASSES = ("images", "image", "imgs", "img", "pictures", "photos", "jpegimages")
MAX_OUTSIDE = 0.1  # of the images may lie outside of class folders
# What may stand beside the word in a folder's name: train_images, trainset, train2017, trainA.
BESIDE = r"(?:[\W_]*(?:set|split|data|dataset|images?|imgs?|x|\d++))*"
ANY_WORD = "|".join(sorted(WORDS, key=len, reverse=True))
NAMED = re.compile(
    rf"(?:(?:images?|imgs?|data|x)[\W_]+)?(?P<word>{ANY_WORD})(?:[\W_]*[ab]|{BESIDE})[\W_]*"
)


def split_of(name: str) -> SplitName:
    """What a folder of this name is for: "train", "validation", "test", or "" for no split."""
    match = NAMED.fullmatch(name.lower())
    return WORDS[match["word"]] if match else ""


def folder_splits(names: Sequence[str]) -> tuple[list[SplitName] | None, list[str]]:
    """The split of each image by its folders, and its name without the folder that says so.

    None where no folder holds images for training, or none holds images to be held out.
    """
    folders = [name.split("/")[:-1] for name in names]
    level = _clean_level(folders)
    found: list[SplitName] = []
    stripped = []
    for name, parts in zip(names, folders, strict=True):
        at = level if level is not None and level < len(parts) else _first_level(parts)
        split = split_of(parts[at]) if at is not None else ""
        found.append(split)
        if at is not None:
            end = at + 1
            while end < len(parts) and parts[end].lower() == parts[at].lower():
                end += 1  # a doubled folder, as unpacking makes it
            parts = [*parts[:at], *parts[end:]]
        stripped.append("/".join([*parts, name.rpartition("/")[2]]))
    held_out = sum(split in ("validation", "test") for split in found)
    return (found, stripped) if 0 < held_out < len(found) else (None, list(names))


def _first_level(parts: Sequence[str]) -> int | None:
    return next((level for level, part in enumerate(parts) if split_of(part)), None)


def _clean_level(folders: Sequence[Sequence[str]]) -> int | None:
    """The first level at which every folder is of some split and there are several; or None."""
    for level in range(max(map(len, folders), default=0)):
        splits = {split_of(parts[level]) for parts in folders if len(parts) > level}
        if "" not in splits and "train" in splits and len(splits) > 1:
            return level
    return None


def folder_labels(names: Sequence[str]) -> list[str] | None:
    """The class folder of each image, "" for one outside; None where the folders are no classes.

    `names` are without split folders. Folders are classes when nearly every image lies in one of
    two or more, they are not numbered shards (00000, 01000) and not as many as the images.
    """
    folders = [name.rpartition("/")[0] for name in names]
    outer = os.path.commonpath([folder for folder in folders if folder] or [""])
    labels = [folder[len(outer) :].lstrip("/").split("/")[0] for folder in folders]
    inside = [label for label in labels if label]
    classes = set(inside)
    are_shards = all(re.fullmatch(r"\d{4,}", name) for name in classes)
    too_many = len(classes) == len(inside) and len(inside) > 2
    are_outside = len(labels) - len(inside) > MAX_OUTSIDE * len(labels)
    named = {name for name in classes if name.lower() not in NO_CLASSES}
    if len(named) > 1:  # n01443537/images/1.png and images/2.png, of which no class is known
        labels = [label if label in named else "" for label in labels]
    return None if len(classes) < 2 or are_shards or too_many or are_outside else labels
