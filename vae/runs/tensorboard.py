"""The numbers of a run's log once more, as files that TensorBoard shows."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from vae.errors import InputError

SPLITS = {"step": "train", "eval": "validation"}  # kinds of events with numbers
NO_MEASURES = ("step", "epoch", "time", "seconds")


def require_tensorboard() -> None:
    """Raises InputError where the package tensorboard is not installed."""
    if find_spec("tensorboard") is None:
        raise InputError(
            "--log tensorboard needs the package tensorboard: pip install tensorboard."
        )


class TensorBoardLog:
    """Writes the events of a training into `folder`, which `tensorboard --logdir` reads.

    Numbers as ``loss/train`` beside ``loss/validation``, the two sheets of each preview as images.
    """

    def __init__(self, folder: Path, run_folder: Path, step: int) -> None:
        """Go on after `step` completed steps; what is there of later ones is hidden."""
        from torch.utils.tensorboard import SummaryWriter

        self._run_folder = run_folder
        self._writer = SummaryWriter(str(folder), purge_step=step + 1)

    def write(self, kind: str, event: Mapping[str, Any]) -> None:
        """Take in one event of the log."""
        writer, step = self._writer, event.get("step", 0)
        if kind in SPLITS:
            for name, value in event.items():
                if isinstance(value, int | float) and name not in NO_MEASURES:
                    tag = f"kl of dimensions/{name}" if name.startswith("kl_") else name
                    writer.add_scalar(f"{tag}/{SPLITS[kind]}", value, step)
        elif kind == "preview":
            self._add_sheets(event, step)
        elif kind == "note":
            writer.add_text("notes", str(event["text"]), step)
        writer.flush()

    def _add_sheets(self, event: Mapping[str, Any], step: int) -> None:
        import numpy as np
        from PIL import Image

        for name in ("reconstructions", "samples"):
            with Image.open(self._run_folder / str(event[name])) as sheet:
                pixels = np.asarray(sheet.convert("RGB"))
            self._writer.add_image(name, pixels, step, dataformats="HWC")

    def close(self) -> None:
        self._writer.close()
