"""The first page: Streamlit's own, with a face to look at until its scripts have drawn more."""

from __future__ import annotations

import contextlib
import html
import io
import re
from pathlib import Path
from string import Template
from urllib.parse import quote

import anyio
import streamlit as st
from PIL import Image
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from explorer.components import scripts
from explorer.drawing import images, theme
from explorer.server import admission
from explorer.state import cache
from vae.runs.folder import Run, list_runs

INDEX = Path(st.__file__).parent / "static" / "index.html"
OURS = Path(__file__).parents[1] / "assets" / "first_paint.html"
# What loads Streamlit's script; ours does that in its place.
SCRIPT = re.compile(r'<script type="module"[^>]* src="([^"]+)"></script>')
SHEET_GAP = 2  # as vae.pictures.grid sets it


def make_routes(root: Path, below: str) -> list[Route]:
    """The route of the first page, and one that leads to it from its path without the last slash.

    `below`: the path of the page, "/" or as in "/some/path/".
    """

    async def serve(request: Request) -> Response:
        host = request.headers.get("host")
        page = await anyio.to_thread.run_sync(first_page, root, host)
        return HTMLResponse(page, headers={"Cache-Control": "no-cache"})

    async def add_slash(request: Request) -> Response:
        # Relative: a proxy may have another name for this server.
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"{quote(below.split('/')[-2])}/{query}")

    bare = [Route(below.rstrip("/"), add_slash)] if below != "/" else []
    return [Route(below, serve), *bare]


def first_page(root: Path, host: str | None) -> str:
    """Streamlit's page with ours in it; `host`: what the browser has asked for, as it came here."""
    page = INDEX.read_text("utf-8")
    page = page.replace("<title>Streamlit</title>", "<title>Latent explorer</title>")
    loads = SCRIPT.search(page)
    ours = Template(OURS.read_text("utf-8")).substitute(
        colours=theme.variables(),
        # A name that leads here by a trick gets no picture of anybody's data.
        face=face(root) if admission.is_known_host(host) else "",
        host=html.escape(host or "") if admission.is_known_host(host) else "",
        streamlit=loads[1] if loads else "",
        connection=scripts.address("components/connection"),
        script=OURS.with_suffix(".js").read_text("utf-8") if loads else "",
    )
    page = SCRIPT.sub(r'<link rel="modulepreload" crossorigin href="\1">', page, count=1)
    return page.replace('<div id="root"></div>', f'<div id="root"></div>{ours}')


def face(root: Path) -> str:
    """An `img` of a face that the first run drew last; "" where no run has a picture of one."""
    runs: list[Run] = []
    with contextlib.suppress(OSError):
        runs = list_runs(root)
    for run in runs:
        with contextlib.suppress(Exception):  # whatever is wrong with a picture, the page opens
            newest = max(run.previews.glob("reconstructions-*"))
            if now := cache.stamp(newest):
                return f'<img src="{_first_reconstruction(str(newest), now)}" alt="">'
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
