"""The entry of `streamlit run app.py`: one server for the pages and our own routes."""

from pathlib import Path

import streamlit as st

from explorer import routes

app = st.App(Path(__file__).parent / "explorer" / "page.py", routes=routes.all_routes())
