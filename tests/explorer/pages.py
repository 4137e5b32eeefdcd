"""The page as a script, run without a browser; no test stands here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from explorer.drawing import images

PAGE = str(Path(__file__).parents[2] / "explorer" / "page.py")


def page(panel: str, **state: Any) -> AppTest:
    """The page with that panel open, run once; `state` is what it keeps of the run `tiny`."""
    at = AppTest.from_file(PAGE, default_timeout=30)
    at.session_state["panel"] = panel
    for name, value in state.items():
        at.session_state[f"{name}:tiny"] = value
    at.run()
    assert not at.exception
    return at


def text_of(at: AppTest) -> str:
    """What the page says, a line each."""
    shown = [*at.markdown, *at.caption, *at.info, *at.warning, *at.error]
    return "\n".join(str(element.value) for element in shown)


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


def button(at: AppTest, label: str) -> Any:
    return next(one for one in at.button if one.label == label)


def path_in(at: AppTest) -> dict[str, Any]:
    """What the page tells the player of the path."""
    shown = [one.proto for one in at.get("bidi_component")]
    return next(json.loads(one.json) for one in shown if one.component_name == "latent_path")


def open_panel(
    root: Path, panel: str, monkeypatch: pytest.MonkeyPatch, run: str | None = None
) -> AppTest:
    """The page with that panel open, run once; nothing on it may have failed."""
    monkeypatch.setenv("VAE_ROOT", str(root))
    at = AppTest.from_file(PAGE, default_timeout=20)
    at.session_state["panel"] = panel
    if run is not None:
        at.session_state["run"] = run
    at.run()
    assert not at.exception
    return at


def texts(at: AppTest) -> str:
    """All that is written in the main part of the page."""
    kinds = ("markdown", "caption", "info", "warning", "error", "latex")
    lines = [element.value for kind in kinds for element in at.main.get(kind)]
    return "\n".join(map(str, [*lines, *[f"{m.label}: {m.value}" for m in at.metric]]))


def pictures_of(at: AppTest) -> dict[str, str]:
    """The address of each picture in the main part of the page, by its label."""
    shown = [image.proto.imgs[0] for image in at.main.get("image")]
    return {image.alt: image.url for image in shown}
