"""The desk: answers `bridge outbox`, about what is not being sent, and `bridge audit`, which sends samples again.

A running bridge holds the file's lock; it answers on a socket in the data folder, open to whoever may write there.
Without a running bridge the command opens the file. Both give the same answers: a question is one line of JSON, an
answer is one or more.

=============  ============================================================================
``list``       one line: counts and times, by destination
``export``     one line per sample that is not being sent: of other destinations, and set aside
``discard``    one line: how many of those were removed
``readdress``  one line: how many of those go to the present destination from now on
``again``      one line: how many of ``samples`` (meter, time stamp, body) are sent again;
               they are given by whoever read what is kept (``kept_reading.py``)
=============  ============================================================================

A line ``{"error": …}`` ends an answer that could not be given; ``{"end": true}`` ends every other.
"""

from __future__ import annotations

import asyncio
import json
import os
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from loguru import logger

from bridge.outbox.kept import KeptSample
from bridge.outbox.kept_reading import sent_again

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bridge.outbox.outbox import Outbox
    from bridge.outbox.rows_by_destination import ExportedRow, RowsByDestination

SOCKET = "outbox.sock"
QUESTION_BYTES = 1_000_000
"""A longer line is no question."""
_PAGE = 500  # samples a turn of the writer thread
_AGAIN_S = 5.0


class Desk:
    """Answers on the socket.

    Args:
        folder: the data folder.
        outbox: the outbox that the bridge runs.
        device: in device mode, the one device's name; None for a gateway.
    """

    def __init__(self, folder: Path, outbox: Outbox, device: str | None = None) -> None:
        self._folder = folder
        self._outbox = outbox
        self._device = device

    async def run(self) -> None:
        """Answer until cancelled; return at once where there can be no socket."""
        # A bridge that does not hold the file must not answer for it.
        while not self._outbox.is_open:  # noqa: ASYNC110 - a disk tells nobody when it works again
            await asyncio.sleep(_AGAIN_S)
        try:
            with short_path(self._folder) as folder:
                server = await asyncio.start_unix_server(self._serve, folder / SOCKET, limit=QUESTION_BYTES)
            (self._folder / SOCKET).chmod(0o600)
        except (OSError, NotImplementedError, AttributeError) as error:
            logger.bind(stage="disk").warning("outbox | `bridge outbox` cannot be answered while it runs: {}", error)
            return
        try:
            await server.serve_forever()
        finally:
            server.close()
            with suppress(OSError):
                (self._folder / SOCKET).unlink()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            question = json.loads(await reader.readline())
            async for line in self._answer(question if isinstance(question, dict) else {}):
                writer.write(json.dumps(line).encode() + b"\n")
                await writer.drain()
        except (OSError, ValueError, RecursionError):
            pass  # whoever asked has gone, or is not one of our commands
        finally:
            writer.close()

    async def _answer(self, question: dict[str, Any]) -> Any:
        do = question.get("do")
        if do == "again":
            count = send_again(self._outbox, question.get("samples"))
            if not await self._outbox.flush():  # the next ones would push live samples out of memory
                yield {"error": "the outbox takes nothing now; see the bridge's log"}
                return
            yield {"count": count}
        elif do == "export":
            async for line in self._export():
                yield line
        elif do in ("list", "discard", "readdress"):
            told = await self._outbox.tell(lambda held: answer(held, do, self._device))
            if told is None:
                yield {"error": "the outbox cannot be read or written now; see the bridge's log"}
                return
            yield {**cast("dict[str, Any]", told), "memory": self._outbox.state.pending}
        else:
            yield {"error": "no such question"}
            return
        yield {"end": True}

    async def _export(self) -> Any:
        after, first = 0, True
        while True:
            page = await self._outbox.tell(partial(_page, after=after))
            refused = await self._outbox.tell(lambda held: list(held.refused())) if first else []
            if page is None or refused is None:
                yield {"error": "the outbox cannot be read now; see the bridge's log"}
                return
            for given in [*cast("list[ExportedRow]", refused), *cast("list[ExportedRow]", page)]:
                yield plain(given)
            if not page:
                return
            after, first = cast("list[ExportedRow]", page)[-1].row.id, False


def send_again(outbox: Outbox, samples: object) -> int:
    """Put samples that were stored before into the outbox once more; return how many."""
    count = 0
    for given in samples if isinstance(samples, list) else ():
        match given:
            case [str(meter), int(ts_ms), str(body)]:
                with suppress(ValueError, AttributeError):  # no JSON object
                    outbox.put(sent_again(KeptSample(meter, ts_ms, body)))
                    count += 1
    return count


def answer(held: RowsByDestination, do: object, device: str | None) -> dict[str, Any]:
    """Do what is asked, but for ``export``, and return the line."""
    if do == "discard":
        return {"count": held.discard()}
    if do == "readdress":
        return {"count": held.readdress(device), "destination": held.destination}
    held.count()
    refused = [given.row.ts_ms for given in held.refused()]
    return {
        "destination": held.destination,
        "waiting": _span(*held.waiting()),
        "undated": _span(*held.undated()),
        "others": [
            {"destination": one.destination, **_span(one.count, one.oldest_ts_ms, one.newest_ts_ms)}
            for one in held.foreign
        ],
        "set_aside": _span(len(refused), min(refused, default=None), max(refused, default=None)),
    }


def _page(held: RowsByDestination, *, after: int) -> list[ExportedRow]:
    return held.kept(after=after, limit=_PAGE)


def plain(given: ExportedRow) -> dict[str, Any]:
    """Return a sample as it appears in an exported file."""
    row = given.row
    line: dict[str, Any] = {"meter": row.meter, "device": row.device, "destination": row.destination, "ts": row.ts_ms}
    line["values"] = json.loads(row.body)
    return {**line, "reason": given.reason} if given.reason else line


def _span(count: int, oldest_ts_ms: int | None, newest_ts_ms: int | None) -> dict[str, Any]:
    return {"count": count, "oldest_ts_ms": oldest_ts_ms, "newest_ts_ms": newest_ts_ms}


@contextmanager
def short_path(folder: Path) -> Iterator[Path]:
    """A path of the folder that is short enough for a socket's address, whose bound is a hundred bytes."""
    if len(os.fsencode(folder / SOCKET)) < 100 or not Path("/proc/self/fd").exists():
        yield folder
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        yield Path(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)
