"""The form of a new run."""

from __future__ import annotations

import re
from pathlib import Path

import streamlit as st

from explorer.sidebar.actions import attempt
from explorer.state import handover
from vae.config import LIKELIHOODS, Config, ModelConfig, TrainConfig
from vae.errors import InputError
from vae.runs import processes
from vae.runs.folder import Run, free_name

NETWORKS = {
    "residual": "residual (default)",
    "conv": "five layers, as in tutorials",
    "mlp": "one hidden layer (MNIST)",
}


OBJECTIVES = {"elbo": "elbo", "beta_tc": "beta-TC", "autoencoder": "plain autoencoder"}


def new_run(where: Path) -> None:
    """What a new run is made of; everything has a good default."""
    defaults = Config()
    st.text_input(
        "Data",
        value=defaults.data.source,
        key="data",
        help="`synthetic` draws anime faces. Or the path of a folder of images, a .zip, a folder "
        "with MNIST's idx files, an .npz, or `torchvision:NAME`.",
    )
    with st.expander("Settings", icon=":material/tune:"):
        st.text_input(
            "Name",
            key="new_name",
            placeholder="chosen by itself",
            help="The folder of the run, under which it is listed above.",
        )
        st.number_input(
            "Epochs",
            1,
            100_000,
            TrainConfig().epochs,
            key="train.epochs",
            help="How often each training image is seen. More can be added later.",
        )
        st.number_input(
            "Latent dimensions",
            1,
            4096,
            ModelConfig().latent_dim,
            key="latent_dim",
            help="How many numbers a picture is written as. What is not needed stays unused.",
        )
        st.selectbox(
            "Network",
            NETWORKS,
            format_func=lambda name: NETWORKS[name],
            key="model.name",
            help="Residual draws the best pictures for its time. Five layers is the network of "
            "most tutorials, to compare with. One hidden layer suits small grey pictures.",
        )
        st.selectbox(
            "Likelihood",
            ["by the images", *LIKELIHOODS],
            key="likelihood",
            help="By the images: Gaussian with the shared optimal sigma for colour, Bernoulli for "
            "grey ones. Laplace makes sharper edges; per pixel has the highest elbo, not the best "
            "pictures.",
        )
        st.selectbox(
            "Objective",
            OBJECTIVES,
            format_func=lambda name: OBJECTIVES[name],
            key="train.objective",
            help="The elbo is the VAE itself, with its KL weighted by beta. Beta-TC weighs only "
            "what dimensions say about each other, the autoencoder has no KL and no noise. More "
            "on the command line: `python -m vae train --help`.",
        )
        st.number_input(
            "Beta",
            0.0,
            1000.0,
            TrainConfig().beta,
            key="train.beta",
            help="The price of the code. 1 is the VAE itself; more makes codes shorter and "
            "pictures blurrier, less makes samples worse.",
        )
        st.number_input(
            "Batch size",
            1,
            8192,
            TrainConfig().batch_size,
            key="train.batch_size",
            help="Images of one step. Larger batches make steadier, but fewer steps.",
        )
        st.number_input(
            "Learning rate",
            1e-6,
            1.0,
            TrainConfig().lr,
            format="%g",
            key="train.lr",
            help="The length of a step. Too long and training diverges, too short and it crawls.",
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
    state = st.session_state
    source = state["data"].strip()
    options = {name: str(state[name]) for name in state if str(name).startswith("train.")}
    options |= {
        "data.source": source,
        "model.name": state["model.name"],
        "model.latent_dim": str(state["latent_dim"]),
    }
    if state["likelihood"] != "by the images":
        options["model.likelihood"] = state["likelihood"]
    name = state["new_name"].strip() or free_name(where, _stem(source))
    run = Run(where / name)
    if attempt(lambda: _begin(where, name, options)):
        handover.open_run(run.name, "Live")


def _begin(where: Path, name: str, options: dict[str, str]) -> None:
    from vae.runs.folder import open_run

    run = open_run(where, name)
    if run.exists():
        raise InputError(f"There is a run {name} already: choose another name, or resume it.")
    processes.start_training(run, options)


def _stem(source: str) -> str:
    """A name for runs on that source."""
    word = re.sub(r"[^A-Za-z0-9]+", "-", Path(source).stem).strip("-").lower()
    return "faces" if source == "synthetic" else word[:40] or "run"
