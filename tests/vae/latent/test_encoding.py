"""Paths, directions, maps and measures, against exact answers."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from vae.errors import FileError, InputError
from vae.evaluation import metrics
from vae.latent import encoding, paths, projection


def points(num: int, latent_dim: int, seed: int = 0) -> np.ndarray:
    scale = np.arange(latent_dim, 0, -1)
    values = np.random.default_rng(seed).normal(size=(num, latent_dim)) * scale + 3
    return values.astype(np.float32)


@pytest.mark.parametrize("kind", ["lerp", "slerp"])
def test_a_path_meets_its_ends_exactly(kind: str) -> None:
    a, b = torch.randn(2, 16, generator=torch.Generator().manual_seed(0))
    walk = paths.interpolate([a, b], 9, kind)
    assert walk.shape == (9, 16)
    torch.testing.assert_close(walk[0], a)
    torch.testing.assert_close(walk[-1], b)


def test_lerp_is_even_and_slerp_keeps_the_length() -> None:
    a, b = torch.tensor([3.0, 0.0]), torch.tensor([0.0, 3.0])
    straight, arc = (paths.interpolate([a, b], 5, kind) for kind in ("lerp", "slerp"))
    torch.testing.assert_close(straight[2], torch.tensor([1.5, 1.5]))
    torch.testing.assert_close(arc.norm(dim=1), torch.full((5,), 3.0))
    steps = (arc[1:] - arc[:-1]).norm(dim=1)
    torch.testing.assert_close(steps, steps[:1].expand(4))


@pytest.mark.parametrize("b", [[2.0, 0.0], [-1.0, 0.0], [0.0, 0.0]])
def test_slerp_without_a_single_arc_is_a_straight_line(b: list[float]) -> None:
    walk = paths.interpolate([torch.tensor([1.0, 0.0]), torch.tensor(b)], 3, "slerp")
    torch.testing.assert_close(walk[1], (torch.tensor([1.0, 0.0]) + torch.tensor(b)) / 2)


def test_a_path_through_several_keys_meets_them_all() -> None:
    keys = list(torch.randn(4, 8, generator=torch.Generator().manual_seed(1)))
    walk = paths.interpolate(keys, 10, "slerp")
    for i, key in enumerate(keys):
        torch.testing.assert_close(walk[3 * i], key)


def test_a_path_that_cannot_be_is_refused() -> None:
    a = torch.zeros(2)
    with pytest.raises(InputError):
        paths.interpolate([a], 5)
    with pytest.raises(InputError):
        paths.interpolate([a, a, a], 2)
    with pytest.raises(InputError, match="lerp, slerp"):
        paths.interpolate([a, a], 5, "bezier")


def test_pca_agrees_with_scikit_learn() -> None:
    mu = points(200, 6)
    wanted = PCA(2, svd_solver="full").fit(mu)
    ours, theirs = projection.pca(mu), wanted.transform(mu)
    signs = np.sign((ours * theirs).sum(0))
    np.testing.assert_allclose(ours * signs, theirs, atol=1e-3)
    _, axes, deviations = encoding.principal_axes(mu)
    np.testing.assert_allclose(np.abs(axes[:2] @ wanted.components_.T), np.eye(2), atol=1e-4)
    np.testing.assert_allclose(deviations[:2] ** 2, wanted.explained_variance_ * 199 / 200, 1e-4)


@pytest.mark.parametrize(("num", "latent_dim"), [(1, 5), (2, 5), (50, 1), (3, 2)])
def test_pca_takes_degenerate_data(num: int, latent_dim: int) -> None:
    xy = projection.pca(points(num, latent_dim))
    assert xy.shape == (num, 2)
    assert np.isfinite(xy).all()


def test_pca_makes_no_copy_of_many_points() -> None:
    mu = points(400_000, 32)
    projection.pca(mu[:10])
    tracemalloc.start()
    try:
        projection.pca(mu)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < mu.nbytes


def test_many_points_far_from_the_origin_have_the_axes_that_they_have_around_it() -> None:
    mu = points(100_000, 4) * np.float32([3, 2, 1, 0.5])
    _, axes, deviations = encoding.principal_axes(mu + np.float32(100))
    _, wanted, spread = encoding.principal_axes(mu)
    np.testing.assert_allclose(np.abs(axes @ wanted.T), np.eye(4), atol=1e-3)
    np.testing.assert_allclose(deviations, spread, 1e-4)


def test_umap_is_repeatable_and_keeps_clusters_apart() -> None:
    mu = np.concatenate([points(40, 4), points(40, 4, seed=1) + 100])
    counts: list[tuple[str, int, int]] = []
    first, second = (projection.umap(mu, 0, lambda *count: counts.append(count)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    centres = first[:40].mean(0), first[40:].mean(0)
    spread = first[:40].std(0).max()
    assert np.linalg.norm(centres[0] - centres[1]) > 2 * spread
    assert counts[-1][1] > 0
    assert projection.umap(mu[:3], 0, lambda *_: None).shape == (3, 2)


def test_latents_come_back_from_their_file(tmp_path: Path) -> None:
    mu = points(5, 3)
    there = encoding.Latents(np.arange(5), mu, -mu, mu[:, 0], 7, mu[:, :2])
    path = tmp_path / "maps" / "a.npz"
    encoding.save_latents(path, there, label=np.arange(5))
    back = encoding.load_latents(path)
    assert back.step == 7
    np.testing.assert_array_equal(back.mu, mu)
    path.write_bytes(b"nonsense")
    with pytest.raises(FileError, match="is not a file of latents"):
        encoding.load_latents(path)
    with pytest.raises(FileNotFoundError):
        encoding.load_latents(tmp_path / "none.npz")


def test_kl_of_latents_is_that_of_the_posterior() -> None:
    from vae.model.posterior import Posterior

    mu = points(5, 3)
    there = encoding.Latents(np.arange(5), mu, -mu, mu[:, 0], 7, mu[:, :2])
    wanted = Posterior(torch.from_numpy(mu), torch.from_numpy(-mu)).kl_per_dim()
    np.testing.assert_allclose(there.kl_per_dim, wanted.numpy(), rtol=1e-5)


def test_ssim_of_an_image_with_itself_is_one_and_falls_with_noise() -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(3, 3, 32, 32, generator=generator)
    noise = torch.randn(x.shape, generator=generator)
    torch.testing.assert_close(metrics.ssim(x, x), torch.ones(3))
    little, much = metrics.ssim(x, x + 0.05 * noise), metrics.ssim(x, x + 0.3 * noise)
    assert (much < little).all()
    assert (little < 1).all()


def test_ssim_of_two_flat_images_is_its_luminance_term() -> None:
    a, b = torch.full((1, 1, 16, 16), 0.2), torch.full((1, 1, 16, 16), 0.6)
    wanted = (2 * 0.2 * 0.6 + 1e-4) / (0.2**2 + 0.6**2 + 1e-4)
    assert metrics.ssim(a, b).item() == pytest.approx(wanted, abs=1e-3)
