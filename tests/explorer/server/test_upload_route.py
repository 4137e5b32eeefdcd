"""The page sends everything that was dropped in one request; no other site can."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from explorer.server import admission, sendings, upload_route, uploads

FILES = {"set/a.png": b"first", "set/b/empty.png": b"", "set/b/c.png": b"x" * 3_000_000}
OWN = {"origin": "http://localhost:8501", "host": "localhost:8501"}


def head(files: dict[str, bytes]) -> bytes:
    return json.dumps([[name, len(data)] for name, data in files.items()]).encode() + b"\n"


def body(files: dict[str, bytes]) -> bytes:
    return head(files) + b"".join(files.values())


def headers() -> dict[str, str]:
    return {**OWN, "x-page-token": admission.token()}


@pytest.fixture
def app(tmp_path: Path) -> Starlette:
    return Starlette(routes=list(upload_route.make_routes(tmp_path)))


@pytest.fixture
def client(app: Starlette) -> TestClient:
    return TestClient(app, base_url="http://localhost:8501")


def left(root: Path) -> list[str]:
    folder = root / ".uploads"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


@pytest.mark.parametrize("piece", [7919, 1 << 22])
def test_what_is_sent_is_kept(client: TestClient, tmp_path: Path, piece: int) -> None:
    whole = body(FILES)

    def pieces() -> Iterator[bytes]:
        for start in range(0, len(whole), piece):
            yield whole[start : start + piece]

    answer = client.post("/uploads", content=pieces(), headers=headers())
    assert answer.status_code == 200
    assert answer.json()["name"] == "set"
    for name, data in FILES.items():
        assert Path(answer.json()["source"], name).read_bytes() == data
    assert left(tmp_path) == ["set", "set.json"]


def test_whether_there_is_room_is_asked_first(
    client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert client.post("/uploads/room", content=head(FILES), headers=headers()).status_code == 204
    monkeypatch.setattr(uploads, "MAX_BYTES", 1000)
    answer = client.post("/uploads/room", content=head(FILES), headers=headers())
    assert answer.status_code == 400
    assert "remove a set" in answer.text
    answer = client.post("/uploads", content=body(FILES), headers=headers())
    assert (answer.status_code, left(tmp_path)) == (400, [])


@pytest.mark.parametrize("path", ["/uploads", "/uploads/room"])
@pytest.mark.parametrize(
    "told",
    [
        OWN,
        {**OWN, "x-page-token": "guessed"},
        {**OWN, "x-page-token": "gu\u00e9ss"},
        {**OWN, "origin": "http://evil.example", "x-page-token": "TOKEN"},
        {**OWN, "origin": "null", "x-page-token": "TOKEN"},
        {"host": "evil.example", "x-page-token": "TOKEN"},
    ],
)
def test_no_other_site_can_send(
    client: TestClient, tmp_path: Path, path: str, told: dict[str, str]
) -> None:
    told = {name: text.replace("TOKEN", admission.token()) for name, text in told.items()}
    encoded = [(name.encode(), text.encode("latin-1")) for name, text in told.items()]
    answer = client.post(path, content=body(FILES), headers=encoded)
    assert answer.status_code == 403
    assert "Nothing was sent" in answer.text
    assert left(tmp_path) == []
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    "sent",
    [b"", b"no json\n", b"[1]\n", b"{}\n", b'[["a", -1]]\n', b'[["a", true]]\n', b'[[1, 2]]\n12',
     b'[["a", 2]]\n123', b'[["a", 2]]\n1'],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_in_a_sentence(
    client: TestClient, tmp_path: Path, sent: bytes
) -> None:
    answer = client.post("/uploads", content=sent, headers=headers())
    assert answer.status_code == 400
    assert answer.text.endswith(".")
    assert left(tmp_path) == []


async def lost(
    app: Starlette,
    last: dict[str, Any] | None,
    sent: bytes = body(FILES)[:1_500_000],
    **more: str,
) -> list[Any]:
    """Send half of the files, and then `last`, or nothing for ever. Returns what was answered."""
    messages = [{"type": "http.request", "body": sent, "more_body": True}]
    answers: list[Any] = []

    async def receive() -> dict[str, Any]:
        if messages:
            return messages.pop(0)
        if last is None:
            await anyio.sleep_forever()
        assert last is not None
        return last

    async def send(message: Any) -> None:
        answers.append(message)

    names = [(name.encode(), text.encode()) for name, text in {**headers(), **more}.items()]
    scope = {
        "type": "http", "method": "POST", "path": "/uploads", "query_string": b"",
        "headers": names, "root_path": "",
    }  # fmt: skip
    await app(scope, receive, send)
    return answers


@pytest.mark.parametrize("last", [{"type": "http.disconnect"}, None])
def test_of_a_connection_that_is_lost_nothing_is_left(
    app: Starlette, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, last: dict[str, Any] | None
) -> None:
    monkeypatch.setattr(upload_route, "SILENT_SECONDS", 0.2)
    anyio.run(lost, app, last)
    assert left(tmp_path) == []
    assert not uploads._arriving


WORD = "0123456789abcdef" * 2
NAMED = {"x-upload-set": WORD}


@pytest.fixture
def named() -> Iterator[dict[str, str]]:
    """The headers of a page that comes back when its connection was lost."""
    yield {**headers(), **NAMED}
    sendings.forget(WORD)


def held(client: TestClient, named: dict[str, str]) -> dict[str, Any]:
    found = client.post("/uploads/held", headers=named).json()
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("last", [{"type": "http.disconnect"}, None])
def test_what_has_come_stays_and_the_rest_is_sent_after_a_lost_connection(
    app: Starlette,
    client: TestClient,
    named: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    last: dict[str, Any] | None,
) -> None:
    monkeypatch.setattr(upload_route, "SILENT_SECONDS", 0.2)
    whole = b"".join(FILES.values())
    assert held(client, named) == {"num_bytes": None, "name": None}

    anyio.run(lambda: lost(app, last, head(FILES) + whole[:1_500_000], **NAMED))
    first = held(client, named)["num_bytes"]
    assert 0 < first <= 1_500_000
    assert not uploads.uploads(tmp_path), "nothing half is a source"
    more = {**NAMED, "x-upload-from": str(first)}
    anyio.run(lambda: lost(app, last, whole[first : first + 1_200_000], **more))
    second = held(client, named)["num_bytes"]
    assert first < second < len(whole)
    wrong = {**named, "x-upload-from": str(first)}
    assert client.post("/uploads", content=whole[first:], headers=wrong).status_code == 409
    right = {**named, "x-upload-from": str(second)}
    answer = client.post("/uploads", content=whole[second:], headers=right)
    assert answer.json()["name"] == "set"
    for name, data in FILES.items():
        assert Path(answer.json()["source"], name).read_bytes() == data
    assert held(client, named)["name"] == "set", "also where the answer was lost"
    sendings.forget(WORD)
    assert left(tmp_path) == ["set", "set.json"]


def test_what_is_not_fetched_again_is_let_go(
    app: Starlette,
    client: TestClient,
    named: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sendings, "KEPT_SECONDS", 0.3)
    anyio.run(lambda: lost(app, {"type": "http.disconnect"}, **NAMED))
    assert uploads._arriving
    deadline = time.monotonic() + 20
    while uploads._arriving or left(tmp_path):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert held(client, named)["num_bytes"] is None
    rest = {**named, "x-upload-from": "1500000"}
    assert client.post("/uploads", content=b"x", headers=rest).status_code == 409


def test_a_set_that_the_page_gives_up_is_let_go_at_once(
    app: Starlette, client: TestClient, named: dict[str, str], tmp_path: Path
) -> None:
    anyio.run(lambda: lost(app, {"type": "http.disconnect"}, **NAMED))
    assert left(tmp_path)
    assert client.post("/uploads/forgotten", headers=named).status_code == 204
    assert left(tmp_path) == []
    assert not uploads._arriving
    for path in ("/uploads/forgotten", "/uploads/held"):
        assert client.post(path, headers={**OWN, **NAMED}).status_code == 403


def test_a_connection_that_comes_late_writes_nothing(tmp_path: Path) -> None:
    sending = sendings.begin(WORD, tmp_path, [("a.png", 6)])
    before = sending.begin()
    sending.feed(before, b"abc")
    now = sending.begin()
    for late in (lambda: sending.feed(before, b"xyz"), lambda: sending.end(before)):
        with pytest.raises(sendings.TakenOverError):
            late()
    sending.feed(now, b"def")
    assert Path(sending.end(now).source, "a.png").read_bytes() == b"abcdef"
    sendings.forget(WORD)
