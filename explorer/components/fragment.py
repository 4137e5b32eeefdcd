"""A part of the page that runs alone, and says what went wrong in its own place."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec

import streamlit as st

from vae.errors import ExplainedError

P = ParamSpec("P")

PULSE = Path(__file__).with_name("pulse.js")
_COUNT = itertools.count()


def show(
    draw: Callable[P, None],
    every: float | Callable[[], float] | None,
    *args: P.args,
    **kwargs: P.kwargs,
) -> None:
    """Draw it now and every so many seconds (None: only when a hand acts in it).

    `every` may be a function, which is asked again with each drawing. The seconds count from when
    a drawing is on the page, so a slow machine does not fall behind; while the page is hidden or a
    hand is at work on it, nothing is drawn.

    An ExplainedError becomes a sentence. Streamlit shows what a fragment raises as a traceback,
    and nobody outside gets to catch it.
    """

    @functools.wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            draw(*args, **kwargs)
        except ExplainedError as error:
            st.error(str(error), icon=":material/error:")
        if every is not None:
            seconds = every() if callable(every) else every
            _wait(f"pulse_{draw.__module__}.{draw.__qualname__}", seconds)

    st.fragment(drawn)(*args, **kwargs)


def _wait(name: str, seconds: float) -> None:
    """Have the fragment that this is called in drawn again after so many seconds."""
    component = st.components.v2.component("pulse", js=PULSE.read_text("utf-8"))
    data = {"seconds": seconds, "count": next(_COUNT)}  # the count tells one drawing from another
    if component(key=name, height=0, data=data, on_beat_change=lambda: None).beat == "page":
        st.rerun()
