"""The objective in words and numbers."""

from __future__ import annotations

import math
from typing import Any

import streamlit as st

from explorer.components import scripts
from explorer.drawing import charts
from explorer.panels.model.theory import formulas, rate_distortion
from explorer.state import cache
from explorer.state.session import Session
from vae.config import Config
from vae.runs.events import Event, comparable, last_event, measured, numbered
from vae.runs.folder import list_runs

LN2 = math.log(2)


def loss_line(config: Config, sigma: float | None) -> None:
    """What is minimised, in words and as a formula with the run's own settings."""
    st.markdown("#### What is minimised")
    st.markdown(formulas.loss_words(config.train))
    likelihood = config.model.likelihood
    columns = st.grid(2, min_column_width=400, gap="medium")
    with columns.cell():
        st.latex(formulas.loss_tex(config.train))
    with columns.cell():
        samples = config.train.num_samples if config.train.objective == "elbo" else 1
        st.latex(formulas.nll_tex(likelihood, sigma, samples))
        if likelihood is not None:
            st.caption(formulas.LIKELIHOOD_WORDS[likelihood])


def objective_section(
    config: Config, events: list[Event], evaluation: Event, num_pixels: int
) -> None:
    """The objective with the run's numbers, each with what it says."""
    elbo, nll, kl = (float(evaluation[name]) for name in ("elbo", "nll", "kl"))
    sigma = evaluation.get("sigma")
    st.markdown(
        "#### Its value now &nbsp; :small[:gray[nats per image, validation, step "
        f"{evaluation['step']:,}]]"
    )
    st.latex(
        rf"\underbrace{{{_tex(elbo)}}}_{{\text{{elbo}}}} = -\bigl("
        rf"\underbrace{{{_tex(nll)}}}_{{\text{{nll}}}} + "
        rf"\underbrace{{{_tex(kl)}}}_{{\text{{kl}}}}\bigr)"
    )
    st.html(scripts.style(__file__))
    row = st.grid(3, min_column_width=185, border=True, key="model_cards")
    density = (
        " It is a density here, so it may be above 0."
        if sigma is not None
        else " It is a log-probability here, so it stays below 0."
    )
    _card(
        row,
        "elbo",
        f"{elbo:,.1f}",
        "nats per image",
        ("A lower bound on the log-probability of an image under the model. **Larger is better.**")
        + density,
    )
    _card(
        row,
        "nll",
        f"{nll:,.1f}",
        "nats per image",
        (
            "The cost of an image when its z is known, that is, of the reconstruction: "
            f"{nll / num_pixels:+.3f} nats for each of its {num_pixels:,} values. "
            "Smaller is better."
        ),
    )
    _card(
        row,
        "kl",
        f"{kl:,.1f}",
        "nats per image",
        (
            f"How much z says about an image: {kl / LN2:,.0f} bits, about {kl / LN2 / 8:,.0f} "
            "bytes. If it is too small, z is ignored; if it is too large, samples look worse than "
            "reconstructions."
        ),
    )
    bits = float(evaluation["bits_per_dim"])
    _card(
        row,
        "Bits per dimension",
        f"{bits:.3f}",
        "",
        "The elbo in bits for each value of an image"
        + (
            ", for 256 levels (8 bits are added for that). An uncompressed image has 8."
            if sigma is not None
            else ". A guess of one half everywhere gives 1."
        ),
    )
    _beta_card(row, config, events, sigma)
    if sigma is None:
        _card(
            row,
            "Likelihood",
            "Bernoulli",
            "",
            (
                "Each pixel is black or white with its own probability, so there is no sigma. "
                "Meant for black and white images; grey levels are read as probabilities."
            ),
        )
    else:
        how = {
            "gaussian_bands": "over all bands, each of which has its own",
            "gaussian_per_pixel": "the mean over pixels, each of which has its own",
            "laplace": "b √2 of the Laplace density, with b at its optimum, computed from the data",
        }.get(str(config.model.likelihood), "at its optimum, computed from the data")
        how = "fixed by `model.sigma`" if config.model.sigma else how
        _card(
            row,
            "Implied sigma",
            f"{sigma * 255:.1f}",
            "grey levels",
            (
                f"The noise that the decoder expects at each value ({sigma:.4f} of 1): {how}. "
                "Finer detail is treated as noise."
            ),
        )


def _beta_card(row: Any, config: Config, events: list[Event], sigma: float | None) -> None:
    beta, now = config.train.beta, last_event(events, "step").get("beta", config.train.beta)
    train = config.train
    text = {
        "autoencoder": (
            "A plain autoencoder: no noise, and no kl in the loss. Its elbo is computed as for the "
            "others, but it was not trained for it."
        ),
        "importance_weighted": (
            f"The importance-weighted bound with {train.num_samples} samples per image has no "
            "separate kl to weight."
        ),
        "beta_tc": (
            "The weight of the total correlation, which measures the dependence between dimensions "
            "of z. The rest of the kl has weight 1."
        ),
    }.get(
        train.objective, "The weight of kl in the loss, nll + beta kl, both summed over an image."
    )
    if train.capacity is not None:
        text = f"The weight of the distance of kl from {train.capacity:g} nats in the loss."
    elif train.objective == "elbo":
        text += (
            " At 1 the loss is -elbo itself." if beta == 1 else " At 1 it would be -elbo itself."
        )
    if train.free_bits:
        text += f" The first {train.free_bits:g} nats of each dimension are free."
    if now != beta and train.objective != "autoencoder":
        text += f" In warm-up now, rising to {beta:g}."
    if sigma is not None and train.objective == "elbo" and config.model.likelihood == "gaussian":
        weight = 2 * sigma**2 * beta
        text += (
            f" Compared with the summed squared error, kl has weight 2 sigma² beta = {weight:.3g}."
        )
    _card(row, "Effective beta", f"{now:g}", "", text)


def _card(row: Any, name: str, value: str, unit: str, text: str) -> None:
    """One quantity: its name, its value, and what the value says."""
    with row.cell():
        st.metric(f"{name}, {unit}" if unit else name, value)
        st.caption(text)


def _tex(value: float) -> str:
    return f"{value:,.1f}".replace(",", r"{,}")


def dimensions_section(session: Session, evaluation: Event) -> None:
    """Active units, and the KL of every dimension."""
    kl = numbered(evaluation, "kl")
    active = _active(session, kl, int(evaluation.get("active_units", len(kl))))
    st.markdown(
        f"#### {sum(active)} of {len(kl)} latent dimensions are active &nbsp; "
        ":small[:gray[KL in nats, the largest first]]",
        help=(
            "A dimension is active when its posterior mean varies over the data: Var(mu) above "
            "0.01 (Burda et al. 2016). The others stay at the prior and cost nothing."
        ),
    )
    st.echarts_chart(
        charts.kl_bars(kl, active),
        height=200,
        key="model_kl_per_dim",
        alt="KL of each latent dimension, the largest first",
    )


def plane_section(session: Session, config: Config) -> None:
    """This run, and those that it can be compared with, by rate and distortion."""
    runs = [
        (run, comparable(measured(cache.events(run.events_file))))
        for run in list_runs(session.root)
    ]
    shown, apart = rate_distortion.places(session.run, config, runs)
    st.markdown(
        "#### Rate and distortion &nbsp; :small[:gray[nats per image, validation]]",
        help=(
            "Further left, z says less; further down, reconstructions are better. Along a dashed "
            "line the elbo is the same: a higher rate is paid for by lower distortion. The faint "
            "line shows the run over training."
        ),
    )
    st.echarts_chart(
        rate_distortion.spec(shown),
        height=300,
        key="model_plane",
        alt="Rate against distortion of this run and comparable ones",
    )
    if apart:
        names = "; ".join(f"{name}: {reason}" for name, reason in sorted(apart.items())[:8])
        more = f"; {len(apart) - 8} more" if len(apart) > 8 else ""
        st.caption(f"Not shown, because their nats cannot be compared with these: {names}{more}.")


def _active(session: Session, kl: list[float], num_active: int) -> list[bool]:
    """Which dimensions are active; by the largest KL where the posterior means are gone."""
    latents = session.latents()
    if latents is not None and latents.mu.shape[1] == len(kl):
        from vae.model.posterior import ACTIVE_VARIANCE

        return [bool(variance > ACTIVE_VARIANCE) for variance in latents.mu.var(0)]
    order = sorted(range(len(kl)), key=lambda j: -kl[j])[:num_active]
    return [j in order for j in range(len(kl))]
