"""How long the training in the form would take on this machine, by a few real steps of it.

Measured by itself once the data have been looked at and the form has been still for a moment, where
nothing trains that it would slow; else when it is asked for.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from explorer.components import fragment
from explorer.drawing import labels
from explorer.sidebar import inquiry
from explorer.sidebar.inquiry import TICK_SECONDS, Words
from explorer.state import cache
from explorer.state.keys import Key
from vae.config import Config
from vae.runs.folder import list_runs
from vae.runs.milestones import Costs

STILL_SECONDS = 1.0
# Options that no step takes longer for; how many there are is arithmetic.
FREE = ("train.epochs", "train.lr", "train.beta", "train.flips")

_ASKED = Key[Words | None]("time_estimate.asked", None)  # the newest question
_IS_BY_HAND = Key("time_estimate.is_by_hand", False)  # and goes on beside a training
_STILL = Key[tuple[Words, float] | None]("time_estimate.still", None)  # what stands, since when


def show(root: Path, options: Mapping[str, str], is_looked_at: bool) -> None:
    """Draw the estimate for these options of the command, or a button that makes one."""
    told = (f"--{name}={value}" for name, value in options.items() if name not in FREE)
    words = ("estimate", *told)
    if _ASKED.get() not in (words, None):
        end(root)
    still = _STILL.get()
    if still is None or still[0] != words:
        _STILL.set((words, time.monotonic()))
    state = _state(root, words, is_looked_at)
    every = TICK_SECONDS if state in ("waiting", "working") else None
    fragment.show(_draw, every, root, words, int(options["train.epochs"]), is_looked_at, state)


def end(root: Path) -> None:
    """End a measurement that is under way: it would take from the training's time."""
    if asked := _ASKED.pop():
        inquiry.stop(root, asked)


def _state(root: Path, words: Words, is_looked_at: bool) -> str:
    """The state of the measurement: "asked" for by hand, "waiting", or as an inquiry has it."""
    found = inquiry.newest(root, words)
    if found is not None and (found.state == "done" or _ASKED.get() == words):
        return found.state
    return "waiting" if is_looked_at and _is_alone(root) else "asked"


def _is_alone(root: Path) -> bool:
    """Whether no run is in training, which a measurement would slow."""
    return not any(cache.is_locked(str(run.folder)) for run in list_runs(root))


def _ask(root: Path, words: Words, is_by_hand: bool) -> None:
    inquiry.start(root, words)
    _ASKED.set(words)
    _IS_BY_HAND.set(is_by_hand)


def _draw(root: Path, words: Words, num_epochs: int, is_looked_at: bool, before: str) -> None:
    state = _state(root, words, is_looked_at)
    still = _STILL.get()
    is_still = still is not None and time.monotonic() - still[1] > STILL_SECONDS
    if state == "waiting" and is_still and not inquiry.is_any_working():
        _ask(root, words, False)
        state = "working"
    elif state == "working" and not _IS_BY_HAND.get() and not _is_alone(root):
        end(root)
        state = "asked"
    if state != before:
        st.rerun()
    found = inquiry.newest(root, words)
    if state == "working":
        st.progress(0.0, text="Measuring a few steps of the training ...")
    elif state == "done" and found is not None:
        st.caption(_text(found.answer, num_epochs))
    elif state == "waiting":
        st.caption(":material/timer: How long it takes is measured in a moment.")
    else:
        if state == "failed" and found is not None:
            st.error(labels.plain(found.message), icon=":material/error:")
        st.button(
            "How long will it take?",
            key="time_estimate.ask",
            icon=":material/timer:",
            type="tertiary",
            on_click=_ask,
            args=(root, words, True),
            help="Measures a few real steps with these settings on this machine, for ten seconds.",
        )


def _text(answer: Mapping[str, Any], num_epochs: int) -> str:
    costs = Costs(
        answer["first_pictures_seconds"],
        answer["step_seconds"],
        answer["preview_seconds"],
        answer["evaluation_seconds"],
    )
    per_epoch = answer["steps_per_epoch"]
    num_steps = num_epochs * per_epoch
    every = Config().train.checkpoint_every
    seconds = costs.all(num_steps, every, per_epoch, answer["num_validation"])
    steps = labels.counted(num_steps, "step")
    flow = ""
    if answer.get("flow_seconds"):
        took = labels.duration(answer["flow_seconds"])
        flow = f" Then a flow is fitted to the codes, in {took} at most."
    return (
        f":material/timer: First pictures after about **{labels.duration(costs.first_pictures)}**, "
        f"the end after about **{labels.duration(seconds)}**: {steps} of "
        f"{costs.step:.2g} s on this machine's {answer['device'].upper()}, with the previews, "
        f"evaluations and checkpoints between them.{flow}"
    )
