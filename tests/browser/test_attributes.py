"""Sliders opens on the attributes of the images: sliders, strips of hues, rows of choices."""

from __future__ import annotations

import re

import pytest

from tests.browser.driver import (
    FACE,
    Server,
    open_panel,
    require_chromium,
    still,
    wait_for_change,
    wait_for_socket,
    wait_until,
    wait_until_painted,
    wait_until_taken,
)

pytestmark = pytest.mark.browser

require_chromium()

from playwright.sync_api import Locator, Page, expect  # noqa: E402


def opened(page: Page, server: Server) -> Locator:
    """The face of Sliders, with its socket."""
    open_panel(page, server, "Sliders")
    face = page.locator(FACE).first
    wait_for_socket(face)
    return face


def test_attributes_stand_in_groups_and_those_not_readable_are_folded(
    page: Page, server: Server
) -> None:
    opened(page, server)
    headings = page.locator(".dials .right > .sliders h4")
    expect(headings.first).to_be_visible()
    assert {"Eyes", "Hair", "Pose"} <= set(headings.all_inner_texts())
    for note in page.locator(".dials .right > .sliders small").all_inner_texts():
        assert float(note.removeprefix("R² ")) >= 0.2
    fold = page.locator(".dials details.inactive")
    expect(fold.locator("summary")).to_contain_text("Not readable")
    fold.locator("summary").click()
    expect(fold.locator("small").first).to_be_visible()
    for note in fold.locator("small").all_inner_texts():
        assert float(note.removeprefix("R² ")) < 0.2


def test_a_class_is_chosen_by_its_picture(page: Page, server: Server) -> None:
    face = opened(page, server)
    hair = page.get_by_role("group", name="Hair style")
    for picture in hair.locator("canvas").all():
        wait_until_painted(picture)
    before, chosen = still(face), hair.get_by_role("button", pressed=True)
    expect(chosen).to_have_count(1)
    other = "Long" if chosen.inner_text().strip() != "Long" else "Short"
    hair.get_by_role("button", name=other).click()
    wait_for_change(face, before)
    wait_until_taken(page, face)
    expect(chosen).to_have_text(other)
    page.get_by_role("button", name="Undo", exact=True).click()
    wait_until_taken(page, face)
    expect(chosen).not_to_have_text(other)


def test_an_attribute_moves_and_the_others_stay(page: Page, server: Server) -> None:
    face = opened(page, server)
    sliders = {
        name: page.get_by_role("slider", name=name)
        for name in ("Head turn", "Head tilt", "Position x", "Position y", "Scale", "Skin tone")
    }
    before = {name: float(slider.input_value()) for name, slider in sliders.items()}
    picture = still(face)
    sliders["Head turn"].focus()
    page.keyboard.press("9" if before["Head turn"] < 0 else "0")
    wait_for_change(face, picture)
    wait_until_taken(page, face)
    after = {name: float(slider.input_value()) for name, slider in sliders.items()}
    assert abs(after.pop("Head turn") - before.pop("Head turn")) > 2
    for name, value in after.items():
        assert value == pytest.approx(before[name], abs=0.1), name


def test_a_hue_goes_around_a_circle_of_the_colours_drawn(page: Page, server: Server) -> None:
    face = opened(page, server)
    hue = page.get_by_role("slider", name="Hair hue")
    hue.scroll_into_view_if_needed()
    wait_until(lambda: "rgb(" in (hue.get_attribute("style") or ""), "it has its colours")
    before = still(face)
    hue.focus()
    page.keyboard.press("2" if float(hue.input_value()) > 0.5 else "7")
    wait_for_change(face, before)
    wait_until_taken(page, face)
    held = hue.input_value()
    assert float(held) in (0.2, 0.7)
    page.keyboard.press("l")
    expect(page.get_by_role("button", name="Lock Hair hue")).to_have_attribute(
        "aria-pressed", "true"
    )
    before = still(face)
    page.get_by_role("button", name="Random", exact=True).click()
    wait_for_change(face, before)
    wait_until_taken(page, face)
    assert float(hue.input_value()) == pytest.approx(float(held), abs=0.01)
    for key, end in (("ArrowRight", 0.0), ("ArrowLeft", 1.0)):  # on, past the end
        hue.focus()
        for _ in range(4):
            hue.evaluate(
                """(hue, end) => { hue.value = 1 - end; hue.dispatchEvent(new Event("input")); }""",
                end,
            )
            page.keyboard.press(key)
        assert float(hue.input_value()) == pytest.approx(end, abs=0.011), key


def test_what_moving_an_attribute_changes_is_measured(page: Page, server: Server) -> None:
    opened(page, server)
    expect(page.get_by_text(re.compile("Of the move itself"))).to_be_visible()
    table = page.get_by_role("table", name="What it moves")
    expect(table).to_be_visible()
    assert "R²" in table.inner_text()
    shares = [float(text) for text in table.locator(".number").all_inner_texts() if text[0] in "01"]
    assert len(shares) > 5
    assert all(0.2 <= share <= 1 for share in shares)
