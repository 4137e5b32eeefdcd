"""The page under any address: below a path, and behind a proxy, in a real Chromium."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.driver import (
    FACE,
    Server,
    drag_slider,
    new_page,
    open_panel,
    point_at_an_image,
    ready_map,
    require_chromium,
    show_panel,
    still,
    wait_for_change,
    wait_for_pixels,
    wait_for_socket,
    wait_until_painted,
    wait_until_taken,
)
from tests.browser.proxy import Proxy

pytestmark = pytest.mark.browser

require_chromium()

from playwright.sync_api import Browser, Page, expect  # noqa: E402

DECODE = "/live/decode/"
STREAM = "/_stcore/stream"
# Another name of this machine to a browser; to the server, as strange as any.
STRANGE = "faces.localhost"


@pytest.fixture(scope="module")
def below(root: Path) -> Iterator[Server]:
    """A server below a path, which lists the pages of another address."""
    server = Server(root, baseUrlPath="some/path", corsAllowedOrigins=f"http://{STRANGE}")
    yield server
    server.close()


@pytest.fixture
def refused(chromium: Browser) -> Iterator[Page]:
    """A page whose console may say that something was refused."""
    page = new_page(chromium)
    yield page
    page.close()


def everything_works(page: Page, url: str) -> None:
    """Drag a slider, hover over the map, download, and come back by a link."""
    page.goto(url)
    show_panel(page, "Sliders")
    face = page.locator(FACE).first
    wait_for_socket(face)
    before = still(face)
    drag_slider(page, page.get_by_role("slider").first, (0.5, 0.9), face)
    page.mouse.up()
    wait_for_change(face, before)
    wait_until_taken(page, face)
    assert face.get_attribute("data-path") == "socket"
    page.wait_for_url(re.compile(r"[?&]z="))
    link, there = page.url, still(face)
    assert link.startswith(f"{url.rstrip('/')}/?")

    with page.expect_download() as download:
        page.get_by_role("button", name=re.compile("Download")).first.click()
    assert download.value.path().stat().st_size > 100

    show_panel(page, "Map")
    canvas = ready_map(page)
    image = point_at_an_image(page, canvas)
    card = page.locator(".map .card")
    expect(card).to_have_attribute("data-face", image)
    wait_until_painted(card.locator("canvas"))
    assert "panel=Map" in page.url

    page.goto(link)
    wait_for_socket(face)
    wait_for_pixels(face, there)
    page.goto(f"{url.rstrip('/')}/?panel=Live")
    wait_until_painted(page.get_by_role("img", name="Reconstructions"))


def test_below_a_path_everything_works(page: Page, below: Server) -> None:
    everything_works(page, below.url)


def test_a_proxy_may_take_the_path_away(page: Page, server: Server) -> None:
    with Proxy(server.port, below="/outside") as proxy:
        everything_works(page, f"http://localhost:{proxy.port}/outside/")


def test_a_path_that_a_proxy_takes_away_needs_no_last_slash(refused: Page, server: Server) -> None:
    with Proxy(server.port, below="/outside") as proxy:
        refused.goto(f"http://localhost:{proxy.port}/outside/?panel=Live")
        refused.goto(f"http://localhost:{proxy.port}/outside?panel=Map")
        refused.wait_for_url(f"http://localhost:{proxy.port}/outside/?panel=Map")
        ready_map(refused)


def test_a_proxy_with_another_name_is_let_in_by_the_setting(page: Page, below: Server) -> None:
    with Proxy(below.port, host=f"localhost:{below.port}") as proxy:
        everything_works(page, f"http://{STRANGE}:{proxy.port}/some/path")


@pytest.mark.parametrize(
    ("host", "setting"),
    [
        (None, 'add "faces.localhost" to server.allowedHosts, and start'),
        (
            "localhost",
            'add "http://faces.localhost:{port}" to server.corsAllowedOrigins, and start',
        ),
        ("inside.example", 'add "inside.example" to server.allowedHosts and "http://faces'),
    ],
)
def test_a_page_that_cannot_connect_says_once_which_setting_to_change(
    refused: Page, server: Server, host: str | None, setting: str
) -> None:
    with Proxy(server.port, **({} if host is None else {"host": host})) as proxy:
        refused.goto(f"http://{STRANGE}:{proxy.port}/")
        said = refused.get_by_role("alert")
        expect(said).to_contain_text(setting.format(port=proxy.port))
        refused.wait_for_timeout(5000)
        expect(said).to_be_visible()
        assert proxy.sockets == [STREAM], "it was asked for once"


def test_a_page_whose_sockets_are_all_stopped_says_so(refused: Page, server: Server) -> None:
    with Proxy(server.port, refused=".") as proxy:
        refused.goto(f"http://localhost:{proxy.port}/")
        expect(refused.get_by_role("alert")).to_contain_text("lets no WebSocket through")
        tried = len(proxy.sockets)
        refused.wait_for_timeout(5000)
        assert len(proxy.sockets) == tried


def the_page_decodes(page: Page, proxy: Proxy, words: str) -> None:
    """Without a socket, pictures follow the hand once it lets go; why is said once."""
    face = page.locator(FACE).first
    said = page.get_by_text("Pictures come more slowly")
    expect(said).to_contain_text(words)
    expect(face).to_have_attribute("data-path", "page")
    tried = proxy.sockets.count(f"{DECODE}anime-faces")
    assert tried <= 3
    before = still(face)
    slider = page.get_by_role("slider").first
    slider.focus()
    for key in ("9", "0"):
        page.keyboard.press(key)
        wait_for_change(face, before)
        wait_until_taken(page, face)
        before = still(face)
    expect(said).to_have_count(1)
    expect(page.locator("canvas.strip").first).to_be_hidden()  # nothing would come into it
    show_panel(page, "Interpolate")
    expect(said).to_contain_text(words)
    wait_until_painted(page.get_by_role("img", name="Point of the path"))
    assert proxy.sockets.count(f"{DECODE}anime-faces") == tried


def test_where_a_proxy_stops_the_decode_socket_the_page_decodes(
    refused: Page, server: Server
) -> None:
    with Proxy(server.port, refused=DECODE) as proxy:
        open_panel(refused, proxy, "Sliders")
        the_page_decodes(refused, proxy, "lets no WebSocket through")


def test_where_the_decode_socket_is_refused_the_page_decodes_and_names_the_setting(
    refused: Page, server: Server
) -> None:
    """Streamlit takes sockets of every page of this machine; the decode socket does not."""
    with Proxy(server.port, host=f"localhost:{server.port}") as proxy:
        open_panel(refused, proxy, "Sliders")
        the_page_decodes(refused, proxy, f'"{proxy.url}" to server.corsAllowedOrigins')
