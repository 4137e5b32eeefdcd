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
    new_page,
    pixels,
    require_chromium,
    wait_for_change,
    wait_until,
    wait_until_idle,
    wait_until_painted,
)
from tests.browser.proxy import Proxy
from vae.runs.folder import Run

pytestmark = pytest.mark.browser

require_chromium()

from playwright.sync_api import Browser, Page, Request, expect  # noqa: E402

NUM_IMAGES, NUM_BROKEN = 288, 12


def picture(number: int) -> tuple[str, bytes]:
    """A picture of its own colours: of many sizes, kinds and modes, some without a suffix."""
    random = np.random.default_rng(number)
    height, width = random.integers(20, 120, 2)
    low = random.integers(0, 256, (4, 4, 4), np.uint8)
    image = Image.fromarray(low).resize((int(width), int(height)))
    mode = ("RGB", "L", "RGBA", "P")[number % 4]
    kind, suffix = (("PNG", ".png"), ("WEBP", ".webp"), ("JPEG", ".jpg"), ("PNG", ""))[
        number // 4 % 4
    ]
    if mode != "RGBA":
        image = image.convert("RGB").convert(mode)
    if kind != "PNG":
        image = image.convert("RGB" if kind == "JPEG" or mode != "RGBA" else "RGBA")
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return f"{'ab'[number % 2]}/face {number}{suffix}", buffer.getvalue()


@pytest.fixture(scope="module")
def pictures() -> list[tuple[str, bytes]]:
    return [picture(number) for number in range(NUM_IMAGES)]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory, pictures: list[tuple[str, bytes]]) -> Path:
    """300 mixed images, of which 12 are broken, a copy of one and a text."""
    file = tmp_path_factory.mktemp("own") / "my faces.zip"
    with zipfile.ZipFile(file, "w") as opened:
        for name, data in pictures:
            opened.writestr(name, data)
        for number in range(NUM_BROKEN):
            _, data = pictures[4 * number]
            opened.writestr(f"broken/{number}.png", data[: len(data) // 2])
        opened.writestr("b/copy.png", pictures[0][1])
        opened.writestr("notes.txt", "no image")
    return file


def test_a_dropped_zip_is_looked_at_and_trained_on(
    page: Page, server: Server, archive: Path
) -> None:
    page.goto(server.url)
    sidebar = page.get_by_test_id("stSidebar")
    page.get_by_role("button", name="Add images").click()
    page.get_by_label("Drop images or a zip").set_input_files(archive)
    expect(sidebar.get_by_text(f"{NUM_IMAGES} images", exact=True)).to_be_visible()
    expect(sidebar.get_by_role("textbox", name="Data")).to_have_value(re.compile("my faces.zip"))
    expect(sidebar.get_by_text(f"{NUM_BROKEN} broken")).to_be_visible()
    expect(sidebar.get_by_text("1 copied from another")).to_be_visible()
    sheet = sidebar.get_by_role("img", name="Images as the model sees them")
    before = wait_until_painted(sheet)
    sidebar.get_by_role("radio", name="Fit").click()
    wait_for_change(sheet, before)
    assert pixels(sheet).std() > 5
    sidebar.get_by_text("Left out").click()
    for number in range(NUM_BROKEN):
        expect(sidebar.get_by_text(f"broken/{number}.png").first).to_be_visible()

    expect(sidebar.get_by_text(re.compile("First pictures after"))).to_be_visible(
        timeout=1000 * TRAINING_PATIENCE
    )
    wait_until_idle(page)
    sidebar.get_by_role("button", name="Start training").click()
    expect(sidebar.get_by_text("running", exact=False).first).to_be_visible(
        timeout=1000 * TRAINING_PATIENCE
    )
    expect(page.get_by_role("tab", name="Live", exact=True)).to_have_attribute(
        "aria-selected", "true"
    )
    run = Run(server.root / "my-faces-1")
    wait_until(run.config_file.is_file, "the run has begun", TRAINING_PATIENCE)
    assert run.config().data.crop == "fit"
    sidebar.get_by_role("button", name="Stop").click()
    expect(sidebar.get_by_text("stopped", exact=False).first).to_be_visible(
        timeout=1000 * TRAINING_PATIENCE
    )


def test_a_folder_is_sent_with_its_folders_and_removed_again(
    page: Page, server: Server, tmp_path: Path, pictures: list[tuple[str, bytes]]
) -> None:
    folder = tmp_path / "holiday"
    for name, data in [*pictures[:30], (".cache/hidden.png", pictures[40][1])]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    page.goto(server.url)
    sidebar = page.get_by_test_id("stSidebar")
    page.get_by_role("button", name="Add images").click()
    page.get_by_label("Drop a folder").set_input_files(folder)
    expect(sidebar.get_by_role("textbox", name="Data")).to_have_value(re.compile("holiday$"))
    kept = server.root / ".uploads" / "holiday"
    sent = {str(file.relative_to(kept / "holiday")) for file in kept.rglob("*") if file.is_file()}
    assert sent == {name for name, _ in pictures[:30]}
    expect(sidebar.get_by_text("30 images", exact=True)).to_be_visible()
    expect(page.get_by_test_id("stPopoverBody")).to_be_hidden()  # to show what the images hold
    wait_until_idle(page)
    page.get_by_role("button", name="Add images").click()
    listed = page.get_by_test_id("stPopoverBody").get_by_role("button", name="holiday")
    listed.locator("xpath=following::button[contains(., 'Remove')]").first.click()
    wait_until(lambda: not kept.exists(), "the files are removed")


def test_what_is_let_fall_on_the_page_is_sent(page: Page, server: Server) -> None:
    page.goto(server.url)
    page.get_by_role("button", name="Add images").click()
    area = page.get_by_text("Drag images, a zip or a folder here")
    dropped = page.evaluate_handle(
        """() => {
            const dropped = new DataTransfer();
            for (const name of ["one.png", "two.png"]) {
                dropped.items.add(new File([name], name));
            }
            return dropped;
        }"""
    )
    area.dispatch_event("drop", {"dataTransfer": dropped})
    data = page.get_by_test_id("stSidebar").get_by_role("textbox", name="Data")
    expect(data).to_have_value(re.compile("images$"))
    assert (server.root / ".uploads" / "images" / "two.png").read_text() == "two.png"


def test_sending_can_be_cancelled_and_nothing_is_left(
    page: Page, server: Server, archive: Path
) -> None:
    page.goto(server.url)
    page.get_by_role("button", name="Add images").click()
    page.route(re.compile("/live/uploads$"), lambda request: None)  # never answered
    page.get_by_label("Drop images or a zip").set_input_files(archive)
    popover = page.get_by_test_id("stPopoverBody")
    expect(popover.get_by_text("Sending: 0 of 1 file")).to_be_visible()
    popover.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("button", name="Choose files")).to_be_visible()
    wait_until(lambda: not list((server.root / ".uploads").glob("*.part")), "nothing is left")
    page.unroute(re.compile("/live/uploads$"))
    page.get_by_label("Drop images or a zip").set_input_files(archive)
    data = page.get_by_test_id("stSidebar").get_by_role("textbox", name="Data")
    expect(data).to_have_value(re.compile("my faces.zip"))


def test_a_connection_that_is_cut_in_the_middle_is_gone_on_with(
    chromium: Browser, server: Server, tmp_path: Path
) -> None:
    file = tmp_path / "large.zip"
    with zipfile.ZipFile(file, "w") as opened:
        for number in range(4):
            opened.writestr(f"{number}.png", picture(number)[1])
        opened.writestr("noise.bin", np.random.default_rng(0).bytes(9_000_000))
    starts: list[int] = []

    def watch(request: Request) -> None:
        if request.url.endswith("/live/uploads"):
            starts.append(int(request.headers.get("x-upload-from", 0)))

    with Proxy(server.port, cuts=[3_000_000, 4_000_000]) as proxy:
        page = new_page(chromium)
        page.on("request", watch)
        page.goto(proxy.url)
        page.get_by_role("button", name="Add images").click()
        page.get_by_label("Drop images or a zip").set_input_files(file)
        lost = page.get_by_test_id("stPopoverBody").get_by_text("The connection was lost: trying")
        expect(lost).to_be_visible()
        assert not list((server.root / ".uploads").glob("large*")), "nothing half is a source"
        data = page.get_by_test_id("stSidebar").get_by_role("textbox", name="Data")
        expect(data).to_have_value(re.compile(r"large\.zip$"))
        page.close()
    kept = server.root / ".uploads" / "large" / "large.zip"
    assert kept.read_bytes() == file.read_bytes()
    assert len(starts) == 3
    assert starts[2] > starts[1] + 1_000_000 > 2_000_000, "what had come was not sent again"


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
    epochs = sidebar.get_by_role("spinbutton", name="Epochs")
    epochs.fill("1.5")
    epochs.press("Enter")
    expect(sidebar.get_by_text("Epochs must be a whole number, not 1.5.")).to_be_visible()
    expect(start).to_be_disabled()
    epochs.fill("1")
    epochs.press("Enter")
    expect(start).to_be_enabled()
    expect(epochs).to_have_value("1")
