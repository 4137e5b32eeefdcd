"""Sliders: the point under the hand, its link, its directions."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from explorer.directions import built_in
from explorer.drawing import images
from explorer.state.opened_run import OpenedRun
from explorer.state.session import Session
from tests.explorer.pages import (
    PAGE,
    alts,
    button,
    linked_point,
    page,
    random_z,
    text_of,
    told,
    z_of,
)
from vae.data.dataset import open_dataset
from vae.latent.encoding import load_latents
from vae.model.checkpoints import load_model
from vae.model.networks import VAE
from vae.runs.folder import Run


def test_a_picture_is_the_decoded_point_enlarged(model: VAE) -> None:
    z = random_z(6, 1)
    picture = images.decode(model, [z])[0]
    assert picture.shape == (32, 32, 3)
    with Image.open(io.BytesIO(images.png(picture, 32))) as small:
        assert (np.asarray(small) == picture).all()
    with Image.open(io.BytesIO(images.png(picture, 384))) as large:
        assert large.size == (384, 384)
        assert np.asarray(large).mean() == pytest.approx(picture.mean(), abs=1.5)


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
    lines = [line for d in directions for line in d.lines]
    assert [line.axis for line in lines] == sorted(range(6), key=lambda j: -kl[j])
    assert [d.label for d in directions] == [f"z{line.axis}" for line in lines]
    assert all(line.unit == 1 and line.centre == 0 for line in lines)


def test_principal_directions_are_the_axes_of_the_means_in_their_deviations(root: Path) -> None:
    session = Session(root, Run(root / "tiny"))
    directions = built_in.by_pca(OpenedRun(session, *load_model(session.run)))
    mu = load_latents(root / "tiny" / "latents.npz").mu
    lines = [line for d in directions for line in d.lines]
    axes = np.array([line.axis for line in lines])
    np.testing.assert_allclose(axes @ axes.T, np.eye(len(axes)), atol=1e-4)
    places = (mu @ axes.T - [line.centre for line in lines]) / [line.unit for line in lines]
    wide = [line.unit > 1e-4 for line in lines]  # N images span N - 1 dimensions
    np.testing.assert_allclose(places.mean(0)[wide], 0, atol=1e-2)
    np.testing.assert_allclose(places.std(0)[wide], 1, atol=1e-2)
    assert [d.label for d in directions][:2] == ["PC 1", "PC 2"]


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
