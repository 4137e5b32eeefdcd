"""The points of a map of many images."""

from __future__ import annotations

import tracemalloc

import numpy as np

from explorer.state import map_points
from vae.latent.encoding import Latents


def test_the_kl_of_many_images_is_found_a_part_at_a_time() -> None:
    num = 3 * map_points.KL_ROWS + 5
    mu = np.random.default_rng(0).normal(size=(num, 16)).astype(np.float32)
    latents = Latents(np.arange(num), mu, -mu, mu[:, 0], 1, mu[:, :2])
    rows = np.arange(num)[::-1]
    tracemalloc.start()
    found = map_points.kl_of(latents, rows)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    wanted = 0.5 * (mu.astype(np.float64) ** 2 + np.exp(-mu.astype(np.float64)) - 1 + mu).sum(1)
    np.testing.assert_allclose(found, wanted[rows], rtol=1e-4)
    assert peak < 2 * mu.nbytes
