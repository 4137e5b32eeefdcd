"""The frames of the training animation."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import streamlit as st

from explorer.drawing import charts
from explorer.state import cache
from explorer.state.session import Session
from explorer.state.through_flow import ThroughFlow
from vae.runs.events import Event

MAX_FRAMES = 80
SHEET_ROWS = 3  # of the trainer's sheets of samples


def frame_events(session: Session) -> list[Event]:
    """At most `MAX_FRAMES` previews whose pictures are on disk, evenly chosen, oldest first."""
    by_step = {e["step"]: e for e in session.events() if e["kind"] == "preview" and "samples" in e}
    there = [e for e in by_step.values() if (session.run.folder / e["samples"]).is_file()]
    if len(there) <= MAX_FRAMES:
        return there
    chosen = np.linspace(0, len(there) - 1, MAX_FRAMES).round().astype(int)
    return [there[i] for i in chosen]


@st.cache_data(max_entries=4 * MAX_FRAMES, show_spinner=False)
def _frame(path: str, now: cache.Stamp) -> tuple[bytes, int, int]:
    from vae.pictures import read_png

    return charts.packed(read_png(Path(path)), SHEET_ROWS)


@st.cache_resource(max_entries=4, show_spinner=False)
def _packed(identity: str, _then: ThroughFlow) -> list[tuple[bytes, int, int]]:
    return [charts.packed(sheet, SHEET_ROWS) for sheet in _then.sheets]


def prepare(then: ThroughFlow) -> None:
    """Make what `payload` needs of it."""
    _packed(then.identity, then)


def payload(folder: Path, frames: list[Event], then: ThroughFlow | None = None) -> bytes:
    """What the player gets: the length of a JSON header (4 bytes), the header, the pictures."""
    header: list[dict[str, object]] = []
    pictures = []
    for event in frames:
        path = folder / event["samples"]
        now = cache.stamp(path)
        if now is None:
            continue
        picture, columns, side = _frame(str(path), now)
        pictures.append(picture)
        header.append(
            {
                "id": f"{path}:{now[1]}:{now[2]}",
                "step": event["step"],
                "label": f"epoch {event.get('epoch', 0)}, step {event['step']:,}",
                "columns": columns,
                "side": side,
                "num_bytes": len(picture),
            }
        )
    if then is not None:
        from vae.latent.fixed_noise import NUM_THROUGH_FLOW

        for k, (picture, columns, side) in enumerate(_packed(then.identity, then), 1):
            pictures.append(picture)
            header.append(
                {
                    "id": f"flow:{then.identity}:{k}",
                    "step": frames[-1]["step"],
                    "label": f"through the flow, {k / NUM_THROUGH_FLOW:.0%}",
                    "columns": columns,
                    "side": side,
                    "num_bytes": len(picture),
                }
            )
    text = json.dumps(header).encode()
    return len(text).to_bytes(4, "little") + text + b"".join(pictures)
