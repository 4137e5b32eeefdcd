"""Images of a run that are gone: asking where they are now, in the place where they would be."""

from __future__ import annotations

import dataclasses

import streamlit as st

from explorer.state.keys import RunKey
from explorer.state.session import Session
from vae.data.source_names import plain_source, source_path
from vae.errors import ExplainedError, ImagesGoneError, InputError
from vae.runs.folder import data_cache
from vae.runs.new_place import remember_place

_PLACE = RunKey("new_place", "")
_REFUSED = RunKey("new_place_error", "")


def ask(session: Session, gone: ImagesGoneError) -> None:
    """Say that the images are gone, and take the place where they are now."""
    st.warning(
        f"**The images of this run are gone**, and so is their import. {gone.why} "
        "Give the path "
        "where they are now: they are known by their pixels, and every panel and command finds "
        "them there from then on.",
        icon=":material/folder_off:",
    )
    refused = _REFUSED.of(session)
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        source = st.text_input(
            "New place of the images",
            key=_PLACE.of(session).name,
            placeholder="A folder, a .zip, ...",
        )
        is_pressed = st.button("Use this place", icon=":material/drive_file_move:")
    if is_pressed:
        refused.pop()
        try:
            _take(session, source)
        except ExplainedError as error:
            refused.set(str(error))
        else:
            st.rerun()
    if sentence := refused.get():
        st.error(sentence, icon=":material/error:")


def _take(session: Session, source: str) -> None:
    """Take the images from there, where they are the same. Raises InputError, FileError."""
    from vae.data.run_images import open_new_place
    from vae.model.checkpoints import images_of_run

    if not source.strip():
        raise InputError("Write the path of the folder or file that holds the images now.")
    source = plain_source(source)
    path = source_path(source)
    source = source if path is None else str(path.resolve())
    run, events = session.run, session.events()
    fingerprint = images_of_run(run, events)
    if fingerprint is None:
        raise InputError("The run has not kept which images it began with, so none can be known.")
    before = run.config(events).data
    config = dataclasses.replace(before, source=source)
    bar = st.progress(0.0, "Looking at the images ...")

    def report(what: str, done: int, total: int) -> None:
        bar.progress(min(1.0, done / max(1, total)), f"{what.capitalize()}: {done:,} of {total:,}")

    try:
        cache = data_cache(session.root)
        config, _ = open_new_place(config, before.source, cache, fingerprint, report)
    finally:
        bar.empty()
    remember_place(run, config.source, fingerprint)
