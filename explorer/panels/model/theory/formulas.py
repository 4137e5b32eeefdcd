"""What a run minimises, in words and as formulas with its own numbers in them.

One image x, its code z, D latent dimensions, P pixel values, t completed steps.
"""

from __future__ import annotations

import math

from vae.config import TrainConfig

KL = r"D_{\mathrm{KL}}\bigl(q(z \mid x)\,\|\,p(z)\bigr)"


def number(value: float) -> str:
    """A number for a formula: four digits at most, thousands set apart."""
    text = f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}"
    mantissa, e, exponent = text.partition("e")
    text = mantissa.replace(",", "{,}")
    return rf"{text} \cdot 10^{{{int(exponent)}}}" if e else text


def loss_words(train: TrainConfig) -> str:
    """The objective in a sentence or two, in nats per image."""
    match train.objective:
        case "autoencoder":
            return (
                "A **plain autoencoder**: the cost of reconstructing each image from mu. There "
                "is no noise and no kl, and so no prior to sample from."
            )
        case "importance_weighted":
            return (
                f"The **importance-weighted bound**: {train.num_samples} samples of z are drawn "
                "for each image and weighted by how well they explain it. It lies between the "
                "elbo and log p(x), closer to log p(x) with more samples (Burda et al. 2016)."
            )
        case "beta_tc":
            return (
                "**Beta-TC**: the kl in three parts. The mutual information of z and the "
                "image, and the KL of each dimension to the prior, have weight 1; the total "
                "correlation, which measures the dependence between dimensions, has weight "
                f"{train.beta:g} (Chen et al. 2018)."
            )
    if train.capacity is not None:
        return (
            f"The cost of the reconstruction, plus {train.beta:g} times the **distance of the "
            f"kl from a capacity** of {train.capacity:g} nats (Burgess et al. 2018)."
        )
    text = (
        ("The **negative elbo**: the cost of the reconstruction from z, plus the cost of z itself.")
        if train.beta == 1
        else f"A **beta-VAE**: the negative elbo, but with the kl multiplied by {train.beta:g}."
    )
    if train.free_bits:
        text += (
            f" The first {train.free_bits:g} nats of each dimension (averaged over a batch) are "
            "free, so that none is switched off (Kingma et al. 2016)."
        )
    return text + _schedule_words(train)


def _schedule_words(train: TrainConfig) -> str:
    if not train.warmup_steps:
        return ""
    if train.cycle_steps:
        return f" Beta rises from 0 again every {train.cycle_steps:,} steps (Fu et al. 2019)."
    return f" Beta rises from 0 over the first {train.warmup_steps:,} steps (Bowman et al. 2016)."


def loss_tex(train: TrainConfig) -> str:
    """The loss of one image as LaTeX, with the run's own settings in it."""
    match train.objective:
        case "autoencoder":
            return r"\text{loss} = -\log p(x \mid z{=}\mu)"
        case "importance_weighted":
            num = train.num_samples
            return (
                rf"\text{{loss}} = -\log \frac{{1}}{{{num}}} \sum_{{k=1}}^{{{num}}} "
                r"\frac{p(x \mid z_k)\, p(z_k)}{q(z_k \mid x)}"
            )
        case "beta_tc":
            return (
                r"\text{loss} = \text{nll} + I(x; z) + "
                rf"{_beta(train)}\, D_{{\mathrm{{KL}}}}\bigl(q(z)\,\|\,\textstyle\prod_j q(z_j)"
                r"\bigr) + \sum_{j} D_{\mathrm{KL}}\bigl(q(z_j)\,\|\,p(z_j)\bigr)"
            )
    if train.capacity is not None:
        rises = rf"\min\bigl(1, \tfrac{{t}}{{{number(train.warmup_steps)}}}\bigr)\cdot "
        capacity = (rises if train.warmup_steps else "") + number(train.capacity)
        weight = "" if train.beta == 1 else rf"{number(train.beta)}\, "
        return rf"\text{{loss}} = \text{{nll}} + {weight}\bigl|\text{{kl}} - {capacity}\bigr|"
    rate = r"\text{kl}"
    if train.estimator == "sampled":
        rate = r"\bigl(\log q(z \mid x) - \log p(z)\bigr)"
    elif train.free_bits:
        rate = rf"\sum_{{j=1}}^{{D}} \max({number(train.free_bits)}, \text{{kl}}_j)"
    beta = _beta(train)
    is_elbo = not beta and not train.free_bits
    weighted = f"{beta}\\, {rate}" if beta else rate
    return rf"\text{{loss}} = \text{{nll}} + {weighted}" + (
        r" = -\text{elbo}" if is_elbo and rate == r"\text{kl}" else ""
    )


def _beta(train: TrainConfig) -> str:
    """The weight as LaTeX, with its schedule; empty where it is 1 throughout."""
    if not train.warmup_steps:
        return "" if train.beta == 1 else number(train.beta)
    step = "t"
    if train.cycle_steps:
        step = rf"t \bmod {number(train.cycle_steps)}"
    rises = rf"\min\bigl(1, \tfrac{{{step}}}{{{number(train.warmup_steps)}}}\bigr)"
    return rises if train.beta == 1 else rf"{number(train.beta)} \cdot {rises}"


def nll_tex(likelihood: str | None, sigma: float | None, num_samples: int = 1) -> str:
    """-log p(x given z) of the likelihood as LaTeX; `sigma`: its noise on the scale of x."""
    mean = (
        "" if num_samples == 1 else rf"\frac{{1}}{{{num_samples}}} \sum_{{l=1}}^{{{num_samples}}} "
    )
    match likelihood:
        case "bernoulli":
            terms = r"-\sum_{p=1}^{P} \bigl(x_p \log \hat x_p + (1 - x_p) \log (1 - \hat x_p)\bigr)"
            return r"\text{nll} = " + mean + terms
        case "gaussian_bands":
            terms = (
                r"\sum_{b} \Bigl(\frac{\|(x - \hat x)_b\|^2}{2\sigma_b^2} + n_b \log \sigma_b + "
                r"\tfrac{n_b}{2} \log 2\pi\Bigr)"
            )
            return r"\text{nll} = " + mean + terms
        case "gaussian_per_pixel":
            terms = (
                r"\sum_{p=1}^{P} \Bigl(\frac{(x_p - \hat x_p)^2}{2\sigma_p^2} + \log \sigma_p + "
                r"\tfrac12 \log 2\pi\Bigr)"
            )
            return r"\text{nll} = " + mean + terms
        case "laplace":
            b = "b" if sigma is None else number(sigma / math.sqrt(2))
            return (
                rf"\text{{nll}} = {mean}\sum_{{p=1}}^{{P}} \Bigl(\frac{{|x_p - \hat x_p|}}{{{b}}}"
                rf" + \log (2 \cdot {b})\Bigr)"
            )
    s = r"\sigma" if sigma is None else number(sigma)
    return (
        rf"\text{{nll}} = {mean}\sum_{{p=1}}^{{P}} \Bigl(\frac{{(x_p - \hat x_p)^2}}"
        rf"{{2 \cdot {s}^2}} + \log {s} + \tfrac12 \log 2\pi\Bigr)"
    )


LIKELIHOOD_WORDS = {
    "bernoulli": (
        "Each pixel is white with its own probability x̂, else black. Meant for black and white "
        "images; grey levels are read as probabilities."
    ),
    "gaussian": (
        "Normal noise of one sigma around the decoded image x̂: squared error. Sigma sets the "
        "balance between error and kl."
    ),
    "gaussian_bands": (
        "Normal noise around the decoded image x̂, with one sigma for each band b of n_b numbers: "
        "from coarse to fine, light and colour apart. A band that errs little, such as fine "
        "colour, counts more than with one sigma for all; none counts less."
    ),
    "gaussian_per_pixel": (
        "Normal noise around the decoded image x̂, with its own sigma at each pixel. It reaches "
        "the highest elbo, but rarely the best pictures."
    ),
    "laplace": (
        "Laplace noise around the decoded image x̂: absolute error, which keeps edges sharper. Its "
        "sigma is b √2."
    ),
}
