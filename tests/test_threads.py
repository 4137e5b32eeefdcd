"""What a test leaves behind does not make the tests after it slow."""

from __future__ import annotations

import numpy as np
import torch

from vae.latent.projection import umap


def test_umap_gives_torch_no_more_threads() -> None:
    """With more threads than free cores they wait for each other."""
    before = torch.get_num_threads()
    means = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)
    umap(means, 0, lambda *_: None)
    assert torch.get_num_threads() <= before
