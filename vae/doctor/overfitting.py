"""Whether a run memorises its training images, and whether there are enough of them."""

from __future__ import annotations

from itertools import pairwise
from statistics import fmean, median

from vae.config import Config
from vae.doctor import remedies
from vae.doctor.finding import Finding, some
from vae.runs.events import Event, comparable, last_event

NUM_BELOW = 5  # evaluations in a row that must stay below the best
JITTER_EVALUATIONS = 20
TRAIN_STEPS = 20  # step events that a training elbo is the mean of
FEW_IMAGES = 1000


def about_images(events: list[Event], config: Config) -> list[Finding]:
    """Whether there are fewer training images than such a network needs."""
    num = last_event(events, "start").get("num_train")
    if num is None or num >= FEW_IMAGES:
        return []
    flips = remedies.flipped_images(config)
    return [
        Finding(
            "few_images",
            "info",
            f"**Only {num:,} training image{'s' * (num != 1)}:** a network of this kind memorises "
            f"so few within some epochs. Use at least {FEW_IMAGES:,}.",
            some(remedies.more_images(config), flips),
            remedies.FLIPS if flips else "",
        )
    ]


def jitter(evaluations: list[Event]) -> float:
    """The usual elbo difference between neighbouring evaluations, in nats per image."""
    elbos = [float(event["elbo"]) for event in evaluations[-JITTER_EVALUATIONS:]]
    return median(abs(after - before) for before, after in pairwise(elbos))


def about_gap(evaluations: list[Event], events: list[Event], config: Config) -> list[Finding]:
    """Whether validation has left its best for good while training images still gain."""
    evaluations = comparable(evaluations)
    i = max(range(len(evaluations)), key=lambda i: float(evaluations[i]["elbo"]))
    best, newest = evaluations[i], [float(e["elbo"]) for e in evaluations[i + 1 :][-NUM_BELOW:]]
    if len(newest) < NUM_BELOW:
        return []
    usual = jitter(evaluations)
    # The best of many noisy values is too high: take the median of it and its neighbours.
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
    num = last_event(events, "start").get("num_train")
    flips = remedies.flipped_images(config)
    whose = "its training images" if num is None else f"its {num:,} training images"
    return [
        Finding(
            "overfitting",
            "warning",
            f"**Overfitting: validation was best at step {best['step']:,}.** The last {NUM_BELOW} "
            f"evaluations are {lost:,.1f} nats lower on average, while the training elbo rose by "
            f"{gained:,.1f} nats: the model memorises {whose}.",
            some(
                remedies.more_images(config),
                flips,
                remedies.fewer_epochs(config, int(best.get("epoch", 0))),
                remedies.smaller_network(config),
            ),
            "Use more images, a smaller network or fewer epochs. The weights with the lowest "
            "validation loss are kept: `python -m vae checkpoint RUN --use best`, or Checkpoint in "
            "the panel Model, puts them into use." + (f" {remedies.FLIPS}" if flips else ""),
        )
    ]
