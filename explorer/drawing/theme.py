"""The colours of the theme, as CSS: each for a light and for a dark screen."""

from __future__ import annotations

import streamlit as st

COLOURS = ("primary", "background", "secondary-background", "text", "border")


def variables() -> str:
    """CSS properties such as `--st-primary-color`, under the names that components have too."""
    return " ".join(
        f"--st-{name}-color: light-dark({_colour('light', name)}, {_colour('dark', name)});"
        for name in COLOURS
    )


def primary() -> str:
    """What marks the chosen, in the theme that the page has now: for a picture in a file."""
    return _colour(st.context.theme.type or "light", "primary")


def _colour(scheme: str, name: str) -> str:
    first, *rest = name.split("-")
    option = f"theme.{scheme}.{first}{''.join(word.capitalize() for word in rest)}Color"
    return str(st.get_option(option))
