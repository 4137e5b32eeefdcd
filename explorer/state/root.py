"""Where the runs are."""

from __future__ import annotations

import os
from pathlib import Path

CLONE = Path(__file__).resolve().parents[2]


def root() -> Path:
    """Where the runs are: the folder in VAE_ROOT, or `checkpoints` beside app.py of a clone.

    An installed app is started by `latent-explorer`, which sets VAE_ROOT.
    """
    home = CLONE if (CLONE / "app.py").is_file() else Path.cwd()
    return Path(os.environ.get("VAE_ROOT", home / "checkpoints"))
