"""Everything that a hand does in Sliders, on the run that ships, in a real Chromium."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.browser.driver import (
    FACE,
    SHIPPED,
    Server,
    box_at_rest,
    choose,
    drag_slider,
    frames,
    new_page,
    open_panel,
    pixels,
    require_chromium,
    settled_url,
    show_panel,
    still,
    wait_for_change,
    wait_for_pixels,
    wait_for_socket,
    wait_until,
    wait_until_idle,
    wait_until_painted,
    wait_until_shown,
    wait_until_taken,
)

pytestmark = pytest.mark.browser

require_chromium()

from playwright.sync_api import Browser, Locator, Page, expect  # noqa: E402

from vae.latent.encoding import load_latents, save_latents  # noqa: E402
from vae.runs.folder import Run  # noqa: E402

DIMENSION = re.compile(r"^z\d+$")
ATTRIBUTE = re.compile(r"^(Head|Position|Scale)")


def opened(page: Page, server: Server) -> tuple[Locator, Locator]:
    """Sliders with its socket: the face, and the sliders of the dimensions."""
    face, _ = first_opened(page, server)
    choose(page, "Dimensions by KL")
    sliders = page.get_by_role("slider", name=DIMENSION)
    expect(sliders.first).to_be_visible()
    wait_until_idle(page)
    return face, sliders


def first_opened(page: Page, server: Server) -> tuple[Locator, Locator]:
    """The same, as it opens: on attributes; some of their sliders."""
    open_panel(page, server, "Sliders")
    face = page.locator(FACE).first
    wait_for_socket(face)
    return face, page.get_by_role("slider", name=ATTRIBUTE)


def values(sliders: Locator) -> list[float]:
    told = sliders.evaluate_all("all => all.map((one) => Number(one.value))")
    return [float(value) for value in told]


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def test_the_first_sliders_are_seen_and_the_others_are_folded(page: Page, server: Server) -> None:
    _, sliders = opened(page, server)
    expect(sliders.first).to_be_visible()
    shown = sliders.count()
    assert shown <= 12
    for slider in sliders.all():
        assert float(slider.get_attribute("max") or 0) >= 3, "a range is in sigmas"
    notes = page.locator(".dials .right > .sliders small").all_inner_texts()
    nats = [float(note.split()[0]) for note in notes]
    assert nats == sorted(nats, reverse=True), "the most informative first"
    for fold in page.locator(".dials details:not([hidden])").all():
        told = int(re.findall(r"\((\d+)\)", fold.locator("summary").inner_text())[0])
        fold.locator("summary").click()
        inside = fold.get_by_role("slider", name=DIMENSION)
        expect(inside).to_have_count(told)
        expect(inside.first).to_be_visible()
        shown += told
    names = [one.get_attribute("aria-label") for one in sliders.all()]
    assert sorted(names) == sorted(f"z{j}" for j in range(shown)), "every dimension has one"


def test_under_each_slider_are_pictures_of_where_it_leads(page: Page, server: Server) -> None:
    opened(page, server)
    for strip in page.locator(".dials .right > .sliders canvas.strip").all():
        wait_until_painted(strip)


def test_axes_of_the_means_move_the_face(page: Page, server: Server) -> None:
    face, _ = opened(page, server)
    choose(page, "PCA of the posterior means")
    first = page.get_by_role("slider", name="PC 1", exact=True)
    expect(first).to_be_visible()
    before = still(face)
    drag_slider(page, first, (0.5, 0.95), face)
    page.mouse.up()
    wait_for_change(face, before)
    wait_until_taken(page, face)
    show_panel(page, "Model")
    show_panel(page, "Sliders")
    expect(first).to_be_visible()  # what was chosen outlives another panel


def test_random_reset_one_and_redo(page: Page, server: Server) -> None:
    face, sliders = opened(page, server)
    at_first, start = values(sliders), still(face)
    for source in ("the prior", "the data"):
        page.get_by_label("Random from").select_option(source)
        press(page, "Random")
        wait_for_change(face, start)
        wait_until_taken(page, face)
    wait_until_shown(face)
    drawn, there = values(sliders), still(face)
    assert sum(a != b for a, b in zip(at_first, drawn, strict=True)) > len(drawn) / 2
    name = sliders.nth(1).get_attribute("aria-label")
    page.get_by_role("button", name=f"Reset {name}", exact=True).click()
    assert values(sliders) == [drawn[0], 0.0, *drawn[2:]]
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+Shift+Z")
    wait_for_pixels(face, there)
    wait_until_taken(page, face)
    assert values(sliders) == drawn


def test_digits_and_arrows_move_a_slider(page: Page, server: Server) -> None:
    _, sliders = opened(page, server)
    first = sliders.first
    first.focus()
    reach = float(first.get_attribute("max") or 0)
    for key, wanted in (("9", reach), ("0", -reach)):
        page.keyboard.press(key)
        assert float(first.input_value()) == pytest.approx(wanted, abs=0.03)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    assert float(first.input_value()) == pytest.approx(0.1 - reach, abs=0.01)


def test_sliders_that_change_wait_for_the_hand(page: Page, server: Server, root: Path) -> None:
    """As beside a training, where each evaluation has another order and other ranges."""
    face, sliders = opened(page, server)
    run = Run(root / SHIPPED.name)
    kept = run.latents_file.read_bytes()
    first = sliders.first
    reach = first.get_attribute("max")
    latents = load_latents(run.latents_file)
    try:
        drag_slider(page, first, (0.5, 0.8), face)
        save_latents(run.latents_file, replace(latents, mu=2 * latents.mu))
        run_again(page)
        assert first.get_attribute("max") == reach
        box, painted = box_at_rest(page, first), frames(face)
        page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + box["height"] / 2)
        wait_until(lambda: frames(face) > painted, "the picture still follows")
        page.mouse.up()
        wait_until(lambda: first.get_attribute("max") != reach, "the ranges are the new ones")
    finally:
        run.latents_file.write_bytes(kept)


def run_again(page: Page) -> None:
    """Have the page's script run once more, without a hand, and wait until it has."""
    page.evaluate(
        """() => {
          const app = document.querySelector("[data-testid=stApp]");
          window.hasRun = false;
          const note = () => { window.hasRun ||= app.dataset.testScriptState === "running"; };
          new MutationObserver(note).observe(app, { attributes: true });
          const key = { key: "r", code: "KeyR", bubbles: true };
          document.body.dispatchEvent(new KeyboardEvent("keydown", key));
        }"""
    )
    wait_until(lambda: page.evaluate("window.hasRun"), "the page's script runs")
    wait_until_idle(page)


def test_one_tab_stop_reaches_a_slider_its_reset_and_its_lock(page: Page, server: Server) -> None:
    face, sliders = opened(page, server)
    first, second = sliders.nth(0), sliders.nth(1)
    first.focus()
    page.keyboard.press("9")
    page.keyboard.press("l")
    lock = page.get_by_role("button", name=f"Lock {first.get_attribute('aria-label')}", exact=True)
    expect(lock).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Tab")
    expect(second).to_be_focused()
    for key in ("Delete", "Backspace", "r"):
        page.keyboard.press("9")
        page.keyboard.press(key)
        expect(second).to_have_value("0")
    held = first.input_value()
    press(page, "Reset all")
    expect(first).to_have_value(held)
    wait_until_taken(page, face)


def test_how_pictures_come_is_told_where_it_is_asked_for(page: Page, server: Server) -> None:
    opened(page, server)
    words = page.get_by_text("by socket")
    expect(words).to_be_hidden()
    page.get_by_role("button", name="How pictures come").click()
    expect(words).to_be_visible()
    page.keyboard.press("Escape")
    page.mouse.move(0, 0)
    expect(words).to_be_hidden()


def test_a_drag_on_the_face_moves_two_sliders(page: Page, server: Server) -> None:
    face, sliders = opened(page, server)
    before, address, picture = values(sliders), page.url, still(face)
    box = box_at_rest(page, face)
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 40, y - 60, steps=8)
    page.mouse.up()
    settled_url(page, address)
    wait_for_change(face, picture)
    after = values(sliders)
    assert after[0] < before[0]
    assert after[1] > before[1]
    assert after[2:] == before[2:]


def test_pinned_faces_stay_or_move_too(page: Page, server: Server) -> None:
    face, sliders = opened(page, server)
    start = still(face)
    press(page, "Pin")
    wait_until_taken(page, face)
    pin = page.get_by_role("img", name="Pin 1")
    pinned = still(pin)
    sliders.first.focus()
    page.keyboard.press("0" if values(sliders)[0] > 0 else "9")
    wait_for_change(face, start)
    wait_until_taken(page, face)
    wait_until_shown(face)
    assert np.abs(pixels(pin) - pinned).mean() < 0.5, "it stays as it was"
    page.get_by_label("move pinned faces too").check()
    sliders.nth(1).focus()
    page.keyboard.press("0" if values(sliders)[1] > 0 else "9")
    wait_for_change(pin, pinned)
    page.get_by_role("button", name="Show pin 1").click()
    press(page, "Unpin 1")
    expect(pin).to_have_count(0)


@pytest.fixture
def away(chromium: Browser, root: Path) -> Iterator[tuple[Page, Server, Callable[[], None]]]:
    """A page, its server, and what starts another server in place of that one."""
    servers = [Server(root)]
    page = new_page(chromium)
    yield page, servers[0], lambda: servers.append(Server(root, servers[0].port))
    page.close()
    for server in servers:
        server.close()


def test_the_hand_goes_on_after_the_server_was_away(
    away: tuple[Page, Server, Callable[[], None]],
) -> None:
    page, server, start_again = away
    face, sliders = first_opened(page, server)
    name = sliders.nth(2).get_attribute("aria-label") or ""
    server.kill()
    expect(face).to_have_attribute("data-path", "page")
    start_again()
    wait_for_socket(face)
    wait_until_idle(page)
    before, address = still(face), page.url
    slider = page.get_by_role("slider", name=name, exact=True)
    drag_slider(page, slider, (0.5, 0.95), face)
    page.mouse.up()
    wait_for_change(face, before)
    held = slider.input_value()
    press(page, "Pin")
    wait_until_painted(page.get_by_role("img", name="Pin 1"))
    wait_until_taken(page, face)
    settled_url(page, address)
    assert slider.input_value() == held, "nothing takes it back"


def test_what_a_hand_did_without_a_server_is_taken_in_by_the_next(
    away: tuple[Page, Server, Callable[[], None]],
) -> None:
    page, server, start_again = away
    face, sliders = first_opened(page, server)
    address = page.url
    press(page, "Random")
    address = settled_url(page, address)
    wait_until_taken(page, face)
    before = values(sliders)
    press(page, "Start again")  # the page sets the point
    wait_until(lambda: values(sliders) != before, "the sliders are set")
    wait_until_idle(page)
    press(page, "Pin")
    wait_until_taken(page, face)
    server.kill()
    expect(face).to_have_attribute("data-path", "page")
    address = page.url
    sliders.first.focus()
    page.keyboard.press("0" if values(sliders)[0] > 0 else "9")
    held = values(sliders)
    start_again()
    wait_for_socket(face)
    settled_url(page, address)
    wait_until_taken(page, face)
    assert values(sliders) == held, "nothing takes it back"
    expect(page.get_by_role("img", name="Pin 1")).to_be_visible()
