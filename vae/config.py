"""The whole configuration of a run, checked at the door.

Three frozen dataclasses, one per owner: the data, the model, the training. A field is a flag of
the command: ``train.batch_size`` is ``--train.batch_size``.

Longer than 250 lines because every option of a run stands here, each with its help and its check.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from vae import option_checks, option_choices
from vae.errors import InputError, short

MIN_IMAGE_SIZE, MAX_IMAGE_SIZE = 16, 256


@dataclass(frozen=True)
class DataConfig:
    """Which images, and how they are split."""

    source: str = field(default="synthetic", metadata={"help": "where the images come from"})
    image_size: int | None = field(
        default=None, metadata={"help": "side of the square images in pixels (default: by source)"}
    )
    crop: option_choices.Cropping = field(
        default="centre",
        metadata={
            "help": "how a picture becomes a square: its centre, fit (all of it, padded) or stretch"
        },
    )
    background: option_choices.Background = field(
        default="auto",
        metadata={
            "help": "the colour behind transparent pixels: white, black or mean (of those that can "
            "be seen); auto takes the first of them on which the images can be seen"
        },
    )
    num_images: int | None = field(
        default=None, metadata={"help": "use at most this many images (synthetic: 20000)"}
    )
    validation_fraction: float = field(
        default=0.1, metadata={"help": "part held out, where the source has no split of its own"}
    )
    seed: int = field(default=0, metadata={"help": "seed of the split and of synthetic faces"})

    def __post_init__(self) -> None:
        option_checks.check(
            bool(self.source.strip()), "data.source must name a source, for example synthetic."
        )
        option_checks.check_whole(
            "data.image_size", self.image_size, MIN_IMAGE_SIZE, MAX_IMAGE_SIZE
        )
        option_checks.check_choice("data.crop", self.crop, option_choices.CROPPINGS)
        option_checks.check_choice("data.background", self.background, option_choices.BACKGROUNDS)
        option_checks.check_whole("data.num_images", self.num_images, 1)
        option_checks.check(
            0.0 < self.validation_fraction < 1.0,
            f"data.validation_fraction must lie between 0 and 1, not "
            f"{option_checks.typed(self.validation_fraction)}.",
        )
        option_checks.check_whole("data.seed", self.seed, 0)


@dataclass(frozen=True)
class ModelConfig:
    """The networks and the likelihood p(x given z)."""

    name: option_choices.Network = field(
        default="residual",
        metadata={
            "help": "residual, conv (the five layers of tutorials) or mlp (one hidden layer)"
        },
    )
    latent_dim: int = field(default=32, metadata={"help": "D, the number of latent dimensions"})
    channels: tuple[int, ...] = field(
        default=(32, 64, 128, 192, 192),
        metadata={"help": "residual, conv: channels of the five levels, finest first"},
    )
    hidden_dim: int = field(default=400, metadata={"help": "mlp: width of the hidden layer"})
    likelihood: option_choices.LikelihoodName | None = field(
        default=None,
        metadata={
            "help": "bernoulli, gaussian, gaussian_bands, gaussian_per_pixel or laplace "
            "(default: gaussian for colour, else bernoulli)"
        },
    )
    sigma: float | None = field(
        default=None,
        metadata={
            "help": "gaussian, laplace: fixed standard deviation of the pixel noise, x in [0, 1] "
            "(default: shared and optimal)"
        },
    )
    prior: option_choices.Prior = field(
        default="flow",
        metadata={
            "help": "flow: fit a flow to the codes after training, to draw samples from; normal: "
            "draw them from N(0, I), the prior of the loss in both cases"
        },
    )
    modulation: option_choices.YesNo = field(
        default="yes",
        metadata={
            "help": "residual: z also scales and shifts the channels at each level of the decoder"
        },
    )

    def __post_init__(self) -> None:
        option_checks.check_choice("model.name", self.name, option_choices.NETWORKS)
        option_checks.check_whole("model.latent_dim", self.latent_dim, 1, 4096)
        five = len(self.channels) == 5 and all(1 <= c <= 2048 for c in self.channels)
        option_checks.check(
            five,
            "model.channels must be five whole numbers from 1 to 2048, such as "
            f"32,64,128,192,192, not {short(','.join(map(str, self.channels)))}.",
        )
        option_checks.check_choice("model.modulation", self.modulation, option_choices.YES_NO)
        option_checks.check_whole("model.hidden_dim", self.hidden_dim, 1, 16384)
        option_checks.check_choice("model.likelihood", self.likelihood, option_choices.LIKELIHOODS)
        option_checks.check_positive("model.sigma", self.sigma)
        option_checks.check_choice("model.prior", self.prior, option_choices.PRIORS)
        option_checks.check(
            self.sigma is None or self.likelihood in (None, "gaussian", "laplace"),
            "model.sigma belongs to the gaussian and laplace likelihoods: leave it out with "
            f"model.likelihood {self.likelihood}.",
        )


@dataclass(frozen=True)
class TrainConfig:
    """How the model is trained. Intervals are in steps, batch_size is the total."""

    epochs: int = field(default=20, metadata={"help": "passes over the training images"})
    batch_size: int | Literal["auto"] = field(
        default=32,
        metadata={
            "help": "images per step; auto chooses once, when the run begins: 32 on a processor, "
            "256 on CUDA or what fits into its memory, fewer for few images"
        },
    )
    optimizer: option_choices.Optimizer = field(
        default="muon",
        metadata={
            "help": "muon (residual: the weights of its convolutions by Muon, all else by Adam) "
            "or adam"
        },
    )
    lr: float = field(default=1e-3, metadata={"help": "learning rate"})
    lr_schedule: option_choices.LrSchedule = field(
        default="cooldown",
        metadata={
            "help": "constant, cosine, or cooldown (rises over the first 15 steps, falls to a "
            "hundredth over the last 3 tenths)"
        },
    )
    ema: float = field(
        default=0.0,
        metadata={
            "help": "decay of a moving average of the weights, such as 0.999, which is then what "
            "is shown, measured and saved; after t steps at most (1 + t) / (10 + t); 0: none"
        },
    )
    objective: option_choices.ObjectiveName = field(
        default="elbo",
        metadata={
            "help": "elbo (its KL weighted by beta), importance_weighted, beta_tc (beta "
            "weighs the total correlation) or autoencoder (no noise, no KL)"
        },
    )
    num_samples: int = field(
        default=1, metadata={"help": "samples of z for each image (importance_weighted: K)"}
    )
    estimator: option_choices.Estimator | None = field(
        default=None,
        metadata={"help": "elbo: its KL analytic or sampled (default: analytic)"},
    )
    beta: float = field(default=1.0, metadata={"help": "weight of the KL in the loss"})
    warmup_steps: int = field(
        default=0, metadata={"help": "steps over which beta (or capacity) rises linearly from 0"}
    )
    cycle_steps: int = field(
        default=0, metadata={"help": "beta rises from 0 again every so many steps (0: only once)"}
    )
    capacity: float | None = field(
        default=None,
        metadata={"help": "target for the KL in nats: beta weights the distance from it"},
    )
    free_bits: float = field(
        default=0.0, metadata={"help": "nats of KL in each dimension that cost nothing"}
    )
    checkpoint_every: int = field(
        default=250, metadata={"help": "steps between checkpoints, also made after each epoch"}
    )
    max_minutes: float | None = field(
        default=None,
        metadata={"help": "stop after so many minutes; a flow is fitted then (default: no limit)"},
    )
    patience: int | None = field(
        default=None,
        metadata={"help": "stop after so many epochs without a lower validation loss"},
    )
    seed: int = field(default=0, metadata={"help": "seed of weights, noise and data order"})
    device: option_choices.Device | None = field(
        default=None, metadata={"help": "cuda, mps or cpu (default: the best there is)"}
    )
    precision: option_choices.Precision | None = field(
        default=None,
        metadata={
            "help": "float32 or bfloat16, of the networks (default: bfloat16 on cuda and, but for "
            "small networks, on processors that have instructions for it)"
        },
    )
    compile: option_choices.YesNo = field(
        default="no",
        metadata={"help": "yes: compile the networks first, half a minute for quicker steps"},
    )
    flips: option_choices.YesNo = field(
        default="no",
        metadata={
            "help": "yes: half of the images of each step are turned left to right, where there "
            "are few; not for text"
        },
    )

    def __post_init__(self) -> None:
        option_checks.check_whole("train.epochs", self.epochs, 1)
        if isinstance(self.batch_size, str):
            auto = (
                f"train.batch_size must be a whole number or auto, not {short(self.batch_size)!r}."
            )
            option_checks.check(self.batch_size == "auto", auto)
        else:
            option_checks.check_whole("train.batch_size", self.batch_size, 1)
        option_checks.check_positive("train.lr", self.lr)
        option_checks.check_choice("train.optimizer", self.optimizer, option_choices.OPTIMIZERS)
        option_checks.check_choice(
            "train.lr_schedule", self.lr_schedule, option_choices.LR_SCHEDULES
        )
        option_checks.check(
            0.0 <= self.ema < 1.0,
            "train.ema must be 0 or a number between 0 and 1, not "
            f"{option_checks.typed(self.ema)}.",
        )
        option_checks.check_choice("train.objective", self.objective, option_choices.OBJECTIVES)
        option_checks.check_whole("train.num_samples", self.num_samples, 1, 10_000)
        option_checks.check_choice("train.estimator", self.estimator, option_choices.ESTIMATORS)
        option_checks.check_not_negative("train.beta", self.beta)
        option_checks.check_whole("train.warmup_steps", self.warmup_steps, 0)
        option_checks.check_whole("train.cycle_steps", self.cycle_steps, 0)
        option_checks.check_not_negative("train.capacity", self.capacity)
        option_checks.check_not_negative("train.free_bits", self.free_bits)
        option_checks.check_whole("train.checkpoint_every", self.checkpoint_every, 1)
        option_checks.check_positive("train.max_minutes", self.max_minutes)
        option_checks.check_whole("train.patience", self.patience, 1)
        option_checks.check_whole("train.seed", self.seed, 0)
        option_checks.check_choice("train.device", self.device, option_choices.DEVICES)
        option_checks.check_choice("train.precision", self.precision, option_choices.PRECISIONS)
        option_checks.check_choice("train.compile", self.compile, option_choices.YES_NO)
        option_checks.check_choice("train.flips", self.flips, option_choices.YES_NO)
        option_checks.check_objective(self)

    @property
    def images_per_step(self) -> int:
        """`batch_size`, which is a number in the config of every run."""
        assert self.batch_size != "auto"
        return self.batch_size


@dataclass(frozen=True)
class Config:
    """A run's whole configuration: ``config.json``."""

    data: DataConfig = field(default_factory=DataConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    train: TrainConfig = field(default_factory=TrainConfig)


SECTIONS: dict[str, type[Any]] = {"data": DataConfig, "model": ModelConfig, "train": TrainConfig}

# What the images and the device decide where nothing else is asked for; then it is fixed.
AUTOMATIC = {"train.batch_size": "auto", "model.likelihood": None}

# A running model can go on under other values of these; everything else is fixed for a run.
CHANGEABLE = (
    "model.prior",
    "train.epochs",
    "train.lr",
    "train.lr_schedule",
    "train.ema",
    "train.beta",
    "train.warmup_steps",
    "train.cycle_steps",
    "train.capacity",
    "train.free_bits",
    "train.checkpoint_every",
    "train.max_minutes",
    "train.patience",
    "train.device",
    "train.precision",
    "train.compile",
    "train.flips",
)


def options() -> dict[str, dataclasses.Field[Any]]:
    """Every option by its dotted name, as ``train.lr``."""
    return {
        f"{section}.{item.name}": item
        for section, owner in SECTIONS.items()
        for item in dataclasses.fields(owner)
    }


def parse_option(name: str, text: str) -> Any:
    """The value of the option `name` written as `text` (``none`` for the default choice).

    Raises InputError where the text is not of the option's type.
    """
    section, _, item = name.partition(".")
    hint = typing.get_type_hints(SECTIONS[section])[item]
    is_union = typing.get_origin(hint) in (types.UnionType, typing.Union)
    kinds = typing.get_args(hint) if is_union else (hint,)
    if type(None) in kinds and text.lower() == "none":
        return None
    kind = kinds[0]
    words = typing.get_args(kinds[-1]) if kind is int else ()  # that may stand for the number
    if text in words:
        return text
    try:
        if typing.get_origin(kind) is tuple:
            return tuple(int(part) for part in text.split(","))
        return text if typing.get_origin(kind) is typing.Literal else kind(text)
    except ValueError:
        came = option_checks.as_came(text)
        if words and came.startswith("'"):
            raise InputError(f"{name} must be a whole number or {words[0]}, not {came}.") from None
        wanted = {int: "a whole number", float: "a number"}.get(
            kind, "whole numbers such as 32,64,128,192,192"
        )
        raise InputError(f"{name} must be {wanted}, not {came}.") from None


def get_value(config: Config, name: str) -> Any:
    """The value of the option with the dotted `name`."""
    section, _, item = name.partition(".")
    return getattr(getattr(config, section), item)


def with_values(config: Config, values: Mapping[str, Any]) -> Config:
    """`config` with some options, given by dotted name, replaced.

    Raises InputError for an option that does not exist, naming those there are.
    """
    known = options()
    sections: dict[str, dict[str, Any]] = {}
    for name, value in values.items():
        if name not in known:
            raise InputError(f"There is no option {short(name)!r}; there are {', '.join(known)}.")
        section, _, item = name.partition(".")
        sections.setdefault(section, {})[item] = value
    changed = {
        section: dataclasses.replace(getattr(config, section), **items)
        for section, items in sections.items()
    }
    return dataclasses.replace(config, **changed)
