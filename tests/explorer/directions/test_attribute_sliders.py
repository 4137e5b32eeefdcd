"""Which controls the attributes of a run get, what they are called, and in which groups."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from explorer.directions import attribute_sliders
from explorer.directions.attribute_groups import OTHERS, group_of, in_groups
from tests.explorer.pages import page, text_of
from vae.directions.attribute_axes import READABLE, AttributeAxes


def axes(name: str, kind: str = "number", explained: float = 0.9, **changes: Any) -> AttributeAxes:
    """Axes of one attribute over the first of six dimensions."""
    num = 2 if kind != "number" else 1
    about = {
        "labels": ("none", "ribbon", "cat ears") if kind == "choice" else (),
        "moves": np.eye(6)[:num],
        "reads": np.eye(6)[:num],
        "centre": np.zeros(num),
        "values": np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]) if kind == "choice" else None,
        "furthest": 2.5,
    }
    about |= changes
    if about["values"] is None:
        about["values"] = np.zeros((0, num))
    return AttributeAxes(name, kind, explained=explained, **about)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("attribute", "group"),
    [
        ("smile", "Expression"),
        ("Smiling", "Expression"),
        ("Mouth_Slightly_Open", "Expression"),
        ("eye_hue", "Eyes"),
        ("eyeColor", "Eyes"),
        ("Eyeglasses", "Accessories"),
        ("Wearing_Hat", "Accessories"),
        ("Blond_Hair", "Hair"),
        ("Receding_Hairline", "Hair"),
        ("head_turn", "Pose"),
        ("dx", "Pose"),
        ("Oval_Face", "Face"),
        ("Male", "Face"),
        ("background_hue", "Around the face"),
        ("label", OTHERS),
        ("chairs", OTHERS),  # a word within a word is none
    ],
)
def test_an_attribute_stands_where_a_person_looks_for_it(attribute: str, group: str) -> None:
    assert group_of(attribute)[0] == group


def test_a_smile_comes_first_and_a_lone_group_has_no_heading() -> None:
    told = in_groups(["background_hue", "mouth_open", "gaze_x", "smile"])
    assert told == [
        ("smile", "Expression"),
        ("mouth_open", "Expression"),
        ("gaze_x", "Eyes"),
        ("background_hue", "Around the face"),
    ]
    assert in_groups(["label", "weight"]) == [("label", ""), ("weight", "")]


def test_yes_is_called_by_the_attribute_and_one_of_two_kinds_by_its_class() -> None:
    glasses = axes("glasses", labels=("round",))
    assert attribute_sliders.label_of(glasses, ("none", "round")) == "Glasses"
    assert attribute_sliders.label_of(axes("male", labels=("1",)), ("-1", "1")) == "Male"
    gender = axes("gender", labels=("male",))
    assert attribute_sliders.label_of(gender, ("female", "male")) == "Gender: male"
    rating = axes("rating", labels=("2",))
    assert attribute_sliders.label_of(rating, ("1", "2")) == "Rating: 2"
    assert attribute_sliders.label_of(axes("head_turn"), ()) == "Head turn"
    assert attribute_sliders.label_of(axes("hat", "choice"), ("none", "ribbon")) == "Hat"


def shown(at: AppTest) -> list[dict[str, Any]]:
    element = next(e for e in at.get("bidi_component") if e.proto.component_name == "latent_dials")
    told: list[dict[str, Any]] = json.loads(element.proto.json)["directions"]
    return told


def choices(at: AppTest) -> list[str]:
    box = next(box for box in at.main.get("button_group") if box.label == "Directions")
    return [option.content for option in box.proto.options]


@pytest.fixture
def known(trained_root: Path, monkeypatch: pytest.MonkeyPatch) -> list[AttributeAxes]:
    """The axes that the page finds for its run, of six dimensions."""
    monkeypatch.setenv("VAE_ROOT", str(trained_root))
    found = [
        axes("head_turn", explained=0.7),
        axes("hair_hue", "circle"),
        axes("smile", explained=0.4, furthest=5.0),
        axes("blush", explained=READABLE - 0.01),
        axes("accessory", "choice"),
    ]
    monkeypatch.setattr(attribute_sliders, "axes", lambda opened: found)
    return found


def test_sliders_opens_on_the_attributes(known: list[AttributeAxes]) -> None:
    at = page("Sliders")
    told = {one["label"]: one for one in shown(at)}
    assert list(told) == ["Smile", "Hair hue", "Accessory", "Head turn", "Blush"]
    assert choices(at)[0] == attribute_sliders.CHOICE
    assert told["Smile"]["group"] == "Expression"
    assert told["Smile"]["reach"] == 5.0
    assert told["Head turn"]["reach"] == 3.5
    assert told["Smile"]["note"] == "R² 0.40"
    assert told["Hair hue"]["kind"] == "circle"
    assert [choice["label"] for choice in told["Accessory"]["choices"]] == [
        "None",
        "Ribbon",
        "Cat ears",
    ]
    assert (told["Blush"]["place"], told["Head turn"]["place"]) == ("inactive", "first")
    assert "Of the move itself" in text_of(at)


def test_attributes_that_come_are_shown_unless_somebody_chose(known: list[AttributeAxes]) -> None:
    later = known.copy()
    known.clear()
    at = page("Sliders")
    assert attribute_sliders.CHOICE not in choices(at)
    assert shown(at)[0]["label"].startswith("z")
    known[:] = later
    at.run()
    assert shown(at)[0]["label"] == "Smile"
    known.clear()
    at.run()
    assert shown(at)[0]["label"].startswith("z")
    known[:] = later
    at.run()
    assert shown(at)[0]["label"] == "Smile", "they were away for a moment"
    box = next(box for box in at.main.get("button_group") if box.label == "Directions")
    box.set_value("Dimensions by KL").run()
    assert shown(at)[0]["label"].startswith("z")
    at.run()
    assert shown(at)[0]["label"].startswith("z"), "it was chosen"


def test_without_a_readable_attribute_it_opens_on_the_dimensions(
    known: list[AttributeAxes],
) -> None:
    known[:] = [axes("smile", explained=0.1)]
    at = page("Sliders")
    assert attribute_sliders.CHOICE not in choices(at)
    assert shown(at)[0]["label"].startswith("z")
