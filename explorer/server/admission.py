"""Who may ask: the pages of this server, under the names that it goes by.

The rule of Streamlit's own socket, but for one thing: a page of another port of this machine is not
ours, unless the settings list it.
"""

from __future__ import annotations

import functools
import hmac
import secrets
from urllib.parse import urlsplit

import streamlit as st
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from streamlit.url_util import get_hostname


def refusal(headers: Headers) -> str:
    """What keeps a request out and which setting to change, in words; "" where it may come in."""
    origin, host = headers.get("origin"), headers.get("host")
    missing = []
    if not is_known_host(host):
        missing.append(f'"{_name(host)}" to server.allowedHosts')
    if origin is not None and not _is_own_page(origin, host):
        missing.append(f'"{origin}" to server.corsAllowedOrigins')
    if not missing:
        return ""
    return (
        "the server does not know this address; "
        f"add {' and '.join(missing)}, and start the server again."
    )


@functools.cache
def token() -> str:
    """A word that only pages of this server know, which they got through their socket."""
    return secrets.token_urlsafe(24)


def write_refusal(headers: Headers) -> str:
    """What keeps out a request that leaves something on this machine; "" where it may come in.

    It names the token of this server, which a page of another site cannot know.
    """
    if why := refusal(headers):
        return f"Nothing was sent: {why}"
    if not hmac.compare_digest(headers.get("x-page-token", "").encode(), token().encode()):
        return "Nothing was sent: the server has been started anew. Reload the page."
    return ""


def is_known_host(host: str | None) -> bool:
    """Whether a request was sent to a name that ``server.allowedHosts`` lists."""
    listed = st.get_option("server.allowedHosts") or []
    name = _name(host)
    return not listed or (bool(name) and any(_matches(name, pattern) for pattern in listed))


def _matches(name: str, pattern: str) -> bool:
    """Whether a name is the one that a pattern names, or one of those, as in ``*.example.org``."""
    pattern = pattern.strip().lower().rstrip(".")
    is_part = pattern.startswith("*.") and name.endswith(pattern[1:])
    return pattern in ("*", name) or is_part


def _is_own_page(origin: str, host: str | None) -> bool:
    if urlsplit(origin).netloc == host or not st.get_option("server.enableCORS"):
        return True
    listed = st.get_option("server.corsAllowedOrigins") or []
    return get_hostname(origin) in map(get_hostname, listed)


def _name(host: str | None) -> str:
    """A host without its port; "" for what is none."""
    try:
        return (urlsplit(f"//{host or ''}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def make_route() -> Route:
    """The route ``/refusal``, where a page asks what keeps it out; by POST, which has an origin."""

    async def serve(request: Request) -> Response:
        return PlainTextResponse(refusal(request.headers), headers={"Cache-Control": "no-store"})

    return Route("/refusal", serve, methods=["POST"])
