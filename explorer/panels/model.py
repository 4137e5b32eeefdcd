"""Model: what is maximised, what the numbers mean, what is wrong, what the networks are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import streamlit as st

from explorer import charts
from explorer.session import Session
from vae.config import Config, ConfigError, ModelConfig, get_value, options
from vae.runs import ALIVE, Event, last_event, numbered

TICK_SECONDS = 5.0
LN2 = math.log(2)
STYLE = """<style>
.st-key-model_cards [data-testid="stMetricValue"] { font-size: 1.45rem; line-height: 1.4; }
</style>"""
PYTORCH_VAE_WEIGHT = 0.00025
LAYERS = {"Conv2d": "Conv", "ConvTranspose2d": "Upconv", "Linear": "Linear"}
AFTER = {"BatchNorm2d": "norm", "LeakyReLU": "LReLU"}
QUIET_LAYERS = ("Flatten", "Unflatten")
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


@dataclass(frozen=True)
class Finding:
    """Something about a run that a person should know, and what to do about it."""

    kind: str  # error, warning, info
    text: str


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
        _equations()
        _converter(None)
        return
    every = TICK_SECONDS if session.is_alive() else None
    st.fragment(_draw, run_every=every)(session)


def _draw(session: Session) -> None:
    config, events = session.config(), session.events()
    assert config is not None
    evaluation = next(reversed(measured(events)), {})
    found = findings(events, config, session.status())
    _findings(found)
    if not found and evaluation.get("epoch", 0) >= 1:
        st.caption(
            ":green[:material/check_circle:] Nothing is wrong: no collapse, no step passed over, "
            "validation at its best."
        )
    shape = _image_shape(session)
    num_pixels = None if shape is None else math.prod(shape)
    if evaluation and num_pixels is not None:
        _objective(config, events, num_pixels)
        _dimensions(session, evaluation)
    else:
        st.info(
            "**The first evaluation comes after 20 steps.** Then the objective and the latent "
            "dimensions are measured and explained here.",
            icon=":material/hourglass_empty:",
        )
    _equations()
    sigma = evaluation.get("sigma")
    _converter(num_pixels, None if sigma is None else 2 * sigma**2 * config.train.beta)
    if shape is not None:
        _architecture(config.model, shape)
    if evaluation:
        _evaluations(events)
    _data(session, config)
    _options(config)


def measured(events: list[Event]) -> list[Event]:
    """The evaluations that came out finite, oldest first."""
    return [event for event in events if event["kind"] == "eval" and "elbo" in event]


def _image_shape(session: Session) -> tuple[int, int, int] | None:
    """(C, H, W) of the images; None before the first checkpoint."""
    try:
        there = session.model()
    except ConfigError as error:
        st.error(str(error), icon=":material/error:")
        return None
    return None if there is None else there[1].image_shape


# ---------------------------------------------------------------------------------- findings


def findings(events: list[Event], config: Config, status: str) -> list[Finding]:
    """What is wrong with a run or worth knowing, the gravest first."""
    found = []
    if status == "failed":
        reason = last_event(events, "end").get("reason") or "no reason was given"
        found.append(
            Finding("error", f"**Training failed:** {reason}. What was saved before can be used.")
        )
    notes = [event for event in events if event["kind"] == "note"]
    bad = [note for note in notes if "not finite" in str(note.get("text", ""))]
    if bad:
        found.append(
            Finding(
                "warning",
                f"**{len(bad)} step{'s were' if len(bad) > 1 else ' was'} passed over**, the last "
                f"at step {bad[-1].get('step', 0):,}, because the gradient was not finite. The "
                "weights were left as they were. If it goes on, lower `train.lr`.",
            )
        )
    evaluations = measured(events)
    if evaluations:
        found += _about_latents(evaluations[-1], config)
        found += _about_sigma(evaluations[-1], config)
        found += _about_gap(evaluations)
    found += [Finding("info", str(note["text"])) for note in notes if note not in bad]
    return found


def _about_latents(evaluation: Event, config: Config) -> list[Finding]:
    active, total = int(evaluation.get("active_units", 0)), len(numbered(evaluation, "kl"))
    kl = float(evaluation["kl"])
    if evaluation.get("epoch", 0) < 1 or not total:
        return []  # too early to tell
    if active == 0 or kl < 0.5:
        return [
            Finding(
                "error",
                f"**Posterior collapse:** the code carries {kl:.2f} nats and {active} of {total} "
                "dimensions are active, so every picture is decoded alike. Train a new run with a "
                "warm-up (`train.warmup_steps` of an epoch or two), a smaller `train.beta`, or "
                "the optimal sigma (leave `model.sigma` out).",
            )
        ]
    if active < total / 2:
        return [
            Finding(
                "warning",
                f"**{total - active} of {total} latent dimensions are not used.** This wastes "
                "nothing but room: the KL switches off what does not pay for itself. If the "
                "reconstructions lack detail, try a warm-up (`train.warmup_steps`), a smaller "
                "`train.beta` or the optimal sigma; else a smaller `model.latent_dim` does too.",
            )
        ]
    return []


def _about_sigma(evaluation: Event, config: Config) -> list[Finding]:
    found = []
    error = math.sqrt(max(float(evaluation.get("mse", 0.0)), 1e-12))
    fixed = config.model.sigma
    if fixed is not None and fixed > 2 * error:
        found.append(
            Finding(
                "warning",
                f"**Sigma is fixed at {fixed * 255:.0f} grey levels, but the reconstructions are "
                f"only {error * 255:.0f} off.** Detail below that noise counts for nothing, which "
                "blurs. Leave `model.sigma` out and it finds its own value.",
            )
        )
    if config.train.beta > 4:
        found.append(
            Finding(
                "info",
                f"**Beta is {config.train.beta:g}:** the code is kept short on purpose. Expect "
                "more separate dimensions and blurrier reconstructions.",
            )
        )
    return found


def _about_gap(evaluations: list[Event]) -> list[Finding]:
    """Whether validation is past its best by more than a fiftieth of all that was gained."""
    first, newest = evaluations[0], evaluations[-1]
    best = max(evaluations, key=lambda event: float(event["elbo"]))
    gained, lost = best["elbo"] - first["elbo"], best["elbo"] - newest["elbo"]
    if best["step"] == newest["step"] or lost <= 0.02 * gained:
        return []
    return [
        Finding(
            "warning",
            f"**Validation was best at step {best['step']:,}** and has lost {lost:,.1f} nats "
            "since: the model begins to learn its training images by heart. Use more images, a "
            "smaller network or fewer epochs; the best weights were kept.",
        )
    ]


def _findings(found: list[Finding]) -> None:
    icons = {"error": ":material/error:", "warning": ":material/warning:", "info": None}
    for finding in found:
        if finding.kind == "info":
            st.caption(finding.text)
        else:
            getattr(st, finding.kind)(finding.text, icon=icons[finding.kind])


# --------------------------------------------------------------------------------- objective


def _objective(config: Config, events: list[Event], num_pixels: int) -> None:
    """The objective with the run's numbers, each with what it says."""
    evaluation = measured(events)[-1]
    elbo, nll, kl = (float(evaluation[name]) for name in ("elbo", "nll", "kl"))
    sigma = evaluation.get("sigma")
    st.markdown(
        "**What is maximised** &nbsp; :small[:gray[nats per image, validation, step "
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
        how = "fixed by `model.sigma`" if config.model.sigma else "found by itself, at its optimum"
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
    text = "The weight of kl in the loss, nll + beta kl, both summed over a picture."
    text += " At 1 the loss is -elbo itself." if beta == 1 else " At 1 it would be -elbo itself."
    if now != beta:
        text += f" In the warm-up now, on its way to {beta:g}."
    if sigma is not None:
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
        f"**{sum(active)} of {len(kl)} latent dimensions are active** &nbsp; "
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


def _active(session: Session, kl: list[float], num_active: int) -> list[bool]:
    """Which dimensions are active; by the largest KL where the posterior means are gone."""
    latents = session.latents()
    if latents is not None and latents.mu.shape[1] == len(kl):
        from vae.posterior import ACTIVE_VARIANCE

        return (latents.mu.var(0) > ACTIVE_VARIANCE).tolist()
    order = sorted(range(len(kl)), key=lambda j: -kl[j])[:num_active]
    return [j in order for j in range(len(kl))]


# ------------------------------------------------------------------------ equations, converter


def _equations() -> None:
    with st.expander("The equations", icon=":material/function:"):
        st.latex(
            r"\begin{aligned}\log p(x) &\ge \underbrace{\mathbb{E}_{q(z \mid x)}\bigl[\log "
            r"p(x \mid z)\bigr]}_{-\text{nll}} \\ &- \underbrace{D_{\mathrm{KL}}\bigl(q(z \mid x)"
            r"\,\|\,p(z)\bigr)}_{\text{kl}} = \text{elbo}\end{aligned}"
        )
        st.markdown(
            "How likely the model finds a picture, log p(x), cannot be computed, because it "
            "sums over every code z that could have made it. The elbo needs only codes that the "
            "encoder q(z | x) proposes, and falls short by exactly how wrong the encoder is."
        )
        st.latex(
            r"D_{\mathrm{KL}} = \tfrac12 \sum_{j=1}^{D} \bigl(\mu_j^2 + \sigma_j^2 - "
            r"\log \sigma_j^2 - 1\bigr)"
        )
        st.latex(r"z = \mu + \sigma \odot \varepsilon, \quad \varepsilon \sim \mathcal{N}(0, I)")
        st.markdown(
            "The encoder gives each picture a mean and a spread per dimension, and the KL is "
            "the price for being anywhere but at the prior: 0 for mean 0 and spread 1, never "
            "negative. Writing the sample as mu plus sigma times fixed noise lets the gradient "
            "reach the encoder."
        )
        st.latex(
            r"\text{nll} = \sum_{p=1}^{P} \frac{(x_p - \hat x_p)^2}{2\sigma^2} + "
            r"\tfrac{P}{2} \log 2\pi\sigma^2"
        )
        st.markdown(
            "For the Gaussian likelihood, sigma sets the exchange rate between squared error and "
            "KL. Its best value is the root of the mean squared error, so there is nothing to "
            "tune (sigma-VAE, Rybkin et al. 2021)."
        )
        st.caption(
            "Kingma & Welling, Auto-Encoding Variational Bayes (2014): the KL is its Appendix B."
        )


def equivalent_beta(weight: float, num_pixels: int) -> float:
    """Beta for a loss of a *mean* over P pixel values + weight * kl: weight * P."""
    return weight * num_pixels


def equivalent_sigma(weight: float, num_pixels: int) -> float:
    """Sigma for which beta 1 is a mean squared error + weight * kl: 2 sigma^2 = weight * P."""
    return math.sqrt(weight * num_pixels / 2)


def _converter(num_pixels: int | None, own_weight: float | None = None) -> None:
    """What a KL weight from elsewhere means here; `own_weight`: the run's own, summed."""
    of_run = num_pixels is not None
    num_pixels = num_pixels or 3 * 64 * 64
    with st.expander('What does a "KL weight" from elsewhere mean?', icon=":material/calculate:"):
        left, right = st.columns([1, 2], gap="medium", vertical_alignment="top")
        weight = left.number_input(
            "KL weight w",
            min_value=0.0,
            value=PYTORCH_VAE_WEIGHT,
            step=0.00005,
            format="%.6f",
            key="model_kl_weight",
            help="0.00025 is what the PyTorch-VAE collection uses.",
        )
        beta, sigma = equivalent_beta(weight, num_pixels), equivalent_sigma(weight, num_pixels)
        whose = "this run's pictures" if of_run else "colour pictures of 64 x 64"
        right.markdown(
            f"For {whose}, P = {num_pixels:,}: mean squared error + {weight:g} x KL is\n"
            f"- summed squared error + **{beta:.3g}** x KL: **beta = w x P = {beta:.3g}** with a "
            "Gaussian of sigma² = 1/2;\n"
            f"- or beta = 1 with **sigma = √(w P / 2) = {sigma:.3g}**, which is "
            f"**{sigma * 255:.0f} grey levels** of noise."
            + (
                ""
                if own_weight is None
                else f"\n\nThis run's own w is 2 sigma² beta / P = {own_weight / num_pixels:.2g}."
            )
        )
        st.caption(
            "Dividing the squared error by P and weighing the KL by w has the same minimum as "
            "summing the error and weighing the KL by w P. And se / (2 sigma²) + KL, times "
            "2 sigma², is se + 2 sigma² KL. With a cross-entropy averaged over pixels, beta is "
            "w P as well, and there is no sigma."
        )


# -------------------------------------------------------------------- networks, data, options


@st.cache_data(max_entries=16, show_spinner=False)
def layers(config: ModelConfig, shape: tuple[int, int, int]) -> dict[str, list[dict[str, Any]]]:
    """The layers of encoder and decoder: what each is, its output, its number of parameters.

    Normalisations and activations stand with the layer before them. The networks are built anew,
    since hooks on the model that all pages share would hear of other pages' pictures.
    """
    import torch

    from vae.networks import VAE

    rows: list[dict[str, Any]] = []

    def record(module: torch.nn.Module, inputs: Any, output: torch.Tensor) -> None:
        kind = type(module).__name__
        if kind in QUIET_LAYERS:
            return
        num = sum(parameter.numel() for parameter in module.parameters())
        if kind not in LAYERS and rows:
            rows[-1]["Layer"] += f", {AFTER.get(kind, kind)}"
            rows[-1]["Parameters"] += num
            return
        name = LAYERS.get(kind, kind)
        if isinstance(module, torch.nn.Conv2d | torch.nn.ConvTranspose2d):
            name += f" {module.kernel_size[0]}x{module.kernel_size[1]} / {module.stride[0]}"
        size = "\u00a0x\u00a0".join(str(side) for side in output.shape[1:])
        rows.append({"Layer": name, "Output": size, "Parameters": num})

    model = VAE(config, shape)
    model.eval()
    for module in model.modules():
        if not list(module.children()):
            module.register_forward_hook(record)
    tables = {}
    with torch.inference_mode():
        for name, network, size in (
            ("Encoder", model.encoder, shape),
            ("Decoder", model.decoder, (config.latent_dim,)),
        ):
            rows = []
            network(torch.zeros(1, *size))
            tables[name] = rows
    return tables


def _architecture(config: ModelConfig, shape: tuple[int, int, int]) -> None:
    tables = layers(config, shape)
    total = sum(row["Parameters"] for rows in tables.values() for row in rows)
    st.markdown(
        f"**Networks** &nbsp; :small[:gray[{config.name}, {total:,} parameters, pictures of "
        f"{' x '.join(map(str, shape))}]]",
        help="Conv 4x4 / 2 has windows of 4 by 4 and halves the sides; upconv, a transposed "
        "convolution, doubles them; LReLU is the leaky ReLU. The encoder ends in "
        "mu and logvar, 2 x D numbers. The decoder ends in logits, which a "
        "sigmoid turns into pictures in [0, 1].",
    )
    columns = st.grid(2, min_column_width=350, gap="medium")
    for name, rows in tables.items():
        with columns.cell():
            num = sum(row["Parameters"] for row in rows)
            st.markdown(f":small[{name} &nbsp; :gray[{num:,} parameters]]")
            shown = [row | {"Parameters": f"{row['Parameters']:,}"} for row in rows]
            st.table(shown, border="horizontal", hide_index=True)


def _evaluations(events: list[Event]) -> None:
    """The newest evaluation beside the best, and the gap between training and validation."""
    evaluations = measured(events)
    newest = evaluations[-1]
    best = max(evaluations, key=lambda event: float(event["elbo"]))
    st.markdown("**Evaluation** &nbsp; :small[:gray[on images held out from training]]")
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
        except ConfigError as error:
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
