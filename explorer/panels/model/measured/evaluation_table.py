"""The measures of an evaluation as a table: each with its error, its unit and what it says."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from explorer.components import scripts

Result = dict[str, Any]

NATS = "nats per image"


class Row(NamedTuple):
    """One measure: what it is called, its value, its unit, and what it says."""

    name: str
    value: str
    unit: str
    says: str


def table(result: Result) -> str:
    """Every measure of a result as an HTML table, in groups."""
    groups = {
        "How probable the images are": _likelihood(result),
        "What z knows": _code(result),
        "How good the pictures look": _pictures(result),
    }
    lines = [scripts.style(__file__), "<table class='measures' aria-label='Evaluation'>"]
    for title, rows in groups.items():
        lines.append(f"<tr><th colspan='4'>{title}</th></tr>")
        lines += [
            f"<tr><td>{row.name}</td><td>{row.value}</td><td>{row.unit}</td><td>{row.says}</td></tr>"
            for row in rows
        ]
    return "".join([*lines, "</table>"])


def number(result: Result, name: str, digits: int = 5) -> str:
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
        Row("nll", "nll", NATS, "The cost of an image when its z is known."),
        Row("kl", "kl", NATS, "The cost of z."),
    ]
    rows = [row._replace(value=number(result, row.value)) for row in rows]
    if "elbo_flow" in result:
        says = (
            f"The elbo with the flow as the prior, whose kl is {number(result, 'kl_flow')}: what "
            "the model gives with a prior fitted to its codes. Another model than the trained one."
        )
        rows.append(Row("elbo, flow", number(result, "elbo_flow"), NATS, says))
    if "bound" in result:
        gain = f"{result['bound_gain']:+,.1f} ± {result['bound_gain_se']:.1f}"
        says = (
            f"The importance-weighted bound with K = {result['importance_samples']}, closer to "
            f"log p(x). Measured on {result['bound_num']:,} of the images, {gain} nats from "
            "their elbo."
        )
        rows.append(Row("bound", number(result, "bound"), NATS, says))
    says = "The elbo for each value of an image. " + (
        "8 bits are added for the 256 levels; an uncompressed image has 8."
        if "sigma" in result
        else "A guess of one half everywhere gives 1."
    )
    rows.append(Row("Bits per dimension", number(result, "bits_per_dim", 4), "bits", says))
    return rows


def _code(result: Result) -> list[Row]:
    active = f"{result['active_units']} of {result['latent_dim']}"
    rows = [
        Row(
            "Active units",
            active,
            "dimensions",
            "Dimensions whose posterior mean varies over the data.",
        ),
    ]
    if "mutual_information" in result:
        num = f"{result['mi_num']:,}"
        rows += [
            Row(
                "Mutual information",
                number(result, "mutual_information", 4),
                NATS,
                (
                    f"How much z says about which of {num} images it came from: at most ln {num} = "
                    f"{result['mi_limit']:.2f}, when no two posteriors overlap."
                ),
            ),
            Row(
                "Aggregate to prior",
                number(result, "marginal_kl"),
                NATS,
                ("KL(q(z), p(z)), the rest of the kl, with q(z) estimated from these images only.")
                + (
                    (
                        " The mutual information is at its limit, so part of this really belongs "
                        "to it."
                    )
                    if result["mutual_information"] > 0.99 * result["mi_limit"]
                    else " The larger it is, the worse samples from the prior are."
                ),
            ),
            Row(
                "Total correlation",
                number(result, "total_correlation"),
                NATS,
                "The part that comes from dependence between dimensions (total correlation).",
            ),
        ]
    if "mig" in result:
        rows += [
            Row("MIG", f"{result['mig']:.3f}", "0 to 1", "Each factor in a dimension of its own."),
            Row(
                "Factors read",
                f"{result['factors_read']:.0%}",
                "above chance",
                "How much of each known factor can be read from z, on held-out images.",
            ),
        ]
    return rows


FRECHET = {
    "frechet_real": ("Frechet, real", "Other real images: the best that can be reached."),
    "frechet_reconstructions": ("Frechet, reconstructions", "Of the same held-out images."),
    "frechet_mixture": ("Frechet, mixture", "Samples from a mixture fitted to posterior means."),
    "frechet_flow": ("Frechet, flow", "Samples from the flow fitted to the codes."),
    "frechet_samples": ("Frechet, prior", "Samples from N(0, I)."),
}


def _pictures(result: Result) -> list[Row]:
    rows = [
        Row("psnr", f"{result['psnr']:.2f}", "dB", "Of reconstructions. Larger is better."),
        Row("ssim", f"{result['ssim']:.3f}", "0 to 1", "Structural similarity. Larger is better."),
        Row("mse", number(result, "mse", 3), "x in [0, 1]", "Mean squared error."),
    ]
    for name, (title, says) in FRECHET.items():
        if name in result:
            rows.append(Row(title, f"{result[name]:.3g}", "smaller is better", says))
    return rows


def protocol(result: Result) -> str:
    """How the Frechet distances of a result were made, in words."""
    return (
        f"Fréchet distances: features `{result['frechet_features']}`, {result['frechet_num']:,} "
        "pictures in each set compared with as many real images of the "
        f"{result['frechet_split']} split, resized {result['frechet_resize']}, 8 bits. Compare "
        "only distances with the same features, number of images and resizing"
    ) + (
        "; these are not Inception distances."
        if result["frechet_features"].startswith("random")
        else "."
    )
