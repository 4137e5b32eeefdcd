"""What many latents cost in memory: their own bytes, and no second copy of them."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from vae.config import DataConfig, ModelConfig
from vae.data.dataset import Dataset, open_dataset
from vae.evaluation import metrics
from vae.latent import encoding
from vae.model.networks import VAE
from vae.model.posterior import Posterior

NUM, DIMS, SIZE = 20_000, 64, 16
BYTES = NUM * DIMS * 4  # of the means, or of the log variances


def peak_of(work: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


class Grey:
    """Images that take no memory until they are taken."""

    def take(self, indices: np.ndarray) -> np.ndarray:
        levels = (indices % 256).astype(np.uint8)[:, None, None, None]
        return np.broadcast_to(levels, (len(indices), SIZE, SIZE, 1)).copy()


@pytest.fixture(scope="module")
def grey() -> Dataset:
    index = np.arange(NUM)
    shape = (1, SIZE, SIZE)
    return Dataset("grey", shape, "0", index, index[:1], [""] * NUM, {}, {}, {}, Grey())


class Watched(VAE):
    """Its posteriors lie in memory of NumPy, which is watched."""

    def encode(self, x: torch.Tensor) -> Posterior:
        posterior = super().encode(x)
        return Posterior(*(torch.from_numpy(part.numpy().copy()) for part in posterior))


@pytest.fixture(scope="module")
def model() -> VAE:
    config = ModelConfig(name="mlp", latent_dim=DIMS, hidden_dim=4)
    return Watched(config, (1, SIZE, SIZE)).eval()


def test_encoding_makes_no_second_copy_of_the_latents(grey: Dataset, model: VAE) -> None:
    peak = peak_of(lambda: encoding.encode_all(model, grey, None, 0, None))
    assert peak < 1.25 * 2 * BYTES


def test_latents_are_written_without_a_copy_of_the_file_in_memory(tmp_path: Path) -> None:
    mu = np.random.default_rng(0).normal(size=(NUM, 1600)).astype(np.float32)
    there = encoding.Latents(np.arange(NUM), mu, np.zeros_like(mu), mu[:, 0], 7, mu[:, :2])
    path = tmp_path / "a.npz"
    # NumPy and zlib take 16 MB at a time, four times.
    assert peak_of(lambda: encoding.save_latents(path, there)) < 0.6 * mu.nbytes
    np.testing.assert_array_equal(encoding.load_latents(path).mu, mu)


def test_an_evaluation_keeps_three_numbers_a_dimension_of_each_image(
    grey: Dataset, model: VAE, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "MAX_INFORMATION", 50)
    peak = peak_of(lambda: metrics.evaluate(model, grey, grey.train, 1, bound_num=10))
    assert peak < 1.5 * 3 * BYTES


def test_principal_axes_of_many_points_need_no_copy_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scale = np.arange(DIMS, 0, -1)
    mu = (np.random.default_rng(0).normal(size=(NUM, DIMS)) * scale + 3).astype(np.float32)
    at_once = encoding.principal_axes(mu)
    monkeypatch.setattr(encoding, "FOLDED", 1_000)
    assert peak_of(lambda: encoding.principal_axes(mu)) < 0.5 * BYTES
    mean, axes, deviations = encoding.principal_axes(mu)
    np.testing.assert_allclose(mean, at_once[0], rtol=1e-5)
    np.testing.assert_allclose(deviations, at_once[2], rtol=1e-4)
    np.testing.assert_allclose(np.abs(axes @ at_once[1].T), np.eye(DIMS), atol=5e-3)


def test_the_mean_of_many_points_is_exact() -> None:
    mu = np.full((300_000, 3), 1.1, np.float32)
    mu[::2] = 0.1
    mean, _, _ = encoding.principal_axes(mu)
    np.testing.assert_allclose(mean, 0.6, rtol=1e-6)


def test_faces_on_disk_train_and_encode_as_those_in_memory(tmp_path: Path, model: VAE) -> None:
    config = DataConfig(num_images=40, image_size=SIZE)
    colour = VAE(ModelConfig(name="mlp", latent_dim=3, hidden_dim=4), (3, SIZE, SIZE)).eval()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vae.data.dataset.MAX_FACES_BYTES", 0)
        on_disk = encoding.encode_all(colour, open_dataset(config, tmp_path), None, 0, None)
    in_memory = encoding.encode_all(colour, open_dataset(config, tmp_path), None, 0, None)
    np.testing.assert_array_equal(on_disk.mu, in_memory.mu)
