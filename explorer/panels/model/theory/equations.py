"""The equations of a variational autoencoder, and what a KL weight from elsewhere means.

P pixel values of an image, D latent dimensions.
"""

from __future__ import annotations

import math

import streamlit as st

PYTORCH_VAE_WEIGHT = 0.00025


def equations() -> None:
    with st.expander("The equations", icon=":material/function:"):
        st.latex(
            r"\begin{aligned}\log p(x) &\ge \underbrace{\mathbb{E}_{q(z \mid x)}\bigl[\log "
            r"p(x \mid z)\bigr]}_{-\text{nll}} \\ &- \underbrace{D_{\mathrm{KL}}\bigl(q(z \mid x)"
            r"\,\|\,p(z)\bigr)}_{\text{kl}} = \text{elbo}\end{aligned}"
        )
        st.markdown(
            "The log-probability of an image, log p(x), cannot be computed, because it sums "
            "over every z that could have made it. The elbo needs only the z that the encoder "
            "q(z | x) proposes. It falls short by the KL from q(z | x) to the true posterior."
        )
        st.latex(
            r"D_{\mathrm{KL}} = \tfrac12 \sum_{j=1}^{D} \bigl(\mu_j^2 + \sigma_j^2 - "
            r"\log \sigma_j^2 - 1\bigr)"
        )
        st.latex(r"z = \mu + \sigma \odot \varepsilon, \quad \varepsilon \sim \mathcal{N}(0, I)")
        st.markdown(
            "The encoder gives each image a mean and a standard deviation per dimension. The "
            "KL is the cost of differing from the prior: 0 for mean 0 and standard deviation "
            "1, never negative. Writing the sample as mu plus sigma times noise that does not "
            "depend on the encoder lets the gradient reach the encoder."
        )
        st.latex(
            r"\text{nll} = \sum_{p=1}^{P} \frac{(x_p - \hat x_p)^2}{2\sigma^2} + "
            r"\tfrac{P}{2} \log 2\pi\sigma^2"
        )
        st.markdown(
            "For the Gaussian likelihood, sigma sets the balance between squared error and KL. "
            "Its best value is the root mean squared error, so there is nothing to tune "
            "(sigma-VAE, Rybkin et al. 2021)."
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


def converter(num_pixels: int | None, own_weight: float | None = None) -> None:
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
            (
                f"For {whose}, P = {num_pixels:,}: mean squared error + {weight:g} x KL is the "
                f"same as\n- summed squared error + **{beta:.3g}** x KL: "
                f"**beta = w x P = {beta:.3g}** with a Gaussian of sigma² = 1/2, that is "
                "sigma = 0.71;\n- or beta = 1 with "
                f"**sigma = √(w P / 2) = {sigma:.3g}**, which is **{sigma * 255:.0f} grey levels** "
                "of noise."
            )
            + (
                ""
                if own_weight is None
                else f"\n\nThis run's own w is 2 sigma² beta / P = {own_weight / num_pixels:.2g}."
            )
        )
        st.caption(
            "Dividing the squared error (se) by P and weighting the KL by w has the same "
            "minimum as summing the error and weighting the KL by w P. And se / (2 sigma²) + "
            "KL, multiplied by 2 sigma², is se + 2 sigma² KL. With a cross-entropy averaged "
            "over pixels, beta is also w P, and there is no sigma."
        )
