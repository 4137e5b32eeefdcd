"""The page: the sidebar and the six panels. Only the open panel runs."""

from __future__ import annotations

import gc
import importlib
import threading

import streamlit as st

from explorer import hints
from explorer.sidebar import run_controls
from explorer.state import handover
from vae.errors import ExplainedError

PANELS = ("Live", "Map", "Sliders", "Interpolate", "Animation", "Model")

# Streamlit leaves room above the page for a tool bar that this app does not have.
STYLE = """<style>
.stMainBlockContainer { padding-top: 2.25rem; padding-bottom: 3rem; }
[data-testid="stSidebarHeader"] { height: 1.5rem; margin-bottom: 0; }
[data-testid="stSidebarUserContent"] { padding-top: 0; }
[data-testid="stSidebar"] hr { margin: 0.5rem 0; }
@media (max-width: 1100px) {
  .stMainBlockContainer { padding-left: 2rem; padding-right: 2rem; }
  [data-testid="stSidebar"] { max-width: 17rem; }
  [data-testid="stSidebarContent"] { padding-left: 1rem; padding-right: 1rem; }
  [data-testid="stSidebar"] .stButton button { padding-left: 0.25rem; padding-right: 0.25rem; }
}
</style>"""


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


def main() -> None:
    st.set_page_config(
        "Latent explorer", str(run_controls.ICON), layout="wide", initial_sidebar_state=340
    )
    st.html(STYLE)
    session = run_controls.show()
    first = "Live" if session is not None and session.is_alive() else "Sliders"
    tabs = st.tabs(PANELS, default=first, key=handover.PANEL.name, on_change="rerun")
    for name, tab in zip(PANELS, tabs, strict=True):
        if tab.open:
            with tab:
                hints.show(name)
                panel = importlib.import_module(f"explorer.panels.{name.lower()}.panel")
                try:
                    panel.show(session)
                except ExplainedError as error:
                    st.error(str(error), icon=":material/error:")
    warm_up()


main()
