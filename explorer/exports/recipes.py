"""A recipe: what made an exported file, so that the file can be taken up again.

K points, D latent dimensions. It travels as JSON in the file's comment (see vae.pictures):

    {"recipe": 1, "kind": "path", "run": "anime-faces", "weights": sha256, "step": 12949,
     "image_size": 64, "points": {"shape": [2, 64], "float32": base64, little endian},
     "settings": {"path": "slerp", "steps": 9, "images": [3, 17]}}
"""

from __future__ import annotations

import base64
import binascii
import json
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vae import pictures

VERSION = 1
KINDS = {"face": "a face", "path": "a path", "training": "a training animation"}
PANELS = {"face": "Sliders", "path": "Interpolate"}  # where a file is taken up again
MAX_POINTS, MAX_DIMENSIONS = 64, 4096

Floats = NDArray[np.float32]
Settings = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Recipe:
    """What an exported file was made of."""

    kind: str  # one of KINDS
    run: str
    digest: str  # sha256 of the weights file
    step: int
    image_size: int  # of the model, in pixels a side
    points: Floats  # [K, D]; [0, 0] for a training animation
    settings: Settings = field(default_factory=dict)  # flat: numbers, words, lists of integers

    @property
    def images(self) -> tuple[int, ...]:
        """Which images of the run's data the points are; () where they are others."""
        images = self.settings.get("images", [])
        is_sound = isinstance(images, list) and len(images) == len(self.points)
        if not is_sound or not all(type(image) is int and 0 <= image < 2**32 for image in images):
            return ()
        return tuple(images)


def written(recipe: Recipe) -> str:
    """The recipe as one line of ASCII."""
    points = np.ascontiguousarray(recipe.points, "<f4")
    return json.dumps(
        {
            "recipe": VERSION,
            "kind": recipe.kind,
            "run": recipe.run,
            "weights": recipe.digest,
            "step": recipe.step,
            "image_size": recipe.image_size,
            "points": {
                "shape": list(points.shape),
                "float32": base64.b64encode(points.tobytes()).decode("ascii"),
            },
            "settings": dict(recipe.settings),
        },
        allow_nan=False,
    )


def parsed(text: str) -> Recipe | None:
    """The recipe that `written` wrote; None where the text is none."""
    try:
        document = json.loads(text)
        if document["recipe"] != VERSION or document["kind"] not in KINDS:
            return None
        num, latent_dim = document["points"]["shape"]
        if not (0 <= num <= MAX_POINTS and 0 <= latent_dim <= MAX_DIMENSIONS):
            return None
        block = base64.b64decode(document["points"]["float32"], validate=True)
        points = np.frombuffer(block, "<f4").astype(np.float32).reshape(num, latent_dim)
        settings = document["settings"]
        if not np.isfinite(points).all() or not isinstance(settings, dict):
            return None
        return Recipe(
            kind=str(document["kind"]),
            run=str(document["run"])[:64],
            digest=str(document["weights"])[:64],
            step=_whole(document["step"]),
            image_size=_whole(document["image_size"]),
            points=points,
            settings=settings,
        )
    except (KeyError, TypeError, ValueError, RecursionError, binascii.Error):
        return None


def read(data: bytes) -> Recipe | None:
    """The recipe in a PNG, GIF, WebP or MP4 file; None where there is none."""
    comment = pictures.comment_of(data)
    return parsed(comment) if comment else None


@dataclass(frozen=True)
class Verdict:
    """What to do with a recipe that was dropped."""

    run: str  # to take it up in; "" where it cannot be
    sentence: str  # for the person
    is_exact: bool = False  # the same pixels will come out


def judged(
    recipe: Recipe, panel: str, run: str, runs: Collection[str], digest: str, step: int
) -> Verdict:
    """What becomes of a recipe dropped on `panel` of `run`, whose weights are these.

    `runs`: the names of all runs here.
    """
    made = f"This file holds {KINDS[recipe.kind]} of run {recipe.run}"
    if recipe.kind not in PANELS:
        return Verdict("", f"{made}, which holds no point to restore.")
    if PANELS[recipe.kind] != panel:
        return Verdict("", f"{made}: upload it in {PANELS[recipe.kind]}.")
    if recipe.run != run:
        if recipe.run not in runs:
            return Verdict("", f"{made}, which is not here, so it is used as a plain picture.")
        return Verdict(recipe.run, f"{made}, which is shown now.")
    if recipe.digest != digest:
        return Verdict(
            run,
            (
                f"It was made with the weights of step {recipe.step:,}; the weights are now those "
                f"of step {step:,}, so the pictures may differ."
            ),
        )
    return Verdict(run, "Restored exactly from its recipe.", is_exact=True)


def _whole(number: Any) -> int:
    value = float(number)
    if not math.isfinite(value) or not 0 <= value < 2**53:
        raise ValueError(f"{number} is not a count")
    return int(value)
