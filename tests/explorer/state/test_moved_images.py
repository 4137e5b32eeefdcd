"""A run whose images have gone: what needs none goes on, and the page takes their new place."""

from __future__ import annotations

import base64
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from explorer.state.session import Session
from tests.degenerate_data import LITTLE, MLP, noise, save
from tests.explorer.pages import page, text_of
from vae.commands.parser import main
from vae.data.run_images import open_run_images
from vae.runs.events import images_of
from vae.runs.folder import Run

ASKING = ("Map", "Sliders", "Interpolate", "Model")
FIELD, BUTTON = "New place of the images", "Use this place"


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    return save(tmp_path / "faces", noise(12))


@pytest.fixture
def run(faces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run of these images."""
    root = tmp_path / "runs"
    monkeypatch.setenv("VAE_ROOT", str(root))
    words = [f"--data={faces}", *LITTLE, *MLP, "--model.latent_dim=3"]
    assert main(["train", "tiny", "--root", str(root), *words]) == 0
    return Run(root / "tiny")


@pytest.fixture
def moved(faces: Path, run: Run, tmp_path: Path) -> Path:
    """Where they lie now; neither they nor their import are where the run looks."""
    shutil.rmtree(run.root / ".data")
    return faces.rename(tmp_path / "moved")


def fields(at: AppTest) -> list[str]:
    return [box.label for box in at.main.text_input]


def told_place(at: AppTest, place: str) -> AppTest:
    """The page after that place was written into the field and the button pressed."""
    next(box for box in at.main.text_input if box.label == FIELD).set_value(place)
    next(one for one in at.main.button if one.label == BUTTON).click().run()
    assert not at.exception
    return at


@pytest.mark.parametrize("panel", ASKING)
def test_the_new_place_is_asked_for_and_taken_and_remembered_with_the_run(
    panel: str, run: Run, moved: Path
) -> None:
    at = page(panel)
    assert "**The images of this run are gone**, and so is their import. There is n" in text_of(at)
    assert fields(at).count(FIELD) == 1
    assert not at.error
    at = told_place(at, f'"{moved}"')
    assert FIELD not in fields(at)
    assert not at.error
    assert run.status() == "finished"
    assert run.config().data.source == str(moved)
    shutil.rmtree(run.root / ".data")
    for words in (["evaluate", "tiny", "--frechet_num=0"], ["train", "tiny", "--train.epochs=3"]):
        assert main([*words, "--root", str(run.root)]) == 0
    for other in ASKING:
        assert FIELD not in fields(page(other))


def test_other_images_and_no_place_are_refused_in_a_sentence(
    run: Run, moved: Path, tmp_path: Path
) -> None:
    log = run.events_file.read_bytes()
    other = tmp_path / "other"
    shutil.copytree(moved, other)
    (other / "3.png").unlink()
    for place, sentence in (
        ("", "Write the path of the folder or file that holds the images now."),
        (str(tmp_path / "nowhere"), f"There is nothing at {tmp_path / 'nowhere'}"),
        (str(other), f"The 11 images of {other} are not those that the run began with"),
    ):
        at = told_place(page("Map"), place)
        assert len(at.error) == 1
        assert at.error[0].value.startswith(sentence)
        assert FIELD in fields(at)
    assert run.events_file.read_bytes() == log


def test_a_place_is_not_taken_while_the_run_trains(run: Run, moved: Path) -> None:
    lock = run.lock()
    lock.acquire()
    try:
        at = told_place(page("Map"), str(moved))
    finally:
        lock.release()
    assert at.error[0].value == "Run tiny is training: pause or stop it first."


@pytest.mark.parametrize("panel", ["Live", "Sliders", "Animation", "Model"])
def test_what_needs_no_image_goes_on_without(panel: str, run: Run, moved: Path) -> None:
    at = page(panel)
    assert not at.error
    components = {one.proto.component_name for one in at.main.get("bidi_component")}
    wanted = {"Live": None, "Sliders": "latent_dials", "Animation": "training_animation"}
    if name := wanted.get(panel):
        assert name in components
    if panel == "Live":
        alts = {proto.alt for one in at.get("image") for proto in one.proto.imgs}
        assert {"Reconstructions", "Samples"} <= alts


def test_a_path_goes_between_random_points_while_the_images_are_gone(run: Run, moved: Path) -> None:
    def told(at: AppTest) -> dict[str, Any]:
        components = at.main.get("bidi_component")
        one = next(one for one in components if one.proto.component_name == "latent_path")
        data: dict[str, Any] = json.loads(one.proto.json)
        return data

    at = page("Interpolate")
    alts = [proto.alt for one in at.main.get("image") for proto in one.proto.imgs]
    assert alts == [f"Path {step}" for step in range(1, 10)]
    before = told(at)["points"]
    fitted = Session(run.root, run).flow()
    assert fitted is not None  # beyond where codes lie its paths would lead anywhere
    points = np.frombuffer(base64.b64decode(before), "<f4").reshape(-1, 3)
    np.testing.assert_allclose(points[[0, -1]], fitted.sample(2, 0), atol=1e-3)
    assert "random points of the flow" in "\n".join(str(one.value) for one in at.main.caption)
    next(one for one in at.main.button if one.label == "Other points").click().run()
    assert not at.exception
    assert not at.error
    assert told(at)["points"] != before


def test_images_that_are_gone_are_shown_from_their_import(run: Run, faces: Path) -> None:
    shutil.rmtree(faces)
    for panel in ("Live", *ASKING, "Animation"):
        at = page(panel)
        assert FIELD not in fields(at)
        assert not at.error
    assert main(["train", "tiny", "--train.epochs=3", "--root", str(run.root)]) == 0


def test_images_that_have_changed_are_not_taken_for_those_of_the_run(run: Run, faces: Path) -> None:
    shutil.rmtree(run.root / ".data")
    shutil.copy(faces / "3.png", faces / "new.png")
    (faces / "3.png").unlink()
    (faces / "0.png").unlink()
    assert "are no longer those that the run began with." in text_of(page("Map"))
    assert images_of(run.events()) is not None
    with pytest.raises(ValueError, match="are no longer those that the run began with"):
        open_run_images(run.config().data, run.root / ".data", images_of(run.events()))


def test_the_new_place_of_what_a_version_is_made_of_is_taken(
    run: Run, faces: Path, tmp_path: Path
) -> None:
    words = ["--images", "0,3", "--leave_out", "some", "--root", str(run.root)]
    assert main(["select", "tiny", *words]) == 0
    file = run.root / ".versions" / "some.json"
    shutil.rmtree(run.folder)
    words = [f"--data={file}", *LITTLE, *MLP, "--model.latent_dim=3"]
    assert main(["train", "tiny", "--root", str(run.root), *words]) == 0
    shutil.rmtree(run.root / ".data")
    moved = faces.rename(tmp_path / "moved")
    at = page("Map")
    assert "The images of the data version some.json are not where they were" in text_of(at)
    at = told_place(at, str(moved))
    assert FIELD not in fields(at)
    assert not at.error
    assert run.config().data.source == str(file)
    assert len(open_run_images(run.config().data, run.root / ".data", None)) == 10
