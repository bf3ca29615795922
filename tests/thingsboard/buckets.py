"""ThingsBoard's rate limits: buckets that refill evenly, three scopes looked at one after the other.

Rules: the tenant's is looked at first, then the device's, then the gateway's; what was taken from one stays taken when
the next refuses. What the gateway sends about itself is counted by the tenant alone. Times are the caller's seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.thingsboard.behaviour import Behaviour, Limits


class Bucket:
    """One rate such as ``20:1,600:60``: every part must have room."""

    def __init__(self, text: str, now_s: float) -> None:
        parts = [part.split(":") for part in text.split(",") if part]
        self._parts = [(float(count), float(count) / float(seconds)) for count, seconds in parts]
        self._levels = [count for count, _ in self._parts]
        self._at_s = now_s

    def take(self, count: int, now_s: float) -> bool:
        """Take ``count`` if all of it is there, else nothing."""
        past_s, self._at_s = max(0.0, now_s - self._at_s), max(now_s, self._at_s)
        for number, (most, per_s) in enumerate(self._parts):
            self._levels[number] = min(most, self._levels[number] + past_s * per_s)
        if any(level < count - 1e-9 for level in self._levels):
            return False
        for number in range(len(self._levels)):
            self._levels[number] -= count
        return True


class _Scope:
    """The three buckets of one tenant, gateway or device."""

    def __init__(self, limits: Limits, now_s: float) -> None:
        self.limits = limits
        texts = (limits.messages, limits.telemetry, limits.points)
        self._messages, self._telemetry, self._points = (Bucket(text, now_s) if text else None for text in texts)

    def regular(self, now_s: float) -> bool:
        return self._messages is None or self._messages.take(1, now_s)

    def telemetry(self, points: int, now_s: float) -> bool:
        if self._telemetry is not None and not self._telemetry.take(1, now_s):
            return False
        return self._points is None or self._points.take(points, now_s)


class Book:
    """Every bucket of one server. A limit that is set anew begins full."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour
        self._scopes: dict[str, _Scope] = {}

    def regular(self, now_s: float, device: str | None = None) -> bool:
        """Whether a regular message passes: of ``device``, or of the gateway itself."""
        return all(scope.regular(now_s) for scope in self._looked_at(device, now_s))

    def telemetry(self, points: int, now_s: float, device: str | None = None) -> bool:
        """Whether a message of so many values passes."""
        return all(scope.telemetry(points, now_s) for scope in self._looked_at(device, now_s))

    def empty(self) -> None:
        """Forget all that was taken, as a new start does."""
        self._scopes.clear()

    def _looked_at(self, device: str | None, now_s: float) -> list[_Scope]:
        behaviour = self._behaviour
        scopes = [self._scope("tenant", behaviour.tenant, now_s)]
        if device is not None:
            scopes.append(self._scope(f"device {device}", behaviour.device, now_s))
            if behaviour.traits.gateway_limits:
                scopes.append(self._scope("gateway", behaviour.gateway, now_s))
        return [scope for scope in scopes if scope is not None]

    def _scope(self, name: str, limits: Limits, now_s: float) -> _Scope | None:
        if not (limits.messages or limits.telemetry or limits.points):
            return None
        scope = self._scopes.get(name)
        if scope is None or scope.limits != limits:
            scope = self._scopes[name] = _Scope(limits, now_s)
        return scope
