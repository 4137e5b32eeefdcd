"""The panels of the latent space, Sliders, Map and Interpolate, and the pictures they show."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import shutil
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import numpy as np
import pytest
import torch
from PIL import Image
from streamlit.testing.v1 import AppTest

from explorer.components import job_button
from explorer.directions import built_in
from explorer.drawing import images
from explorer.panels.interpolate.film import film, filmed
from explorer.panels.map import map_maker
from explorer.state.chosen_path import Tour
from explorer.state.map_points import ERROR, KL
from explorer.state.opened_run import OpenedRun
from explorer.state.session import Session
from tests.explorer.pages import PAGE, page, text_of
from vae.config import ModelConfig
from vae.data.dataset import open_dataset
from vae.latent.encoding import load_latents, save_latents
from vae.latent.projection import project
from vae.model.checkpoints import load_model
from vae.model.networks import VAE
from vae.runs.folder import Run


@pytest.fixture(scope="module")
def model(trained_root: Path) -> VAE:
    return load_model(Run(trained_root / "tiny"))[0]


@pytest.fixture
def root(trained_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of runs of one's own, with a copy of `tiny`."""
    shutil.copytree(trained_root / "tiny", tmp_path / "tiny")
    monkeypatch.setenv("VAE_ROOT", str(tmp_path))
    return tmp_path


def alts(at: AppTest) -> list[str]:
    """The accessible names of all pictures, in order."""
    return [proto.alt for element in at.get("image") for proto in element.proto.imgs]


def told(at: AppTest) -> dict[str, Any]:
    """What the page says to the sliders."""
    element = next(e for e in at.get("bidi_component") if e.proto.component_name == "latent_dials")
    data: dict[str, Any] = json.loads(element.proto.json)
    return data


def linked_point(at: AppTest) -> list[float] | None:
    query = parse_qs(told(at)["link"])
    assert query["run"] == ["tiny"]
    return images.from_link(query["z"][0], 6)


def random_z(latent_dim: int, seed: int) -> list[float]:
    return [float(value) for value in np.random.default_rng(seed).standard_normal(latent_dim)]


def z_of(at: AppTest) -> list[float]:
    z: list[float] = at.session_state["z:tiny"]
    return z


# ------------------------------------------------------------------------------------- pictures


def test_a_picture_is_the_decoded_point_enlarged(model: VAE) -> None:
    z = random_z(6, 1)
    picture = images.decode(model, [z])[0]
    assert picture.shape == (32, 32, 3)
    with Image.open(io.BytesIO(images.png(picture, 32))) as small:
        assert (np.asarray(small) == picture).all()
    with Image.open(io.BytesIO(images.png(picture, 384))) as large:
        assert large.size == (384, 384)
        assert np.asarray(large).mean() == pytest.approx(picture.mean(), abs=1.5)


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


def test_a_link_restores_the_point() -> None:
    z = random_z(64, 3)
    word = images.to_link(z)
    assert re.fullmatch(r"[\w-]+", word)
    back = images.from_link(word, 64)
    assert back is not None
    np.testing.assert_allclose(back, z, atol=2e-3)


def test_a_link_that_is_no_point_is_none() -> None:
    infinite = base64.urlsafe_b64encode(np.full(6, np.inf, "<f2").tobytes()).decode()
    too_long = images.to_link([0.0] * 7)
    for word in ("", "garbage", "ü€", "A" * 1001, infinite, too_long):
        assert images.from_link(word, 6) is None, word


# ------------------------------------------------------------------------------------- no run yet


@pytest.mark.parametrize("panel", ["Sliders", "Interpolate", "Map"])
def test_without_a_run_a_panel_says_how_to_get_one(
    panel: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAE_ROOT", str(tmp_path))
    assert "Start training" in text_of(page(panel))


@pytest.mark.parametrize("panel", ["Sliders", "Interpolate", "Map"])
def test_a_run_without_weights_says_what_brings_them(panel: str, root: Path) -> None:
    (root / "tiny" / "model.safetensors").unlink()
    assert "has no weights yet" in text_of(page(panel))


@pytest.mark.parametrize("panel", ["Sliders", "Interpolate", "Map"])
def test_weights_that_cannot_be_used_are_a_sentence(panel: str, root: Path) -> None:
    (root / "tiny" / "model.safetensors").write_bytes(b"no weights")
    assert "cannot be used" in text_of(page(panel))


# ------------------------------------------------------------------------------------- sliders


def by_hand(at: AppTest, z: list[float], changes: dict[str, Any] | None = None) -> AppTest:
    """The page after a hand has let go at z."""
    point = {"z": z, "pins": [], "version": at.session_state["version:tiny"], "number": 1}
    at.session_state["dials:tiny"] = {"drag": point | (changes or {})}
    at.run()
    assert not at.exception
    return at


def test_sliders_begin_at_an_image_that_the_model_knows(root: Path) -> None:
    at = page("Sliders")
    latents = load_latents(root / "tiny" / "latents.npz")
    assert any(np.allclose(z_of(at), mu, atol=1e-6) for mu in latents.mu)


def test_what_a_hand_has_done_becomes_the_state_and_the_link(root: Path) -> None:
    at = page("Sliders")
    z = random_z(6, 3)
    by_hand(at, z, {"pins": [[0.0] * 6]})
    assert z_of(at) == z
    assert at.session_state["pins:tiny"] == [[0.0] * 6]
    assert linked_point(at) == pytest.approx(z, abs=2e-3)


@pytest.mark.parametrize(
    "changes",
    [
        {"version": -1},
        {"z": [0.0] * 5},
        {"z": [float("nan")] * 6},
        {"z": "all of it"},
        {"pins": [[1.0]]},
        {"pins": None},
    ],
)
def test_a_point_that_is_none_or_of_long_ago_changes_nothing(
    root: Path, changes: dict[str, Any]
) -> None:
    at = page("Sliders")
    before = z_of(at)
    by_hand(at, [9.0] * 6, changes)
    assert z_of(at) == before


def test_dimensions_come_by_their_kl_and_move_alone(root: Path) -> None:
    session = Session(root, Run(root / "tiny"))
    directions = built_in.by_kl(OpenedRun(session, *load_model(session.run)))
    kl = session.kl_per_dim()
    assert [d.axis for d in directions] == sorted(range(6), key=lambda j: -kl[j])
    assert [d.label for d in directions] == [f"z{d.axis}" for d in directions]
    assert all(d.unit == 1 and d.centre == 0 for d in directions)


def test_principal_directions_are_the_axes_of_the_means_in_their_deviations(root: Path) -> None:
    session = Session(root, Run(root / "tiny"))
    directions = built_in.by_pca(OpenedRun(session, *load_model(session.run)))
    mu = load_latents(root / "tiny" / "latents.npz").mu
    axes = np.array([d.axis for d in directions])
    np.testing.assert_allclose(axes @ axes.T, np.eye(len(axes)), atol=1e-4)
    places = (mu @ axes.T - [d.centre for d in directions]) / [d.unit for d in directions]
    wide = [d.unit > 1e-4 for d in directions]  # N images span N - 1 dimensions
    np.testing.assert_allclose(places.mean(0)[wide], 0, atol=1e-2)
    np.testing.assert_allclose(places.std(0)[wide], 1, atol=1e-2)
    assert [d.label for d in directions][:2] == ["PC 1", "PC 2"]


def button(at: AppTest, label: str) -> Any:
    return next(one for one in at.button if one.label == label)


def test_start_again_goes_back_and_tells_the_sliders(root: Path) -> None:
    at = page("Sliders")
    first, version = z_of(at), at.session_state["version:tiny"]
    by_hand(at, [1.0] * 6)
    button(at, "Start again").click().run()
    assert z_of(at) == pytest.approx(first, abs=1e-5)
    assert at.session_state["version:tiny"] == told(at)["drag"]["version"] == version + 1
    assert told(at)["drag"]["z"] == z_of(at)


def test_a_link_opens_its_point_and_a_broken_one_does_no_harm(root: Path) -> None:
    z = random_z(6, 9)
    for word, expected in ((images.to_link(z), z), ("~garbage", None)):
        at = AppTest.from_file(PAGE, default_timeout=30)
        at.session_state["panel"] = "Sliders"
        at.query_params["run"], at.query_params["z"] = "tiny", word
        at.run()
        assert not at.exception
        if expected is None:
            assert any("does not fit" in toast.value for toast in at.toast)
        else:
            assert z_of(at) == pytest.approx(expected, abs=2e-3)


def test_an_image_of_the_set_and_a_picture_of_ones_own_are_encoded(root: Path, model: VAE) -> None:
    at = page("Sliders")
    dataset = open_dataset(Run(root / "tiny").config().data, root / ".data")
    number = next(one for one in at.number_input if one.label == "Image")
    number.set_value(7).run()
    assert z_of(at) == pytest.approx(images.encode(model, dataset.take(np.array([7])))[0].tolist())
    own = dataset.take(np.array([11]))
    at.file_uploader[0].set_value(("own.png", images.png(own[0], 32), "image/png")).run()
    assert not at.exception
    assert z_of(at) == pytest.approx(images.encode(model, own)[0].tolist(), abs=1e-5)
    assert {"Before the model", "After the model"} <= set(alts(at))
    at.file_uploader[0].set_value(("own.png", b"no picture", "image/png")).run()
    assert not at.exception
    assert "cannot be read" in text_of(at)


def test_new_weights_keep_the_point(root: Path) -> None:
    at = page("Sliders")
    by_hand(at, [1.0] * 6)
    before = list(z_of(at))
    weights = root / "tiny" / "model.safetensors"
    older = min((root / "tiny" / "checkpoints").glob("weights-*.safetensors"))
    weights.write_bytes(older.read_bytes())
    at.run()
    assert not at.exception
    assert z_of(at) == before


# ------------------------------------------------------------------------------------- interpolate


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


def path_in(at: AppTest) -> dict[str, Any]:
    """What the page tells the player of the path."""
    shown = [one.proto for one in at.get("bidi_component")]
    return next(json.loads(one.json) for one in shown if one.component_name == "latent_path")


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


# ------------------------------------------------------------------------------------- map


def map_in(at: AppTest) -> dict[str, Any]:
    """What the page tells the map; None where there is none."""
    shown = [one.proto for one in at.get("bidi_component")]
    told = [json.loads(one.json) for one in shown if one.component_name.endswith("latent_map")]
    assert len(told) == 1
    return dict(told[0])


def image_at(root: Path, row: int) -> int:
    return int(load_latents(root / "tiny" / "latents.npz").index[row])


def picked(image: int) -> dict[str, Any]:
    return {"picked": {"index": image, "number": 1}}


def test_the_map_is_there_at_once_and_says_of_what(root: Path) -> None:
    at = page("Map")
    assert map_in(at)["points"].startswith("live/map/tiny/points.bin?")
    latents = load_latents(root / "tiny" / "latents.npz")
    text = text_of(at)
    assert f"{len(latents.index)} of 60 images sampled, weights of step {latents.step}." in text
    assert "Click a point" in text
    assert "this map is older" not in text


def test_a_clicked_point_is_looked_into(root: Path) -> None:
    image = image_at(root, 2)
    at = page("Map", colour=ERROR, mapview=picked(image))
    assert f"**Image {image}**" in text_of(at)
    assert alts(at)[:2] == ["Image", "Reconstruction"]
    told = map_in(at)
    assert told["selected"]["index"] == told["ellipse"]["index"] == image
    button(at, "Use as A").click().run()
    assert at.session_state["picks:tiny"][0] == image
    button(at, "Open in Sliders").click().run()
    assert not at.exception
    assert at.session_state["panel"] == "Sliders"
    assert next(one for one in at.number_input if one.label == "Image").value == image


def test_opening_in_sliders_brings_the_posterior_mean(root: Path) -> None:
    at = page("Map", mapview=picked(image_at(root, 4)))
    button(at, "Open in Sliders").click().run()
    latents = load_latents(root / "tiny" / "latents.npz")
    assert z_of(at) == pytest.approx(latents.mu[4].tolist(), abs=1e-4)


def test_a_lasso_is_a_group_with_a_mean(root: Path) -> None:
    images_in = [image_at(root, row) for row in (0, 1, 3)]
    at = page("Map", mapview={"group": {"indices": images_in, "count": 3, "number": 1}})
    assert "**3 images**" in text_of(at)
    button(at, "Open in Sliders").click().run()
    mu = load_latents(root / "tiny" / "latents.npz").mu
    assert z_of(at) == pytest.approx(mu[[0, 1, 3]].mean(0).tolist(), abs=1e-5)


def test_a_large_group_says_that_it_is_sampled(root: Path) -> None:
    group = {"indices": [image_at(root, 0), image_at(root, 1)], "count": 4000, "number": 1}
    text = text_of(page("Map", mapview={"group": group}))
    assert "**4,000 images**" in text
    assert "The mean is of 2 of them" in text


def test_the_path_of_interpolate_is_shown_on_the_map(root: Path) -> None:
    at = page("Interpolate", gallery={"picked": [3, 17, 20]}, num_keys=3)
    button(at, "Show on the map").click().run()
    assert not at.exception
    assert at.session_state["panel"] == "Map"
    trail = map_in(at)["trail"]
    assert trail["letters"] == "ABC"
    assert len(trail["line"]) == len(trail["back"]) == 33
    assert trail["line"] != trail["back"]
    assert "dashed" in text_of(at)
    toggle = next(one for one in at.toggle if one.label == "Show the path")
    assert toggle.value
    toggle.set_value(False).run()
    assert map_in(at)["trail"] is None


def test_an_image_of_the_map_becomes_the_next_of_the_path(root: Path) -> None:
    at = page("Map", picks=[3, 17], mapview=picked(image_at(root, 2)))
    assert map_in(at)["trail"] is None
    button(at, "Add to the path").click().run()
    assert at.session_state["picks:tiny"] == [3, 17, image_at(root, 2)]
    at.session_state["panel"] = "Interpolate"
    at.run()
    assert not at.exception
    assert path_in(at)["letters"] == ["A", "B", "C"]


def test_a_click_on_the_ground_decodes_there(root: Path) -> None:
    at = page("Map", mapview={"picked": {"point": [0.0, 0.0], "number": 1}})
    assert "Decoded here" in alts(at)
    assert "along the two axes" in text_of(at)
    button(at, "Open in Sliders").click().run()
    mu = load_latents(root / "tiny" / "latents.npz").mu
    assert z_of(at) == pytest.approx(mu.mean(0).tolist(), abs=1e-5)


def test_on_umap_a_blend_is_said_to_be_one(root: Path) -> None:
    latents = load_latents(root / "tiny" / "latents.npz")
    save_latents(root / "tiny" / "maps" / "umap.npz", project(latents, "pca", 0, lambda *_: None))
    state = {"picked": {"point": [0.0, 0.0], "number": 1}}
    at = page("Map", method="umap", mapview=state)
    assert "UMAP cannot be inverted" in text_of(at)
    assert map_in(at)["ellipse"] is None


def test_an_image_stays_chosen_on_another_map_and_a_point_does_not(root: Path) -> None:
    latents = load_latents(root / "tiny" / "latents.npz")
    save_latents(root / "tiny" / "maps" / "umap.npz", project(latents, "pca", 0, lambda *_: None))
    for state, then in (
        (picked(image_at(root, 2)), f"**Image {image_at(root, 2)}**"),
        ({"picked": {"point": [0.0, 0.0], "number": 1}}, "Click a point"),
    ):
        at = page("Map", mapview=state)
        at.session_state["method:tiny"] = "umap"
        at.run()
        assert then in text_of(at)


def test_letting_go_and_images_of_another_map_leave_nothing_chosen(root: Path) -> None:
    at = page("Map", mapview=picked(image_at(root, 2)))
    at.session_state["mapview:tiny"] = {"picked": {"number": 2}}
    at.run()
    assert "Click a point" in text_of(at)
    outside = next(i for i in range(60) if i not in load_latents(root / "tiny/latents.npz").index)
    assert "Click a point" in text_of(page("Map", mapview=picked(outside)))


@pytest.mark.parametrize("colour", ["hair_hue", "glasses", ERROR, KL])
def test_every_kind_of_colour_draws(root: Path, colour: str) -> None:
    told = map_in(page("Map", colour=colour))
    assert bool(told["legend"]["entries"]) == (colour == "glasses")
    assert bool(told["legend"]["stops"]) != (colour == "glasses")


def test_method_and_colour_outlive_another_panel(root: Path) -> None:
    latents = load_latents(root / "tiny" / "latents.npz")
    save_latents(root / "tiny" / "maps" / "umap.npz", project(latents, "pca", 0, lambda *_: None))
    at = page("Map")
    at.selectbox(key="colour:tiny").set_value("glasses").run()
    at.session_state["method:tiny"] = "umap"
    at.run()
    for panel in ("Sliders", "Map"):
        at.session_state["panel"] = panel
        at.run()
        assert not at.exception
    told = map_in(at)
    assert "file=umap" in told["points"]
    assert told["legend"]["title"] == "Glasses"


def test_an_older_map_says_that_the_weights_moved_on(root: Path) -> None:
    latents = load_latents(root / "tiny" / "latents.npz")
    older = type(latents)(**{**vars(latents), "step": 1})
    save_latents(root / "tiny" / "maps" / "umap.npz", project(older, "pca", 0, lambda *_: None))
    at = page("Map", method="umap")
    assert "file=umap" in map_in(at)["points"]
    assert "so this map is older" in text_of(at)
    assert button(at, "Compute UMAP")


def test_umap_is_computed_on_request_only(root: Path) -> None:
    at = page("Map", method="umap")
    assert "PC 1 across" in text_of(at), "meanwhile PCA"
    assert button(at, "Compute UMAP")
    assert not (root / "tiny" / "maps").exists()


def test_the_map_maker_is_watched_by_its_log(tmp_path: Path) -> None:
    run = Run(tmp_path)
    log, now = run.maps / "umap.log", time.time()
    assert job_button.work_of(*map_maker.files(run, "umap"), now).state == "none"
    run.maps.mkdir()
    for text, silent, state in (
        ("", 0, "working"),
        ("encode 50/200\n", 1, "working"),
        ("encode 50/200\n", 1000, "failed"),
        ("", 1000, "failed"),
        ("vae: there is no run 'x'.\n", 1, "working"),
        ("vae: there is no run 'x'.\n", 10, "failed"),
        (f"{run.maps / 'umap.npz'}\n", 10, "failed"),
    ):
        log.write_text(text)
        os.utime(log, (now - silent, now - silent))
        assert job_button.work_of(*map_maker.files(run, "umap"), now).state == state, (text, silent)
    log.write_text("encode 50/200\n")
    assert job_button.work_of(*map_maker.files(run, "umap"), time.time()).part == 0.25
    (run.maps / "umap.npz").write_bytes(b"")
    log.write_text(f"{run.maps / 'umap.npz'}\n")
    assert job_button.work_of(*map_maker.files(run, "umap"), time.time()).state == "done"


def test_a_failed_map_maker_is_a_sentence_and_a_way_to_try_again(root: Path) -> None:
    maps = root / "tiny" / "maps"
    maps.mkdir()
    (maps / "umap.log").write_text("No space left on device\n")
    os.utime(maps / "umap.log", (time.time() - 60,) * 2)
    at = page("Map", method="umap")
    assert "No space left on device" in text_of(at)
    assert button(at, "Compute UMAP")
