"""What can be done with images that were chosen: a new data version of them, their files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from explorer.components import scripts
from explorer.server import image_files
from explorer.sidebar.new_run import answer
from explorer.state.keys import RunKey
from explorer.state.opened_run import OpenedRun
from vae.errors import ExplainedError
from vae.runs.folder import data_cache

if TYPE_CHECKING:
    from vae.data.versions.version_file import How

_REFUSED = RunKey("version_refused", "")
_MADE = RunKey("version_made", "")  # what is said once, by the next run of the whole page


def can_choose(opened: OpenedRun) -> bool:
    """Whether the run's images can be kept or left out; where not, the page says why."""
    from vae.data.versions.new_version import DRAWN, are_drawn

    config = opened.session.config()
    if config is None or are_drawn(config.data):
        st.caption(DRAWN)
        return False
    if made := _MADE.of(opened.session).pop():
        st.toast(made, icon=":material/dataset:")
    if refused := _REFUSED.of(opened.session).get():
        st.error(refused, icon=":material/error:")
    return True


def make_version(opened: OpenedRun, images: Sequence[int], how: How) -> None:
    """Make a data version with these images alone or without them; the form's Data becomes it.

    For a button; what is refused is said by `can_choose`.
    """
    from vae.data.versions.new_version import make_version

    session, dataset = opened.session, opened.dataset
    _REFUSED.of(session).pop()
    try:
        data = session.run.config(session.events()).data
        file = make_version(data_cache(session.root), data, dataset, images, how)
    except ExplainedError as error:
        _REFUSED.of(session).set(str(error))
        return
    num = len(images) if how == "keep" else len(dataset) - len(images)
    answer("source").ask(str(file))
    for name in ("crop", "background", "image_size"):  # as the images here are
        answer(name).ask(getattr(data, name))
    _MADE.of(session).set(
        f"Data version **{file.stem}** has {num:,} of the {len(dataset):,} images. It now stands "
        "in **Data** in the sidebar, for a new run."
    )


def export_button(opened: OpenedRun, images: Sequence[int], label: str) -> None:
    """A button that downloads the files of these images as a zip file."""
    component = scripts.component("download", "components/download", scripts.BUTTONS)
    component(
        key=RunKey("download", None).of(opened.session).name,
        data={
            "label": label,
            "help": (
                "A zip file of the image files as they lie, or PNGs as the model sees them where "
                "the data have no files."
            ),
            "address": image_files.address(opened.run, opened.dataset, images),
        },
    )
