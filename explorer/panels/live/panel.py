"""Live: how training goes, second by second."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import streamlit as st

from explorer.components import fragment, scripts
from explorer.drawing import charts
from explorer.drawing.labels import duration
from explorer.panels.live import preview_sheets
from explorer.state.session import Session
from vae.runs import processes
from vae.runs.events import Event, last_event, numbered
from vae.runs.folder import ALIVE

TICK_SECONDS = 1.0  # when a training has just begun
MAX_TICK_SECONDS = 5.0  # later, when its curves change little in a second
TICK_PART = 0.05  # of the time that it has lasted, in between
MAX_EVENTS = 2000  # that a curve is made of

TERMS = """
**elbo**, the evidence lower bound, is -(nll + kl). Training raises it: larger is better. With a
Gaussian likelihood it is a density, so it can be above 0.

**nll**, the negative log-likelihood -log p(x | z), is the cost of an image when its z is known.
Smaller means closer reconstructions; with a Gaussian likelihood it can be below 0.

**kl**, the divergence of the posterior q(z | x) from the prior, is how much z says about the image.
Near 0, z is ignored.
"""


def show(session: Session | None) -> None:
    """Draw the panel; while the run trains, it draws itself anew every second, later every five."""
    if session is None:
        st.info(
            (
                "**Nothing has been trained here yet.** Press **Start training** in the sidebar: "
                "without any other choice it trains on built-in faces, and the first pictures "
                "appear within seconds."
            ),
            icon=":material/play_circle:",
        )
        return
    every = (lambda: pace(_lasted(session))) if session.is_alive() else None
    fragment.show(_draw, every, session)


def _lasted(session: Session) -> float:
    """Seconds since the training was started or resumed."""
    now = time.time()
    return now - float(last_event(session.events(), "start").get("time", now))


def pace(lasted: float) -> float:
    """Seconds to the next drawing of a training that has lasted so many."""
    return min(MAX_TICK_SECONDS, max(TICK_SECONDS, TICK_PART * lasted))


def _draw(session: Session) -> None:
    events, status = session.events(), session.status()
    st.html(scripts.style(__file__))
    _say(session, status, events)
    start = last_event(events, "start")
    if not start:
        return
    _figures(session, status, events, start)
    previews = [event for event in events if event["kind"] == "preview"]
    draw_samples = preview_sheets.show(session, previews) if previews else None
    if any(event["kind"] == "step" for event in events):
        _curves(events)
    elif status in ALIVE:
        st.caption("The curves begin after the first ten steps.")
    if draw_samples is not None:
        draw_samples()


def _say(session: Session, status: str, events: list[Event]) -> None:
    """What the person should know, or do, before looking at numbers."""
    if status == "failed":
        reason = str(last_event(events, "end").get("reason") or "no reason was given")
        st.error(
            (
                f"**Training failed:** {reason.rstrip('.')}. {_resume(session)}; or start a new "
                "run with other settings."
            ),
            icon=":material/error:",
        )
    elif status == "interrupted":
        st.warning(
            (
                "**Training was interrupted**: the process was killed or the machine was switched "
                f"off. {_resume(session)}."
            ),
            icon=":material/warning:",
        )
    elif status == "starting":
        doing = processes.progress_of(session.run.log_file)
        what = "Opening the images" if doing is None else f"{doing[0].capitalize()}"
        part = 0.0 if doing is None else min(1.0, doing[1] / max(1, doing[2]))
        st.progress(part, text=f"{what} ... The first pictures follow directly.")


def _resume(session: Session) -> str:
    """What Resume does now, without a full stop."""
    if not session.run.weights_file.exists():
        return "Nothing was saved yet, and **Resume** begins anew"
    return "Everything saved before is safe, and **Resume** continues from the newest checkpoint"


def _figures(session: Session, status: str, events: list[Event], start: Event) -> None:
    """The row of numbers, and how far the run is."""
    step = max((int(event.get("step", 0)) for event in events[-50:]), default=0)
    total = max(1, int(start.get("total_steps", 1)))
    epochs = int(start.get("train.epochs", 0))
    done = step / max(1, int(start.get("steps_per_epoch", 1)))
    steps = [event for event in events if event["kind"] == "step"]
    evaluations = [event for event in events if event["kind"] == "eval" and "elbo" in event]

    with st.container(border=True):
        row = st.grid(5, min_column_width=112, key="live_figures")
    row.metric("Status", status, **_note(f"on {start.get('device', 'cpu')}"))
    epoch = f"{done:.1f}" if done % 1 else f"{done:.0f}"
    row.metric("Epoch", f"{epoch} of {epochs}", **_note(f"step {step:,}"))
    speed = float(np.median([e["images_per_second"] for e in steps[-9:]])) if steps else 0.0
    row.metric("Speed", f"{speed:,.0f}" if steps else "-", **_note("images / second"))
    trained = duration(steps[-1]["seconds"]) if steps else "-"
    if status in ALIVE:
        is_over = is_fitting(session)
        left = None if is_over else seconds_left(steps, start, total - step)
        row.metric("Time left", "-" if left is None else duration(left), **_note(f"{trained} done"))
    else:
        row.metric("Time trained", trained, **_note(f"{step:,} steps"))
    newest = evaluations[-1] if evaluations else {}
    before = next((e for e in reversed(evaluations) if e["step"] < newest.get("step", 0)), None)
    row.metric(
        "elbo, validation",
        f"{newest['elbo']:,.1f}" if newest else "-",
        help=(
            "In nats per image, on held-out validation images. The small number is the change "
            "since the previous evaluation. Larger is better."
        ),
        **(
            _note("nats per image" if newest else "after 20 steps")
            if before is None
            else {"delta": f"{newest['elbo'] - before['elbo']:+,.1f}"}
        ),
    )
    if status == "running" and (step >= total or is_fitting(session)):
        part, text = after_last_step(session)
        st.progress(part, text=text)
    elif status != "finished":
        st.progress(min(1.0, step / total), text=f"step {step:,} of {total:,}")


def is_fitting(session: Session) -> bool:
    """Whether the trainer fits the flow, after the last step or where a limit ended them."""
    doing = processes.progress_of(session.run.log_file)
    return doing is not None and doing[0] in ("encode", "flow")


def after_last_step(session: Session) -> tuple[float, str]:
    """What the trainer does once its steps are taken: how far it is, in [0, 1], and words."""
    doing = processes.progress_of(session.run.log_file)
    if doing is None or doing[0] == "train":
        return 1.0, "The last step is taken. Measuring the model ..."
    what, done, total = doing
    does = {"encode": "Encoding the images", "flow": "Fitting the flow to their codes"}
    part = min(1.0, done / max(1, total))
    return part, f"{does.get(what, what.capitalize())}, to sample from ... {part:.0%}"


def _note(text: str) -> dict[str, Any]:
    """A quiet second line of a figure."""
    return {"delta": text, "delta_color": "off", "delta_arrow": "off"}


def seconds_left(steps: Sequence[Event], start: Event, num_steps: int) -> float | None:
    """Seconds for `num_steps` more at the pace since this start; None before there is a pace."""
    recent = [event for event in steps[-60:] if event["time"] >= start["time"]]
    first = {"time": start["time"], "step": start["step"]} if len(recent) < 60 else recent[0]
    if not recent or recent[-1]["step"] <= first["step"]:
        return None
    pace: float = (recent[-1]["time"] - first["time"]) / (recent[-1]["step"] - first["step"])
    return max(0.0, pace * num_steps)


def some(events: list[Event]) -> list[Event]:
    """At most `MAX_EVENTS` events, evenly chosen, the newest among them."""
    stride = -(-len(events) // MAX_EVENTS)
    return events if stride < 2 else events[::-1][::stride][::-1]


def _curves(events: list[Event]) -> None:
    """The three terms over steps, and where the KL comes from."""
    st.markdown("**Objective** &nbsp; :small[:gray[nats per image, over steps]]", help=TERMS)
    steps = some([event for event in events if event["kind"] == "step"])
    # The last step is measured twice: on as many images as those before, then on all.
    by_step = {e["step"]: e for e in reversed(events) if e["kind"] == "eval"}
    evaluations = some([by_step[step] for step in sorted(by_step)])
    row = st.grid(3, min_column_width=225)
    for name in ("elbo", "nll", "kl"):
        train, validation = (
            [(e["step"], e[name]) for e in chosen if name in e] for chosen in (steps, evaluations)
        )
        row.echarts_chart(
            charts.curves(name, train, validation),
            height=220,
            key=f"live_{name}",
            alt=f"{name} of train and validation over steps",
        )
    evaluation = last_event(events, "eval")
    kl = numbered(evaluation, "kl")
    if not kl:
        return
    num_active = int(evaluation.get("active_units", len(kl)))
    largest = set(np.argsort(kl)[::-1][:num_active].tolist())
    st.markdown(
        f"**KL per dimension** &nbsp; :small[:gray[nats; {num_active} of {len(kl)} are active]]",
        help=(
            "How much each latent dimension says about an image. A dimension is active when its "
            "posterior mean varies over the data (variance above 0.01)."
        ),
    )
    st.echarts_chart(
        charts.kl_bars(kl, [j in largest for j in range(len(kl))]),
        height=190,
        key="live_kl_per_dim",
        alt="KL of each latent dimension, the largest first",
    )
