"""The decode socket: its pictures are the model's, and only our own pages may ask."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from explorer.drawing import images
from explorer.server.decode_socket import (
    MAX_POINTS,
    REFUSED,
    REPLY,
    REQUEST,
    address,
    make_route,
)
from vae.model.checkpoints import load_model
from vae.runs.folder import Run

PATH = "/live/decode/tiny"
OWN = {"origin": "http://localhost:8501", "host": "localhost:8501"}


@pytest.fixture
def client(trained_root: Path) -> Iterator[TestClient]:
    app = Starlette(routes=[Mount("/live", routes=[make_route(trained_root)])])
    with TestClient(app) as client:
        yield client


def request(number: int, z: np.ndarray) -> bytes:
    return REQUEST.pack(number, len(z)) + z.astype("<f4").tobytes()


def test_pictures_agree_with_torch_to_one_level(client: TestClient, trained_root: Path) -> None:
    model, weights = load_model(Run(trained_root / "tiny"))
    z = np.random.default_rng(0).standard_normal((3, 6)).astype(np.float32)
    with client.websocket_connect(PATH, headers=OWN) as socket:
        for number in (7, 8):
            socket.send_bytes(request(number, z))
            reply = socket.receive_bytes()
            assert REPLY.unpack_from(reply) == (number, weights.step, 3, 32, 32, 3)
            pixels = np.frombuffer(reply, np.uint8, offset=REPLY.size).reshape(3, 32, 32, 3)
            wanted = images.decode(model, z).astype(int)
            assert np.abs(pixels - wanted).max() <= 1


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"12345",
        REQUEST.pack(1, 0),
        REQUEST.pack(1, 1) + bytes(4 * 5),
        REQUEST.pack(1, MAX_POINTS + 1) + bytes(4 * 6 * (MAX_POINTS + 1)),
        request(1, np.full((1, 6), np.nan)),
    ],
)
def test_a_request_that_is_none_ends_the_talk_with_a_reason(
    client: TestClient, message: bytes
) -> None:
    with client.websocket_connect(PATH, headers=OWN) as socket:
        socket.send_bytes(message)
        with pytest.raises(WebSocketDisconnect) as end:
            socket.receive_bytes()
    assert end.value.code == REFUSED
    assert end.value.reason


def test_a_run_that_is_not_there_is_refused(client: TestClient) -> None:
    with (
        client.websocket_connect("/live/decode/nobody", headers=OWN) as socket,
        pytest.raises(WebSocketDisconnect) as end,
    ):
        socket.receive_bytes()
    assert end.value.code == REFUSED


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost:9999"])
def test_pages_of_others_are_refused(client: TestClient, origin: str) -> None:
    with (
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect(PATH, headers={**OWN, "origin": origin}),
    ):
        pass


def test_a_name_with_any_signs_has_an_address(tmp_path: Path) -> None:
    assert address(Run(tmp_path / "tiny")) == PATH[1:]
    assert address(Run(tmp_path / "50% off?")) == "live/decode/50%25%20off%3F"
