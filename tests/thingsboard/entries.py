"""Messages with entries of several devices: each is opened, counted and stored apart, and one acknowledgement tells.

Rules, all from the recordings: entries are taken in the message's order; the entries that fit a limit are stored and
the rest dropped; a device that cannot be had costs its own entry alone. What the acknowledgement looks like when an
entry failed is the version's (:class:`~tests.thingsboard.behaviour.Traits`).

Not recorded, assumed: an entry that is never acknowledged keeps the whole message from it (from 4.2.1 on); rows behind
those that cannot be read are dropped; of several faults the first in this order is told: unreadable, past a limit,
never acknowledged, refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.thingsboard.devices import Device, How
from tests.thingsboard.events import MQTT_5
from tests.thingsboard.payloads import Malformed
from tests.thingsboard.transport import QUOTA, SHUTTING_DOWN, SPECIFIC, SUCCESS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.thingsboard.events import Session
    from tests.thingsboard.transport import Transport

_MOMENT_S = 1e-6


@dataclass(slots=True)
class _Tally:
    """What became of a message's entries."""

    when_s: float
    """When the last of them is known."""
    stored_at_s: list[float] = field(default_factory=list)
    silent: bool = False
    unreadable: bool = False
    closes: bool = False
    over: list[str] = field(default_factory=list)
    refused: bool = False


class _Kind(NamedTuple):
    """How an entry is read (what to store, how many values) and stored (whose, what, from when; acknowledged when)."""

    read: Callable[[Any], tuple[Any, int]]
    store: Callable[[Device, Any, float], float]


class Entries:
    """Takes such messages for one server."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def telemetry(self, session: Session, mid: int | None, content: dict[str, Any], now_s: float) -> None:
        """``v1/gateway/telemetry``."""
        transport = self._transport
        now_ms = transport.behaviour.epoch_ms + int(now_s * 1000)

        def read(entry: Any) -> tuple[Any, int]:
            return transport.reader.rows(entry, now_ms)

        def store(device: Device, rows: Any, known_s: float) -> float:
            return transport.accept(device, rows, known_s, now_s)

        self._all(session, mid, content, now_s, _Kind(read, store))

    def attributes(self, session: Session, mid: int | None, content: dict[str, Any], now_s: float) -> None:
        """``v1/gateway/attributes``."""
        transport = self._transport

        def read(entry: Any) -> tuple[Any, int]:
            values = transport.reader.values(entry)
            return values, len(values)

        def store(device: Device, values: Any, known_s: float) -> float:
            when_s = transport.soon_after(known_s)
            if transport.reader.storable(values):
                transport.accept_attributes(device, values, when_s)
            return when_s

        self._all(session, mid, content, now_s, _Kind(read, store))

    def _all(self, session: Session, mid: int | None, content: dict[str, Any], now_s: float, kind: _Kind) -> None:
        if content and "" not in content:
            self._tell(session, mid, self._take(session, content, now_s, kind))
        elif content or self._transport.behaviour.traits.empty_closes:
            self.reject(session, mid, now_s)

    def _take(
        self,
        session: Session,
        content: dict[str, Any],
        now_s: float,
        kind: _Kind,
    ) -> _Tally:
        transport = self._transport
        tally = _Tally(transport.soon_after(now_s))
        for name, entry in content.items():
            how, opened, known_s = transport.devices.open(session, name, now_s)
            tally.when_s = max(tally.when_s, known_s)
            if how is How.CLOSES:
                tally.closes, tally.when_s = True, transport.soon_after(known_s)
                break
            if opened is None:
                tally.refused |= how is How.REFUSED
                tally.silent |= how is How.STUCK
                continue
            tally.closes |= how is How.OVER_LIMIT and transport.behaviour.telemetry_opening_closes
            try:
                what, points = kind.read(entry)
            except Malformed:
                tally.unreadable = True
                tally.when_s = known_s
                break
            if entry == []:
                tally.silent = True
            elif transport.book.telemetry(points, now_s, name):
                tally.stored_at_s.append(kind.store(opened.device, what, known_s))
            else:
                tally.over.append(name)
        return tally

    def reject(self, session: Session, mid: int | None, now_s: float) -> None:
        """Acknowledge, then close: what ThingsBoard does with shapes that it did not expect."""
        when_s = self._transport.soon_after(now_s)
        self._transport.puback(session, mid, when_s, SPECIFIC)
        self._transport.close(session, when_s + _MOMENT_S, SPECIFIC)

    def _tell(self, session: Session, mid: int | None, tally: _Tally) -> None:
        transport, traits = self._transport, self._transport.behaviour.traits
        when_s = max(tally.stored_at_s, default=tally.when_s)
        at_once = tally.stored_at_s if traits.puback_per_device else []
        for stored_s in at_once:
            transport.puback(session, mid, stored_s)
        stored = len(tally.stored_at_s) > len(at_once)
        if tally.closes:
            transport.close(session, tally.when_s, SHUTTING_DOWN)
        elif tally.unreadable:
            transport.fail(session, mid, tally.when_s, in_rows=True)
        elif tally.over:
            late = traits.over_limit_acknowledged
            if late or stored:
                transport.puback(session, mid, when_s, QUOTA if late else SUCCESS)
            self.close_over_limit(session, when_s, tally.over, one_at_least=not late)
        elif tally.silent:
            pass
        elif tally.refused and traits.refusal_acknowledged:
            transport.puback(session, mid, max(when_s, tally.when_s), QUOTA)
        elif stored:
            transport.puback(session, mid, when_s)

    def close_over_limit(self, session: Session, when_s: float, over: list[str], *, one_at_least: bool) -> None:
        """Close for a limit; on MQTT 5 some of the devices are told first, by no rule that shows."""
        transport = self._transport
        transport.counts["past limit"] += 1
        if session.mqtt == MQTT_5 and transport.behaviour.traits.disconnects_with_reason:
            most = min(2, len(over)) if one_at_least or len(over) > 1 else 0
            for name in transport.rng.sample(over, transport.rng.randint(int(one_at_least), most)):
                content = {"device": name, "reason": 150}
                transport.deliver(session, when_s + _MOMENT_S, "v1/gateway/disconnect", content)
        transport.close(session, when_s + 2 * _MOMENT_S)
