"""How many latent dimensions to begin with, by what the images hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

if TYPE_CHECKING:
    from vae.data.dataset import Dataset

NUM_MEASURED, MEASURED_SIZE = 400, 16  # images whose principal components are counted
EXPLAINED = 0.9  # of their variance
SUGGESTED = (2, 4, 8, 16, 32, 64, 128)


def some_of(num: int, most: int) -> np.ndarray:
    """At most so many of `num` images, the same ones every time, in order."""
    return np.sort(np.random.default_rng(0).permutation(num)[:most])


@st.cache_data(max_entries=16, show_spinner=False)
def suggested_dim(_dataset: Dataset, fingerprint: str) -> int:
    """Latent dimensions to begin with: enough for the principal components of small copies.

    Those that hold nine tenths of the variance, but no more than a fourth of the images there are.
    A VAE is not linear and needs no more; what it does not need stays unused.
    """
    pixels = _dataset.take(some_of(len(_dataset), NUM_MEASURED)).astype(np.float32)
    num, height, _, _ = pixels.shape
    step = max(1, height // MEASURED_SIZE)
    small = pixels[:, ::step, ::step].reshape(num, -1)
    spread = np.linalg.svd(small - small.mean(0), compute_uv=False) ** 2
    part = np.cumsum(spread) / max(float(spread.sum()), 1e-9)
    needed = min(int(np.searchsorted(part, EXPLAINED)) + 1, max(2, len(_dataset.train) // 4))
    return next((dim for dim in SUGGESTED if dim >= needed), SUGGESTED[-1])
