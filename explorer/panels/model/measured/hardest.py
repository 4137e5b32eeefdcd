"""The images of a run with the highest loss, each of which can be left out of the next training."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from explorer.components import gallery, image_choice, job_button
from explorer.drawing import labels
from explorer.state import cache
from explorer.state.keys import RunKey
from explorer.state.opened_run import OpenedRun
from vae.runs import processes
from vae.runs.folder import Run

if TYPE_CHECKING:
    from vae.evaluation.image_losses import ImageLosses

NUMS = (12, 24, 48, 96)  # images shown

_NUM = RunKey("hardest_num", 24)


def files(run: Run) -> tuple[Path, Path]:
    """The log of the process that measures the images, and what it writes."""
    return run.folder / "losses.log", run.folder / "losses.npz"


def show(opened: OpenedRun) -> None:
    """Draw the hardest images by the newest losses, and a button that measures them."""
    if not opened.has_images():
        return
    run = opened.run
    now = cache.stamp(files(run)[1])
    known = None if now is None else _read(str(run.folder), now)
    is_of_these = known is not None and known.fingerprint == opened.dataset.fingerprint
    num = labels.counted(len(opened.dataset), "image")
    of = f"{num}, step {known.step:,}" if known and is_of_these else ""
    st.markdown(
        f"#### Images the model finds hardest &nbsp; :small[:gray[{of or 'not measured yet'}]]"
    )
    st.caption(
        "Those with the highest loss: -elbo, in nats, which is how badly an image is drawn and how "
        "unusual it is. Often they are broken, blank, turned or do not belong here: find them, and "
        "train without them."
    )
    if known is not None and is_of_these:
        if known.digest != opened.weights.digest:
            st.warning(
                f"The weights in use are of step {opened.weights.step:,}; these losses are of step "
                f"{known.step:,}.",
                icon=":material/history:",
            )
        _hardest(opened, known)
        if known.digest == opened.weights.digest:
            return
    job_button.job(
        run,
        *files(run),
        "Measure again" if is_of_these else "Find the hardest images",
        ":material/troubleshoot:",
        processes.start_losses,
        f"The same as `python -m vae select {run.name} --highest_loss 24`.",
    )


@st.cache_resource(max_entries=4, show_spinner=False)
def _read(folder: str, now: cache.Stamp) -> ImageLosses | None:
    from vae.evaluation.image_losses import kept_losses

    return kept_losses(Run(Path(folder)))


def _hardest(opened: OpenedRun, known: ImageLosses) -> None:
    session, dataset = opened.session, opened.dataset
    nums = [num for num in NUMS if num < len(dataset)] or [NUMS[0]]
    key = _NUM.of(session)
    if key.begin(_NUM.default) not in nums:
        key.set(nums[-1])
    num = st.segmented_control("Images shown", nums, required=True, key=key.name)
    shown = known.highest(num or nums[0])[: max(1, len(dataset) - 1)].tolist()
    picked = gallery.show(
        dataset,
        shown,
        [],
        key=f"{RunKey('hardest', None).of(session).name}.{num}.{known.step}",
        label="Hardest images",
        max_picked=len(shown),
        badges=False,
        tile=108,
        captions=[f"{known.loss[image]:,.0f} nats" for image in shown],
    )
    if not image_choice.can_choose(opened):
        return
    named = ", ".join(labels.plain(str(dataset.names[image])) for image in picked)
    st.caption(f"Chosen: {named}." if named else "Click those that do not belong, or take all.")
    st.button(
        f"Leave out all {len(shown)}" if not picked else f"Leave out the {len(picked)} chosen",
        key=RunKey("leave_out", None).of(session).name,
        icon=":material/playlist_remove:",
        on_click=image_choice.make_version,
        args=(opened, picked or shown, "leave_out"),
        help="Makes a new data version to train on. The images themselves stay.",
    )
