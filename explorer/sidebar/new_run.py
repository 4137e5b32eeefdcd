"""A new run: the answers of its form, what of them is wrong, and its start."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from explorer.drawing import labels
from explorer.sidebar import data_look, time_estimate
from explorer.sidebar.actions import attempt
from explorer.state import handover
from explorer.state.keys import Key
from vae import option_checks
from vae.config import Config, parse_option, with_values
from vae.errors import InputError
from vae.runs import processes, torchrun
from vae.runs.folder import Run, free_name, open_run

# What the form takes; the command takes more.
LIMITS = {
    "epochs": (1, 100_000),
    "beta": (0, 1000),
    "batch_size": (1, 8192),
    "lr": (1e-6, 1),
}
# Fields take any number, so that 1.5 is said to be wrong and not taken for 1.
WHOLE = ("image_size", "epochs", "latent_dim", "batch_size", "gpus")
BY_IMAGES = "automatic"  # a likelihood that the images choose
DEFAULTS = Config()


@dataclass(frozen=True)
class NewRun:
    """The answers of the form; each stands in a widget under the field's name."""

    source: str = DEFAULTS.data.source
    crop: str = DEFAULTS.data.crop
    image_size: int | None = DEFAULTS.data.image_size
    background: str = DEFAULTS.data.background
    name: str = ""  # one that is free
    epochs: int = DEFAULTS.train.epochs
    latent_dim: int = DEFAULTS.model.latent_dim
    network: str = DEFAULTS.model.name
    likelihood: str = BY_IMAGES
    objective: str = DEFAULTS.train.objective
    beta: float = DEFAULTS.train.beta
    batch_size: int = DEFAULTS.train.images_per_step
    auto_batch: bool = False  # another one, that suits the machine and the data
    lr: float = DEFAULTS.train.lr
    flips: bool = False  # half of the images of a step, left to right
    gpus: int | None = None  # that train it together; all there are

    def data_options(self) -> dict[str, str]:
        """The options that say which images, and how they are read."""
        options = {"data.source": self.source.strip()}
        for name in ("crop", "image_size", "background"):
            value = getattr(self, name)
            if value != getattr(DEFAULTS.data, name):
                options[f"data.{name}"] = str(value)
        return options

    def options(self) -> dict[str, str]:
        """The options of the command, by their names."""
        options = {
            **self.data_options(),
            "model.name": self.network,
            "model.latent_dim": str(self.latent_dim),
            "train.epochs": str(self.epochs),
            "train.objective": self.objective,
            "train.beta": str(self.beta),
            "train.batch_size": "auto" if self.auto_batch else str(self.batch_size),
            "train.lr": str(self.lr),
        }
        if self.likelihood != BY_IMAGES:
            options["model.likelihood"] = self.likelihood
        if self.flips:
            options["train.flips"] = "yes"
        return options

    def name_under(self, where: Path) -> str:
        """The name that was asked for, or else one for the data that no run under `where` has."""
        source = self.source.strip()
        word = re.sub(r"[^A-Za-z0-9]+", "-", Path(source).stem).strip("-").lower()
        stem = "faces" if source == DEFAULTS.data.source else word[:40] or "run"
        return self.name.strip() or free_name(where, stem)

    @property
    def num_processes(self) -> int:
        """One for each GPU that was asked for, or for each that is there."""
        return self.gpus or torchrun.num_gpus()

    def data_problem(self) -> str:
        """Why the data cannot be looked at, in a sentence; "" where they can."""
        try:
            values = {name: parse_option(name, text) for name, text in self.data_options().items()}
            with_values(Config(), values)
        except InputError as error:
            return labels.in_form_words(str(error))
        return ""

    def problem(self, where: Path) -> str:
        """Why no run can be started from the answers, in a sentence; "" where one can."""
        try:
            values = {name: parse_option(name, text) for name, text in self.options().items()}
            with_values(Config(), values)
            for field, (low, high) in LIMITS.items():
                value = getattr(self, field)
                is_asked = not (field == "batch_size" and self.auto_batch)
                if is_asked and not low <= value <= high:
                    label = labels.OPTIONS[f"train.{field}"]
                    raise InputError(
                        f"{label} must be from {_grouped(low)} to {_grouped(high)}, not "
                        f"{_grouped(value)}."
                    )
            if not self.auto_batch:
                torchrun.check_batch(self.batch_size, self.num_processes)
            check_free(open_run(where, self.name_under(where)))
        except InputError as error:
            return labels.in_form_words(str(error))
        return ""


def _grouped(value: float) -> str:
    """A number as a person reads it: 0.000001, 5,000."""
    whole, point, rest = option_checks.typed(value).partition(".")
    return f"{int(whole):,}{point}{rest}" if whole.isdigit() else f"{whole}{point}{rest}"


def check_free(run: Run) -> None:
    """Raises InputError where the name of a new run is taken."""
    if run.exists():
        raise InputError(
            f"There is already a run {run.name}: choose another name, or resume that run."
        )


def answer(field: str) -> Key[Any]:
    """Where the page keeps the answer for a field of NewRun."""
    return Key(f"new_run.{field}", getattr(NewRun, field))


def answers() -> NewRun:
    """What stands in the form now."""
    names = [field.name for field in dataclasses.fields(NewRun)]
    found = {name: answer(name).get() for name in names}
    for name in WHOLE:
        if isinstance(value := found[name], float) and value.is_integer() and abs(value) < 1e15:
            found[name] = int(value)
    return NewRun(**found)


def start(where: Path) -> None:
    """Start a run from the answers; where that is refused, the sidebar says why."""
    asked = answers()
    if asked.problem(where):  # of a field that was left by this very press; the form says it
        return
    data_look.end(where)
    time_estimate.end(where)
    name = asked.name_under(where)
    if attempt(lambda: _begin(where, name, asked)):
        answer("name").ask(NewRun.name)  # which is taken now
        handover.open_run(name)
        handover.offer_panel("Live")


def _begin(where: Path, name: str, asked: NewRun) -> None:
    run = open_run(where, name)
    check_free(run)
    if asked.num_processes > 1:
        processes.start_training(run, asked.options(), num_processes=asked.num_processes)
    else:
        processes.start_training(run, asked.options())
