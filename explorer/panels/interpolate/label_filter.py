"""What the data set says of its images, to choose some of them by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

if TYPE_CHECKING:
    from vae.data.dataset import Dataset

ALL = "All images"
MAX_VALUES = 20  # of a whole-numbered attribute without names, to choose from


def offered(dataset: Dataset) -> np.ndarray:
    """The images to choose from: those of the validation set, or all where it has one alone."""
    is_choice = len(dataset.validation) > 1
    return np.asarray(dataset.validation) if is_choice else np.arange(len(dataset))


@st.cache_data(max_entries=8, show_spinner=False)
def choices(_dataset: Dataset, fingerprint: str) -> list[str]:
    """What the images that are offered can be chosen by, as "attribute: value"."""
    labels = []
    for name, column in _dataset.attributes.items():
        if not np.issubdtype(column.dtype, np.integer):
            continue
        values = np.unique(column[offered(_dataset)])
        if name in _dataset.classes or len(values) <= MAX_VALUES:
            labels += [name_of(_dataset, name, int(value)) for value in values if value >= 0]
    return labels


def name_of(dataset: Dataset, name: str, value: int) -> str:
    """One value of an attribute, as "attribute: value"."""
    names = dataset.classes.get(name, ())
    text = names[value] if value < len(names) else value
    return f"{name.replace('_', ' ')}: {text}"


@st.cache_data(max_entries=32, show_spinner=False)
def images_with(_dataset: Dataset, fingerprint: str, label: str) -> np.ndarray:
    """The images that are offered with one of `choices`; all of them with ALL."""
    there = offered(_dataset)
    for name, column in _dataset.attributes.items():
        if not label.startswith(f"{name.replace('_', ' ')}: "):
            continue
        values = np.asarray(column[there])
        for value in np.unique(values):
            if np.isfinite(value) and name_of(_dataset, name, int(value)) == label:
                return np.asarray(there[values == value])
    return there
