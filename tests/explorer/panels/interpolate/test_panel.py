"""Interpolate: the path between images, its player and its files."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from streamlit.testing.v1 import AppTest

from explorer.drawing import images
from explorer.panels.interpolate.film import film, filmed
from explorer.state.chosen_path import Tour
from explorer.state.session import Session
from tests.explorer.pages import (
    alts,
    button,
    page,
    path_in,
    text_of,
    z_of,
)
from vae.config import ModelConfig
from vae.data.dataset import open_dataset
from vae.model.networks import VAE
from vae.runs.folder import Run


def test_a_loop_goes_there_and_back() -> None:
    torch.manual_seed(0)
    model = VAE(ModelConfig(name="mlp", latent_dim=6), (1, 28, 28)).requires_grad_(False)
    keys = 100 * np.random.default_rng(0).standard_normal((2, 6)).astype(np.float32)
    z = filmed(Session(Path("nowhere"), Run(Path("nowhere/none"))), keys, "lerp", Tour())
    with Image.open(io.BytesIO(film(model, z, ".webp"))) as animation:
        # Pillow joins frames that are equal, as the held ends are.
        frames = animation.n_frames
        first = np.asarray(animation.convert("RGB")).astype(float)
        animation.seek(frames // 2)
        middle = np.asarray(animation.convert("RGB")).astype(float)
        animation.seek(frames - 1)
        last = np.asarray(animation.convert("RGB")).astype(float)
    assert np.abs(first - last).mean() < np.abs(first - middle).mean() / 3


def test_a_path_is_there_before_any_click(root: Path) -> None:
    at = page("Interpolate")
    paths = [alt for alt in alts(at) if alt.startswith("Path")]
    assert paths == [f"Path {i}" for i in range(1, 10)]
    assert len(set(at.session_state["picks:tiny"])) == 2


def test_two_clicked_images_are_the_ends_of_the_path(root: Path) -> None:
    at = page("Interpolate", gallery={"picked": [3, 17]})
    assert at.session_state["picks:tiny"] == [3, 17]
    names = alts(at)
    assert names[0] == "Image 3"
    assert names[10] == "Image 17"
    at.session_state["gallery:tiny"] = {"picked": [3, 17, 20]}
    at.run()
    assert at.session_state["picks:tiny"] == [17, 20]
    assert alts(at)[0] == "Image 17"


def test_a_path_goes_through_up_to_six_images(root: Path) -> None:
    picks = [1, 2, 3, 4, 5, 6]
    at = page("Interpolate", gallery={"picked": picks}, num_keys=6, steps=5)
    assert at.session_state["picks:tiny"] == picks
    assert sum(alt.startswith("Path") for alt in alts(at)) == 6


def test_one_image_alone_asks_for_another(root: Path) -> None:
    at = page("Interpolate", gallery={"picked": [3]})
    assert "second image" in text_of(at)
    at = page("Interpolate", gallery={"picked": [3, 10**9, "x", None]})
    assert "second image" in text_of(at)


def test_pages_turn_and_keep_what_is_picked(root: Path) -> None:
    at = page("Interpolate", gallery={"picked": [3, 17]})
    assert "Page 1 of 1" in text_of(at)
    next(one for one in at.number_input if one.label == "Go to image").set_value(59).run()
    assert not at.exception
    assert at.session_state["picks:tiny"] == [3, 17]


def points_in(at: AppTest, name: str = "points") -> np.ndarray:
    told = path_in(at)
    numbers = np.frombuffer(base64.b64decode(told[name]), "<f4")
    return numbers.reshape(-1, told["latent_dim"])


def test_the_player_has_the_path_and_the_way_back(root: Path, model: VAE) -> None:
    at = page("Interpolate", gallery={"picked": [3, 17, 20]}, num_keys=3)
    dataset = open_dataset(Run(root / "tiny").config().data, root / ".data")
    keys = images.encode(model, dataset.take(np.array([3, 17, 20])))
    points, closing = points_in(at), points_in(at, "closing")
    assert path_in(at)["letters"] == ["A", "B", "C"]
    np.testing.assert_allclose(points[:: path_in(at)["fine"]], keys, atol=1e-5)
    np.testing.assert_allclose(closing[[0, -1]], keys[[2, 0]], atol=1e-5)


def test_a_place_chosen_by_hand_outlives_another_path_and_another_panel(root: Path) -> None:
    place = {"position": 0.25, "way": "around", "ease": True, "speed": 2, "number": 7}
    at = page("Interpolate", gallery={"picked": [3, 17]}, path={"place": place})
    assert path_in(at)["place"]["number"] == 7
    button(at, "Open in Sliders").click().run()
    z = points_in(page("Interpolate", gallery={"picked": [3, 17]}))[6]
    assert z_of(at) == pytest.approx(z.tolist(), abs=1e-4)
    at.session_state["panel"] = "Interpolate"
    at.session_state["picks:tiny"] = [20, 30]
    at.run()
    told = path_in(at)["place"]
    assert [told[name] for name in ("position", "way", "ease", "speed")] == [
        0.25,
        "around",
        True,
        2,
    ]


@pytest.mark.parametrize(
    "place",
    [None, 3, {"position": "x"}, {"position": 2, "number": 1}, {"position": 0, "way": "up"}],
)
def test_a_place_that_is_none_is_passed_over(root: Path, place: Any) -> None:
    at = page("Interpolate", gallery={"picked": [3, 17]}, path={"place": place})
    assert path_in(at)["place"]["position"] == 0.5


def test_the_dense_path_is_another_one_with_the_same_ends(root: Path) -> None:
    straight = points_in(page("Interpolate", gallery={"picked": [3, 17]}, kind="lerp"))
    at = page("Interpolate", gallery={"picked": [3, 17]}, kind="dense")
    dense = points_in(at)
    np.testing.assert_allclose(dense[[0, -1]], straight[[0, -1]], atol=1e-5)
    assert np.abs(dense - straight).max() > 0.1 * np.abs(straight[-1] - straight[0]).max()
    assert "Evenness" in text_of(at)
    assert sum(alt.startswith("Path") for alt in alts(at)) == 9


def test_without_posterior_means_there_is_no_dense_path(root: Path) -> None:
    (root / "tiny" / "latents.npz").unlink()
    at = page("Interpolate", gallery={"picked": [3, 17]}, path_controls=("dense", 2, 9))
    assert "Evenness" not in text_of(at)
    assert sum(alt.startswith("Path") for alt in alts(at)) == 9


def test_images_are_found_by_a_label(root: Path) -> None:
    at = page("Interpolate", gallery={"picked": [3, 17]})
    only = next(one for one in at.selectbox if one.label == "Only")
    choice = next(option for option in only.options if option.startswith("glasses: "))
    only.set_value(choice).run()
    assert not at.exception
    shown = next(
        json.loads(one.proto.json)["images"]
        for one in at.get("bidi_component")
        if one.proto.component_name == "image_gallery"
    )
    dataset = open_dataset(Run(root / "tiny").config().data, root / ".data")
    value = dataset.classes["glasses"].index(choice.removeprefix("glasses: "))
    wanted = dataset.validation[dataset.attributes["glasses"][dataset.validation] == value]
    assert shown == wanted.tolist()
    assert at.session_state["picks:tiny"] == [3, 17]


def test_an_animation_goes_as_the_player_does(root: Path) -> None:
    session = Session(root, Run(root / "tiny"))
    keys = np.array(np.random.default_rng(0).normal(size=(3, 6)), np.float32)
    back = filmed(session, keys, "lerp", Tour())
    assert len(back) == 2 * (2 * images.FRAMES_PER_LEG - 1) + 2 * images.HELD_FRAMES
    around = filmed(session, keys, "lerp", Tour(way="around", speed=2.0))
    assert len(around) == 3 * images.FRAMES_PER_LEG // 2
    gaps = np.linalg.norm(np.diff(np.concatenate([around, around[:1]]), axis=0), axis=1)
    apart = np.linalg.norm(keys - np.roll(keys, -1, 0), axis=1)
    np.testing.assert_allclose(gaps.reshape(3, -1).sum(1), apart, rtol=1e-4)
    eased = filmed(session, keys, "lerp", Tour(way="around", ease=True))
    gaps = np.linalg.norm(np.diff(eased[:25], axis=0), axis=1)
    assert gaps[0] < gaps[12] / 4
