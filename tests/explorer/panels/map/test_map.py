"""The map: its columns and thumbnails, its colours, the way back, and what a hand chooses."""

from __future__ import annotations

import dataclasses
import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from explorer.panels.map import canvas
from explorer.panels.map.canvas import MAX_GROUP, Choice
from explorer.server import map_data
from explorer.state import map_points
from explorer.state.map_points import ERROR, KL, UNKNOWN, Place
from vae.data.dataset import Dataset, open_dataset
from vae.errors import InputError
from vae.latent.encoding import load_latents, save_latents
from vae.latent.projection import project
from vae.runs.folder import Run

OWN = {"origin": "http://localhost:8501", "host": "localhost:8501"}


@pytest.fixture
def root(trained_root: Path, tmp_path: Path) -> Path:
    """A folder of runs of one's own, with a copy of `tiny`."""
    shutil.copytree(trained_root / "tiny", tmp_path / "tiny")
    return tmp_path


@pytest.fixture
def run(root: Path) -> Run:
    return Run(root / "tiny")


@pytest.fixture
def dataset(root: Path, run: Run) -> Dataset:
    return open_dataset(run.config().data, root / ".data")


@pytest.fixture
def client(root: Path) -> Iterator[TestClient]:
    app = Starlette(routes=[Mount("/live", routes=map_data.make_routes(root))])
    with TestClient(app, base_url="http://localhost:8501") as client:
        yield client


def place_of(run: Run, method: str = "pca") -> Place:
    place = map_points.place_of(run, method)
    assert place is not None
    return place


# ------------------------------------------------------------------------------------- routes


def test_columns_hold_every_point_and_its_image(
    client: TestClient, run: Run, dataset: Dataset
) -> None:
    place = place_of(run)
    address = map_data.addresses(run, place, dataset.fingerprint, ERROR)["points"]
    answer = client.get(address, headers=OWN)
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    points = map_points.points(place)
    num = len(points.index)
    assert len(answer.content) == 12 * num
    xy = np.frombuffer(answer.content, "<f4", 2 * num).reshape(2, num).T
    np.testing.assert_array_equal(xy, points.xy)
    images = np.frombuffer(answer.content, "<u4", offset=8 * num)
    np.testing.assert_array_equal(images, points.index)


def test_colours_come_as_values_and_levels_or_as_classes(
    client: TestClient, run: Run, dataset: Dataset
) -> None:
    place = place_of(run)
    num = len(map_points.points(place).index)

    def block(by: str) -> bytes:
        address = map_data.addresses(run, place, dataset.fingerprint, by)["colours"]
        return client.get(address, headers=OWN).content

    values = np.frombuffer(block(ERROR), "<f4", num)
    np.testing.assert_array_equal(values, map_points.points(place).mse)
    assert len(block(ERROR)) == 5 * num
    styles = dataset.attributes["hair_style"][map_points.points(place).index]
    np.testing.assert_array_equal(np.frombuffer(block("hair_style"), np.uint8), styles)


def test_thumbnails_come_in_the_order_asked_for(
    client: TestClient, run: Run, dataset: Dataset
) -> None:
    address = map_data.addresses(run, place_of(run), dataset.fingerprint, ERROR)["thumbs"]
    answer = client.get(f"{address}7,3", headers=OWN)
    assert answer.headers["content-type"] == "image/webp"
    with Image.open(io.BytesIO(answer.content)) as sheet:
        pixels = np.asarray(sheet.convert("RGB")).astype(float)
    assert pixels.shape == (32, 64, 3)
    for i, image in enumerate((7, 3)):
        wanted = dataset.take(np.array([image]))[0].astype(float)
        assert np.abs(pixels[:, 32 * i : 32 * (i + 1)] - wanted).mean() < 12


@pytest.mark.parametrize("ids", ["", "x", "-1", "60", "1,,2", "1.5", "9" * 30, "1," * 64 + "1"])
def test_images_that_are_none_are_refused(
    client: TestClient, run: Run, dataset: Dataset, ids: str
) -> None:
    address = map_data.addresses(run, place_of(run), dataset.fingerprint, ERROR)["thumbs"]
    answer = client.get(f"{address}{ids}", headers=OWN)
    assert answer.status_code == 404
    assert answer.text.endswith(".")


def test_runs_files_states_and_data_that_are_not_there_are_refused(
    client: TestClient, run: Run, dataset: Dataset
) -> None:
    addresses = map_data.addresses(run, place_of(run), dataset.fingerprint, ERROR)
    points, colours, thumbs = (addresses[name] for name in ("points", "colours", "thumbs"))
    for address in (
        points.replace("tiny", "nobody"),
        points.replace("tiny", "..%2Ftiny"),
        points.replace("file=latents", "file=config"),
        points.replace("file=latents", "file=umap"),
        points.replace("version=", "version=9"),
        points.replace("version=", "version=x"),
        points.split("?")[0],
        colours.replace("Reconstruction+error", "nothing"),
        colours.replace("data=", "data=0"),
        thumbs.replace("data=", "data=0") + "1",
    ):
        assert address not in addresses.values()
        assert client.get(address, headers=OWN).status_code == 404, address


@pytest.mark.parametrize(
    "headers",
    [{"origin": "http://evil.example"}, {"origin": "null"}, {"host": "evil.example:8501"}],
)
def test_pages_of_others_are_refused(
    client: TestClient, run: Run, dataset: Dataset, headers: dict[str, str]
) -> None:
    addresses = map_data.addresses(run, place_of(run), dataset.fingerprint, ERROR)
    for address in addresses.values():
        assert client.get(address, headers={**OWN, **headers}).status_code == 403


def test_the_address_of_a_newer_file_is_another(run: Run, dataset: Dataset) -> None:
    before = place_of(run)
    first = map_data.addresses(run, before, dataset.fingerprint, ERROR)
    assert urlsplit(first["points"]).path == "live/map/tiny/points.bin"
    save_latents(run.latents_file, load_latents(run.latents_file))
    second = map_data.addresses(run, place_of(run), dataset.fingerprint, ERROR)
    assert first["points"] != second["points"]
    assert first["thumbs"] == second["thumbs"]
    with pytest.raises(InputError, match="has changed"):
        map_points.points(before)


# ------------------------------------------------------------------------------------- colours


def test_levels_rise_with_the_values_and_what_is_unknown_is_apart() -> None:
    values = np.array([0.0, 1.0, 2.0, np.nan, 3.0, np.inf], np.float32)
    colours = map_points.leveled(values)
    assert colours.levels[3] == UNKNOWN
    assert (np.diff(colours.levels[[0, 1, 2, 4]].astype(int)) > 0).all()
    assert colours.levels.max(where=np.isfinite(values), initial=0) == UNKNOWN - 1
    assert 0 <= colours.low < colours.high <= 3


def test_equal_values_and_none_at_all_have_colours() -> None:
    assert map_points.leveled(np.ones(5, np.float32)).levels.tolist() == [0] * 5
    assert map_points.leveled(np.full(5, np.nan, np.float32)).levels.tolist() == [UNKNOWN] * 5
    assert map_points.leveled(np.zeros(0, np.float32)).levels.tolist() == []


def test_colours_by_class_attribute_and_latents(run: Run, dataset: Dataset) -> None:
    place = place_of(run)
    points = map_points.points(place)
    kl = map_points.colours(place, dataset, dataset.fingerprint, KL)
    np.testing.assert_allclose(kl.values, points.kl_per_dim.sum(1), rtol=1e-5)
    hue = map_points.colours(place, dataset, dataset.fingerprint, "hair_hue")
    assert hue.values is not None
    assert (hue.low, hue.high) == (hue.values.min(), hue.values.max())
    glasses = map_points.colours(place, dataset, dataset.fingerprint, "glasses")
    assert glasses.classes == dataset.classes["glasses"]
    with pytest.raises(InputError, match="no attribute"):
        map_points.colours(place, dataset, dataset.fingerprint, "nothing")


# ------------------------------------------------------------------------------------- and back


def test_the_centre_of_a_pca_map_is_the_mean(run: Run) -> None:
    place = place_of(run)
    mean = map_points.points(place).mu.mean(0)
    np.testing.assert_allclose(map_points.on_plane(place, (0.0, 0.0)), mean, atol=1e-5)


def test_the_way_back_from_a_pca_map_ends_where_it_began(run: Run) -> None:
    for file in ("latents", "pca"):
        if file == "pca":
            latents = project(load_latents(run.latents_file), "pca", 0, lambda *_: None)
            mirrored = dataclasses.replace(latents, xy=latents.xy * np.float32([1, -1]))
            save_latents(run.maps / "pca.npz", mirrored)
        place = place_of(run)
        assert place.file == file
        points = map_points.points(place)
        mean, axes = map_points.plane(place)
        for target in (points.xy[3], np.float32([0.5, -2])):
            z = map_points.on_plane(place, (float(target[0]), float(target[1])))
            np.testing.assert_allclose(axes @ (z - mean), target, atol=1e-4)
        np.testing.assert_allclose((points.mu - mean) @ axes.T, points.xy, atol=1e-3)


def test_a_blend_agrees_with_the_points_and_stays_among_them(run: Run) -> None:
    points = map_points.points(place_of(run))
    x, y = map(float, points.xy[4])
    np.testing.assert_allclose(map_points.blended(points, (x, y)), points.mu[4], atol=1e-3)
    far = map_points.blended(points, (1e3, 1e3))
    assert (far >= points.mu.min(0) - 1e-6).all()
    assert (far <= points.mu.max(0) + 1e-6).all()


def test_a_path_lies_on_a_pca_map_where_its_points_are_projected(run: Run) -> None:
    place = place_of(run)
    latents = map_points.points(place)
    np.testing.assert_allclose(map_points.on_map(place, latents.mu), latents.xy, atol=1e-5)
    middle = latents.mu[[0, 1]].mean(0, keepdims=True)
    xy = latents.xy[[0, 1]].mean(0, keepdims=True)
    np.testing.assert_allclose(map_points.on_map(place, middle), xy, atol=1e-5)


def test_a_path_lies_on_another_layout_among_its_nearest_images(run: Run) -> None:
    latents = load_latents(run.latents_file)
    save_latents(run.maps / "umap.npz", project(latents, "umap", 0, lambda *_: None))
    place = place_of(run, "umap")
    points = map_points.points(place)
    np.testing.assert_allclose(map_points.on_map(place, points.mu), points.xy, atol=1e-3)
    between = map_points.on_map(place, points.mu[:1] * 0.5 + points.mu[1:2] * 0.5)
    assert (between >= points.xy.min(0)).all()
    assert (between <= points.xy.max(0)).all()


def test_the_ellipse_is_the_posterior_seen_on_the_plane(run: Run) -> None:
    place = place_of(run)
    points = map_points.points(place)
    mean, axes = map_points.plane(place)
    row = 2
    noise = np.random.default_rng(0).standard_normal((200_000, points.mu.shape[1]))
    seen = (points.mu[row] + np.exp(points.logvar[row] / 2) * noise - mean) @ axes.T
    told = map_points.ellipse(place, row)
    along = np.array([np.cos(told["angle"]), np.sin(told["angle"])])
    aside = np.array([-along[1], along[0]])
    deviations = [(seen @ direction).std() for direction in (along, aside)]
    np.testing.assert_allclose(told["axes"], deviations, rtol=0.02)


def test_rows_are_found_by_their_images(run: Run) -> None:
    place = place_of(run)
    index = map_points.points(place).index
    wanted = index[[4, 0, 2]]
    assert map_points.rows_of(place, wanted).tolist() == [4, 0, 2]
    assert map_points.rows_of(place, np.array([10**6])).tolist() == []
    assert map_points.rows_of(place, np.array([], np.int64)).tolist() == []


# ------------------------------------------------------------------------------------- hands


@pytest.mark.parametrize(
    ("state", "choice"),
    [
        ({"picked": {"index": 17, "number": 3}}, (3, Choice((17,), 1))),
        ({"picked": {"point": [1, -2.5]}}, (0, Choice(point=(1.0, -2.5)))),
        ({"picked": {"number": 4}}, (4, Choice())),
        ({"group": {"indices": [3, 4], "count": 9, "number": 1}}, (1, Choice((3, 4), 9))),
        (
            {"picked": {"index": 1, "number": 5}, "group": {"indices": [2], "number": 4}},
            (5, Choice((1,), 1)),
        ),
        (
            {"picked": {"index": 1, "number": 5}, "group": {"indices": [2, 3], "number": 6}},
            (6, Choice((2, 3), 2)),
        ),
        ({}, None),
        (None, None),
        ({"picked": "all of it"}, None),
        ({"picked": {"index": 1, "number": "x"}}, None),
        ({"picked": {"index": -1}}, (0, Choice())),
        ({"picked": {"index": True}}, (0, Choice())),
        ({"picked": {"point": [float("nan"), 0]}}, (0, Choice())),
        ({"picked": {"point": [1, 2, 3]}}, (0, Choice())),
        ({"group": {"indices": [1, "x"]}}, (0, Choice())),
    ],
)
def test_what_a_hand_chooses_is_read_or_left(state: Any, choice: Any) -> None:
    assert canvas.newest_choice(state) == choice


def test_a_group_is_bounded() -> None:
    group = {"indices": list(range(MAX_GROUP + 7)), "count": 10**6, "number": 1}
    told = canvas.newest_choice({"group": group})
    assert told is not None
    assert (len(told[1].images), told[1].count) == (MAX_GROUP, 10**6)
