"""Groups A and B of the map, of which a direction is made."""

from __future__ import annotations

import streamlit as st

from explorer.directions.new_direction import finish, group
from explorer.state.keys import RunKey
from explorer.state.opened_run import OpenedRun
from explorer.state.session import Session
from vae.directions.definitions import Definition


def groups(opened: OpenedRun, lassoed: tuple[int, ...]) -> None:
    """Groups A and B of the map: keeping what is lassoed, and what both make."""
    session = opened.session
    kept = {letter: group(letter).of(session).get() for letter in "AB"}
    if not lassoed and not any(kept.values()):
        return
    if lassoed:
        for letter, column in zip("AB", st.columns(2, gap="small", wrap=False), strict=True):
            column.button(
                f"Keep as group {letter}",
                key=RunKey(f"keep_{letter}", None).of(session).name,
                on_click=_keep,
                args=(session, letter, lassoed),
                help="A minus B becomes a direction with its own slider.",
                width="stretch",
            )
    if not any(kept.values()):
        return
    told = [f"**{letter}** {len(some):,}" for letter, some in kept.items() if some]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f":small[Kept: {', '.join(told)} images]", width="content")
        st.button("Forget", type="tertiary", on_click=_forget, args=(session,))
    if kept["A"] and kept["B"]:
        finish(opened, Definition("", a=kept["A"], b=kept["B"]), "map")
    else:
        other = "B" if kept["A"] else "A"
        st.caption(f"Lasso another group and keep it as {other}: A minus B then becomes a slider.")


def _keep(session: Session, letter: str, images: tuple[int, ...]) -> None:
    group(letter).of(session).set(images)


def _forget(session: Session) -> None:
    for letter in "AB":
        group(letter).of(session).pop()
