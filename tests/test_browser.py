"""The app in a real Chromium, on a real server, as a person uses it.

Skipped, and said so, where there is no Chromium; with REQUIRE_BROWSER=1 that is a failure.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vae.runs import ALIVE, Run, last_event

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parent.parent
SHIPPED = ROOT / "checkpoints" / "anime-faces"
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
ARGUMENTS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
).split()
FACE = "img[alt='Face'], canvas[aria-label='Face'], img[aria-label='Face']"

if CHROMIUM is None:
    if os.environ.get("REQUIRE_BROWSER"):
        pytest.fail("REQUIRE_BROWSER is set, but there is no Chromium on the path.", pytrace=False)
    pytest.skip("browser tests did not run: no Chromium on the path", allow_module_level=True)

from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright  # noqa: E402

expect.set_options(timeout=30_000)


class Server:
    """`streamlit run app.py` on a port of its own."""

    def __init__(self, root: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.root = root
        self.url = f"http://localhost:{self.port}"
        self.log = open(root.parent / f"server-{self.port}.log", "wb")  # noqa: SIM115
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


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs that holds a copy of the shipped one."""
    folder = tmp_path_factory.mktemp("browser") / "runs"
    shutil.copytree(SHIPPED, folder / SHIPPED.name)
    return folder


@pytest.fixture(scope="module")
def server(root: Path) -> Iterator[Server]:
    server = Server(root)
    yield server
    for name in [run.name for run in map(Run, root.iterdir()) if run.is_locked()]:
        Run(root / name).request("stop")
    server.kill()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page whose console must stay free of errors."""
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    errors: list[str] = []
    page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    page.close()
    assert not errors


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
    expect(picture).to_be_visible()
    deadline = time.monotonic() + 30
    while (now := pixels(picture)).std() < 5:
        assert time.monotonic() < deadline, "nothing is painted"
        time.sleep(0.1)
    return now


def test_the_first_page_shows_a_face(page: Page, server: Server) -> None:
    page.goto(server.url)
    wait_until_painted(page.locator(FACE).first)


def frames(face: Locator) -> int:
    """How many pictures the live face has painted."""
    return int(face.get_attribute("data-frame") or 0)


def settled_url(page: Page, before: str) -> str:
    """The address of the page, once it is another one."""
    page.wait_for_url(lambda url: url != before)
    return page.url


def test_the_face_changes_while_the_hand_moves_and_the_page_knows_on_release(
    page: Page, server: Server
) -> None:
    open_panel(page, server, "Sliders")
    face = page.locator(FACE).first
    before = wait_until_painted(face)
    expect(page.get_by_text("by socket")).to_be_visible()
    slider = page.get_by_role("slider").first
    name = slider.get_attribute("aria-label") or ""
    assert re.fullmatch(r"z\d+", name), f"a slider is named by its dimension, not {name!r}"
    box = slider.bounding_box()
    assert box is not None
    address, painted = page.url, frames(face)
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 0.5 * box["width"], y)
    page.mouse.down()
    for part in np.linspace(0.5, 0.95, 40):
        page.mouse.move(box["x"] + part * box["width"], y)
        time.sleep(0.02)
    assert frames(face) > painted + 5
    assert page.url == address, "nothing is told before the hand lets go"
    wait_for_change(face, before)
    page.mouse.up()
    address = settled_url(page, address)
    moved = pixels(face)
    page.reload()
    again = wait_until_painted(page.locator(FACE).first)
    assert np.abs(again - moved).mean() < 3, "the link restores the face"
    page.get_by_role("button", name="Reset all").click()
    settled_url(page, address)


def test_undo_pins_keys_and_locks(page: Page, server: Server) -> None:
    open_panel(page, server, "Sliders")
    face = page.locator(FACE).first
    start = wait_until_painted(face)
    expect(page.get_by_text("by socket")).to_be_visible()
    first = page.get_by_role("slider").first
    name = first.get_attribute("aria-label")
    page.get_by_role("button", name=f"Lock {name}").click()
    held = first.input_value()
    page.get_by_role("button", name="Pin", exact=True).click()
    expect(page.get_by_role("img", name="Pin 1")).to_be_visible()
    page.get_by_role("button", name="Random", exact=True).click()
    wait_for_change(face, start)
    assert first.input_value() == held
    page.get_by_role("button", name="Undo", exact=True).click()
    deadline = time.monotonic() + 20
    while np.abs(pixels(face) - start).mean() > 1:
        assert time.monotonic() < deadline, "undo does not bring the face back"
        time.sleep(0.1)
    first.focus()
    page.keyboard.press("0")
    assert float(first.input_value()) == float(first.get_attribute("min") or 0)
    page.keyboard.press("ArrowRight")
    assert float(first.input_value()) > float(first.get_attribute("min") or 0)


def test_without_a_socket_the_page_decodes(page: Page, server: Server) -> None:
    page.route_web_socket(re.compile("/live/decode/"), lambda socket: socket.close())
    open_panel(page, server, "Sliders")
    face = page.locator(FACE).first
    before = wait_until_painted(face)
    expect(page.get_by_text("no socket")).to_be_visible()
    slider = page.get_by_role("slider").first
    slider.focus()
    for _ in range(12):
        page.keyboard.press("ArrowRight")
    wait_for_change(face, before)


def test_two_clicks_draw_a_path(page: Page, server: Server) -> None:
    open_panel(page, server, "Interpolate")
    first = page.get_by_role("img", name="Path 1", exact=True)
    before = wait_until_painted(first)
    gallery = page.get_by_role("button", name=re.compile(r"^Image \d+$"))
    expect(gallery.first).to_be_visible()
    chosen = [gallery.nth(5), gallery.nth(9)]
    for button in chosen:
        button.click()
        expect(button).to_have_attribute("aria-pressed", "true")
    wait_for_change(first, before)
    wait_until_painted(page.get_by_role("img", name="Path 5", exact=True))
    pressed = page.locator("button[aria-pressed='true'][aria-label^='Image']")
    assert pressed.count() == 2


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
    expect(badge.first).to_be_visible(timeout=60_000)


def test_start_pause_resume_stop(page: Page, server: Server, root: Path) -> None:
    page.goto(server.url)
    button = page.get_by_test_id("stSidebar").get_by_role("button", name=re.compile("Start"))
    button.click()
    samples = page.get_by_role("img", name="Samples")
    before = wait_until_painted(samples)
    run = only_new_run(root)
    wait_for_change(samples, before, 90)  # the picture lives
    curve = page.locator("canvas").first
    expect(curve).to_be_visible(timeout=60_000)
    grown = pixels(curve)
    wait_for_change(curve, grown, 90, least=0.01)
    sidebar = page.get_by_test_id("stSidebar")
    sidebar.get_by_role("button", name="Pause").click()
    expect_status(page, "paused")
    assert run.status() == "paused"
    paused_at = last_event(run.events(), "checkpoint")["step"]
    sidebar.get_by_role("button", name="Resume").click()
    expect_status(page, "running")
    deadline = time.monotonic() + 60
    while last_event(run.events(), "step").get("step", 0) <= paused_at:
        assert time.monotonic() < deadline, "no step after resume"
        time.sleep(0.2)
    sidebar.get_by_role("button", name="Stop").click()
    expect_status(page, "stopped")
    assert run.status() == "stopped"


def test_a_run_outlives_a_killed_server(
    chromium: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("killed") / "runs"
    folder.mkdir()
    server = Server(folder)
    page = chromium.new_page()
    page.goto(server.url)
    page.get_by_test_id("stSidebar").get_by_role("button", name=re.compile("Start")).click()
    deadline = time.monotonic() + 60
    while not any(last_event(run.events(), "step") for run in map(Run, folder.glob("faces*"))):
        assert time.monotonic() < deadline, "training does not begin"
        time.sleep(0.2)
    run = only_new_run(folder)
    server.kill()
    page.close()
    step = last_event(run.events(), "step")["step"]
    while last_event(run.events(), "step")["step"] <= step:
        assert time.monotonic() < deadline + 60, "the run ended with the server"
        time.sleep(0.2)
    assert run.status() in ALIVE
    again = Server(folder)
    page = chromium.new_page()
    page.goto(again.url)
    expect_status(page, "running")
    page.get_by_test_id("stSidebar").get_by_role("button", name="Pause").click()
    expect_status(page, "paused")
    assert run.status() == "paused"
    page.close()
    again.kill()
