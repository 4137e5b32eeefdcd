"""A page follows a run by itself, but holds still under a hand and where nobody looks."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.driver import (
    FACE,
    SHIPPED,
    Server,
    choose,
    drag_slider,
    frames,
    require_chromium,
    wait_for_socket,
    wait_until,
    wait_until_idle,
)
from vae.runs.events import EventWriter, last_event, numbered
from vae.runs.folder import Run

pytestmark = pytest.mark.browser

require_chromium()

from playwright.sync_api import expect  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import Page

Write = Callable[..., None]
STILL_SECONDS = 4.0  # several times those between two drawings of a training that has just begun


@pytest.fixture
def run(root: Path) -> Run:
    """A run that lives, but is trained by nobody."""
    return Run(root / f"living-{len(list(root.iterdir()))}")


@pytest.fixture
def write(run: Run) -> Iterator[Write]:
    """Writes an event of that run."""
    shutil.copytree(SHIPPED, run.folder)
    writer = EventWriter(run.events_file, keep_step=10**9)
    begun = last_event(run.events(), "start")
    with run.lock():
        writer.write(**{**begun, "time": time.time()})
        yield writer.write
    writer.close()


def step(write: Write, number: int) -> None:
    write("step", step=number, epoch=1, elbo=1.0, nll=1.0, kl=1.0, seconds=1.0, images_per_second=1)


def test_live_follows_but_not_under_a_hand_nor_where_nobody_looks(
    page: Page, server: Server, run: Run, write: Write
) -> None:
    page.goto(f"{server.url}/?run={run.name}&panel=Live")
    at = page.get_by_test_id("stMetric").get_by_text(re.compile("^step "))
    for number, begin, end in (
        (1_000_001, page.mouse.down, page.mouse.up),
        (1_000_003, lambda: hide(page, True), lambda: hide(page, False)),
    ):
        step(write, number)
        expect(at).to_have_text(f"step {number:,}")
        page.mouse.move(700, 5)
        begin()
        wait_until_nothing_is_under_way(page)
        step(write, number + 1)
        page.wait_for_timeout(1000 * STILL_SECONDS)
        expect(at).to_have_text(f"step {number:,}", timeout=1)
        end()
        expect(at).to_have_text(f"step {number + 1:,}")


def wait_until_nothing_is_under_way(page: Page) -> None:
    """What was asked for just before a hand came is still drawn, with what is known by then."""
    page.wait_for_timeout(500)  # until the page says that it is being drawn
    wait_until_idle(page)


def hide(page: Page, is_hidden: bool) -> None:
    """As where another tab of the window is looked at."""
    page.evaluate(
        "is => Object.defineProperty(document, 'hidden', {value: is, configurable: true})",
        is_hidden,
    )


@pytest.mark.parametrize("place", [0.7, 0.5], ids=["moved", "where it was"])
def test_a_slider_stays_in_the_hand_when_a_measurement_puts_the_sliders_in_another_order(
    page: Page, server: Server, run: Run, write: Write, place: float
) -> None:
    page.goto(f"{server.url}/?run={run.name}&panel=Sliders")
    face, slider = page.locator(FACE), page.get_by_role("slider").first
    wait_for_socket(face)
    choose(page, "Dimensions by KL")
    expect(slider).to_have_attribute("aria-label", re.compile(r"^z\d+$"))
    first = str(slider.get_attribute("aria-label"))
    page.get_by_role("button", name="Reset all").click()  # to the middle
    wait_until_idle(page)
    drag_slider(page, slider, (0.5, 0.3), face)
    write(**measured_in_another_order(run))
    page.wait_for_timeout(1000 * STILL_SECONDS)
    painted = frames(face)
    box = slider.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + place * box["width"], box["y"] + box["height"] / 2)
    wait_until(lambda: frames(face) > painted, "the face follows the hand")
    page.mouse.up()
    expect(page.get_by_role("slider").first).not_to_have_attribute("aria-label", first)


def measured_in_another_order(run: Run) -> dict[str, object]:
    """The newest evaluation, with the smallest KL where the largest was and the other way round."""
    newest = last_event(run.events(), "eval")
    kl = numbered(newest, "kl")
    places = sorted(range(len(kl)), key=kl.__getitem__)
    turned = {f"kl_{i}": kl[j] for i, j in zip(places, reversed(places), strict=True)}
    return {**newest, **turned}
