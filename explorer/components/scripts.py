"""The scripts of our components: modules that import each other, by a versioned address.

The address carries a hash of all of them, ``/live/HASH/panels/sliders/dials.js``, so that a
browser may keep each for ever, and what a script imports by a relative path has the same version.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

FOLDER = Path(__file__).parents[1]  # scripts lie beside the panels that they belong to

# The script itself is fetched once; what Streamlit sends with every run is this.
LOADER = """
export default function (component) {
  let rest = null, isOver = false;
  const where = new URL("live/%s/%s.js", document.baseURI);
  import(where).then((script) => { if (!isOver) rest = script.default(component); }).catch(
    (error) => {
      console.warn(error);
      component.parentElement.textContent = "This part of the page did not come: reload the page.";
      component.setStateValue("failed", true);
    },
  );
  return () => { isOver = true; if (rest) rest(); };
}
"""


def version() -> str:
    """A word that changes with any of the scripts."""
    scripts = sorted(FOLDER.rglob("*.js"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in scripts)).hexdigest()[:12]


def component(name: str, script: str) -> Any:
    """The component `name` of the page, by SCRIPT.js and SCRIPT.css of this package."""
    css = (FOLDER / f"{script}.css").read_text("utf-8")
    return st.components.v2.component(name, css=css, js=LOADER % (version(), script))


def make_route() -> Route:
    """The route ``/live/HASH/NAME.js`` of the server."""

    async def serve(request: Request) -> Response:
        path = FOLDER / f"{request.path_params['name']}.js"
        if path not in FOLDER.rglob("*.js"):
            return PlainTextResponse("There is no such script.", 404)
        is_current = request.path_params["version"] == version()
        keep = "public, max-age=31536000, immutable" if is_current else "no-store"
        return FileResponse(path, media_type="text/javascript", headers={"Cache-Control": keep})

    return Route("/live/{version}/{name:path}.js", serve)
