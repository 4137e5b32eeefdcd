"""The form of a new run: what it asks, and the options of the command that are its answers."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from explorer.sidebar.actions import attempt
from explorer.state import handover
from explorer.state.keys import Key
from vae.config import Config
from vae.errors import InputError
from vae.option_choices import LIKELIHOODS, NETWORK_LABELS, NETWORKS
from vae.runs import processes
from vae.runs.folder import free_name

OBJECTIVES = {"elbo": "elbo", "beta_tc": "beta-TC", "autoencoder": "plain autoencoder"}
BY_IMAGES = "automatic"  # a likelihood that the images choose
DEFAULTS = Config()


@dataclass(frozen=True)
class NewRun:
    """The answers of the form; each stands in a widget under the field's name."""

    source: str = DEFAULTS.data.source
    name: str = ""  # one that is free
    epochs: int = DEFAULTS.train.epochs
    latent_dim: int = DEFAULTS.model.latent_dim
    network: str = DEFAULTS.model.name
    likelihood: str = BY_IMAGES
    objective: str = DEFAULTS.train.objective
    beta: float = DEFAULTS.train.beta
    batch_size: int = DEFAULTS.train.batch_size
    lr: float = DEFAULTS.train.lr

    def options(self) -> dict[str, str]:
        """The options of the command, by their names."""
        options = {
            "data.source": self.source.strip(),
            "model.name": self.network,
            "model.latent_dim": str(self.latent_dim),
            "train.epochs": str(self.epochs),
            "train.objective": self.objective,
            "train.beta": str(self.beta),
            "train.batch_size": str(self.batch_size),
            "train.lr": str(self.lr),
        }
        if self.likelihood != BY_IMAGES:
            options["model.likelihood"] = self.likelihood
        return options

    def name_under(self, where: Path) -> str:
        """The name that was asked for, or else one for the data that no run under `where` has."""
        source = self.source.strip()
        word = re.sub(r"[^A-Za-z0-9]+", "-", Path(source).stem).strip("-").lower()
        stem = "faces" if source == DEFAULTS.data.source else word[:40] or "run"
        return self.name.strip() or free_name(where, stem)


def _answer(field: str) -> Key[Any]:
    """Where the page keeps the answer for a field of NewRun."""
    return Key(f"new_run.{field}", getattr(NewRun, field))


def answers() -> NewRun:
    """What stands in the form now."""
    names = [field.name for field in dataclasses.fields(NewRun)]
    return NewRun(**{name: _answer(name).get() for name in names})


def new_run(where: Path) -> None:
    """What a new run is made of; everything has a good default."""
    st.text_input(
        "Data",
        value=NewRun.source,
        key=_answer("source").name,
        help=(
            "`synthetic` draws anime faces. Or give the path of a folder of images, a .zip, a "
            "folder with MNIST's idx files or an .npz, or `torchvision:NAME`."
        ),
    )
    with st.expander("Settings", icon=":material/tune:"):
        st.text_input(
            "Name",
            key=_answer("name").name,
            placeholder="chosen automatically",
            help="The name of the run and of its folder.",
        )
        st.number_input(
            "Epochs",
            1,
            100_000,
            NewRun.epochs,
            key=_answer("epochs").name,
            help="How many times each training image is seen. You can add more later.",
        )
        st.number_input(
            "Latent dimensions",
            1,
            4096,
            NewRun.latent_dim,
            key=_answer("latent_dim").name,
            help="How many numbers describe an image. Dimensions that are not needed stay unused.",
        )
        st.selectbox(
            "Network",
            NETWORKS,
            format_func=lambda name: NETWORK_LABELS[name],
            key=_answer("network").name,
            help=(
                "Residual gives the best pictures for the time it takes. The five layers of most "
                "tutorials are there to compare with. One hidden layer suits small grey images."
            ),
        )
        st.selectbox(
            "Likelihood",
            [BY_IMAGES, *LIKELIHOODS],
            key=_answer("likelihood").name,
            help=(
                "Automatic: Gaussian with a shared optimal sigma for colour images, Bernoulli for "
                "grey ones. Laplace makes sharper edges; a sigma per pixel reaches the highest "
                "elbo, but not the best pictures."
            ),
        )
        st.selectbox(
            "Objective",
            OBJECTIVES,
            format_func=lambda name: OBJECTIVES[name],
            key=_answer("objective").name,
            help=(
                "The elbo is the VAE itself, with its KL weighted by beta. Beta-TC weights only "
                "the total correlation. The autoencoder has no KL and no noise. The command line "
                "has more: `python -m vae train --help`."
            ),
        )
        st.number_input(
            "Beta",
            0.0,
            1000.0,
            NewRun.beta,
            key=_answer("beta").name,
            help=(
                "The weight of the KL. 1 is the VAE itself; a larger beta makes z carry less and "
                "pictures blurrier, a smaller one makes samples worse."
            ),
        )
        st.number_input(
            "Batch size",
            1,
            8192,
            NewRun.batch_size,
            key=_answer("batch_size").name,
            help="Images in each step. Larger batches give steadier but fewer steps.",
        )
        st.number_input(
            "Learning rate",
            1e-6,
            1.0,
            NewRun.lr,
            format="%g",
            key=_answer("lr").name,
            help=(
                "The size of each step. Too large and training diverges, too small and it takes "
                "very long."
            ),
        )
    st.button(
        "Start training",
        type="primary",
        icon=":material/play_arrow:",
        on_click=_start,
        args=(where,),
        width="stretch",
    )


def _start(where: Path) -> None:
    asked = answers()
    name = asked.name_under(where)
    if attempt(lambda: _begin(where, name, asked.options())):
        handover.open_run(name)
        handover.offer_panel("Live")


def _begin(where: Path, name: str, options: dict[str, str]) -> None:
    from vae.runs.folder import open_run

    run = open_run(where, name)
    if run.exists():
        raise InputError(f"There is already a run {name}: choose another name, or resume that run.")
    processes.start_training(run, options)
