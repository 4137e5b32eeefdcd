"""What the server answers beside the pages lies below the path that the page is served below."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount
from starlette.testclient import TestClient
from streamlit import config

from explorer import routes
from explorer.components import scripts
from explorer.server import admission, decode_socket
from vae.runs.folder import Run

OWN = {"origin": "http://localhost:8501", "host": "localhost:8501"}
OTHERS = "what Streamlit answers"


@pytest.fixture(params=["", "explorer", "/some/path/", "küche/my faces"])
def below(request: pytest.FixtureRequest) -> Iterator[str]:
    """The path of the page, of ``server.baseUrlPath`` in several forms."""
    config.set_option("server.baseUrlPath", request.param)
    path = request.param.strip("/")
    yield f"/{path}/" if path else "/"
    config.set_option("server.baseUrlPath", "")


@pytest.fixture
def client(below: str, trained_root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.setenv("VAE_ROOT", str(trained_root))
    others = Mount("/", app=PlainTextResponse(OTHERS))
    app = Starlette(routes=[*routes.all_routes(), others])
    with TestClient(app, base_url="http://localhost:8501") as client:
        yield client


def test_every_route_answers_below_the_path_of_the_page(
    client: TestClient, below: str, trained_root: Path
) -> None:
    run = Run(trained_root / "tiny")
    assert "first-paint" in client.get(below).text
    script = client.get(below + scripts.address("panels/sliders/dials"))
    assert script.headers["content-type"].startswith("text/javascript")
    assert client.post(f"{below}live/refusal").text == ""
    told = {**OWN, "x-page-token": admission.token()}
    room = client.post(f"{below}live/uploads/room", content=b'[["a.png", 1]]\n', headers=told)
    assert room.status_code == 204
    points = client.get(f"{below}live/map/tiny/points.bin?file=none&version=0")
    assert points.status_code == 404
    assert "Not Found" not in points.text, "it is the map that answers"
    with client.websocket_connect(below + decode_socket.address(run), headers=OWN) as socket:
        socket.send_bytes(decode_socket.REQUEST.pack(7, 1) + np.zeros(6, "<f4").tobytes())
        assert decode_socket.REPLY.unpack_from(socket.receive_bytes())[0] == 7


def test_what_lies_beside_the_page_is_not_ours_to_answer(client: TestClient, below: str) -> None:
    assert client.get(f"{below}live/nothing").status_code == 404
    for other in ("_stcore/health", "media/a.png", "static/js/a.js", "Map"):
        assert client.get(below + other).text == OTHERS
