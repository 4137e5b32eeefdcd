"""How long the training in the form would take on this machine, by a few real steps of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from explorer.components import fragment
from explorer.drawing import labels
from explorer.sidebar import inquiry
from explorer.sidebar.inquiry import Words
from explorer.state.keys import Key

TICK_SECONDS = 0.5

_ASKED = Key[Words | None]("time_estimate.asked", None)  # the newest question


def show(root: Path, options: Mapping[str, str]) -> None:
    """Draw the estimate for these options of the command, or a button that makes one."""
    words = ("estimate", *(f"--{name}={value}" for name, value in options.items()))
    if _ASKED.get() != words:
        end(root)
        _ASKED.set(None)
    found = inquiry.newest(root, words) if _ASKED.get() else None
    is_working = found is not None and found.state == "working"
    fragment.show(_draw, TICK_SECONDS if is_working else None, root, words, is_working)


def end(root: Path) -> None:
    """End a measurement that is under way: it would take from the training's time."""
    if asked := _ASKED.get():
        inquiry.stop(root, asked)


def _ask(root: Path, words: Words) -> None:
    inquiry.start(root, words)
    _ASKED.set(words)


def _draw(root: Path, words: Words, was_working: bool) -> None:
    found = inquiry.newest(root, words) if _ASKED.get() else None
    if (found is not None and found.state == "working") != was_working:
        st.rerun()
    if found is not None and found.state == "working":
        st.progress(0.0, text="Measuring a few steps of the training ...")
        return
    if found is not None and found.state == "done":
        st.caption(_text(found.answer))
        return
    if found is not None:
        st.error(labels.plain(found.message), icon=":material/error:")
    st.button(
        "How long will it take?",
        key="time_estimate.ask",
        icon=":material/timer:",
        type="tertiary",
        on_click=_ask,
        args=(root, words),
        help="Measures a few real steps with these settings on this machine: about ten seconds.",
    )


def _text(answer: Mapping[str, Any]) -> str:
    first, end = (labels.duration(answer[name]) for name in ("first_pictures_seconds", "seconds"))
    return (
        f":material/timer: First pictures after about **{first}**, the end after about **{end}**: "
        f"{answer['num_steps']:,} steps of {answer['step_seconds']:.2g} s on this machine's "
        f"{answer['device'].upper()}."
    )
