"""Whether the code says too little or too much, and the decoder's noise is what it should be.

The terms are Higgins et al. 2017 and Rybkin et al. 2021; D latent dimensions.
"""

from __future__ import annotations

import math

from vae.config import Config
from vae.doctor import remedies
from vae.doctor.finding import Finding, is_rising, some
from vae.runs.events import Event, last_event, numbered

# Nats of KL below which a dimension says nothing: its posterior is the prior for every picture.
SILENT_NATS = 0.01
COLLAPSED_NATS = 0.5  # of the whole code
SIGMA_FLOOR = 0.5 / 255  # vae.model.likelihoods.MIN_SIGMA, without importing torch


def silent_dimensions(evaluation: Event) -> tuple[int, ...]:
    """The latent dimensions that say nothing of any picture.

    In theory those whose variance in the data is below beta times that of the decoder's noise, for
    a linear decoder exactly: Lucas et al. 2019, "Don't Blame the ELBO!".
    """
    kl = numbered(evaluation, "kl")
    return tuple(j for j, nats in enumerate(kl) if nats < SILENT_NATS)


def about_latents(evaluation: Event, config: Config, events: list[Event]) -> list[Finding]:
    train = config.train
    active, total = int(evaluation.get("active_units", 0)), len(numbered(evaluation, "kl"))
    kl = float(evaluation["kl"])
    if not total or train.objective == "autoencoder":
        return []
    silent = silent_dimensions(evaluation)
    per_epoch = int(last_event(events, "start").get("steps_per_epoch", 1))
    anew = remedies.warm_up(config, per_epoch)
    is_strong = train.beta > 1 and train.objective in ("elbo", "beta_tc")
    gentler = remedies.plain_beta(config) if is_strong else None
    if train.capacity is not None:
        gentler = remedies.no_capacity(config)
    if active == 0 or kl < COLLAPSED_NATS:
        cause = f" Beta is {train.beta:g}." if is_strong else ""
        return [
            Finding(
                "error",
                f"**Posterior collapse:** the code carries {kl:.2f} nats and {active} of {total} "
                f"dimensions are active, so every picture is decoded alike.{cause}",
                some(gentler, None if gentler else remedies.free_bits(config), anew),
                "The decoder has learnt to do without the code, and the KL then switches the code "
                "off. A warm-up (`train.warmup_steps` of an epoch or two) lets the code become "
                "useful before it has a price; free bits (`train.free_bits`) give each dimension "
                "some nats for nothing; a smaller `train.beta` and the optimal sigma (leave "
                "`model.sigma` out) lower the price.",
                silent,
            )
        ]
    if is_strong and len(silent) >= total / 2:
        error = math.sqrt(max(0.0, float(evaluation.get("mse", 0.0)))) * 255
        return [
            Finding(
                "warning",
                f"**Over-regularised:** beta is {train.beta:g}, and {len(silent)} of {total} "
                f"latent dimensions say nothing (below {SILENT_NATS:g} nats). The code carries "
                f"{kl:,.1f} nats, and reconstructions are {error:.0f} grey levels off.",
                some(gentler, anew),
                "A dimension is kept where its variance in the data exceeds beta times that of "
                "the decoder's noise (Lucas et al. 2019). What lies below is switched off.",
                silent,
            )
        ]
    if silent:
        return [
            Finding(
                "info",
                f"**{len(silent)} of {total} latent dimensions are not used** ({_names(silent)}). "
                "This wastes nothing but room: the KL switches off what does not pay for itself.",
                more="If the reconstructions lack detail, try a warm-up (`train.warmup_steps`), a "
                "smaller `train.beta` or the optimal sigma; else a smaller `model.latent_dim` does "
                "too.",
                dimensions=silent,
            )
        ]
    risen = not is_rising(events, config) and not train.cycle_steps
    if train.objective == "elbo" and train.beta < 0.1 and risen and kl > 3 * max(1, active):
        return [
            Finding(
                "warning",
                f"**Under-regularised:** beta is {train.beta:g}, and the code carries {kl:,.0f} "
                f"nats, {kl / max(1, active):,.0f} for each active dimension. Hardly anything "
                "holds the codes near the prior.",
                (remedies.plain_beta(config),),
                "Reconstructions are sharp, but the space between the codes is empty: samples from "
                "the prior and paths between pictures look worse than they need.",
            )
        ]
    return []


def _names(dimensions: tuple[int, ...]) -> str:
    shown = ", ".join(f"z{j}" for j in dimensions[:8])
    return shown + (" ..." if len(dimensions) > 8 else "")


def about_sigma(evaluation: Event, config: Config) -> list[Finding]:
    found = []
    error = math.sqrt(max(float(evaluation.get("mse", 0.0)), 1e-12))
    fixed, sigma = config.model.sigma, evaluation.get("sigma")
    if fixed is not None and fixed > 2 * error:
        found.append(
            Finding(
                "warning",
                f"**Sigma is fixed at {fixed * 255:.0f} grey levels, but the reconstructions are "
                f"only {error * 255:.0f} off.** Detail below that noise counts for nothing, which "
                "blurs: over-regularised.",
                (remedies.optimal_sigma(config),),
                "Leave `model.sigma` out and it finds its own value, the error itself. Squared "
                "error + KL is sigma = 180 grey levels, a common cause of blurred faces.",
            )
        )
    if fixed is not None and fixed < error / 3:
        found.append(
            Finding(
                "warning",
                f"**Sigma is fixed at {fixed * 255:.1f} grey levels, but the reconstructions are "
                f"{error * 255:.0f} off.** The KL counts for little beside such errors: "
                "under-regularised.",
                (remedies.optimal_sigma(config),),
                "An error of three sigmas at every pixel is paid as if the model had been certain.",
            )
        )
    if fixed is None and sigma is not None and sigma <= 1.02 * SIGMA_FLOOR:
        found.append(_sigma_at_floor(error, config))
    elif fixed is None and sigma is not None and 5 * sigma < error:
        found.append(
            Finding(
                "warning",
                f"**Sigma fits the training images alone:** {sigma * 255:.1f} grey levels, but "
                f"validation images are {error * 255:.0f} off.",
                some(remedies.more_images(config), remedies.smaller_network(config)),
                "Sigma is the error on training images. Where they are known by heart it shrinks, "
                "and every new picture counts as all but impossible.",
            )
        )
    return found


def _sigma_at_floor(error: float, config: Config) -> Finding:
    is_per_pixel = config.model.likelihood == "gaussian_per_pixel"
    remedy = remedies.one_sigma(config) if is_per_pixel else remedies.held_sigma(config, 2 / 255)
    return Finding(
        "warning",
        f"**Sigma is dead:** it stands at its floor of {SIGMA_FLOOR * 255:.1f} grey levels, while "
        f"validation images are {error * 255:.1f} off. Pictures of 8 bits have no finer noise.",
        some(remedy, remedies.more_images(config)),
        "The decoder redraws its training images exactly: they are very plain, or too few. The "
        "elbo then measures how even the ground is, and the gradient is that of tiny errors.",
    )


def about_objective(evaluation: Event, config: Config) -> list[Finding]:
    """What was chosen on purpose, and what follows from it."""
    if config.train.objective == "autoencoder":
        return [
            Finding(
                "info",
                "**A plain autoencoder:** nothing drew its codes towards the prior, so samples "
                "from it look like nothing. Reconstruct and interpolate instead.",
            )
        ]
    if config.train.beta > 4 and config.train.objective == "elbo" and config.train.capacity is None:
        return [
            Finding(
                "info",
                f"**Beta is {config.train.beta:g}:** the code is kept short on purpose. Expect "
                "more separate dimensions and blurrier reconstructions.",
            )
        ]
    return []
