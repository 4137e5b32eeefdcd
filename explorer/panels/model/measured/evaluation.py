"""The evaluation of a run on its page: every measure with its unit and what it says.

Also how well each factor is read, and the pictures that are reconstructed worst and best.
"""

from __future__ import annotations

import html
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from explorer.components import job_button, scripts
from explorer.drawing import images
from explorer.panels.model.measured import evaluation_table
from explorer.panels.model.measured.evaluation_table import Result
from explorer.state import cache
from explorer.state.opened_run import OpenedRun
from vae.runs import processes
from vae.runs.folder import Run

if TYPE_CHECKING:
    from vae.data.dataset import Dataset
    from vae.model.checkpoints import Weights
    from vae.model.networks import VAE

PICTURE = 128  # pixels a side


def files(run: Run) -> tuple[Path, Path]:
    """The log of the process that evaluates the run, and what it writes."""
    return run.evaluation_file.with_suffix(".log"), run.evaluation_file


def show(opened: OpenedRun) -> None:
    """Draw the newest evaluation, and a button that makes another."""
    run = opened.run
    result = _kept(run)
    st.markdown(f"#### Evaluation &nbsp; :small[:gray[{_of(result)}]]")
    if result is None:
        st.caption(
            "Measures the held-out images in the background: the elbo and a tighter bound with "
            "their standard errors, how well each factor can be read from z, Fréchet "
            "distances, and the best and worst reconstructions. It takes a minute or two; you "
            "can keep using the page."
        )
    else:
        _moved_on(opened, result)
        st.html(evaluation_table.table(result))
        if result.get("frechet_features"):
            st.caption(evaluation_table.protocol(result))
        _factors(result)
        _extremes(opened, result)
    job_button.job(
        run,
        *files(run),
        "Evaluate" if result is None else "Evaluate again",
        ":material/monitoring:",
        processes.start_evaluation,
        f"The same as `python -m vae evaluate {run.name}`.",
    )


@st.cache_resource(max_entries=8, show_spinner=False)
def _read(folder: str, now: cache.Stamp) -> Result | None:
    from vae.evaluation.evaluate import kept_evaluation

    return kept_evaluation(Run(Path(folder)))


def _kept(run: Run) -> Result | None:
    now = cache.stamp(run.evaluation_file)
    return None if now is None else _read(str(run.folder), now)


def _of(result: Result | None) -> str:
    """What was measured, and when."""
    if result is None:
        return "not made yet"
    day = time.strftime("%d %B %Y, %H:%M", time.localtime(float(result.get("time", 0))))
    return f"{result['num_images']:,} held-out images, step {result['step']:,}, {day}"


def _moved_on(opened: OpenedRun, result: Result) -> None:
    weights = opened.weights
    if weights.digest != result.get("digest"):
        st.warning(
            f"The weights in use are of step {weights.step:,}; this evaluation is of step "
            f"{result['step']:,}.",
            icon=":material/history:",
        )
    elif opened.has_images() and opened.dataset.fingerprint != result.get("fingerprint"):
        st.warning("The run's images have changed since.", icon=":material/history:")


# ------------------------------------------------------------------------------- factors, faces


def _factors(result: Result) -> None:
    factors = result.get("factors")
    if not factors:
        return
    with st.expander("How well each factor is read", icon=":material/checklist:"):
        st.caption(
            "Read from the posterior means by ridge regression and by the 10 nearest images, "
            "with five-fold cross-validation. Accuracy for classes, R² for numbers and angles. "
            "The gap is the factor's part of the MIG."
        )
        rows = [
            {
                "factor": factor["factor"].replace("_", " "),
                "measure": "R²" if factor["measure"] == "R2" else factor["measure"],
                "linear": f"{factor['linear']:.2f}",
                "nearest": f"{factor['nearest']:.2f}",
                "chance": f"{factor['chance']:.2f}",
                "gap": f"{factor['gap']:.3f}",
                "most in": f"z{factor['dimension']}",
            }
            for factor in sorted(
                factors, key=lambda factor: -max(factor["linear"], factor["nearest"])
            )
        ]
        st.table(rows, border="horizontal", hide_index=True)


def _extremes(opened: OpenedRun, result: Result) -> None:
    if not opened.has_images():
        return
    dataset, weights = opened.dataset, opened.weights
    if weights.image_shape != dataset.image_shape:
        return
    row = st.grid(2, min_column_width=300, gap="medium")
    for name in ("worst", "best"):
        chosen = tuple(i for i in result.get(name, ()) if 0 <= i < len(dataset))
        if chosen:
            with row.cell():
                st.markdown(
                    f":small[**{name.capitalize()} reconstructions**, each below its image]"
                )
                st.html(
                    scripts.style(__file__)
                    + _pairs(opened.model, weights, dataset, dataset.fingerprint, chosen)
                )


@st.cache_data(
    max_entries=16,
    show_spinner=False,
    hash_funcs={"vae.model.checkpoints.Weights": lambda w: w.digest},
)
def _pairs(
    _model: VAE, weights: Weights, _dataset: Dataset, fingerprint: str, chosen: tuple[int, ...]
) -> str:
    """Images above their reconstructions, as HTML."""
    there = _dataset.take(np.array(chosen))
    made = images.decode(_model, images.encode(_model, there))
    figures = []
    for image, before, after in zip(chosen, there, made, strict=True):
        name = html.escape(str(_dataset.names[image]), quote=True)
        error = f"{images.decibels(before, after):.1f} dB"
        figures.append(
            f"<figure title='Image {image}: {name}'>"
            f"<img src='{images.address(before, PICTURE)}' alt='Image {image}'>"
            f"<img src='{images.address(after, PICTURE)}' alt='Reconstruction of image {image}'>"
            f"<figcaption>{error}</figcaption></figure>"
        )
    return f"<div class='extremes'>{''.join(figures)}</div>"
