"""The command `select`: images of a run by their loss or by hand, a data version, their files."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from tests.conftest import TINY
from tests.vae.commands.test_command import refuse
from vae.commands.parser import main
from vae.data.run_images import open_run_images
from vae.evaluation import image_losses
from vae.faces.synthetic import faces
from vae.latent.encoding import to_unit
from vae.model.checkpoints import load_model
from vae.runs.events import images_of
from vae.runs.folder import Run, data_cache

NUM = 60
ODD = "a/07.png"  # an image unlike all others


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs `tiny` and `plain`, trained on a folder of faces with one that is noise."""
    place = tmp_path_factory.mktemp("select")
    pictures = faces(0, np.arange(NUM), 32)
    pictures[7] = 255 * np.random.default_rng(0).integers(0, 2, (32, 32, 3), np.uint8)
    for index, picture in enumerate(pictures):
        file = place / "faces" / ("a" if index < 30 else "b") / f"{index:02}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(file)
    words = [word for word in TINY if "num_images" not in word]
    data = ["--data", str(place / "faces"), "--root", str(place / "runs")]
    assert main(["train", "tiny", *data, *words]) == 0
    assert main(["train", "plain", *data, *words, "--train.objective=autoencoder"]) == 0
    return place


@pytest.fixture
def root(trained: Path, tmp_path: Path) -> Path:
    """A folder of runs of one's own."""
    shutil.copytree(trained / "runs", tmp_path / "runs")
    return tmp_path / "runs"


def told(capsys: pytest.CaptureFixture[str], root: Path, *words: str) -> tuple[dict[str, Any], str]:
    """The object that the command ends with, and the text before."""
    capsys.readouterr()
    assert main(["select", *words, "--root", str(root), "--json"]) == 0
    *lines, last = capsys.readouterr().out.splitlines()
    return json.loads(last), "\n".join(lines)


def test_the_image_unlike_all_others_has_the_highest_loss(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found, text = told(capsys, root, "tiny", "--highest_loss", "3")
    assert found["images"][0]["name"] == ODD
    assert text.splitlines()[0].endswith(f"nats  image 7  {ODD}")
    losses = [image["loss"] for image in found["images"]]
    assert losses == sorted(losses, reverse=True)
    assert text.splitlines()[-1].endswith("losses.npz")
    assert found["version"] is found["export"] is None


def test_losses_are_those_of_the_elbo_and_are_measured_once(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run(root / "tiny")
    model, weights = load_model(run)
    dataset = open_run_images(run.config().data, data_cache(root), images_of(run.events()))
    found = image_losses.known_losses(run, model, weights, dataset)
    x = to_unit(dataset.take(np.arange(len(dataset))))
    with torch.inference_mode():
        eps = torch.randn(len(x), 6, generator=torch.Generator().manual_seed(0))
        elbo = model(x, eps[None]).elbo
    np.testing.assert_allclose(found.loss, -elbo, rtol=1e-4)
    monkeypatch.setattr(image_losses, "image_losses", None)
    again = image_losses.known_losses(run, model, weights, dataset)
    np.testing.assert_array_equal(again.loss, found.loss)
    told(capsys, root, "tiny", "--highest_loss", "1")


def test_the_loss_of_a_plain_autoencoder_is_its_error_alone(root: Path) -> None:
    run = Run(root / "plain")
    model, weights = load_model(run)
    dataset = open_run_images(run.config().data, data_cache(root), images_of(run.events()))
    found = image_losses.known_losses(run, model, weights, dataset)
    x = to_unit(dataset.take(np.arange(len(dataset))))
    with torch.inference_mode():
        nll = model.likelihood.nll(model.decoder(model.encode(x).mu), x)
    np.testing.assert_allclose(found.loss, nll, rtol=1e-4)


def test_a_loss_that_is_no_number_comes_first() -> None:
    loss = np.array([1, np.nan, 3, np.inf, 2], np.float32)
    found = image_losses.ImageLosses(loss, 0, "", "")
    assert found.highest(3).tolist() == [1, 3, 2]
    assert len(found.highest(99)) == 5


def test_a_version_without_the_hardest_images_is_trained_on_and_resumed(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found, text = told(capsys, root, "tiny", "--highest_loss", "4", "--leave_out", "clean")
    file = root / ".versions" / "clean.json"
    assert found["version"] == {
        "source": str(file),
        "how": "leave_out",
        "num_images": NUM - 4,
        "num_left_out": 4,
    }
    assert f"python -m vae train clean --data {file} --root {root}" in text
    words = [word for word in TINY if "num_images" not in word]
    assert main(["train", "clean", "--data", str(file), "--root", str(root), *words]) == 0
    assert main(["train", "clean", "--root", str(root), "--train.epochs", "3"]) == 0
    dataset = open_run_images(Run(root / "clean").config().data, data_cache(root), None)
    assert len(dataset) == NUM - 4
    assert ODD not in dataset.names
    assert main(["check", str(file), "--root", str(root), "--json"]) == 0
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert report["counts"] == {"excluded": 4, "used": NUM - 4}
    # From there, another one, and the run goes on when the version is gone.
    found, _ = told(capsys, root, "clean", "--images", "0-9", "--keep", "ten")
    assert found["version"]["num_images"] == 10
    file.unlink()
    assert main(["train", "clean", "--root", str(root), "--train.epochs", "4"]) == 0
    assert "clean.json" in refuse(capsys, root, "select", "clean", "--images", "1", "--keep", "x")


def test_images_are_named_by_number_or_in_a_file(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def chosen(text: str) -> list[int]:
        return [
            image["image"] for image in told(capsys, root, "tiny", "--images", text)[0]["images"]
        ]

    assert chosen("3, 17,40-42,3") == [3, 17, 40, 41, 42]
    names = tmp_path / "names.txt"
    names.write_text(f"\ufeff{ODD}\r\n\n59\nb/31.png\n", encoding="utf-8")
    assert chosen(str(names)) == [7, 59, 31]
    names.write_text("a/nothing.png\n")
    for words, sentence in (
        (str(names), "There is no image 'a/nothing.png' in faces, where names look like"),
        ("60", "There is no image 60: the data have 0 to 59."),
        ("nowhere.txt", "There is no file 'nowhere.txt': give numbers such as"),
    ):
        assert refuse(capsys, root, "select", "tiny", "--images", words).startswith(sentence)
    assert "at least 1" in refuse(capsys, root, "select", "tiny", "--highest_loss", "0")
    assert "required" in refuse(capsys, root, "select", "tiny")


def test_files_are_copied_as_they_lie(
    trained: Path, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.zip"
    found, text = told(capsys, root, "tiny", "--images", "7,31", "--export", str(out))
    assert found["export"] == {"out": str(out), "num": 2, "num_originals": 2}
    assert f"{out}: 2 images, the files themselves." in text
    with zipfile.ZipFile(out) as archive:
        assert archive.namelist() == [ODD, "b/31.png"]
        assert archive.read(ODD) == (trained / "faces" / ODD).read_bytes()
    assert "is there already" in refuse(
        capsys, root, "select", "tiny", "--images", "7", "--export", str(out)
    )


def test_drawn_images_have_no_versions_but_can_be_copied(
    trained_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("select", "tiny", "--images", "1")
    assert "are drawn for each training" in refuse(capsys, trained_root, *words, "--keep", "x")
    assert not (trained_root / ".versions").exists()
    found, _ = told(capsys, trained_root, *words[1:], "--export", str(tmp_path / "out"))
    assert found["export"]["num_originals"] == 0
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["1.png"]
