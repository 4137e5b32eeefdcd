"""What a source was understood as, for a person to see before anything is trained on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from vae.data.dataset import Dataset
from vae.data.tables.attributes import UNKNOWN, kind_of
from vae.data.tally import escaped

ENOUGH_IMAGES = 1000  # for training; a network of this kind memorises fewer within some epochs
UNUSABLE = ("broken", "too_large", "unreadable")
EIGHT_BITS = {
    "low": 0,
    "high": 255,
    "black": 0,
    "white": 255,
    "sentence": "The values have 8 bits: 0 is black, 255 white.",
}
FORMERLY = {"imported": "used"}  # reasons in caches of the first format


def report(dataset: Dataset) -> dict[str, Any]:
    """What `python -m vae check` says of the images, as plain values; see docs/architecture.md.

    Nothing is decoded: the import has kept all of it.
    """
    manifest = dataset.manifest
    counts = _renamed(manifest["counts"])
    columns = [_column(dataset, name) for name in dataset.attributes]
    return {
        "name": dataset.name,
        "source": manifest["source"],
        "num_images": len(dataset),
        "counts": counts,
        "examples": _renamed(manifest.get("examples", {})),
        "split": {
            "train": len(dataset.train),
            "validation": len(dataset.validation),
            "from": manifest.get("split_from", "random"),
        },
        "columns": columns,
        "image_shape": list(dataset.image_shape),
        "value_range": manifest.get("value_range") or EIGHT_BITS,
        "warnings": [*_texts(manifest, "warnings"), *_warnings(dataset, counts, columns)],
        "fingerprint": dataset.fingerprint,
    }


def _renamed(by_reason: object) -> dict[str, Any]:
    assert isinstance(by_reason, Mapping)
    return {FORMERLY.get(str(reason), str(reason)): value for reason, value in by_reason.items()}


def _texts(manifest: Mapping[str, object], key: str) -> list[str]:
    found = manifest.get(key, [])
    assert isinstance(found, list)
    return found


def _column(dataset: Dataset, name: str) -> dict[str, Any]:
    """Name and kind of a column, and of how many images it says something."""
    values, classes = dataset.attributes[name], dataset.classes.get(name, ())
    if classes:
        num_unknown = sum(
            int(np.sum(values == number)) for number, word in enumerate(classes) if word == UNKNOWN
        )
    else:
        num_unknown = int(np.sum(np.isnan(values)))
    return {"name": name, "kind": kind_of(classes), "num_known": len(values) - num_unknown}


def _is(num: int) -> str:
    return "is" if num == 1 else "are"


def _warnings(
    dataset: Dataset, counts: Mapping[str, int], columns: list[dict[str, Any]]
) -> Iterator[str]:
    num, num_train = len(dataset), len(dataset.train)
    num_unusable = sum(counts.get(reason, 0) for reason in UNUSABLE)
    num_twins = counts.get("duplicate", 0)
    if num_unusable > num:
        yield (
            f"Most files cannot be used: {num_unusable:,} are broken, too large or unreadable, and "
            f"{num:,} {_is(num)} used."
        )
    if num_twins > num:
        yield (
            f"Most files are copies: {num_twins:,} are the same as another, pixel for pixel, and "
            f"are left out; {num:,} {_is(num)} used."
        )
    if num == 1:
        yield (
            "There is a single image, for training and for validation alike: the model can only "
            "learn it by heart."
        )
    elif dataset.manifest.get("is_one_picture"):
        yield f"All {num:,} images are the same picture: there is nothing to tell apart."
    elif num_train < ENOUGH_IMAGES:
        yield (
            f"There {_is(num_train)} only {num_train:,} training "
            f"image{'s' * (num_train != 1)}: the model will learn "
            f"{'them' if num_train != 1 else 'it'} by heart, reconstruct other "
            f"images poorly and draw few new ones. Use {ENOUGH_IMAGES:,} or more if you can."
        )
    for column in columns:
        name = column["name"]
        classes = dataset.classes.get(name, ())
        if num > 1 and classes and np.all(dataset.attributes[name] == dataset.attributes[name][0]):
            value = classes[int(dataset.attributes[name][0])]
            yield f"All images have the same {escaped(name)}, {escaped(value)}."
    for name in _texts(dataset.manifest, "columns_left_out"):
        yield f"The column {escaped(name)} is left out: it has too many different texts."
