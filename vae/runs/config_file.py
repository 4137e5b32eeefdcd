"""``config.json``: the configuration of a run as it is written and read."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from vae.config import CHANGEABLE, Config, options, with_values
from vae.errors import FileError, reading
from vae.runs.events import Event

SOURCE = "data.source"  # the same images may lie at another place when a run goes on

# What runs had before there was an option for it, where that is not the default of today.
FORMERLY = {
    "train.lr_schedule": "constant",
    "train.optimizer": "adam",
    "model.modulation": "no",
}


def to_document(config: Config) -> dict[str, Any]:
    """`config` as what ``config.json`` holds."""
    return dataclasses.asdict(config)


def from_json(text: str) -> Config:
    """The config written in ``config.json``.

    Raises FileError for anything that is not such a file.
    """
    try:
        document = json.loads(text)
        values = {
            f"{section}.{name}": tuple(value) if isinstance(value, list) else value
            for section, items in document.items()
            for name, value in items.items()
        }
        return with_values(Config(), FORMERLY | values)
    except (ValueError, AttributeError, TypeError) as error:
        raise FileError(f"config.json cannot be read: {error}") from error


def load_config(file: Path) -> Config:
    """The config in the file `file`. Raises FileError, FileNotFoundError."""
    with reading(file):
        text = file.read_text(encoding="utf-8")
    return from_json(text)


def as_started(config: Config, start: Event) -> Config:
    """`config` with the options that a `start` event says training went on with.

    The event leaves out what has no value, so that an option that may be without one is without.
    """
    known = options()
    changed = {
        name: start.get(name)
        for name in (*CHANGEABLE, SOURCE)
        if name in start or (start and known[name].default is None)
    }
    return with_values(config, changed)
