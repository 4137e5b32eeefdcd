"""Copy as Python: short programs on `import vae` that make the same pixels as an exported file.

K key points, D latent dimensions, S points of a path.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

NUM_READABLE = 128  # numbers to show one by one
WIDTH = 72  # of a line of numbers


def face(folder: Path, step: int, z: Floats, file_size: int) -> str:
    """A program that writes the face at z [D], `file_size` pixels a side, as the page does."""
    resampling = "Image.Resampling.LANCZOS"
    return _program(
        folder,
        step,
        f"z = {_array(z[None])}",
        "face = Image.fromarray(vae.grid(vae.decode(model, z), columns=1))  # as the model has it",
        f'face.resize(({file_size}, {file_size}), {resampling}).save("face.png")',
    )


def path(
    folder: Path,
    step: int,
    keys: Floats,
    images: tuple[int, ...],
    points: Floats,
    kind: str,
    factor: int,
) -> str:
    """A program that writes the strip of a path as the page does.

    `keys` [K, D] are the posterior means of `images` where that is not (). `points` [S, D] are
    written out where `kind` is neither slerp nor lerp. `factor`: of enlargement.
    """
    if kind not in ("slerp", "lerp"):
        lines = [f"z = {_array(points)}"]
    elif images:
        means = f"vae.encode(model, vae.dataset(folder).take({list(images)}))"
        lines = [f"keys = {means}", f"z = vae.interpolate(keys, {len(points)}, {json.dumps(kind)})"]
    else:
        lines = [
            f"keys = {_array(keys)}",
            f"z = vae.interpolate(keys, {len(points)}, {json.dumps(kind)})",
        ]
    lines.append("strip = vae.grid(vae.decode(model, z), columns=len(z))")
    enlarged = "strip" if factor == 1 else f"strip.repeat({factor}, 0).repeat({factor}, 1)"
    return _program(folder, step, *lines, f'vae.save("path.png", {enlarged})')


def _program(folder: Path, step: int, *lines: str) -> str:
    """The lines after those that import what they use and load the model.

    With the threads that this process has: another number of them rounds sums differently, and a
    value in fifty thousand would be off by one level.
    """
    import torch

    body = "\n".join(lines)
    standard = ["import base64"] if "base64." in body else []
    others = ["import numpy as np"] if "np." in body else []
    others += ["from PIL import Image"] if "Image." in body else []
    others += ["import torch"]
    load = [
        f"torch.set_num_threads({torch.get_num_threads()})  # as the page has it, to the last bit",
        f"folder = {json.dumps(folder.resolve().as_posix())}",
        f"model, weights = vae.load(folder)  # then of step {step:,}",
    ]
    blocks = [standard, others, ["import vae"], [*load, body]]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _array(points: Floats) -> str:
    """Points [N, D] as Python: their very digits, or all of them in base64 where they are many."""
    points = np.ascontiguousarray(points, "<f4")
    if points.size > NUM_READABLE:
        word = base64.b64encode(points.tobytes()).decode("ascii")
        parts = "\n".join(f'    "{word[i : i + 80]}"' for i in range(0, len(word), 80))
        return (
            f"np.frombuffer(base64.b64decode(\n{parts}\n"
            f'), "<f4").reshape({points.shape[0]}, {points.shape[1]})'
        )
    rows = []
    for point in points:
        lines, line = [], " "
        for number in point:
            word = f" {number!s},"
            if len(line) + len(word) > WIDTH:
                lines.append(line)
                line = " "
            line += word
        rows.append("[\n" + "\n".join([*lines, line]) + "\n]")
    return f"np.float32([{', '.join(rows)}])"
