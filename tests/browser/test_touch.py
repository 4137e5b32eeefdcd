"""Sliders under fingers: what scrolls, and what moves the face."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from tests.browser.driver import (
    FACE,
    PATIENCE,
    Server,
    require_chromium,
    wait_until,
    wait_until_idle,
)

pytestmark = pytest.mark.browser

require_chromium()

from playwright.sync_api import Browser, CDPSession, Locator, Page  # noqa: E402

SCROLLED = "document.querySelector('[data-testid=stMain]').scrollTop"
SECOND_LIFTED = "dispatchEvent(new PointerEvent('pointerup', {pointerId: 99}))"


@pytest.fixture
def phone(chromium: Browser, server: Server) -> Iterator[tuple[Page, CDPSession]]:
    """Sliders on a phone, its attributes scrolled to the last, and what moves fingers on it."""
    context = chromium.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    page = context.new_page()
    page.set_default_timeout(1000 * PATIENCE)
    page.goto(f"{server.url}/?panel=Sliders")
    sliders(page).first.wait_for()
    wait_until_idle(page)
    sliders(page).nth(4).scroll_into_view_if_needed()
    yield page, context.new_cdp_session(page)
    context.close()


def sliders(page: Page) -> Locator:
    return page.get_by_role("slider")


def values(page: Page) -> list[str]:
    told: list[str] = sliders(page).evaluate_all("all => all.map((one) => one.value)")
    return told


def touch(hand: CDPSession, kind: str, fingers: Sequence[tuple[float, float]]) -> None:
    points = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(fingers)]
    hand.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def test_a_finger_that_goes_up_on_the_face_scrolls(phone: tuple[Page, CDPSession]) -> None:
    page, hand = phone
    face = page.locator(FACE).first.bounding_box()
    assert face is not None
    x, y = face["x"] + face["width"] / 2, face["y"] + 0.9 * face["height"]
    before, scrolled = values(page), page.evaluate(SCROLLED)
    touch(hand, "touchStart", [(x, y)])
    for i in range(1, 15):
        touch(hand, "touchMove", [(x, y - 10 * i)])
        page.wait_for_timeout(30)
    touch(hand, "touchEnd", [])
    wait_until(lambda: page.evaluate(SCROLLED) > scrolled + 50, "the page scrolls")
    wait_until(lambda: values(page) == before, "the face is as it was")


def test_a_second_finger_leaves_the_slider_with_the_first(phone: tuple[Page, CDPSession]) -> None:
    page, hand = phone
    slider = sliders(page).nth(4)
    box = slider.bounding_box()
    assert box is not None
    start, y = float(slider.input_value()), box["y"] + box["height"] / 2
    low, high = (float(slider.get_attribute(end) or 0) for end in ("min", "max"))
    x = box["x"] + box["width"] * (start - low) / (high - low)
    held = x + (40 if x < 195 else -40)
    touch(hand, "touchStart", [(x, y)])
    for part in (0.25, 0.5, 0.75, 1):
        touch(hand, "touchMove", [(x + part * (held - x), y)])
        page.wait_for_timeout(30)
    wait_until(lambda: float(slider.input_value()) != start, "the slider follows the finger")
    moved = slider.input_value()
    page.evaluate(SECOND_LIFTED)  # the protocol lifts all fingers at once
    page.wait_for_timeout(500)
    assert slider.input_value() == moved
    touch(hand, "touchEnd", [])
    page.wait_for_timeout(500)
    wait_until_idle(page)
    assert slider.input_value() == moved
