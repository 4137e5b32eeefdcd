"""What torchvision knows of the images of a set: labels with their names, CelebA's attributes.

N images in all parts of the set.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vae.data.tables.attributes import Column, numeric_column
from vae.data.tables.growing_column import named_classes

PER_IMAGE = ("targets", "labels", "_labels", "y")  # what sets call the labels of their images
PAIRS = ("samples", "_samples", "imgs")  # or the pairs of a file and its label


def torchvision_columns(name: str, parts: Sequence[Any]) -> dict[str, Column]:
    """The columns of all parts, one after the other; a part without labels is "unknown"."""
    columns: dict[str, Column] = {}
    if all(getattr(part, "attr", None) is not None for part in parts):  # CelebA: [N, 40] of 0, 1
        values = np.concatenate([np.asarray(part.attr, np.float64) for part in parts])
        for j, attribute in enumerate(filter(None, parts[0].attr_names)):
            columns[attribute] = named_classes(values[:, j], ("no", "yes"))
    found = [_labels(name, part) for part in parts]
    if all(np.isnan(labels).all() for labels in found):
        return columns
    names = [_class_names(name, part) for part in parts]
    if all(names):
        every = tuple(dict.fromkeys(text for some in names for text in some))
        moved = [_moved(*pair, every) for pair in zip(found, names, strict=True)]
        columns["label"] = named_classes(np.concatenate(moved), every)
    else:
        columns["label"] = _numbered(np.concatenate(found))
    return columns


def _labels(name: str, part: Any) -> NDArray[np.float64]:
    """The label of each image, NaN where there is none. [N of the part]"""
    unknown = np.full(len(part), np.nan)
    special = LABELS.get(name)
    candidates = [special(part)] if special else [getattr(part, key, None) for key in PER_IMAGE]
    pairs = [getattr(part, key, None) for key in PAIRS if not special]
    candidates += [[pair[1] for pair in some] for some in pairs if some is not None]
    for candidate in candidates:
        try:
            labels = np.asarray(candidate, dtype=np.float64)
        except (TypeError, ValueError):  # annotations in files
            continue
        if labels.shape == (len(part),):
            return labels
    return unknown


def _class_names(name: str, part: Any) -> list[str]:
    """What the labels of a part are called, [] where they are only numbers."""
    special = CLASS_NAMES.get(name)
    if special:
        return special(part)
    names = getattr(part, "classes", None) or getattr(part, "categories", None) or ()
    if not all(isinstance(text, str | tuple) for text in names):
        return []
    return [text if isinstance(text, str) else str(text[0]) for text in names]


def _moved(
    labels: NDArray[np.float64], names: Sequence[str], every: Sequence[str]
) -> NDArray[np.float64]:
    """Labels by `names` as labels by `every`. [N]"""
    place = {text: index for index, text in enumerate(every)}
    table = np.array([place[text] for text in names], dtype=np.float64)
    known = (labels >= 0) & (labels < len(names))
    moved = np.full(len(labels), np.nan)
    moved[known] = table[labels[known].astype(np.int64)]
    return moved


def _numbered(labels: NDArray[np.float64]) -> Column:
    """Labels without names as classes, however many there are. [N]"""
    known = np.isfinite(labels)
    distinct = np.unique(labels[known])
    if not np.all(distinct == np.rint(distinct)):
        return numeric_column(labels)
    ids = np.where(known, np.searchsorted(distinct, labels), np.nan)
    return named_classes(ids, tuple(str(int(value)) for value in distinct))


def _pcam_labels(part: Any) -> NDArray[Any]:
    file = part._FILES[part._split]["targets"][0]
    with part.h5py.File(part._base_folder / file) as targets:
        labels: NDArray[Any] = targets["y"][:].reshape(-1)
    return labels


def _omniglot_alphabets(part: Any) -> list[int]:
    """The alphabet of each character, as there are more characters than a map has colours."""
    alphabets = _alphabets(part)
    folders = [part._characters[label] for _, label in part._flat_character_images]
    return [alphabets.index(folder.replace("\\", "/").split("/")[0]) for folder in folders]


def _alphabets(part: Any) -> list[str]:
    return sorted({folder.replace("\\", "/").split("/")[0] for folder in part._characters})


LABELS: dict[str, Callable[[Any], Any]] = {
    "INaturalist": lambda part: [category for category, _ in part.index],
    "Omniglot": _omniglot_alphabets,
    "PCAM": _pcam_labels,
    "QMNIST": lambda part: part.targets[:, 0],
}
CLASS_NAMES: dict[str, Callable[[Any], list[str]]] = {
    "INaturalist": lambda part: list(part.all_categories),
    "LFWPeople": lambda part: list(part.class_to_idx),
    "Omniglot": _alphabets,
}
