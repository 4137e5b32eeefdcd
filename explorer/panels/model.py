"""Model: what is maximised, what the numbers mean, what is wrong, what the networks are."""

from __future__ import annotations

import math
from typing import Any

import streamlit as st

from explorer import doctor, exhibit, formulas, plane
from explorer import evaluation as in_full
from explorer import samples as drawn
from explorer.components import job_button
from explorer.drawing import charts
from explorer.equations import converter, equations
from explorer.layers import layers, short
from explorer.state import cache
from explorer.state.session import Session
from vae.config import Config, ModelConfig, get_value, options
from vae.doctor.diagnose import findings
from vae.errors import InputError
from vae.runs.events import Event, comparable, last_event, measured, numbered
from vae.runs.folder import ALIVE, Run, list_runs

TICK_SECONDS = 5.0
WORK_SECONDS = 1.5  # while a process measures the run
LN2 = math.log(2)
STYLE = """<style>
.st-key-model_cards [data-testid="stMetricValue"] { font-size: 1.45rem; line-height: 1.4; }
</style>"""
NETWORKS = {
    "residual": "residual",
    "conv": "the five layers of the usual tutorials",
    "mlp": "one hidden layer",
}
IN_ORDER = ("elbo", "nll", "kl", "bits_per_dim", "mse", "sigma", "active_units", "num_images")
UNITS = {
    "elbo": "nats per image",
    "nll": "nats per image",
    "kl": "nats per image",
    "bits_per_dim": "bits per pixel value",
    "mse": "squared error per pixel value, x in [0, 1]",
    "sigma": "pixel noise, x in [0, 1]",
    "active_units": "latent dimensions",
    "num_images": "validation images measured",
}


def show(session: Session) -> None:
    """Draw the panel; while the run trains, the numbers follow."""
    config = session.config()
    if session.run is None or config is None:
        st.info(
            "**No model yet.** A variational autoencoder learns two networks at once: one that "
            "writes a picture as a few numbers, and one that draws pictures from them. Press "
            "**Start training** in the sidebar, and its numbers are explained here.",
            icon=":material/schema:",
        )
        equations()
        converter(None)
        return
    # One fragment and none inside it: where one runs anew before it was delivered, Streamlit drops
    # its elements but not those of the fragments in it, and the page breaks over the gap.
    working = _is_working(session.run)
    every = TICK_SECONDS if session.is_alive() else None
    every = WORK_SECONDS if working else every
    st.fragment(_draw, run_every=every)(session, working)


def _is_working(run: Run) -> bool:
    """Whether a process measures the run."""
    return any(job_button.is_working(*files) for files in (in_full.files(run), drawn.files(run)))


def _draw(session: Session, was_working: bool) -> None:
    assert session.run is not None
    if _is_working(session.run) != was_working:
        st.rerun()  # the whole page: this panel ticks otherwise now
    if "next_run" in st.session_state:
        st.rerun()  # a remedy began a run: the whole page is about it now
    config, events = session.config(), session.events()
    assert config is not None
    evaluation = next(reversed(measured(events)), {})
    found = findings(events, config, session.status())
    is_well = all(finding.kind == "info" for finding in found)
    if is_well and evaluation.get("epoch", 0) >= 1:
        st.caption(
            ":green[:material/check_circle:] Nothing is wrong: no collapse, no step passed over, "
            "no sign of learning by heart."
        )
    doctor.show(session, config, found)
    shape = _image_shape(session)
    num_pixels = None if shape is None else math.prod(shape)
    _loss(config, evaluation.get("sigma"))
    if evaluation and num_pixels is not None:
        _objective(config, events, num_pixels)
        _dimensions(session, evaluation)
        _plane(session, config)
    else:
        st.info(
            "**The first evaluation comes after 20 steps.** Then the objective and the latent "
            "dimensions are measured and explained here.",
            icon=":material/hourglass_empty:",
        )
    _measured_in_full(session)
    if evaluation:
        _evaluations(events)
    st.subheader("Deeper", divider="gray")
    equations()
    sigma = evaluation.get("sigma")
    is_squared = config.model.likelihood == "gaussian" and config.train.objective == "elbo"
    weight = 2 * sigma**2 * config.train.beta if sigma is not None and is_squared else None
    converter(num_pixels, weight)
    if shape is not None:
        exhibit.show(session)
        _architecture(config.model, shape)
    _data(session, config)
    _options(config)


def _image_shape(session: Session) -> tuple[int, int, int] | None:
    """(C, H, W) of the images; None before the first checkpoint."""
    try:
        there = session.model()
    except InputError as error:
        st.error(str(error), icon=":material/error:")
        return None
    return None if there is None else there[1].image_shape


# --------------------------------------------------------------------------------- objective


def _loss(config: Config, sigma: float | None) -> None:
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


def _objective(config: Config, events: list[Event], num_pixels: int) -> None:
    """The objective with the run's numbers, each with what it says."""
    evaluation = measured(events)[-1]
    elbo, nll, kl = (float(evaluation[name]) for name in ("elbo", "nll", "kl"))
    sigma = evaluation.get("sigma")
    st.markdown(
        "#### What it comes to &nbsp; :small[:gray[nats per image, validation, step "
        f"{evaluation['step']:,}]]"
    )
    st.latex(
        rf"\underbrace{{{_tex(elbo)}}}_{{\text{{elbo}}}} = -\bigl("
        rf"\underbrace{{{_tex(nll)}}}_{{\text{{nll}}}} + "
        rf"\underbrace{{{_tex(kl)}}}_{{\text{{kl}}}}\bigr)"
    )
    st.html(STYLE)
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
        "A lower bound on how likely the model finds a picture. **Larger is better.**" + density,
    )
    _card(
        row,
        "nll",
        f"{nll:,.1f}",
        "nats per image",
        "What a picture still costs when its code is known: the reconstruction. That is "
        f"{nll / num_pixels:+.3f} nats for each of its {num_pixels:,} values. Smaller is better.",
    )
    _card(
        row,
        "kl",
        f"{kl:,.1f}",
        "nats per image",
        f"What the code says about a picture: {kl / LN2:,.0f} bits, about {kl / LN2 / 8:,.0f} "
        "bytes. Too small and the code is ignored; too large and samples look worse than "
        "reconstructions.",
    )
    bits = float(evaluation["bits_per_dim"])
    _card(
        row,
        "Bits per dimension",
        f"{bits:.3f}",
        "",
        "The same elbo as bits for each value of a picture"
        + (
            ", for 256 levels (8 bits are added for that). Uncompressed it is 8."
            if sigma is not None
            else ". An even guess between black and white is 1."
        ),
    )
    _beta_card(row, config, events, sigma)
    if sigma is None:
        _card(
            row,
            "Likelihood",
            "Bernoulli",
            "",
            "Each pixel is a coin with its own odds, so there is no sigma to choose. Made for "
            "black and white; grey levels are read as odds.",
        )
    else:
        how = {
            "gaussian_per_pixel": "the mean over pixels, each of which has its own",
            "laplace": "b √2 of the Laplace density, b found by itself, at its optimum",
        }.get(str(config.model.likelihood), "found by itself, at its optimum")
        how = "fixed by `model.sigma`" if config.model.sigma else how
        _card(
            row,
            "Implied sigma",
            f"{sigma * 255:.1f}",
            "grey levels",
            f"The noise the decoder expects at each value ({sigma:.4f} of 1): {how}. Detail "
            "finer than this is taken for noise.",
        )


def _beta_card(row: Any, config: Config, events: list[Event], sigma: float | None) -> None:
    beta, now = config.train.beta, last_event(events, "step").get("beta", config.train.beta)
    train = config.train
    text = {
        "autoencoder": "A plain autoencoder: no noise, and no kl in the loss. Its elbo is counted "
        "as for the others, but is not what it was trained for.",
        "importance_weighted": f"The importance-weighted bound with {train.num_samples} samples "
        "an image has no kl of its own to weigh.",
        "beta_tc": "The weight of the total correlation, which is what the dimensions of a code "
        "say about each other. The rest of kl weighs 1.",
    }.get(
        train.objective, "The weight of kl in the loss, nll + beta kl, both summed over a picture."
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
        text += f" In the warm-up now, on its way to {beta:g}."
    if sigma is not None and train.objective == "elbo" and config.model.likelihood == "gaussian":
        weight = 2 * sigma**2 * beta
        text += f" Beside the summed squared error, kl weighs 2 sigma² beta = {weight:.3g}."
    _card(row, "Effective beta", f"{now:g}", "", text)


def _card(row: Any, name: str, value: str, unit: str, text: str) -> None:
    """One quantity: its name, its value, and what the value says."""
    with row.cell():
        st.metric(f"{name}, {unit}" if unit else name, value)
        st.caption(text)


def _tex(value: float) -> str:
    return f"{value:,.1f}".replace(",", r"{,}")


def _dimensions(session: Session, evaluation: Event) -> None:
    """Active units, and the KL of every dimension."""
    kl = numbered(evaluation, "kl")
    active = _active(session, kl, int(evaluation.get("active_units", len(kl))))
    st.markdown(
        f"#### {sum(active)} of {len(kl)} latent dimensions are active &nbsp; "
        ":small[:gray[KL in nats, the largest first]]",
        help="A dimension is active when its posterior mean moves over the data: Var(mu) above "
        "0.01 (Burda et al. 2016). The others stay at the prior and cost nothing.",
    )
    st.echarts_chart(
        charts.kl_bars(kl, active),
        height=200,
        key="model_kl_per_dim",
        alt="KL of each latent dimension, the largest first",
    )


def _plane(session: Session, config: Config) -> None:
    """This run, and those that it can be compared with, by rate and distortion."""
    assert session.run is not None
    runs = [
        (run, comparable(measured(cache.events(run.events_file))))
        for run in list_runs(session.root)
    ]
    shown, apart = plane.places(session.run, config, runs)
    st.markdown(
        "#### Rate and distortion &nbsp; :small[:gray[nats per image, validation]]",
        help="To the left the code says less, further down pictures are redrawn better. Along a "
        "dashed line the elbo is the same: what the code costs more, the picture costs less. The "
        "faint line is the way through training.",
    )
    st.echarts_chart(
        plane.spec(shown),
        height=300,
        key="model_plane",
        alt="Rate against distortion of this run and comparable ones",
    )
    if apart:
        names = "; ".join(f"{name}: {reason}" for name, reason in sorted(apart.items())[:8])
        more = f"; {len(apart) - 8} more" if len(apart) > 8 else ""
        st.caption(f"Not shown, as their nats are of something else: {names}{more}.")


def _active(session: Session, kl: list[float], num_active: int) -> list[bool]:
    """Which dimensions are active; by the largest KL where the posterior means are gone."""
    latents = session.latents()
    if latents is not None and latents.mu.shape[1] == len(kl):
        from vae.model.posterior import ACTIVE_VARIANCE

        return [bool(variance > ACTIVE_VARIANCE) for variance in latents.mu.var(0)]
    order = sorted(range(len(kl)), key=lambda j: -kl[j])[:num_active]
    return [j in order for j in range(len(kl))]


# -------------------------------------------------------------------- networks, data, options


def _architecture(config: ModelConfig, shape: tuple[int, int, int]) -> None:
    tables = layers(config, shape)
    total = {
        name: sum(row[name] for rows in tables.values() for row in rows)
        for name in ("Parameters", "Multiply-adds")
    }
    title = (
        f"Networks: {NETWORKS.get(config.name, config.name)}, {short(total['Parameters'])} "
        f"parameters, {short(total['Multiply-adds'])} multiply-adds a picture"
    )
    with st.expander(title, icon=":material/account_tree:"):
        columns = st.grid(2, min_column_width=380, gap="medium")
        for name, rows in tables.items():
            with columns.cell():
                num, job_button = (sum(row[what] for row in rows) for what in total)
                st.markdown(
                    f"**{name}** &nbsp; :small[:gray[{short(num)} parameters, {short(job_button)} "
                    "multiply-adds]]"
                )
                shown = [row | {what: short(row[what]) for what in total} for row in rows]
                st.table(shown, border="horizontal", hide_index=True)
        st.caption(
            f"For one picture of {' x '.join(map(str, shape))}. Conv 4x4 / 2 has windows of 4 by 4 "
            "and halves the sides; Upconv, a transposed convolution, doubles them. Residual 3x3 "
            "adds what its convolution says to what came in. Pixels to channels lays each 2 by 2 "
            "pixels on top of each other, so that nothing is computed at full size. The encoder "
            "ends in mu and logvar, 2 x D numbers; the decoder in logits, which a sigmoid turns "
            "into pictures in [0, 1]. Multiply-adds are the products that are summed, without "
            "activations."
        )


def _measured_in_full(session: Session) -> None:
    """Samples and the full evaluation, once there are weights."""
    try:
        there = session.model()
    except InputError:
        return  # the shape has said so
    if there is not None:
        drawn.show(session, *there)
        in_full.show(session)


def _evaluations(events: list[Event]) -> None:
    """The newest evaluation beside the best, and the gap between training and validation."""
    evaluations = measured(events)
    newest = evaluations[-1]
    best = max(evaluations, key=lambda event: float(event["elbo"]))
    st.markdown("#### In training &nbsp; :small[:gray[on images held out from it]]")
    rows = [
        {
            "": name,
            f"newest, step {newest['step']:,}": _number(newest[name]),
            f"best elbo, step {best['step']:,} ": _number(best.get(name)),
            "unit": UNITS[name],
        }
        for name in IN_ORDER
        if name in newest
    ]
    st.table(rows, border="horizontal", hide_index=True)
    per_epoch = int(last_event(events, "start").get("steps_per_epoch", 1))
    steps = [event for event in events if event["kind"] == "step" and "elbo" in event]
    last = [event["elbo"] for event in steps if event["step"] > newest["step"] - per_epoch]
    if last:
        train = sum(last) / len(last)
        st.caption(
            f"Over the last epoch, training images had an elbo of {train:,.1f}: "
            f"{train - newest['elbo']:+,.1f} nats from the validation images. A gap that grows "
            "means that training images are being learned by heart."
        )


def _number(value: float | int | None) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.5g}"


def _data(session: Session, config: Config) -> None:
    start = last_event(session.events(), "start")
    train, validation = start.get("num_train", 0), start.get("num_validation", 0)
    facts = [f"source `{config.data.source}`"]
    if start:
        facts.append(
            f"{train + validation:,} images: {train:,} to train on, {validation:,} held out"
        )
    credit = ""
    if session.status() not in ALIVE or start:
        try:
            dataset = session.dataset()
        except InputError as error:
            facts.append(f":red[{error}]")
        else:
            if dataset is not None:
                facts += _counts(dataset.manifest.get("counts"))
                credit = str(dataset.manifest.get("credit") or "").strip()
    st.markdown("**Data** &nbsp; :small[" + " · ".join(facts) + "]")
    if credit:
        st.caption(f"Credit: {credit.splitlines()[0]}")


def _counts(counts: object) -> list[str]:
    """What an import counted, in words."""
    if not isinstance(counts, dict):
        return []
    return [f"{number:,} {reason.replace('_', ' ')}" for reason, number in counts.items() if number]


def _options(config: Config) -> None:
    with st.expander("Every option of this run", icon=":material/settings:"):
        rows = [
            {
                "option": name,
                "value": _value(get_value(config, name)),
                "meaning": item.metadata.get("help", ""),
            }
            for name, item in options().items()
        ]
        st.table(rows, border="horizontal", hide_index=True)


def _value(value: object) -> str:
    if value is None:
        return "by itself"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
