"""The command that says how long a training would take."""

from __future__ import annotations

import argparse
import signal
import tempfile
import time
from pathlib import Path
from typing import Any

from vae import config as configuration
from vae.commands.progress import Progress
from vae.config import Config
from vae.runs.folder import data_cache

Result = dict[str, Any]


def estimate(arguments: argparse.Namespace, progress: Progress) -> Result:
    """Say how long a training with these options takes on this machine, by a few real steps."""
    began = time.perf_counter()
    # The page ends a measurement that it no longer needs: as with Ctrl-C, nothing is left.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    given = {
        name: configuration.parse_option(name, text)
        for name in configuration.options()
        if (text := getattr(arguments, name)) is not None
    }
    config = configuration.with_values(Config(), given)

    from vae.data.dataset import open_dataset
    from vae.training.estimate import estimate as measured

    loaded = time.perf_counter() - began
    open_dataset(config.data, data_cache(arguments.root), progress)
    imported = time.perf_counter()
    dataset = open_dataset(config.data, data_cache(arguments.root))  # as the training finds it
    before = loaded + time.perf_counter() - imported
    with tempfile.TemporaryDirectory() as folder:
        found = measured(config, dataset, Path(folder))
    costs = found.costs
    first, total = before + costs.first_pictures, before + found.all
    print(
        f"First pictures after {in_words(first)}, the end after {in_words(total)}: "
        f"{found.num_steps:,} step{'s' * (found.num_steps != 1)} of {costs.step:.3g} s on "
        f"{found.device}, with the previews, evaluations and checkpoints between them. "
        + (f"Then a flow is fitted, in {in_words(found.flow)} at most. " if found.flow else "")
        + "The images are imported by now, which is not counted."
    )
    return {
        "first_pictures_seconds": first,
        "seconds": total,
        "step_seconds": costs.step,
        "preview_seconds": costs.preview,
        "evaluation_seconds": costs.evaluation,
        "flow_seconds": found.flow,
        "num_steps": found.num_steps,
        "steps_per_epoch": found.steps_per_epoch,
        "num_validation": len(dataset.validation),
        "device": found.device,
    }


def in_words(seconds: float) -> str:
    """A duration as a person says it, to two digits or so."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
