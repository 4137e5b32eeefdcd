"""Dropped files are taken up again, and lines for newcomers are put away for good."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from explorer import hints, images, recipes
from explorer.recipes import Recipe
from vae import api, pictures

PAGE = str(Path(__file__).parent.parent / "explorer" / "page.py")


@pytest.fixture
def root(trained_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of runs of one's own, with the same run twice."""
    for name in ("other", "tiny"):
        shutil.copytree(trained_root / "tiny", tmp_path / name)
    monkeypatch.setenv("VAE_ROOT", str(tmp_path))
    return tmp_path


@pytest.fixture
def recipe(root: Path) -> Recipe:
    """A face of run tiny."""
    _, weights = api.load(root / "tiny")
    z = np.random.default_rng(5).standard_normal((1, 6)).astype(np.float32)
    return Recipe("face", "tiny", weights.digest, weights.step, 32, z)


def page(panel: str, run: str = "tiny") -> AppTest:
    at = AppTest.from_file(PAGE, default_timeout=30)
    at.session_state["panel"], at.session_state["run"] = panel, run
    at.run()
    assert not at.exception
    return at


def drop(at: AppTest, recipe: Recipe | None, root: Path, name: str = "face.png") -> None:
    """Drop a picture with that recipe on the panel's uploader."""
    picture = api.data(root / "tiny").take([3])[0]
    comment = "" if recipe is None else recipes.written(recipe)
    data = pictures.png(images.enlarged(picture, 96), comment)
    at.file_uploader[0].set_value((name, data, "image/png")).run()
    assert not at.exception


def z_of(at: AppTest, run: str = "tiny") -> np.ndarray:
    return np.float32(at.session_state[f"z:{run}"])


def toasts(at: AppTest) -> str:
    return "\n".join(toast.value for toast in at.toast)


def errors(at: AppTest) -> str:
    return "\n".join(str(error.value) for error in at.error)


def test_a_dropped_face_restores_its_point_exactly(root: Path, recipe: Recipe) -> None:
    at = page("Sliders")
    assert not np.array_equal(z_of(at), recipe.points[0])
    drop(at, recipe, root)
    assert z_of(at).tobytes() == recipe.points[0].tobytes()
    assert "to the last digit" in toasts(at)


def test_other_weights_are_said_in_a_sentence(root: Path, recipe: Recipe) -> None:
    at = page("Sliders")
    drop(at, dataclasses.replace(recipe, digest="0" * 64, step=5), root)
    assert np.array_equal(z_of(at), recipe.points[0])
    assert "weights of step 5; they are now those of step 8" in toasts(at)


def test_a_face_of_another_run_opens_that_run(root: Path, recipe: Recipe) -> None:
    at = page("Sliders", "other")
    drop(at, recipe, root)
    assert at.session_state["run"] == "tiny"
    assert np.array_equal(z_of(at), recipe.points[0])
    assert "run tiny" in toasts(at)


def test_a_face_of_a_run_that_is_not_here_is_a_plain_picture(root: Path, recipe: Recipe) -> None:
    at = page("Sliders")
    drop(at, dataclasses.replace(recipe, run="gone"), root)
    model, _ = api.load(root / "tiny")
    picture = images.read_upload(
        pictures.png(images.enlarged(api.data(root / "tiny").take([3])[0], 96)), (3, 32, 32)
    )
    np.testing.assert_allclose(z_of(at), api.encode(model, picture[None])[0], atol=1e-5)
    assert "gone, which is not here" in toasts(at)


@pytest.mark.parametrize("num_dims", [0, 5])
def test_a_face_of_another_kind_of_model_is_a_plain_picture(
    root: Path, recipe: Recipe, num_dims: int
) -> None:
    at = page("Sliders")
    drop(at, None, root)
    encoded = z_of(at)
    points = np.ones((1, num_dims), np.float32)
    drop(at, dataclasses.replace(recipe, points=points), root, "another.png")
    assert np.array_equal(z_of(at), encoded)
    assert f"{num_dims} dimensions" in toasts(at)


def test_a_recipe_without_a_point_changes_nothing(root: Path, recipe: Recipe) -> None:
    at = page("Sliders")
    before = z_of(at)
    drop(at, dataclasses.replace(recipe, points=np.ones((0, 6), np.float32)), root)
    assert np.array_equal(z_of(at), before)


def test_a_path_dropped_on_sliders_is_sent_to_interpolate(root: Path, recipe: Recipe) -> None:
    at = page("Sliders")
    before = z_of(at)
    drop(at, dataclasses.replace(recipe, kind="path"), root)
    assert np.array_equal(z_of(at), before)
    assert "drop it in Interpolate" in errors(at)


def test_the_program_to_copy_is_of_the_point_on_the_screen(root: Path, recipe: Recipe) -> None:
    at = page("Sliders")
    drop(at, recipe, root)
    program = at.code[0].value
    assert "import vae" in program
    numbers = program.split("[[")[1].split("]]")[0].replace("\n", " ").split(",")[:6]
    assert np.array_equal(np.float32(numbers), recipe.points[0])


@pytest.mark.parametrize("panel", hints.HINTS)
def test_every_panel_has_one_line_for_newcomers(root: Path, panel: str) -> None:
    at = page(panel)
    line = hints.HINTS[panel]
    assert any(line in str(element.value) for element in at.markdown)
    at.button(key=f"hint:{panel}").click().run()
    assert not any(line in str(element.value) for element in at.markdown)
