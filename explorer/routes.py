"""What the server answers beside the pages: pictures, columns, and scripts of our components."""

from __future__ import annotations

import streamlit as st
from starlette.routing import BaseRoute, Mount

from explorer.components import scripts
from explorer.server import (
    admission,
    decode_socket,
    first_paint,
    image_files,
    map_data,
    upload_route,
    uploads,
)
from explorer.state.root import root


def all_routes() -> list[BaseRoute]:
    """The routes of the app, below the path that it is served below."""
    where, path = root(), st.get_option("server.baseUrlPath").strip("/")
    below = f"/{path}/" if path else "/"
    uploads.remove_dead(where)
    live = [
        decode_socket.make_route(where),
        *map_data.make_routes(where),
        image_files.make_route(where),
        *upload_route.make_routes(where),
        admission.make_route(),
        scripts.make_route(),
    ]
    return [*first_paint.make_routes(where, below), Mount(f"{below}live", routes=live)]
