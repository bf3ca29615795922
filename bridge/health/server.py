"""The bridge over HTTP: /metrics, /healthz, /readyz, /status, /log, /frames, and a reading asked for on this machine.

From a thread of its own: it answers even when the loop hangs.
"""

from __future__ import annotations

import json
import threading
from http import HTTPStatus
from ipaddress import ip_address
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import parse_qs
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from bridge.health.exposition import CONTENT_TYPE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from wsgiref.types import StartResponse, WSGIEnvironment

    from bridge.health.exposition import Page

Check = tuple[bool, str]
"""Whether all is well, and what is said about it."""
_Answer: TypeAlias = "tuple[HTTPStatus, str, bytes]"
_TEXT, _JSON = "text/plain; charset=utf-8", "application/json"
_PATHS = "try /metrics, /healthz, /readyz, /status or /log"


class HealthServer:
    """Serves until closed. All that it is given is called on its threads.

    Args:
        host: address to listen on.
        port: TCP port; 0 takes any free one.
        page: what ``/metrics`` shows.
        healthy: what ``/healthz`` says.
        ready: what ``/readyz`` says.
        status: what ``/status`` shows, as JSON.
        log: the recent lines that ``/log`` shows.
        frames: the last frames of the meter of this name, masked (``/frames?meter=NAME``); empty where there are none.
        read: reads the meter of this name now and returns what came of it as plain data, an error too; waits for it.
            Only this machine may ask (``POST /read?meter=NAME``). None where nothing can be read.

    Raises:
        OSError: the port is taken or not allowed.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        page: Page,
        healthy: Callable[[], Check],
        ready: Callable[[], Check],
        status: Callable[[], Mapping[str, Any]],
        log: Callable[[], str] = lambda: "",
        frames: Callable[[str], str] = lambda _: "",
        read: Callable[[str], Mapping[str, Any]] | None = None,
    ) -> None:
        documents: dict[str, tuple[str, Callable[[], bytes]]] = {
            "/metrics": (CONTENT_TYPE, page.text),
            "/status": (_JSON, lambda: json.dumps(status(), indent=1).encode()),
            "/log": (_TEXT, lambda: log().encode("utf-8", "backslashreplace")),
        }
        checks = {"/healthz": healthy, "/readyz": ready}

        def answer(environ: WSGIEnvironment) -> _Answer:
            path = environ["PATH_INFO"]
            if path in documents:
                kind, make = documents[path]
                return HTTPStatus.OK, kind, make()
            if path in checks:
                well, said = checks[path]()
                return HTTPStatus.OK if well else HTTPStatus.SERVICE_UNAVAILABLE, _TEXT, f"{said}\n".encode()
            if path == "/frames":
                return HTTPStatus.OK, _TEXT, frames(_meter(environ) or "").encode()
            if path == "/read" and read is not None:
                return _read(environ, read)
            return HTTPStatus.NOT_FOUND, _TEXT, f"{_PATHS}\n".encode()

        def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            status, kind, body = answer(environ)
            start_response(
                f"{status.value} {status.phrase}", [("Content-Type", kind), ("Content-Length", str(len(body)))]
            )
            return [body]

        self._server = make_server(host, port, application, server_class=_Server, handler_class=_Quiet)
        self.port: int = self._server.server_port
        threading.Thread(target=self._server.serve_forever, name="health", daemon=True).start()

    def close(self) -> None:
        """Stop serving and free the port."""
        self._server.shutdown()
        self._server.server_close()


def _read(environ: WSGIEnvironment, read: Callable[[str], Mapping[str, Any]]) -> _Answer:
    # Whoever may look at the figures need not be allowed to keep a meter busy.
    if not ip_address(environ["REMOTE_ADDR"].partition("%")[0]).is_loopback:
        return HTTPStatus.FORBIDDEN, _TEXT, b"only from this machine\n"
    if environ["REQUEST_METHOD"] != "POST":
        return HTTPStatus.METHOD_NOT_ALLOWED, _TEXT, b"POST /read?meter=NAME\n"
    name = _meter(environ)
    if name is None:
        return HTTPStatus.BAD_REQUEST, _TEXT, b"POST /read?meter=NAME\n"
    return HTTPStatus.OK, _JSON, json.dumps(read(name)).encode()


def _meter(environ: WSGIEnvironment) -> str | None:
    """Return the one meter that the query names."""
    names = parse_qs(environ.get("QUERY_STRING", "")).get("meter", [])
    return names[0] if len(names) == 1 else None


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    timeout = 10  # a client that connects and says nothing holds no thread for long

    def log_message(self, *_: object) -> None:
        """A scrape every five seconds is no news."""
