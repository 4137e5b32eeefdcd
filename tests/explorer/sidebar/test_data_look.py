"""The sidebar says what the chosen data hold before anything is trained on them."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from explorer.sidebar import inquiry
from tests.explorer.pages import PAGE
from vae.runs import processes

NUM_IMAGES = 30


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """30 images, a copy of one of them, one cut off, one with nothing left, and a text."""
    folder = tmp_path / "own *images*"
    folder.mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (NUM_IMAGES, 24, 32, 3), np.uint8)
    for number, image in enumerate(pixels):
        Image.fromarray(image).save(folder / f"{number:02d}.png")
    Image.fromarray(pixels[7]).save(folder / "again.png")
    (folder / "broken.png").write_bytes((folder / "00.png").read_bytes()[:40])
    (folder / "cut.png").write_bytes((folder / "01.png").read_bytes()[:-900])
    (folder / "notes.txt").write_text("No image.")
    return folder


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    root = tmp_path / "runs"
    root.mkdir()
    monkeypatch.setenv("VAE_ROOT", str(root))
    page = AppTest.from_file(PAGE, default_timeout=30).run()
    assert not page.exception
    return page


def fill(at: AppTest, **answers: object) -> None:
    """Answer fields of the form by their labels, and run the page once."""
    for element in [*at.sidebar.text_input, *at.sidebar.number_input, *at.sidebar.button_group]:
        if element.label in answers:
            element.set_value(answers.pop(element.label))
    assert not answers
    at.run()
    assert not at.exception


def wait_for_the_check(at: AppTest) -> None:
    """Run the page until no check is under way."""
    deadline = time.monotonic() + 90
    while any(one.label == "Cancel" for one in at.sidebar.button):
        assert time.monotonic() < deadline
        time.sleep(0.1)
        at.run()
        assert not at.exception


def said(at: AppTest) -> str:
    shown = [*at.sidebar.markdown, *at.sidebar.caption, *at.sidebar.error]
    return "\n".join(str(element.value) for element in shown).replace("\\", "")


def start_button(at: AppTest):
    return next(one for one in at.sidebar.button if one.label == "Start training")


def test_what_is_used_and_what_is_left_out_is_said(at: AppTest, folder: Path) -> None:
    fill(at, Data=str(folder))
    wait_for_the_check(at)
    text = said(at)
    assert "**30 images**, 64 x 64 pixels, in colour" in text
    assert "27 for training, 3 for validation, drawn at random" in text
    assert "again.png: same as 07.png" in text
    assert "broken.png" in text
    assert "notes.txt" in text
    assert next(image.proto.imgs[0].alt for image in at.sidebar.get("image")) == (
        "Images as the model sees them"
    )
    assert not start_button(at).disabled


def test_broken_images_are_named_beside_what_is_left_of_them(at: AppTest, folder: Path) -> None:
    fill(at, Data=str(folder))
    wait_for_the_check(at)
    shown = [image.proto.imgs[0].alt for image in at.sidebar.get("image")]
    assert "What is left of cut.png" in shown
    assert "Nothing can be shown of broken.png" in shown
    text = said(at)
    assert "cut.png: the file ends before the image does]" in text
    assert "nothing of it can be shown" in next(
        line for line in text.splitlines() if "broken.png" in line
    )


def test_the_suggested_dimensions_are_taken_over(at: AppTest, folder: Path) -> None:
    fill(at, Data=str(folder))
    wait_for_the_check(at)
    use = next(one for one in at.sidebar.button if one.label.startswith("Use "))
    use.click().run()
    dims = next(one for one in at.sidebar.number_input if one.label == "Latent dimensions")
    assert dims.value == int(use.label.removeprefix("Use ")) == 8  # a fourth of 27 images at most


def test_data_that_cannot_be_used_disable_start(at: AppTest, tmp_path: Path) -> None:
    fill(at, Data=str(tmp_path / "nowhere"))
    wait_for_the_check(at)
    assert "There is nothing at" in said(at)
    assert start_button(at).disabled
    fill(at, Data="synthetic")
    assert not start_button(at).disabled


def test_another_crop_is_another_look(at: AppTest, folder: Path) -> None:
    fill(at, Data=str(folder))
    wait_for_the_check(at)
    before = at.sidebar.get("image")[0].proto.imgs[0].url
    fill(at, Crop="fit")
    wait_for_the_check(at)
    assert at.sidebar.get("image")[0].proto.imgs[0].url != before


def test_a_cancelled_check_is_ended_and_start_is_free(
    at: AppTest, folder: Path, tmp_path: Path
) -> None:
    fill(at, Data=str(folder))
    next(one for one in at.sidebar.button if one.label == "Cancel").click().run()
    wait_for_the_check(at)
    assert not start_button(at).disabled
    assert not at.sidebar.error
    assert not list((tmp_path / "runs" / ".data").glob("*.part"))


@pytest.mark.parametrize(
    ("label", "value", "sentence"),
    [
        ("Beta", 5000.0, "Beta must be from 0 to 1,000, not 5,000."),
        ("Learning rate", 0.0, "Learning rate must be"),
        ("Learning rate", 0.0000001, "Learning rate must be from 0.000001 to 1, not 0.0000001."),
        ("Epochs", 0, "Epochs must be"),
        ("Epochs", 1.5, "Epochs must be a whole number, not 1.5."),
        ("Latent dimensions", 2.5, "Latent dimensions must be a whole number, not 2.5."),
        ("Batch size", 0.5, "Batch size must be a whole number, not 0.5."),
        ("Image size", 64.5, "Image size must be a whole number, not 64.5."),
        ("Latent dimensions", 5000, "Latent dimensions must be a whole number from 1 to 4096"),
        ("Batch size", -1, "Batch size must be"),
        ("Image size", 8, "Image size must be a whole number from 16 to 256"),
        ("Name", "../outside", "outside"),
        ("Data", " ", "Data must name a source"),
    ],
)
def test_nothing_invalid_can_be_started(
    at: AppTest, label: str, value: object, sentence: str
) -> None:
    fill(at, **{label: value})
    assert sentence in said(at)
    assert start_button(at).disabled


def test_start_ends_a_look_that_is_under_way(
    at: AppTest, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(at, Data=str(folder))
    monkeypatch.setattr(processes, "start_training", lambda *args: None)
    start_button(at).click().run()
    words = ("check", "--", str(folder))
    deadline = time.monotonic() + 60
    while (found := inquiry.newest(tmp_path / "runs", words)) and found.state == "working":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert found is None or found.state == "failed"
