"""What kind of thing listens on a port: an HDLC meter, a wrapper meter, a mode E meter, or something else, by name.

Sends a connection request (SNRM), an association request without any secret (AARQ) and a mode E request, each the
smallest there is, and judges what comes back. Reads nothing, and leaves no HDLC connection open behind it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from itertools import zip_longest
from typing import TYPE_CHECKING, TypeAlias

from bridge.commissioning.probing.answers import Knock, farewell, judge, judge_text, request, shown
from bridge.commissioning.probing.candidates import (
    HIGHEST_HDLC_CLIENT,
    Address,
    pairs,
)
from bridge.commissioning.probing.heard import look, printable, push
from bridge.commissioning.probing.line import Line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bridge.commissioning.probing.answers import Kind
    from bridge.commissioning.probing.heard import Heard
    from bridge.commissioning.probing.line import Reach
    from bridge.commissioning.probing.scope import Patience, Scope

_WITHOUT_TCP: dict[Reach, Kind] = {
    "refused": "refused",
    "silent": "unanswered",
    "unreachable": "unreachable",
    "unknown-name": "unknown-name",
}
_BANNER_S, _BREATH_S = 0.3, 0.05
_CLOSES, _DAMAGED = 2, 2
_LIKELIEST_ROUNDS = 2
"""So many rounds are waited for as long as it takes; then the rest is gone through."""
_MODE_E_AFTER = 1
_MORE_AFTER_PUSH = 4  # questions, for there are meters that push and answer
_TELEGRAM, _STX = "P1, ", b"\x02"
_REFUSALS = ("DM", "FRMR")  # whose they are cannot be told when they come late
_TEXTS = 3
"""Who answers so many questions with text is no meter."""
_OF_A_LINE: dict[str, Kind] = {
    "flow-control": "flow-control",
    "short": "short",
    "damaged": "damaged",
    "parity": "parity",
    "text": "banner",
}
_TAIL_BYTES = 2048
Question: TypeAlias = "tuple[str, Address, int]"
"""Framing, address and client that were asked."""


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
        self._wait_s = patience.answer_s
        self._closed_by: Counter[str] = Counter()
        self._closed_at_once = 0
        self._echoes = False
        self._is_confused = False  # it said something strange: the next question begins on a new connection
        self._odd = b""
        self._tail = b""
        self._greeting = ""
        self._asked: list[Question] = []  # on this connection: an answer that comes late still says whose it is
        self._questions = 0
        self._pushed: Heard | None = None
        self._pushed_at = 0
        self._damaged: Counter[str] = Counter()
        self._texts = 0
        self._registered_now = False

    async def run(self, line: Line) -> Knock:
        greeting = await self._greet(line)
        if greeting is not None:
            return greeting
        self._line = line
        try:
            for attempt in self._attempts():
                self._tell(*attempt)
                found = await self._ask(*attempt)
                if found is None and self._is_confused:
                    # A part of the question before may still have stood in its way: once more, from the beginning; or,
                    # where a registration came between, once more where it was.
                    if not self._registered_now:
                        await self._line.__aexit__()
                    found = await self._ask(*attempt)
                if found is not None:
                    return replace(found, greeting=self._greeting)
                if self._is_shut or self._is_told:
                    break
            else:
                if (late := await self._linger()) is not None:
                    return replace(late, greeting=self._greeting)
        finally:
            await self._line.__aexit__()
        return self._verdict()

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
                yield "hdlc-mode-e", Address(0), 0
            if number == _LIKELIEST_ROUNDS:
                self._wait_s = self._patience.sweep_s
            for attempt in (one, other):
                if attempt is not None and self._closed_by[attempt[0]] < _CLOSES:
                    yield attempt
        if "hdlc-mode-e" in framings and max(len(hdlc), len(wrapper)) <= _MODE_E_AFTER:
            yield "hdlc-mode-e", Address(0), 0

    async def _greet(self, line: Line) -> Knock | None:
        """Listen before speaking: a meter waits to be asked, others greet; some close at once."""
        heard = await line.listen(min(_BANNER_S, self._patience.answer_s))
        if heard and (said := judge_text(heard) or self._out_of_order(heard)):
            await line.__aexit__()
            return said
        self._greeting = printable(heard)
        if not self._greeting:
            self._odd = heard  # left over on the serial line, perhaps: a meter may stand behind it
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
            reached = await Line.reach(self._host, self._port, self._patience.connect_s)
            if reached.line is not None:
                self._line = reached.line
                # Who registered once does so on every connection.
                heard = await self._line.listen(_BANNER_S if self._greeting else _BREATH_S)
                if not printable(heard):
                    self._odd = self._odd or heard
                if not self._line.is_closed:
                    return True
            self._closed_at_once += 1
        return False

    @property
    def _is_shut(self) -> bool:
        return self._closed_at_once >= _CLOSES

    @property
    def _is_told(self) -> bool:
        """Whether enough was heard to say what is there, without a meter's answer."""
        if self._pushed is not None and self._questions - self._pushed_at >= _MORE_AFTER_PUSH:
            return True
        return bool(judge_text(self._odd)) or self._texts >= _TEXTS or self._damaged.total() >= _DAMAGED

    async def _ask(self, framing: str, address: Address, client: int) -> Knock | None:
        self._is_confused = self._registered_now = False
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
        if framing == "hdlc-mode-e" and (telegram := self._telegram(heard)):
            return telegram
        self._closed_by[framing] += line.is_closed
        self._echoes |= heard == question
        return self._weigh(heard.removeprefix(question))

    def _telegram(self, heard: bytes) -> Knock | None:
        """Return that readings as text came for the asking, between STX and ETX; what is pushed has neither."""
        told = push(heard)
        if told is None or not told.said.startswith(_TELEGRAM) or _STX not in heard:
            return None
        return Knock("telegram", told.said.removeprefix(_TELEGRAM))

    def _weigh(self, heard: bytes) -> Knock | None:
        """Note what came and was no answer; return what is there where that says it all."""
        self._is_confused = False
        if (is_known := self._out_of_order(heard) or judge_text(heard)) is not None:
            return is_known
        self._tail = (self._tail + heard)[-_TAIL_BYTES:]  # on a slow line a frame outlasts a question
        if (pushed := push(self._tail)) is not None:
            self._pushed = self._pushed or pushed
            self._pushed_at = self._pushed_at or self._questions
            return None
        if not (text := printable(heard)):
            found = look(heard)
            self._damaged.update([found.kind] if found and found.kind in _OF_A_LINE else [])
            self._is_confused = found is not None
        elif text == self._greeting:
            return None
        else:
            self._texts += 1
            if self._texts == 1 and not self._greeting:
                self._greeting, self._is_confused, self._registered_now = text, True, True
                return None
        self._odd = self._odd or heard
        return None

    def _out_of_order(self, heard: bytes) -> Knock | None:
        """Return that the converter talks Telnet, where it does: no frame is safe then."""
        found = look(heard)
        return Knock("telnet", found.said) if found is not None and found.kind == "telnet" else None

    async def _hear(self, line: Line, question: bytes, wait_s: float) -> tuple[bytes, Knock | None]:
        """Listen until there is an answer, or the time is over; return everything that was heard with it."""
        loop = asyncio.get_running_loop()
        start_s = loop.time()
        heard = b""
        while (left_s := start_s + wait_s - loop.time()) > 0 and not line.is_closed:
            heard += await line.listen(left_s, settle_s=0.0)
            for asked in reversed(self._asked):
                found = judge(heard.removeprefix(question), *asked, loop.time() - start_s)
                if found is None or (asked != self._asked[-1] and found.said in _REFUSALS):
                    continue
                if found.kind == "hdlc-mode-e":
                    heard += await line.listen(_BANNER_S)
                    if push(heard) is not None:  # a telegram begins like an identification
                        break
                await self._let_go(line, found)
                return heard, found
        return heard, None

    async def _linger(self) -> Knock | None:
        """Listen once more after the last question: a slow answer may still be on its way."""
        if self._line.is_closed or self._wait_s >= self._patience.answer_s:
            return None
        heard, found = await self._hear(self._line, b"", self._patience.answer_s)
        return found or self._weigh(heard)

    async def _let_go(self, line: Line, found: Knock) -> None:
        """Close what the questions opened: a meter left in a connection answers nobody else for minutes."""
        if found.address is None:
            return
        others = {client for kind, address, client in self._asked if (kind, address) == (found.kind, found.address)}
        for client in (found.client, *sorted(others - {found.client})):
            await line.say(farewell(found.kind, found.address, client))
            await line.listen(self._patience.answer_s if client == found.client else _BREATH_S)

    def _verdict(self) -> Knock:
        if self._pushed is not None:
            return Knock("push", self._pushed.said, greeting=self._greeting)
        if self._odd:
            return judge_text(self._odd) or self._oddity()
        if self._greeting or self._echoes:
            return Knock("talks", self._greeting) if self._greeting else Knock("echo")
        return Knock("closes" if self._closed_at_once or self._closed_by.total() else "silent")

    def _oddity(self) -> Knock:
        """Return what the bytes are that came and were no answer."""
        found = look(self._odd)
        said = found.said if found is not None else shown(self._odd)
        kind = _OF_A_LINE.get(found.kind) if found is not None else None
        return Knock(kind or "other", said)
