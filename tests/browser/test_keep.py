"""Keep and reproduce in a real Chromium: what is downloaded comes back, what is put away stays."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from explorer.exports import recipes
from tests.browser.driver import (
    FACE,
    ROOT,
    Server,
    held,
    new_page,
    open_panel,
    require_chromium,
    settled_url,
    show_panel,
    still,
    wait_for_change,
    wait_for_socket,
    wait_until,
    wait_until_idle,
    wait_until_painted,
    wait_until_shown,
    wait_until_taken,
)
from vae.pictures import read_png

pytestmark = pytest.mark.browser

require_chromium()

from playwright.sync_api import Browser, Page, expect  # noqa: E402


def levels_apart(a: np.ndarray, b: np.ndarray) -> int:
    """The largest difference of two pictures, in grey levels."""
    return int(np.abs(a.astype(np.int16) - b).max())


def test_a_downloaded_face_comes_back_when_it_is_dropped(
    page: Page, server: Server, tmp_path: Path
) -> None:
    open_panel(page, server, "Sliders")
    face = page.locator(FACE).first
    wait_for_socket(face)
    start, address = still(face), page.url
    page.get_by_role("button", name="Random", exact=True).click()
    wait_for_change(face, start)
    address = settled_url(page, address)
    wait_until_taken(page, face)
    wait_until_shown(face)
    kept, drawn = still(face), held(face)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download PNG").click()
    file = tmp_path / "face.png"
    download.value.save_as(file)
    recipe = recipes.read(file.read_bytes())
    assert recipe is not None
    assert recipe.run == "anime-faces"
    slider = page.get_by_role("slider").first
    slider.focus()
    for _ in range(40):
        page.keyboard.press("ArrowRight")
    wait_for_change(face, kept)
    address = settled_url(page, address)
    page.get_by_role("button", name="Your own").click()
    page.locator("input[type=file]").first.set_input_files(file)
    expect(page.get_by_text("Restored exactly")).to_be_visible()
    page.keyboard.press("Escape")
    settled_url(page, address)
    # The same point decoded with others at once may round a value the other way.
    wait_until(lambda: levels_apart(held(face), drawn) <= 1, "every pixel is as it was")


def test_a_downloaded_path_comes_back_when_it_is_dropped(
    page: Page, server: Server, tmp_path: Path
) -> None:
    open_panel(page, server, "Interpolate")
    first = page.get_by_role("img", name="Path 3", exact=True)
    kept = still(first)
    images = page.get_by_role("button", name=re.compile(r"^Image \d+$"))
    pressed = page.locator("button[aria-pressed='true'][aria-label^='Image']")
    expect(pressed).to_have_count(2)
    strip = page.locator("img[alt^='Path ']")
    expect(strip).to_have_count(9)
    sources = [picture.get_attribute("src") for picture in strip.all()]
    names = [button.get_attribute("aria-label") for button in pressed.all()]
    with page.expect_download() as download:
        page.get_by_role("button", name="PNG strip").click()
    file = tmp_path / "path.png"
    download.value.save_as(file)
    for place in (20, 30):
        images.nth(place).click()
        expect(images.nth(place)).to_have_attribute("aria-pressed", "true")
    wait_for_change(first, kept)
    page.get_by_role("button", name="From a file").click()
    page.locator("input[type=file]").first.set_input_files(file)
    expect(page.get_by_text("Restored exactly")).to_be_visible()
    page.keyboard.press("Escape")
    for name in names:
        button = page.get_by_role("button", name=name, exact=True)
        expect(button).to_have_attribute("aria-pressed", "true")
    expect(pressed).to_have_count(2)
    for picture, source in zip(strip.all(), sources, strict=True):
        expect(picture).to_have_attribute("src", source or "")  # every pixel
    for place in (20, 30):
        images.nth(place).click()
        expect(images.nth(place)).to_have_attribute("aria-pressed", "true")
    wait_for_change(first, kept)  # the hand goes on from there


@pytest.mark.parametrize(
    ("panel", "button", "written"),
    [("Sliders", "Download PNG", "face.png"), ("Interpolate", "PNG strip", "path.png")],
)
def test_the_program_to_copy_makes_the_pixels_of_the_download(
    page: Page, server: Server, tmp_path: Path, panel: str, button: str, written: str
) -> None:
    open_panel(page, server, panel)
    picture = page.locator(f"{FACE}, img[alt='Path 5']").first
    wait_until_painted(picture)
    wait_until_idle(page)
    with page.expect_download() as download:
        page.get_by_role("button", name=button).click()
    download.value.save_as(tmp_path / "downloaded.png")
    page.get_by_role("button", name="Copy as Python").click()
    code = page.locator("code", has_text="vae.decode")
    expect(code).to_be_visible()
    program = code.inner_text()
    subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=True,
    )
    wanted = read_png(tmp_path / "downloaded.png")
    assert np.array_equal(read_png(tmp_path / written), wanted)


def test_a_line_that_was_put_away_stays_away(chromium: Browser, server: Server) -> None:
    page = new_page(chromium)
    line = page.get_by_text("A face is a point in latent space")
    open_panel(page, server, "Sliders")
    expect(line).to_be_visible()
    page.get_by_role("button", name="Got it").click()
    expect(line).to_have_count(0)
    wait_until(
        lambda: any(cookie.get("name") == "hints_read" for cookie in page.context.cookies()),
        "the browser remembers it",
    )
    page.reload()
    wait_until_painted(page.locator(FACE).first)
    wait_until_idle(page)
    expect(line).to_have_count(0)
    show_panel(page, "Map")
    expect(page.get_by_text(re.compile("Each dot is an image"))).to_be_visible()
    page.close()
