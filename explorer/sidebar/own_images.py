"""Ways to images: dropped on the page, a folder of the server, built-in ones, used before."""

from __future__ import annotations

import html
import os
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from explorer.components import drop_area
from explorer.drawing import labels
from explorer.server import uploads
from explorer.sidebar import folder_browser, known_sources
from explorer.sidebar.known_sources import Known
from explorer.state.keys import Key
from vae.data.source_names import plain_source, source_path
from vae.data.versions.version_file import Version, remove_version, versions
from vae.errors import ExplainedError
from vae.runs.folder import list_runs

NUM_RECENT = 5
BUILT_IN = {"synthetic": "Anime faces", "fashion": "Clothes"}

Use = Callable[[str], None]

_OPEN = Key("own_images.open", False)  # whether the ways are on the screen


def show(root: Path, source: str, choose: Use) -> None:
    """Draw the ways; `choose` puts a source into the form, where `source` stands now."""

    def leave(gone: str) -> None:
        if gone == source.strip():
            choose("synthetic")

    def use(chosen: str) -> None:
        choose(chosen)
        _OPEN.ask(False)  # what the images hold is shown below

    with st.popover(
        "Add images",
        icon=":material/add_photo_alternate:",
        width="stretch",
        key=_OPEN.name,
        on_change="rerun",
    ):
        drop_area.show("own_images.drop", lambda name: _use_upload(root, use, name))
        for upload in uploads.uploads(root):
            _upload(root, use, leave, upload)
        for file, version in versions(root).items():
            _version(root, use, leave, file, version)
        recent = _recent(root)
        folder_browser.show(_first_folder([source, *recent]), use)
        known = known_sources.known_sources(root)
        st.caption("Built in")
        for name, label in BUILT_IN.items():
            _built_in(name, label, known_sources.built_in_picture(name), use)
        for name in known_sources.on_disk(root):
            images = known.get(name)
            picture = known_sources.picture(images) if images else None
            _built_in(name, name.partition(":")[2], picture, use)
        if recent:
            st.caption("Used before")
        for number, one in enumerate(recent):
            st.button(
                f"{labels.plain(_short(one))}{_num_images(known.get(one))}",
                key=f"own_images.recent.{number}",
                on_click=use,
                args=(one,),
                help=labels.plain(one),
                type="tertiary",
            )


def _use_upload(root: Path, use: Use, name: str) -> None:
    for upload in uploads.uploads(root):
        if upload.name == name:
            use(upload.source)


def _first_folder(sources: list[str]) -> Path:
    """The folder of the first source that lies in one, else that of the user."""
    for source in sources:
        path = source_path(plain_source(source))
        if source.strip() and path is not None and os.path.exists(path):
            return path.resolve() if path.is_dir() else path.resolve().parent
    return Path.home()


def _built_in(source: str, label: str, picture: str | None, use: Use) -> None:
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        if picture is not None:
            alt = html.escape(f"Images of {label}")
            st.html(f'<img class="few-images" src="{picture}" alt="{alt}">', width="content")
        st.button(
            label,
            key=f"own_images.built_in.{source}",
            on_click=use,
            args=(source,),
            help=f"`{source}`",
            type="tertiary",
        )


def _num_images(known: Known | None) -> str:
    return f" :small[:gray[{labels.counted(known.num_images, 'image')}]]" if known else ""


def _upload(root: Path, use: Use, leave: Use, upload: uploads.Upload) -> None:
    files = f"{upload.num_files:,} file{'s' * (upload.num_files != 1)}"
    about = f"{files}, {upload.num_bytes / 1e6:,.1f} MB"
    why = "Remove these files from the server. Runs go on with the images they began with."

    def remove() -> None:
        uploads.remove(root, upload.name)
        leave(upload.source)

    _removable(upload.name, about, why, upload.source, use, remove)


def _version(root: Path, use: Use, leave: Use, file: Path, version: Version) -> None:
    num, name = len(version.images), Path(version.source).name
    how = "without" if version.how == "leave_out" else "only"
    about = f"{name} {how} {num:,} image{'s' * (num != 1)}"
    why = "Remove this data version; the images stay. Runs go on with those they began with."

    def remove() -> None:
        remove_version(root, file)
        leave(str(file))

    _removable(file.stem, about, why, str(file), use, remove)


def _removable(
    name: str, about: str, why: str, source: str, use: Use, remove: Callable[[], None]
) -> None:
    """A source that lies beside the runs, to use and to remove."""
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.button(
            f"{labels.plain(name)} :small[:gray[{labels.plain(about)}]]",
            key=f"own_images.use.{source}",
            on_click=use,
            args=(source,),
            type="tertiary",
        )
        st.button(
            "Remove",
            icon=":material/delete:",
            key=f"own_images.remove.{source}",
            on_click=remove,
            help=why,
            type="tertiary",
        )


def _recent(root: Path) -> list[str]:
    """The sources of the runs there are that are still in place, each once."""
    shown = {upload.source for upload in uploads.uploads(root)} | set(map(str, versions(root)))
    shown |= {*BUILT_IN, *known_sources.on_disk(root)}
    found: dict[str, None] = {}
    for run in list_runs(root):
        try:
            source = run.config().data.source
        except ExplainedError:
            continue
        path = source_path(source)
        if source not in shown and (path is None or os.path.exists(path)):
            found[source] = None
    return list(found)[:NUM_RECENT]


def _short(source: str) -> str:
    return source if len(source) <= 34 else f"...{source[-31:]}"
