"""Just enough HTTP for a health port: one request per connection, bounded in number, size and time. Knows no page.

Runs on an event loop in a thread of its own, so that it answers while the bridge's loop hangs. A client that connects
and says nothing costs a descriptor, not a thread; when there are too many, the slowest is dropped, so that a health
check gets in whatever others do.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import unquote

from loguru import logger

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

CONNECTIONS = 64
"""Open at the same time. Prometheus, a health check and a technician are three."""
_HEAD_BYTES = 8192
_HEAD_WITHIN_S = 5.0
_TAKEN_WITHIN_S = 20.0
_WORKERS = 4
_BACKLOG = 512


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """What was asked.

    Args:
        method: in capitals.
        path: decoded, without the query.
        query: as it came; empty without one.
        peer: the address that asks.
        languages: that whoever asks accepts, as ``Accept-Language`` has it; empty without.
        host: by which name it was asked, as ``Host`` has it; empty without.
        origin: the web page that asks, as ``Origin`` has it; empty where it is no page.
    """

    method: str
    path: str
    query: str
    peer: str
    languages: str = ""
    host: str = ""
    origin: str = ""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What is answered.

    Args:
        status: the code.
        kind: the content's type.
        body: the content.
        policy: what a browser may do with it; empty for what is no page.
    """

    status: HTTPStatus
    kind: str
    body: bytes
    policy: str = ""


class HttpServer:
    """Serves until closed.

    Args:
        host: address to listen on; ``::`` takes IPv4, too.
        port: TCP port; 0 takes any free one.
        answer: answers a request; called on the server's own threads, a few at the same time.
        at_once: paths whose answers wait for nothing; they do not queue behind other requests either.

    Raises:
        OSError: the port is taken or not allowed, or the host has no such address.
    """

    def __init__(
        self, host: str, port: int, answer: Callable[[HttpRequest], HttpAnswer], *, at_once: Collection[str] = ()
    ) -> None:
        self._answer = answer
        self._at_once = at_once
        self._socket = _listening(host, port)
        self.port: int = self._socket.getsockname()[1]
        self._loop = asyncio.SelectorEventLoop()
        self._workers = ThreadPoolExecutor(_WORKERS, thread_name_prefix="health answer")
        self._stop = asyncio.Event()
        self._open: dict[asyncio.StreamWriter, bool] = {}  # → whether its request is there; oldest first
        self._thread = threading.Thread(target=self._run, name="health", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop serving and free the port."""
        with contextlib.suppress(RuntimeError):  # closed before
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._workers.shutdown(wait=False, cancel_futures=True)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.set_exception_handler(_say)
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._converse, sock=self._socket, limit=_HEAD_BYTES, backlog=_BACKLOG)
        await self._stop.wait()
        server.close()
        conversations = asyncio.all_tasks() - {asyncio.current_task()}
        for conversation in conversations:
            conversation.cancel()
        await asyncio.gather(*conversations, return_exceptions=True)
        await asyncio.sleep(0)  # the sockets close at the loop's next turn

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open[writer] = False
        self._make_room()
        try:
            async with asyncio.timeout(_HEAD_WITHIN_S):
                request = _understood(await reader.readuntil(b"\r\n\r\n"), writer)
            self._open[writer] = True
            answer = await self._answered(request)
            async with asyncio.timeout(_TAKEN_WITHIN_S):
                writer.write(_written(answer, with_body=request is None or request.method != "HEAD"))
                await writer.drain()
                writer.close()
                await writer.wait_closed()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the other side left, was too slow or sends no HTTP: there is nobody to tell
        finally:
            self._open.pop(writer, None)
            writer.transport.abort()

    async def _answered(self, request: HttpRequest | None) -> HttpAnswer:
        if request is None:
            return HttpAnswer(HTTPStatus.BAD_REQUEST, "text/plain; charset=utf-8", b"that is not an HTTP request\n")
        try:
            if request.path in self._at_once:
                return self._answer(request)
            return await self._loop.run_in_executor(self._workers, self._answer, request)
        except Exception:  # noqa: BLE001 - a page that cannot be made must not take the health check with it
            logger.opt(exception=True).error("health | {} {} could not be answered", request.method, request.path)
            return HttpAnswer(HTTPStatus.INTERNAL_SERVER_ERROR, "text/plain; charset=utf-8", b"see the bridge's log\n")

    def _make_room(self) -> None:
        if len(self._open) > CONNECTIONS:
            longest = next((writer for writer, asked in self._open.items() if not asked), next(iter(self._open)))
            del self._open[longest]
            longest.transport.abort()


def _listening(host: str, port: int) -> socket.socket:
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    both = family == socket.AF_INET6 and address[0] == "::" and socket.has_dualstack_ipv6()
    listening = socket.create_server((address[0], address[1]), family=family, backlog=_BACKLOG, dualstack_ipv6=both)
    listening.setblocking(False)
    return listening


def _understood(head: bytes, writer: asyncio.StreamWriter) -> HttpRequest | None:
    """Return the request whose head this is; None for what is no HTTP."""
    words = head.partition(b"\r\n")[0].decode("latin-1").split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1.") or not words[1].startswith("/"):
        return None
    path, _, query = words[1].partition("?")
    peer = str(writer.get_extra_info("peername")[0])
    headers = (_header(head, name) for name in (b"accept-language", b"host", b"origin"))
    return HttpRequest(words[0].upper(), unquote(path), query, peer, *headers)


def _header(head: bytes, name: bytes) -> str:
    for line in head.split(b"\r\n")[1:]:
        given, _, value = line.partition(b":")
        if given.strip().lower() == name:
            return value.strip().decode("latin-1")
    return ""


def _written(answer: HttpAnswer, *, with_body: bool) -> bytes:
    policy = f"Content-Security-Policy: {answer.policy}\r\nCache-Control: no-store\r\n" if answer.policy else ""
    head = (
        f"HTTP/1.1 {answer.status.value} {answer.status.phrase}\r\nContent-Type: {answer.kind}\r\n"
        f"Content-Length: {len(answer.body)}\r\n{policy}"
        "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n"
    ).encode("ascii")
    return head + answer.body if with_body else head


def _say(_: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
    """Log a shortage of descriptors and the like in one line, without a traceback per connection."""
    logger.debug("health | {}", context.get("exception") or context.get("message"))
