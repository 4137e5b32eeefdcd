"""Everything that a hand does on the map, on the run that ships, in a real Chromium."""

from __future__ import annotations

import re

import numpy as np
import pytest

from tests.browser.driver import (
    Server,
    box_at_rest,
    lasso,
    next_frame,
    open_panel,
    pixels,
    place_on,
    point_at_an_image,
    ready_map,
    require_chromium,
    select,
    still,
    wait_for_change,
    wait_until,
    wait_until_idle,
    wait_until_painted,
    wait_until_taken,
)

pytestmark = pytest.mark.browser

require_chromium()

from playwright.sync_api import Locator, Page, expect  # noqa: E402


def opened(page: Page, server: Server) -> Locator:
    """The canvas of the map, ready."""
    open_panel(page, server, "Map")
    return ready_map(page)


def is_shown(page: Page, text: str) -> None:
    expect(page.get_by_text(re.compile(text)).first).to_be_visible()


def test_a_point_that_is_pointed_at_has_a_ring_and_a_face(page: Page, server: Server) -> None:
    canvas = opened(page, server)
    marks = page.locator(".map canvas.marks")
    page.mouse.move(*place_on(canvas, 0.02, 0.02))
    expect(canvas).to_have_attribute("data-hovered", "")
    bare = pixels(marks)
    image = point_at_an_image(page, canvas)
    card = page.locator(".map .card")
    expect(card).to_have_attribute("data-face", image)
    expect(card).to_contain_text(image)
    wait_until_painted(card.locator("canvas"))
    assert np.abs(pixels(marks) - bare).max() > 40
    is_shown(page, "^Click a point, or one of these images")  # nothing is chosen


def test_a_click_shows_the_image_its_reconstruction_and_its_neighbours(
    page: Page, server: Server
) -> None:
    canvas = opened(page, server)
    image = point_at_an_image(page, canvas)
    page.mouse.down()
    page.mouse.up()
    is_shown(page, rf"^Image {image}\b")
    for name in ("Image", "Reconstruction"):
        wait_until_painted(page.get_by_role("img", name=name, exact=True))
    is_shown(page, r"KL [\d.]+ nats, mean squared error [\d.]+")
    is_shown(page, "ellipses around its point")
    neighbours = page.get_by_role("button", name=re.compile(r"^Image \d+$"))
    expect(neighbours).to_have_count(6)
    other = (neighbours.first.get_attribute("aria-label") or "").split()[1]
    assert other != image
    neighbours.first.click()
    is_shown(page, rf"^Image {other}\b")
    expect(canvas).to_have_attribute("data-selected", other)
    page.get_by_role("button", name="Open in Sliders").click()
    expect(page.get_by_role("spinbutton", name="Image")).to_have_value(other)


def test_colours_come_and_go_and_the_view_stays(page: Page, server: Server) -> None:
    canvas = opened(page, server)
    is_shown(page, r"[\d,]+ of [\d,]+ images sampled")
    image = point_at_an_image(page, canvas)
    page.mouse.down()
    page.mouse.up()
    expect(canvas).to_have_attribute("data-selected", image)
    expect(canvas).to_have_attribute("data-mode", re.compile("points|density"))
    for _ in range(3):
        page.mouse.wheel(0, -300)
        next_frame(page)
    expect(canvas).to_have_attribute("data-mode", "faces")  # near by, points are faces
    legend = page.locator(".map .legend")
    for by, has_entries in (
        ("Hair style", True),
        ("Reconstruction error", False),
        ("KL", False),
        ("Glasses", True),
    ):
        before = still(canvas)
        if by not in legend.inner_text():
            select(page, "Colour by", by)
            expect(legend).to_contain_text(by)
            wait_for_change(canvas, before, least=0.03)
        expect(legend.locator("button").first).to_be_visible(visible=has_entries)
        expect(canvas).to_have_attribute("data-mode", "faces")
        expect(canvas).to_have_attribute("data-selected", image)
    before = still(canvas)
    legend.locator("button").first.click()
    wait_for_change(canvas, before, least=0.03)  # the others are dim
    page.get_by_role("button", name="Fit").click()
    expect(canvas).to_have_attribute("data-mode", re.compile("points|density"))


def test_a_lasso_is_a_group_and_escape_lets_go(page: Page, server: Server) -> None:
    canvas = opened(page, server)
    lasso(page, canvas, 0.5, 0.5)
    is_shown(page, r"^[\d,]+ images$")
    wait_until_painted(page.get_by_role("img", name="Mean", exact=True))
    expect(page.get_by_role("group", name="Members")).to_be_visible()
    select(page, "Colour by", "KL")
    is_shown(page, r"^[\d,]+ images$")  # the group outlives a page run
    canvas.focus()
    page.keyboard.press("Escape")
    is_shown(page, "^Click a point, or one of these images")


def test_a_click_between_the_points_draws_what_is_there(page: Page, server: Server) -> None:
    canvas = opened(page, server)
    page.mouse.click(*place_on(canvas, 0.04, 0.95))
    is_shown(page, "^Between the images")
    drawn = still(page.get_by_role("img", name="Decoded here"))
    wait_until_taken(page, canvas)
    expect(page.get_by_role("button", name=re.compile(r"^Image \d+$"))).to_have_count(6)
    page.mouse.click(*place_on(canvas, 0.96, 0.95))
    wait_for_change(page.get_by_role("img", name="Decoded here"), drawn)


def test_keys_move_the_map_and_choose(page: Page, server: Server) -> None:
    canvas = opened(page, server)
    canvas.focus()
    before = still(canvas)
    page.keyboard.press("+")
    page.keyboard.press("ArrowLeft")
    wait_for_change(canvas, before)
    page.keyboard.press("Enter")
    is_shown(page, r"^Image \d+\b")
    page.keyboard.press("0")
    expect(canvas).to_have_attribute("data-selected", re.compile(r"^\d+$"))


def place_in_plot(page: Page, row: int) -> tuple[float, float, str]:
    """Where on the page a point of the plain map lies, and its image.

    It is the first from `row` on that has no other one near: of two points that lie within a pixel
    of each other, the plot takes either.
    """
    x, y, image = page.locator(".js-plotly-plot").evaluate(
        """(plot, row) => {
          const { _fullData: traces, _fullLayout: { xaxis, yaxis } } = plot;
          const box = plot.querySelector(".nsewdrag").getBoundingClientRect();
          const places = traces.flatMap((trace) => Array.from(trace.x,
            (x, i) => [xaxis.l2p(x), yaxis.l2p(trace.y[i]), trace.customdata[i]]));
          const isNear = ([x, y], [u, v]) => Math.hypot(x - u, y - v) < 8;
          const isAlone = (place) => places.filter((other) => isNear(place, other)).length === 1;
          const isInside = ([x, y]) => x > 9 && y > 9 && x < box.width - 9 && y < box.height - 9;
          const [x, y, image] = places.slice(row).find(
            (place) => isInside(place) && isAlone(place));
          return [box.left + x, box.top + y, String(image)];
        }""",
        row,
    )
    return x, y, image


def click_in_plot(page: Page, row: int) -> None:
    """Click a point of the plain map, which is then looked into.

    Plotly looks at one move of the pointer in 50 ms. If the button goes down before it has looked
    at the last one, or while it draws anew, it takes no click at all; and two clicks in 300 ms are
    a double click. So each try begins 400 ms after the last move, and another follows until the
    plot itself has told of a click.
    """
    plot = page.locator(".js-plotly-plot")
    plot.locator(".gl-container canvas").first.wait_for()
    wait_until_idle(page)
    box_at_rest(page, plot)
    plot.evaluate("(plot) => plot.on('plotly_click', () => { plot.dataset.clicked = 'yes'; })")
    image = ""

    def is_pointed_at() -> bool:
        nonlocal image
        x, y, image = place_in_plot(page, row)
        page.mouse.move(x - 3, y)
        page.mouse.move(x, y)
        next_frame(page)
        told = page.locator(".hoverlayer .hovertext").all_text_contents()
        return any(re.findall(r"Image (\d+)", text) == [image] for text in told)

    def is_clicked() -> bool:
        wait_until(is_pointed_at, "the plot tells of the point")
        page.evaluate("() => new Promise((done) => setTimeout(done, 400))")
        page.mouse.down()
        page.mouse.up()
        next_frame(page)
        return plot.get_attribute("data-clicked") == "yes"

    wait_until(is_clicked, "the plot takes the click")
    detail = page.locator(".st-key-map_detail")  # the plot's own label reads the same
    expect(detail.get_by_text(re.compile(rf"^Image {image}$"))).to_be_visible()
    wait_until_painted(page.get_by_role("img", name="Reconstruction", exact=True))


def test_the_plain_map_is_a_switch_away(page: Page, server: Server) -> None:
    canvas = opened(page, server)
    page.get_by_text("Plain map").click()
    click_in_plot(page, 5)
    expect(canvas).to_have_count(0)
    select(page, "Colour by", "KL")
    expect(page.locator(".js-plotly-plot .colorbar, .js-plotly-plot .cbbg").first).to_be_attached()
    is_shown(page, r"^Image \d+$")
    page.get_by_text("Plain map").click()
    expect(ready_map(page)).to_have_attribute("data-selected", re.compile(r"\d+"))


def test_where_the_script_is_blocked_the_plain_map_is_drawn(page: Page, server: Server) -> None:
    blocked = re.compile(r"/live/\w+/panels/map/canvas\.js")
    refused = {"body": "throw Error('refused')", "content_type": "text/javascript"}
    page.route(blocked, lambda route: route.fulfill(**refused))
    open_panel(page, server, "Map")
    click_in_plot(page, 9)
