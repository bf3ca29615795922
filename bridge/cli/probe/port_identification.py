"""What listens on a port: an HDLC meter, a wrapper meter, a mode E meter, or something else, by name.

Sends a connection request (SNRM), an association request without any secret (AARQ) and a mode E request, each the
smallest there is, and judges what comes back. Reads nothing, and leaves no HDLC connection open behind it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from itertools import zip_longest
from typing import TYPE_CHECKING, TypeAlias

from bridge.cli.probe.likely_addresses import (
    HIGHEST_HDLC_CLIENT,
    ServerAddress,
    pairs,
)
from bridge.cli.probe.no_answer import NoAnswer
from bridge.cli.probe.port_questions import PortFinding, farewell, judge_answer, request
from bridge.cli.probe.raw_connection import RawConnection
from bridge.dlms.stray_bytes import identify_push

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bridge.cli.probe.port_questions import PortKind
    from bridge.cli.probe.raw_connection import Reach
    from bridge.cli.probe.search_scope import Patience, SearchScope

_WITHOUT_TCP: dict[Reach, PortKind] = {
    "refused": "refused",
    "silent": "unanswered",
    "unreachable": "unreachable",
    "unknown-name": "unknown-name",
}
_BANNER_S, _BREATH_S = 0.3, 0.05
_CLOSES = 2
_LIKELIEST_ROUNDS = 2
"""The first rounds wait the full time for an answer; the rest are gone through quickly."""
_MODE_E_AFTER = 1
_REFUSALS = ("DM", "FRMR")  # if late, nobody knows whose they are
Question: TypeAlias = "tuple[str, ServerAddress, int]"
"""Framing, address and client that were asked."""


async def identify_port(
    host: str,
    port: int,
    patience: Patience,
    scope: SearchScope,
    tell: Callable[[str, ServerAddress, int], None] | None = None,
) -> PortFinding:
    """Find out what listens on ``host:port``. Never raises for what the network or the other side does.

    Args:
        host: name or address.
        port: TCP port.
        patience: how long to wait for what.
        scope: what to try.
        tell: is told framing, address and client before each request, for a progress bar.
    """
    reached = await RawConnection.reach(host, port, patience.connect_s)
    if reached.line is None:
        return PortFinding(_WITHOUT_TCP[reached.reach], reached.said)
    return await _PortQuestioning(host, port, patience, scope, tell).run(reached.line)


class _PortQuestioning:
    def __init__(
        self,
        host: str,
        port: int,
        patience: Patience,
        scope: SearchScope,
        tell: Callable[[str, ServerAddress, int], None] | None,
    ) -> None:
        self._host, self._port = host, port
        self._patience = patience
        self._scope = scope
        self._tell = tell or (lambda *_: None)
        self._wait_s = patience.answer_s
        self._closed_by: Counter[str] = Counter()
        self._closed_at_once = 0
        self._echoes = False
        self._no_answer = NoAnswer()
        self._asked: list[Question] = []  # on this connection: a late answer still says whose it is
        self._questions = 0

    async def run(self, line: RawConnection) -> PortFinding:
        greeting = await self._greet(line)
        if greeting is not None:
            return greeting
        self._line = line
        try:
            for attempt in self._attempts():
                self._tell(*attempt)
                found = await self._ask(*attempt)
                if found is None and self._no_answer.is_confused:
                    # Part of the question before may still have been in the way: ask once more on a new connection; or,
                    # if a registration came in between, once more on this one.
                    if not self._no_answer.is_registration:
                        await self._line.__aexit__()
                    found = await self._ask(*attempt)
                if found is not None:
                    return replace(found, greeting=self._no_answer.greeting)
                if self._is_shut or self._no_answer.is_enough(self._questions):
                    break
            else:
                if (late := await self._linger()) is not None:
                    return replace(late, greeting=self._no_answer.greeting)
        finally:
            await self._line.__aexit__()
        if (verdict := self._no_answer.verdict()) is not None:
            return verdict
        if self._echoes:
            return PortFinding("echo")
        return PortFinding("closes" if self._closed_at_once or self._closed_by.total() else "silent")

    def _attempts(self) -> Iterator[Question]:
        """Yield what is tried: framings in turn, the likeliest address of each first; mode E after one round.

        A framing at whose requests the other side closed the connection twice is not tried any more.
        """
        clients, framings = self._scope.clients, self._scope.framings
        hdlc_clients = [client for client in clients if client <= HIGHEST_HDLC_CLIENT]
        hdlc = list(pairs(self._scope.hdlc, hdlc_clients)) if "hdlc" in framings else []
        wrapper = list(pairs(self._scope.wrapper, clients)) if "wrapper" in framings else []
        rounds = zip_longest((("hdlc", *pair) for pair in hdlc), (("wrapper", *pair) for pair in wrapper))
        for number, (one, other) in enumerate(rounds):
            if number == _MODE_E_AFTER and "hdlc-mode-e" in framings:
                yield "hdlc-mode-e", ServerAddress(0), 0
            if number == _LIKELIEST_ROUNDS:
                self._wait_s = self._patience.sweep_s
            for attempt in (one, other):
                if attempt is not None and self._closed_by[attempt[0]] < _CLOSES:
                    yield attempt
        if "hdlc-mode-e" in framings and max(len(hdlc), len(wrapper)) <= _MODE_E_AFTER:
            yield "hdlc-mode-e", ServerAddress(0), 0

    async def _greet(self, line: RawConnection) -> PortFinding | None:
        """Listen before speaking: a meter waits to be asked, others greet; some close at once."""
        heard = await line.listen(min(_BANNER_S, self._patience.answer_s))
        if (said := self._no_answer.before_asking(heard)) is not None:
            await line.__aexit__()
            return said
        self._closed_at_once += line.is_closed
        return None

    async def _connected(self) -> bool:
        """Connect again where the other side closed, or we did; return whether it takes us."""
        if not self._line.is_closed:
            return True
        self._asked.clear()
        while not self._is_shut:
            await self._line.__aexit__()
            await asyncio.sleep(self._patience.between_s * (1 + self._closed_at_once))
            reached = await RawConnection.reach(self._host, self._port, self._patience.connect_s)
            if reached.line is not None:
                self._line = reached.line
                # Whoever registered once does so on every connection.
                heard = await self._line.listen(_BANNER_S if self._no_answer.greeting else _BREATH_S)
                self._no_answer.on_reconnecting(heard)
                if not self._line.is_closed:
                    return True
            self._closed_at_once += 1
        return False

    @property
    def _is_shut(self) -> bool:
        return self._closed_at_once >= _CLOSES

    async def _ask(self, framing: str, address: ServerAddress, client: int) -> PortFinding | None:
        self._no_answer.next_question()
        if not await self._connected():
            return None
        line, question = self._line, request(framing, address, client, self._scope.namings[0])
        self._asked.append((framing, address, client))
        self._questions += 1
        try:
            await line.say(question)
            heard, found = await self._hear(line, question, self._wait_s)
        except asyncio.CancelledError:  # Ctrl-C: it may just have opened what nobody will use
            await line.say(farewell(framing, address, client))
            raise
        if found is not None:
            return found
        if framing == "hdlc-mode-e" and (telegram := self._no_answer.telegram(heard)):
            return telegram
        self._closed_by[framing] += line.is_closed
        self._echoes |= heard == question
        return self._no_answer.weigh(heard.removeprefix(question), self._questions)

    async def _hear(self, line: RawConnection, question: bytes, wait_s: float) -> tuple[bytes, PortFinding | None]:
        """Listen until there is an answer, or the time is over; return everything that was heard with it."""
        loop = asyncio.get_running_loop()
        start_s = loop.time()
        heard = b""
        while (left_s := start_s + wait_s - loop.time()) > 0 and not line.is_closed:
            heard += await line.listen(left_s, settle_s=0.0)
            for asked in reversed(self._asked):
                found = judge_answer(heard.removeprefix(question), *asked, loop.time() - start_s)
                if found is None or (asked != self._asked[-1] and found.said in _REFUSALS):
                    continue
                if found.kind == "hdlc-mode-e":
                    heard += await line.listen(_BANNER_S)
                    if identify_push(heard) is not None:  # a telegram begins like an identification
                        break
                await self._let_go(line, found)
                return heard, found
        return heard, None

    async def _linger(self) -> PortFinding | None:
        """Listen once more after the last question: a slow answer may still be on its way."""
        if self._line.is_closed or self._wait_s >= self._patience.answer_s:
            return None
        heard, found = await self._hear(self._line, b"", self._patience.answer_s)
        return found or self._no_answer.weigh(heard, self._questions)

    async def _let_go(self, line: RawConnection, found: PortFinding) -> None:
        """Close what the questions opened: a meter left in a connection answers nobody else for minutes."""
        if found.address is None:
            return
        others = {client for kind, address, client in self._asked if (kind, address) == (found.kind, found.address)}
        for client in (found.client, *sorted(others - {found.client})):
            await line.say(farewell(found.kind, found.address, client))
            await line.listen(self._patience.answer_s if client == found.client else _BREATH_S)
