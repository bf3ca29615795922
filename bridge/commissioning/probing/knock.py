"""What kind of thing listens on a port: an HDLC meter, a wrapper meter, a mode E meter, or something else, by name.

Sends a connection request (SNRM), an association request without any secret (AARQ) and a mode E request, each the
smallest there is, and judges what comes back. Reads nothing, and leaves no HDLC connection open behind it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

from bridge.commissioning.probing.answers import Knock, farewell, judge, judge_text, request, shown
from bridge.commissioning.probing.candidates import (
    CLIENTS,
    HDLC_ADDRESSES,
    HIGHEST_HDLC_CLIENT,
    WRAPPER_SERVERS,
    Address,
    pairs,
)
from bridge.commissioning.probing.line import Line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bridge.commissioning.probing.answers import Kind
    from bridge.commissioning.probing.line import Reach

_WITHOUT_TCP: dict[Reach, Kind] = {
    "refused": "refused",
    "silent": "unanswered",
    "unreachable": "unreachable",
    "unknown-name": "unknown-name",
}
_BANNER_S = 0.3
_BREATH_S = 0.05
_CLOSES = 2
_MODE_E_AFTER = 2


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited.

    Args:
        connect_s: for a TCP connection.
        answer_s: for an answer to one request; a meter behind a slow radio needs more.
        between_s: between two connections to one host: many converters take a moment to let go of the last one.
    """

    connect_s: float = 3.0
    answer_s: float = 1.5
    between_s: float = 0.5


@dataclass(frozen=True, slots=True)
class Scope:
    """Which addresses and clients are tried."""

    hdlc: Sequence[Address] = HDLC_ADDRESSES
    wrapper: Sequence[Address] = tuple(Address(server) for server in WRAPPER_SERVERS)
    clients: Sequence[int] = CLIENTS
    framings: Sequence[str] = ("hdlc", "wrapper", "hdlc-mode-e")


async def knock(
    host: str, port: int, patience: Patience, scope: Scope, tell: Callable[[str, Address, int], None] | None = None
) -> Knock:
    """Find out what listens on ``host:port``. Never raises for what the network or the other side does.

    Args:
        host: name or address.
        port: TCP port.
        patience: how long to wait for what.
        scope: what to try.
        tell: is told framing, address and client before each request, for a progress bar.
    """
    reached = await Line.reach(host, port, patience.connect_s)
    if reached.line is None:
        return Knock(_WITHOUT_TCP[reached.reach], reached.said)
    return await _Knocking(host, port, patience, scope, tell).run(reached.line)


class _Knocking:
    def __init__(
        self, host: str, port: int, patience: Patience, scope: Scope, tell: Callable[[str, Address, int], None] | None
    ) -> None:
        self._host, self._port = host, port
        self._patience = patience
        self._scope = scope
        self._tell = tell or (lambda *_: None)
        self._closed_by: Counter[str] = Counter()
        self._closed_at_once = 0
        self._echoes = False
        self._is_confused = False  # it said something strange: the next question begins on a new connection
        self._odd = b""

    async def run(self, line: Line) -> Knock:
        greeting = await self._greeting(line)
        if greeting is not None:
            return greeting
        self._line = line
        try:
            for attempt in self._attempts():
                self._tell(*attempt)
                found = await self._ask(*attempt)
                if found is None and self._is_confused:
                    # A part of the question before may still have stood in its way: once more, from the beginning.
                    await self._line.__aexit__()
                    found = await self._ask(*attempt)
                if found is not None:
                    return found
                if self._is_shut or judge_text(self._odd):
                    break
        finally:
            await self._line.__aexit__()
        return self._verdict()

    def _attempts(self) -> Iterator[tuple[str, Address, int]]:
        """Yield what is tried: framings in turn, the likeliest address of each first; mode E once, after two rounds.

        A framing at whose requests the other side closed the connection twice is not tried any more.
        """
        clients, framings = self._scope.clients, self._scope.framings
        hdlc_clients = [client for client in clients if client <= HIGHEST_HDLC_CLIENT]
        hdlc = list(pairs(self._scope.hdlc, hdlc_clients)) if "hdlc" in framings else []
        wrapper = list(pairs(self._scope.wrapper, clients)) if "wrapper" in framings else []
        rounds = zip_longest((("hdlc", *pair) for pair in hdlc), (("wrapper", *pair) for pair in wrapper))
        for number, (one, other) in enumerate(rounds):
            if number == _MODE_E_AFTER and "hdlc-mode-e" in framings:
                yield "hdlc-mode-e", Address(0), 0
            for attempt in (one, other):
                if attempt is not None and self._closed_by[attempt[0]] < _CLOSES:
                    yield attempt
        if "hdlc-mode-e" in framings and max(len(hdlc), len(wrapper)) <= _MODE_E_AFTER:
            yield "hdlc-mode-e", Address(0), 0

    async def _greeting(self, line: Line) -> Knock | None:
        """Listen before speaking: a meter waits to be asked, others greet; some close at once."""
        heard = await line.listen(min(_BANNER_S, self._patience.answer_s))
        if heard and (said := judge_text(heard)):
            await line.__aexit__()
            return said
        self._odd = heard  # left over on the serial line, perhaps: a meter may stand behind it
        self._closed_at_once += line.is_closed
        return None

    async def _connected(self) -> bool:
        """Connect again where the other side closed, or we did; return whether it takes us."""
        if not self._line.is_closed:
            return True
        while not self._is_shut:
            await self._line.__aexit__()
            await asyncio.sleep(self._patience.between_s * (1 + self._closed_at_once))
            reached = await Line.reach(self._host, self._port, self._patience.connect_s)
            if reached.line is not None:
                self._line = reached.line
                self._odd = self._odd or await self._line.listen(_BREATH_S)
                if not self._line.is_closed:
                    return True
            self._closed_at_once += 1
        return False

    @property
    def _is_shut(self) -> bool:
        return self._closed_at_once >= _CLOSES

    async def _ask(self, framing: str, address: Address, client: int) -> Knock | None:
        if not await self._connected():
            return None
        line, question = self._line, request(framing, address, client)
        try:
            await line.say(question)
            heard, found = await self._hear(line, question, (framing, address, client))
        except asyncio.CancelledError:  # Ctrl-C: it may just have opened what nobody will use
            await line.say(farewell(framing, address, client))
            raise
        if found is not None:
            await self._let_go(line, found)
            return found
        self._closed_by[framing] += line.is_closed
        self._echoes |= heard == question
        self._is_confused = heard not in (b"", question)
        if self._is_confused:
            self._odd = self._odd or heard
        return None

    async def _hear(self, line: Line, question: bytes, asked: tuple[str, Address, int]) -> tuple[bytes, Knock | None]:
        """Listen until there is an answer, or the time is over; return everything that was heard with it."""
        loop = asyncio.get_running_loop()
        start_s = loop.time()
        heard = b""
        while (left_s := start_s + self._patience.answer_s - loop.time()) > 0 and not line.is_closed:
            heard += await line.listen(left_s, settle_s=0.0)
            found = judge(heard.removeprefix(question), *asked, loop.time() - start_s)
            if found is not None:
                return heard, found
        return heard, None

    async def _let_go(self, line: Line, found: Knock) -> None:
        """Close what the question opened: a meter left in a connection answers nobody else for minutes."""
        if found.address is None:
            return
        await line.say(farewell(found.kind, found.address, found.client))
        await line.listen(self._patience.answer_s)

    def _verdict(self) -> Knock:
        if self._odd:
            return judge_text(self._odd) or Knock("other", shown(self._odd))
        if self._echoes:
            return Knock("echo")
        return Knock("closes" if self._closed_at_once or self._closed_by.total() else "silent")
