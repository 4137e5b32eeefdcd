"""Images are found where they are: built in, used before, dropped, each by one press."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from explorer.server.uploads import Arrival
from explorer.sidebar import known_sources
from tests.explorer.pages import PAGE
from vae.config import Config, with_values
from vae.data.dataset import open_dataset
from vae.data.versions import version_file
from vae.data.versions.version_file import Version
from vae.runs.config_file import to_document
from vae.runs.folder import Run, data_cache


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VAE_ROOT", str(tmp_path / "runs"))
    return tmp_path / "runs"


def opened() -> AppTest:
    page = AppTest.from_file(PAGE, default_timeout=30).run()
    assert not page.exception
    return page


def button(at: AppTest, label: str):
    return next(one for one in at.sidebar.button if one.label.startswith(label))


def source(at: AppTest) -> str:
    return str(next(one for one in at.sidebar.text_input if one.label == "Data").value)


def test_sets_of_torchvision_that_are_on_disk_are_built_in(root: Path) -> None:
    assert known_sources.on_disk(root) == []
    (root / "data" / "MNIST" / "raw").mkdir(parents=True)
    (root / "data" / "SVHN").mkdir()
    (root / "data" / "SVHN" / "train_32x32.mat").touch()
    assert known_sources.on_disk(root) == ["torchvision:MNIST", "torchvision:SVHN"]
    at = opened()
    button(at, "MNIST").click().run()
    assert source(at) == "torchvision:MNIST"
    button(at, "Anime faces").click().run()
    assert source(at) == "synthetic"
    button(at, "Clothes").click().run()
    assert source(at) == "fashion"


def test_what_was_trained_on_is_offered_with_the_number_of_its_images(
    root: Path, tmp_path: Path
) -> None:
    faces = tmp_path / "faces"
    faces.mkdir()
    for number in range(7):
        pixels = np.full((8, 8, 3), 30 * number, np.uint8)
        Image.fromarray(pixels).save(faces / f"{number}.png")
    config = with_values(Config(), {"data.source": str(faces)})
    open_dataset(config.data, data_cache(root))
    run = Run(root / "mine")
    run.folder.mkdir(parents=True)
    run.config_file.write_text(json.dumps(to_document(config)))
    known = known_sources.known_sources(root)
    assert known[str(faces)].num_images == 7
    assert str(known_sources.picture(known[str(faces)])).startswith("data:image/webp")
    at = opened()
    offered = next(one for one in at.sidebar.button if "7 images" in one.label)
    offered.click().run()
    assert source(at) == str(faces)
    (data_cache(root) / "broken").mkdir()
    (data_cache(root) / "broken" / "manifest.json").write_text("{}")
    assert list(known_sources.known_sources(root)) == [str(faces)]


def test_what_has_arrived_becomes_the_data(root: Path) -> None:
    at = opened()
    with contextlib.closing(Arrival(root, [("faces/a.png", 1)])) as arrival:
        arrival.feed(b"1")
        upload = arrival.end()
    at.session_state["own_images.drop"] = {"arrived": ["faces", 1]}
    at.run()
    assert not at.exception
    button(at, "faces").click().run()
    assert source(at) == upload.source
    button(at, "Remove").click().run()
    assert not (root / ".uploads" / "faces").exists()


def test_a_data_version_is_offered_and_removed(root: Path) -> None:
    file = version_file.folder(root) / "smiling.json"
    version_file.write_version(
        file, Version("/data/faces.zip", "leave_out", ("1.png", "2.png"), "stamp")
    )
    at = opened()
    offered = button(at, "smiling")
    assert "without 2 images" in offered.label
    offered.click().run()
    assert source(at) == str(file.resolve())
    button(at, "Remove").click().run()
    assert not file.exists()
