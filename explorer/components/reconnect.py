"""The whole page is drawn anew when its server is there again.

A server that was started again knows no part of the page that is drawn by itself, and would drop
what a hand does there until the whole page has run once.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

SCRIPT = Path(__file__).with_suffix(".js")


def watch() -> None:
    """Ask for a run of the whole page with every new connection; not to be called in a fragment."""
    component = st.components.v2.component("reconnect", js=SCRIPT.read_text("utf-8"))
    component(key="reconnect", height=0, on_back_change=lambda: None)
