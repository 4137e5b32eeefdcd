"""Who may ask: as Streamlit's own socket has it, and what keeps others out is said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.testclient import TestClient
from streamlit import config
from streamlit.web.server.starlette import starlette_websocket

from explorer.server import admission

Setter = Callable[[str, Any], None]
HOSTS = [
    *("localhost:8501", "LOCALHOST", "localhost.", "127.0.0.1:80", "[::1]:8501", "evil.example"),
    *("a.example.org", "b.a.example.org:9", "example.org", "badexample.org", "", None, "[", "[::1"),
]


@pytest.fixture
def set_option() -> Iterator[Setter]:
    """Sets an option of Streamlit for the length of a test."""
    before: dict[str, Any] = {}

    def put(name: str, value: Any) -> None:
        before.setdefault(name, config.get_option(name))
        config.set_option(name, value)

    yield put
    for name, value in before.items():
        config.set_option(name, value)


def refusal(**headers: str) -> str:
    return admission.refusal(Headers(headers))


@pytest.mark.parametrize(
    "listed",
    [[], ["*"], ["localhost", "127.0.0.1"], ["*.Example.org", " ::1 "], ["example.org."]],
)
def test_a_host_is_known_where_streamlit_s_socket_knows_it(
    set_option: Setter, listed: list[str]
) -> None:
    set_option("server.allowedHosts", listed)
    for host in HOSTS:
        assert admission.is_known_host(host) == starlette_websocket.is_host_allowed(host), host


def test_our_own_pages_and_what_is_no_browser_may_ask() -> None:
    assert refusal(origin="http://localhost:8501", host="localhost:8501") == ""
    assert refusal(origin="https://127.0.0.1", host="127.0.0.1") == ""
    assert refusal(host="127.0.0.1:8501") == ""


def test_a_strange_name_is_refused_and_the_setting_for_it_named() -> None:
    said = refusal(origin="http://faces.example:9", host="faces.example:9")
    assert 'add "faces.example" to server.allowedHosts' in said
    assert "corsAllowedOrigins" not in said


@pytest.mark.parametrize("origin", ["http://faces.example", "http://localhost:1", "null"])
def test_a_page_of_another_address_is_refused_and_the_setting_for_it_named(origin: str) -> None:
    said = refusal(origin=origin, host="localhost:8501")
    assert f'add "{origin}" to server.corsAllowedOrigins' in said
    assert "allowedHosts" not in said


def test_what_is_both_is_told_in_one_sentence() -> None:
    said = refusal(origin="http://faces.example", host="inside:8501")
    assert '"inside" to server.allowedHosts and "http://faces.example" to server.cors' in said
    assert said.count(". ") == 0


def test_with_the_settings_that_were_named_the_page_may_ask(set_option: Setter) -> None:
    asked = {"origin": "http://faces.example", "host": "inside:8501"}
    set_option("server.allowedHosts", ["localhost", "inside"])
    set_option("server.corsAllowedOrigins", ["http://faces.example"])
    assert refusal(**asked) == ""
    assert refusal(**{**asked, "origin": "http://evil.example"})
    set_option("server.enableCORS", False)
    assert refusal(**{**asked, "origin": "http://evil.example"}) == ""


def test_a_page_asks_what_keeps_it_out() -> None:
    client = TestClient(Starlette(routes=[admission.make_route()]))
    asked = {"origin": "http://faces.example", "host": "localhost:8501"}
    answer = client.post("/refusal", headers=asked)
    assert answer.text == refusal(**asked)
    assert answer.headers["cache-control"] == "no-store"
    assert client.post("/refusal", headers={"host": "localhost:8501"}).text == ""
