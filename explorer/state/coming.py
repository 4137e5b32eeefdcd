"""What brings to a panel that which is not there yet: a press, or only some patience."""

from __future__ import annotations

from explorer.state.session import Session

RESUMABLE = ("paused", "stopped", "interrupted", "failed")


def words(session: Session | None, what: str) -> str:
    """How `what` comes, in a sentence.

    `what`: a part of a sentence, as "sliders appear here after the first checkpoint".
    """
    status = "new" if session is None else session.status()
    if status in RESUMABLE:
        return f"Press **Resume** in the sidebar: {what}."
    if status in ("new", "finished"):  # one that has ended makes no more of it
        return f"Press **Start training** in the sidebar: {what}."
    return f"{what[0].upper()}{what[1:]}."
