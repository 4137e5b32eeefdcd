"""The files of images that were chosen on the page, as a zip file that is never held as a whole.

The images may be more than an address can name, so that the address has a word for them, which the
server knows as long as the page may ask.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

import anyio
import numpy as np
import streamlit as st
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from explorer.server import admission, map_data
from vae.errors import ExplainedError, InputError
from vae.runs.folder import Run, data_cache, existing_run

if TYPE_CHECKING:
    from vae.data.dataset import Dataset

MAX_KNOWN = 64  # choices of images


@st.cache_resource(show_spinner=False)
def _chosen() -> OrderedDict[str, Sequence[int]]:
    """The newest choices of images, by their words."""
    return OrderedDict()


def address(run: Run, dataset: Dataset, images: Sequence[int]) -> str:
    """Where the browser finds the files of these images."""
    word = hashlib.sha256(np.asarray(images, "<i8").tobytes()).hexdigest()[:16]
    chosen = _chosen()
    chosen[word] = images
    chosen.move_to_end(word)
    while len(chosen) > MAX_KNOWN:
        chosen.popitem(last=False)
    return f"live/files/{quote(run.name)}/{word}.zip?{urlencode({'data': dataset.fingerprint})}"


def make_route(root: Path) -> Route:
    """The route ``/files/RUN/WORD.zip`` of the server for the runs under `root`."""

    async def serve(request: Request) -> Response:
        if why := admission.refusal(request.headers):
            return PlainTextResponse(why, 403)

        def opened() -> tuple[Run, Dataset, Sequence[int]]:
            run = existing_run(root, request.path_params["run"])
            images = _chosen().get(request.path_params["word"])
            if images is None:
                raise InputError("The server no longer knows these images: choose them again.")
            return run, map_data.dataset_of(root, run, request.query_params), images

        try:
            run, dataset, images = await anyio.to_thread.run_sync(opened)
        except (ExplainedError, FileNotFoundError) as error:
            return PlainTextResponse(str(error), 404)
        if request.method == "HEAD":
            return Response()

        from vae.data.versions.exported_files import files_of, zipped

        files = files_of(data_cache(root), run.config().data, dataset, images)
        name = f"{run.name}-{len(images)}-images.zip"
        headers = {
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        }
        return StreamingResponse(zipped(files), media_type="application/zip", headers=headers)

    return Route("/files/{run}/{word}.zip", serve)
