"""Samples on the page: from the prior or what was fitted, and what the model has seen beside each.

K samples, D latent dimensions.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from explorer.components import job_button, typicality
from explorer.drawing import images
from explorer.panels.model.measured import sample_cards
from explorer.state import cache, handover
from explorer.state.keys import RunKey
from explorer.state.opened_run import OpenedRun
from explorer.state.session import Session
from vae.errors import ExplainedError, ImagesGoneError
from vae.pictures import to_rgb
from vae.runs import processes
from vae.runs.folder import Run

if TYPE_CHECKING:
    from vae.data.dataset import Dataset
    from vae.latent.fitted_flow import FittedFlow
    from vae.latent.neighbours import Known, Neighbours
    from vae.model.checkpoints import Weights
    from vae.model.networks import VAE

NUM_SAMPLES = 12
PICTURE = 128  # pixels a side, at most
SAMPLERS = {"flow": "Flow", "normal": "Prior N(0, I)", "mixture": "Mixture"}
MOST_TEMPERATURE = 1.5

_PRIOR = RunKey("sample_prior", "")  # the first there is
_TEMPERATURE = RunKey("sample_temperature", 1.0)
_SEED = RunKey("sample_seed", 0)
_CONTROLS = RunKey("sample_controls", ("", 1.0, 0))  # the three
_CLICKED = RunKey[Any]("sample_cards", None)


def files(run: Run) -> tuple[Path, Path]:
    """The log of the process that fits the mixture, and what it writes last."""
    return run.samplers_file.with_suffix(".log"), run.folder / "samples.png"


def show(opened: OpenedRun) -> None:
    """Draw the section: what is sampled from, the samples, and what lies beside them."""
    run, weights = opened.run, opened.weights
    known, flow = _known(run, weights), opened.session.flow()
    st.markdown("#### Samples &nbsp; :small[:gray[click one to open it in Sliders]]")
    prior, temperature, seed = _controls(opened.session, known, flow)
    mixture = known.mixture if known is not None else None
    fitted = {"flow": flow, "mixture": mixture}.get(prior)
    if fitted is not None:
        z = fitted.sample(NUM_SAMPLES, seed, temperature)
    else:
        from vae.api import sample

        z = np.float32(temperature) * sample(opened.model, NUM_SAMPLES, seed)
    dataset = _dataset(opened)
    compared = known if dataset is not None else None
    turn = f"{weights.digest[:12]}:{prior}:{temperature:g}:{seed}:{int(compared is not None)}"
    _cards(opened, dataset, compared, z, turn)
    _says(known, compared, flow)
    if known is None or flow is None:
        job_button.job(
            run,
            *files(run),
            "Fit a flow to the codes" if known else "Find the nearest training images",
            ":material/image_search:",
            processes.start_samplers,
            (
                "Encodes training images and fits the flow and the mixture to them, in the "
                "background: one to two minutes on two cores. "
                f"The same as `python -m vae sample {run.name} --prior flow --nearest`."
            ),
        )


def _controls(
    session: Session, known: Known | None, flow: FittedFlow | None
) -> tuple[str, float, int]:
    """The sampler, the temperature, and the seed."""
    # Streamlit forgets the widgets of a panel that is closed; this does not.
    kept = _CONTROLS.of(session)
    before = kept.get()
    there = {"flow": flow is not None, "normal": True, "mixture": known is not None}
    names = [name for name in SAMPLERS if there[name]]
    if _PRIOR.of(session).begin(before[0]) not in names:
        _PRIOR.of(session).set(names[0])
    _TEMPERATURE.of(session).begin(before[1])
    _SEED.of(session).begin(before[2])
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        with st.container(width=290):
            prior = st.segmented_control(
                "Sample from",
                names,
                format_func=SAMPLERS.__getitem__,
                key=_PRIOR.of(session).name,
                required=True,
                disabled=len(names) == 1,
                help=(
                    "The codes of images do not fill the prior N(0, I) evenly, and in its gaps the "
                    "decoder makes things up. The **flow** and the **mixture** of Gaussians "
                    "(Ghosh et al. 2020) were fitted to the codes of training images afterwards: "
                    "their samples lie where the decoder was trained."
                ),
            )
        with st.container(width=165):
            temperature = st.slider(
                "Temperature",
                0.0,
                MOST_TEMPERATURE,
                step=0.05,
                key=_TEMPERATURE.of(session).name,
                help=(
                    "Multiplies the standard deviation of the samples. Lower values give cleaner, "
                    "less varied pictures; 1 is the distribution itself."
                ),
            )
        with st.container(width=140):
            seed = st.number_input("Seed", 0, 2**31 - 1, key=_SEED.of(session).name)
    chosen = str(prior or names[0]), float(temperature), int(seed)
    # The first is not kept: a better one may come, and was not turned down.
    kept.set(("" if chosen[0] == names[0] else chosen[0], *chosen[1:]))
    return chosen


@st.cache_resource(max_entries=2, show_spinner=False)
def _read(path: str, now: cache.Stamp) -> Known:
    from vae.latent.neighbours import load_known

    return load_known(Path(path))


def _known(run: Run, weights: Weights) -> Known | None:
    """The training images as these weights see them; None where they were not encoded yet."""
    now = cache.stamp(run.samplers_file)
    if now is None:
        return None
    try:
        known = _read(str(run.samplers_file), now)
    except ExplainedError:
        return None
    return known if known.digest == weights.digest else None


def _dataset(opened: OpenedRun) -> Dataset | None:
    try:
        dataset = opened.dataset
    except ImagesGoneError:  # the panel asks where they are
        return None
    return dataset if dataset.image_shape == opened.model.image_shape else None


def _says(known: Known | None, compared: Known | None, flow: FittedFlow | None) -> None:
    if flow is not None:
        st.caption(
            f"Under the flow, the code of an image that it was not fitted to is {flow.gain:,.0f} "
            "nats more probable than under N(0, I)."
        )
    if known is None:
        missing = "The flow, the mixture" if flow is None else "The mixture"
        st.caption(
            "Typicality is the density of codes at a sample, compared with the density at the "
            f"held-out images. {missing} and the nearest training images have not been computed "
            "for these weights yet."
        )
    elif compared is not None:
        few = f"{len(known.index):,} of " if len(known.index) < known.num_train else ""
        st.caption(
            f"Beside each sample, the nearest of {few}{known.num_train:,} training images: in "
            "z, by the distance of posterior means in the active dimensions; in pixels, by the "
            "root mean square difference in grey levels. The median held-out image is "
            f"{known.usual_latent:.1f} away in z, and its reconstruction "
            f"{known.usual_pixels:.0f} levels in pixels: samples much nearer than that would be "
            f"memorised training images. The mixture has {len(known.mixture.weights)} "
            f"component{'s' * (len(known.mixture.weights) > 1)}."
        )


# ------------------------------------------------------------------------------- the cards


def _cards(
    opened: OpenedRun, dataset: Dataset | None, known: Known | None, z: np.ndarray, turn: str
) -> None:
    session, made_of = opened.session, f"{opened.run.folder}:{turn}"
    sheet, columns, near = _drawn(opened.model, dataset, known, z, made_of)
    cards = []
    for point, beside in zip(z, near, strict=True):
        share = _share(session, point)
        typical = "" if share is None else f"More typical than {share:.0%} of the data"
        if share is not None and share < 0.005:
            typical = "Less typical than all of the data"
        cards.append({"near": beside, "share": share, "typical": typical})
    key = _CLICKED.of(session).name
    sample_cards.show(key, sheet, columns, cards, turn, lambda: open_clicked(session, z, turn))


@st.cache_data(max_entries=32, show_spinner=False)
def _drawn(
    _model: VAE, _dataset: Dataset | None, _known: Known | None, z: np.ndarray, made_of: str
) -> tuple[str, int, list[list[dict[str, str]]]]:
    """The sheet of pictures, its columns, and what is said of the nearest of each sample."""
    made = images.decode(_model, z)
    if _known is None or _dataset is None:
        tiles, columns = made[:, None], 1
        near: list[list[dict[str, str]]] = [[] for _ in z]
    else:
        from vae.latent.neighbours import nearest

        found: Neighbours = nearest(_known, _dataset, z, made)
        beside = (_dataset.take(found.by_latent), _dataset.take(found.by_pixels))
        tiles, columns = np.stack([made, *beside], 1), 3
        near = [
            [
                {"image": str(a), "far": f"{far:.1f} away", "how": "by code"},
                {"image": str(b), "far": f"{off:.0f} levels", "how": "by pixels"},
            ]
            for a, far, b, off in zip(
                found.by_latent,
                found.latent_distance,
                found.by_pixels,
                found.pixel_distance,
                strict=True,
            )
        ]
    flat = to_rgb(tiles.reshape(-1, *tiles.shape[2:]))
    sheet = images.data_url(images.sheet(flat, columns, PICTURE), "image/webp")
    return sheet, columns, near


def _share(session: Session, z: np.ndarray) -> float | None:
    try:
        return typicality.share_of(session, z)
    except ExplainedError:
        return None


def open_clicked(session: Session, z: np.ndarray, turn: str) -> None:
    """Hand the sample that was clicked over to Sliders, and open it; z [K, D]."""
    sample = sample_cards.picked(_CLICKED.of(session).get(), turn, len(z))
    if sample is not None:
        handover.open_in_sliders(session, z[sample])
