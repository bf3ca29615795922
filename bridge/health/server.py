"""The bridge over HTTP: /, /metrics, /healthz, /readyz, /status, /log, /frames, a reading asked for on this machine.

What each page shows. How pages are served, and within which bounds, is ``http.py``'s.
"""

from __future__ import annotations

import json
from contextlib import suppress
from http import HTTPStatus
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from loguru import logger

from bridge.health.asked_as import is_a_name_of_ours
from bridge.health.exposition import CONTENT_TYPE
from bridge.health.http import HttpAnswer, HttpRequest, HttpServer
from bridge.health.page import policy
from bridge.health.page_words import Language, language_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

Check = tuple[bool, str]
"""Whether all is well, and what to say about it."""
_HTML = "text/html; charset=utf-8"
_TEXT, _JSON = "text/plain; charset=utf-8", "application/json"
_NOT_OURS = "use this machine's address, or put its name into HEALTH__NAMES"
_PATHS = "try /metrics, /healthz, /readyz, /status or /log"


class HealthServer:
    """Serves until closed. Every callable it is given runs on its threads.

    Args:
        host: address to listen on; ``::`` takes IPv4, too.
        port: TCP port; 0 takes any free one.
        page: what ``/metrics`` shows.
        healthy: what ``/healthz`` says; at once, on the server's own loop.
        ready: what ``/readyz`` says.
        status: what ``/status`` shows, as JSON.
        log: the recent lines that ``/log`` shows.
        frames: the last frames of the meter of this name, masked (``/frames?meter=NAME``); empty where there are none.
        home: what ``/`` shows to people, in their language; None for nothing.
        read: reads the meter of this name now and returns what came of it as plain data, an error too; waits for it.
            Only this machine may ask (``POST /read?meter=NAME``), and no web page. None where nothing can be read.
        names: what else this machine is called, lower case (``asked_as.py``).

    Raises:
        OSError: the port is taken or not allowed, or there is no such address here.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        page: Callable[[], bytes],
        healthy: Callable[[], Check],
        ready: Callable[[], Check],
        status: Callable[[], Mapping[str, Any]],
        log: Callable[[], str] = lambda: "",
        frames: Callable[[str], str] = lambda _: "",
        home: Callable[[Language], bytes] | None = None,
        read: Callable[[str], Mapping[str, Any]] | None = None,
        names: Collection[str] = (),
    ) -> None:
        self._documents: dict[str, tuple[str, Callable[[], bytes]]] = {
            "/metrics": (CONTENT_TYPE, page),
            "/status": (_JSON, lambda: json.dumps(status(), indent=1).encode()),
            "/log": (_TEXT, lambda: log().encode("utf-8", "backslashreplace")),
        }
        self._checks = {"/healthz": healthy, "/readyz": ready}
        self._frames, self._home, self._read, self._names = frames, home, read, names
        self._server = HttpServer(host, port, self._answer, at_once=("/healthz",))
        self.port = self._server.port
        self.address = f"http://{_shown(host)}:{self.port}/"
        """Where a browser on this machine finds it."""
        if home is not None:
            logger.info("dlms-bridge | how it is, in a browser: {}", self.address)

    def close(self) -> None:
        """Stop serving and free the port."""
        self._server.close()

    def _answer(self, request: HttpRequest) -> HttpAnswer:
        path = request.path
        if not is_a_name_of_ours(request.host, self._names):
            return _said(HTTPStatus.MISDIRECTED_REQUEST, f"asked for as {request.host!a}: {_NOT_OURS}")
        if path == "/read" and self._read is not None:
            return _read(request, self._read)
        if request.method not in ("GET", "HEAD"):
            return _said(HTTPStatus.METHOD_NOT_ALLOWED, "only GET")
        return self._page(request)

    def _page(self, request: HttpRequest) -> HttpAnswer:
        path = request.path
        if path == "/" and self._home is not None:
            return HttpAnswer(HTTPStatus.OK, _HTML, self._home(language_of(request.languages)), policy())
        if path in self._documents:
            kind, make = self._documents[path]
            return HttpAnswer(HTTPStatus.OK, kind, make())
        if path in self._checks:
            well, said = self._checks[path]()
            return _said(HTTPStatus.OK if well else HTTPStatus.SERVICE_UNAVAILABLE, said)
        if path == "/frames":
            return HttpAnswer(HTTPStatus.OK, _TEXT, self._frames(_meter(request) or "").encode())
        return _said(HTTPStatus.NOT_FOUND, _PATHS)


def _said(status: HTTPStatus, text: str) -> HttpAnswer:
    return HttpAnswer(status, _TEXT, f"{text}\n".encode())


def _read(request: HttpRequest, read: Callable[[str], Mapping[str, Any]]) -> HttpAnswer:
    # Being allowed to see the figures does not mean being allowed to keep a meter busy.
    if not _is_here(request.peer):
        return _said(HTTPStatus.FORBIDDEN, "only from this machine")
    if request.origin:  # a browser says so wherever a page asks
        return _said(HTTPStatus.FORBIDDEN, "not for web pages")
    if request.method != "POST":
        return _said(HTTPStatus.METHOD_NOT_ALLOWED, "POST /read?meter=NAME")
    name = _meter(request)
    if name is None:
        return _said(HTTPStatus.BAD_REQUEST, "POST /read?meter=NAME")
    return HttpAnswer(HTTPStatus.OK, _JSON, json.dumps(read(name)).encode())


def _shown(host: str) -> str:
    with suppress(ValueError):  # a name
        address = ip_address(host)
        host = "127.0.0.1" if address.is_unspecified else f"[{host}]" if address.version == 6 else host
    return host


def _is_here(peer: str) -> bool:
    address = ip_address(peer.partition("%")[0])
    # On a socket that takes both, IPv4 comes as ::ffff:127.0.0.1.
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


def _meter(request: HttpRequest) -> str | None:
    """Return the one meter that the query names."""
    names = parse_qs(request.query).get("meter", [])
    return names[0] if len(names) == 1 else None
