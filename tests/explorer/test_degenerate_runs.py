"""Every panel of runs on hardly any data shows something or says one sentence, and no traceback.

What the panels start as processes are commands, which have their own tests.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from tests.degenerate_data import NAMES
from tests.explorer.pages import PAGE, text_of
from vae.latent.encoding import load_latents

# Buttons that start processes, and one for the page as a whole.
OTHERS = ("Evaluate", "Evaluate again", "Map all images", "Compute UMAP", "Got it")
FINDING = "Find the nearest training images"
GROUND = {"picked": {"point": [0.1, 0.2], "number": 1}}


@pytest.fixture(autouse=True)
def root(degenerate_root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VAE_ROOT", str(degenerate_root))
    return degenerate_root


def opened(name: str, panel: str, **state: Any) -> AppTest:
    """The page with that run and panel open; `state` is what it keeps of the run."""
    at = AppTest.from_file(PAGE, default_timeout=60)
    at.query_params["run"] = name
    at.session_state["panel"] = panel
    for key, value in state.items():
        at.session_state[f"{key}:{name}"] = value
    return checked(at.run())


def checked(at: AppTest) -> AppTest:
    assert not at.exception
    return at


def on_map(root: Path, name: str) -> list[int]:
    """The images that a run's map shows."""
    images: list[int] = load_latents(root / name / "latents.npz").index.tolist()
    return images


def errors(at: AppTest) -> list[str]:
    return [element.value for element in at.error]


@pytest.mark.parametrize("panel", ["Live", "Map", "Sliders", "Interpolate", "Animation", "Model"])
@pytest.mark.parametrize("name", NAMES)
def test_every_panel_of_hardly_any_data_opens_and_its_buttons_work(name: str, panel: str) -> None:
    at = opened(name, panel)
    assert errors(at) == []
    if panel == "Interpolate":
        return  # its buttons turn pages and open other panels
    there = [button.key for button in at.main.button if button.label not in (*OTHERS, FINDING)]
    for key in there:
        at = opened(name, panel)
        button = next(one for one in at.main.button if one.key == key)
        if not button.disabled:
            assert errors(checked(button.click().run())) == []


@pytest.mark.parametrize("name", NAMES)
def test_what_is_chosen_on_a_map_of_hardly_any_data_is_looked_into(name: str, root: Path) -> None:
    images = on_map(root, name)
    at = opened(name, "Map", mapview={"picked": {"index": images[0], "number": 1}})
    assert f"**Image {images[0]}**" in text_of(at)
    at = opened(name, "Map", mapview=GROUND)
    assert "**Between the images**" in text_of(at)
    group = {"indices": images, "count": len(images), "number": 1}
    assert errors(opened(name, "Map", mapview={"group": group})) == []
    assert errors(opened(name, "Map", plain_map=True)) == []
    assert errors(opened(name, "Map", show_path=True, picks=[0, 1])) == []


@pytest.mark.parametrize("name", NAMES)
def test_every_kind_of_direction_and_path_of_hardly_any_data_is_shown(name: str) -> None:
    for directions in ("PCA of the posterior means", "Found directions", "Saved directions"):
        assert errors(opened(name, "Sliders", directions=directions)) == []
    for kind in ("slerp", "lerp", "dense"):
        assert errors(opened(name, "Interpolate", kind=kind, picks=[0, 1])) == []


# ------------------------------------------------------------------------- one and two dimensions


def methods(at: AppTest) -> list[str]:
    """How the map may be laid out, by the words on the screen."""
    shown = [box for box in at.main.get("button_group") if box.label == "Method"]
    return [option.content for box in shown for option in box.proto.options]


def test_a_map_of_two_dimensions_names_them_and_no_pca() -> None:
    at = opened("forty_flat", "Map")
    assert methods(at) == ["z0 and z1", "UMAP"]
    assert "z0 across, z1 up." in text_of(at)
    assert "PC 1" not in text_of(at)
    told = text_of(opened("forty_flat", "Map", mapview=GROUND))
    assert "**Between the images** :gray[at 0.10, 0.20]" in told
    assert "The point of the latent space with these coordinates, decoded." in told


def test_a_map_of_one_dimension_says_what_up_and_down_are_and_offers_no_umap(root: Path) -> None:
    for state in ({}, {"method": "umap"}):
        at = opened("forty", "Map", **state)
        assert methods(at) == []
        assert "z0 across; up and down mean nothing" in text_of(at)
    image = {"picked": {"index": on_map(root, "forty")[0], "number": 1}}
    at = opened("forty", "Map", mapview=image)
    assert "bars through its point are its posterior" in text_of(at)
    told = text_of(opened("forty", "Map", mapview=GROUND))
    assert "**Between the images** :gray[at 0.10]" in told


def test_a_map_of_three_dimensions_is_by_pca() -> None:
    at = opened("three", "Map")
    assert methods(at) == ["PCA", "UMAP"]
    assert "PC 1 across, PC 2 up." in text_of(at)


def pictures(at: AppTest) -> list[str]:
    """The accessible names of all pictures."""
    return [proto.alt for element in at.main.get("image") for proto in element.proto.imgs]


def test_two_images_have_a_path_and_one_alone_has_one_of_random_points() -> None:
    at = opened("one", "Interpolate")
    assert "needs two images, and this run has one" in text_of(at)
    assert pictures(at) == [f"Path {step}" for step in range(1, 10)]
    alts = pictures(opened("two", "Interpolate"))
    assert "Path 1" in alts
    assert "Image 0" in alts
    assert "Image 1" in alts
