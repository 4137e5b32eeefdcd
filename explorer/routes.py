"""What the server answers beside the pages: pictures, columns, and scripts of our components."""

from __future__ import annotations

from starlette.routing import BaseRoute

from explorer.components import scripts
from explorer.server import decode_socket, first_paint, map_data
from explorer.state.root import root


def all_routes() -> list[BaseRoute]:
    """The routes of the app."""
    where = root()
    return [
        first_paint.make_route(where),
        decode_socket.make_route(where),
        *map_data.make_routes(where),
        scripts.make_route(),
    ]
