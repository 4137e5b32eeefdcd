"""`import vae` in a notebook: few names, light to import, and true to what the explorer shows."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import vae
from vae import api
from vae.errors import InputError

ROOT = Path(__file__).parents[2]


def test_the_public_names() -> None:
    assert vae.__all__ == [
        "dataset",
        "decode",
        "encode",
        "grid",
        "interpolate",
        "load",
        "sample",
        "save",
    ]
    for name in vae.__all__:
        assert getattr(vae, name) is getattr(api, name)
        assert getattr(vae, name).__doc__
    assert set(vae.__all__) <= set(dir(vae))
    with pytest.raises(AttributeError, match="no attribute 'decoder'"):
        _ = vae.decoder


def test_importing_the_package_imports_nothing_of_it() -> None:
    code = "import sys, vae; sys.exit(any(name.startswith('vae.') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_from_a_folder_to_pictures_and_back(trained_root: Path, tmp_path: Path) -> None:
    model, weights = vae.load(trained_root / "tiny")
    assert (model.latent_dim, weights.step, weights.image_shape) == (6, 8, (3, 32, 32))
    originals = vae.dataset(trained_root / "tiny").take([3, 17])
    keys = vae.encode(model, originals)
    with torch.inference_mode():
        x = torch.from_numpy(originals).permute(0, 3, 1, 2) / 255
        np.testing.assert_allclose(keys, model.encode(x).mu, atol=1e-5)
        decoded = model.decode(torch.from_numpy(keys)).permute(0, 2, 3, 1) * 255
    faces = vae.decode(model, keys)
    assert faces.dtype == np.uint8
    assert np.abs(faces - decoded.numpy()).max() < 0.51
    z = vae.interpolate(keys, 5)
    np.testing.assert_allclose(z[[0, -1]], keys, atol=1e-6)
    vae.save(tmp_path / "a.png", vae.grid(vae.decode(model, z), columns=5))
    frames = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 1)).astype(np.uint8)
    vae.save(str(tmp_path / "a.gif"), frames, frame_seconds=0.2)
    with Image.open(tmp_path / "a.png") as sheet, Image.open(tmp_path / "a.gif") as animation:
        assert sheet.size == (5 * 34 - 2, 32)
        assert animation.n_frames == 5
        assert animation.info["duration"] == 200


def test_samples_are_those_of_their_seed(trained_root: Path) -> None:
    model, _ = vae.load(trained_root / "tiny")
    z = vae.sample(model, 2000, seed=3)
    assert z.shape == (2000, 6)
    assert np.array_equal(z, vae.sample(model, 2000, seed=3))
    assert abs(z.mean()) < 0.05
    assert abs(z.std() - 1) < 0.05


def test_a_folder_without_a_run_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no config"):
        vae.load(tmp_path)
