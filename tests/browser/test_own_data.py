"""A new user's way: drop a zip on the page, see what it holds, choose the crop, start."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.browser.driver import (
    TRAINING_PATIENCE,
    Server,
    pixels,
    require_chromium,
    wait_for_change,
    wait_until,
    wait_until_idle,
    wait_until_painted,
)
from vae.runs.folder import Run

pytestmark = pytest.mark.browser

require_chromium()

from playwright.sync_api import Page, expect  # noqa: E402

NUM_IMAGES, NUM_BROKEN = 60, 4


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """60 images, twice as wide as high, a copy, four broken ones and a text."""
    file = tmp_path_factory.mktemp("own") / "my faces.zip"
    noise = np.random.default_rng(0).integers(0, 256, (NUM_IMAGES, 4, 8, 3), np.uint8)
    with zipfile.ZipFile(file, "w") as opened:
        for number, image in enumerate(noise):
            buffer = io.BytesIO()
            Image.fromarray(image).resize((64, 32)).save(buffer, "PNG")
            opened.writestr(f"{'ab'[number % 2]}/{number}.png", buffer.getvalue())
        opened.writestr("b/copy.png", buffer.getvalue())
        for number in range(NUM_BROKEN):
            opened.writestr(f"broken/{number}.png", b"\x89PNG\r\n\x1a\n and no more")
        opened.writestr("notes.txt", "no image")
    return file


def test_a_dropped_zip_is_looked_at_and_trained_on(
    page: Page, server: Server, archive: Path
) -> None:
    page.goto(server.url)
    sidebar = page.get_by_test_id("stSidebar")
    page.get_by_role("button", name="Add images").click()
    page.get_by_test_id("stFileUploaderDropzoneInput").first.set_input_files(archive)
    expect(sidebar.get_by_text(f"{NUM_IMAGES} images")).to_be_visible()
    expect(sidebar.get_by_role("textbox", name="Data")).to_have_value(re.compile("my faces.zip"))
    page.keyboard.press("Escape")
    expect(sidebar.get_by_text(f"{NUM_BROKEN} broken")).to_be_visible()
    expect(sidebar.get_by_text("1 copied from another")).to_be_visible()
    sheet = sidebar.get_by_role("img", name="Images as the model sees them")
    before = wait_until_painted(sheet)
    sidebar.get_by_role("radio", name="Fit").click()
    wait_for_change(sheet, before)
    assert pixels(sheet).std() > 5

    sidebar.get_by_role("button", name="How long will it take?").click()
    expect(sidebar.get_by_text(re.compile("First pictures after"))).to_be_visible(
        timeout=1000 * TRAINING_PATIENCE
    )
    wait_until_idle(page)
    sidebar.get_by_role("button", name="Start training").click()
    expect(sidebar.get_by_text("running", exact=False).first).to_be_visible(
        timeout=1000 * TRAINING_PATIENCE
    )
    run = Run(server.root / "my-faces-1")
    wait_until(run.config_file.is_file, "the run has begun", TRAINING_PATIENCE)
    assert run.config().data.crop == "fit"
    sidebar.get_by_role("button", name="Stop").click()
    expect(sidebar.get_by_text("stopped", exact=False).first).to_be_visible(
        timeout=1000 * TRAINING_PATIENCE
    )


def test_an_invalid_setting_cannot_be_started(page: Page, server: Server) -> None:
    page.goto(server.url)
    sidebar = page.get_by_test_id("stSidebar")
    start = sidebar.get_by_role("button", name="Start training")
    expect(start).to_be_enabled()
    sidebar.get_by_text("Settings", exact=True).click()
    beta = sidebar.get_by_role("spinbutton", name="Beta")
    beta.fill("5000")
    beta.press("Enter")
    expect(sidebar.get_by_text("Beta must be from 0 to 1,000, not 5,000.")).to_be_visible()
    expect(start).to_be_disabled()
    beta.fill("2")
    beta.press("Enter")
    expect(start).to_be_enabled()
