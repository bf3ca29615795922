"""Told limits: what ThingsBoard answers when it is asked for a session's limits (``getSessionLimits``).

A limit is text such as ``20:1,600:60``: 20 in a second and 600 in a minute, both at once. What each of them counts says
``rate_limits.py``. 3.6 tells no limits and knows none of the gateway's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


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
