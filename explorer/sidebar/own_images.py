"""Ways to one's own images: dropped on the page, used before, or a folder of the server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from explorer.components import drop_area
from explorer.drawing import labels
from explorer.server import uploads
from vae.data.source_names import source_path
from vae.errors import ExplainedError
from vae.runs.folder import list_runs

NUM_RECENT = 5


def show(root: Path, use: Callable[[str], None]) -> None:
    """Draw the ways; `use` puts a source into the form."""
    with st.popover("Add images", icon=":material/add_photo_alternate:", width="stretch"):
        drop_area.show("own_images.drop", lambda name: _use_upload(root, use, name))
        for upload in uploads.uploads(root):
            _upload(root, use, upload)
        recent = _recent(root)
        if recent:
            st.caption("Used before")
        for number, source in enumerate(recent):
            st.button(
                labels.plain(_short(source)),
                key=f"own_images.recent.{number}",
                on_click=use,
                args=(source,),
                help=labels.plain(source),
                type="tertiary",
            )


def _use_upload(root: Path, use: Callable[[str], None], name: str) -> None:
    for upload in uploads.uploads(root):
        if upload.name == name:
            use(upload.source)


def _upload(root: Path, use: Callable[[str], None], upload: uploads.Upload) -> None:
    files = f"{upload.num_files:,} file{'s' * (upload.num_files != 1)}"
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.button(
            f"{labels.plain(upload.name)} :small[:gray[{files}, {upload.num_bytes / 1e6:,.1f} MB]]",
            key=f"own_images.use.{upload.name}",
            on_click=use,
            args=(upload.source,),
            type="tertiary",
        )
        st.button(
            "",
            icon=":material/delete:",
            key=f"own_images.remove.{upload.name}",
            on_click=uploads.remove,
            args=(root, upload.name),
            help="Remove these files from the server. Runs go on with the images they began with.",
            type="tertiary",
        )


def _recent(root: Path) -> list[str]:
    """The sources of the runs there are that are still in place, each once."""
    kept = {upload.source for upload in uploads.uploads(root)}
    found: dict[str, None] = {}
    for run in list_runs(root):
        try:
            source = run.config().data.source
        except ExplainedError:
            continue
        path = source_path(source)
        if source not in kept and source != "synthetic" and (path is None or path.exists()):
            found[source] = None
    return list(found)[:NUM_RECENT]


def _short(source: str) -> str:
    return source if len(source) <= 34 else f"...{source[-31:]}"
