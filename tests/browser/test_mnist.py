"""Every part of the explorer on a small run of MNIST digits, in a real Chromium.

Grey images of 28 pixels, ten labels, a plain network of eight dimensions: as little as possible is
as with the faces that ship. One page goes through all of it, in the order of the file.
"""

from __future__ import annotations

import gzip
import re
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from tests.browser.driver import (
    FACE,
    Server,
    box_at_rest,
    choose,
    drag_slider,
    lasso,
    new_page,
    next_frame,
    pixels,
    place_on,
    point_at_an_image,
    ready_map,
    require_chromium,
    select,
    settled_url,
    show_panel,
    still,
    wait_for_change,
    wait_for_pixels,
    wait_for_socket,
    wait_until_painted,
    wait_until_shown,
    wait_until_taken,
)
from vae.commands.parser import main

pytestmark = pytest.mark.browser

require_chromium()

from playwright.sync_api import Browser, Locator, Page, expect  # noqa: E402

NUM_IMAGES = 600


def drawn_digits(num: int) -> tuple[np.ndarray, np.ndarray]:
    """Digits of a printed font, turned, shifted and scaled. [num, 28, 28], [num]"""
    draw = np.random.default_rng(0)
    labels = draw.integers(0, 10, num)
    images = np.zeros((num, 28, 28), np.uint8)
    for image, label in zip(images, labels, strict=True):
        canvas = Image.new("L", (28, 28))
        font = ImageFont.load_default(int(draw.integers(18, 25)))
        middle = tuple(14 + draw.normal(0, 1, 2))
        ImageDraw.Draw(canvas).text(middle, str(label), 255, font, anchor="mm")
        image[:] = np.asarray(canvas.rotate(draw.normal(0, 12), Image.Resampling.BILINEAR))
    return images, labels.astype(np.uint8)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs that holds one, `digits`, trained by the command on idx files."""
    folder = tmp_path_factory.mktemp("mnist")
    images, labels = drawn_digits(NUM_IMAGES)
    for name, header, array in (
        ("images-idx3", struct.pack(">4I", 2051, *images.shape), images),
        ("labels-idx1", struct.pack(">2I", 2049, len(labels)), labels),
    ):
        with gzip.open(folder / f"train-{name}-ubyte.gz", "wb", compresslevel=1) as file:
            file.write(header + array.tobytes())
    command = f"""train digits --root {folder / "runs"} --data.source {folder}
        --data.validation_fraction 0.3 --model.name mlp --model.hidden_dim 128
        --model.latent_dim 8 --train.epochs 10 --train.batch_size 32 --train.lr 0.002"""
    assert main(command.split()) == 0
    return folder / "runs"


@pytest.fixture(scope="module")
def one_page(chromium: Browser) -> Iterator[tuple[Page, list[str]]]:
    page = new_page(chromium)
    errors: list[str] = []
    page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page, errors
    page.close()


@pytest.fixture
def page(one_page: tuple[Page, list[str]]) -> Iterator[Page]:
    """The one page of this file, whose console must stay free of errors."""
    page, errors = one_page
    yield page
    assert not errors, errors


def opened(page: Page, server: Server, panel: str) -> None:
    """Another panel of the page that is open, or of a new one."""
    if not page.url.startswith(server.url):
        page.goto(server.url)
    show_panel(page, panel)


def sliders(page: Page, server: Server) -> Locator:
    opened(page, server, "Sliders")
    face = page.locator(FACE).first
    wait_for_socket(face)
    return face


def is_shown(page: Page, text: str) -> None:
    expect(page.get_by_text(re.compile(text)).first).to_be_visible()


def test_a_grey_digit_follows_the_hand(page: Page, server: Server) -> None:
    face = sliders(page, server)
    before, address = still(face), page.url
    inside = before[20:-60, 20:-20]  # below it lies the info mark
    assert np.ptp(inside, axis=2).max() == 0, "the digits are grey"
    slider = page.get_by_role("slider", name=re.compile(r"^z\d$")).first
    assert page.get_by_role("slider", name=re.compile(r"^z\d$")).count() <= 8
    drag_slider(page, slider, (0.5, 0.95), face)
    assert page.url == address
    page.mouse.up()
    settled_url(page, address)
    wait_for_change(face, before)


def test_axes_of_pca_move_it(page: Page, server: Server) -> None:
    face = sliders(page, server)
    choose(page, "PCA of the posterior means")
    slider = page.get_by_role("slider", name="PC 1", exact=True)
    expect(slider).to_be_visible()
    before = still(face)
    slider.focus()
    page.keyboard.press("0")
    page.keyboard.press("9")
    page.keyboard.press("ArrowLeft")
    wait_for_change(face, before)
    wait_until_taken(page, face)
    choose(page, "Dimensions by KL")
    expect(page.get_by_role("slider", name=re.compile(r"^z\d$")).first).to_be_visible()


def test_random_undo_reset_and_pins(page: Page, server: Server) -> None:
    face = sliders(page, server)
    press = lambda name: page.get_by_role("button", name=name, exact=True).click()  # noqa: E731
    start = still(face)
    press("Pin")
    expect(page.get_by_role("img", name="Pin 1")).to_be_visible()
    wait_until_taken(page, face)
    page.get_by_label("Random from").select_option("the data")
    press("Random")
    wait_for_change(face, start)
    wait_until_taken(page, face)
    press("Undo")
    wait_for_pixels(face, start)
    wait_until_taken(page, face)
    press("Reset all")
    wait_until_taken(page, face)
    sliders_now = page.get_by_role("slider", name=re.compile(r"^z\d$"))
    assert {float(one.input_value()) for one in sliders_now.all()} == {0.0}
    press("Unpin 1")
    expect(page.get_by_role("img", name="Pin 1")).to_have_count(0)


def test_it_starts_from_an_image_of_the_set_and_from_ones_own(
    page: Page, server: Server, tmp_path: Path
) -> None:
    face = sliders(page, server)
    before = still(face)
    number = page.get_by_role("spinbutton", name="Image")
    number.fill("7")
    number.press("Enter")
    wait_for_change(face, before)
    shown = page.get_by_role("img", name="Before the model")
    expect(shown).to_be_visible()
    source = shown.get_attribute("src") or ""
    own = Image.new("RGB", (90, 60))
    ImageDraw.Draw(own).rectangle((42, 10, 50, 50), "white")
    own.save(tmp_path / "one.png")
    page.get_by_role("button", name="Your own").click()
    page.locator("input[type=file]").first.set_input_files(tmp_path / "one.png")
    expect(shown).not_to_have_attribute("src", source)
    expect(page.get_by_role("img", name="Cropped")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Refine", exact=True).click()
    is_shown(page, r"^Refined\s+[\d.]+ dB")


def test_a_label_becomes_a_direction(page: Page, server: Server) -> None:
    face = sliders(page, server)
    choose(page, "Saved directions")
    page.get_by_role("button", name="New direction").click()
    is_shown(page, "^Made of")
    expect(page.get_by_role("combobox", name="Attribute")).to_be_visible()
    page.get_by_role("button", name="Make a direction").click()
    slider = page.get_by_role("slider", name=re.compile("[Ll]abel"))
    expect(slider).to_be_visible()
    drag_slider(page, slider, (0.5, 0.9), face)
    page.mouse.up()
    wait_until_taken(page, face)
    choose(page, "Dimensions by KL")


def test_a_downloaded_digit_and_its_link_come_back(
    page: Page, server: Server, tmp_path: Path, chromium: Browser
) -> None:
    face = sliders(page, server)
    address, before = page.url, still(face)
    page.get_by_role("button", name="Random", exact=True).click()
    wait_for_change(face, before)
    address = settled_url(page, address)
    wait_until_taken(page, face)
    wait_until_shown(face)
    kept = still(face)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download PNG").click()
    download.value.save_as(tmp_path / "digit.png")
    other = new_page(chromium)
    other.goto(address)
    wait_for_pixels(other.locator(FACE).first, kept, most=3)  # the link restores it
    other.close()
    page.get_by_role("button", name="Reset all").click()
    wait_for_change(face, kept)
    wait_until_taken(page, face)
    page.get_by_role("button", name="Your own").click()
    page.locator("input[type=file]").first.set_input_files(tmp_path / "digit.png")
    is_shown(page, "Restored exactly")
    page.keyboard.press("Escape")
    wait_for_pixels(face, kept, most=0.01)
    assert np.abs(pixels(face) - kept).max() <= 1, "every pixel is as it was"


def test_the_map_has_labels_faces_and_a_lasso(page: Page, server: Server) -> None:
    opened(page, server, "Map")
    canvas = ready_map(page)
    is_shown(page, rf"\d+ of {NUM_IMAGES} images sampled")
    expect(page.locator("button[title^='Point out']")).to_have_count(10)
    image = point_at_an_image(page, canvas)
    expect(page.locator(".card")).to_be_visible()
    page.mouse.down()
    page.mouse.up()
    is_shown(page, rf"^Image {image}$")
    wait_until_painted(page.get_by_role("img", name="Reconstruction", exact=True))
    expect(page.get_by_role("button", name=re.compile(r"^Image \d+$"))).to_have_count(6)
    expect(canvas).to_have_attribute("data-selected", image)
    wait_until_taken(page, canvas)
    box_at_rest(page, canvas)
    page.mouse.move(*place_on(canvas, 0.5, 0.5))
    whole = still(canvas)
    page.mouse.wheel(0, -400)
    wait_for_change(canvas, whole)
    before = still(canvas)
    select(page, "Colour by", "KL")
    expect(page.locator(".legend")).to_contain_text("KL")
    wait_for_change(canvas, before)
    expect(canvas).to_have_attribute("data-selected", image)
    page.get_by_role("button", name="Fit").click()
    next_frame(page)
    lasso(page, canvas, 0.5, 0.5, 80)
    is_shown(page, r"^\d+ images$")
    wait_until_painted(page.get_by_role("img", name="Mean", exact=True))


def test_the_ground_between_the_digits_is_decoded(page: Page, server: Server) -> None:
    opened(page, server, "Map")
    canvas = ready_map(page)
    page.mouse.click(*place_on(canvas, 0.05, 0.93))
    is_shown(page, "^Between the images")
    wait_until_painted(page.get_by_role("img", name="Decoded here"))


def test_umap_is_made_meanwhile(page: Page, server: Server) -> None:
    opened(page, server, "Map")
    choose(page, "UMAP")
    button = page.get_by_role("button", name="Compute UMAP")
    expect(button).to_be_visible()
    before = still(ready_map(page))  # PCA, meanwhile
    button.click()
    expect(button).to_have_count(0)
    expect(page.get_by_role("progressbar")).to_have_count(0)
    wait_for_change(ready_map(page), before)
    neighbours = page.get_by_label("Neighbours", exact=True)
    expect(neighbours).to_have_value("15")
    neighbours.fill("1")
    neighbours.press("Enter")
    is_shown(page, "^neighbours must be a whole number from 2 to 200, not 1.$")
    neighbours.fill("5")
    neighbours.press("Enter")
    is_shown(page, "was made with 15 neighbours and a minimum distance of 0.1")
    button.click()
    expect(button).to_have_count(0)
    expect(page.get_by_role("progressbar")).to_have_count(0)
    is_shown(page, rf"^{NUM_IMAGES} of {NUM_IMAGES} images, weights of step")
    ready_map(page)
    choose(page, "PCA")
    expect(neighbours).to_have_count(0)


def test_a_path_between_two_digits(page: Page, server: Server) -> None:
    opened(page, server, "Interpolate")
    middle = page.get_by_role("img", name="Path 5", exact=True)
    before = still(middle)
    gallery = page.get_by_role("button", name=re.compile(r"^Image \d+$"))
    for place in (3, 20):
        gallery.nth(place).click()
        expect(gallery.nth(place)).to_have_attribute("aria-pressed", "true")
    wait_for_change(middle, before)
    point = page.get_by_role("img", name="Point of the path")
    wait_for_socket(point)
    position = page.get_by_role("slider", name="Position")
    drag_slider(page, position, (0.5, 0.95), point)
    page.mouse.up()
    wait_until_taken(page, point)
    for kind in ("Line (lerp)", "Dense regions"):
        before = still(middle)
        choose(page, kind)
        wait_for_change(middle, before, least=0.05)
