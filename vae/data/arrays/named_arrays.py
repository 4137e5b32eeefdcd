"""Arrays under names as an .npz holds them: which are images, which split they are of, the rest.

Shapes: N images, H height, W width, C channels.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vae.data.arrays.array_columns import Cells, cells_of, joined_columns
from vae.data.arrays.array_layout import CHANNELS, LAYOUTS, Images, as_images
from vae.data.arrays.array_splits import own_split, put_in_split_order, says_yes_or_no
from vae.data.collection import Collection, LeftOut, Numbers, own_size
from vae.data.splits.own_split import TEST_VALIDATES
from vae.data.splits.split_words import SHORT_WORDS, WORDS
from vae.data.tables.attributes import Column
from vae.errors import InputError

IMAGE_KEYS = ("imgs", "images", "x", "image", "img", "data", "pixels", "")
LABEL_KEYS = ("labels", "label", "y", "target", "targets", "class", "classes")
FILLERS = ("set", "split", "orig", "raw", "array")  # train_set_x_orig


def _patterns(words: Iterable[str]) -> tuple[re.Pattern[str], ...]:
    word = "|".join(sorted(words, key=len, reverse=True))
    return (
        re.compile(rf"(?P<split>{word})(?P<gap>[^a-z0-9]*)(?P<rest>.*)"),
        re.compile(rf"(?P<rest>.*?)(?P<gap>[^a-z0-9]*)(?P<split>{word})"),
    )


SPLIT_KEYS = _patterns(WORDS)
SHORT_KEYS = _patterns(SHORT_WORDS)


def split_of(key: str, patterns: Sequence[re.Pattern[str]] = SPLIT_KEYS) -> tuple[str, str]:
    """(train, validation, test or "", the rest of the key): x_train is (train, x)."""
    if says_yes_or_no(key):
        return "", key
    for pattern in patterns:
        match = pattern.fullmatch(key.lower())
        if match and (match["gap"] or match["rest"] in (*IMAGE_KEYS, *LABEL_KEYS)):
            words = re.split(r"[^a-z0-9]+", match["rest"])
            rest = "_".join(word for word in words if word not in FILLERS)
            return (WORDS | SHORT_WORDS)[match["split"]], rest
    return "", key


def splits_of(keys: Sequence[str] | Mapping[str, object]) -> dict[str, tuple[str, str]]:
    """What `split_of` says of each key; X_tr counts where X_te or X_va stands beside it."""
    found = {key: split_of(key) for key in keys}
    short = {key: split_of(key, SHORT_KEYS) for key in keys}
    splits = {split for split, _ in short.values()} - {""}
    are_short = not any(split for split, _ in found.values())
    return short if are_short and "train" in splits and len(splits) > 1 else found


@dataclass(frozen=True)
class _Set:
    """The images under one key, and the cells of their columns."""

    key: str
    images: NDArray[Any]  # [N, H, W] or [N, H, W, C]
    cells: Mapping[str, Cells]


def from_arrays(
    arrays: Mapping[str, NDArray[Any]], where: str, warnings: Sequence[str] = ()
) -> Collection:
    """The images among named arrays; keys such as x_train and x_test are the split, or an array is.

    An array [N, H, W], [N, H, W, C] or [N, C, H, W], rows of square images, or one picture.
    """
    groups: dict[str, dict[str, str]] = {}  # split -> what the key says besides -> key
    for key, (split, rest) in splits_of(arrays).items():
        group = groups.setdefault(split, {})
        group[key if rest in group else rest] = key
    pictures = {split: _images_in(arrays, group) for split, group in groups.items()}
    for split in [split for split in groups if split and pictures[split] is None]:
        groups.setdefault("", {}).update({key: key for key in groups.pop(split).values()})
    if "" in groups:
        pictures[""] = _images_in(arrays, groups[""])
    sets: dict[str, _Set] = {}
    unused: list[str] = []
    sentences = [*warnings]
    for split, group in groups.items():
        found = pictures[split]
        if found is None:
            unused += group.values()
            continue
        key, images = found
        others = {name: arrays[other] for name, other in group.items() if other != key}
        cells, left_out = cells_of(others, len(images.values))
        sets[split] = _Set(key, images.values, cells)
        unused += [group[name] for name in left_out]
        sentences += [f"{key or where}: {images.sentence}"] * bool(images.sentence)
    if not sets:
        raise InputError(" ".join([_no_images(arrays, where), *warnings]))
    train = sets.get("train") or sets.get("")
    if train and "" in sets and train is not sets[""]:
        unused.append(sets.pop("").key)
    if unused:
        names = ", ".join(f"{key} {list(arrays[key].shape)}" for key in unused)
        sentences.append(f"Not used of {where}: {names}.")
    return _split_collection(sets, sentences)


def _images_in(
    arrays: Mapping[str, NDArray[Any]], group: Mapping[str, str]
) -> tuple[str, Images] | None:
    """The key of a group's images, and these."""
    named = [key for word in IMAGE_KEYS for name, key in group.items() if name.lower() == word]
    deep = [key for key in group.values() if arrays[key].ndim in (3, 4)]
    rest = [key for name, key in group.items() if name.lower() not in LABEL_KEYS]
    for key in dict.fromkeys([*named, *deep, *rest]):
        # Labels beside them say how many images there are.
        others = [arrays[other] for other in group.values() if other != key]
        num = len(arrays[key]) if any(_is_of_each(arrays[key], other) for other in others) else None
        images = as_images(arrays[key], num)
        # An array [H, W] of any name is a picture only where there is nothing else.
        if images is not None and (key in named or key in deep or num or len(group) == 1):
            return key, images
    return None


def _is_of_each(images: NDArray[Any], other: NDArray[Any]) -> bool:
    """Whether an array says something of each of N images, as it is as long; a mask does not."""
    if not (images.ndim and other.ndim and len(images) == len(other)):
        return False
    is_picture = images.ndim == 3 and images.shape[2] in CHANNELS
    return not (is_picture and other.ndim > 1 and other.shape[:2] == images.shape[:2])


def _no_images(arrays: Mapping[str, NDArray[Any]], where: str) -> str:
    found = [f"{key} {list(array.shape)} of {array.dtype}" for key, array in arrays.items()]
    if list(arrays) == [""]:
        (array,) = arrays.values()
        return (
            f"The images of {where} have the shape {list(array.shape)} and the type {array.dtype}: "
            f"expected numbers, {LAYOUTS}."
        )
    return (
        f"{where} holds no images: expected an array {LAYOUTS}, found "
        f"{', '.join(found) or 'no readable array'}."
    )


def _split_collection(sets: Mapping[str, _Set], sentences: Sequence[str]) -> Collection:
    """Training images first, then those held out; without one of them all are used alike."""
    train = sets.get("train") or sets.get("")
    validation, test = sets.get("validation"), sets.get("test")
    parts = [part for part in (train, validation, test) if part is not None]
    skipped: list[LeftOut] = []
    warnings = [*sentences]
    boundary = None
    if train and len(parts) > 1:
        boundary = len(train.images)
        if not validation:
            warnings.append(TEST_VALIDATES)
        if validation and test:
            parts.remove(test)
            skipped = [
                LeftOut("test", f"{test.key} {index}", "a test image, kept apart")
                for index in range(len(test.images))
            ]
            warnings.append(
                f"The {len(skipped):,} image{'s' * (len(skipped) != 1)} of {test.key} "
                f"{'is' if len(skipped) == 1 else 'are'} kept apart as test images: "
                f"training uses {train.key}, validation {validation.key}."
            )
    elif len(parts) > 1:
        names = " and ".join(part.key for part in parts)
        warnings.append(f"{names} are used together: there are no training images beside them.")
    cells = [
        {_column_name(name, part.cells): c for name, c in part.cells.items()} for part in parts
    ]
    images = [part.images for part in parts]
    own = own_split(cells[0], len(images[0])) if len(sets) == 1 else None
    if own is not None:
        del cells[0][own.name]
    columns = joined_columns(cells, [len(part) for part in images])
    found = collect(images, columns, boundary, skipped, warnings)
    return found if own is None else put_in_split_order(found, own)


def _column_name(name: str, cells: Mapping[str, Cells]) -> str:
    is_first = name == next(iter(other for other in cells if other.lower() in LABEL_KEYS), None)
    return "label" if is_first else name


def collect(
    parts: Sequence[NDArray[Any]],
    columns: Mapping[str, Column] | None = None,
    validation_from: int | None = None,
    skipped: Sequence[LeftOut] = (),
    warnings: Sequence[str] = (),
) -> Collection:
    """Arrays [N, H, W] or [N, H, W, C] one after the other; all of them are kept, twins too."""
    starts = np.cumsum([0, *(len(part) for part in parts)])

    def read(index: int) -> NDArray[Any]:
        part = int(np.searchsorted(starts, index, side="right")) - 1
        return np.asarray(parts[part][index - int(starts[part])])

    height, width = parts[0].shape[1:3]
    return Collection(
        Numbers(int(starts[-1])),
        read,
        own_size(height, width),
        are_files=False,
        columns=columns or {},
        validation_from=validation_from,
        skipped=skipped,
        warnings=warnings,
    )
