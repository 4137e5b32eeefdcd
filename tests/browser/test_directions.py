"""Directions of one's own, refining and cropping, in a real Chromium."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.browser.driver import (
    FACE,
    Server,
    choose,
    drag_slider,
    lasso,
    open_panel,
    ready_map,
    require_chromium,
    select,
    still,
    wait_for_change,
    wait_for_socket,
    wait_until_idle,
    wait_until_painted,
    wait_until_shown,
    wait_until_taken,
)
from vae.directions.definitions import Definition, load_directions
from vae.faces import synthetic
from vae.runs.folder import Run

pytestmark = pytest.mark.browser

require_chromium()

from playwright.sync_api import Locator, Page, expect  # noqa: E402


def open_saved(page: Page, server: Server) -> Locator:
    """The face in Sliders, with the saved directions chosen."""
    open_panel(page, server, "Sliders")
    face = page.locator(FACE).first
    wait_for_socket(face)
    choose(page, "Saved directions")
    expect(page.get_by_role("button", name="New direction")).to_be_visible()
    return face


def kept(root: Path) -> list[Definition]:
    return load_directions(Run(root / "anime-faces").directions_file)


def test_an_attribute_becomes_a_slider_that_is_dragged_and_outlives_the_page(
    page: Page, server: Server, root: Path
) -> None:
    face = open_saved(page, server)
    expect(page.get_by_text("No direction has been made yet")).to_be_visible()
    page.get_by_role("button", name="New direction").click()
    select(page, "Attribute", "Skin tone")
    expect(page.get_by_placeholder("Skin tone")).to_be_visible()
    page.get_by_role("button", name="Make a direction").click()
    slider = page.get_by_role("slider", name="Skin tone")
    expect(slider).to_be_visible()
    assert [one.attribute for one in kept(root)] == ["skin_tone"]
    expect(page.get_by_role("table", name="What it moves")).to_contain_text("Skin tone")
    before = still(face)
    drag_slider(page, slider, (0.5, 0.97), face)
    page.mouse.up()
    wait_for_change(face, before)
    wait_until_taken(page, face)
    # The last shade of skin is dark: the middle of the face, between eyes and mouth, is too.
    side = len(before)
    middle = slice(int(0.6 * side), int(0.7 * side)), slice(int(0.45 * side), int(0.55 * side))
    assert still(face)[middle].mean() < before[middle].mean() - 20
    open_saved(page, server)
    expect(page.get_by_role("slider", name="Skin tone")).to_be_visible()


def test_two_lassos_become_a_slider(page: Page, server: Server, root: Path) -> None:
    open_panel(page, server, "Map")
    for letter, across in (("A", 0.35), ("B", 0.65)):
        lasso(page, ready_map(page), across, 0.5)
        keep = page.get_by_role("button", name=f"Keep as group {letter}")
        keep.click()
        expect(page.get_by_text(re.compile(rf"Kept:.*{letter} \d+"))).to_be_visible()
    page.get_by_role("textbox", name="Name").fill("Right to left")
    page.get_by_role("button", name="Make a direction").click()
    expect(page.get_by_role("slider", name="Right to left")).to_be_visible()
    wait_until_idle(page)
    made = kept(root)[-1]
    assert made.name == "Right to left"
    assert made.a
    assert made.b
    assert not set(made.a) & set(made.b)


def test_refining_lowers_the_error_that_is_told(page: Page, server: Server) -> None:
    open_panel(page, server, "Sliders")
    wait_until_painted(page.locator(FACE).first)
    after = page.get_by_text(re.compile(r"^After\s+[\d.]+ dB"))
    expect(after).to_be_visible()
    page.get_by_role("button", name="Refine", exact=True).click()
    refined = page.get_by_text(re.compile(r"^Refined\s+[\d.]+ dB"))
    expect(refined).to_be_visible()
    told = [float(re.findall(r"[\d.]+", one.inner_text())[0]) for one in (after, refined)]
    assert told[1] > told[0]
    wait_until_painted(page.get_by_role("img", name="Error by step"))
    expect(page.get_by_role("img", name="Typicality")).to_be_visible()


def test_the_square_of_an_upload_is_moved_and_encoded_anew(
    page: Page, server: Server, tmp_path: Path
) -> None:
    wide = Image.new("RGB", (600, 200), (190, 215, 240))
    wide.paste(Image.fromarray(synthetic.faces(9, np.array([3]), 200)[0]), (400, 0))
    wide.save(tmp_path / "wide.png")
    open_panel(page, server, "Sliders")
    face = page.locator(FACE).first
    wait_until_painted(face)
    page.get_by_role("button", name="Your own").click()
    page.locator("input[type=file]").first.set_input_files(tmp_path / "wide.png")
    expect(page.get_by_role("img", name="Crop", exact=True)).to_be_visible()
    cropped = page.get_by_role("img", name="Cropped")
    expect(cropped).to_be_visible()
    wait_until_idle(page)
    wait_until_shown(face)
    sky, before = cropped.get_attribute("src") or "", still(face)
    across = page.get_by_role("slider", name="Left to right")
    across.focus()
    for _ in range(50):
        page.keyboard.press("ArrowRight")
    expect(cropped).not_to_have_attribute("src", sky)
    page.keyboard.press("Escape")
    wait_for_change(face, before)
    expect(page.get_by_text(re.compile("More typical than|Less typical than"))).to_be_visible()
