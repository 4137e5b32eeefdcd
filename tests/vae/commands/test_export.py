"""What is exported computes the same in other hands."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from safetensors import safe_open

import vae
from vae.commands.parser import main
from vae.runs.folder import Run

SHIPPED = Path(__file__).parents[3] / "checkpoints"
MLP = [
    "--data.num_images=40",
    "--data.image_size=28",
    "--model.name=mlp",
    "--model.hidden_dim=16",
    "--model.latent_dim=3",
    "--train.epochs=1",
]


def export(root: Path, run: str, kind: str, out: Path) -> int:
    return main(["export", run, "--root", str(root), "--format", kind, "--out", str(out)])


@pytest.fixture(scope="module")
def mlp_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("runs")
    assert main(["train", "mlp", "--root", str(root), *MLP]) == 0
    return root


@pytest.mark.parametrize("name", ["anime-faces", "mlp"])
def test_onnx_agrees_with_torch(name: str, mlp_root: Path, tmp_path: Path) -> None:
    root = {"anime-faces": SHIPPED, "mlp": mlp_root}[name]
    assert export(root, name, "onnx", tmp_path / "out") == 0
    model, weights = vae.load(root / name)
    options = {"providers": ["CPUExecutionProvider"]}
    encoder = onnxruntime.InferenceSession(tmp_path / "out" / "encoder.onnx", **options)
    decoder = onnxruntime.InferenceSession(tmp_path / "out" / "decoder.onnx", **options)
    for num in (1, 5):
        z = 3 * vae.sample(model, num, seed=num)
        (x,) = decoder.run(["x"], {"z": z})
        with torch.inference_mode():
            wanted = model.decode(torch.from_numpy(z)).numpy()
            posterior = model.encode(torch.from_numpy(wanted))
        assert x.shape == (num, *weights.image_shape)
        assert np.abs(x - wanted).max() < 1e-4 < 1 / 255
        mu, logvar = encoder.run(["mu", "logvar"], {"x": wanted})
        np.testing.assert_allclose(mu, posterior.mu, atol=1e-4)
        np.testing.assert_allclose(logvar, posterior.logvar, atol=1e-4)
    facts = decoder.get_modelmeta().custom_metadata_map
    assert facts == {"step": str(weights.step), "weights": weights.digest}


def test_safetensors_load_as_a_run_does(trained_root: Path, tmp_path: Path) -> None:
    assert export(trained_root, "tiny", "safetensors", tmp_path / "out") == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "config.json",
        "model.safetensors",
    ]
    model, weights = vae.load(trained_root / "tiny")
    again, same = vae.load(tmp_path / "out")
    assert (same.step, same.image_shape) == (weights.step, weights.image_shape)
    z = vae.sample(model, 4)
    assert np.array_equal(vae.decode(again, z), vae.decode(model, z))
    with safe_open(tmp_path / "out" / "model.safetensors", "np") as file:
        parts = {name.split(".")[0] for name in file.keys()}  # noqa: SIM118 (no dict)
    assert {"encoder", "decoder"} <= parts


def test_an_export_never_writes_into_a_run(
    trained_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Run(trained_root / "tiny")
    before = run.weights_file.read_bytes()
    assert export(trained_root, "tiny", "safetensors", run.folder) == 2
    assert "is the folder of a run" in capsys.readouterr().err
    assert run.weights_file.read_bytes() == before


def test_a_file_in_the_way_is_a_sentence(
    trained_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").write_text("mine")
    assert export(trained_root, "tiny", "safetensors", tmp_path / "out") == 2
    assert "is a file" in capsys.readouterr().err
    assert (tmp_path / "out").read_text() == "mine"


def test_missing_packages_are_named(
    trained_root: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("vae.commands.export.find_spec", lambda name: None)
    assert export(trained_root, "tiny", "onnx", tmp_path / "out") == 2
    assert "pip install onnx onnxscript" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert export(trained_root, "tiny", "safetensors", tmp_path / "out") == 0
