"""What is wrong with a run on the page, each finding with its remedies as buttons."""

from __future__ import annotations

import streamlit as st

from explorer.state import cache, handover
from explorer.state.keys import Key
from explorer.state.session import Session
from vae.config import Config
from vae.doctor import remedies
from vae.doctor.finding import Finding
from vae.doctor.remedies import Remedy
from vae.errors import ExplainedError

ICONS = {"error": ":material/error:", "warning": ":material/warning:", "info": ":material/info:"}
REFUSED = Key("remedy_refused", "")


def show(session: Session, config: Config, found: list[Finding]) -> None:
    """Draw the findings: what is wrong in full, what is good to know in a line each."""
    if refused := REFUSED.get():
        st.error(refused, icon=ICONS["error"])
    for i, finding in enumerate(found):
        if finding.kind == "info":
            continue
        getattr(st, finding.kind)(finding.text, icon=ICONS[finding.kind])
        _remedies(session, config, finding, str(i))
    notes = [finding for finding in found if finding.kind == "info"]
    if notes:
        with st.expander(f"Good to know ({len(notes)})", icon=ICONS["info"]):
            for i, finding in enumerate(notes):
                st.markdown(f":small[{finding.text} {finding.more}]")
                _remedies(session, config, finding, f"note_{i}")


def _remedies(session: Session, config: Config, finding: Finding, key: str) -> None:
    """The buttons of one finding; what each does stands in its help."""
    if not finding.remedies and not (finding.more and finding.kind != "info"):
        return
    status = session.status()
    with st.container(horizontal=True, vertical_alignment="center", key=f"remedies_{key}"):
        for i, remedy in enumerate(finding.remedies):
            pressed = st.button(
                remedy.label,
                key=f"remedy_{key}_{i}",
                icon=":material/healing:",
                type="primary" if i == 0 and finding.kind == "error" else "secondary",
                help=remedies.explained(remedy, session.run, status),
            )
            if pressed:
                with st.spinner(f"{remedy.label} ..."):
                    _press(session, config, remedy)
                st.rerun()
        if finding.more and finding.kind != "info":
            with st.popover("Why?", type="tertiary"):
                st.markdown(finding.more)


def _press(session: Session, config: Config, remedy: Remedy) -> None:
    """Apply the remedy, and let the page show the run that trains on."""
    run = session.run
    REFUSED.pop()
    try:
        run = remedies.apply(run, config, remedy, session.status())
    except ExplainedError as error:
        REFUSED.set(str(error))
    else:
        handover.open_run(run.name, "Live")
    cache.is_locked.clear()
