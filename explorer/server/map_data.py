"""What the map reads beside the page: columns of its points, and thumbnails of its images.

All numbers are little endian. N points; the address carries the state of what it names, so that a
browser may keep the answer for ever.

    points.bin    float32 x [N], float32 y [N], uint32 image [N]
    colours.bin   float32 value [N] where the colours are levels, then uint8 level [N]
    thumbs.webp   a sheet of the images asked for, row by row
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

import anyio
import numpy as np
import streamlit as st
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from explorer.drawing import images
from explorer.server import admission
from explorer.state import cache, map_points
from explorer.state.map_points import Place
from vae.errors import ExplainedError, InputError
from vae.runs.events import images_of
from vae.runs.folder import Run, data_cache, existing_run

if TYPE_CHECKING:
    from vae.data.dataset import Dataset

THUMBNAIL = 64  # pixels a side, at most
SHEET_COLUMNS = 8
MAX_THUMBNAILS = 64  # on one sheet
HEADERS = {
    "Cache-Control": "private, max-age=31536000, immutable",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def addresses(run: Run, place: Place, fingerprint: str, colour: str) -> dict[str, str]:
    """Where the browser finds the columns of a map, and its thumbnails but for their numbers."""
    base = f"live/map/{quote(run.name)}"
    which = {"file": place.file, "version": place.version}
    data = {"data": fingerprint}
    return {
        "points": f"{base}/points.bin?{urlencode(which)}",
        "colours": f"{base}/colours.bin?{urlencode({**which, **data, 'by': colour})}",
        "thumbs": f"{base}/thumbs.webp?{urlencode(data)}&ids=",
    }


def points_block(run: Run, query: QueryParams) -> bytes:
    """The coordinates and images of a map. Raises InputError."""
    place = map_points.read_place(run, query.get("file", ""), query.get("version", ""))
    latents = map_points.points(place)
    xy = latents.xy.astype("<f4").T.tobytes()
    return xy + latents.index.astype("<u4").tobytes()


def colours_block(root: Path, run: Run, query: QueryParams) -> bytes:
    """The colours of a map. Raises InputError."""
    place = map_points.read_place(run, query.get("file", ""), query.get("version", ""))
    dataset = dataset_of(root, run, query)
    by = query.get("by", "")
    return map_points.colours(place, dataset, dataset.fingerprint, by).tobytes()


def thumbs_sheet(root: Path, run: Run, query: QueryParams) -> bytes:
    """A WebP sheet of the images asked for. Raises InputError."""
    dataset = dataset_of(root, run, query)
    words = query.get("ids", "").split(",")
    if not 1 <= len(words) <= MAX_THUMBNAILS:
        raise InputError(f"A sheet holds 1 to {MAX_THUMBNAILS} images, not {len(words)}.")
    if not all(word.isascii() and word.isdigit() and len(word) < 10 for word in words):
        raise InputError("Images are asked for by their numbers, with commas between them.")
    ids = tuple(map(int, words))
    if max(ids) >= len(dataset):
        raise InputError(f"There are images 0 to {len(dataset) - 1}.")
    return _sheet(dataset, dataset.fingerprint, ids)


@st.cache_resource(max_entries=128, show_spinner=False)
def _sheet(_dataset: Dataset, fingerprint: str, ids: tuple[int, ...]) -> bytes:
    num_columns = min(SHEET_COLUMNS, len(ids))
    return images.sheet(_dataset.take(np.array(ids, np.int64)), num_columns, THUMBNAIL)


def dataset_of(root: Path, run: Run, query: QueryParams) -> Dataset:
    """The images of a run, where they are those that an address is of. Raises InputError."""
    events = cache.events(run.events_file)
    config = run.config(events)
    dataset = cache.dataset(config.data, str(data_cache(root)), images_of(events))
    if query.get("data") != dataset.fingerprint:
        raise InputError("The images of this run have changed: reload the page.")
    return dataset


def make_routes(root: Path) -> list[Route]:
    """The routes under ``/map/RUN`` of the server for the runs under `root`."""
    few_at_a_time = anyio.CapacityLimiter(2)

    def route(name: str, mime: str, answer: Callable[[Run, QueryParams], bytes]) -> Route:
        async def serve(request: Request) -> Response:
            if why := admission.refusal(request.headers):
                return PlainTextResponse(why, 403)

            def work() -> bytes:
                return answer(existing_run(root, request.path_params["run"]), request.query_params)

            try:
                block = await anyio.to_thread.run_sync(work, limiter=few_at_a_time)
            except (ExplainedError, FileNotFoundError) as error:
                return PlainTextResponse(str(error), 404)
            return Response(block, media_type=mime, headers=HEADERS)

        return Route(f"/map/{{run}}/{name}", serve)

    binary = "application/octet-stream"
    return [
        route("points.bin", binary, points_block),
        route("colours.bin", binary, lambda run, query: colours_block(root, run, query)),
        route("thumbs.webp", "image/webp", lambda run, query: thumbs_sheet(root, run, query)),
    ]
