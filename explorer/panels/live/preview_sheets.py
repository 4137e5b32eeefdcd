"""The preview sheets of a run: the newest, until an earlier one is asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from explorer.components import remembered_toggle
from explorer.drawing import charts, images
from explorer.state import cache, through_flow
from explorer.state.keys import Key, RunKey
from explorer.state.session import Session
from explorer.state.through_flow import ThroughFlow
from vae.errors import FileError
from vae.runs.events import Event

ROWS = {"reconstructions": 2, "samples": 3}  # of the trainer's preview sheets
_HELD = RunKey[int | None]("live_held", None)  # the step to look at; None for the newest
_THROUGH = Key("live_through_flow", True)
_SCRUBBER = RunKey[int | None]("live_scrubber", None)


def show(session: Session, previews: list[Event]) -> Callable[[], None]:
    """The preview sheets: the newest, until an earlier one is asked for.

    Returns what draws the samples: for the flow a model may have to be loaded, so they come last.
    """
    by_step = {int(event["step"]): event for event in previews}
    columns = st.grid(2, min_column_width=330, gap="medium")
    with columns.cell():
        picture = st.container()
        event = by_step[_scrubbed(session, by_step)]
        with picture:
            _sheet(session, event, "reconstructions", "originals above, reconstructions below")
    samples = columns.cell()

    def later() -> None:
        with samples:
            _samples(session, event, event is previews[-1])

    return later


def _samples(session: Session, event: Event, is_newest: bool) -> None:
    """The samples of a step; the newest, once a flow is there, as it makes them."""
    picture, flow = st.container(), None
    if is_newest and session.run.flow_file.exists() and not session.is_alive():
        flow = _through_flow(session)
    with picture:
        if flow is None:
            _sheet(session, event, "samples", "the same random points, decoded")
        else:
            _heading("samples", "the same random points, through the flow")
            st.image(_of_flow(flow.identity, flow), alt="Samples", width="stretch")


def _through_flow(session: Session) -> ThroughFlow | None:
    """A switch, and the flow where it is asked for."""
    remembered_toggle.show(
        _THROUGH,
        "Through the flow",
        "The prior N(0, I) is not where the codes of images lie, so its samples are smudged. The "
        "flow, which was fitted to the codes after training, moves the same noise there.",
    )
    if not _THROUGH.get():
        return None
    then = through_flow.through_flow(session)
    if then is None:
        st.caption("The weights in use have no flow. **Model** fits one to their codes.")
    return then


def _heading(kind: str, text: str) -> None:
    st.markdown(f"**{kind.capitalize()}** &nbsp; :small[:gray[{text}]]")


def _sheet(session: Session, event: Event, kind: str, text: str) -> None:
    """One preview sheet under its name."""
    _heading(kind, text)
    path = session.run.folder / event.get(kind, "no such file")
    now = cache.stamp(path)
    if now is None:
        st.caption("This picture is no longer on disk.")
        return
    try:
        st.image(_framed(str(path), now, ROWS[kind]), alt=kind.capitalize(), width="stretch")
    except FileError:
        st.caption("This picture is broken on disk.")


def _scrubbed(session: Session, by_step: dict[int, Event]) -> int:
    """The step to look at: the newest, as long as the scrubber stands at its end."""
    steps = sorted(by_step)
    if len(steps) < 2:
        return steps[0]
    held, scrubber = _HELD.of(session), _SCRUBBER.of(session)
    asked = held.get()
    chosen = asked if asked is not None and asked in by_step else steps[-1]
    scrubber.set(chosen)

    def hold() -> None:
        held.set(None if scrubber.get() == steps[-1] else scrubber.get())

    st.select_slider(
        "Pictures at",
        steps,
        key=scrubber.name,
        on_change=hold,
        format_func=lambda step: f"epoch {by_step[step].get('epoch', 0)}, step {step:,}",
        help="Drag to see earlier pictures. At the right end, the newest one is always shown.",
    )
    return int(chosen)


@st.cache_data(max_entries=128, show_spinner=False)
def _framed(path: str, now: cache.Stamp, rows: int) -> str:
    """A sheet as an address that holds it, so that no slow browser asks for it too late."""
    from vae.pictures import read_png

    return images.data_url(charts.framed(read_png(Path(path)), rows), "image/webp")


@st.cache_data(max_entries=4, show_spinner=False)
def _of_flow(identity: str, _then: ThroughFlow) -> str:
    return images.data_url(charts.framed(_then.last, ROWS["samples"]), "image/webp")
