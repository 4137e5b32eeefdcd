"""A switch that keeps its state while its panel is closed, when Streamlit forgets a widget's."""

from __future__ import annotations

import streamlit as st

from explorer.state.keys import Key


def show(kept: Key[bool], label: str, help: str) -> None:
    """Draw the switch of what is kept."""
    widget = Key(f"{kept.name}.toggle", False)
    widget.set(kept.get())
    st.toggle(label, key=widget.name, on_change=lambda: kept.set(widget.get()), help=help)
