"""What the chosen data hold, shown before anything is trained on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from explorer.components import fragment
from explorer.drawing import images, labels
from explorer.sidebar import inquiry
from explorer.sidebar.inquiry import TICK_SECONDS, Words
from explorer.sidebar.suggested_dim import EXPLAINED, some_of, suggested_dim
from explorer.state import cache, handover
from explorer.state.keys import Key
from vae.config import Config, DataConfig, parse_option, with_values
from vae.runs.folder import data_cache

if TYPE_CHECKING:
    from vae.data.dataset import Dataset

NUM_SHOWN, COLUMNS, TILE = 24, 6, 48  # images on the sheet, in a row, pixels a side
THUMBNAIL = 32  # of what is left out, pixels a side
NOTHING = (  # a plain tile, crossed out
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" width="32" height="32">'
    b'<path d="M.5.5h31v31H.5zL31.5 31.5M31.5.5.5 31.5" fill="#8882" stroke="#888"/></svg>'
)

Options = Mapping[str, str]  # those of the data, by dotted name

_BEGUN = Key[dict[str, str] | None]("data_check.begun", None)  # what was looked at last
_ENDED = Key("data_check.ended", False)  # by hand


def show(root: Path, options: Options, use_dim: Callable[[int], None]) -> bool:
    """Draw what the data hold. Returns whether nothing says by now that they cannot be used.

    `use_dim` takes over the number of latent dimensions that is suggested.
    """
    if options["data.source"] == "synthetic":
        leave(root)
        _synthetic(options)
        return True
    if _BEGUN.get() != options:
        leave(root)
        _begin(root, options)
    found = inquiry.newest(root, _words(options))
    is_working = found is not None and found.state == "working"
    every = TICK_SECONDS if is_working else None
    fragment.show(_draw, every, root, options, is_working, use_dim)
    return found is None or found.state != "failed" or _ENDED.get()


def is_done(root: Path, options: Options) -> bool:
    """Whether the look has come to its end and the images can be used; never of those drawn."""
    if options["data.source"] == "synthetic":
        return False
    found = inquiry.newest(root, _words(options))
    return found is not None and found.state == "done"


def _words(options: Options) -> Words:
    flags = [f"--{name}={value}" for name, value in options.items() if name != "data.source"]
    return ("check", *flags, "--", options["data.source"])


def end(root: Path) -> None:
    """End a look that is under way: the trainer reads the data itself."""
    if begun := _BEGUN.get():
        inquiry.stop(root, _words(begun))


def leave(root: Path) -> None:
    """Forget what was looked at, and end a look that is under way."""
    end(root)
    _BEGUN.set(None)


def _begin(root: Path, options: Options) -> None:
    inquiry.start(root, _words(options))
    _BEGUN.set(dict(options))
    _ENDED.set(False)


def _cancel(root: Path) -> None:
    end(root)
    _ENDED.set(True)


def _draw(root: Path, options: Options, was_working: bool, use_dim: Callable[[int], None]) -> None:
    handover.follow()  # the number of latent dimensions stands outside of this fragment
    found = inquiry.newest(root, _words(options))
    if (found is not None and found.state == "working") != was_working:
        st.rerun()  # the whole page: Start depends on it
    if found is not None and found.state == "working":
        st.progress(found.part, text=f"{found.message} ...")
        st.button("Cancel", key="data_check.cancel", on_click=_cancel, args=(root,))
        return
    if found is not None and found.state == "done":
        _report(root, options, found.answer, use_dim)
    elif found is not None and not _ENDED.get():
        st.error(labels.plain(labels.in_form_words(found.message)), icon=":material/error:")
    st.button(
        "Look again",
        key="data_check.again",
        icon=":material/refresh:",
        type="tertiary",
        on_click=_begin,
        args=(root, options),
        help="Read the data anew, as after files were added or removed.",
    )


def _synthetic(options: Options) -> None:
    size = int(options.get("data.image_size", "64"))
    with st.expander("24 of the built-in faces", icon=":material/face:"):
        st.image(_faces(size), alt="Images as the model sees them", width="stretch")
        st.caption("Drawn while they are trained on: 20,000, a tenth of them for validation.")


@st.cache_data(max_entries=4, show_spinner=False)
def _faces(size: int) -> str:
    from vae.data.dataset import open_dataset

    faces = open_dataset(DataConfig(image_size=size), Path())
    tiles = faces.take(np.arange(NUM_SHOWN))
    return images.data_url(images.sheet(tiles, COLUMNS, TILE), "image/webp")


# ------------------------------------------------------------------------------- the report


def _report(
    root: Path, options: Options, report: Mapping[str, Any], use_dim: Callable[[int], None]
) -> None:
    channels, height, width = report["image_shape"]
    split = report["split"]
    drawn = "as the source has them" if split["from"] == "own" else "drawn at random"
    st.markdown(
        f"**{labels.counted(report['num_images'], 'image')}**, {width} x {height} pixels, "
        f"{'grey' if channels == 1 else 'in colour'}  \n"
        f":small[{split['train']:,} for training, {split['validation']:,} for validation, {drawn}]"
    )
    dataset = _dataset(root, options, report["fingerprint"])
    shown = tuple(some_of(len(dataset), NUM_SHOWN).tolist())
    st.image(
        _sheet(dataset, dataset.fingerprint, shown),
        alt="Images as the model sees them",
        width="stretch",
    )
    if (report["value_range"]["black"], report["value_range"]["white"]) != (0, 255):
        st.caption(labels.plain(report["value_range"]["sentence"]))
    for warning in report["warnings"]:
        st.caption(f":material/info: {labels.plain(labels.in_form_words(warning))}")
    _left_out(dataset, report)
    columns = [column["name"] for column in report["columns"]]
    if columns:
        st.caption(f"Known of the images: {labels.plain(', '.join(columns))}.")
    num = suggested_dim(dataset, dataset.fingerprint)
    row = st.container(
        key="data_check.dim", horizontal=True, gap="small", vertical_alignment="center"
    )
    with row:
        st.caption(
            f"Suggested latent dimensions: {num}",
            help=(
                f"Small copies of the images need this many principal components, or fewer, for "
                f"{EXPLAINED:.0%} of their variance. Dimensions that are not needed stay unused."
            ),
        )
        st.button(
            f"Use {num}", key="data_check.use", type="tertiary", on_click=use_dim, args=(num,)
        )


def _left_out(dataset: Dataset, report: Mapping[str, Any]) -> None:
    """What is not used, by name and with why; copies with the image that is kept."""
    counts = labels.left_out(report["counts"])
    if not counts:
        return
    with st.expander(f"Left out: {labels.reasons(counts)}", icon=":material/block:"):
        for reason, num in counts.items():
            examples = report["examples"].get(reason, [])
            more = f" :gray[and {num - len(examples):,} more]" if num > len(examples) else ""
            st.markdown(f"**{labels.REASONS[reason].capitalize()}**{more}")
            if reason == "duplicate":
                _copies(dataset, examples)
            elif reason == "broken":
                _broken(dataset, examples)
            else:
                _with_why(examples)


def _with_why(examples: list[str]) -> None:
    """Names of files, those with the same reason under it."""
    by_why: dict[str, list[str]] = {}
    for example in examples:
        name, _, why = example.partition(": ")
        by_why.setdefault(why, []).append(labels.plain(name))
    for why, names in by_why.items():
        text = f"{labels.plain(why[:1].upper() + why[1:])}: " if why else ""
        st.markdown(f":small[{text}{', '.join(names)}]")


def _copies(dataset: Dataset, examples: list[str]) -> None:
    numbers = {name: number for number, name in enumerate(dataset.names)}
    for example in examples:
        kept = numbers.get(example.rpartition(": same as ")[2])
        tile = None if kept is None else _sheet(dataset, dataset.fingerprint, (kept,))
        _beside(tile, f"Image {kept}", labels.plain(example))


def _broken(dataset: Dataset, examples: list[str]) -> None:
    """Names of broken images with why, beside what can still be shown of each."""
    thumbnails = dataset.manifest.get("thumbnails", {})
    assert isinstance(thumbnails, dict)
    for example in examples:
        name, _, why = example.partition(": ")
        kept = thumbnails.get(example)
        tile = (
            f"data:image/webp;base64,{kept}" if kept else images.data_url(NOTHING, "image/svg+xml")
        )
        what = "What is left of" if kept else "Nothing can be shown of"
        rest = "" if kept else " \u00b7 nothing of it can be shown"
        text = f"{name}: {why}" if why else name
        _beside(tile, f"{what} {name}", f"{labels.plain(text)}{rest}")


def _beside(tile: str | None, alt: str, text: str) -> None:
    with st.container(horizontal=True, gap="small", vertical_alignment="center", wrap=False):
        if tile is not None:
            st.image(tile, alt=alt, width=THUMBNAIL)
        st.markdown(f":small[{text}]", width="stretch")


def _dataset(root: Path, options: Options, fingerprint: str) -> Dataset:
    values = {name: parse_option(name, text) for name, text in options.items()}
    return cache.dataset(with_values(Config(), values).data, str(data_cache(root)), fingerprint)


@st.cache_data(max_entries=64, show_spinner=False)
def _sheet(_dataset: Dataset, fingerprint: str, shown: tuple[int, ...]) -> str:
    tiles = _dataset.take(np.array(shown, np.int64))
    columns = min(COLUMNS, len(shown))
    return images.data_url(images.sheet(tiles, columns, TILE), "image/webp")
