"""What the server answers beside the pages: pictures, columns, and scripts of our components."""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import BaseRoute, Route

from explorer import columns, dials, mapview, sidebar, socket


def all_routes() -> list[BaseRoute]:
    """The routes of the app."""
    root = sidebar.root()
    return [
        socket.make_route(root),
        *columns.make_routes(root),
        _script(dials.SCRIPT_PATH, dials.ASSETS / "dials.js"),
        _script(mapview.SCRIPT_PATH, mapview.ASSETS / "map.js"),
    ]


def _script(address: str, path: Path) -> Route:
    async def serve(request: Request) -> FileResponse:
        # Its address carries its hash, so that a browser may keep it.
        headers = {"Cache-Control": "public, max-age=31536000, immutable"}
        return FileResponse(path, media_type="text/javascript", headers=headers)

    return Route(address, serve)
