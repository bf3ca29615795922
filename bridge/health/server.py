"""/metrics, /healthz, /readyz and /status over HTTP, from a thread of its own: it answers even when the loop hangs."""

from __future__ import annotations

import json
import threading
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from bridge.health.exposition import CONTENT_TYPE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any
    from wsgiref.types import StartResponse, WSGIEnvironment

    from bridge.health.exposition import Page

Check = tuple[bool, str]
"""Whether all is well, and what is said about it."""


class HealthServer:
    """Serves until closed.

    Args:
        host: address to listen on.
        port: TCP port; 0 takes any free one.
        page: what ``/metrics`` shows.
        healthy: what ``/healthz`` says; called on the server's thread.
        ready: what ``/readyz`` says; called on the server's thread.
        status: what ``/status`` shows, as JSON; called on the server's thread.

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
    ) -> None:
        documents = {
            "/metrics": (CONTENT_TYPE, page.text),
            "/status": ("application/json", lambda: json.dumps(status(), indent=1).encode()),
        }
        checks = {"/healthz": healthy, "/readyz": ready}

        def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            path = environ["PATH_INFO"]
            if path in documents:
                kind, make = documents[path]
                body = make()
                start_response("200 OK", [("Content-Type", kind), ("Content-Length", str(len(body)))])
                return [body]
            check = checks.get(path)
            well, said = check() if check else (None, "try /metrics, /healthz, /readyz or /status")
            code = "404 Not Found" if well is None else "200 OK" if well else "503 Service Unavailable"
            start_response(code, [("Content-Type", "text/plain; charset=utf-8")])
            return [f"{said}\n".encode()]

        self._server = make_server(host, port, application, server_class=_Server, handler_class=_Quiet)
        self.port: int = self._server.server_port
        threading.Thread(target=self._server.serve_forever, name="health", daemon=True).start()

    def close(self) -> None:
        """Stop serving and free the port."""
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    timeout = 10  # a client that connects and says nothing holds no thread for long

    def log_message(self, *_: object) -> None:
        """A scrape every five seconds is no news."""
