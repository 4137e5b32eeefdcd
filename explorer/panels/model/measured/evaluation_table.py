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
        "How likely the pictures are": _likelihood(result),
        "What the code knows": _code(result),
        "How the pictures look": _pictures(result),
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
        Row("nll", "nll", NATS, "What a picture costs when its code is known."),
        Row("kl", "kl", NATS, "What the code costs."),
    ]
    rows = [row._replace(value=number(result, row.value)) for row in rows]
    if "bound" in result:
        gain = f"{result['bound_gain']:+,.1f} ± {result['bound_gain_se']:.1f}"
        says = (
            f"The importance-weighted bound, K = {result['importance_samples']}: nearer to "
            f"log p(x). Of {result['bound_num']:,} of the images, and {gain} nats from their "
            "own elbo."
        )
        rows.append(Row("bound", number(result, "bound"), NATS, says))
    says = "The elbo for each value of a picture. " + (
        "With 8 bits added for the 256 levels; uncompressed it is 8."
        if "sigma" in result
        else "An even guess between black and white is 1."
    )
    rows.append(Row("Bits per dimension", number(result, "bits_per_dim", 4), "bits", says))
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
                number(result, "mutual_information", 4),
                NATS,
                f"What z says about which of {num} images it came from; at most ln {num} = "
                f"{result['mi_limit']:.2f}, where no two codes can be taken for one another.",
            ),
            Row(
                "Aggregate from prior",
                number(result, "marginal_kl"),
                NATS,
                "KL(q(z), p(z)), the rest of the kl, with q(z) made of these images alone."
                + (
                    " The mutual information is at its limit, so that part of this belongs to it."
                    if result["mutual_information"] > 0.99 * result["mi_limit"]
                    else " Samples from the prior suffer from it."
                ),
            ),
            Row(
                "Total correlation",
                number(result, "total_correlation"),
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
        Row("mse", number(result, "mse", 3), "x in [0, 1]", "Mean squared error."),
    ]
    for name, (title, says) in FRECHET.items():
        if name in result:
            rows.append(Row(title, f"{result[name]:.3g}", "smaller is better", says))
    return rows


def protocol(result: Result) -> str:
    """How the Frechet distances of a result were made, in words."""
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
