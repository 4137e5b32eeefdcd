"""What the server answers beside the pages: pictures, columns, and scripts of our components."""

from __future__ import annotations

from starlette.routing import BaseRoute

from explorer import columns, scripts, sidebar, socket


def all_routes() -> list[BaseRoute]:
    """The routes of the app."""
    root = sidebar.root()
    return [socket.make_route(root), *columns.make_routes(root), scripts.make_route()]
