"""What the server answers beside the pages: the decode socket, and scripts of our components."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import BaseRoute, Route

from explorer import dials, sidebar, socket


def all_routes() -> list[BaseRoute]:
    """The routes of the app."""

    async def script(request: Request) -> FileResponse:
        # Its address carries its hash, so that a browser may keep it.
        headers = {"Cache-Control": "public, max-age=31536000, immutable"}
        path = dials.ASSETS / "dials.js"
        return FileResponse(path, media_type="text/javascript", headers=headers)

    return [socket.make_route(sidebar.root()), Route(dials.SCRIPT_PATH, script)]
