"""The floor under every reader on this event loop: the same bytes out and in, nothing decoded, nothing checked.

What a protocol in Python on uvloop cannot go below: each answer wakes it once, each request is one write. The frames
are those of the bridge, recorded until they repeat (HDLC's numbers after 8 frames, invoke-ids after 16). Ciphered
requests never repeat, so there is no floor to measure for them. As a process of its own it is commanded on standard
input, see ``rounds.py``.
"""

from __future__ import annotations

import asyncio
from itertools import cycle, islice

from tests.bench.reader_bridge import Bridge, read
from tests.bench.rounds import REPEATING_CYCLES, Row, obey


class Echo(asyncio.Protocol):
    """Sends the next request whenever something comes.

    Args:
        requests: what was sent in so many cycles that the next ones are the same again.
    """

    def __init__(self, requests: list[bytes]) -> None:
        self._a_cycle = len(requests) // REPEATING_CYCLES
        self._requests = cycle(requests)
        self._rest = iter(())
        self._transport: asyncio.Transport | None = None
        self._done: asyncio.Future[None] | None = None

    async def read(self, transport: asyncio.Transport, cycles: int) -> None:
        """Send and hear so many cycles."""
        self._transport = transport
        self._done = asyncio.get_running_loop().create_future()
        self._rest = islice(self._requests, cycles * self._a_cycle)
        transport.write(next(self._rest))
        await self._done

    def data_received(self, data: bytes) -> None:
        """Ask the next; asyncio calls this."""
        request = next(self._rest, None)
        if request is not None:
            self._transport.write(request)
        elif self._done is not None:
            self._done.set_result(None)


class Recorder:
    """Sees the requests of a conversation."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []

    def sent(self, data: bytes) -> None:
        """Keep it."""
        self.requests.append(data)

    def came(self, frame: bytes) -> None:
        """Let go."""


class Floor(Bridge):
    """The commands of ``rounds.py``: the bridge associates and releases, and what is read between is only bytes."""

    def associate(self, row: Row, port: int, meters: int) -> None:
        """See ``rounds.Reads``."""
        super().associate(row, port, meters)
        self._echoes = [self._loop.run_until_complete(self._recorded(number)) for number in range(meters)]

    async def _recorded(self, number: int) -> Echo:
        link, session = self._open[number]
        recorder = Recorder()
        for _ in range(2):  # what the bridge learns of a meter in its first cycles is not what it sends for ever
            recorder.requests.clear()
            await read(link, session, REPEATING_CYCLES, recorder)
        return Echo(recorder.requests)

    async def _cycles(self, count: int) -> list[float]:
        async with asyncio.TaskGroup() as reading:
            for (link, _), echo in zip(self._open, self._echoes, strict=True):
                stream = link._stream
                stream._transport.set_protocol(echo)
                reading.create_task(echo.read(stream._transport, count))
        for link, _ in self._open:
            link._stream._transport.set_protocol(link._stream)
        return []


if __name__ == "__main__":
    obey(Floor())
