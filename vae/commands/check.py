"""The command that says what a source holds, before anything is trained on it."""

from __future__ import annotations

import argparse
import signal
from typing import Any

from vae import config as configuration
from vae.commands.progress import Progress
from vae.config import DataConfig
from vae.runs.folder import data_cache

Result = dict[str, Any]

SOURCE = "data.source"
NUM_SHOWN = 3  # examples of each reason in the text; --json has more


def data_options() -> list[str]:
    """The options that a check takes, by their dotted names: all of the data but the source."""
    return [name for name in configuration.options() if name.startswith("data.") and name != SOURCE]


def check(arguments: argparse.Namespace, progress: Progress) -> Result:
    """Say what of SOURCE is used and how, and what is not and why. Trains nothing."""
    given = {
        name.removeprefix("data."): configuration.parse_option(name, text)
        for name in data_options()
        if (text := getattr(arguments, name)) is not None
    }
    config = DataConfig(source=arguments.source, **given)
    # The page ends a check that it no longer needs: as with Ctrl-C, nothing half is left.
    signal.signal(signal.SIGTERM, signal.default_int_handler)

    from vae.data.dataset import open_dataset
    from vae.data.report import report

    found = report(open_dataset(config, data_cache(arguments.root), progress))
    progress.close()
    _print(found)
    return found


def _print(found: Result) -> None:
    channels, height, width = found["image_shape"]
    split = found["split"]
    own = "as the source has them" if split["from"] == "own" else "drawn at random"
    num = found["num_images"]
    print(
        f"{found['name']}: {num:,} image{'s' * (num != 1)} of {width} x {height} pixels, "
        f"{'grey' if channels == 1 else 'in colour'}. {split['train']:,} for training, "
        f"{split['validation']:,} for validation, {own}."
    )
    for reason, count in found["counts"].items():
        print(f"  {count:>9,} {reason.replace('_', ' ')}")
        if reason != "used":
            for text in found["examples"].get(reason, [])[:NUM_SHOWN]:
                print(f"            {text}")
    for column in found["columns"]:
        print(f"  column {column['name']}: {column['kind']}, known of {column['num_known']:,}")
    if sentence := found["value_range"].get("sentence"):
        print(sentence)
    for sentence in found["warnings"]:
        print(f"Note: {sentence}")
