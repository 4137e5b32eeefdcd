"""The first page: Streamlit's own, with a face to look at until its scripts have drawn more."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from string import Template

import streamlit as st
from PIL import Image
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from explorer.drawing import images, theme
from explorer.state import cache
from vae.runs.folder import list_runs

STREAMLIT = Path(st.__file__).parent / "static" / "index.html"
OURS = Path(__file__).parents[1] / "assets" / "first_paint.html"
SHEET_GAP = 2  # as vae.pictures.grid sets it


def make_route(root: Path) -> Route:
    """The route ``/`` of the server."""

    async def serve(request: Request) -> Response:
        page = STREAMLIT.read_text("utf-8")
        ours = Template(OURS.read_text("utf-8"))
        first = ours.substitute(colours=theme.variables(), face=face(root))
        page = page.replace("<title>Streamlit</title>", "<title>Latent explorer</title>")
        page = page.replace('<div id="root"></div>', f'<div id="root"></div>{first}')
        return HTMLResponse(page, headers={"Cache-Control": "no-cache"})

    return Route("/", serve)


def face(root: Path) -> str:
    """An `img` of a face that the first run drew last; "" where no run has a picture of one."""
    for run in list_runs(root):
        sheets = sorted(run.previews.glob("reconstructions-*"))
        now = cache.stamp(sheets[-1]) if sheets else None
        if now is not None:
            # Whatever is wrong with a picture, the page opens.
            with contextlib.suppress(OSError, ValueError, SyntaxError):
                return f'<img src="{_first_reconstruction(str(sheets[-1]), now)}" alt="">'
    return ""


@st.cache_resource(max_entries=4, show_spinner=False)
def _first_reconstruction(path: str, now: cache.Stamp) -> str:
    """The first image in the lower row of a preview sheet, as a data address."""
    with Image.open(path) as sheet:
        size = (sheet.height - SHEET_GAP) // 2
        image = sheet.convert("RGB").crop((0, size + SHEET_GAP, size, 2 * size + SHEET_GAP))
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=90)
    return images.data_url(buffer.getvalue(), "image/webp")
