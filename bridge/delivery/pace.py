"""Pace: how much ThingsBoard takes. Its limits, as ``getSessionLimits`` tells them, kept to from this side.

A limit is text such as ``20:1,600:60``: 20 in a second and 600 in a minute, both at once. ThingsBoard acknowledges what
passes a limit, throws it away and closes the session; the fence notices and sends again, but staying below is faster.

Every figure is kept as a sliding window and used to nine tenths: the server's clock and the network's delay are not
ours.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bridge.delivery.messages import Message

_SHARE = 0.9
_SLOTS = 50  # spendings are remembered by fiftieths of a window: a limit a day needs no list of a day's messages


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


@dataclass(frozen=True, slots=True)
class Limits:
    """What ThingsBoard answered. An empty tuple sets no limit.

    Args:
        max_payload_bytes: of one message; None when it did not say.
        messages: messages of the session.
        points: data points of the session.
        device_messages: messages that concern one device behind the gateway.
        device_points: data points of one such device.
    """

    max_payload_bytes: int | None = None
    messages: tuple[Rate, ...] = ()
    points: tuple[Rate, ...] = ()
    device_messages: tuple[Rate, ...] = ()
    device_points: tuple[Rate, ...] = ()

    @property
    def messages_per_s(self) -> float:
        """Messages a second that the tightest limit allows in the long run; infinite without one."""
        return min((rate.amount / rate.seconds for rate in self.messages), default=math.inf)

    @classmethod
    def read(cls, answer: object) -> Limits:
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
            messages=rates(gateway.get("messages")) + rates(gateway.get("telemetryMessages")),
            points=rates(gateway.get("telemetryDataPoints")),
            device_messages=rates(device.get("messages")) + rates(device.get("telemetryMessages")),
            device_points=rates(device.get("telemetryDataPoints")),
        )


def _group(answer: Mapping[str, object], name: str) -> Mapping[str, object]:
    group = answer.get(name)
    return group if isinstance(group, dict) else {}


class Pace:
    """Keeps to the limits in force; none at first."""

    def __init__(self) -> None:
        self.limits = Limits()
        self._messages = _Meter(())
        self._points = _Meter(())
        self._devices: dict[str, tuple[_Meter, _Meter]] = {}

    def obey(self, limits: Limits) -> None:
        """Take these limits from now on. Repeating the same ones forgets nothing that was spent."""
        if limits == self.limits:
            return
        self.limits = limits
        self._messages = _Meter(limits.messages)
        self._points = _Meter(limits.points)
        self._devices.clear()

    @property
    def message_points(self) -> int | None:
        """Most data points that one message may ever have."""
        return self._points.most

    @property
    def message_device_points(self) -> int | None:
        """Most data points of one device that one message may ever have."""
        return _Meter(self.limits.device_points).most

    def wait_s(self, now_s: float, message: Message | None = None) -> float:
        """Seconds until the message, or a fence when None, keeps within every limit; 0 when it does now."""
        # A message leaves room for the fence behind it: without its answer the window could not be confirmed.
        waits = [self._messages.wait_s(now_s, 1 if message is None else 2)]
        if message is not None:
            waits.append(self._points.wait_s(now_s, message.points))
            for device, points in message.devices.items():
                messages, device_points = self._device(device)
                waits += [messages.wait_s(now_s, 1), device_points.wait_s(now_s, points)]
        return max(waits)

    def spend(self, now_s: float, message: Message | None = None) -> None:
        """Note that the message, or a fence when None, was sent."""
        self._messages.spend(now_s, 1)
        if message is not None:
            self._points.spend(now_s, message.points)
            for device, points in message.devices.items():
                messages, device_points = self._device(device)
                messages.spend(now_s, 1)
                device_points.spend(now_s, points)

    def _device(self, device: str) -> tuple[_Meter, _Meter]:
        if device not in self._devices:
            self._devices[device] = (_Meter(self.limits.device_messages), _Meter(self.limits.device_points))
        return self._devices[device]


class _Meter:
    """Counts what was spent against some rates."""

    def __init__(self, limits: tuple[Rate, ...]) -> None:
        self._windows = [_Window(max(1, int(rate.amount * _SHARE)), rate.seconds) for rate in limits]

    @property
    def most(self) -> int | None:
        return min((window.most for window in self._windows), default=None)

    def wait_s(self, now_s: float, amount: int) -> float:
        return max((window.wait_s(now_s, amount) for window in self._windows), default=0.0)

    def spend(self, now_s: float, amount: int) -> None:
        for window in self._windows:
            window.spend(now_s, amount)


class _Window:
    """What was spent in the last ``seconds``, by slots."""

    def __init__(self, most: int, seconds: float) -> None:
        self.most = most
        self._slot_s = seconds / _SLOTS
        self._spent: deque[tuple[int, int]] = deque()  # slot number, amount
        self._sum = 0

    def wait_s(self, now_s: float, amount: int) -> float:
        self._forget(now_s)
        # What alone passes the limit is let through once the window is empty: it would wait for ever.
        surplus = self._sum + min(amount, self.most) - self.most
        until_s = now_s
        for slot, spent in self._spent:
            if surplus <= 0:
                break
            surplus -= spent
            until_s = self._end_s(slot)
        return until_s - now_s

    def spend(self, now_s: float, amount: int) -> None:
        slot = int(now_s / self._slot_s)
        if self._spent and self._spent[-1][0] == slot:
            self._spent[-1] = (slot, self._spent[-1][1] + amount)
        else:
            self._spent.append((slot, amount))
        self._sum += amount

    def _forget(self, now_s: float) -> None:
        while self._spent and self._end_s(self._spent[0][0]) <= now_s:
            self._sum -= self._spent.popleft()[1]

    def _end_s(self, slot: int) -> float:
        return (slot + 1 + _SLOTS) * self._slot_s  # when the last moment of the slot has left the window
