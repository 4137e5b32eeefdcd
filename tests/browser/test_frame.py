"""The frame around the panels: controls can be reached and read, and stay where a hand put them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Literal

import pytest

from tests.browser.driver import (
    FACE,
    TRAINING_PATIENCE,
    Server,
    new_page,
    require_chromium,
    wait_until,
    wait_until_painted,
)
from vae.errors import InputError
from vae.runs.events import last_event
from vae.runs.folder import Run

pytestmark = pytest.mark.browser

require_chromium()

from playwright.sync_api import (  # noqa: E402
    Browser,
    Error,
    Locator,
    Page,
    WebSocketRoute,
    expect,
)

SIZES = [(390, 844), (768, 1024), (900, 800), (1280, 900), (1440, 900), (3840, 2160)]
PANELS = ("Live", "Map", "Sliders", "Interpolate", "Animation", "Model")

# Scrolls each control into view, and asks what a finger would hit at its middle.
COVERED = """(selector) => {
  const name = (e) => e && (e.getAttribute("aria-label") || e.textContent.trim() || e.outerHTML);
  const wrong = [];
  for (const control of document.querySelectorAll(selector)) {
    if (!control.checkVisibility({visibilityProperty: true, opacityProperty: true})) continue;
    control.scrollIntoView({block: "nearest", inline: "nearest", behavior: "instant"});
    const box = control.getBoundingClientRect();
    if (!box.width) continue;
    const hit = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    if (!control.contains(hit)) wrong.push(`${name(control)} is under ${hit?.outerHTML}`);
  }
  return wrong.map((line) => line.slice(0, 200));
}"""

AT_THE_EDGE = """() => {
  return document.querySelector("[data-testid='stMain']").getBoundingClientRect().x === 0;
}"""

# Every text that is seen and is in force, with less contrast to its ground than 4.5.
FAINT = """() => {
  const parse = (colour) => {
    const m = colour.match(/[\\d.]+/g).map(Number);
    const scale = colour.startsWith("color(") ? 255 : 1;
    return [m[0] * scale, m[1] * scale, m[2] * scale, m[3] ?? 1];
  };
  const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3]));
  const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const luminance = (colour) => {
    const [r, g, b] = colour.map((value) => linear(value / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const above = (e) => (e ? [e, ...above(e.parentElement)] : []);
  const left_out = "[aria-hidden=true], [aria-disabled=true], :disabled, [data-disabled], script, "
    + "style, noscript, .katex-mathml, [data-testid=stSliderThumbValue]";
  const wrong = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const e = walker.currentNode.parentElement, text = walker.currentNode.textContent.trim();
    const box = e.getBoundingClientRect();
    if (!text || box.width < 2 || e.closest(left_out)) continue;
    if (!e.checkVisibility({visibilityProperty: true, opacityProperty: true})) continue;
    const styles = above(e).map((one) => getComputedStyle(one));
    const ground = styles.map((style) => parse(style.backgroundColor)).reverse()
      .reduce((below, top) => over(top, below), [255, 255, 255]);
    const colour = parse(styles[0].color);
    colour[3] *= styles.reduce((product, style) => product * Number(style.opacity), 1);
    const [low, high] = [luminance(over(colour, ground)), luminance(ground)].sort((a, b) => a - b);
    const ratio = (high + 0.05) / (low + 0.05);
    if (ratio < 4.5) wrong.push(`${text.slice(0, 40)}: ${ratio.toFixed(2)}`);
  }
  return wrong;
}"""


def tab(page: Page, name: str) -> Locator:
    return page.get_by_role("tab", name=name, exact=True)


def expect_panel(page: Page, name: str) -> None:
    expect(tab(page, name)).to_have_attribute("aria-selected", "true")


def settle(page: Page) -> None:
    """Wait until the page has been drawn and no run of its script goes on."""
    page.locator("[data-testid='stApp'][data-test-script-state='notRunning']").wait_for()


def set_sidebar(page: Page, is_open: bool) -> None:
    sidebar = page.locator("[data-testid='stSidebar']")
    if (sidebar.get_attribute("data-collapsed") == "false") != is_open:
        if is_open:
            page.get_by_test_id("stExpandSidebarButton").click()
        else:
            page.get_by_test_id("stSidebarHeader").hover()
            page.get_by_test_id("stSidebarCollapseButton").get_by_role("button").click()
    expect(sidebar).to_have_attribute("data-collapsed", str(not is_open).lower())
    page.wait_for_function(  # it slides
        "() => document.querySelector('[data-testid=stSidebar]').getAnimations().length === 0"
    )


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}")
def test_every_control_can_be_clicked(page: Page, server: Server, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(server.url)
    tab(page, "Model").wait_for(state="attached")
    page.locator(FACE).first.wait_for()
    settle(page)
    for is_open in (True, False):
        set_sidebar(page, is_open)
        where = ""
        if not is_open:
            where = "[data-testid='stMain'] "
            page.wait_for_function(AT_THE_EDGE)
        if is_open and size[0] < 768:
            where = "[data-testid='stSidebar'] "  # it lies over the page, and is closed to go on
        controls = ", ".join(f"{where}{kind}" for kind in ("button", "input", "[role='tab']"))
        covered = page.evaluate(COVERED, controls)
        assert not covered, covered
    for name in PANELS:
        tab(page, name).click()
        expect_panel(page, name)


def test_on_a_phone_the_face_stays_above_the_slider_under_the_finger(
    page: Page, server: Server
) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{server.url}/?panel=Sliders")
    last = page.get_by_role("slider").last
    last.wait_for()
    settle(page)
    last.scroll_into_view_if_needed()
    face, slider = page.locator(FACE).bounding_box(), last.bounding_box()
    assert face is not None
    assert slider is not None
    assert face["y"] >= 0
    assert face["y"] + face["height"] < slider["y"] < 844


@pytest.mark.parametrize("width", [390, 900])
def test_choices_are_within_the_window(page: Page, server: Server, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{server.url}/?panel=Sliders")
    page.locator(FACE).first.wait_for()
    settle(page)
    set_sidebar(page, width > 768)
    last = page.get_by_role("radio", name="Saved directions").bounding_box()
    assert last is not None
    assert last["x"] + last["width"] <= width


def test_the_panel_is_in_the_link_and_back_goes_to_the_one_before(
    page: Page, server: Server
) -> None:
    page.goto(server.url)
    for name in ("Map", "Model", "Animation"):
        tab(page, name).click()
        page.wait_for_url(f"**panel={name}*")
        expect_panel(page, name)
    page.reload()
    expect_panel(page, "Animation")
    page.go_back()
    expect_panel(page, "Model")
    page.go_back()
    expect_panel(page, "Map")
    page.go_forward()
    expect_panel(page, "Model")
    page.go_back()
    expect_panel(page, "Map")
    page.go_back()
    expect_panel(page, "Sliders")
    page.goto(f"{server.url}/?panel=Interpolate")
    expect_panel(page, "Interpolate")


def test_a_link_to_a_point_outlives_a_look_at_another_panel(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/?panel=Sliders")
    slider = page.get_by_role("slider").first
    slider.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**z=*")
    expect_panel(page, "Sliders")
    held = slider.input_value()
    tab(page, "Map").click()
    page.wait_for_url("**panel=Map*")
    page.reload()
    expect_panel(page, "Map")
    tab(page, "Sliders").click()
    expect(page.get_by_role("slider").first).to_have_value(held)


@pytest.fixture
def trained(chromium: Browser, server: Server, root: Path) -> Iterator[tuple[Page, Run]]:
    """A page that has just started to train `short`, and that run."""
    page = new_page(chromium)
    page.goto(server.url)
    page.get_by_text("Settings", exact=True).click()
    page.get_by_role("textbox", name="Name").fill("short")
    page.get_by_role("textbox", name="Name").press("Enter")
    settle(page)
    run = Run(root / "short")
    try:
        page.get_by_role("button", name=re.compile("Start training")).click()
        try:
            page.get_by_role("img", name="Samples").wait_for(timeout=1000 * TRAINING_PATIENCE)
        except Error as error:
            there = sorted(file.name for file in run.folder.glob("*"))
            text = page.locator("body").inner_text()
            raise AssertionError(f"{page.url} shows no samples of {there}:\n{text}") from error
        yield page, run
    finally:
        page.close()
        with suppress(InputError):  # it may have ended by itself
            run.request("stop")
        wait_until(lambda: not run.is_locked(), "the trainer ends", TRAINING_PATIENCE)
        shutil.rmtree(run.folder, ignore_errors=True)


def badge(page: Page, status: str) -> Locator:
    return page.get_by_test_id("stSidebar").get_by_text(status, exact=False).first


def expect_status(page: Page, status: str) -> None:
    expect(badge(page, status)).to_be_visible(timeout=1000 * TRAINING_PATIENCE)


def test_the_tab_stays_and_takes_clicks_while_training_ends_and_goes_on(
    trained: tuple[Page, Run],
) -> None:
    page, run = trained
    expect_panel(page, "Live")  # nobody had chosen a panel
    sidebar = page.get_by_test_id("stSidebar")
    for command, status in (("Pause", "paused"), ("Resume", "running")):
        tab(page, "Model").click()
        settle(page)
        sidebar.get_by_role("button", name=command).click()
        expect_status(page, status)
        settle(page)
        expect_panel(page, "Model")
        assert "panel=Model" in page.url
    sidebar.get_by_role("button", name="Stop").click()

    def is_over() -> bool:  # a click at every moment around the end
        is_stopped = badge(page, "stopped").is_visible()
        for name in ("Model", "Animation"):
            tab(page, name).click()
            expect_panel(page, name)
        return is_stopped

    wait_until(is_over, "the run has stopped", TRAINING_PATIENCE)
    page.wait_for_url("**panel=Animation*")  # a run of the page ago, the last click is not there
    settle(page)
    expect_panel(page, "Animation")
    page.reload()
    expect_panel(page, "Animation")
    assert last_event(run.events(), "end")


def test_a_chosen_panel_is_kept_when_training_starts(
    page: Page, server: Server, root: Path
) -> None:
    page.goto(server.url)
    tab(page, "Model").click()
    page.wait_for_url("**panel=Model*")
    page.get_by_role("button", name=re.compile("Start training")).click()
    sidebar = page.get_by_test_id("stSidebar")
    expect(sidebar.get_by_role("button", name="Stop")).to_be_enabled(
        timeout=1000 * TRAINING_PATIENCE
    )
    expect_panel(page, "Model")
    expect_status(page, "running")
    sidebar.get_by_role("button", name="Stop").click()
    expect_status(page, "stopped")
    expect_panel(page, "Model")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_its_ground(
    chromium: Browser, server: Server, scheme: Literal["light", "dark"]
) -> None:
    context = chromium.new_context(color_scheme=scheme, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    for name in ("Live", "Sliders", "Interpolate", "Model"):
        page.goto(f"{server.url}/?panel={name}")
        expect_panel(page, name)
        page.get_by_role("button", name=re.compile("Start training")).wait_for()
        settle(page)
        faint = page.evaluate(FAINT)
        assert not faint, faint
    context.close()


def test_the_keyboard_reaches_every_control_of_the_sidebar_and_no_picture(
    page: Page, server: Server
) -> None:
    page.goto(server.url)
    page.get_by_role("button", name=re.compile("Start training")).wait_for()
    page.locator(FACE).first.wait_for()
    settle(page)
    sidebar = page.get_by_test_id("stSidebar")
    assert sidebar.get_by_role("button", name="Fullscreen").count() == 0
    sidebar.get_by_role("combobox", name="Run").focus()
    reached = []
    while "Sliders" not in reached:
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate(
                "() => document.activeElement.getAttribute('aria-label')"
                " || document.activeElement.textContent.trim()"
            )
        )
        assert len(reached) < 12, reached
    assert {"Data", "Help for Data", "Sliders"} <= set(reached), reached
    assert any("Settings" in name for name in reached), reached
    assert any("Start training" in name for name in reached), reached


def test_a_face_is_seen_before_the_scripts_of_the_page_run(
    chromium: Browser, server: Server
) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(server.url)
    wait_until_painted(page.locator("#first-paint img"))
    context.close()


def test_the_first_picture_goes_when_the_page_is_there(page: Page, server: Server) -> None:
    page.goto(server.url)
    tab(page, "Sliders").wait_for()
    expect(page.locator("#first-paint")).to_be_hidden()


def test_a_late_answer_does_not_undo_a_newer_click_on_a_tab(page: Page, server: Server) -> None:
    """The server's answer to a click comes after the next click."""
    held: list[str | bytes] = []
    routes: list[WebSocketRoute] = []
    is_holding = False

    def route(browser: WebSocketRoute) -> None:
        routes.append(browser)
        browser.connect_to_server().on_message(
            lambda message: held.append(message) if is_holding else browser.send(message)
        )

    def release() -> None:
        while held:
            routes[-1].send(held.pop(0))

    def has_answered() -> bool:
        page.evaluate("0")  # lets messages come in
        return any(b"Reconstructions" in message for message in held if isinstance(message, bytes))

    page.route_web_socket(re.compile("/_stcore/stream"), route)
    page.goto(server.url)
    page.locator(FACE).first.wait_for()
    settle(page)
    page.locator("html[data-tabs=kept]").wait_for(state="attached")
    is_holding = True
    tab(page, "Live").click()
    wait_until(has_answered, "the server has drawn Live")
    tab(page, "Animation").click()
    release()
    page.get_by_text("Reconstructions").first.wait_for(state="attached")
    expect_panel(page, "Animation")
    is_holding = False
    release()
    page.wait_for_url("**panel=Animation*")
    settle(page)
    expect_panel(page, "Animation")
