"""The command `python -m vae`: what it takes, and the exit codes 0 (done) and 2 (bad input)."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import sys
from argparse import ArgumentTypeError
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import vae
from vae import config as configuration
from vae.commands import (
    check,
    checkpoint,
    directions,
    doctor,
    estimate,
    evaluate,
    export,
    latents,
    pictures,
    runs,
    select,
    train,
)
from vae.commands.progress import Progress
from vae.errors import ExplainedError, InputError
from vae.option_checks import as_came
from vae.option_choices import EXPORT_FORMATS, MAP_METHODS, PATH_KINDS, SAMPLERS, SPLITS
from vae.runs import torchrun
from vae.runs.give_way import give_way

# A thread that waits spins for some 10 to 30 microseconds (of GNU's OpenMP; others sleep at once).
SHORT_SPINS = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "1000"}


def whole(text: str) -> int:
    """The whole number that is written there."""
    try:
        return int(text)
    except ValueError:
        raise ArgumentTypeError(f"must be a whole number, not {as_came(text)}") from None


def number(text: str) -> float:
    """The number that is written there."""
    try:
        return float(text)
    except ValueError:
        raise ArgumentTypeError(f"must be a number, not {as_came(text)}") from None


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence and exits with 2."""

    def error(self, message: str) -> Any:
        print(f"{self.prog}: {message}; see --help.", file=sys.stderr)
        raise SystemExit(2)


def parser(prog: str = "python -m vae") -> argparse.ArgumentParser:
    """All commands and their flags; `prog` is what the help calls the program."""
    main_parser = Parser(
        prog=prog, description="Train variational autoencoders and see inside them."
    )
    main_parser.add_argument(
        "--version", action="version", version=f"latent-explorer {vae.__version__}"
    )
    commands = main_parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(function: Callable[..., dict[str, Any]], with_run: bool = True) -> Any:
        text = (function.__doc__ or "").strip()
        sub = commands.add_parser(function.__name__, help=text, description=text)
        sub.set_defaults(function=function)
        if with_run:
            sub.add_argument("run", metavar="RUN", help="the run's name")
        sub.add_argument("--root", type=Path, default=Path("checkpoints"), metavar="DIR")
        sub.add_argument("--json", action="store_true", help="end with one JSON object")
        return sub

    def add_options(sub: Any, names: Sequence[str]) -> None:
        for name in names:
            item = configuration.options()[name]
            flags = [f"--{name}"] + (["--data"] if name == "data.source" else [])
            default = "" if item.default is None else f" (default: {item.default})"
            text = item.metadata["help"] + default
            sub.add_argument(*flags, dest=name, metavar="VALUE", help=text)

    def with_out(sub: Any) -> Any:
        sub.add_argument("--out", type=Path, metavar="FILE", help="default: RUN-COMMAND here")
        return sub

    sub = command(train.train)
    sub.add_argument(
        "--from",
        dest="begin_from",
        metavar="OTHER",
        help="start a new run from the options and the weights of another",
    )
    sub.add_argument(
        "--take_over",
        action="store_true",
        help="pause the trainer that is running and continue in its place",
    )
    text = "also write the numbers and previews for TensorBoard, into RUN/tensorboard"
    sub.add_argument("--log", choices=("tensorboard",), help=text)
    add_options(sub, [*configuration.options()])
    add_options(command(estimate.estimate, with_run=False), [*configuration.options()])
    command(runs.runs, with_run=False)
    sub = command(check.check, with_run=False)
    sub.add_argument("source", metavar="SOURCE", help="a folder, a .zip, ...: as for train --data")
    add_options(sub, check.data_options())
    command(doctor.doctor)
    sub = command(checkpoint.checkpoint)
    text = (
        "put these weights into use, for every command and every panel. Training goes on from the "
        "newest training state all the same, and its next checkpoint puts the newest weights back "
        "into use"
    )
    sub.add_argument("--use", metavar="best|newest|STEP", help=text)
    sub = command(directions.directions)
    sub.add_argument("--add", metavar="NAME", help="make a direction and keep it with the run")
    sub.add_argument("--attribute", default="", help="its images on one side minus the others")
    sub.add_argument("--value", default="", help="the class that counts as on")
    text = "or a group of images, such as 3,17,40-60"
    sub.add_argument("--a", default="", metavar="IMAGES", help=text)
    sub.add_argument("--b", default="", metavar="IMAGES", help="minus this one")
    text = "a direction that it leaves in place; may be given again"
    sub.add_argument("--orthogonal_to", action="append", default=[], metavar="NAME", help=text)
    sub.add_argument("--remove", metavar="NAME", help="delete a direction")
    sub = command(evaluate.evaluate)
    sub.add_argument("--split", choices=SPLITS, default="validation")
    sub.add_argument("--importance_samples", type=whole, default=10, metavar="K")
    sub.add_argument(
        "--bound_num", type=whole, default=1000, help="images of the bound, 0: all (default: 1000)"
    )
    text = "images in each set of the Frechet distances, 0: none (default: 2000)"
    sub.add_argument("--frechet_num", type=whole, default=2000, help=text)
    text = "Inception weights of torch-fidelity, for published FIDs (default: a built-in network)"
    sub.add_argument("--inception", type=Path, metavar="FILE", help=text)
    sub = with_out(command(pictures.sample))
    sub.add_argument("--num", type=whole, default=64)
    sub.add_argument("--seed", type=whole, default=0)
    text = "normal: N(0, I); flow, mixture: fitted to codes of training images (default: normal)"
    sub.add_argument("--prior", choices=SAMPLERS, default="normal", help=text)
    text = "factor on the standard deviation of the samples (default: 1)"
    sub.add_argument("--temperature", type=number, default=1.0, metavar="T", help=text)
    text = "show beneath each the nearest training images in z and in pixels"
    sub.add_argument("--nearest", action="store_true", help=text)
    sub = with_out(command(pictures.reconstruct))
    sub.add_argument("--data", metavar="SOURCE", help="other images than the run's")
    sub.add_argument("--num", type=whole, default=32)
    sub = with_out(command(pictures.interpolate))
    sub.add_argument("a", metavar="A", help="an image file, or an index of the run's data")
    sub.add_argument("b", metavar="B")
    sub.add_argument("--steps", type=whole, default=9)
    sub.add_argument("--path", choices=PATH_KINDS, default="slerp")
    sub = with_out(command(pictures.traverse))
    sub.add_argument("--seed", type=whole, default=0)
    sub.add_argument("--num", type=whole, default=10, help="how many dimensions")
    sub.add_argument("--steps", type=whole, default=9)
    sub = with_out(command(pictures.animate))
    sub.add_argument("--frame_seconds", type=number, default=0.12)
    text = "flow: at the end the same noise goes through the flow of the run (default: normal)"
    sub.add_argument("--prior", choices=("normal", "flow"), default="normal", help=text)
    sub = with_out(command(latents.encode))
    sub.add_argument("--data", metavar="SOURCE", help="other images than the run's")
    sub = with_out(command(latents.project))
    sub.add_argument("--method", choices=MAP_METHODS, default="umap")
    sub.add_argument("--num", type=whole, default=None, help="at most this many images")
    sub.add_argument("--seed", type=whole, default=0)
    text = "umap: a larger number shows more of the whole and less of small groups (default: 15)"
    sub.add_argument("--neighbours", type=whole, metavar="K", help=text)
    text = "umap: a larger distance keeps points that are alike further apart (default: 0.1)"
    sub.add_argument("--min_distance", type=number, metavar="D", help=text)
    sub = command(select.select)
    which = sub.add_mutually_exclusive_group(required=True)
    text = "the N images with the highest loss, which are often broken, blank or turned"
    which.add_argument("--highest_loss", type=whole, metavar="N", help=text)
    text = "numbers such as 3,17,40-60, or a text file with a number or a name a line"
    which.add_argument("--images", metavar="IMAGES", help=text)
    then = sub.add_mutually_exclusive_group()
    text = "make a data version of this name, without these images"
    then.add_argument("--leave_out", metavar="NAME", help=text)
    text = "make a data version of this name, of these images alone"
    then.add_argument("--keep", metavar="NAME", help=text)
    text = "copy their files into this new folder, or a new .zip"
    sub.add_argument("--export", type=Path, metavar="FOLDER", help=text)
    sub = command(export.export)
    sub.add_argument("--format", choices=EXPORT_FORMATS, required=True)
    sub.add_argument("--out", type=Path, metavar="FOLDER", help="default: RUN-FORMAT here")
    return main_parser


def main(words: list[str] | None = None, prog: str = "python -m vae") -> int:
    """Run one command. Returns the exit code, 130 where Ctrl-C ended it."""
    place = torchrun.place()
    is_speaker = place.local_rank == 0  # for those of its machine
    with contextlib.nullcontext() if is_speaker else contextlib.redirect_stderr(io.StringIO()):
        arguments = parser(prog).parse_args(words)  # what is wrong with them is said once
    _let_threads_sleep()
    give_way()
    progress = Progress()
    try:
        if place.world_size > 1 and arguments.function is not train.train:
            raise InputError(
                f"torchrun is for the command train: leave it out for {arguments.command}."
            )
        result = arguments.function(arguments, progress)
    except ExplainedError as error:
        progress.close()
        if is_speaker:
            print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        progress.close()
        if is_speaker:
            print("Stopped; nothing half is left behind.", file=sys.stderr)
        return 130
    finally:
        progress.close()
    if arguments.json and place.rank == 0:
        print(json.dumps(result, allow_nan=False))
    return 0


def _let_threads_sleep() -> None:
    """Threads that wait for others spin for some microseconds at most. Read when torch is loaded.

    Those that spin for longer keep what they wait for from a core where something else, as the
    page, uses one too: steps took up to seven times as long. Those that sleep at once have to be
    woken hundreds of times in a step, an eighth of its time.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.update({**SHORT_SPINS, **os.environ})
