"""Rate limits: how much ThingsBoard takes, in its own arithmetic.

A limit is text such as ``20:1,600:60``: 20 in a second and 600 in a minute, both at once; each is a bucket that refills
evenly. ThingsBoard counts apart:

* *telemetry messages*: one for each device in a message, however many rows the device has in it; attributes count too;
* *data points*: one a key and time stamp;
* *regular messages*: opening a device is two, asking for an attribute one; telemetry of an open device is none.

Three owners have such buckets: the gateway and each device behind it (told: ``told_limits.py``), and the tenant
(never told: ``learnt_rate.py``; which of them ended a session: ``blame.py``). The gateway's do not count what it sends
about itself. What passes a limit is acknowledged and thrown away, the entries that fitted are stored, and the session
is closed; so every message that leaves here fits whole. Used is nine tenths: the server's clock and the line's delay
are not ours.

Measured on 4.3.1.3.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from bridge.delivery.blame import Blame
from bridge.delivery.counted_kind import CountedKind, told_bucket
from bridge.delivery.learnt_rate import FIRST_PER_S, LearntRate
from bridge.delivery.rate_evidence import SOON
from bridge.delivery.told_limits import Told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from bridge.delivery.messages import Message

_AT_ONCE_S = 8.0
"""A session that follows within this was ended by ThingsBoard, not by its absence: the relay needs up to 5 s."""
_POINTS_SCALE, _FIRST_POINTS_PER_S = 50.0, 800.0
_PERIODS_S = {"": 1.0, "_a_minute": 60.0}  # in which limits that are not told are taken to refill
_SESSION_COST, _LEAST_SESSION_COST = 4, 2
"""Regular messages that a session itself costs the tenant: its beginning, the subscription to its own calls, and in
device mode that to its attributes."""
_WAIT_S = 5.0


class _Ended(NamedTuple):
    """How the last session ended: when, after how long."""

    at_s: float
    lasted_s: float
    was_fruitful: bool


class RateLimits:
    """The limits in force. Times are one monotonic clock's seconds.

    Args:
        learnt: what :meth:`learnt` gave at an earlier time, for the same ThingsBoard.
        now_s: the time.
        is_exact: whether each message has an acknowledgement of its own.
    """

    def __init__(self, learnt: Mapping[str, Any] | None = None, *, now_s: float = 0.0, is_exact: bool = False) -> None:
        self.told = Told()
        self._is_exact = is_exact
        self._learnt: dict[str, LearntRate] = {}
        self._entries = self._kind("entries", learnt or {}, 1.0, now_s)
        self._points = self._kind("points", learnt or {}, _POINTS_SCALE, now_s)
        self._regular = self._kind("regular", learnt or {}, 1.0, now_s)
        self._devices: dict[str, tuple[CountedKind, CountedKind]] = {}
        self._began_s = now_s
        self._ended: _Ended | None = None
        self._arrives_s = -math.inf  # when the last message sent arrives, about
        self._blame = Blame(self._learnt.values())

    def _kind(self, name: str, known: Mapping[str, Any], scale: float, now_s: float) -> CountedKind:
        found = []
        first_per_s = FIRST_PER_S if scale == 1 else _FIRST_POINTS_PER_S
        for period, period_s in _PERIODS_S.items():
            known_per_s = _positive(known.get(name + period))
            rate = LearntRate(
                known_per_s,
                scale=scale,
                first_per_s=first_per_s,
                period_s=period_s,
                now_s=now_s,
                is_exact=self._is_exact,
            )
            self._learnt[name + period] = rate
            found.append(rate)
        return CountedKind(found)

    def tell(self, told: Told, now_s: float) -> None:
        """Take these limits from now on. Repeating the same ones forgets nothing that was spent."""
        if told == self.told:
            return
        self.told = told
        for kind, limits in (
            (self._entries, told.entries),
            (self._points, told.points),
            (self._regular, told.regular),
        ):
            kind.told = [told_bucket(rate, now_s) for rate in limits]
        self._devices.clear()

    @property
    def was_known(self) -> bool:
        """Whether a limit that was known explains why the last session ended."""
        return self._blame.was_known

    @property
    def is_any_known(self) -> bool:
        """Whether a limit was met that nobody tells."""
        return any(rate.is_known for rate in self._learnt.values())

    @property
    def learnt(self) -> dict[str, float]:
        """What is worth remembering over a restart."""
        return {name: known for name, rate in self._learnt.items() if (known := rate.known_per_s) is not None}

    @property
    def entries_per_s(self) -> float:
        """Telemetry messages a second in the long run; infinite without a limit."""
        return min(self.told.entries_per_s, self._entries.per_s)

    @property
    def marks_per_s(self) -> float:
        """Marks a second in the long run if nothing else went: each is written, and asked for once or twice."""
        return min(self.entries_per_s, self._regular.per_s)

    def expect(self, regular: int) -> None:
        """So many regular messages each session costs until all devices are introduced."""
        restart_s = regular / self._regular.per_s
        for rate in self._learnt.values():
            rate.restart_s = restart_s

    def entries(self, now_s: float) -> float:
        """Device entries that may be sent now."""
        return self._entries.available(now_s)

    def points(self, now_s: float) -> float:
        """Data points that may be sent now."""
        return self._points.available(now_s)

    def regular(self, now_s: float) -> float:
        """Regular messages that may be sent now."""
        return self._regular.available(now_s)

    def worthwhile_entries(self, wanted: int) -> float:
        """How many device entries are worth waiting for: what is wanted, up to a third of what the bucket holds.

        Many small messages cost round trips, few full ones leave the bucket full for as long as each is on the way.
        """
        soon = _WAIT_S * self._entries.per_s  # a minute's bucket may be large and slow
        return max(1.0, math.floor(min(wanted, self._entries.amount / 3, soon)))

    @property
    def regular_burst(self) -> float:
        """Regular messages that fit at once at most."""
        return self._regular.amount

    def own_wait_s(self, now_s: float) -> float:
        """Seconds until a message of the gateway about itself fits: only the tenant counts those."""
        return max(rate.wait_s(1, now_s) for kind in (self._entries, self._regular) for rate in kind.learnt)

    def telemetry_wait_s(self, now_s: float, *, entries: float = 1, points: float = 1) -> float:
        """Seconds until a message of so much fits."""
        return max(self._entries.wait_s(entries, now_s), self._points.wait_s(points, now_s))

    def regular_wait_s(self, now_s: float, amount: int) -> float:
        """Seconds until so many regular messages fit."""
        return self._regular.wait_s(amount, now_s)

    def device_points(self, now_s: float) -> Callable[[str], float] | None:
        """Data points that a device may have now, by its name; None without such a limit."""
        if not (self.told.device_points or self.told.device_entries):
            return None

        def room(device: str) -> float:
            entries, points = self._device(device, now_s)
            return points.available(now_s) if entries.available(now_s) >= 1 else 0.0

        return room

    def device_wait_s(self, device: str, now_s: float) -> float:
        """Seconds until the device may have a row in a message."""
        if not (self.told.device_points or self.told.device_entries):
            return 0.0
        entries, points = self._device(device, now_s)
        return max(entries.wait_s(1, now_s), points.wait_s(1, now_s))

    def sent(self, message: Message, now_s: float, *, round_trip_s: float = 0.0) -> None:
        """The message is on the way; each waits for the one before it, which takes a round trip."""
        self._arrives_s = max(now_s, self._arrives_s + SOON * round_trip_s)
        for kind, amount, told_counts in self._counted(message):
            kind.sent(amount, now_s, self._arrives_s, round_trip_s=round_trip_s, with_told=told_counts)
        if not message.is_own:
            for kind, amount in self._of_devices(message, now_s):
                kind.sent(amount, now_s, now_s, with_told=True)

    def accepted(self, messages: Iterable[Message], now_s: float) -> None:
        """ThingsBoard has taken them."""
        for message in messages:
            for kind, amount, told_counts in self._counted(message):
                kind.accepted(amount, now_s, with_told=told_counts)
            if not message.is_own:
                for kind, amount in self._of_devices(message, now_s):
                    kind.accepted(amount, now_s, with_told=True)

    def session_ended(self, now_s: float, *, was_fruitful: bool, by_us: bool = False) -> None:
        """The session ended. Whose fault it was shows when the next one begins.

        Args:
            now_s: the time.
            by_us: whether we ended it ourselves: then it was no limit.
            was_fruitful: whether anything was stored in it.
        """
        self._ended = _Ended(-math.inf if by_us else now_s, now_s - self._began_s, was_fruitful)
        self._arrives_s = -math.inf
        for kind in (self._entries, self._points, self._regular):
            for bucket in kind.told:
                bucket.drain(now_s)
        self._devices.clear()

    def session_began(self, now_s: float) -> bool:
        """If it did so at once, the one before was ended by ThingsBoard. Returns whether a limit explains why."""
        self._began_s = now_s
        ended, self._ended = self._ended, None
        is_explained = False
        if ended is not None:
            is_explained = self._blame.session_began(
                now_s,
                ended.lasted_s,
                was_closed=now_s - ended.at_s <= _AT_ONCE_S,
                was_fruitful=ended.was_fruitful,
            )
        for rate in self._regular.learnt:
            rate.spent(_SESSION_COST, now_s, least=_LEAST_SESSION_COST)
        return is_explained

    def _counted(self, message: Message) -> tuple[tuple[CountedKind, float, bool], ...]:
        told = not message.is_own
        return (
            (self._entries, message.entries, told),
            (self._points, message.points, told),
            (self._regular, message.regular, told),
        )

    def _of_devices(self, message: Message, now_s: float) -> Iterable[tuple[CountedKind, float]]:
        if self.told.device_points or self.told.device_entries:
            for device, amount in message.devices.items():
                entries, points = self._device(device, now_s)
                yield entries, 1
                yield points, amount

    def _device(self, device: str, now_s: float) -> tuple[CountedKind, CountedKind]:
        if device not in self._devices:
            self._devices[device] = (
                CountedKind((), [told_bucket(rate, now_s) for rate in self.told.device_entries]),
                CountedKind((), [told_bucket(rate, now_s) for rate in self.told.device_points]),
            )
        return self._devices[device]


def _positive(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) and 0 < value < math.inf else None
