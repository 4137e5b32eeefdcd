"""A picture of one's own in Sliders is encoded as the run's images were."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from tests.degenerate_data import LITTLE, MLP
from tests.explorer.pages import page, text_of
from vae import api
from vae.commands.parser import main
from vae.runs.folder import Run


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Transparent ones, wider than high."""
    folder = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(0)
    for index in range(8):
        values = rng.integers(0, 256, (20, 36, 4), np.uint8)
        values[:, 10:20, 3] = 0
        Image.fromarray(values).save(folder / f"{index}.png")
    return folder


@pytest.fixture(scope="module", params=["centre", "fit", "stretch"])
def root(
    request: pytest.FixtureRequest, pictures: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A folder of runs with one, `tiny`, of these pictures on black."""
    folder = tmp_path_factory.mktemp("runs")
    words = [f"--data={pictures}", f"--data.crop={request.param}", "--data.background=black"]
    words += [*LITTLE, *MLP, "--model.latent_dim=3", "--root", str(folder)]
    assert main(["train", "tiny", *words]) == 0
    return folder


@pytest.fixture(autouse=True)
def use_root(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAE_ROOT", str(root))


def uploaded(name: str, data: bytes) -> AppTest:
    at = page("Sliders")
    at.file_uploader[0].set_value((name, data, "image/png")).run()
    assert not at.exception
    return at


def test_an_uploaded_picture_is_cropped_and_coloured_as_the_data(
    root: Path, pictures: Path
) -> None:
    model, _ = api.load(root / "tiny")
    dataset = api.dataset(root / "tiny")
    index = list(dataset.names).index("5.png")
    at = uploaded("5.png", (pictures / "5.png").read_bytes())
    expected = api.encode(model, dataset.take([index]))[0]
    np.testing.assert_allclose(at.session_state["z:tiny"], expected, atol=1e-5)
    zooms = [slider for slider in at.main.slider if slider.label == "Zoom"]
    is_whole = Run(root / "tiny").config().data.crop != "centre"
    assert len(zooms) == (not is_whole)
    assert ("All of it is used" in text_of(at)) == is_whole


def test_a_file_that_is_none_is_one_sentence() -> None:
    at = uploaded("5.png", b"no picture")
    assert [error.value for error in at.error] == [
        "This picture cannot be read (the file is a text): choose another one."
    ]
