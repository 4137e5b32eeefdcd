"""The app in a real Chromium, on a real server, as a person uses it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.browser.driver import (
    FACE,
    TRAINING_PATIENCE,
    Server,
    drag_slider,
    new_page,
    open_panel,
    pixels,
    require_chromium,
    settled_url,
    still,
    wait_for_change,
    wait_for_pixels,
    wait_for_socket,
    wait_until,
    wait_until_idle,
    wait_until_painted,
    wait_until_taken,
)
from vae.runs.events import last_event
from vae.runs.folder import ALIVE, Run

pytestmark = pytest.mark.browser

require_chromium()

from playwright.sync_api import Browser, Page, expect  # noqa: E402


def test_the_first_page_shows_a_face(page: Page, server: Server) -> None:
    page.goto(server.url)
    wait_until_painted(page.locator(FACE).first)


def test_the_face_changes_while_the_hand_moves_and_the_page_knows_on_release(
    page: Page, server: Server
) -> None:
    open_panel(page, server, "Sliders")
    face = page.locator(FACE).first
    wait_for_socket(face)
    before = still(face)
    slider = page.get_by_role("slider").first
    name = slider.get_attribute("aria-label") or ""
    assert re.fullmatch(r"[A-Z][a-z ]+", name), f"a slider is named by what it moves, not {name!r}"
    address = page.url
    drag_slider(page, slider, (0.5, 0.95), face)
    assert page.url == address, "nothing is told before the hand lets go"
    wait_for_change(face, before)
    page.mouse.up()
    address = settled_url(page, address)
    wait_until_taken(page, face)
    moved = still(face)
    page.reload()
    wait_for_socket(face)
    wait_for_pixels(face, moved, most=3)  # the link restores the face
    wait_until_idle(page)
    page.get_by_role("button", name="Reset all").click()
    settled_url(page, address)


def test_undo_pins_keys_and_locks(page: Page, server: Server) -> None:
    open_panel(page, server, "Sliders")
    face = page.locator(FACE).first
    wait_for_socket(face)
    start = still(face)
    first = page.get_by_role("slider").first
    name = first.get_attribute("aria-label")
    lock = page.get_by_role("button", name=f"Lock {name}")
    lock.click()
    expect(lock).to_have_attribute("aria-pressed", "true")
    held = first.input_value()
    page.get_by_role("button", name="Pin", exact=True).click()
    expect(page.get_by_role("img", name="Pin 1")).to_be_visible()
    wait_until_taken(page, face)
    page.get_by_role("button", name="Random", exact=True).click()
    wait_for_change(face, start)
    wait_until_taken(page, face)
    assert first.input_value() == held
    page.get_by_role("button", name="Undo", exact=True).click()
    wait_for_pixels(face, start)
    wait_until_taken(page, face)
    first.focus()
    page.keyboard.press("0")
    assert float(first.input_value()) == float(first.get_attribute("min") or 0)
    page.keyboard.press("ArrowRight")
    assert float(first.input_value()) > float(first.get_attribute("min") or 0)


def test_without_a_socket_the_page_decodes(page: Page, server: Server) -> None:
    page.route_web_socket(re.compile("/live/decode/"), lambda socket: socket.close())
    open_panel(page, server, "Sliders")
    face = page.locator(FACE).first
    before = still(face)
    expect(face).to_have_attribute("data-path", "page")
    slider = page.get_by_role("slider").first
    slider.focus()
    for _ in range(12):
        page.keyboard.press("ArrowRight")
    wait_for_change(face, before)


def test_two_clicks_draw_a_path(page: Page, server: Server) -> None:
    open_panel(page, server, "Interpolate")
    first = page.get_by_role("img", name="Path 1", exact=True)
    before = still(first)
    gallery = page.get_by_role("button", name=re.compile(r"^Image \d+$"))
    expect(gallery.first).to_be_visible()
    chosen = [gallery.nth(5), gallery.nth(9)]
    for button in chosen:
        button.click()
        expect(button).to_have_attribute("aria-pressed", "true")
    wait_for_change(first, before)
    wait_until_painted(page.get_by_role("img", name="Path 5", exact=True))
    pressed = page.locator("button[aria-pressed='true'][aria-label^='Image']")
    expect(pressed).to_have_count(2)


def test_the_map_and_every_other_panel_draw(page: Page, server: Server) -> None:
    open_panel(page, server, "Map")
    expect(page.get_by_label("Map", exact=True).first).to_be_visible()
    open_panel(page, server, "Animation")
    wait_until_painted(page.get_by_role("img", name="Training animation"))
    open_panel(page, server, "Model")
    expect(page.get_by_text("latent dimensions are active").first).to_be_visible()
    open_panel(page, server, "Live")
    wait_until_painted(page.get_by_role("img", name="Reconstructions"))
    wait_until_painted(page.get_by_role("img", name="Samples"))


def only_new_run(root: Path) -> Run:
    return next(run for run in map(Run, root.iterdir()) if run.name.startswith("faces"))


def expect_status(page: Page, status: str) -> None:
    badge = page.get_by_test_id("stSidebar").get_by_text(status, exact=False)
    expect(badge.first).to_be_visible(timeout=1000 * TRAINING_PATIENCE)


def start_training(page: Page, server: Server) -> None:
    page.goto(server.url)
    wait_until_idle(page)
    page.get_by_test_id("stSidebar").get_by_role("button", name=re.compile("Start")).click()


def test_start_pause_resume_stop(page: Page, server: Server, root: Path) -> None:
    start_training(page, server)
    samples = page.get_by_role("img", name="Samples")
    before = wait_until_painted(samples, seconds=TRAINING_PATIENCE)
    run = only_new_run(root)
    wait_for_change(samples, before, seconds=TRAINING_PATIENCE)  # the picture lives
    curve = page.locator("canvas").first
    expect(curve).to_be_visible()
    grown = pixels(curve)
    wait_for_change(curve, grown, 0.01, seconds=TRAINING_PATIENCE)
    sidebar = page.get_by_test_id("stSidebar")
    sidebar.get_by_role("button", name="Pause").click()
    expect_status(page, "paused")
    assert run.status() == "paused"
    paused_at = last_event(run.events(), "checkpoint")["step"]
    sidebar.get_by_role("button", name="Resume").click()
    expect_status(page, "running")
    wait_until(
        lambda: last_event(run.events(), "step").get("step", 0) > paused_at,
        "it goes on",
        TRAINING_PATIENCE,
    )
    sidebar.get_by_role("button", name="Stop").click()
    expect_status(page, "stopped")
    assert run.status() == "stopped"


def test_a_run_outlives_a_killed_server(
    chromium: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("killed") / "runs"
    folder.mkdir()
    server = Server(folder)
    page = new_page(chromium)
    start_training(page, server)

    def has_begun() -> bool:
        return any(last_event(run.events(), "step") for run in map(Run, folder.glob("faces*")))

    wait_until(has_begun, "training begins", TRAINING_PATIENCE)
    run = only_new_run(folder)
    server.kill()
    page.close()
    step = last_event(run.events(), "step")["step"]
    wait_until(
        lambda: last_event(run.events(), "step")["step"] > step,
        "the run goes on",
        TRAINING_PATIENCE,
    )
    assert run.status() in ALIVE
    again = Server(folder)
    page = new_page(chromium)
    page.goto(again.url)
    expect_status(page, "running")
    page.get_by_test_id("stSidebar").get_by_role("button", name="Pause").click()
    expect_status(page, "paused")
    assert run.status() == "paused"
    page.close()
    again.close()
