"""The decode socket: points of the latent space in, pictures out, while a hand is on a slider.

A script run takes 60 ms or more; this takes the decoder's own time. One request is in flight; the
newest wins, which the browser sees to. All numbers are little endian.

    request   uint32 number, uint32 N, float32 z [N, D]
    reply     uint32 number, uint32 step of the weights, uint16 N, H, W, C, uint8 [N, H, W, C]
"""

from __future__ import annotations

import struct
from pathlib import Path
from urllib.parse import quote

import anyio
import numpy as np
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from explorer.drawing import images
from explorer.server import admission
from explorer.state import cache
from vae.errors import ExplainedError, InputError
from vae.runs.folder import Run, existing_run

REQUEST = struct.Struct("<II")
REPLY = struct.Struct("<IIHHHH")
MAX_POINTS = 16
# How the socket says that it will not go on; the browser then leaves it be.
REFUSED = 4400


def address(run: Run) -> str:
    """Where the socket of a run is, beside the page."""
    return f"live/decode/{quote(run.name)}"


def decoded(run: Run, message: bytes) -> bytes:
    """The reply to one request. Raises InputError for a request that is none."""
    loaded = cache.model(run)
    if loaded is None:
        raise InputError(f"Run {run.name} has no weights yet.")
    model, weights = loaded
    if len(message) < REQUEST.size:
        raise InputError("A request begins with its number and the number of points.")
    number, num = REQUEST.unpack_from(message)
    wanted = REQUEST.size + 4 * num * model.latent_dim
    if not 1 <= num <= MAX_POINTS or len(message) != wanted:
        raise InputError(
            f"A request holds 1 to {MAX_POINTS} points of {model.latent_dim} numbers, "
            f"but {len(message)} bytes came for {num}."
        )
    z = np.frombuffer(message, "<f4", offset=REQUEST.size).reshape(num, model.latent_dim)
    if not np.isfinite(z).all():
        raise InputError("The numbers of a point must be finite.")
    pixels = images.decode(model, z)
    return REPLY.pack(number, weights.step, *pixels.shape) + pixels.tobytes()


def make_route(root: Path) -> WebSocketRoute:
    """The route ``/decode/RUN`` of the server for the runs under `root`."""
    one_at_a_time = anyio.CapacityLimiter(1)

    async def serve(socket: WebSocket) -> None:
        if admission.refusal(socket.headers):
            await socket.close(1008)  # before accepting: the browser sees 403
            return
        await socket.accept()
        try:
            run = existing_run(root, socket.path_params["run"])
            while True:
                message = await socket.receive_bytes()
                reply = await anyio.to_thread.run_sync(decoded, run, message, limiter=one_at_a_time)
                await socket.send_bytes(reply)
        except WebSocketDisconnect:
            return
        except (ExplainedError, KeyError) as error:
            await socket.close(REFUSED, str(error)[:120])

    return WebSocketRoute("/decode/{run}", serve)
