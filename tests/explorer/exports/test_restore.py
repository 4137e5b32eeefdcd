"""Dropped files are taken up again, and lines for newcomers are put away for good."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from explorer import hints
from explorer.drawing import images
from explorer.exports import recipes
from explorer.exports.recipes import Recipe
from explorer.panels.animation import downloads
from explorer.panels.animation.frames import frame_events
from explorer.state.session import Session
from tests.explorer.pages import PAGE
from vae import api, pictures
from vae.data.images.decoding import Rendering
from vae.data.images.one_picture import rendered_file
from vae.runs.folder import Run


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
    picture = api.dataset(root / "tiny").take([3])[0]
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
    assert "Restored exactly" in toasts(at)


def test_other_weights_are_said_in_a_sentence(root: Path, recipe: Recipe) -> None:
    at = page("Sliders")
    drop(at, dataclasses.replace(recipe, digest="0" * 64, step=5), root)
    assert np.array_equal(z_of(at), recipe.points[0])
    assert "weights of step 5; the weights are now those of step 8" in toasts(at)


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
    picture = rendered_file(
        pictures.png(images.enlarged(api.dataset(root / "tiny").take([3])[0], 96)),
        Rendering(32, 3),
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
    assert "upload it in Interpolate" in errors(at)


def path_of(at: AppTest) -> tuple[object, ...]:
    """What Interpolate shows: images, kind, steps, and how it is played."""
    state = at.session_state
    tour = state["tour:tiny"]
    return (
        state["picks:tiny"],
        state["path_controls:tiny"],
        tour.way,
        tour.ease,
        tour.speed,
        tour.position,
    )


def path_recipe(recipe: Recipe, root: Path, picked: list[int]) -> Recipe:
    model, _ = api.load(root / "tiny")
    keys = api.encode(model, api.dataset(root / "tiny").take(np.array(picked)))
    settings = {"path": "lerp", "steps": 7, "images": picked, "position": 0.25}
    player = {"way": "around", "ease": True, "speed": 2.0}
    return dataclasses.replace(recipe, kind="path", points=keys, settings=settings | player)


def test_a_dropped_path_restores_images_kind_steps_and_player(root: Path, recipe: Recipe) -> None:
    at = page("Interpolate")
    drop(at, path_recipe(recipe, root, [3, 17, 5, 8]), root)
    assert path_of(at) == ([3, 17, 5, 8], ("lerp", 4, 7), "around", True, 2.0, 0.25)
    assert "Restored exactly" in toasts(at)
    grid = next(
        json.loads(element.proto.json)
        for element in at.get("bidi_component")
        if element.proto.component_name == "image_gallery"
    )
    assert grid["picked"] == [3, 17, 5, 8]


def test_a_path_with_settings_of_nonsense_falls_back_to_good_ones(
    root: Path, recipe: Recipe
) -> None:
    at = page("Interpolate")
    made = path_recipe(recipe, root, [3, 17])
    odd = {"path": ["x"], "steps": 10**9, "way": 7, "speed": "fast", "position": "here"}
    drop(at, dataclasses.replace(made, settings={**made.settings, **odd}), root)
    assert path_of(at) == ([3, 17], ("slerp", 2, 9), "back", False, 1.0, 0.5)


def test_a_path_through_images_that_are_not_here_changes_nothing(
    root: Path, recipe: Recipe
) -> None:
    at = page("Interpolate")
    before = at.session_state["picks:tiny"]
    drop(at, dataclasses.replace(path_recipe(recipe, root, [3, 17]), settings={}), root)
    assert at.session_state["picks:tiny"] == before
    assert "images that are not in this data set" in toasts(at)


def test_a_path_of_another_run_opens_that_run(root: Path, recipe: Recipe) -> None:
    at = page("Interpolate", "other")
    drop(at, path_recipe(recipe, root, [3, 17]), root)
    assert at.session_state["run"] == "tiny"
    assert at.session_state["picks:tiny"] == [3, 17]


def test_a_file_without_a_path_is_a_sentence(root: Path, recipe: Recipe) -> None:
    at = page("Interpolate")
    drop(at, None, root)
    assert "holds no path" in errors(at)
    drop(at, recipe, root, "again.png")
    assert "upload it in Sliders" in errors(at)


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
    line = hints.HINTS[panel].seen
    assert any(line in str(element.value) for element in at.markdown)
    at.button(key=f"hint:{panel}").click().run()
    assert not any(line in str(element.value) for element in at.markdown)


def test_a_training_animation_says_of_which_run_and_steps(root: Path) -> None:
    session = Session(root, Run(root / "tiny"))
    frames = frame_events(session)
    files = tuple(str(root / "tiny" / event["samples"]) for event in frames)
    data = downloads.animation_file(files, ".gif", downloads.recipe_of(session, frames))
    made = recipes.read(data)
    assert made is not None
    assert (made.kind, made.run, made.step) == ("training", "tiny", 8)
    assert made.settings["steps"] == list(range(9))
