"""The evaluation of a run on its page: every measure with its unit and what it says.

Also how well each factor is read, and the pictures that are reconstructed worst and best.
"""

from __future__ import annotations

import html
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import streamlit as st

from explorer import cache, images, origin, work
from explorer.session import Session
from vae import jobs
from vae.config import ConfigError
from vae.runs import Run

if TYPE_CHECKING:
    from vae.checkpoints import Weights
    from vae.dataset import Dataset
    from vae.networks import VAE

Result = dict[str, Any]

PICTURE = 128  # pixels a side
NATS = "nats per image"

STYLE = """<style>
.measures { width: 100%; border-collapse: collapse; font-size: 0.86rem; line-height: 1.4; }
.measures th { text-align: left; font-weight: 600; padding: 0.9rem 0.6rem 0.25rem 0; }
.measures tr:first-child th { padding-top: 0.2rem; }
.measures td { padding: 0.3rem 0.8rem 0.3rem 0; vertical-align: top;
  border-top: 1px solid color-mix(in srgb, currentColor 14%, transparent); }
.measures td:nth-child(2) { text-align: right; white-space: nowrap;
  font-variant-numeric: tabular-nums; font-weight: 600; }
.measures td:nth-child(2) small { font-weight: 400; opacity: 0.7; }
.measures td:nth-child(3) { white-space: nowrap; opacity: 0.7; }
.measures td:nth-child(4) { opacity: 0.85; }
.measures td:first-child { min-width: 9.5rem; }
.extremes { display: grid; grid-template-columns: repeat(4, minmax(0, 96px)); gap: 0.5rem; }
.extremes figure { margin: 0; font-size: 0.75rem; text-align: center;
  font-variant-numeric: tabular-nums; }
.extremes img { width: 100%; aspect-ratio: 1; display: block; }
.extremes img:first-child { border-radius: 6px 6px 0 0; }
.extremes img:nth-child(2) { border-radius: 0 0 6px 6px; }
@media (max-width: 1000px) { .measures td:nth-child(3) { white-space: normal; } }
</style>"""


class Row(NamedTuple):
    """One measure: what it is called, its value, its unit, and what it says."""

    name: str
    value: str
    unit: str
    says: str


def show(session: Session) -> None:
    """Draw the newest evaluation, and a button that makes another."""
    run = session.run
    assert run is not None
    result = _kept(run)
    st.markdown(f"#### Evaluation &nbsp; :small[:gray[{_of(result)}]]")
    if result is None:
        st.caption(
            "A process of its own measures the held-out images: the evidence with its standard "
            "error, what the code knows of each factor, Frechet distances, the worst and the best "
            "faces. It takes a minute or two; the rest of the page goes on."
        )
    else:
        _moved_on(session, result)
        st.html(STYLE + table(result))
        if result.get("frechet_features"):
            st.caption(_protocol(result))
        _factors(result)
        _extremes(session, result)
    work.job(
        run,
        run.evaluation_file.with_suffix(".log"),
        run.evaluation_file,
        "Evaluate" if result is None else "Evaluate again",
        ":material/monitoring:",
        jobs.start_evaluation,
        f"The same as `python -m vae evaluate {run.name}`.",
    )


@st.cache_resource(max_entries=8, show_spinner=False)
def _read(folder: str, now: cache.Stamp) -> Result | None:
    from vae.evaluation import kept_evaluation

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


def _moved_on(session: Session, result: Result) -> None:
    try:
        there, dataset = session.model(), session.dataset()
    except ConfigError:
        return  # the panel has said so
    if there is not None and there[1].digest != result.get("digest"):
        st.warning(
            f"The weights have moved on to step {there[1].step:,}: this evaluation is of step "
            f"{result['step']:,}.",
            icon=":material/history:",
        )
    elif dataset is not None and dataset.fingerprint != result.get("fingerprint"):
        st.warning("The run's images have changed since.", icon=":material/history:")


# ------------------------------------------------------------------------------- the table


def table(result: Result) -> str:
    """Every measure of a result as an HTML table, in groups."""
    groups = {
        "How likely the pictures are": _likelihood(result),
        "What the code knows": _code(result),
        "How the pictures look": _pictures(result),
    }
    lines = ["<table class='measures' aria-label='Evaluation'>"]
    for title, rows in groups.items():
        lines.append(f"<tr><th colspan='4'>{title}</th></tr>")
        lines += [
            f"<tr><td>{row.name}</td><td>{row.value}</td><td>{row.unit}</td><td>{row.says}</td></tr>"
            for row in rows
        ]
    return "".join([*lines, "</table>"])


def _number(result: Result, name: str, digits: int = 5) -> str:
    """A measure and, where it is known, its standard error."""
    value = result[name]
    if isinstance(value, int):
        return f"{value:,}"
    error = result.get(f"{name}_se")
    if not error or error < 1e-6:
        text = f"{value:,.{digits}g}"
        return f"{value:,.0f}" if "e" in text else text
    places = max(0, 1 - int(np.floor(np.log10(error))))
    return f"{value:,.{places}f} <small>± {error:,.{places}f}</small>"


def _likelihood(result: Result) -> list[Row]:
    rows = [
        Row("elbo", "elbo", NATS, "A lower bound on log p(x). Larger is better."),
        Row("nll", "nll", NATS, "What a picture costs when its code is known."),
        Row("kl", "kl", NATS, "What the code costs."),
    ]
    rows = [row._replace(value=_number(result, row.value)) for row in rows]
    if "bound" in result:
        gain = f"{result['bound_gain']:+,.1f} ± {result['bound_gain_se']:.1f}"
        says = (
            f"The importance-weighted bound, K = {result['importance_samples']}: nearer to "
            f"log p(x). Of {result['bound_num']:,} of the images, and {gain} nats from their "
            "own elbo."
        )
        rows.append(Row("bound", _number(result, "bound"), NATS, says))
    says = "The elbo for each value of a picture. " + (
        "With 8 bits added for the 256 levels; uncompressed it is 8."
        if "sigma" in result
        else "An even guess between black and white is 1."
    )
    rows.append(Row("Bits per dimension", _number(result, "bits_per_dim", 4), "bits", says))
    return rows


def _code(result: Result) -> list[Row]:
    active = f"{result['active_units']} of {result['latent_dim']}"
    rows = [
        Row("Active units", active, "dimensions", "Posterior mean moves over the data."),
    ]
    if "mutual_information" in result:
        num = f"{result['mi_num']:,}"
        rows += [
            Row(
                "Mutual information",
                _number(result, "mutual_information", 4),
                NATS,
                f"What z says about which of {num} images it came from; at most ln {num} = "
                f"{result['mi_limit']:.2f}, where no two codes can be taken for one another.",
            ),
            Row(
                "Aggregate from prior",
                _number(result, "marginal_kl", 4),
                NATS,
                "KL(q(z), p(z)) over the same images: the rest of the kl, and why samples from "
                "the prior look worse than reconstructions.",
            ),
            Row(
                "Total correlation",
                _number(result, "total_correlation", 4),
                NATS,
                "The part of it that the dimensions say about each other.",
            ),
        ]
    if "mig" in result:
        rows += [
            Row("MIG", f"{result['mig']:.3f}", "0 to 1", "Each factor in a dimension of its own."),
            Row(
                "Factors read",
                f"{result['factors_read']:.0%}",
                "above chance",
                "How much of each known factor can be read from the code of a left-out image.",
            ),
        ]
    return rows


FRECHET = {
    "frechet_real": ("Frechet, real", "Other real images: what is out of reach."),
    "frechet_reconstructions": ("Frechet, reconstructions", "Of the same held-out images."),
    "frechet_mixture": ("Frechet, mixture", "Samples from a mixture fitted to posterior means."),
    "frechet_samples": ("Frechet, prior", "Samples from N(0, I)."),
}


def _pictures(result: Result) -> list[Row]:
    rows = [
        Row("psnr", f"{result['psnr']:.2f}", "dB", "Of reconstructions. Larger is better."),
        Row("ssim", f"{result['ssim']:.3f}", "0 to 1", "Structural similarity. Larger is better."),
        Row("mse", _number(result, "mse", 3), "x in [0, 1]", "Mean squared error."),
    ]
    for name, (title, says) in FRECHET.items():
        if name in result:
            rows.append(Row(title, f"{result[name]:.3g}", "smaller is better", says))
    return rows


def _protocol(result: Result) -> str:
    return (
        f"Frechet distances: features `{result['frechet_features']}`, "
        f"{result['frechet_num']:,} pictures in each set against as many real ones of the "
        f"{result['frechet_split']} split, resized {result['frechet_resize']}, 8 bits. Only "
        "numbers of the same features, count and resizing may be compared"
        + (
            "; these are no Inception numbers."
            if result["frechet_features"].startswith("random")
            else "."
        )
    )


# ------------------------------------------------------------------------------- factors, faces


def _factors(result: Result) -> None:
    factors = result.get("factors")
    if not factors:
        return
    with st.expander("How well each factor is read", icon=":material/checklist:"):
        st.caption(
            "From the posterior means, by ridge regression and by the 10 nearest images, five "
            "folds: what a readout says of images it was not fitted on. Accuracy for classes, R² "
            "for numbers and circles. The gap is the factor's part of the MIG."
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


def _extremes(session: Session, result: Result) -> None:
    try:
        there, dataset = session.model(), session.dataset()
    except ConfigError:
        return
    if there is None or dataset is None or there[1].image_shape != dataset.image_shape:
        return
    row = st.grid(2, min_column_width=300, gap="medium")
    for name in ("worst", "best"):
        chosen = tuple(i for i in result.get(name, ()) if 0 <= i < len(dataset))
        if chosen:
            with row.cell():
                st.markdown(f":small[**{name.capitalize()} reconstructions**, the image above]")
                st.html(STYLE + _pairs(*there, dataset, dataset.fingerprint, chosen))


@st.cache_data(
    max_entries=16, show_spinner=False, hash_funcs={"vae.checkpoints.Weights": lambda w: w.digest}
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
        error = f"{origin.decibels(before, after):.1f} dB"
        figures.append(
            f"<figure title='Image {image}: {name}'>"
            f"<img src='{images.address(before, PICTURE)}' alt='Image {image}'>"
            f"<img src='{images.address(after, PICTURE)}' alt='Reconstruction of image {image}'>"
            f"<figcaption>{error}</figcaption></figure>"
        )
    return f"<div class='extremes'>{''.join(figures)}</div>"
