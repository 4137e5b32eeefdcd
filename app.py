"""The entry of `streamlit run app.py`: one server for the pages and our own routes."""

from pathlib import Path

import streamlit as st

from explorer import routes

app = st.App(Path(routes.__file__).with_name("page.py"), routes=routes.all_routes())
