"""The data sets of torchvision, from their folder or downloaded into it.

``NAME``, ``NAME/CHOICE`` (EMNIST/letters) or ``NAME/PART+PART`` (SVHN/train+extra). N images.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from vae.data.collection import FILE_SIZE, Collection, LeftOut, Numbers, own_size
from vae.data.splits.own_split import split_of_name
from vae.data.torchvision.torchvision_columns import torchvision_columns
from vae.data.torchvision.torchvision_table import (
    CHOICES,
    MUST_CHOOSE,
    PARTS,
    REFUSED,
    REFUSED_MODULES,
    TRAIN_OR_TEST,
    Option,
)
from vae.errors import FileError, InputError

NEEDS_PACKAGE = re.compile(r"(?P<package>[\w-]+) is not found\b.*installed", re.DOTALL)


def load_torchvision(name: str, downloads: Path) -> Collection:
    """A data set of torchvision, from `downloads` or downloaded into it.

    Raises InputError for a set that there is not or that holds no single images, FileError where
    it is neither there nor can be downloaded.
    """
    name, _, suffix = name.partition("/")
    kind = _kind(name)
    wanted = _wanted(name, suffix, kind)
    opening = _Opening(name, kind, wanted.choice, downloads)
    parts = [opening.part(options) for options in wanted.training]
    num_train = sum(map(len, parts))
    warnings = list(wanted.warnings)
    apart = 0
    if wanted.validation is not None:
        try:
            parts.append(opening.part(wanted.validation))
        except FileError as error:
            warnings.append(f"The images are split at random: {error}")
    if len(parts) > len(wanted.training) and wanted.test is not None:
        with contextlib.suppress(FileError):  # a part that is not there need not be kept apart
            apart = len(opening.part(wanted.test, may_download=False))
    if apart:
        warnings.append(
            f"{apart:,} test images are kept apart and not used, as there are validation images."
        )
    is_split = len(parts) > len(wanted.training)
    return _collection(name, parts, num_train if is_split else None, warnings, apart)


def _kind(name: str) -> Any:
    """The class of a set. Raises InputError where there is none, or its items are not images."""
    try:
        datasets = importlib.import_module("torchvision.datasets")
    except ImportError as error:
        raise InputError(f"torchvision:{name} needs the package torchvision: {error}.") from error
    kind = getattr(datasets, name, None) if name in datasets.__all__ else None
    if not inspect.isclass(kind):
        raise InputError(
            f"torchvision has no data set {name!r}: try MNIST, FashionMNIST, CIFAR10, SVHN or "
            "CelebA."
        )
    what = REFUSED_MODULES.get(kind.__module__.rpartition(".")[2])
    why = REFUSED.get(name) or (what and f"holds {what}")
    if why:
        raise InputError(f"torchvision:{name} {why}.")
    return kind


@dataclass(frozen=True)
class _Wanted:
    """The options of each part that is opened."""

    choice: Mapping[str, object]
    training: Sequence[Mapping[str, object]]
    validation: Mapping[str, object] | None = None
    test: Mapping[str, object] | None = None  # kept apart, as there is a part for validation
    warnings: Sequence[str] = ()


def _wanted(name: str, suffix: str, kind: Any) -> _Wanted:
    """Which parts of a set `suffix` asks for. Raises InputError for words that it does not have."""
    parts, choices = _parts_of(name, kind), CHOICES.get(name)
    choice: dict[str, object] = {}
    named: list[str] = []
    for word in filter(None, suffix.split("/")):
        if choices and word in choices.words:
            choice[choices.name] = choices.words[word]
        elif parts and all(part in parts.words for part in word.split("+")):
            named += word.split("+")
        else:
            known = [*(choices.words if choices else ()), *(parts.words if parts else ())]
            raise InputError(
                f"torchvision:{name} has no part {word!r}: "
                f"expected {', '.join(known) or 'the name alone'}."
            )
    if name in MUST_CHOOSE and choices and not choice:
        *firsts, last = choices.words
        raise InputError(
            f"torchvision:{name} is several sets: name one, such as torchvision:{name}/{last} "
            f"({', '.join([*firsts, last])})."
        )
    if parts is None:
        return _Wanted(choice, [{}])
    options = {word: {parts.name: value} for word, value in parts.words.items()}
    if named:
        return _Wanted(choice, [options[word] for word in dict.fromkeys(named)])
    first, *others = options
    roles = {split_of_name(word): word for word in reversed(others)}
    held_out = roles.get("validation") or roles.get("test")
    test = roles.get("test") if "validation" in roles else None
    unused = [word for word in others if word not in (held_out, test)]
    warnings = []
    if unused:
        warnings.append(
            f"Not used of torchvision:{name}: {', '.join(unused)}; parts are named as in "
            f"torchvision:{name}/{first}+{unused[0]}."
        )
    validation = options[held_out] if held_out else None
    return _Wanted(choice, [options[first]], validation, options[test] if test else None, warnings)


def _parts_of(name: str, kind: Any) -> Option | None:
    if name in PARTS:
        return PARTS[name]
    parameters = inspect.signature(kind).parameters
    if "train" in parameters:
        return TRAIN_OR_TEST
    return Option("split", {"train": "train", "test": "test"}) if "split" in parameters else None


@dataclass(frozen=True)
class _Opening:
    """Opens parts of one set."""

    name: str
    kind: Any
    choice: Mapping[str, object]
    downloads: Path

    def part(self, options: Mapping[str, object], may_download: bool = True) -> Any:
        """One part, from `downloads` or the folder of the set's name in it, else downloaded."""
        given = {**self.choice, **options}
        if "root" not in inspect.signature(self.kind).parameters:
            return self.kind(**given)
        own = self.downloads / self.name
        roots = [self.downloads, *[own] * own.is_dir()]
        loads = any(
            "download" in inspect.signature(base).parameters
            for base in self.kind.__mro__
            if base.__init__ is not object.__init__
        )
        attempts = [(root, {"download": False} if loads else {}) for root in roots]
        if loads and may_download:
            attempts.append((self.downloads, {"download": True}))
        cause: Exception | None = None
        for root, how in attempts:
            try:
                return self.kind(root=str(root), **given, **how)
            except Exception as error:  # torchvision raises nearly anything
                self._check_packages(error)
                cause = error if cause is None or how.get("download") else cause
        text = " ".join(str(cause).split())[:200]
        raise FileError(
            f"torchvision:{self.name} is not in the folder {self.downloads.name} beside the cache "
            f"and could not be downloaded ({type(cause).__name__}: {text})."
        ) from cause

    def _check_packages(self, error: Exception) -> None:
        """Raises InputError where a set cannot be read for want of a package."""
        missing = NEEDS_PACKAGE.match(str(error))
        package = getattr(error, "name", None) if isinstance(error, ImportError) else None
        package = missing["package"] if missing else package
        if package:
            raise InputError(
                f"torchvision:{self.name} needs the package {package}: pip install {package}."
            ) from error


def _collection(
    name: str,
    parts: Sequence[Any],
    validation_from: int | None,
    warnings: Sequence[str],
    apart: int,
) -> Collection:
    starts = np.cumsum([0, *(len(part) for part in parts)])

    def read(index: int) -> Image.Image:
        part = int(np.searchsorted(starts, index, side="right")) - 1
        image, *targets = parts[part][index - int(starts[part])]
        for target in targets:
            if isinstance(target, Image.Image):  # a mask, whose file is open
                target.close()
        if not isinstance(image, Image.Image):
            raise ValueError(f"expected an image, found {type(image).__name__}")
        return image

    sizes = _first_sizes(read, int(starts[-1]))
    width, height = sizes.pop() if len(sizes) == 1 else (FILE_SIZE, FILE_SIZE)
    if max(width, height) > FILE_SIZE:
        width = height = FILE_SIZE
    why = "a test image, kept apart"
    return Collection(
        Numbers(int(starts[-1])),
        read,
        own_size(height, width),
        are_files=False,
        columns=torchvision_columns(name, parts),
        validation_from=validation_from,
        skipped=[LeftOut("test", f"test/{index}", why) for index in range(apart)],
        warnings=warnings,
    )


def _first_sizes(read: Callable[[int], Image.Image], num: int) -> set[tuple[int, int]]:
    sizes = set()
    for index in range(min(num, 8)):
        with contextlib.suppress(Exception), read(index) as image:  # counted when its turn comes
            sizes.add(image.size)
    return sizes
