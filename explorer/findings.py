"""What is wrong with a run or worth knowing, read from its events."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, median

from vae.config import Config
from vae.runs import Event, last_event, numbered

NUM_BELOW = 5  # evaluations in a row that must stay below the best
JITTER_EVALUATIONS = 20
TRAIN_STEPS = 20  # step events that a training elbo is the mean of


@dataclass(frozen=True)
class Finding:
    """Something about a run that a person should know, and what to do about it."""

    kind: str  # error, warning, info
    text: str


def measured(events: list[Event]) -> list[Event]:
    """The evaluations that came out finite, oldest first."""
    return [event for event in events if event["kind"] == "eval" and "elbo" in event]


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
        found += _about_gap(evaluations, events)
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
    if config.train.objective == "autoencoder":
        found.append(
            Finding(
                "info",
                "**A plain autoencoder:** nothing drew its codes towards the prior, so samples "
                "from it look like nothing. Reconstruct and interpolate instead.",
            )
        )
    if config.train.beta > 4 and config.train.objective == "elbo":
        found.append(
            Finding(
                "info",
                f"**Beta is {config.train.beta:g}:** the code is kept short on purpose. Expect "
                "more separate dimensions and blurrier reconstructions.",
            )
        )
    return found


def comparable(evaluations: list[Event]) -> list[Event]:
    """One evaluation a step: the last step is measured once more on all validation images."""
    first = {event["step"]: event for event in reversed(evaluations)}
    return [first[step] for step in sorted(first)]


def jitter(evaluations: list[Event]) -> float:
    """The usual elbo difference between neighbouring evaluations, in nats per image."""
    elbos = [float(event["elbo"]) for event in evaluations[-JITTER_EVALUATIONS:]]
    return median(abs(after - before) for before, after in pairwise(elbos))


def _about_gap(evaluations: list[Event], events: list[Event]) -> list[Finding]:
    """Whether validation has left its best for good while training images still gain."""
    evaluations = comparable(evaluations)
    i = max(range(len(evaluations)), key=lambda i: float(evaluations[i]["elbo"]))
    best, newest = evaluations[i], [float(e["elbo"]) for e in evaluations[i + 1 :][-NUM_BELOW:]]
    if len(newest) < NUM_BELOW:
        return []
    usual = jitter(evaluations)
    # The best of many is a lucky one, so that its neighbours say where the top was.
    top = median(float(event["elbo"]) for event in evaluations[max(0, i - 2) : i + 3])
    if max(newest) >= top - usual:
        return []
    steps = [event for event in events if event["kind"] == "step" and "elbo" in event]
    before = [e["elbo"] for e in steps if e["step"] <= best["step"]][-TRAIN_STEPS:]
    after = [e["elbo"] for e in steps if e["step"] > best["step"]][-TRAIN_STEPS:]
    if not before or not after:
        return []
    train, validation = fmean(after), fmean(newest)
    gained, lost = train - fmean(before), float(best["elbo"]) - validation
    if train - validation <= usual or gained <= 0:
        return []
    return [
        Finding(
            "warning",
            f"**Validation was best at step {best['step']:,}.** The last {NUM_BELOW} evaluations "
            f"are {lost:,.1f} nats below that on average, while training images gained "
            f"{gained:,.1f} nats: the model learns its training images by heart. Use more images, "
            "a smaller network or fewer epochs. Training keeps the state of its best step in "
            "`checkpoints/`; `model.safetensors`, which is shown here, is the newest.",
        )
    ]
