"""A part of the page that runs alone, and says what went wrong in its own place."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec

import streamlit as st

from vae.errors import ExplainedError

P = ParamSpec("P")


def show(draw: Callable[P, None], every: float | None, *args: P.args, **kwargs: P.kwargs) -> None:
    """Draw it now and every so many seconds (None: only when a hand acts in it).

    An ExplainedError becomes a sentence. Streamlit shows what a fragment raises as a traceback,
    and nobody outside gets to catch it.
    """

    @functools.wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            draw(*args, **kwargs)
        except ExplainedError as error:
            st.error(str(error), icon=":material/error:")

    st.fragment(drawn, run_every=every)(*args, **kwargs)
