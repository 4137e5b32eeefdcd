"""Scripts and styles of the page, which lie beside the panels that they belong to.

Scripts are modules that import each other, by a versioned address.

The address carries a hash of all of them, ``/live/HASH/panels/sliders/dials.js``, so that a
browser may keep each for ever, and what a script imports by a relative path has the same version.
"""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

FOLDER = Path(__file__).parents[1]
BUTTONS = "components/elements"  # a style sheet to share


def version() -> str:
    """A word that changes with any of the scripts."""
    scripts = sorted(FOLDER.rglob("*.js"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in scripts)).hexdigest()[:12]


def address(script: str) -> str:
    """Where SCRIPT.js of this package is, beside the page."""
    return f"live/{version()}/{script}.js"


def component(name: str, script: str, *shared: str) -> Any:
    """The component `name` of the page, by SCRIPT.js and SCRIPT.css of this package.

    `shared`: more style sheets, which come before its own.
    """
    css = "".join((FOLDER / f"{sheet}.css").read_text("utf-8") for sheet in (*shared, script))
    loader = (FOLDER / "components" / "loader.js").read_text("utf-8")
    js = loader.replace("live/VERSION/SCRIPT.js", address(script))
    return st.components.v2.component(name, css=css, js=js)


@functools.cache
def style(module: str) -> str:
    """The style sheet beside a module, as HTML of the page. `module`: its ``__file__``."""
    return f"<style>{Path(module).with_suffix('.css').read_text('utf-8')}</style>"


def make_route() -> Route:
    """The route ``/HASH/NAME.js`` of the server."""

    async def serve(request: Request) -> Response:
        path = FOLDER / f"{request.path_params['name']}.js"
        if path not in FOLDER.rglob("*.js"):
            return PlainTextResponse("There is no such script.", 404)
        is_current = request.path_params["version"] == version()
        keep = "public, max-age=31536000, immutable" if is_current else "no-store"
        return FileResponse(path, media_type="text/javascript", headers={"Cache-Control": keep})

    return Route("/{version}/{name:path}.js", serve)
