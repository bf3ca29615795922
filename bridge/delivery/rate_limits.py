"""Rate limits: how much ThingsBoard takes, in its own arithmetic.

A limit is text such as ``20:1,600:60``: 20 in a second and 600 in a minute, both at once; each is a bucket that refills
evenly. ThingsBoard counts apart:

* *telemetry messages*: one for each device in a message, however many rows the device has in it; attributes count too;
* *data points*: one a key and time stamp;
* *regular messages*: opening a device is two, asking for an attribute one; telemetry of an open device is none.

Three owners have such buckets: the gateway and each device behind it (told by ``getSessionLimits``), and the tenant
(never told: ``learnt_rate.py``). The gateway's do not count what it sends about itself. What passes a limit is
acknowledged and thrown away, the entries that fitted are stored, and the session is closed; so every message that
leaves here fits whole. Used is nine tenths: the server's clock and the line's delay are not ours.

Measured on 4.3.1.3; 3.6 tells no limits and knows none of the gateway's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from bridge.delivery.bucket import Bucket
from bridge.delivery.learnt_rate import LearntRate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from bridge.delivery.messages import Message

_SHARE = 0.9
_RATE_SHARE = 0.95
_FEW = 5  # so few at once are counted exactly
_AT_ONCE_S = 8.0
"""A session that follows within this was ended by ThingsBoard, not by its absence: the relay needs up to 5 s."""
_POINTS_SCALE = 50.0
_PERIODS_S = {"": 1.0, "_a_minute": 60.0}  # in which limits that are not told are taken to refill
_SESSION_COST = 3  # regular messages that a session itself costs the tenant: its beginning and its subscriptions
_ARRIVAL = 0.8  # of a round trip, at least, lies between two messages that wait for each other
_WAIT_S = 5.0
_LEAST_STRAIN, _AS_LIKELY = 0.85, 0.98


class Rate(NamedTuple):
    """At most ``amount`` in any ``seconds``."""

    amount: int
    seconds: float


def rates(text: object) -> tuple[Rate, ...]:
    """Read ``count:seconds,count:seconds``; what is empty, zero or no such text sets no limit."""
    found = []
    for part in text.split(",") if isinstance(text, str) else ():
        count, _, seconds = part.partition(":")
        try:
            rate = Rate(int(count), float(seconds))
        except ValueError:
            continue
        if rate.amount > 0 and 0 < rate.seconds < math.inf:
            found.append(rate)
    return tuple(found)


class _Ended(NamedTuple):
    """How the last session ended: when, after how long."""

    at_s: float
    lasted_s: float
    was_fruitful: bool


@dataclass(frozen=True, slots=True)
class Told:
    """What ThingsBoard answered. An empty tuple sets no limit.

    Args:
        max_payload_bytes: of one message; None when it did not say.
        regular: regular messages of the session.
        entries: telemetry messages of the session.
        points: data points of the session.
        device_entries: telemetry messages of each device behind the gateway.
        device_points: data points of each such device.
    """

    max_payload_bytes: int | None = None
    regular: tuple[Rate, ...] = ()
    entries: tuple[Rate, ...] = ()
    points: tuple[Rate, ...] = ()
    device_entries: tuple[Rate, ...] = ()
    device_points: tuple[Rate, ...] = ()

    @property
    def entries_per_s(self) -> float:
        """Telemetry messages a second that the tightest limit allows in the long run; infinite without one."""
        return min((rate.amount / rate.seconds for rate in self.entries), default=math.inf)

    @classmethod
    def read(cls, answer: object) -> Told:
        """The limits in a ``getSessionLimits`` answer. For a gateway ``rateLimits`` are those of each device behind it.

        Never raises: what has another form than expected sets no limit.
        """
        if not isinstance(answer, dict):
            return cls()
        size = answer.get("maxPayloadSize")
        gateway, device = (_group(answer, name) for name in ("gatewayRateLimits", "rateLimits"))
        if "gatewayRateLimits" not in answer:
            gateway, device = device, {}
        return cls(
            max_payload_bytes=size if isinstance(size, int) and size > 0 else None,
            regular=rates(gateway.get("messages")),
            entries=rates(gateway.get("telemetryMessages")),
            points=rates(gateway.get("telemetryDataPoints")),
            device_entries=rates(device.get("telemetryMessages")),
            device_points=rates(device.get("telemetryDataPoints")),
        )


def _group(answer: Mapping[str, object], name: str) -> Mapping[str, object]:
    group = answer.get(name)
    return group if isinstance(group, dict) else {}


class RateLimits:
    """The limits in force. Times are one monotonic clock's seconds.

    Args:
        learnt: what :meth:`learnt` gave at an earlier time, for the same ThingsBoard.
        now_s: the time.
    """

    def __init__(self, learnt: Mapping[str, Any] | None = None, *, now_s: float = 0.0) -> None:
        self.told = Told()
        self._learnt: dict[str, LearntRate] = {}
        self._entries = self._kind("entries", learnt or {}, 1.0, now_s)
        self._points = self._kind("points", learnt or {}, _POINTS_SCALE, now_s)
        self._regular = self._kind("regular", learnt or {}, 1.0, now_s)
        self._devices: dict[str, tuple[_Kind, _Kind]] = {}
        self._began_s = now_s
        self._ended: _Ended | None = None
        self._arrives_s = -math.inf  # when the last message sent arrives, about

    def _kind(self, name: str, known: Mapping[str, Any], scale: float, now_s: float) -> _Kind:
        found = []
        for period, period_s in _PERIODS_S.items():
            rate = LearntRate(_positive(known.get(name + period)), scale=scale, period_s=period_s, now_s=now_s)
            self._learnt[name + period] = rate
            found.append(rate)
        return _Kind(found)

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
            kind.told = [_bucket(rate, now_s) for rate in limits]
        self._devices.clear()

    @property
    def learnt(self) -> dict[str, float]:
        """What is worth remembering over a restart."""
        return {name: known for name, rate in self._learnt.items() if (known := rate.known_per_s) is not None}

    @property
    def entries_per_s(self) -> float:
        """Telemetry messages a second in the long run; infinite without a limit."""
        return min(self.told.entries_per_s, *(rate.per_s for rate in self._entries.learnt))

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
        soon = _WAIT_S * min(rate.per_s for rate in self._entries.learnt)  # a minute's bucket may be large and slow
        return max(1.0, min(wanted, self._entries.amount / 3, soon))

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
        self._arrives_s = max(now_s, self._arrives_s + _ARRIVAL * round_trip_s)
        for kind, amount, told_counts in self._counted(message):
            kind.sent(amount, now_s, arrives_s=self._arrives_s, with_told=told_counts)
        if not message.is_own:
            for kind, amount in self._of_devices(message, now_s):
                kind.sent(amount, now_s, arrives_s=now_s, with_told=True)

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
            at_once = now_s - ended.at_s <= _AT_ONCE_S
            most = max(rate.strain for rate in self._learnt.values()) if at_once else math.inf
            least = max(_LEAST_STRAIN, most * _AS_LIKELY)
            is_explained = 1 < most < math.inf
            for rate in self._learnt.values():
                blamed = rate.strain >= least
                rate.session_ended(
                    now_s, ended.lasted_s, blamed=blamed, was_fruitful=ended.was_fruitful, was_closed=at_once
                )
        for rate in self._regular.learnt:
            rate.spent(_SESSION_COST, now_s)
        return is_explained

    def _counted(self, message: Message) -> tuple[tuple[_Kind, float, bool], ...]:
        told = not message.is_own
        return (
            (self._entries, message.entries, told),
            (self._points, message.points, told),
            (self._regular, message.regular, told),
        )

    def _of_devices(self, message: Message, now_s: float) -> Iterable[tuple[_Kind, float]]:
        if self.told.device_points or self.told.device_entries:
            for device, amount in message.devices.items():
                entries, points = self._device(device, now_s)
                yield entries, 1
                yield points, amount

    def _device(self, device: str, now_s: float) -> tuple[_Kind, _Kind]:
        if device not in self._devices:
            self._devices[device] = (
                _Kind((), [_bucket(rate, now_s) for rate in self.told.device_entries]),
                _Kind((), [_bucket(rate, now_s) for rate in self.told.device_points]),
            )
        return self._devices[device]


class _Kind:
    """What ThingsBoard counts of one kind: the buckets told, and the rate learnt where there is one."""

    def __init__(self, learnt: Sequence[LearntRate], told: list[Bucket] | None = None) -> None:
        self.learnt = learnt
        self.told = told or []

    @property
    def amount(self) -> float:
        """What fits at once at most."""
        return min(
            (part.amount for part in self._parts if not (isinstance(part, LearntRate) and part.is_open)),
            default=math.inf,
        )

    @property
    def _parts(self) -> tuple[Bucket | LearntRate, ...]:
        return *self.told, *self.learnt

    def available(self, now_s: float) -> float:
        return min((part.available(now_s) for part in self._parts), default=math.inf)

    def wait_s(self, amount: float, now_s: float) -> float:
        return max((part.wait_s(amount, now_s) for part in self._parts), default=0.0)

    def sent(self, amount: float, now_s: float, *, arrives_s: float, with_told: bool) -> None:
        for rate in self.learnt:
            rate.sent(amount, now_s, arrives_s=arrives_s)
        for bucket in self.told if with_told else ():
            bucket.sent(amount)

    def accepted(self, amount: float, now_s: float, *, with_told: bool) -> None:
        for rate in self.learnt:
            rate.accepted(amount, now_s)
        for bucket in self.told if with_told else ():
            bucket.accepted(amount, now_s)


def _bucket(rate: Rate, now_s: float) -> Bucket:
    amount = float(rate.amount) if rate.amount <= _FEW else math.floor(rate.amount * _SHARE)
    # Half full: another process, or the session before, may have spent the rest.
    return Bucket(amount, rate.amount * _RATE_SHARE / rate.seconds, level=amount / 2, now_s=now_s)


def _positive(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) and 0 < value < math.inf else None
