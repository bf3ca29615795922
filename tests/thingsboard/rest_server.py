"""The REST double behind a socket, on a thread of its own; ``with`` starts and stops it."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

from tests.thingsboard.rest_api import ApiKey, RestApi, RestBehaviour

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from tests.thingsboard.server import ThingsBoard

KEY = "tb_key-of-the-tests"


class RestServer:
    """One server's REST API on a port of loopback. Its key is :data:`KEY`, unless the behaviour has others.

    Args:
        model: the server; ``tests.fakes.thingsboard.ThingsBoard.model`` has one.
        behaviour: what it is like.
        clock_s: for tokens and keys that end.
        tls: a certificate for https.
        host: where it listens instead of loopback: an address of a network that a test made.
    """

    def __init__(
        self,
        model: ThingsBoard,
        behaviour: RestBehaviour | None = None,
        *,
        clock_s: Callable[[], float] = time.time,
        tls: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        self.behaviour = behaviour or RestBehaviour()
        if not self.behaviour.keys:
            self.behaviour.keys.append(ApiKey(KEY, self.behaviour.users[0]))
        self.api = RestApi(model, self.behaviour, clock_s)
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer((host, 0), self._handler())
        self._server.daemon_threads = True
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self.url = f"http{'s' if tls else ''}://{host}:{self._server.server_port}"
        """Where it answers."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def environ(self) -> dict[str, str]:
        """The settings that lead here."""
        return {"THINGSBOARD__API_URL": self.url, "THINGSBOARD__API_KEY": KEY}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        api, lock = self.api, self._lock

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 10
            wbufsize = -1  # head and body in one segment: else each answer waits for the client's late acknowledgement

            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                with lock:
                    answer = api.handle(self.command, self.path, headers, body)
                with suppress(ConnectionError):
                    self.send_response(answer.status)
                    self.send_header("Content-Length", str(len(answer.body)))
                    self.send_header("Content-Type", "application/json" if answer.is_json else "text/plain")
                    if answer.location:
                        self.send_header("Location", answer.location)
                    self.end_headers()
                    self.wfile.write(answer.body)

            do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815 - the names that http.server looks for

            def log_message(self, *_: Any) -> None:
                pass

        return Handler
