"""Interpolate in a real Chromium: a path by hand, played, through dense regions, on the map."""

from __future__ import annotations

import re

import pytest

from tests.browser.driver import (
    Server,
    box_at_rest,
    choose,
    drag,
    drag_slider,
    frames,
    next_frame,
    open_panel,
    require_chromium,
    select,
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

pytestmark = pytest.mark.browser

require_chromium()

from playwright.sync_api import Locator, Page, expect  # noqa: E402


def opened(page: Page, server: Server) -> tuple[Locator, Locator]:
    """Interpolate with its socket: the picture of the point, and its slider."""
    open_panel(page, server, "Interpolate")
    picture = page.get_by_role("img", name="Point of the path")
    wait_for_socket(picture)
    return picture, page.get_by_role("slider", name="Position")


def test_the_point_follows_the_hand_before_it_lets_go(page: Page, server: Server) -> None:
    picture, slider = opened(page, server)
    before = still(picture)
    drag_slider(page, slider, (0.5, 0.95), picture)
    held = slider.input_value()
    assert float(held) > 0.85
    wait_for_change(picture, before)
    page.mouse.up()
    wait_until_taken(page, picture)
    show_panel(page, "Model")
    show_panel(page, "Interpolate")
    wait_until_painted(picture)
    expect(slider).to_have_value(held)


def test_a_drag_along_the_strip_moves_the_point(page: Page, server: Server) -> None:
    picture, slider = opened(page, server)
    steps = [page.get_by_role("img", name=f"Path {i}", exact=True) for i in (2, 8)]
    (x, y), (to, _) = (
        (box["x"] + 30, box["y"] + 30) for box in [box_at_rest(page, step) for step in steps]
    )
    drag(page, (x, to), y, picture)
    page.mouse.up()
    assert float(slider.input_value()) == pytest.approx(7 / 8, abs=0.03)


def test_the_path_plays_and_rests(page: Page, server: Server) -> None:
    picture, slider = opened(page, server)
    button = page.get_by_role("button", name="Play the path")
    before, place = frames(picture), slider.input_value()
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    wait_until(lambda: frames(picture) > before + 5, "the path plays")
    assert slider.input_value() != place
    page.get_by_label("Loop").select_option("around")
    around = frames(picture)
    wait_until(lambda: frames(picture) > around + 5, "the path plays on")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")
    wait_until_taken(page, picture)
    wait_until_shown(picture)
    at_rest = frames(picture)
    for _ in range(30):
        next_frame(page)
    assert frames(picture) == at_rest


def test_the_path_through_dense_regions_is_another_and_is_shown_on_the_map(
    page: Page, server: Server
) -> None:
    opened(page, server)
    middle = page.get_by_role("img", name="Path 5", exact=True)
    before = still(middle)
    choose(page, "Dense regions")
    wait_for_change(middle, before)
    expect(page.get_by_text("How typical the path is")).to_be_visible()
    page.get_by_role("button", name="Show on the map").click()
    shown = page.locator("canvas[aria-label='Map'][data-trail='17']")
    expect(shown).to_be_visible()
    page.get_by_text("Show the path").click()
    expect(page.locator("canvas[aria-label='Map'][data-trail='']")).to_be_visible()


def test_images_are_found_by_number_and_by_label(page: Page, server: Server) -> None:
    opened(page, server)
    number = page.get_by_role("spinbutton", name="Go to image")
    wanted = 2 * int(number.get_attribute("max") or 0) // 3
    number.fill(str(wanted))
    number.press("Enter")
    expect(page.get_by_text(re.compile(r"^Page 1 of"))).to_have_count(0)
    gallery = page.get_by_role("button", name=re.compile(r"^Image \d+$"))
    expect(gallery.first).to_be_visible()
    wait_until_idle(page)
    numbers = [int(name.split()[1]) for name in gallery.evaluate_all(
        "all => all.map((one) => one.getAttribute('aria-label'))"
    )]  # fmt: skip
    assert min(numbers) <= wanted + 100
    assert max(numbers) >= wanted - 100
    select(page, "Only", "glasses")
    expect(page.get_by_text(re.compile(r"^Page 1 of"))).to_be_visible()


def test_without_a_socket_the_page_decodes_the_point(page: Page, server: Server) -> None:
    page.route_web_socket(re.compile("/live/decode/"), lambda socket: socket.close())
    open_panel(page, server, "Interpolate")
    picture = page.get_by_role("img", name="Point of the path")
    before = still(picture)
    expect(picture).to_have_attribute("data-path", "page")
    slider = page.get_by_role("slider", name="Position")
    slider.focus()
    page.keyboard.press("End")
    wait_for_change(picture, before)
