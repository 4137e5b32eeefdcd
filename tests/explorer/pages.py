"""The page as a script, run without a browser; no test stands here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

PAGE = str(Path(__file__).parents[2] / "explorer" / "page.py")


def page(panel: str, **state: Any) -> AppTest:
    """The page with that panel open, run once; `state` is what it keeps of the run `tiny`."""
    at = AppTest.from_file(PAGE, default_timeout=30)
    at.session_state["panel"] = panel
    for name, value in state.items():
        at.session_state[f"{name}:tiny"] = value
    at.run()
    assert not at.exception
    return at


def text_of(at: AppTest) -> str:
    """What the page says, a line each."""
    shown = [*at.markdown, *at.caption, *at.info, *at.warning, *at.error]
    return "\n".join(str(element.value) for element in shown)
