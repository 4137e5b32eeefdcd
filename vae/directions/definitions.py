"""Directions of the latent space that a person made, kept with their run.

N images, D latent dimensions. A direction is the difference of two means
of posterior means, mean(mu of A) - mean(mu of B), scaled to length 1 (Larsen et al. 2016, White
2016). Its definition is kept, never the vector, so that it means the same when the weights change.
A difference of means includes everything else that differs between A and B, which the leakage
measures. Haufe et al. 2014 say why it is preferred to the weights of a linear readout;
`benchmarks/directions.py` compares the two.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vae.atomic import atomic_json
from vae.errors import FileError, InputError

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

MAX_NAME = 40
MAX_NUMBERS = 5_000  # images of a group that is written as text
LEAST_LEFT = 0.05  # of a vector's length after what is taken out of it


@dataclass(frozen=True)
class Definition:
    """What a direction means: group A minus group B, or an attribute on minus off."""

    name: str
    a: tuple[int, ...] = ()  # images; empty for an attribute
    b: tuple[int, ...] = ()
    attribute: str = ""
    value: str = ""  # what counts as on, one of `values_of`
    orthogonal_to: tuple[str, ...] = ()  # names of directions made before this one


def numbers_in(text: str) -> tuple[int, ...]:
    """The images that "3, 17, 40-60" names. Raises InputError."""
    found: dict[int, None] = {}
    for word in text.replace(",", " ").split():
        first, dash, last = word.partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()) or len(word) > 25:
            raise InputError(
                f"Expected numbers of images such as 3, 17, 40-60, but found {word[:30]!r}."
            )
        start, end = int(first), int(last or first)
        if end - start >= MAX_NUMBERS or len(found) > MAX_NUMBERS:
            raise InputError(f"A group has at most {MAX_NUMBERS:,} images.")
        found.update(dict.fromkeys(range(start, end + 1)))
    return tuple(found)


# ------------------------------------------------------------------------------- the file


def load_directions(path: Path) -> list[Definition]:
    """The directions kept in a file, oldest first; none where there is none.

    Raises FileError where the file holds something else.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        found = [_definition(entry) for entry in document["directions"]]
    except FileNotFoundError:
        return []
    except (ValueError, KeyError, TypeError, OSError) as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0][:120]
        raise FileError(
            f"{path.name} holds no directions ({reason}): repair it or move it away."
        ) from error
    names: list[str] = []
    for one in found:
        try:
            _check(one, names)
        except InputError as error:
            raise FileError(f"{path.name} is broken. {error}") from error
        names.append(one.name)
    return found


def _definition(entry: dict[str, Any]) -> Definition:
    known = {item.name for item in fields(Definition)}
    values = {name: value for name, value in entry.items() if name in known}
    for name in ("name", "attribute", "value"):
        if not isinstance(values.get(name, ""), str):
            raise TypeError(f"{name} is not text")
    for name in ("a", "b"):
        values[name] = tuple(map(_image, values.get(name, ())))
    values["orthogonal_to"] = tuple(map(str, values.get("orthogonal_to", ())))
    return Definition(**values)


def _image(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**62:
        raise TypeError(f"{value!r} is not the number of an image")
    return value


def _check(definition: Definition, names: Sequence[str]) -> None:
    """Raises InputError for a definition that cannot follow those with these names."""
    name = definition.name
    if not name.strip() or len(name) > MAX_NAME:
        raise InputError(f"A direction's name has 1 to {MAX_NAME} letters, not {name[:60]!r}.")
    if name.casefold() in {other.casefold() for other in names}:
        raise InputError(f"There is a direction {name!r} already: choose another name.")
    for other in definition.orthogonal_to:
        if other not in names:
            raise InputError(f"{name} cannot be orthogonal to {other!r}, which does not exist.")
    if not definition.attribute and not (definition.a and definition.b):
        empty = "A" if not definition.a else "B"
        raise InputError(f"Group {empty} is empty: a direction needs two groups of images.")


def add_direction(path: Path, definition: Definition) -> None:
    """Keep one more. Raises InputError for a bad name or empty group, FileError as loading does."""
    before = load_directions(path)
    _check(definition, [one.name for one in before])
    _write(path, [*before, definition])


def remove_direction(path: Path, name: str) -> None:
    """Delete one. Raises InputError where there is none, or others are orthogonal to it."""
    before = load_directions(path)
    if name not in [one.name for one in before]:
        raise InputError(f"There is no direction {name[:60]!r}.")
    resting = [one.name for one in before if name in one.orthogonal_to]
    if resting:
        raise InputError(f"{resting[0]} is orthogonal to {name}: delete {resting[0]} first.")
    _write(path, [one for one in before if one.name != name])


def _write(path: Path, definitions: Sequence[Definition]) -> None:
    atomic_json(path, {"directions": [asdict(one) for one in definitions]})
