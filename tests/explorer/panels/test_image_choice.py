"""Images left out of the next training by a press, from the map and by their loss."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from tests.conftest import TINY
from tests.explorer.pages import page, text_of
from vae.commands.parser import main
from vae.evaluation.image_losses import kept_losses
from vae.faces.synthetic import faces
from vae.latent.encoding import load_latents
from vae.runs.folder import Run

NUM = 60
LASSO = "mapview:tiny"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("choice")
    (place / "faces").mkdir()
    for index, picture in enumerate(faces(0, np.arange(NUM), 32)):
        Image.fromarray(picture).save(place / "faces" / f"{index:02}.png")
    words = [word for word in TINY if "num_images" not in word]
    source = ["--data", str(place / "faces"), "--root", str(place / "runs")]
    assert main(["train", "tiny", *source, *words]) == 0
    assert main(["select", "tiny", "--root", str(place / "runs"), "--highest_loss", "9"]) == 0
    return place


@pytest.fixture
def root(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(trained / "runs", tmp_path / "runs")
    monkeypatch.setenv("VAE_ROOT", str(tmp_path / "runs"))
    return tmp_path / "runs"


def pressed(at: AppTest, label: str) -> AppTest:
    (button,) = [button for button in at.button if button.label == label]
    button.click().run()
    assert not at.exception
    return at


def labels_of(at: AppTest) -> list[str]:
    return [button.label for button in at.button]


def lassoed(root: Path, num: int) -> tuple[AppTest, list[int]]:
    """The map with a lasso around some images."""
    images = load_latents(Run(root / "tiny").latents_file).index[:num].tolist()
    group = {"indices": images, "count": num, "number": 1}
    return page("Map", mapview={"group": group}), images


def test_a_lasso_is_kept_and_stands_in_the_form(root: Path) -> None:
    at, images = lassoed(root, 3)
    assert "The map shows 6 of the 60 images." in text_of(at)
    pressed(at, "Keep only these")
    file = root / ".versions" / "faces-only-3.json"
    assert sorted(json.loads(file.read_text())["keep"]) == [f"{image:02}.png" for image in images]
    assert at.text_input("new_run.source").value == str(file)
    data = Run(root / "tiny").config().data
    assert data.image_size is not None
    assert at.number_input("new_run.image_size").value == data.image_size, "as the run's are"
    assert "faces-only-3** has 3 of the 60 images" in at.toast[0].value
    pressed(at, "Leave these out")
    assert at.text_input("new_run.source").value == str(root / ".versions/faces-without-3.json")


def test_what_makes_no_version_is_said_beside_the_buttons(root: Path, trained: Path) -> None:
    at, _ = lassoed(root, 2)
    (trained / "faces").rename(trained / "away")
    try:
        pressed(at, "Keep only these")
        assert "There is nothing at" in text_of(at)
        assert not (root / ".versions").exists()
        assert at.text_input("new_run.source").value == "synthetic"
    finally:
        (trained / "away").rename(trained / "faces")
    pressed(at, "Keep only these")
    assert "There is nothing at" not in text_of(at)


def test_the_hardest_images_are_left_out_all_or_those_chosen(root: Path) -> None:
    at = page("Model")
    assert "60 images, step" in text_of(at)
    pressed(at, "Leave out all 24")
    file = root / ".versions" / "faces-without-24.json"
    assert len(json.loads(file.read_text())["leave_out"]) == 24
    assert at.text_input("new_run.source").value == str(file)
    known = kept_losses(Run(root / "tiny"))
    assert known is not None
    at.session_state[f"hardest:tiny.24.{known.step}"] = {"picked": [5, 8]}
    at.run()
    assert "05\\.png" in text_of(at)
    pressed(at, "Leave out the 2 chosen")
    file = root / ".versions" / "faces-without-2.json"
    assert json.loads(file.read_text())["leave_out"] == ["05.png", "08.png"]


def test_drawn_images_can_be_taken_home_but_not_left_out(
    trained_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(trained_root / "tiny", tmp_path / "tiny")
    monkeypatch.setenv("VAE_ROOT", str(tmp_path))
    at, _ = lassoed(tmp_path, 3)
    assert "Keep only these" not in labels_of(at)
    assert "are drawn for each training" in text_of(at)
    assert main(["select", "tiny", "--root", str(tmp_path), "--highest_loss", "9"]) == 0
    at = page("Model")
    assert not [label for label in labels_of(at) if label.startswith("Leave out")]
    assert "are drawn for each training" in text_of(at)
