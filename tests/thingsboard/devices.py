"""The tenant's devices, and how one is opened in a session.

Rules: a device is known by itself, not by its name: renamed, it goes on in the sessions that have it open. An unknown
name makes a device. A name that found no room is refused for five minutes, room or not. A name or type that
ThingsBoard does not take never ends its opening, and neither does a later one of that name in the session. The
maximum is not strict in a burst: one or two too many may be made.

Not recorded, assumed: a device that is not known yet cannot be made while the database is away (its opening does not
end), a known one can be opened.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.thingsboard.events import DeviceSession
from tests.thingsboard.payloads import good_name, good_type

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from tests.thingsboard.behaviour import Behaviour
    from tests.thingsboard.buckets import Book
    from tests.thingsboard.events import Session

_BURST_S = 0.05
_TOO_MANY = 2


@dataclass(slots=True, eq=False, repr=False)
class Device:
    """One device and what is stored of it."""

    name: str
    type: str
    rows: dict[int, dict[str, Any]] = field(default_factory=dict)
    """Telemetry: values by time in ms."""
    attributes: dict[str, Any] = field(default_factory=dict)
    """Client attributes."""
    shared: dict[str, Any] = field(default_factory=dict)
    """Shared attributes, as users set them."""
    calls: int = 0
    """Calls made so far: their ids count from 0."""
    gateway: Device | None = None
    """The gateway that had it open last."""
    where: tuple[Session, str] | None = None
    """The session that has it open, and the name there; of a gateway: its own session."""
    remade: bool = False
    """One of this name was deleted before."""
    deleted: bool = False
    marked: bool | None = None
    """Is a gateway; None: as the behaviour says."""


class How(enum.Enum):
    """What became of an opening."""

    OPEN = enum.auto()
    STUCK = enum.auto()
    REFUSED = enum.auto()
    CLOSES = enum.auto()
    """The refusal comes in the way of this message and ends the session."""
    OVER_LIMIT = enum.auto()


class Devices:
    """All of one tenant."""

    def __init__(self, behaviour: Behaviour, rng: random.Random, book: Book) -> None:
        self._behaviour, self._rng, self._book = behaviour, rng, book
        self.by_name: dict[str, Device] = {}
        self._refused_until_s: dict[str, float] = {}
        self._deleted: set[str] = set()
        self._making_until_s = 0.0
        self._burst = (0.0, 0)
        self.database_up = True
        self.on_open: Callable[[Device, float], None] = lambda _device, _now_s: None
        """Called with each device that was opened, and the time."""

    def forget(self) -> None:
        """What lies in memory alone: a new start."""
        self._refused_until_s.clear()
        self._making_until_s = 0.0

    def add(self, name: str, kind: str = "default") -> Device:
        """Make a device, whatever the maximum says."""
        device = self.by_name[name] = Device(name, kind, remade=name in self._deleted)
        return device

    def remove(self, name: str) -> Device:
        """Delete it; sessions that have it open make a new one."""
        device = self.by_name.pop(name)
        device.deleted = True
        self._deleted.add(name)
        if device.where is not None:
            session, known_as = device.where
            session.open.pop(known_as, None)
            device.where = None
        return device

    def rename(self, old: str, new: str) -> Device:
        """Give it another name."""
        device = self.by_name[new] = self.by_name.pop(old)
        device.name = new
        return device

    def open(
        self, session: Session, name: str, now_s: float, *, kind: str = "default"
    ) -> tuple[How, DeviceSession | None, float]:
        """Open ``name`` unless it is open.

        Returns:
            What became of it, the device's session (of ``OPEN``, and of ``OVER_LIMIT``, whose caller may go on as if
            it were open), and when it is known.
        """
        found = session.open.get(name)
        if found is not None:
            if now_s - found.active_s <= self._behaviour.inactivity_s:
                found.active_s = now_s
                return How.OPEN, found, max(now_s, found.ready_s)
            self.close(session, name)
        if name in session.stuck or not good_name(name) or not good_type(kind):
            session.stuck.add(name)
            return How.STUCK, None, now_s
        known_s = now_s + self._rng.uniform(*self._behaviour.open_s)
        races = name in session.refused and self._behaviour.traits.refusal_races
        if races and self._rng.random() < self._behaviour.race:
            return How.CLOSES, None, max(now_s, session.refused[name])
        device = self.by_name.get(name)
        if device is None:
            if not self.database_up:
                session.stuck.add(name)
                return How.STUCK, None, now_s
            if not self._has_room(name, now_s):
                session.refused[name] = known_s
                return How.REFUSED, None, known_s
            device = self.add(name, kind)
            self._making_until_s = max(self._making_until_s, now_s) + self._behaviour.create_s
            known_s = max(known_s, self._making_until_s)
        session.refused.pop(name, None)
        paid = all(self._book.regular(now_s, name) for _ in range(self._behaviour.traits.opening_cost))
        opened = DeviceSession(device, known_s, now_s)
        session.open[name] = opened
        device.where = (session, name)
        device.gateway = session.device
        self.on_open(device, now_s)
        return (How.OPEN if paid else How.OVER_LIMIT), opened, known_s

    def close(self, session: Session, name: str) -> None:
        """End a device's session."""
        found = session.open.pop(name, None)
        if found is not None and found.device.where == (session, name):
            found.device.where = None

    def _has_room(self, name: str, now_s: float) -> bool:
        most = self._behaviour.max_devices
        if self._refused_until_s.get(name, 0.0) > now_s:
            return False
        self._refused_until_s.pop(name, None)
        if not most or len(self.by_name) < most:
            self._burst = (now_s, 0)
            return True
        since_s, extra = self._burst
        if since_s and now_s - since_s < _BURST_S and extra < _TOO_MANY and self._rng.random() < 0.2:
            self._burst = (since_s, extra + 1)
            return True
        self._refused_until_s[name] = now_s + self._behaviour.refusal_memory_s
        return False
