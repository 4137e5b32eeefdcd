"""Where the page sends what was dropped on it: everything in one request, written as it comes.

The body begins with a line of JSON, ``[["a/1.png", 1234], ...]``, the names and sizes of the files;
their bytes follow in that order. ``/uploads/room`` takes the line alone and says whether there is
room: a browser does not read an answer that comes before its last byte is sent.

A page that gives its set a word (X-Upload-Set) goes on where a lost connection ended: it asks
``/uploads/held`` how many bytes have come, and sends ``/uploads`` the rest (X-Upload-From).
``/uploads/forgotten`` lets a set go.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator
from dataclasses import asdict
from pathlib import Path

import anyio
from anyio.to_thread import run_sync
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from explorer.server import admission, sendings, uploads
from explorer.server.sendings import Sending, TakenOverError
from explorer.server.uploads import Announced, Upload
from vae.errors import ExplainedError, InputError

PIECE_BYTES = 2**20  # held in memory of what comes, and a network's packet more
MAX_HEAD_BYTES = 64 * 2**20
SILENT_SECONDS = 60.0  # after which a connection is taken for lost

Pieces = AsyncIterator[bytes]


def make_routes(root: Path) -> list[Route]:
    """The routes ``/uploads`` and ``/uploads/room``, for the sets beside the runs under `root`."""

    async def ask(request: Request) -> Response:
        if why := admission.write_refusal(request.headers):
            return PlainTextResponse(why, 403)
        pieces = _larger(request.stream())
        try:
            announced, _ = await _announced(pieces)
            await run_sync(uploads.check_room, root, announced)
        except ExplainedError as error:
            await _rest(pieces)
            return PlainTextResponse(str(error), 400)
        except (ClientDisconnect, TimeoutError):
            return Response(status_code=408)
        return Response(status_code=204)

    async def take(request: Request) -> Response:
        if why := admission.write_refusal(request.headers):
            return PlainTextResponse(why, 403)
        pieces = _larger(request.stream())
        word, start = _word(request), request.headers.get("x-upload-from")
        try:
            if start is None:
                announced, some = await _announced(pieces)
                sending = await run_sync(sendings.begin, word, root, announced)
            else:
                found, some = sendings.find(word), b""
                if found is None or start != str(found.num_bytes):
                    await _rest(pieces)
                    return Response(status_code=409)  # the page asks what is held, and goes on
                sending = found
            upload = await _taken(word, sending, some, pieces)
        except ExplainedError as error:
            await run_sync(sendings.forget, word)
            await _rest(pieces)
            return PlainTextResponse(str(error), 400)
        except (ClientDisconnect, TimeoutError, TakenOverError):  # nobody is there to be told
            return Response(status_code=408)
        return JSONResponse(asdict(upload))

    async def hold(request: Request) -> Response:
        if why := admission.write_refusal(request.headers):
            return PlainTextResponse(why, 403)
        sending = sendings.find(word := _word(request))
        if sending is None:
            return JSONResponse({"num_bytes": None, "name": None})
        await run_sync(sending.wait, word, await run_sync(sending.begin))
        name = sending.upload.name if sending.upload else None
        return JSONResponse({"num_bytes": sending.num_bytes, "name": name})

    async def forget(request: Request) -> Response:
        if why := admission.write_refusal(request.headers):
            return PlainTextResponse(why, 403)
        await run_sync(sendings.forget, _word(request))
        return Response(status_code=204)

    return [
        Route("/uploads/room", ask, methods=["POST"]),
        Route("/uploads/held", hold, methods=["POST"]),
        Route("/uploads/forgotten", forget, methods=["POST"]),
        Route("/uploads", take, methods=["POST"]),
    ]


def _word(request: Request) -> str:
    """The page's word for the set; where it gives none, one that nobody comes back with."""
    word = request.headers.get("x-upload-set", "")
    return word if sendings.WORD.fullmatch(word) else sendings.ONCE + secrets.token_hex(16)


async def _taken(word: str, sending: Sending, some: bytes, pieces: Pieces) -> Upload:
    turn = await run_sync(sending.begin)
    try:
        await run_sync(sending.feed, turn, some)
        async for piece in pieces:
            await run_sync(sending.feed, turn, piece)
        return await run_sync(sending.end, turn)
    finally:
        with anyio.CancelScope(shield=True):
            await run_sync(sending.wait, word, turn)


async def _announced(pieces: Pieces) -> tuple[Announced, bytes]:
    """The names and sizes, and what has come after them."""
    head = bytearray()
    async for piece in pieces:
        head += piece
        line, end, rest = head.partition(b"\n") if b"\n" in piece else (head, b"", b"")
        if end:
            return _read(bytes(line)), bytes(rest)
        if len(head) > MAX_HEAD_BYTES:
            break
    raise InputError("The names of the files did not come: drop them again.")


def _read(line: bytes) -> Announced:
    try:
        announced = [(name, size) for name, size in json.loads(line)]
    except (ValueError, TypeError) as error:
        raise InputError("The names of the files cannot be read: drop them again.") from error
    if not all(isinstance(n, str) and type(size) is int and size >= 0 for n, size in announced):
        raise InputError("The names of the files cannot be read: drop them again.")
    return announced


async def _larger(stream: Pieces) -> Pieces:
    """What comes, in pieces of about PIECE_BYTES. Raises TimeoutError when nothing comes."""
    held = bytearray()
    while True:
        with anyio.fail_after(SILENT_SECONDS):
            some = await anext(stream, None)
        if some is not None:
            held += some
        if held and (some is None or len(held) >= PIECE_BYTES):
            yield bytes(held)
            held.clear()
        if some is None:
            return


async def _rest(pieces: Pieces) -> None:
    """Let go what is still to come, so that the answer is read."""
    try:
        async for _ in pieces:
            pass
    except (ClientDisconnect, TimeoutError):
        return
