"""How the map is laid out and what its colours say: asked, and kept while other panels are open."""

from __future__ import annotations

import streamlit as st

from explorer.drawing import labels
from explorer.panels.map import path_overlay
from explorer.state import map_points
from explorer.state.keys import RunKey
from explorer.state.map_points import ERROR, KL
from explorer.state.opened_run import OpenedRun
from explorer.state.session import Session
from vae.option_choices import MapMethod
from vae.runs.umap_options import UmapOptions

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
_NEIGHBOURS = RunKey("neighbours", 0)
_MIN_DISTANCE = RunKey("min_distance", 0.0)
_UMAP = RunKey[tuple[int, float]]("umap_options", (0, 0.0))  # both


def show(opened: OpenedRun) -> tuple[MapMethod, str, UmapOptions]:
    """The method, what the colours say, and the options of UMAP.

    Raises InputError where these make no map.
    """
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
        neighbours, min_distance = _umap_numbers(session, method)
        colour = st.selectbox(
            "Colour by",
            colours,
            format_func=labels.label_of,
            key=by.name,
            width=260,
        )
        path_overlay.toggle(session)
    kept.set((method, str(colour)))
    return method, str(colour), UmapOptions(neighbours, min_distance)


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


def _umap_numbers(session: Session, method: MapMethod) -> tuple[int, float]:
    """How many neighbours, and at which distance: asked where UMAP is chosen.

    They begin as what the map that is there was made with.
    """
    kept = _UMAP.of(session)
    if not kept.is_set():
        place = map_points.place_of(session.run, "umap")
        made = UmapOptions() if place is None else map_points.making(place).options
        kept.set((made.neighbours, made.min_distance))
    if method == "umap":
        neighbours, min_distance = kept.get()
        neighbours = st.number_input(
            "Neighbours",
            value=neighbours,
            step=1,
            key=_NEIGHBOURS.of(session).name,
            help="A larger number shows more of the whole, and less of small groups.",
            width=130,
        )
        min_distance = st.number_input(
            "Minimum distance",
            value=min_distance,
            step=0.05,
            format="%g",
            key=_MIN_DISTANCE.of(session).name,
            help="A larger distance keeps images that are alike further apart on the map.",
            width=150,
        )
        kept.set((neighbours, min_distance))
    return kept.get()


def across_and_up(latent_dim: int) -> str:
    """What a map that is not by UMAP shows, as the beginning of a caption."""
    return _AXES.get(latent_dim, "PC 1 across, PC 2 up. ")
