"""The folders of the machine that runs the app, to choose one, or a file in one, as data."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import streamlit as st

from explorer.components import fragment
from explorer.drawing import labels
from explorer.server.uploads import CONTAINERS
from explorer.state import handover
from explorer.state.keys import Key
from vae.data.folders.sorted_files import SUFFIX

MOST_SHOWN = 200  # folders and files of a folder
MOST_READ = 20_000  # names in it
MOST_COUNTED = 1_000  # names in each of the folders below it
LIST_HEIGHT = 240  # pixels

_OPENED = Key[Path | None]("folder_browser.opened", None)


@dataclass(frozen=True)
class Count:
    """How many images lie right in a folder; of one with very many names, at least so many."""

    num: int
    is_whole: bool

    def __str__(self) -> str:
        return f"{self.num:,}{'' if self.is_whole else '+'} image file{'s' * (self.num != 1)}"


@dataclass(frozen=True)
class Listing:
    """What a folder holds, hidden ones left out."""

    images: Count
    folders: list[Path] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)  # that are a source each
    num_left_out: int = 0  # folders and files past MOST_SHOWN
    problem: str = ""  # why it cannot be read, in a sentence


def listing(folder: Path) -> Listing:
    """What a folder holds."""
    folders, files, num, num_read = [], [], 0, 0
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                num_read += 1
                if num_read > MOST_READ:
                    break
                suffix = Path(entry.name).suffix.lower()
                if entry.name.startswith("."):
                    continue
                if SUFFIX.fullmatch(suffix):
                    num += 1
                elif suffix in CONTAINERS:
                    files.append(folder / entry.name)
                elif _is_folder(entry):
                    folders.append(folder / entry.name)
    except OSError as error:
        why = f"{folder} cannot be opened: {(error.strerror or str(error)).lower()}."
        return Listing(Count(0, True), problem=f"{why} Go up, or choose another folder.")
    folders.sort(key=_by_name)
    files.sort(key=_by_name)
    num_found = len(folders) + len(files)
    folders = folders[:MOST_SHOWN]
    files = files[: MOST_SHOWN - len(folders)]
    num_left_out = num_found - len(folders) - len(files)
    return Listing(Count(num, num_read <= MOST_READ), folders, files, num_left_out)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads nowhere
        return False


def _by_name(path: Path) -> str:
    return path.name.casefold()


def count(folder: Path) -> Count:
    """How many images lie right in a folder, by its first MOST_COUNTED names."""
    num = num_read = 0
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if num_read == MOST_COUNTED:
                    return Count(num, False)
                num_read += 1
                num += bool(SUFFIX.fullmatch(os.path.splitext(entry.name)[1].lower()))
    except OSError:
        return Count(0, True)
    return Count(num, True)


def show(first: Path, use: Callable[[str], None]) -> None:
    """Draw the browser, closed at first; it opens at `first`. `use` puts a source into the form."""
    fragment.show(_draw, None, first, use)


def _draw(first: Path, use: Callable[[str], None]) -> None:
    handover.follow()
    folder = _OPENED.get()
    if folder is None:
        st.button(
            "Browse folders",
            key="folder_browser.open",
            icon=":material/folder_open:",
            on_click=_OPENED.set,
            args=(first,),
            help="Choose a folder or a file of the machine that runs the app.",
            type="tertiary",
        )
        return
    found = listing(folder)
    st.caption(f":material/folder_open: {labels.plain(str(folder))}")
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.button(
            "Up",
            key="folder_browser.up",
            icon=":material/arrow_upward:",
            on_click=_OPENED.set,
            args=(folder.parent,),
            disabled=folder == folder.parent,
        )
        st.button(
            "Use this folder",
            key="folder_browser.use",
            on_click=_choose,
            args=(folder, use),
            disabled=bool(found.problem),
        )
        st.button(
            "Close",
            key="folder_browser.close",
            on_click=_OPENED.set,
            args=(None,),
            type="tertiary",
        )
    if found.problem:
        st.error(labels.plain(found.problem), icon=":material/error:")
        return
    _list(found, use)


def _list(found: Listing, use: Callable[[str], None]) -> None:
    if found.images.num:
        st.caption(f"{found.images} right in this folder.")
    elif not found.folders and not found.files:
        st.caption("There are no images and no folders in it.")
    if found.num_left_out:
        st.caption(
            f"Only the first {MOST_SHOWN} of {MOST_SHOWN + found.num_left_out:,} folders and files "
            "are shown: write the path of another one into Data."
        )
    if not found.folders and not found.files:
        return
    with st.container(height=LIST_HEIGHT, gap="xxsmall"):
        for number, folder in enumerate(found.folders):
            images = count(folder)
            st.button(
                f"{labels.plain(folder.name)}{f' :small[:gray[{images}]]' if images.num else ''}",
                key=f"folder_browser.folder.{number}",
                icon=":material/folder:",
                on_click=_OPENED.set,
                args=(folder,),
                type="tertiary",
            )
        for number, file in enumerate(found.files):
            st.button(
                labels.plain(file.name),
                key=f"folder_browser.file.{number}",
                icon=":material/folder_zip:",
                on_click=_choose,
                args=(file, use),
                type="tertiary",
            )


def _choose(path: Path, use: Callable[[str], None]) -> None:
    use(str(path))
    _OPENED.pop()
