"""What is watched in the browser all over the page: the connection, and the chosen tab."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

FOLDER = Path(__file__).parent


def reconnect() -> None:
    """Ask for a run of the whole page with every new connection; not to be called in a fragment.

    A server that was started again knows no part of the page that is drawn by itself, and would
    drop what a hand does there until the whole page has run once.
    """
    script = (FOLDER / "reconnect.js").read_text("utf-8")
    component = st.components.v2.component("reconnect", js=script)
    component(key="reconnect", height=0, on_back_change=lambda: None)


def keep_tab() -> None:
    """Keep the tab that a person chose, where the answer to an earlier click comes after it."""
    script = (FOLDER / "tab_keeper.js").read_text("utf-8")
    st.components.v2.component("tab_keeper", js=script)(key="tab_keeper", height=0)
