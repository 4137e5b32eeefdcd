"""What is known of a source before it is looked at: how many images it held, a few of them.

By what lies in the cache, so that nothing is read that was not read before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import streamlit as st

from explorer.drawing import images
from explorer.state import cache
from explorer.state.cache import Stamp
from vae.config import DataConfig
from vae.data.dataset import downloads, open_dataset
from vae.data.import_cache import read_json
from vae.data.source_names import BUILT_IN
from vae.runs.folder import data_cache

NUM_SHOWN, TILE = 4, 40  # images of a source, pixels a side

# What lies in torchvision's folder, or in one of the set's name in it, where a set is there.
PLACES = {
    "MNIST": "MNIST/raw",
    "FashionMNIST": "FashionMNIST/raw",
    "KMNIST": "KMNIST/raw",
    "EMNIST/letters": "EMNIST/raw",
    "QMNIST": "QMNIST/raw",
    "USPS": "usps.bz2",
    "CIFAR10": "cifar-10-batches-py",
    "CIFAR100": "cifar-100-python",
    "SVHN": "train_32x32.mat",
    "STL10": "stl10_binary",
    "CelebA": "celeba",
    "LFWPeople": "lfw-py",
    "Flowers102": "flowers-102",
    "OxfordIIITPet": "oxford-iiit-pet",
    "Food101": "food-101",
    "Caltech101": "caltech101",
    "EuroSAT": "eurosat",
    "DTD": "dtd",
    "GTSRB": "gtsrb",
    "Omniglot": "omniglot-py",
}


@dataclass(frozen=True)
class Known:
    """The newest import of a source."""

    num_images: int
    images: Path  # uint8 [N, H, W, C], .npy
    stamp: Stamp


def known_sources(root: Path) -> Mapping[str, Known]:
    """The sources that were looked at or trained on, by the words they were named with."""
    found: dict[str, Known] = {}
    newest: dict[str, int] = {}
    for file in data_cache(root).glob("*/manifest.json"):
        now = cache.stamp(file)
        pixels = cache.stamp(file.with_name("images.npy"))
        told = _manifest(str(file), now) if now else None
        if now is None or pixels is None or told is None:
            continue
        source, num_images = told
        if now[2] >= newest.get(source, 0):
            newest[source] = now[2]
            found[source] = Known(num_images, file.with_name("images.npy"), pixels)
    return found


@st.cache_data(max_entries=256, show_spinner=False)
def _manifest(file: str, now: Stamp) -> tuple[str, int] | None:
    try:
        manifest = read_json(Path(file))
        return str(manifest["source"]), int(manifest["counts"]["used"])
    except (OSError, ValueError, KeyError, TypeError):  # removed meanwhile, or not ours
        return None


def on_disk(root: Path) -> list[str]:
    """The sets of torchvision that lie on this machine, as sources."""
    folder = downloads(data_cache(root))
    return [
        f"torchvision:{name}"
        for name, place in PLACES.items()
        if (folder / place).exists() or (folder / name.partition("/")[0] / place).exists()
    ]


def picture(known: Known) -> str | None:
    """A few images of a source side by side, as an address; None where they cannot be read."""
    try:
        return _some_images(str(known.images), known.stamp)
    except (OSError, ValueError):
        return None


@st.cache_data(max_entries=32, show_spinner=False)
def _some_images(file: str, now: Stamp) -> str:
    pixels = np.load(file, mmap_mode="r")
    some = np.linspace(0, len(pixels) - 1, NUM_SHOWN).astype(np.int64)
    return images.data_url(images.sheet(np.array(pixels[some]), NUM_SHOWN, TILE), "image/webp")


@st.cache_data(max_entries=4, show_spinner=False)
def built_in_picture(source: str) -> str:
    """A few of the images of a built-in source side by side, as an address."""
    if source in BUILT_IN:
        with np.load(BUILT_IN[source]) as arrays:
            some = arrays["images"][:NUM_SHOWN, :, :, None]
    else:
        some = open_dataset(DataConfig(source), Path()).take(np.arange(NUM_SHOWN))
    return images.data_url(images.sheet(some, NUM_SHOWN, TILE), "image/webp")
