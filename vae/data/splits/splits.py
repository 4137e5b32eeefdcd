"""Which images are for training and which are held out, by the folders they lie in; class folders.

``train/cat/1.png`` and ``cat/train/1.png`` alike: the split folder may stand at any level, in any
case, as train, train2017, training_set, images-val ...; it is never a class.
"""

from __future__ import annotations

import os
import re
from collections.abc import Container, Mapping, Sequence

from vae.data.splits.split_words import SplitName, agreed_splits, split_of
from vae.data.tally import shown

NO_CLASSES = ("images", "image", "imgs", "img", "pictures", "photos", "jpegimages")
OPPOSITES = {"valid": "invalid", "test": "control"}  # beside which a folder is a class
MAX_OUTSIDE = 0.1  # of the images may lie outside of class folders


def folder_splits(names: Sequence[str]) -> tuple[list[SplitName] | None, list[str]]:
    """The split of each image by its folders, and its name without the folder that says so.

    None where no folder holds images for training, or none holds images to be held out.
    """
    folders = [name.split("/")[:-1] for name in names]
    there = {part.lower() for parts in folders for part in parts}
    classes = {name for name, other in OPPOSITES.items() if other in there}
    level, agreed = _agreed_level(folders)
    found: list[SplitName] = []
    stripped = []
    for name, parts in zip(names, folders, strict=True):
        is_agreed = level is not None and level < len(parts)
        at = level if is_agreed else _first_level(parts, classes)
        split: SplitName = ""
        if at is not None:
            split = agreed[parts[at]] if is_agreed else split_of(parts[at])
        found.append(split)
        if at is not None:
            end = at + 1
            while end < len(parts) and parts[end].lower() == parts[at].lower():
                end += 1  # a doubled folder, as unpacking makes it
            parts = [*parts[:at], *parts[end:]]
        stripped.append("/".join([*parts, name.rpartition("/")[2]]))
    held_out = sum(split in ("validation", "test") for split in found)
    return (found, stripped) if 0 < held_out < len(found) else (None, list(names))


def _first_level(parts: Sequence[str], classes: Container[str]) -> int | None:
    """The first level of a split, but for folders that are `classes`."""
    found = (n for n, part in enumerate(parts) if split_of(part) and part.lower() not in classes)
    return next(found, None)


def about_no_split(names: Sequence[str], splits: Sequence[SplitName] | None) -> list[str]:
    """What to say of images that lie in no folder of a split, where others do."""
    outside = [name for name, split in zip(names, splits or (), strict=False) if not split]
    if not splits or not outside:
        return []
    num, is_one = len(outside), len(outside) == 1
    return [
        f"{num:,} image{' lies' if is_one else 's lie'} in no folder of a split, such as "
        f"{shown(outside[0])}, and {'is' if is_one else 'are'} used for training"
        + (", as no folder is for training." if "train" not in splits else " too.")
    ]


def _agreed_level(
    folders: Sequence[Sequence[str]],
) -> tuple[int | None, Mapping[str, SplitName]]:
    """The first level at which every folder is of some split and there are several, and these."""
    for level in range(max(map(len, folders), default=0)):
        agreed = agreed_splits({parts[level] for parts in folders if len(parts) > level})
        if agreed is not None:
            return level, agreed
    return None, {}


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
