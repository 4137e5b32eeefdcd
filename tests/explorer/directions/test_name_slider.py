"""A slider that a person names becomes a direction between the images at its two ends."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from explorer.directions import found_sliders, name_slider, saved
from explorer.directions.direction import Line
from tests.explorer.pages import page
from vae.directions import axes, definitions
from vae.latent.encoding import load_latents
from vae.runs.folder import Run


@pytest.fixture
def run(trained_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A copy of `tiny` in a folder of runs of one's own."""
    shutil.copytree(trained_root / "tiny", tmp_path / "tiny")
    monkeypatch.setenv("VAE_ROOT", str(tmp_path))
    return Run(tmp_path / "tiny")


def labels(at: AppTest) -> list[str]:
    element = next(e for e in at.get("bidi_component") if e.proto.component_name == "latent_dials")
    return [one["label"] for one in json.loads(element.proto.json)["directions"]]


@pytest.mark.parametrize("read", [None, (0.0, 1.0, 0.0)])
def test_the_ends_are_the_images_furthest_out(read: tuple[float, ...] | None) -> None:
    rng = np.random.default_rng(0)
    mu = rng.standard_normal((1000, 3)).astype(np.float32)
    index = rng.permutation(5000)[:1000]
    line = Line((1.0, 0.0, 0.0), 0.5, 2.0, read)
    right, left = name_slider.ends(line, index, mu)
    along = dict(zip(index.tolist(), mu[:, 0 if read is None else 1], strict=True))
    assert len(right) == len(left) == 50
    assert min(along[image] for image in right) > 1.4
    assert max(along[image] for image in left) < -1.4


def test_a_line_between_its_ends_is_the_line() -> None:
    rng = np.random.default_rng(0)
    mu = rng.standard_normal((4000, 6)).astype(np.float32)
    index = np.arange(4000)
    right, left = name_slider.ends(Line(2, 0.0, 1.0), index, mu)
    one = definitions.Definition("x", a=right, b=left)
    assert axes.axis_of(one, {}, index, mu, {}, {}).vector[2] > 0.99


@pytest.mark.parametrize("num", [2, 3, 9])
def test_few_images_make_two_groups_all_the_same(num: int) -> None:
    mu = np.arange(num, dtype=np.float32)[:, None]
    right, left = name_slider.ends(Line(0, 0.0, 1.0), np.arange(num), mu)
    assert right
    assert not set(right) & set(left)


def test_a_found_direction_is_shown_and_kept_under_a_name(run: Run) -> None:
    at = page("Sliders", directions=found_sliders.CHOICE)
    assert labels(at)[0] == "Found 1"
    box = next(box for box in at.selectbox if box.label == "Slider")
    box.select("Found 2").run()
    name = next(box for box in at.text_input if box.label == "Name")
    assert name.placeholder == "Found 2"
    name.input("Sunshine").run()
    next(one for one in at.button if one.label == "Make a direction").click().run()
    assert not at.exception
    (kept,) = definitions.load_directions(run.directions_file)
    assert kept.name == "Sunshine"
    assert labels(at) == ["Sunshine"]
    assert labels(page("Sliders", directions=saved.CHOICE)) == ["Sunshine"]
    latents = load_latents(run.latents_file)
    assert set(kept.a) | set(kept.b) <= set(latents.index.tolist())
