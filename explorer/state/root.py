"""Where the runs are."""

from __future__ import annotations

import os
from pathlib import Path

DEFAULT_ROOT = Path(__file__).resolve().parents[2] / "checkpoints"


def root() -> Path:
    """Where the runs are: the folder in VAE_ROOT, or `checkpoints` beside the app."""
    return Path(os.environ.get("VAE_ROOT", DEFAULT_ROOT))
