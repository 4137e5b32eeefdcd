"""What several tests of this folder make and look at."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
from hypothesis import HealthCheck, settings

from vae.data.tables.attached import Attached, Table
from vae.data.tables.attributes import Column
from vae.data.tables.tables import attach_tables

# A busy machine is no reason to fail.
many = partial(settings, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def attached(tables: dict[str, str | bytes], paths: list[str], source: str = "") -> Attached:
    """What tables of these texts say of the images at `paths`."""
    files = [
        Table(path, text.encode() if isinstance(text, str) else text)
        for path, text in tables.items()
    ]
    found = attach_tables(files, paths, source)
    told = found.rowless.told(np.arange(len(paths)))
    return replace(found, warnings=[*found.warnings, *told])


def texts(column: Column) -> list[str | float | None]:
    """What a column says of each image: the name of its class, or a number; None: unknown."""
    if column.classes:
        named = [column.classes[value] for value in column.values]
        return [None if name == "unknown" else name for name in named]
    return [None if np.isnan(value) else float(value) for value in column.values]


def said(found: Attached, *parts: str) -> bool:
    """Whether one sentence holds all of these parts."""
    return any(all(part in sentence for part in parts) for sentence in found.warnings)
