"""What the server answers beside the pages: pictures, columns, and scripts of our components."""

from __future__ import annotations

from starlette.routing import BaseRoute

from explorer.components import scripts
from explorer.server import decode_socket, map_data
from explorer.state import root


def all_routes() -> list[BaseRoute]:
    """The routes of the app."""
    root = root.root()
    return [decode_socket.make_route(root), *map_data.make_routes(root), scripts.make_route()]
