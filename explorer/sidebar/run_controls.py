"""The sidebar: which run, and start, pause, resume, stop."""

from __future__ import annotations

import base64
from pathlib import Path

import streamlit as st

from explorer.components import fragment
from explorer.sidebar import new_run_form, time_estimate
from explorer.sidebar.actions import MESSAGE, attempt
from explorer.state import cache, coming, handover
from explorer.state.root import root
from explorer.state.session import Session
from vae.errors import ExplainedError
from vae.option_choices import Request
from vae.runs import processes
from vae.runs.events import last_event
from vae.runs.folder import ALIVE, Run, list_runs

ICON = Path(__file__).parents[1] / "assets" / "icon.png"
TICK_SECONDS = 2.0

ICONS = {
    "new": ":material/fiber_new:",
    "starting": ":material/hourglass_top:",
    "running": ":material/play_circle:",
    "paused": ":material/pause_circle:",
    "stopped": ":material/stop_circle:",
    "finished": ":material/check_circle:",
    "failed": ":material/error:",
    "interrupted": ":material/warning:",
}
COLOURS = {
    "running": "green",
    "starting": "green",
    "paused": "orange",
    "failed": "red",
    "interrupted": "red",
    "finished": "violet",
}


def show() -> Session | None:
    """Draw the sidebar. Returns the session of the chosen run; None where there is no run."""
    where = root()
    names = [run.name for run in list_runs(where)]
    with st.sidebar:
        st.html(_title())
        if names:
            handover.RUN.set(_chosen(where, names))
            name: str | None = st.selectbox("Run", names, key=handover.RUN.name)
        else:
            name = st.selectbox("Run", [], placeholder="No run yet", key=handover.RUN.name)
        session = Session(where, Run(where / name)) if name else None
        try:
            _controls(session)
        except ExplainedError as error:
            st.error(str(error), icon=":material/error:")
        st.divider()
        new_run_form.show(where)
    return session


@st.cache_data(show_spinner=False)
def _title() -> str:
    """The name of the app beside its icon, which is no picture to enlarge and so no tab stop."""
    icon = base64.b64encode(ICON.read_bytes()).decode()
    picture = f'<img src="data:image/png;base64,{icon}" alt="" width="44" height="44">'
    return f'<div class="app-title">{picture}<h3>Latent explorer</h3></div>'


def _chosen(where: Path, names: list[str]) -> str:
    """The run asked for by the page before or by the link, or else one that is in training."""
    wanted = handover.RUN.get() or st.query_params.get("run")
    if wanted in names:
        return str(wanted)
    living = (name for name in names if cache.is_locked(str(where / name)))
    return next(living, names[0])


def _controls(session: Session | None) -> None:
    """Status and buttons of the chosen run, kept current while it trains."""
    is_alive = session is not None and session.is_alive()
    every = TICK_SECONDS if is_alive else None
    fragment.show(_draw_controls, every, session, is_alive)


def _draw_controls(session: Session | None, was_alive: bool) -> None:
    handover.follow()
    status = "new" if session is None else session.status()
    if (status in ALIVE) != was_alive:
        st.rerun()  # the whole page: other buttons, other panels
    if session is not None:
        _say(session, status)
    row = st.container(horizontal=True, gap="small")
    is_alive = status in ALIVE
    can_resume = status in coming.RESUMABLE
    pending = is_alive and session is not None and _is_asked(session)
    row.button(
        "Pause",
        on_click=_request,
        args=(session, "pause"),
        disabled=not is_alive or pending,
        width="stretch",
    )
    row.button(
        "Resume", on_click=_resume, args=(session,), disabled=not can_resume, width="stretch"
    )
    row.button(
        "Stop",
        on_click=_request,
        args=(session, "stop"),
        disabled=not is_alive or pending,
        width="stretch",
    )
    if pending:
        st.caption("The trainer is saving a checkpoint and will then end ...")
    if message := MESSAGE.get():
        st.error(message, icon=":material/error:")


def _say(session: Session, status: str) -> None:
    """How the run is, and what its trainer says."""
    colour = COLOURS.get(status, "gray")
    st.markdown(f":{colour}-badge[{ICONS[status]} {status}]{_place(session)}")
    reason = last_event(session.events(), "end").get("reason")
    if status == "failed" and reason:
        st.error(str(reason), icon=":material/error:")
    if status == "starting":
        doing = processes.progress_of(session.run.log_file)
        if doing is not None:
            what, done, total = doing
            st.progress(min(1.0, done / max(1, total)), text=f"{what} {done:,} of {total:,}")


def _place(session: Session) -> str:
    """How far the run is, in words."""
    start = last_event(session.events(), "start")
    step = max((event.get("step", 0) for event in session.events()[-50:]), default=0)
    if not start:
        return ""
    epochs = int(start.get("train.epochs", 0))
    done = step / max(1, int(start.get("steps_per_epoch", 1)))
    return f"&nbsp; epoch {done:.1f} of {epochs}"


def _is_asked(session: Session) -> bool:
    """Whether a request is on its way to the living trainer, and not one that ended another."""
    try:
        asked = session.run.control_file.stat().st_mtime
    except FileNotFoundError:
        return False
    answered = (last_event(session.events(), kind) for kind in ("start", "end"))
    return asked > max(float(str(event.get("time", 0))) for event in answered)


def _request(session: Session, request: Request) -> None:
    attempt(lambda: session.run.request(request))


def _resume(session: Session) -> None:
    time_estimate.end(session.run.root)
    if attempt(lambda: processes.start_training(session.run, {})):
        handover.offer_panel("Live")
