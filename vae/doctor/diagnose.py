"""What is wrong with a run or worth knowing, read from its events.

Every finding carries its evidence in numbers and what helps. What the model learnt is judged only
after a hundred steps and one epoch.
"""

from __future__ import annotations

from statistics import median
from typing import get_args

from vae.config import Config
from vae.doctor import remedies
from vae.doctor.finding import Finding, Kind, is_rising, some
from vae.doctor.overfitting import about_gap, about_images
from vae.doctor.regularity import about_latents, about_objective, about_sigma
from vae.runs.events import Event, comparable, last_event, measured

MIN_STEPS = 100  # before what the model learnt is judged
RECENT_STEPS = 1000
EXPLODED = 5.0  # times the usual KL


def findings(events: list[Event], config: Config, status: str) -> list[Finding]:
    """What is wrong with a run or worth knowing, the most serious first.

    `status`: of the run, as `Run.status` has it. Needs the events alone: no weights, no images.
    """
    found = [*_about_failure(events, config, status), *_about_steps(events, config)]
    evaluations = measured(events)
    if evaluations:
        newest = evaluations[-1]
        found += _about_explosion(evaluations, events, config)
        if newest.get("epoch", 0) >= 1 and newest["step"] >= MIN_STEPS:
            found += about_latents(newest, config, events)
            found += about_sigma(newest, config)
        found += about_objective(newest, config)
        found += about_gap(evaluations, events, config)
    found += about_images(events, config)
    notes = [event for event in events if event["kind"] == "note" and not _is_bad(event)]
    found += [Finding("note", "info", str(note["text"])) for note in notes]
    return sorted(found, key=lambda finding: get_args(Kind).index(finding.kind))


def _is_bad(note: Event) -> bool:
    return "not finite" in str(note.get("text", ""))


def _about_failure(events: list[Event], config: Config, status: str) -> list[Finding]:
    found = []
    if status == "failed":
        reason = str(last_event(events, "end").get("reason") or "no reason was given")
        told = reason.rstrip(".")
        text = f"**Training failed:** {told}. The weights saved before can still be used."
        if "diverged" in reason:
            found.append(Finding("diverged", "error", text, (remedies.calmer(config),)))
        else:
            found.append(Finding("failed", "error", text))
    newest = last_event(events, "eval")
    if newest and "elbo" not in newest:
        found.append(
            Finding(
                "non_finite",
                "error",
                f"**The evaluation at step {newest['step']:,} was not finite.** A weight or an "
                "image contains NaN or infinity.",
                (remedies.calmer(config),),
            )
        )
    return found


def _about_steps(events: list[Event], config: Config) -> list[Finding]:
    """Steps that were skipped because their gradient was not finite."""
    bad = [event for event in events if event["kind"] == "note" and _is_bad(event)]
    if not bad:
        return []
    newest = max((event.get("step", 0) for event in events), default=0)
    is_recent = bad[-1].get("step", 0) > newest - RECENT_STEPS
    text = (
        f"**{len(bad)} step{'s were' if len(bad) > 1 else ' was'} skipped**, the last at step "
        f"{bad[-1].get('step', 0):,}, because the gradient was not finite. Skipped steps leave the "
        "weights unchanged."
    )
    if not is_recent:
        return [Finding("non_finite", "info", text + " It has not happened again since.")]
    return [
        Finding(
            "non_finite",
            "warning",
            text + " If this continues, lower `train.lr`.",
            (remedies.calmer(config),),
            "The usual cause is a learning rate that is too high, so that the loss overflows. "
            "Training ends after twenty such steps in a row.",
        )
    ]


def _about_explosion(
    evaluations: list[Event], events: list[Event], config: Config
) -> list[Finding]:
    """A KL far above what it was, while the elbo fell below what it was."""
    train = config.train
    if train.objective == "autoencoder" or train.cycle_steps or is_rising(events, config):
        return []
    *before, newest = comparable(evaluations)
    if len(before) < 3:
        return []
    usual, elbo = (median(float(event[name]) for event in before) for name in ("kl", "elbo"))
    kl = float(newest["kl"])
    if kl < EXPLODED * max(usual, 1.0) or float(newest["elbo"]) > elbo:
        return []
    return [
        Finding(
            "kl_explosion",
            "error",
            f"**The KL has exploded:** {kl:,.0f} nats at step {newest['step']:,}, usually "
            f"{usual:,.0f} before, and the elbo fell from {elbo:,.0f} to "
            f"{float(newest['elbo']):,.0f}.",
            some(remedies.calmer(config), remedies.plain_beta(config) if train.beta < 1 else None),
            "The encoder places images far from the prior, where the decoder was never trained. "
            "Either the learning rate is too high, or beta is too small to keep the latents near "
            "the prior.",
        )
    ]
