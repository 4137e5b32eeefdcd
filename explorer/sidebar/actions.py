"""What a press of a button in the sidebar does, and what it says where it cannot."""

from __future__ import annotations

import streamlit as st

from explorer.state import cache
from vae.errors import ExplainedError


def attempt(action: object) -> bool:
    """Do it; what it refuses becomes a sentence in the sidebar."""
    assert callable(action)
    try:
        action()
        cache.is_locked.clear()
    except ExplainedError as error:
        st.session_state["message"] = str(error)
        return False
    st.session_state.pop("message", None)
    return True
