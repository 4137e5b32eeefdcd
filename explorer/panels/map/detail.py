"""What was chosen on the map, looked into: one image, a group, or the ground between the points."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from explorer.components import gallery, image_choice, scripts
from explorer.directions import groups
from explorer.drawing import images, labels
from explorer.panels.map import plotly_map, selection
from explorer.panels.map.canvas import Choice
from explorer.state import handover, map_points
from explorer.state.map_points import Place
from explorer.state.opened_run import OpenedRun
from explorer.state.session import Session
from vae.latent.nearest import nearest_first

if TYPE_CHECKING:
    from vae.data.dataset import Dataset
    from vae.latent.encoding import Latents

NUM_HINT = 24
NUM_MEMBERS = 16
NUM_NEIGHBOURS = 6


def show(opened: OpenedRun, place: Place, choice: Choice) -> None:
    """What was clicked: nothing yet, one image, a group, or the ground between the points."""
    points = map_points.points(place)
    if choice.point is not None:
        _ground(opened, place, choice.point)
    elif not choice.images:
        rows = np.random.default_rng(0).permutation(len(points.index))[:NUM_HINT]
        st.caption(
            "Click a point, or one of these images, to see its details. Click between the "
            "points to see what the model draws there. Draw a lasso around points to see a "
            "group."
        )
        _sheet(opened, points.index[rows].tolist(), "Some images of the map")
    elif len(choice.images) == 1:
        row = map_points.rows_of(place, np.array(choice.images))[0]
        _image(opened, place, int(row))
    else:
        _group(opened, place, choice)
        return
    groups.groups(opened, ())


def _sheet(opened: OpenedRun, shown: list[int], label: str, tile: int = 52) -> None:
    """A grid of images of which a clicked one is looked into."""
    gallery.show(
        opened.dataset,
        shown,
        [],
        key=selection.sheet_key(opened.session),
        label=label,
        max_picked=1,
        badges=False,
        tile=tile,
    )


def _image(opened: OpenedRun, place: Place, row: int) -> None:
    session, model, dataset = opened.session, opened.model, opened.dataset
    points = map_points.points(place)
    image = int(points.index[row])
    pixels = dataset.take(np.array([image]))
    mu = images.encode(model, pixels)
    name = str(dataset.names[image])
    st.markdown(
        f"**Image {image}**" + ("" if name == str(image) else f" :gray[{labels.plain(name)}]")
    )
    pair = st.columns(2, gap="small", wrap=False)
    for column, picture, title in (
        (pair[0], pixels[0], "Image"),
        (pair[1], images.decode(model, mu)[0], "Reconstruction"),
    ):
        column.image(_address(picture), width="stretch", alt=title)
        column.caption(title, text_alignment="center")
    kl = map_points.kl_of(points, np.array([row]))[0]
    text = f"KL {kl:.1f} nats, mean squared error {points.mse[row]:.4f}."
    if place.method == "pca" and not plotly_map.is_chosen(session):
        mark = "ellipses around" if points.mu.shape[1] > 1 else "bars through"
        text += f" The {mark} its point are its posterior, 1 and 2 sigma."
    st.caption(text)
    st.button(
        "Open in Sliders",
        icon=":material/tune:",
        on_click=handover.open_in_sliders,
        args=(session, mu[0], image),
        width="stretch",
    )
    for letter, column in zip("AB", st.columns(2, gap="small", wrap=False), strict=True):
        column.button(
            f"Use as {letter}",
            on_click=_use_in_interpolate,
            args=(session, image, letter),
            help=f"Make this image {letter} in Interpolate.",
            width="stretch",
        )
    st.button(
        "Add to the path",
        icon=":material/add_location:",
        on_click=_add_to_path,
        args=(session, image),
        help="Add this image to the end of the path in Interpolate.",
        width="stretch",
    )
    near = [i for i in _nearest(points, points.mu[row], NUM_NEIGHBOURS + 1) if i != image]
    if near:
        st.caption("Nearest in the latent space")
        _sheet(opened, near[:NUM_NEIGHBOURS], "Nearest images", tile=36)
    _facts(dataset, image)


def _nearest(points: Latents, z: np.ndarray, num: int) -> list[int]:
    """The images whose posterior means are nearest to a point of the latent space."""
    rows, _ = nearest_first(z[None], points.mu, num)
    return [int(image) for image in points.index[rows[0]]]


def _ground(opened: OpenedRun, place: Place, xy: tuple[float, float]) -> None:
    """What the model draws where no image lies."""
    points = map_points.points(place)
    if place.method == "pca" and points.mu.shape[1] <= 2:
        z = map_points.on_plane(place, xy)
        labels = "The point of the latent space with these coordinates, decoded."
    elif place.method == "pca":
        z = map_points.on_plane(place, xy)
        labels = (
            "The mean of all images, moved along the two axes of the map to this point and "
            "decoded. All other directions are at their mean."
        )
    else:
        z = map_points.blended(points, xy)
        labels = (
            "UMAP cannot be inverted: this is a decoded mixture of the "
            f"{map_points.NUM_BLENDED} nearest posterior means, weighted by 1 / distance."
        )
    told = ", ".join(f"{value:.2f}" for value in xy[: points.mu.shape[1]])
    st.markdown(f"**Between the images** :gray[at {told}]")
    pair = st.columns(2, gap="small", wrap=False)
    picture = images.decode(opened.model, z[None])[0]
    pair[0].image(_address(picture), width="stretch", alt="Decoded here")
    pair[0].caption("Decoded here", text_alignment="center")
    pair[1].caption(labels)
    st.button(
        "Open in Sliders",
        icon=":material/tune:",
        on_click=handover.open_in_sliders,
        args=(opened.session, z),
        width="stretch",
    )
    st.caption("Nearest in the latent space")
    _sheet(opened, _nearest(points, z, NUM_NEIGHBOURS), "Nearest images", tile=36)


def _facts(dataset: Dataset, image: int) -> None:
    """What the data set says of the image."""
    cells = []
    for name, column in dataset.attributes.items():
        value = column[image]
        if name in dataset.classes and 0 <= int(value) < len(dataset.classes[name]):
            text = str(dataset.classes[name][int(value)])
        else:
            text = f"{value:.2f}" if np.issubdtype(column.dtype, np.floating) else str(value)
            text = text if np.isfinite(value) else "unknown"
        cells.append(f"<span>{html.escape(labels.label_of(name))}</span><b>{html.escape(text)}</b>")
    if cells:
        with st.expander(f"Attributes ({len(cells)})", expanded=len(cells) <= 8):
            st.html(f'{scripts.style(__file__)}<div class="map-facts">{"".join(cells)}</div>')


def _group(opened: OpenedRun, place: Place, choice: Choice) -> None:
    points, some = map_points.points(place), np.array(choice.images)
    rows = map_points.rows_of(place, some)
    mean = points.mu[rows].mean(0)
    st.markdown(f"**{labels.counted(choice.count, 'image')}**")
    pair = st.columns(2, gap="small", wrap=False)
    pair[0].image(
        _address(images.decode(opened.model, mean[None])[0]),
        width="stretch",
        alt="Mean",
    )
    pair[0].caption("Their mean, decoded", text_alignment="center")
    sampled = (
        ""
        if len(some) == choice.count
        else f" The mean is of {len(some):,} of them, chosen at random."
    )
    pair[1].caption(
        f"KL {map_points.kl_of(points, rows).mean():.1f} nats and mean squared error "
        f"{points.mse[rows].mean():.4f} on average.{sampled}"
    )
    pair[1].button(
        "Open in Sliders", on_click=handover.open_in_sliders, args=(opened.session, mean)
    )
    _actions(opened, points, choice)
    groups.groups(opened, choice.images)
    members = np.random.default_rng(0).permutation(some)[:NUM_MEMBERS]
    st.caption("Some of them")
    _sheet(opened, members.tolist(), "Members")


def _actions(opened: OpenedRun, points: Latents, choice: Choice) -> None:
    """A data version of the lasso or without it, and its files."""
    images, num = choice.all_images, len(opened.dataset)
    if image_choice.can_choose(opened):
        pair = st.columns(2, gap="small", wrap=False)
        for column, label, how in (
            (pair[0], "Keep only these", "keep"),
            (pair[1], "Leave these out", "leave_out"),
        ):
            column.button(
                label,
                on_click=image_choice.make_version,
                args=(opened, images, how),
                help="Makes a new data version to train on. The images themselves stay.",
                width="stretch",
            )
        if len(points.index) < num:
            st.caption(
                f"The map shows {len(points.index):,} of the {num:,} images. **Keep only these** "
                f"also leaves out the {num - len(points.index):,} that it does not show; press "
                "**Map all images** to see them first."
            )
    image_choice.export_button(opened, images, "Export these files")


def _add_to_path(session: Session, image: int) -> None:
    letter = handover.add_to_path(session, image)
    st.toast(f"Image {image} is {letter} in Interpolate.", icon=":material/route:")


def _use_in_interpolate(session: Session, image: int, letter: str) -> None:
    handover.use_in_interpolate(session, image, letter)
    st.toast(f"Image {image} is {letter} in Interpolate.", icon=":material/route:")


def _address(picture: images.Pixels) -> str:
    """A picture as it is: the browser enlarges it, and a click sends a tenth of the bytes."""
    return images.address(picture, picture.shape[0])
