"""One line a panel for who is here for the first time: what is seen, and what to do first.

What to do is said only where the run has what it is done with; else the panel says how that comes.

Which lines were put away is kept in a cookie, since the server sees it before it draws the page: a
line that is not wanted never appears, so that nothing jumps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from explorer.components import scripts
from explorer.state.keys import Key
from explorer.state.session import Session
from vae.errors import ExplainedError

COOKIE = "hints_read"  # names of panels, with dots between them
YEAR_SECONDS = 365 * 24 * 3600

_READ = Key[Sequence[str]](COOKIE, ())
_PUT_AWAY = Key("hint_put_away", False)


@dataclass(frozen=True)
class Hint:
    """What is seen; and what to do first, where there is something to do it with."""

    seen: str
    first: str


HINTS = {
    "Live": Hint(
        "Watch a model learn: its curves in nats, and the same faces reconstructed better and "
        "better.",
        "**Press Start training** to see a new one from its first step.",
    ),
    "Map": Hint(
        "Each dot is an image at its posterior mean; similar images lie close together.",
        "**Click a dot** to see its face, or click between the dots for a face that the model "
        "makes up.",
    ),
    "Sliders": Hint(
        "A face is a point in latent space, and each slider moves it along one direction.",
        "**Drag the first one.**",
    ),
    "Interpolate": Hint(
        "Between two faces lies a path of faces that the model makes up.",
        "**Click two images** below to see it.",
    ),
    "Animation": Hint(
        "The same random points, decoded throughout training.",
        "**Drag the bar** to go back to the first steps.",
    ),
    "Model": Hint(
        "What the model is and how good it is, in numbers that can be compared.",
        "**Read first what stands on top**: whether anything is wrong, and what helps.",
    ),
}


def line(panel: str, session: Session | None) -> str:
    """The panel's line for the run as it is now."""
    hint = HINTS[panel]
    try:
        is_ready = session is not None and _is_ready(panel, session)
    except ExplainedError:  # the panel says it
        is_ready = False
    return f"{hint.seen} {hint.first}" if is_ready else hint.seen


def _is_ready(panel: str, session: Session) -> bool:
    """Whether there is something in the panel to do first. Raises ExplainedError as it does."""
    if panel == "Live":
        return session.status() == "finished"
    if panel == "Animation":
        return any(event["kind"] == "preview" for event in session.events())
    if panel == "Model":
        return any(event["kind"] == "eval" for event in session.events())
    is_ready = session.model() is not None
    if panel == "Interpolate":
        return is_ready and len(session.dataset()) > 1
    if panel == "Map":
        return is_ready and session.latents() is not None and len(session.dataset()) > 0
    return is_ready


def show(panel: str, session: Session | None) -> None:
    """Draw the panel's line, unless it was put away."""
    read = _read()
    if panel in read:
        if _PUT_AWAY.get():
            _keep(read)
            _PUT_AWAY.pop()
        return
    st.html(scripts.style(__file__))
    with st.container(key="hint", horizontal=True, gap="small", vertical_alignment="center"):
        st.markdown(f":small[{line(panel, session)}]", width="stretch")
        st.button(
            "Got it",
            key=f"hint:{panel}",
            type="tertiary",
            on_click=_put_away,
            args=(panel,),
            help="Hide this line in this browser.",
        )


def _read() -> list[str]:
    """The panels whose line was put away, in this browser or a moment ago."""
    if not _READ.is_set():
        word = st.context.cookies.get(COOKIE, "")
        _READ.set([name for name in word.split(".") if name in HINTS])
    return list(_READ.get())


def _put_away(panel: str) -> None:
    _READ.set([*_read(), panel])
    _PUT_AWAY.set(True)


def _keep(read: list[str]) -> None:
    """Write the cookie in the browser."""
    cookie = f"{COOKIE}={'.'.join(read)};path=/;max-age={YEAR_SECONDS};samesite=strict"
    st.html(f"<script>document.cookie = {cookie!r};</script>", unsafe_allow_javascript=True)
