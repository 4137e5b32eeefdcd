"""Directions of the latent space that were made by hand, kept with their run.

N images, D latent dimensions. A direction is the difference of two means
of posterior means, mean(mu of A) - mean(mu of B), made to length 1 (Larsen et al. 2016, White
2016). It is kept by its definition, never as a vector, and so goes on to mean the same as the
weights change. A difference of means carries along whatever else differs between A and B: the
leakage says so, and the pattern it is has been preferred to the weights of a linear readout for
the reason of Haufe et al. 2014; `benchmarks/directions.py` compares the two.
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


# ------------------------------------------------------------------------------- the vector


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
            f"{path.name} holds no directions ({reason}): mend it or move it away."
        ) from error
    names: list[str] = []
    for one in found:
        _check(one, names, path.name + ": ")
        names.append(one.name)
    return found


def _definition(entry: dict[str, Any]) -> Definition:
    known = {item.name for item in fields(Definition)}
    values = {name: value for name, value in entry.items() if name in known}
    for name in ("name", "attribute", "value"):
        if not isinstance(values.get(name, ""), str):
            raise TypeError(f"{name} is no text")
    for name in ("a", "b"):
        values[name] = tuple(map(_image, values.get(name, ())))
    values["orthogonal_to"] = tuple(map(str, values.get("orthogonal_to", ())))
    return Definition(**values)


def _image(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**62:
        raise TypeError(f"{value!r} is no image")
    return value


def _check(definition: Definition, names: Sequence[str], where: str = "") -> None:
    name = definition.name
    if not name.strip() or len(name) > MAX_NAME:
        raise InputError(f"{where}A direction's name has 1 to {MAX_NAME} letters: {name[:60]!r}.")
    if name.casefold() in {other.casefold() for other in names}:
        raise InputError(f"{where}There is a direction {name!r} already: choose another name.")
    for other in definition.orthogonal_to:
        if other not in names:
            raise InputError(f"{where}{name} cannot be orthogonal to {other!r}: it is not there.")
    if not definition.attribute and not (definition.a and definition.b):
        empty = "A" if not definition.a else "B"
        raise InputError(f"{where}Group {empty} holds no image: a direction needs two groups.")


def add_direction(path: Path, definition: Definition) -> None:
    """Keep one more. Raises InputError for a name that is taken or none, and as loading does."""
    before = load_directions(path)
    _check(definition, [one.name for one in before])
    _write(path, [*before, definition])


def remove_direction(path: Path, name: str) -> None:
    """Let go of one. Raises InputError where others are made orthogonal to it."""
    before = load_directions(path)
    resting = [one.name for one in before if name in one.orthogonal_to]
    if resting:
        raise InputError(f"{resting[0]} is made orthogonal to {name}: delete that one first.")
    _write(path, [one for one in before if one.name != name])


def _write(path: Path, definitions: Sequence[Definition]) -> None:
    atomic_json(path, {"directions": [asdict(one) for one in definitions]})
