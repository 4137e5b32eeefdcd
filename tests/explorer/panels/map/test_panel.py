"""The map of the latent space: what it shows, and what is chosen on it."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import NumberInput

from explorer.components import job_button
from explorer.panels.map import map_maker
from explorer.state.map_points import ERROR, KL
from tests.explorer.pages import (
    alts,
    button,
    page,
    path_in,
    text_of,
    z_of,
)
from vae.latent.encoding import load_latents, save_latents
from vae.latent.projection import project
from vae.runs import processes
from vae.runs.folder import Run


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


def umap_file(root: Path, **columns: float) -> None:
    """A map by UMAP of `tiny`, whose file says that it was made with `columns`."""
    latents = project(load_latents(root / "tiny" / "latents.npz"), "pca", 0, lambda *_: None)
    told = {name: np.array(value) for name, value in columns.items()}
    save_latents(root / "tiny" / "maps" / "umap.npz", latents, **told)


def number(at: AppTest, label: str) -> NumberInput:
    return next(one for one in at.number_input if one.label == label)


def test_umap_has_a_number_of_neighbours_and_a_minimum_distance(root: Path) -> None:
    at = page("Map", method="umap")
    assert number(at, "Neighbours").value == 15
    assert number(at, "Minimum distance").value == 0.1
    assert all(number(at, label).help for label in ("Neighbours", "Minimum distance"))
    at = page("Map")
    assert not [one for one in at.number_input if one.label in ("Neighbours", "Minimum distance")]


def test_a_map_that_was_made_with_other_options_is_not_shown_as_if_it_had_these(
    root: Path,
) -> None:
    umap_file(root)
    at = page("Map", method="umap")
    assert "file=umap" in map_in(at)["points"]
    number(at, "Neighbours").set_value(30).run()
    said = "The map that is there was made with 15 neighbours and a minimum distance of 0.1."
    assert said in text_of(at)
    assert "file=umap" not in map_in(at)["points"], "meanwhile PCA"
    assert button(at, "Compute UMAP")
    number(at, "Neighbours").set_value(15).run()
    assert "file=umap" in map_in(at)["points"]
    number(at, "Minimum distance").set_value(0.5).run()
    assert said in text_of(at)
    umap_file(root, neighbours=15, min_distance=0.5)
    at.run()
    assert "file=umap" in map_in(at)["points"]


def test_the_options_begin_as_those_of_the_map_and_outlive_another_panel(root: Path) -> None:
    umap_file(root, neighbours=40, min_distance=0.25)
    at = page("Map", method="umap")
    assert "file=umap" in map_in(at)["points"]
    assert (number(at, "Neighbours").value, number(at, "Minimum distance").value) == (40, 0.25)
    number(at, "Neighbours").set_value(50).run()
    for panel in ("Sliders", "Map"):
        at.session_state["panel"] = panel
        at.run()
        assert not at.exception
    assert (number(at, "Neighbours").value, number(at, "Minimum distance").value) == (50, 0.25)


@pytest.mark.parametrize(
    ("label", "value", "sentence"),
    [
        ("Neighbours", 1, "neighbours must be a whole number from 2 to 200, not 1."),
        ("Neighbours", -5, "neighbours must be a whole number from 2 to 200, not -5."),
        ("Neighbours", 1000, "neighbours must be a whole number from 2 to 200, not 1000."),
        ("Minimum distance", -0.1, "min_distance must be a number from 0 to 1, not -0.1."),
        ("Minimum distance", 3.0, "min_distance must be a number from 0 to 1, not 3."),
    ],
)
def test_options_that_make_no_map_are_refused_in_a_sentence(
    root: Path, label: str, value: float, sentence: str
) -> None:
    umap_file(root)
    at = page("Map", method="umap")
    number(at, label).set_value(value).run()
    assert not at.exception
    assert [one.value for one in at.error] == [sentence]
    assert "Compute UMAP" not in [one.label for one in at.button]
    number(at, label).set_value(0.1 if label == "Minimum distance" else 15).run()
    assert not at.error
    assert "file=umap" in map_in(at)["points"]


def test_the_map_is_made_with_what_is_chosen(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(processes, "_spawn", lambda words, *_: started.append(list(words)))
    at = page("Map", method="umap")
    number(at, "Neighbours").set_value(8).run()
    number(at, "Minimum distance").set_value(0.35).run()
    button(at, "Compute UMAP").click().run()
    (words,) = started
    assert words[words.index("--neighbours") + 1] == "8"
    assert words[words.index("--min_distance") + 1] == "0.35"


def test_a_map_of_a_sample_says_so(root: Path) -> None:
    umap_file(root, neighbours=15, min_distance=0.1, num_fitted=20)
    text = text_of(page("Map", method="umap"))
    assert "UMAP placed 20 of them, and each other one among its nearest of these." in text
    assert "UMAP placed" not in text_of(page("Map"))


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
