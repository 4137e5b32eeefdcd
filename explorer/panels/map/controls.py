"""How the map is laid out and what its colours say: asked, and kept while other panels are open."""

from __future__ import annotations

import streamlit as st

from explorer.drawing import labels
from explorer.panels.map import path_overlay
from explorer.state.keys import RunKey
from explorer.state.map_points import ERROR, KL
from explorer.state.opened_run import OpenedRun
from explorer.state.session import Session
from vae.option_choices import MapMethod

METHODS: dict[MapMethod, str] = {"pca": "PCA", "umap": "UMAP"}
UMAP_HELP = (
    "**UMAP** keeps neighbours together: groups are real, but distances between them mean little."
)
# What a map of few latent dimensions shows, by their number.
_AXES = {
    1: (
        "z0 across; up and down mean nothing, images with about the same z0 are only piled up to "
        "be seen, so a high pile is a dense place. "
    ),
    2: "z0 across, z1 up. ",
}

_METHOD = RunKey[MapMethod]("method", "pca")
_COLOUR = RunKey("colour", "")
_CONTROLS = RunKey[tuple[MapMethod, str]]("map_controls", ("pca", ""))  # both


def show(opened: OpenedRun) -> tuple[MapMethod, str]:
    """The method, and what the colours say."""
    session, dataset = opened.session, opened.dataset
    names = [name for name in dataset.attributes if name not in (ERROR, KL)]
    names.sort(key=lambda name: name != "label")
    colours = [*names, ERROR, KL]
    # Streamlit forgets the widgets of a panel that is closed; this does not.
    kept, by = _CONTROLS.of(session), _COLOUR.of(session)
    before = kept.get()
    _METHOD.of(session).begin(before[0])
    if by.begin(before[1]) not in colours:
        by.set(colours[0])
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        st.subheader("Map", anchor=False, width="content")
        method = _method(session, opened.model.latent_dim)
        colour = st.selectbox(
            "Colour by",
            colours,
            format_func=labels.label_of,
            key=by.name,
            width=260,
        )
        path_overlay.toggle(session)
    chosen = (method, str(colour))
    kept.set(chosen)
    return chosen


def _method(session: Session, latent_dim: int) -> MapMethod:
    """How the images are laid out. There is no choice where there is one dimension to show."""
    if latent_dim == 1:
        return "pca"
    names = {"pca": "z0 and z1" if latent_dim == 2 else METHODS["pca"], "umap": METHODS["umap"]}
    plain = (
        "**z0 and z1** are the two latent dimensions themselves, so nothing is hidden. "
        if latent_dim == 2
        else "**PCA** shows the two widest axes of the posterior means: distances are true, but "
        "everything off the plane is hidden. "
    )
    chosen = st.segmented_control(
        "Method",
        list(METHODS),
        required=True,
        format_func=names.__getitem__,
        key=_METHOD.of(session).name,
        help=plain + UMAP_HELP,
    )
    return chosen or "pca"


def across_and_up(latent_dim: int) -> str:
    """What a map that is not by UMAP shows, as the beginning of a caption."""
    return _AXES.get(latent_dim, "PC 1 across, PC 2 up. ")
