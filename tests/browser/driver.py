"""A real Chromium and a real server for the tests of the pages; no test stands here.

A file of such tests calls `require_chromium` before it imports playwright: without a Chromium its
tests are skipped, and said so; with REQUIRE_BROWSER=1 that is a failure.
"""

from __future__ import annotations

import base64
import io
import math
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pytest
from PIL import Image

from tests import leftover_processes

if TYPE_CHECKING:
    from playwright.sync_api import Browser, FloatRect, Locator, Page

    from tests.browser.proxy import Proxy

Answer = TypeVar("Answer")

PATIENCE = 90.0  # seconds: the machine may be busy
# A trainer stands behind the page in priority: on a busy machine its steps are seconds apart.
TRAINING_PATIENCE = 400.0
ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "checkpoints" / "anime-faces"
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
ARGUMENTS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
).split()
FACE = "img[alt='Face'], canvas[aria-label='Face'], img[aria-label='Face']"


def require_chromium() -> None:
    """Leave out the calling file of tests where there is no Chromium."""
    if CHROMIUM is None:
        if os.environ.get("REQUIRE_BROWSER"):
            text = "REQUIRE_BROWSER is set, but there is no Chromium on the path."
            pytest.fail(text, pytrace=False)
        pytest.skip("browser tests did not run: no Chromium on the path", allow_module_level=True)


def wait_until(
    claim: Callable[[], object],
    text: str,
    seconds: float = PATIENCE,
    seen: Callable[[], object] = lambda: "",
) -> None:
    """Return as soon as the claim holds, which `text` says in words; `seen` is told if it fails."""
    deadline = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < deadline, f"waited in vain until {text} {seen()}"
        time.sleep(0.05)


class Server:
    """`streamlit run app.py` on a port of its own; `settings`: of Streamlit's section `server`."""

    def __init__(self, root: Path, port: int | None = None, **settings: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = port or probe.getsockname()[1]
        self.root = root
        self.url = f"http://localhost:{self.port}/{settings.get('baseUrlPath', '')}".rstrip("/")
        self.log = open(root.parent / f"server-{self.port}.log", "ab")  # noqa: SIM115
        command = [sys.executable, "-m", "streamlit", "run", "app.py"]
        command += [f"--server.{name}={value}" for name, value in settings.items()]
        with leftover_processes.marking() as self.mark:
            self.process = subprocess.Popen(
                [*command, "--server.headless=true", f"--server.port={self.port}"],
                cwd=ROOT,
                env={**os.environ, "VAE_ROOT": str(root)},
                stdout=self.log,
                stderr=subprocess.STDOUT,
            )
        try:
            wait_until(self._answers, "the server answers")
        except BaseException:
            self.close()
            raise

    def _answers(self) -> bool:
        assert self.process.poll() is None, f"The server has ended: see {self.log.name}."
        try:
            with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=2) as answer:
                return bool(answer.read() == b"ok")
        except OSError:
            return False

    def kill(self) -> None:
        """End the server alone; what it has started lives on."""
        self.process.kill()
        self.process.wait()
        self.log.close()

    def close(self) -> None:
        """End the server and every trainer, map and evaluation that it has started."""
        self.kill()
        leftover_processes.end(self.mark)


def new_page(chromium: Browser) -> Page:
    """A page of a window of its own, patient as the tests are."""
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(1000 * PATIENCE)
    return page


def open_panel(page: Page, server: Server | Proxy, panel: str) -> None:
    """Load the page, and open one of its panels."""
    page.goto(server.url)
    show_panel(page, panel)


def show_panel(page: Page, panel: str) -> None:
    """Open a panel of the page that is there, and wait until it is drawn."""
    wait_until_idle(page)
    tab = page.get_by_role("tab", name=panel, exact=True)
    tab.click()
    wait_until(lambda: tab.get_attribute("aria-selected") == "true", f"{panel} is open")
    wait_until_idle(page)


def pixels(picture: Locator) -> np.ndarray:
    """What is painted on the screen there. [H, W, 3]

    The page may put another picture in its place meanwhile: then of that one.
    """
    with Image.open(io.BytesIO(of_what_stands_there(picture.screenshot))) as image:
        return np.asarray(image.convert("RGB")).astype(np.int16)


def of_what_stands_there(ask: Callable[[], Answer]) -> Answer:
    """What an element answers; asked again where the page has put another in its place meanwhile.

    Playwright finds the element first and asks it then: in between the page may have drawn anew.
    """
    from playwright.sync_api import Error

    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return ask()
        except Error as error:
            is_gone = any(words in str(error) for words in ("not attached", "not visible"))
            if not is_gone or time.monotonic() > deadline:
                raise


def held(canvas: Locator) -> np.ndarray:
    """What a canvas holds, wherever it lies on the screen. [H, W, 3]"""
    address = canvas.evaluate("(canvas) => canvas.toDataURL('image/png')")
    with Image.open(io.BytesIO(base64.b64decode(address.split(",")[1]))) as image:
        return np.asarray(image.convert("RGB"))


def wait_for_change(
    picture: Locator, before: np.ndarray, least: float = 0.3, seconds: float = PATIENCE
) -> None:
    """Wait until the picture differs from what it was by `least` levels in the mean."""

    def is_another() -> bool:
        nonlocal before
        now = pixels(picture)
        if now.shape != before.shape:
            before = now  # the page has made room for something else
        return bool(np.abs(now - before).mean() > least)

    wait_until(is_another, "the picture changes", seconds)


def wait_for_pixels(picture: Locator, wanted: np.ndarray, most: float = 1) -> None:
    """Wait until the picture is as wanted, up to `most` levels in the mean."""

    def is_the_same() -> bool:
        now = pixels(picture)
        return now.shape == wanted.shape and bool(np.abs(now - wanted).mean() <= most)

    wait_until(is_the_same, "the picture is as it was")


def wait_until_painted(picture: Locator, seconds: float = PATIENCE) -> np.ndarray:
    """The pixels of a picture, once it is no longer of one colour."""
    picture.wait_for(state="visible", timeout=1000 * seconds)
    wait_until(lambda: pixels(picture).std() >= 5, "something is painted", seconds)
    return pixels(picture)


def still(picture: Locator) -> np.ndarray:
    """The pixels of a picture, once it is at rest: painted twice the same."""
    now = wait_until_painted(picture)

    def is_at_rest() -> bool:
        nonlocal now
        before, now = now, pixels(picture)
        return np.array_equal(before, now)

    wait_until(is_at_rest, "the picture rests")
    return now


def frames(face: Locator) -> int:
    """How many pictures the live face has painted."""
    return int(face.get_attribute("data-frame") or 0)


def wait_for_socket(face: Locator) -> None:
    """Wait until the face is painted by the decode socket, and is the newest that was asked for."""
    wait_until_painted(face)
    wait_until(lambda: face.get_attribute("data-path") == "socket", "the socket is open")
    wait_until_shown(face)


def wait_until_shown(face: Locator) -> None:
    """Wait until the picture of the newest point is painted."""
    is_shown = "(face) => face.dataset.shown && face.dataset.shown === face.dataset.asked"
    wait_until(lambda: face.evaluate(is_shown), "the newest point is shown")


def wait_until_taken(page: Page, canvas: Locator) -> None:
    """Wait until the page has taken in what a hand has done last, and its run has ended."""
    is_taken = "(canvas) => canvas.dataset.sent === canvas.dataset.taken"
    wait_until(lambda: canvas.evaluate(is_taken), "the page takes it in")
    wait_until_idle(page)


def wait_until_idle(page: Page) -> None:
    """Wait until the page's script has run to its end."""
    app = page.get_by_test_id("stApp")
    is_idle = """(app) => app.dataset.testConnectionState === "CONNECTED"
        && app.dataset.testScriptState === "notRunning\""""
    wait_until(lambda: app.evaluate(is_idle), "the page's script has run")


def next_frame(page: Page) -> None:
    """Wait until the browser has painted what it knows by now."""
    page.evaluate(
        "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )


def settled_url(page: Page, before: str) -> str:
    """The address of the page, once it is another one and the page's run has ended."""
    page.wait_for_url(lambda url: url != before)
    wait_until_idle(page)
    return page.url


def box_at_rest(page: Page, place: Locator) -> FloatRect:
    """Where on the page a thing lies, once it has lain there for some frames."""
    of_what_stands_there(place.scroll_into_view_if_needed)
    box: FloatRect | None = None

    def is_at_rest() -> bool:
        nonlocal box
        before, box = box, place.bounding_box()
        next_frame(page)
        return box is not None and box == before == place.bounding_box()

    wait_until(is_at_rest, "the page no longer moves")
    assert box is not None
    return box


UNDER_THE_HAND = """([x, y]) => {
  let found = document.elementFromPoint(x, y);
  while (found?.shadowRoot?.elementFromPoint(x, y)) found = found.shadowRoot.elementFromPoint(x, y);
  return found && [found.outerHTML.slice(0, 200), found.value];
}"""


def drag(page: Page, over: tuple[float, float], y: float, picture: Locator) -> None:
    """Press at over[0] and move to over[1]; the picture follows each move.

    When the hand rests, the picture is that of its place. It does not let go: the caller does.
    """
    page.mouse.move(over[0], y)
    page.mouse.down()
    for x in np.linspace(*over, 11)[1:]:
        painted = frames(picture)
        page.mouse.move(x, y)

        def seen(x: float = x) -> str:
            held = page.evaluate(UNDER_THE_HAND, [x, y])
            return f"{picture.evaluate('(canvas) => ({...canvas.dataset})')}, held: {held}"

        def follows(painted: int = painted) -> bool:
            return frames(picture) > painted

        wait_until(follows, "the picture follows", seen=seen)
    wait_until_shown(picture)


def drag_slider(page: Page, slider: Locator, over: tuple[float, float], picture: Locator) -> None:
    """`drag` from part over[0] of the width of a slider to over[1], once the page is drawn."""
    wait_until_idle(page)
    box = box_at_rest(page, slider)
    left, right = (box["x"] + part * box["width"] for part in over)
    drag(page, (left, right), box["y"] + box["height"] / 2, picture)


def ready_map(page: Page) -> Locator:
    """The canvas of the map, once its points are there and it has come to rest."""
    canvas = page.locator("canvas[aria-label='Map'][data-mode]:not([data-points='0'])")
    canvas.wait_for()
    wait_until_idle(page)
    box_at_rest(page, canvas)
    still(canvas)
    return canvas


def place_on(canvas: Locator, across: float, down: float) -> tuple[float, float]:
    """Parts of the width and height of the map as a place of the page."""
    box = canvas.bounding_box()
    assert box is not None
    return box["x"] + across * box["width"], box["y"] + down * box["height"]


def point_at_an_image(page: Page, canvas: Locator) -> str:
    """Move the mouse over the map until it points at an image. Returns its number."""
    find_an_image(page, canvas)
    return canvas.get_attribute("data-hovered") or ""


def find_an_image(page: Page, canvas: Locator) -> tuple[float, float]:
    """Move the mouse over the map until it points at an image. Returns where it is, as parts."""
    for down in np.linspace(0.5, 0.9, 12):
        for across in np.linspace(0.3, 0.7, 12):
            page.mouse.move(*place_on(canvas, float(across), float(down)))
            next_frame(page)
            if canvas.get_attribute("data-hovered"):
                return float(across), float(down)
    raise AssertionError("there is no image on the map")


def lasso(page: Page, canvas: Locator, across: float, down: float, radius: float = 50) -> None:
    """Draw a circle of so many pixels around a place of the map, and wait till it is taken in."""
    sent = canvas.get_attribute("data-sent")
    x, y = place_on(canvas, across, down)
    page.keyboard.down("Shift")
    page.mouse.move(x + radius, y)
    page.mouse.down()
    for k in range(1, 17):
        angle = k * math.pi / 8
        page.mouse.move(x + radius * math.cos(angle), y + radius * math.sin(angle))
    page.mouse.up()
    page.keyboard.up("Shift")
    wait_until(lambda: canvas.get_attribute("data-sent") != sent, "the lasso is told to the page")
    wait_until_taken(page, canvas)


def choose(page: Page, name: str) -> None:
    """Press one of a row of choices, and wait until it is the one that holds."""
    wait_until_idle(page)
    choice = page.get_by_test_id("stButtonGroup").get_by_role("radio", name=name)
    choice.click()
    wait_until(choice.is_checked, f"{name} is chosen")
    wait_until_idle(page)


def select(page: Page, box: str, value: str) -> None:
    """Choose the first value of a select box that has such words.

    Opened once more where the page was drawn anew meanwhile, which closes it.
    """
    from playwright.sync_api import TimeoutError as NotYetError

    wait_until_idle(page)
    deadline = time.monotonic() + PATIENCE
    while True:
        page.get_by_role("combobox", name=box).click()
        try:
            page.get_by_role("option").first.wait_for(timeout=10_000)
            break
        except NotYetError:
            if time.monotonic() > deadline:
                raise
    page.keyboard.type(value)
    page.get_by_role("option", name=value).first.click()
    page.get_by_role("option").first.wait_for(state="hidden")
    wait_until_idle(page)
