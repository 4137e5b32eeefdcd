"""Which checkpoint's weights are in use, and the button that puts those of another into use."""

from __future__ import annotations

import streamlit as st

from explorer.state.keys import RunKey
from explorer.state.session import Session
from vae.errors import ExplainedError
from vae.runs.history import Kept, kept_checkpoints

GOES_ON = (
    "Training goes on from the newest training state all the same, and its next checkpoint puts "
    "the newest weights back into use."
)

_CHOSEN = RunKey("checkpoint", None)
_REFUSED = RunKey("checkpoint_refused", "")


def show(session: Session, is_usable: bool) -> None:
    """Draw the section: what is in use, what is kept, and the button.

    `is_usable`: whether the weights in use are not damaged.
    """
    kept = {each.step: each for each in kept_checkpoints(session.run, session.events())}
    if not kept:
        return
    in_use = next((each for each in kept.values() if each.is_in_use), None)
    about = _of(in_use if is_usable else None, max(kept))
    st.markdown(f"#### Checkpoint &nbsp; :small[:gray[{about}]]")
    if refused := _REFUSED.of(session).get():
        st.error(refused, icon=":material/error:")
    steps = [*reversed(kept)]
    # A select box goes on showing the words that it was chosen by: others make it another one.
    lines = [_line(each) for each in kept.values()]
    key = f"{_CHOSEN.of(session).name}:{hash(tuple(lines))}"
    reason = ""
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        step = st.selectbox(
            "Weights that are kept",
            steps,
            index=0 if in_use is None else steps.index(in_use.step),
            format_func=lambda step: _line(kept[step]),
            key=key,
            width=420,
        )
        if session.is_alive():
            reason = "The run is training: pause it to use another checkpoint."
        elif kept[step].is_in_use and is_usable:
            reason = "These weights are in use."
        pressed = st.button(
            "Use this checkpoint",
            icon=":material/history:",
            disabled=bool(reason),
            help=reason or f"In every panel and for every command. {GOES_ON}",
        )
    if session.is_alive():
        st.caption(reason)
    elif in_use is not None and not in_use.is_newest:
        st.caption(GOES_ON)
    if pressed:
        with st.spinner("Encoding the validation images with these weights ..."):
            _use(session, step)
        st.rerun()


def _use(session: Session, step: int) -> None:
    from vae.latent.weights_in_use import put_into_use

    refused = _REFUSED.of(session)
    refused.pop()
    try:
        put_into_use(session.run, step, session.dataset())
    except ExplainedError as error:
        refused.set(str(error))


def _of(in_use: Kept | None, newest: int) -> str:
    if in_use is None:
        return "the weights in use are damaged: choose others"
    epoch = "" if in_use.epoch is None else f", epoch {in_use.epoch:,}"
    where = f"step {in_use.step:,}{epoch}"
    if in_use.is_newest:
        return f"{where}, the newest, is in use"
    return f"{where}, is in use; the newest is step {newest:,}"


def _line(kept: Kept) -> str:
    """A checkpoint in a line: step 1,200 · epoch 3 · elbo 11,342 · best."""
    parts = [f"step {kept.step:,}"]
    if kept.epoch is not None:
        parts.append(f"epoch {kept.epoch:,}")
    if kept.elbo is not None:
        parts.append(f"elbo {kept.elbo:,.0f}")
    words = {"best": kept.is_best, "newest": kept.is_newest, "in use": kept.is_in_use}
    return " · ".join([*parts, *(word for word, is_so in words.items() if is_so)])
