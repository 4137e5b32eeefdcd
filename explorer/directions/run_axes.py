"""What a run keeps of directions, and where they lie by the posterior means of now."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from explorer.state import map_points
from explorer.state.map_points import Floats, Indices, Place
from explorer.state.opened_run import OpenedRun
from explorer.state.session import Session
from vae.directions import leakage
from vae.directions.axes import Axis, axes_of
from vae.directions.definitions import Definition, load_directions
from vae.directions.leakage import Readout
from vae.errors import InputError

if TYPE_CHECKING:
    from vae.data.dataset import Dataset
    from vae.model.networks import VAE


@st.cache_resource(max_entries=4, show_spinner=False)
def _means(
    place: Place, missing: tuple[int, ...], digest: str, _model: VAE, _dataset: Dataset
) -> tuple[Indices, Floats]:
    """Posterior means of the images of a map, and of those that it has not. [N], [N, D]"""
    from vae.latent.encoding import means_with

    return means_with(map_points.points(place), missing, _model, _dataset)


@st.cache_resource(max_entries=4, show_spinner=False)
def readouts(place: Place, fingerprint: str, _dataset: Dataset) -> list[Readout]:
    """How each attribute is read from the means of a map."""
    points = map_points.points(place)
    return leakage.readouts(points.index, points.mu, _dataset.attributes, _dataset.classes)


def axes(opened: OpenedRun, some: Sequence[Definition]) -> tuple[dict[str, Axis], dict[str, str]]:
    """Where the directions lie now, and a sentence for each that lies nowhere.

    Raises InputError before the first evaluation, or where the images are gone.
    """
    where, dataset = place(opened.session), opened.dataset
    wanted = {image for one in some for image in (*one.a, *one.b)}
    there = set(map_points.points(where).index.tolist())
    missing = tuple(sorted(image for image in wanted - there if image < len(dataset)))
    index, mu = _means(where, missing, opened.weights.digest, opened.model, dataset)
    return axes_of(some, index, mu, dataset.attributes, dataset.classes)


def place(session: Session) -> Place:
    """The fullest and newest means of the run. Raises InputError where there are none."""
    where = map_points.place_of(session.run, "pca")
    if where is None:
        raise InputError("Directions need posterior means, which the first evaluation computes.")
    return where


def file_of(session: Session) -> Path:
    """Where the run keeps its directions."""
    return session.run.directions_file


def definitions(session: Session) -> list[Definition]:
    """The directions that are kept, oldest first. Raises InputError."""
    return load_directions(file_of(session))
