"""The preview sheets of a run: the newest, until an earlier one is asked for."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from explorer.drawing import charts, images
from explorer.state import cache
from explorer.state.keys import RunKey
from explorer.state.session import Session
from vae.errors import FileError
from vae.runs.events import Event

ROWS = {"reconstructions": 2, "samples": 3}  # of the trainer's preview sheets
_HELD = RunKey[int | None]("live_held", None)  # the step to look at; None for the newest
_SCRUBBER = RunKey[int | None]("live_scrubber", None)


def show(session: Session, previews: list[Event]) -> None:
    """The preview sheets: the newest, until an earlier one is asked for."""
    by_step = {int(event["step"]): event for event in previews}
    columns = st.grid(2, min_column_width=330, gap="medium")
    with columns.cell():
        picture = st.container()
        event = by_step[_scrubbed(session, by_step)]
        with picture:
            _sheet(session, event, "reconstructions", "originals above, reconstructions below")
    with columns.cell():
        _sheet(session, event, "samples", "the same random points, decoded")


def _sheet(session: Session, event: Event, kind: str, text: str) -> None:
    """One preview sheet under its name."""
    st.markdown(f"**{kind.capitalize()}** &nbsp; :small[:gray[{text}]]")
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
