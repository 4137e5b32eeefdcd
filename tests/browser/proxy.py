"""A small reverse proxy, as it may stand between a browser and the server; no test stands here."""

from __future__ import annotations

import contextlib
import re
import socket
import socketserver
import threading
from collections.abc import Sequence
from types import TracebackType

END = b"\r\n\r\n"
REFUSAL = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close" + END


class Proxy:
    """Passes on what comes to a free port.

    `rewritten`: what it writes into headers in place of what came. `below`: the path that it takes
    away, as in "/outside". `refused`: a pattern of the paths whose sockets it does not let through.
    `cuts`: after so many bytes of its body it cuts the first upload, the second, ...
    """

    def __init__(
        self,
        port: int,
        *,
        below: str = "",
        refused: str = "$^",
        cuts: Sequence[int] = (),
        **rewritten: str,
    ) -> None:
        self.sockets: list[str] = []  # the path of each that was asked for, in order
        proxy = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                with contextlib.suppress(OSError):  # one of the two went away
                    proxy._pass_on(self.request)

        self._to = port
        self._cuts = list(cuts)
        self._below, self._refused, self._rewritten = below, refused, rewritten
        self._listener = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._listener.daemon_threads = True
        self.port: int = self._listener.server_address[1]
        self.url = f"http://localhost:{self.port}"
        threading.Thread(target=self._listener.serve_forever, daemon=True).start()

    def __enter__(self) -> Proxy:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._listener.shutdown()
        self._listener.server_close()

    def _pass_on(self, browser: socket.socket) -> None:
        """One request and its answer, or one socket as long as it is open."""
        received = b""
        while END not in received:
            more = browser.recv(65536)
            if not more:
                return
            received += more
        head, body = received.split(END, 1)
        request, *lines = head.decode("latin-1").split("\r\n")
        method, path, version = request.split(" ")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        is_socket = headers.get("upgrade", "").lower() == "websocket"
        if is_socket:
            self.sockets.append(path)
        inside = re.fullmatch(rf"{self._below}/?((\?|(?<=/)).*|)", path)
        if not inside or (is_socket and re.search(self._refused, path)):
            browser.sendall(REFUSAL)
            return
        path = f"/{inside[1]}"
        headers |= {name: self._rewritten[name] for name in headers.keys() & self._rewritten.keys()}
        if not is_socket:
            headers["connection"] = "close"  # so that the next request comes here again
        words = [f"{method} {path} {version}", *(f"{name}: {headers[name]}" for name in headers)]
        most = self._cuts.pop(0) if path.endswith("/live/uploads") and self._cuts else None
        with socket.create_connection(("localhost", self._to)) as server:
            server.sendall("\r\n".join(words).encode("latin-1") + END + body)
            threading.Thread(target=_pour, args=(browser, server, most), daemon=True).start()
            _pour(server, browser)


def _pour(source: socket.socket, into: socket.socket, most: int | None = None) -> None:
    """Send on what comes, until there is no more, or until `most` bytes have gone through."""
    with contextlib.suppress(OSError):
        while some := source.recv(65536):
            into.sendall(some)
            if most is not None and (most := most - len(some)) <= 0:
                for end in (source, into):
                    end.shutdown(socket.SHUT_RDWR)
    with contextlib.suppress(OSError):
        into.shutdown(socket.SHUT_WR)
