"""The pictures of clothes that come with the product."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vae.commands.parser import main
from vae.config import DataConfig
from vae.data.dataset import open_dataset
from vae.data.run_images import open_run_images
from vae.data.versions.version_file import is_version
from vae.runs.folder import Run, data_cache


def test_it_is_there_without_a_download(tmp_path: Path) -> None:
    dataset = open_dataset(DataConfig("fashion"), tmp_path)
    assert (len(dataset), dataset.image_shape, dataset.name) == (3000, (1, 28, 28), "fashion")
    (labels,) = dataset.attributes.values()
    np.testing.assert_array_equal(np.bincount(labels), 300)
    assert {"Trousers", "Bag", "Boot"} < set(dataset.classes["label"])
    images = dataset.take(np.arange(3000))
    of_trousers = labels == list(dataset.classes["label"]).index("Trousers")
    assert images[of_trousers].std(0).mean() < images.std(0).mean(), "its names fit"


def test_a_run_finds_it_wherever_it_was_made(tmp_path: Path) -> None:
    first = open_dataset(DataConfig("fashion"), tmp_path / "here")
    again = open_run_images(DataConfig("fashion"), tmp_path / "there", first.fingerprint)
    assert again.fingerprint == first.fingerprint


def test_a_folder_of_that_name_is_named_by_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.vae.data.folders.samples import encoded, write

    write(tmp_path / "fashion" / "a.png", encoded(0))
    write(tmp_path / "fashion" / "b.png", encoded(1))
    monkeypatch.chdir(tmp_path)
    assert len(open_dataset(DataConfig("fashion"), tmp_path / "cache")) == 3000
    assert len(open_dataset(DataConfig("./fashion"), tmp_path / "cache")) == 2


def test_a_version_of_it_leaves_images_out(tmp_path: Path) -> None:
    words = ["train", "few", "--root", str(tmp_path), "--data.source", "fashion"]
    words += ["--data.num_images", "40", "--train.epochs", "1", "--model.name", "mlp"]
    assert main([*words, "--model.prior", "normal"]) == 0
    config = Run(tmp_path / "few").config()
    assert config.data.source == "fashion"
    words = ["select", "few", "--root", str(tmp_path), "--images", "0-9", "--leave_out", "fewer"]
    assert main(words) == 0
    (file,) = (tmp_path / ".versions").glob("*.json")
    assert is_version(file)
    dataset = open_dataset(DataConfig(str(file)), data_cache(tmp_path))
    assert len(dataset) == 2990
