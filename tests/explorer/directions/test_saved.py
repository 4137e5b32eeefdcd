"""Directions on the page: made of attributes and of groups, dragged, told what they move."""

from __future__ import annotations

import dataclasses
import io
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from streamlit.testing.v1 import AppTest

from explorer.directions import new_direction, saved
from explorer.drawing import images
from explorer.panels.sliders.refine import falling
from explorer.server import decode_socket
from tests.explorer.pages import page, text_of
from vae.data.dataset import open_dataset
from vae.data.images.decoding import Rendering
from vae.data.images.image_files import Crop
from vae.directions import contrasts, definitions
from vae.directions.definitions import Definition
from vae.errors import InputError
from vae.latent.encoding import encode_images, load_latents, save_latents
from vae.latent.projection import project
from vae.latent.refine import refine
from vae.model.checkpoints import load_model, weights_of
from vae.model.networks import VAE
from vae.runs.folder import Run

HEAD_TURN = Definition("Turn", attribute="head_turn", value=contrasts.UPPER)


@pytest.fixture
def run(trained_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A copy of `tiny` in a folder of runs of one's own."""
    shutil.copytree(trained_root / "tiny", tmp_path / "tiny")
    monkeypatch.setenv("VAE_ROOT", str(tmp_path))
    return Run(tmp_path / "tiny")


def html_of(at: AppTest) -> str:
    return "\n".join(element.proto.body for element in at.get("html"))


def labels(at: AppTest) -> list[str]:
    """What the sliders are called."""
    element = next(e for e in at.get("bidi_component") if e.proto.component_name == "latent_dials")
    return [direction["label"] for direction in json.loads(element.proto.json)["directions"]]


def press(at: AppTest, label: str) -> None:
    next(one for one in at.button if one.label == label).click().run()
    assert not at.exception


def box(at: AppTest, label: str) -> Any:
    return next(one for one in at.selectbox if one.label == label)


def alts(at: AppTest) -> list[str]:
    return [proto.alt for element in at.get("image") for proto in element.proto.imgs]


# ------------------------------------------------------------------------------- making one


def test_at_first_the_dimensions_stand_in_and_a_sentence_says_how_to_make_one(run: Run) -> None:
    at = page("Sliders", directions=saved.CHOICE)
    assert "No direction has been made yet" in text_of(at)
    assert labels(at)[0].startswith("z")


def test_an_attribute_becomes_a_slider_that_is_kept_with_the_run(run: Run) -> None:
    at = page("Sliders", directions=saved.CHOICE)
    box(at, "Attribute").set_value("head_turn").run()
    press(at, "Make a direction")
    kept = definitions.load_directions(run.directions_file)
    assert kept == [Definition("Head turn", attribute="head_turn", value=contrasts.UPPER)]
    assert labels(at) == ["Head turn"]
    assert any("is a slider now" in toast.value for toast in at.toast)
    assert labels(page("Sliders", directions=saved.CHOICE)) == ["Head turn"], "for a new page too"


def test_the_slider_moves_along_the_difference_of_the_means(run: Run) -> None:
    definitions.add_direction(run.directions_file, HEAD_TURN)
    at = page("Sliders", directions=saved.CHOICE)
    element = next(e for e in at.get("bidi_component") if e.proto.component_name == "latent_dials")
    told = json.loads(element.proto.json)["directions"][0]
    latents = load_latents(run.latents_file)
    dataset = open_dataset(run.config().data, run.folder.parent / ".data")
    turn = dataset.attributes["head_turn"][latents.index]
    low, high = np.percentile(turn, [25, 75])
    expected = latents.mu[turn >= high].mean(0) - latents.mu[turn <= low].mean(0)
    (line,) = told["lines"]
    np.testing.assert_allclose(line["axis"], expected / np.linalg.norm(expected), atol=1e-4)
    along = latents.mu @ np.array(line["axis"])
    assert line["centre"] == pytest.approx(along.mean(), abs=1e-3)
    assert line["unit"] == pytest.approx(along.std(), abs=1e-3)


def test_what_moves_is_told_and_what_cannot_be_read_is_named(run: Run) -> None:
    definitions.add_direction(run.directions_file, HEAD_TURN)
    other = Definition("Mine", a=(1, 2, 3), b=(4, 5), orthogonal_to=("Turn",))
    definitions.add_direction(run.directions_file, other)
    assert "Too few images" in text_of(page("Sliders", directions=saved.CHOICE))
    dataset = open_dataset(run.config().data, run.folder.parent / ".data")
    everyone = encode_images(load_model(run)[0], dataset, np.arange(60), 1)
    save_latents(run.maps / "pca.npz", project(everyone, "pca", 0, lambda *_: None))
    at = page("Sliders", directions=saved.CHOICE)
    assert "Cosine to Turn **+0.00**" in text_of(at)
    assert "Mean of 3 images minus mean of 2" in text_of(at)
    assert "No linear readout" in text_of(at)
    box(at, "What else moves with").set_value("Turn").run()
    assert "Cosine to Mine" in text_of(at)


def test_typed_images_become_a_direction_even_where_the_map_has_them_not(run: Run) -> None:
    outside = sorted(set(range(60)) - set(load_latents(run.latents_file).index.tolist()))
    assert len(outside) > 20
    at = page("Sliders", directions=saved.CHOICE, direction_source=new_direction.GROUPS)
    at.text_input(key="typed_A:tiny").set_value(f"{outside[0]}, {outside[1]}")
    at.text_input(key="typed_B:tiny").set_value(f"{outside[5]}-{outside[5]}").run()
    at.text_input(key="direction_name_form:tiny").set_value("By hand").run()
    press(at, "Make a direction")
    kept = definitions.load_directions(run.directions_file)
    assert kept == [Definition("By hand", a=tuple(outside[:2]), b=(outside[5],))]
    assert labels(at) == ["By hand"]


def test_what_makes_no_direction_is_a_sentence_and_nothing_is_kept(run: Run) -> None:
    at = page("Sliders", directions=saved.CHOICE, direction_source=new_direction.GROUPS)
    press(at, "Make a direction")
    assert "is empty" in text_of(at)
    at.text_input(key="typed_A:tiny").set_value("1, 2")
    at.text_input(key="typed_B:tiny").set_value("2, 1").run()
    press(at, "Make a direction")
    assert "the same images" in text_of(at)
    at.text_input(key="typed_B:tiny").set_value("all of them").run()
    assert "found 'all'" in text_of(at)
    assert not run.directions_file.exists()


def test_a_broken_file_is_a_sentence_and_the_sliders_go_on(run: Run) -> None:
    run.directions_file.write_text("{")
    at = page("Sliders", directions=saved.CHOICE)
    assert "directions.json holds no directions" in text_of(at)
    assert labels(at)[0].startswith("z")
    press(at, "Make a direction")
    assert run.directions_file.read_text() == "{"


def test_one_that_others_rest_on_is_not_deleted(run: Run) -> None:
    definitions.add_direction(run.directions_file, HEAD_TURN)
    other = Definition("Mine", a=(1, 2), b=(4, 5), orthogonal_to=("Turn",))
    definitions.add_direction(run.directions_file, other)
    at = page("Sliders", directions=saved.CHOICE, direction="Turn")
    press(at, "Delete")
    assert "Mine is orthogonal to Turn" in text_of(at)
    box(at, "What else moves with").set_value("Mine").run()
    press(at, "Delete")
    assert labels(at) == ["Turn"]


# ------------------------------------------------------------------------------- on the map


def lasso(at: AppTest, some: list[int], number: int) -> None:
    group = {"indices": some, "count": len(some), "number": number}
    at.session_state["mapview:tiny"] = {"group": group}
    at.run()
    assert not at.exception


def test_two_lassos_become_a_direction(run: Run) -> None:
    index = load_latents(run.latents_file).index.tolist()
    at = page("Map")
    assert "Keep as group A" not in [one.label for one in at.button]
    lasso(at, index[:3], 1)
    press(at, "Keep as group A")
    assert "Lasso another group" in text_of(at)
    lasso(at, index[3:5], 2)
    press(at, "Keep as group B")
    assert "**A** 3, **B** 2 images" in text_of(at)
    press(at, "Make a direction")
    assert at.session_state["panel"] == "Sliders"
    assert labels(at) == ["A minus B"]
    kept = definitions.load_directions(run.directions_file)[0]
    assert (kept.a, kept.b) == (tuple(index[:3]), tuple(index[3:5]))


def test_the_same_lasso_twice_is_a_sentence(run: Run) -> None:
    index = load_latents(run.latents_file).index.tolist()
    at = page("Map", group_A=tuple(index[:3]), group_B=tuple(index[:3]))
    press(at, "Make a direction")
    assert "the same images" in text_of(at)
    assert at.session_state["panel"] == "Map"
    press(at, "Forget")
    assert "Make a direction" not in [one.label for one in at.button]


# ------------------------------------------------------------------------------- where it began


def test_refining_brings_the_face_closer_and_becomes_the_state(run: Run) -> None:
    at = page("Sliders")
    before = list(at.session_state["z:tiny"])
    press(at, "Refine")
    assert at.session_state["z:tiny"] != before
    start, model = at.session_state["start:tiny"], load_model(run)[0]

    def objective(z: list[float]) -> float:
        return next(refine(model, start.seen.pixels, np.float32(z))).objective

    assert objective(at.session_state["z:tiny"]) < objective(before)
    assert start.refined.decibels[-1] == pytest.approx(start.seen.decibels, abs=3)
    assert {"Before the model", "After the model", "Refined"} <= set(alts(at))
    assert "Error by step" in html_of(at)
    press(at, "Start again")
    assert at.session_state["z:tiny"] == pytest.approx(before, abs=1e-5)


def test_the_square_of_an_upload_is_moved_by_hand(run: Run) -> None:
    model, _ = load_model(run)
    dataset = open_dataset(run.config().data, run.folder.parent / ".data")
    face = dataset.take(np.array([11]))[0]
    wide = np.full((32, 96, 3), 200, np.uint8)
    wide[:, 64:] = face
    at = page("Sliders")
    buffer = io.BytesIO()
    Image.fromarray(wide).save(buffer, "PNG")
    data = buffer.getvalue()
    at.file_uploader[0].set_value(("wide.png", data, "image/png")).run()
    assert not at.exception
    assert {"Crop", "Cropped"} <= set(alts(at))
    at.slider(key="crop_x:tiny").set_value(1.0).run()
    assert not at.exception
    expected = images.encode(model, face[None])[0].tolist()
    assert at.session_state["z:tiny"] == pytest.approx(expected, abs=1e-5)


def test_a_crop_is_a_square_inside_the_picture() -> None:
    assert Crop().box(60, 40) == (10, 0, 50, 40)
    assert Crop(2.0, 1.0, 0.0).box(60, 40) == (40, 0, 60, 20)
    assert Crop(5.0, 0.0, 1.0).box(7, 3) == (0, 2, 1, 3)
    assert Crop(0.0, -3.0, 9.0).box(10, 20) == (0, 10, 10, 20)


def test_outside_of_the_crop_is_dimmed() -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (300, 100), "red").save(buffer, "PNG")
    preview = images.cropping(buffer.getvalue(), Rendering(32, 3), Crop(1, 0, 0), 300)
    with Image.open(io.BytesIO(preview)) as shown:
        inside, outside = np.asarray(shown)[50, 50], np.asarray(shown)[50, 250]
    assert shown.size == (300, 100)
    assert inside[0] > 240
    assert outside[0] < 180
    with pytest.raises(InputError, match="cannot be read"):
        images.cropping(b"no picture", Rendering(32, 3), Crop(), 100)


def test_typicality_is_told_and_falls_far_from_the_data(run: Run) -> None:
    latents = load_latents(run.latents_file)
    mu = np.random.default_rng(0).standard_normal((80, 6)).astype(np.float32)
    run.flow_file.unlink()  # it was fitted to others
    some = {"index": np.arange(80) % 60, "mu": mu, "logvar": mu * 0 - 3, "mse": mu[:, 0] * 0}
    save_latents(run.latents_file, dataclasses.replace(latents, **some))
    at = page("Sliders")
    assert "of the images in the data set" in html_of(at)
    point = {"z": [30.0] * 6, "pins": [], "version": at.session_state["version:tiny"], "number": 1}
    at.session_state["dials:tiny"] = {"drag": point}
    at.run()
    assert "Less typical than every image" in html_of(at)


def test_decibels_are_those_of_the_mean_squared_error() -> None:
    a = np.zeros((8, 8, 3), np.uint8)
    assert images.decibels(a, a + np.uint8(51)) == pytest.approx(-10 * np.log10(0.2**2))
    assert "step 2 of 60" in falling([20.0, 21.0, 21.5], 60)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [28, 64, 128, 256])
def test_every_size_grey_and_colour_has_sliders(run: Run, size: int, channels: int) -> None:
    torch.manual_seed(0)
    model = VAE(run.config().model, (channels, size, size)).eval()
    run.weights_file.write_bytes(weights_of(model, 7, 1))
    request = decode_socket.REQUEST.pack(5, 2) + np.zeros((2, 6), "<f4").tobytes()
    reply = decode_socket.decoded(run, request)
    assert decode_socket.REPLY.unpack_from(reply) == (5, 7, 2, size, size, channels)
    assert len(reply) == decode_socket.REPLY.size + 2 * size * size * channels
    at = page("Sliders", start=None, z=[0.0] * 6, pins=[], first=[0.0] * 6, version=1)
    assert labels(at)
