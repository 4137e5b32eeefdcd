"""The data sets of torchvision, from their folder or downloaded into it."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from vae.data.attributes import Column, numeric_column
from vae.data.collection import FILE_SIZE, Collection, own_size
from vae.errors import FileError, InputError


def load_torchvision(name: str, downloads: Path) -> Collection:
    """A data set of torchvision, from `downloads` or downloaded into it."""
    try:
        datasets = importlib.import_module("torchvision.datasets")
    except ImportError as error:
        raise InputError(f"torchvision:{name} needs the package torchvision: {error}.") from error
    kind = getattr(datasets, name, None) if name in datasets.__all__ else None
    if kind is None:
        raise InputError(
            f"torchvision has no data set {name!r}: try MNIST, FashionMNIST, CIFAR10, SVHN or "
            "CelebA."
        )
    options = inspect.signature(kind).parameters
    splits: list[dict[str, Any]] = [{}]
    if "train" in options:
        splits = [{"train": True}, {"train": False}]
    elif "split" in options:
        splits = [{"split": "all"}] if name == "CelebA" else [{"split": "train"}, {"split": "test"}]
    base = {"root": str(downloads)} if "root" in options else {}
    try:
        parts = [_open_torchvision(kind, {**base, **split}, options) for split in splits]
        return _collect_torchvision(parts)
    except Exception as error:  # torchvision raises nearly anything; a person gets one sentence
        cause = " ".join(str(error).split())[:200]
        raise FileError(
            f"torchvision:{name} is not in the folder {downloads.name} beside the cache and could "
            f"not be downloaded ({type(error).__name__}: {cause})."
        ) from error


def _open_torchvision(kind: Any, given: dict[str, Any], options: Mapping[str, Any]) -> Any:
    if "download" not in options:
        return kind(**given)
    try:
        return kind(**given, download=False)
    except RuntimeError:  # torchvision's way to say that the files are not there
        return kind(**given, download=True)


def _collect_torchvision(parts: Sequence[Any]) -> Collection:
    starts = np.cumsum([0, *(len(part) for part in parts)])

    def read(index: int) -> Image.Image:
        part = int(np.searchsorted(starts, index, side="right")) - 1
        image = parts[part][index - int(starts[part])][0]
        if not isinstance(image, Image.Image):
            raise ValueError(f"expected an image, found {type(image).__name__}")
        return image

    columns = {}
    attributes = getattr(parts[0], "attr", None)  # CelebA: [N, 40] of 0 and 1
    if attributes is not None:
        for j, name in enumerate(filter(None, parts[0].attr_names)):
            columns[name] = numeric_column(np.asarray(attributes[:, j], dtype=np.float64))
    found = [getattr(part, "targets", getattr(part, "labels", None)) for part in parts]
    if all(
        labels is not None and len(labels) == len(part)
        for labels, part in zip(found, parts, strict=True)
    ):
        joined = np.concatenate([np.asarray(labels, dtype=np.float64) for labels in found])
        names = tuple(str(name) for name in getattr(parts[0], "classes", ()))
        is_named = joined.ndim == 1 and joined.min() >= 0 and joined.max() < len(names)
        if is_named:
            columns["label"] = Column(joined.astype(np.int64), names)
        elif joined.ndim == 1:
            columns["label"] = numeric_column(joined)
    first = read(0)
    return Collection(
        [str(index) for index in range(int(starts[-1]))],
        read,
        own_size(first.height, first.width) if max(first.size) <= FILE_SIZE else FILE_SIZE,
        are_files=False,
        columns=columns,
        validation_from=int(starts[1]) if len(parts) > 1 else None,
    )
