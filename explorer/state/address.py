"""The address of the page: `?panel=`, `?run=` and `?z=`, for links, reloads and Back."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from explorer.state import handover
from explorer.state.keys import Key, RunKey
from explorer.state.session import Session
from vae.errors import ExplainedError

_FIRST = Key[str]("first_panel", "Sliders")  # where nobody has chosen one
_WRITTEN = Key[str]("written_panel", "Sliders")  # in the address; what a browser says may be old
# The point of Sliders as the address writes it; "" for the first one, None before it.
POINT = RunKey[str | None]("linked_point", None)


def open_panel(panels: Sequence[str], session: Session | None) -> None:
    """Open the panel that a new page, or a step back or forward, asks for by its address."""
    asked = st.query_params.get("panel")
    if not handover.PANEL.is_set():
        _FIRST.set("Live" if session is not None and _is_alive(session) else "Sliders")
    elif not _is_a_step_in_history():
        return
    handover.PANEL.set(asked if asked in panels else _FIRST.get())
    _WRITTEN.set(asked or "Sliders")


def write(session: Session | None) -> None:
    """Write the open panel in the address, so that Back leads to the one before.

    The first address stays as it came, unless the panel is there because a run trains: what a
    person looks at is the same after a reload, when training may be over.
    """
    panel = handover.PANEL.get() or _FIRST.get()
    if panel != _WRITTEN.get():
        st.query_params.from_dict(query(session, panel))
        _WRITTEN.set(panel)


def query(session: Session | None, panel: str) -> dict[str, str]:
    """What an address asks for that restores a panel, the run, and the point of Sliders."""
    asked = {"panel": panel}
    if session is not None:
        asked["run"] = session.run.name
        z = POINT.of(session).get()
        if z is None and st.query_params.get("run", session.run.name) == session.run.name:
            z = st.query_params.get("z")
        if z:
            asked["z"] = z
    return asked


def _is_alive(session: Session) -> bool:
    """Whether it is in training; no, where its folder cannot be read, as the sidebar will say."""
    try:
        return session.is_alive()
    except ExplainedError:
        return False


def _is_a_step_in_history() -> bool:
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation
