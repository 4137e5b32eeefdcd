"""What is sampled from, and which training images lie beside a sample."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.mixture import GaussianMixture

import vae
from vae.commands.parser import main
from vae.errors import FileError
from vae.evaluation.evaluate import known_images
from vae.latent import mixture as mixtures
from vae.latent import neighbours
from vae.pictures import read_png
from vae.runs.folder import Run


def clumps(num: int = 600) -> np.ndarray:
    """Two far clumps with a full covariance, and a dimension that does nothing. [num, 3]"""
    rng = np.random.default_rng(0)
    root = np.array([[1.0, 0.0], [0.9, 0.3]])
    points = rng.standard_normal((num, 2)) @ root.T
    points[num // 3 :] += (20, -10)
    return np.concatenate([points, np.full((num, 1), 0.25)], 1)


def test_samples_have_the_moments_of_the_mixture_that_sklearn_fits() -> None:
    mu = clumps()
    mixture = mixtures.fit_mixture(mu, seed=0)
    assert mixture.active.tolist() == [True, True, False]
    z = mixture.sample(40_000, seed=1)
    assert (z[:, 2] == np.float32(0.25)).all()
    num = len(mixture.weights)
    oracle = GaussianMixture(num, random_state=0, reg_covar=mixtures.REGULARISATION, max_iter=50)
    order = np.random.default_rng(0).permutation(len(mu))
    theirs = oracle.fit(mu[order, :2]).sample(40_000)[0]
    np.testing.assert_allclose(z[:, :2].mean(0), theirs.mean(0), atol=0.2)
    np.testing.assert_allclose(np.cov(z[:, :2].T), np.cov(theirs.T), rtol=0.03)
    far = z[:, 0] > 10
    np.testing.assert_allclose(np.cov(z[far, :2].T), np.cov(mu[200:, :2].T), rtol=0.1, atol=0.02)


def test_the_number_of_components_is_what_held_out_means_ask_for() -> None:
    rng = np.random.default_rng(0)
    assert len(mixtures.fit_mixture(rng.standard_normal((800, 3)), 0).weights) == 1
    assert len(mixtures.fit_mixture(clumps(), 0).weights) >= 2


@pytest.mark.parametrize("num", [1, 2, 5])
def test_a_mixture_of_a_few_images_can_be_sampled(num: int) -> None:
    mu = np.random.default_rng(0).standard_normal((num, 4))
    assert np.isfinite(mixtures.fit_mixture(mu, 0).sample(7, seed=0)).all()


def test_temperature_scales_what_is_around_the_means() -> None:
    covariance = np.array([[[4.0, 1.0], [1.0, 2.0]]])
    means, active = np.array([[3.0, -1.0]]), np.array([True, True])
    mixture = mixtures.Mixture(active, means[0], np.ones(1), means, covariance)
    usual, cold = mixture.sample(2000, seed=5), mixture.sample(2000, seed=5, temperature=0.25)
    np.testing.assert_allclose(cold.std(0), 0.25 * usual.std(0), rtol=1e-4)
    still = mixture.sample(3, seed=5, temperature=0)
    np.testing.assert_allclose(still, np.tile(means, (3, 1)), rtol=1e-6)


@pytest.fixture(scope="module")
def known(trained_root: Path) -> neighbours.Known:
    folder = trained_root / "tiny"
    model, weights = vae.load(folder)
    return known_images(Run(folder), model, weights, vae.dataset(folder))


def test_a_training_image_is_its_own_nearest(trained_root: Path, known: neighbours.Known) -> None:
    model, data = vae.load(trained_root / "tiny")[0], vae.dataset(trained_root / "tiny")
    images = data.take(data.train[:10])
    found = neighbours.nearest(known, data, vae.encode(model, images), images)
    assert found.by_latent.tolist() == found.by_pixels.tolist() == data.train[:10].tolist()
    np.testing.assert_allclose(found.latent_distance, 0, atol=1e-3)
    assert (found.pixel_distance == 0).all()


def test_the_nearest_are_those_of_a_search_through_everything(
    trained_root: Path, known: neighbours.Known
) -> None:
    model, data = vae.load(trained_root / "tiny")[0], vae.dataset(trained_root / "tiny")
    z = vae.sample(model, 6, seed=1)
    images = vae.decode(model, z)
    found = neighbours.nearest(known, data, z, images)
    active = known.mixture.active
    every = vae.encode(model, data.take(data.train))
    for k in range(6):
        apart = np.linalg.norm((every - z[k])[:, active], axis=1)
        assert found.by_latent[k] == data.train[apart.argmin()]
        assert found.latent_distance[k] == pytest.approx(apart.min(), rel=1e-4)
        off = data.take(data.train).astype(float) - images[k]
        rms = np.sqrt((off**2).mean((1, 2, 3)))
        assert found.pixel_distance[k] == pytest.approx(rms.min(), rel=1e-6)
        assert found.by_pixels[k] == data.train[rms.argmin()]


def test_what_is_known_is_kept_until_the_weights_move_on(
    tmp_path: Path, trained_root: Path, known: neighbours.Known
) -> None:
    neighbours.save_known(tmp_path / "samplers.npz", known)
    again = neighbours.load_known(tmp_path / "samplers.npz")
    for name, value in vars(known).items():
        if name != "mixture":
            np.testing.assert_array_equal(getattr(again, name), value)
    np.testing.assert_array_equal(again.mixture.sample(5, 3), known.mixture.sample(5, 3))
    run, data = Run(tmp_path), vae.dataset(trained_root / "tiny")
    model, weights = vae.load(trained_root / "tiny")
    before = run.samplers_file.read_bytes()
    known_images(run, model, weights, data)
    assert run.samplers_file.read_bytes() == before
    moved_on = dataclasses.replace(weights, digest="another")
    assert known_images(run, model, moved_on, data).digest == "another"
    assert neighbours.load_known(run.samplers_file).digest == "another"


def test_a_file_of_something_else_is_refused_in_a_sentence(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", digest="a")
    with pytest.raises(FileError, match=r"x\.npz is not a file of known images"):
        neighbours.load_known(tmp_path / "x.npz")


def test_sample_shows_the_nearest_training_images_beneath(
    trained_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["sample", "tiny", "--root", str(trained_root), "--num", "4", "--nearest", "--json"]
    for prior in ("normal", "mixture"):
        out = tmp_path / f"{prior}.png"
        assert main([*words, "--prior", prior, "--out", str(out)]) == 0
        told = json.loads(capsys.readouterr().out.splitlines()[-1])
        train = vae.dataset(trained_root / "tiny").train
        assert set(told["nearest"]["by_latent"] + told["nearest"]["by_pixels"]) <= set(train)
        sheet = read_png(out)
        assert sheet.shape[0] > 2 * sheet.shape[1]  # three pictures to each sample


def test_temperature_zero_is_the_middle_of_the_prior(trained_root: Path, tmp_path: Path) -> None:
    out = tmp_path / "cold.png"
    words = ["sample", "tiny", "--root", str(trained_root), "--num", "1", "--temperature", "0"]
    assert main([*words, "--out", str(out)]) == 0
    model, _ = vae.load(trained_root / "tiny")
    np.testing.assert_array_equal(read_png(out), vae.decode(model, np.zeros((1, 6)))[0])
    hot = tmp_path / "hot.png"
    assert main([*words[:-1], "2", "--out", str(hot)]) == 0
    z = 2 * torch.randn(1, 6, generator=torch.Generator().manual_seed(0)).numpy()
    np.testing.assert_array_equal(read_png(hot), vae.decode(model, z)[0])


def test_a_temperature_below_nothing_is_refused(
    trained_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sample", "tiny", "--root", str(trained_root), "--temperature", "-1"]) == 2
    assert "--temperature must be from 0 to 100" in capsys.readouterr().err
