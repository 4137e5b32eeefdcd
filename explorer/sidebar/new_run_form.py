"""The form of a new run: the data with what they hold, the settings, and Start training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from explorer.drawing import labels
from explorer.sidebar import data_look, new_run, own_images, time_estimate
from explorer.sidebar.new_run import BY_IMAGES, DEFAULTS, NewRun, answer, answers
from vae.option_choices import BACKGROUNDS, LIKELIHOODS, NETWORK_LABELS, NETWORKS
from vae.runs import torchrun

OBJECTIVES = {"elbo": "elbo", "beta_tc": "beta-TC", "autoencoder": "plain autoencoder"}
CROPS = {"centre": "Centre", "fit": "Fit", "stretch": "Stretch"}
BACKGROUND_LABELS = {"auto": "automatic", "white": "white", "black": "black", "mean": "mean"}


def show(where: Path) -> None:
    """What a new run is made of; everything has a good default."""
    st.text_input(
        "Data",
        value=NewRun.source,
        key=answer("source").name,
        help=(
            "`synthetic` draws anime faces, `fashion` are 3,000 pictures of clothes. Or give the "
            "path of a folder of images, a .zip, a folder with MNIST's idx files or an .npz, or "
            "`torchvision:NAME`."
        ),
    )
    own_images.show(where, answers().source, answer("source").ask)
    with st.container():  # whatever is in it, the settings below stay open
        if answers().source.strip() != DEFAULTS.data.source:
            st.segmented_control(
                "Crop",
                list(CROPS),
                default=NewRun.crop,
                required=True,
                format_func=CROPS.__getitem__,
                key=answer("crop").name,
                help=(
                    "How a picture becomes a square: its **centre**; all of it, made to **fit** "
                    "with padding; or **stretched**."
                ),
            )
        asked = answers()
        problem = asked.problem(where)
        if asked.data_problem():
            data_look.leave(where)
            are_usable = False
        else:
            are_usable = data_look.show(where, asked.data_options(), answer("latent_dim").ask)
    with st.expander("Settings", icon=":material/tune:"):
        st.text_input(
            "Name",
            key=answer("name").name,
            placeholder="chosen automatically",
            help="The name of the run and of its folder.",
        )
        _number(
            "image_size",
            "Image size",
            "Pixels a side of the images as the model sees them. Automatic: as the images are "
            "where they are small and alike, else 64. Larger ones take longer to train.",
            placeholder="automatic",
        )
        st.selectbox(
            "Background",
            BACKGROUNDS,
            format_func=BACKGROUND_LABELS.__getitem__,
            key=answer("background").name,
            help=(
                "The colour behind transparent pixels. Automatic: one on which the images can be "
                "seen."
            ),
        )
        st.checkbox(
            "Flip images",
            key=answer("flips").name,
            help=(
                "Half of the images of each step are turned left to right: up to some thousand "
                "images teach more so. Not for digits or text, nor where left and right differ."
            ),
        )
        _number(
            "epochs",
            "Epochs",
            "How many times each training image is seen. You can add more later.",
        )
        _number(
            "latent_dim",
            "Latent dimensions",
            "How many numbers describe an image. Dimensions that are not needed stay unused.",
        )
        st.selectbox(
            "Network",
            NETWORKS,
            format_func=lambda name: NETWORK_LABELS[name],
            key=answer("network").name,
            help=(
                "Residual gives the best pictures for the time it takes. The five layers of most "
                "tutorials are there to compare with. One hidden layer suits small grey images."
            ),
        )
        st.selectbox(
            "Likelihood",
            [BY_IMAGES, *LIKELIHOODS],
            key=answer("likelihood").name,
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
            key=answer("objective").name,
            help=(
                "The elbo is the VAE itself, with its KL weighted by beta. Beta-TC weights only "
                "the total correlation. The autoencoder has no KL and no noise. The command line "
                "has more: `python -m vae train --help`."
            ),
        )
        _number(
            "beta",
            "Beta",
            "The weight of the KL. 1 is the VAE itself; a larger beta makes z carry less and "
            "pictures blurrier, a smaller one makes samples worse.",
            step=0.1,
        )
        _number(
            "batch_size",
            "Batch size",
            "Images in each step. Larger batches give steadier but fewer steps.",
            disabled=answers().auto_batch,
        )
        st.checkbox(
            "Automatic batch size",
            key=answer("auto_batch").name,
            help=(
                "What suits the machine and the data, chosen when the run begins: 32 on a "
                "processor, 256 on a GPU with CUDA where they fit, fewer for few images."
            ),
        )
        _number(
            "lr",
            "Learning rate",
            "The size of each step. Too large and training diverges, too small and it takes "
            "very long.",
            step=0.001,
        )
        num_gpus = torchrun.num_gpus()
        if num_gpus > 1:
            st.number_input(
                "GPUs",
                min_value=1,
                max_value=num_gpus,
                value=num_gpus,
                key=answer("gpus").name,
                help="How many of them train the run together. The batch size is that of all.",
            )
    if are_usable and not problem:
        is_looked_at = data_look.is_done(where, asked.data_options())
        time_estimate.show(where, asked.options(), is_looked_at)
    if problem:
        st.error(labels.plain(problem), icon=":material/error:")
    st.button(
        "Start training",
        type="primary",
        icon=":material/play_arrow:",
        on_click=new_run.start,
        args=(where,),
        disabled=bool(problem) or not are_usable,
        width="stretch",
    )


def _number(field: str, label: str, help: str, step: float = 1.0, **more: Any) -> None:
    """A field for a number; where it must be a whole one, `NewRun.problem` says so."""
    value = getattr(NewRun, field)
    st.number_input(
        label,
        value=value if value is None else float(value),
        step=step,
        format="%g",
        key=answer(field).name,
        help=help,
        **more,
    )
