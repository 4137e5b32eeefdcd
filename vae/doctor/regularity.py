"""Whether the latents say too little or too much, and whether sigma fits the error.

The terms are Higgins et al. 2017 and Rybkin et al. 2021; D latent dimensions.
"""

from __future__ import annotations

import math

from vae.config import Config
from vae.doctor import remedies
from vae.doctor.finding import Finding, is_rising, some
from vae.runs.events import Event, last_event, numbered

# Nats of KL below which a dimension is unused: its posterior is the prior for every image.
SILENT_NATS = 0.01
COLLAPSED_NATS = 0.5  # over all dimensions
SIGMA_FLOOR = 0.5 / 255  # vae.model.likelihoods.MIN_SIGMA, without importing torch


def silent_dimensions(evaluation: Event) -> tuple[int, ...]:
    """The latent dimensions that say nothing about any image.

    In theory those whose variance in the data is below beta times that of the decoder's noise, for
    a linear decoder exactly: Lucas et al. 2019, "Don't Blame the ELBO!".
    """
    kl = numbered(evaluation, "kl")
    return tuple(j for j, nats in enumerate(kl) if nats < SILENT_NATS)


def about_latents(evaluation: Event, config: Config, events: list[Event]) -> list[Finding]:
    """Collapse, or too strong or too weak a pull towards the prior; at most one finding."""
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
                "collapse",
                "error",
                f"**Posterior collapse:** the latents carry {kl:.2f} nats and {active} of {total} "
                f"dimensions are active, so every image has the same reconstruction.{cause}",
                some(gentler, None if gentler else remedies.free_bits(config), anew),
                "The decoder has learnt to ignore the latents, and the KL then pushes them to the "
                "prior. A warm-up (`train.warmup_steps` of an epoch or two) lets the latents "
                "become useful before the KL counts; free bits (`train.free_bits`) exempt some "
                "nats of each dimension; a smaller `train.beta` and a learned sigma (leave "
                "`model.sigma` out) make the KL count less. The elbo does not show this: noise "
                "that fits the images well can be worth more nats than all that z could say.",
                silent,
            )
        ]
    if is_strong and len(silent) >= total / 2:
        error = math.sqrt(max(0.0, float(evaluation.get("mse", 0.0)))) * 255
        return [
            Finding(
                "over_regularised",
                "warning",
                f"**Over-regularised:** beta is {train.beta:g}, and {len(silent)} of {total} "
                f"latent dimensions are unused (below {SILENT_NATS:g} nats). The latents carry "
                f"{kl:,.1f} nats, and the reconstruction error is {error:.0f} grey levels.",
                some(gentler, anew),
                "A dimension stays in use only if its variance in the data exceeds beta times "
                "that of the decoder's noise (Lucas et al. 2019).",
                silent,
            )
        ]
    if silent:
        return [
            Finding(
                "unused_dimensions",
                "info",
                f"**{len(silent)} of {total} latent dimensions are unused** ({_names(silent)}). "
                "This does no harm: the KL turns off dimensions that improve the elbo too little.",
                more="If reconstructions lack detail, try a warm-up (`train.warmup_steps`), a "
                "smaller `train.beta` or a learned sigma. Otherwise a smaller `model.latent_dim` "
                "is enough.",
                dimensions=silent,
            )
        ]
    risen = not is_rising(events, config) and not train.cycle_steps
    if train.objective == "elbo" and train.beta < 0.1 and risen and kl > 3 * max(1, active):
        return [
            Finding(
                "under_regularised",
                "warning",
                f"**Under-regularised:** beta is {train.beta:g}, and the latents carry {kl:,.0f} "
                f"nats, {kl / max(1, active):,.0f} for each active dimension. Almost nothing "
                "keeps them near the prior.",
                (remedies.plain_beta(config),),
                "Reconstructions are sharp, but the space between the images is empty: samples "
                "from the prior and paths between images look worse than necessary.",
            )
        ]
    return []


def _names(dimensions: tuple[int, ...]) -> str:
    shown = ", ".join(f"z{j}" for j in dimensions[:8])
    return shown + (" ..." if len(dimensions) > 8 else "")


def about_sigma(evaluation: Event, config: Config) -> list[Finding]:
    """Whether sigma is far from the error of the reconstructions."""
    found = []
    error = math.sqrt(max(float(evaluation.get("mse", 0.0)), 1e-12))
    fixed, sigma = config.model.sigma, evaluation.get("sigma")
    if fixed is not None and fixed > 2 * error:
        found.append(
            Finding(
                "over_regularised",
                "warning",
                f"**Over-regularised: sigma is fixed at {fixed * 255:.0f} grey levels, but the "
                f"reconstruction error is only {error * 255:.0f}.** Detail finer than sigma hardly "
                "counts, so images come out blurred.",
                (remedies.optimal_sigma(config),),
                "Without `model.sigma`, sigma is learned and equals the reconstruction error. The "
                "common loss squared error + KL means a sigma of 180 grey levels, a frequent cause "
                "of blurred faces.",
            )
        )
    if fixed is not None and fixed < error / 3:
        found.append(
            Finding(
                "under_regularised",
                "warning",
                f"**Under-regularised: sigma is fixed at {fixed * 255:.1f} grey levels, but the "
                f"reconstruction error is {error * 255:.0f}.** With so small a sigma the errors "
                "outweigh the KL.",
                (remedies.optimal_sigma(config),),
                "Without `model.sigma`, sigma is learned and equals the reconstruction error.",
            )
        )
    if fixed is None and sigma is not None and sigma <= 1.02 * SIGMA_FLOOR:
        found.append(_sigma_at_floor(error, config))
    elif fixed is None and sigma is not None and 5 * sigma < error:
        flips = remedies.flipped_images(config)
        found.append(
            Finding(
                "overfitting",
                "warning",
                f"**Overfitting: sigma fits only the training images.** It is {sigma * 255:.1f} "
                f"grey levels, but the error on validation images is {error * 255:.0f}.",
                some(
                    remedies.more_images(config),
                    flips,
                    remedies.smaller_network(config),
                ),
                "Sigma is learned from the error on training images. When the model memorises "
                "them, sigma shrinks, and new images become nearly impossible under the model."
                + (f" {remedies.FLIPS}" if flips else ""),
            )
        )
    return found


def _sigma_at_floor(error: float, config: Config) -> Finding:
    has_many = config.model.likelihood in ("gaussian_bands", "gaussian_per_pixel")
    remedy = remedies.one_sigma(config) if has_many else remedies.held_sigma(config, 2 / 255)
    return Finding(
        "dead_sigma",
        "warning",
        f"**Sigma is at its lower limit** of {SIGMA_FLOOR * 255:.1f} grey levels, while the error "
        f"on validation images is {error * 255:.1f}. 8-bit images hold no finer detail.",
        some(remedy, remedies.more_images(config)),
        "The decoder reproduces its training images exactly: they are very simple, or too few. "
        "Tiny errors in flat areas then dominate the elbo and the gradient.",
    )


def about_objective(evaluation: Event, config: Config) -> list[Finding]:
    """What follows from an objective that was chosen on purpose."""
    if config.train.objective == "autoencoder":
        return [
            Finding(
                "autoencoder",
                "info",
                "**A plain autoencoder:** nothing pulls its latents towards the prior, so samples "
                "do not look like the data. Reconstruct and interpolate instead.",
            )
        ]
    if config.train.beta > 4 and config.train.objective == "elbo" and config.train.capacity is None:
        return [
            Finding(
                "high_beta",
                "info",
                f"**Beta is {config.train.beta:g}:** the latents may carry little information. "
                "Expect more independent dimensions and blurrier reconstructions.",
            )
        ]
    return []
