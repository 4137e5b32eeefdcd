"""Animation: the same noise decoded over the whole training, to play and to take away."""

from __future__ import annotations

import streamlit as st

from explorer.components import fragment, remembered_toggle, scripts
from explorer.panels.animation.downloads import downloads
from explorer.panels.animation.frames import frame_events, payload, prepare
from explorer.state import cache, coming
from explorer.state.keys import Key, RunKey
from explorer.state.session import Session
from explorer.state.through_flow import through_flow

TICK_SECONDS = 2.0
_THEN = Key("animation_through_flow", True)
_READY = RunKey[cache.Stamp | None]("animation_flow_ready", None)  # the file whose sheets are made
COMING = (
    "while a run trains, the same random points are decoded at every stage and play here as an "
    "animation"
)


def show(session: Session | None) -> None:
    """Draw the panel; while the run trains, the animation grows by itself."""
    every = TICK_SECONDS if session is not None and session.is_alive() else None
    fragment.show(_draw, every, session)


def _draw(session: Session | None) -> None:
    frames = [] if session is None else frame_events(session)
    if session is None or not frames:
        st.info(
            (f"**No pictures yet.** {coming.words(session, COMING)}"),
            icon=":material/movie:",
        )
        return
    first, last = frames[0], frames[-1]
    st.markdown(
        (
            "**Training animation** &nbsp; :small[:gray[the same random points, decoded from step "
            f"{first['step']:,} to step {last['step']:,}]]"
        ),
        help=(
            "Each cell is one fixed point of latent space, drawn once from the prior. Only the "
            "decoder changes. Pictures are frequent in the first steps, when the model changes "
            "most."
        ),
    )
    # The frames there are come first: those of the flow take the model, and some seconds.
    now = None if session.is_alive() else cache.stamp(session.run.flow_file)
    is_ready = now is not None and _READY.of(session).get() == now
    then = through_flow(session) if is_ready else None
    if now is not None and (then is not None or not is_ready):
        remembered_toggle.show(
            _THEN,
            "End with the flow",
            "The prior N(0, I) is not where the codes of images lie, so its samples are smudged. "
            "At the end the same noise goes to where the flow, which was fitted to the codes, puts "
            "it: e becomes z = f⁻¹(e), in straight lines. The model stays as it is.",
        )
    then = then if _THEN.get() else None
    player = scripts.component("training_animation", "panels/animation/player")
    data = payload(session.run.folder, frames, then)
    player(data=data, key="training_animation", height="content")
    downloads(session, frames, then)
    if now is not None and not is_ready:
        if (made := through_flow(session)) is not None:
            prepare(made)
        _READY.of(session).set(now)
        st.rerun()
