"""A real Chromium and a real server for the tests of the pages; no test stands here.

A file of such tests calls `require_chromium` before it imports playwright: without a Chromium its
tests are skipped, and said so; with REQUIRE_BROWSER=1 that is a failure.
"""

from __future__ import annotations

import io
import math
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

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


class Server:
    """`streamlit run app.py` on a port of its own."""

    def __init__(self, root: Path, port: int | None = None) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = port or probe.getsockname()[1]
        self.root = root
        self.url = f"http://localhost:{self.port}"
        self.log = open(root.parent / f"server-{self.port}.log", "ab")  # noqa: SIM115
        command = [sys.executable, "-m", "streamlit", "run", "app.py"]
        self.process = subprocess.Popen(
            [*command, "--server.headless=true", f"--server.port={self.port}"],
            cwd=ROOT,
            env={**os.environ, "VAE_ROOT": str(root)},
            stdout=self.log,
            stderr=subprocess.STDOUT,
        )
        deadline = time.monotonic() + 60
        while not self._answers():
            assert time.monotonic() < deadline, "the server does not answer"
            time.sleep(0.1)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=2) as answer:
                return bool(answer.read() == b"ok")
        except OSError:
            return False

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.log.close()


def open_panel(page: Page, server: Server, panel: str) -> None:
    page.goto(server.url)
    page.get_by_role("tab", name=panel, exact=True).click()


def pixels(picture: Locator) -> np.ndarray:
    """What is painted on the screen there. [H, W, 3]"""
    with Image.open(io.BytesIO(picture.screenshot())) as image:
        return np.asarray(image.convert("RGB")).astype(np.int16)


def wait_for_change(
    picture: Locator, before: np.ndarray, seconds: float = 30, least: float = 0.3
) -> None:
    """Wait until the picture differs from what it was by `least` levels in the mean."""
    deadline = time.monotonic() + seconds
    while True:
        now = pixels(picture)
        if now.shape != before.shape:
            before = now  # the page has made room for something else
        if np.abs(now - before).mean() > least:
            return
        assert time.monotonic() < deadline, "the picture does not change"
        time.sleep(0.1)


def wait_until_painted(picture: Locator) -> np.ndarray:
    """The pixels of a picture, once it is no longer of one colour."""
    picture.wait_for(state="visible")
    deadline = time.monotonic() + 30
    while (now := pixels(picture)).std() < 5:
        assert time.monotonic() < deadline, "nothing is painted"
        time.sleep(0.1)
    return now


def frames(face: Locator) -> int:
    """How many pictures the live face has painted."""
    return int(face.get_attribute("data-frame") or 0)


def settled_url(page: Page, before: str) -> str:
    """The address of the page, once it is another one."""
    page.wait_for_url(lambda url: url != before)
    return page.url


def drag_slider(page: Page, slider: Locator, over: tuple[float, float], face: Locator) -> int:
    """Press on a slider at part over[0] of its width, and move to over[1].

    Returns how many pictures the face has painted before the hand lets go, which is the caller's.
    """
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + over[0] * box["width"], y)
    page.mouse.down()
    painted = frames(face)
    for part in np.linspace(*over, 30):
        page.mouse.move(box["x"] + part * box["width"], y)
        page.wait_for_timeout(20)
    return frames(face) - painted


def ready_map(page: Page) -> Locator:
    """The canvas of the map, once its points are there and it has come to rest."""
    canvas = page.locator("canvas[aria-label='Map'][data-mode]:not([data-points='0'])")
    canvas.wait_for()
    canvas.scroll_into_view_if_needed()
    page.wait_for_timeout(700)
    return canvas


def place_on(canvas: Locator, across: float, down: float) -> tuple[float, float]:
    """Parts of the width and height of the map as a place of the page."""
    box = canvas.bounding_box()
    assert box is not None
    return box["x"] + across * box["width"], box["y"] + down * box["height"]


def point_at_an_image(page: Page, canvas: Locator) -> str:
    """Move the mouse over the map until it points at an image. Returns its number."""
    for down in np.linspace(0.5, 0.9, 12):
        for across in np.linspace(0.3, 0.7, 12):
            page.mouse.move(*place_on(canvas, float(across), float(down)))
            if image := canvas.get_attribute("data-hovered"):
                return image
    raise AssertionError("there is no image on the map")


def lasso(page: Page, canvas: Locator, across: float, down: float, radius: float = 50) -> None:
    """Draw a circle of so many pixels around a place of the map."""
    x, y = place_on(canvas, across, down)
    page.keyboard.down("Shift")
    page.mouse.move(x + radius, y)
    page.mouse.down()
    for k in range(1, 17):
        angle = k * math.pi / 8
        page.mouse.move(x + radius * math.cos(angle), y + radius * math.sin(angle))
    page.mouse.up()
    page.keyboard.up("Shift")


def choose(page: Page, name: str) -> None:
    """Press one of a row of choices."""
    page.get_by_test_id("stButtonGroup").get_by_text(name).click()


def select(page: Page, box: str, value: str) -> None:
    """Choose a value of a select box."""
    page.get_by_role("combobox", name=box).click()
    page.keyboard.type(value)
    page.keyboard.press("Enter")
