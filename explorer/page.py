"""The page: the sidebar and the six panels. Only the open panel runs."""

from __future__ import annotations

import gc
import importlib
import sys
import threading
from pathlib import Path

import streamlit as st

from explorer import hints
from explorer.components import page_watch
from explorer.drawing import theme
from explorer.server import first_paint
from explorer.sidebar import run_controls
from explorer.state import address, handover, keys
from explorer.state.root import root
from vae.errors import ExplainedError

DECODING = ("Map", "Sliders", "Interpolate", "Model")  # panels that need torch
PANELS = ("Live", "Map", "Sliders", "Interpolate", "Animation", "Model")

STYLE = Path(__file__).with_suffix(".css")


@st.cache_resource
def warm_up() -> threading.Thread:
    """Import torch while the first page is being looked at, then freeze what was imported.

    Frozen objects are passed over by the garbage collector, which would otherwise walk through
    all of torch at every full collection.
    """

    def work() -> None:
        importlib.import_module("vae.model.checkpoints")
        gc.collect()
        gc.freeze()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def _load(panel: str) -> None:
    """Import what the panel decodes with, and show a face as long as that takes."""
    place = st.empty()
    is_there = "torch" in sys.modules and not warm_up().is_alive()
    if panel in DECODING and not is_there:
        place.html(
            f'<div class="first-face">{first_paint.face(root())}<span>Loading ...</span></div>'
        )
        importlib.import_module("vae.model.checkpoints")
        place.empty()


def main() -> None:
    st.set_page_config(
        "Latent explorer", str(run_controls.ICON), layout="wide", initial_sidebar_state=340
    )
    st.html(f"<style>.stApp {{ {theme.variables()} }} {STYLE.read_text('utf-8')}</style>")
    keys.apply_asked()
    session = run_controls.show()
    address.open_panel(PANELS, session)
    # No default: it would be a part of the identity of the tabs, and a click on tabs that are
    # others by now is lost.
    tabs = st.tabs(PANELS, key=handover.PANEL.name, on_change="rerun")
    address.write(session)
    keys.forget_asked()
    for name, tab in zip(PANELS, tabs, strict=True):
        if tab.open:
            with tab:
                _load(name)
                hints.show(name, session)
                panel = importlib.import_module(f"explorer.panels.{name.lower()}.panel")
                try:
                    panel.show(session)
                except ExplainedError as error:
                    st.error(str(error), icon=":material/error:")
    page_watch.reconnect()
    page_watch.keep_tab()
    warm_up()


main()
