"""The book: every sample of a run, what was said of it, and what is so.

The judge of the run. It hears from the disk what was accepted, confirmed and set aside, looks into ThingsBoard's
database, and names what does not agree. It knows nothing of how the wing works.

Each sample carries its number as the value of ``n``: what lies at ThingsBoard says itself which sample it is.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Key = tuple[str, int]
"""A meter and a time in ms."""

NUMBER = "n"


class Violation(AssertionError):  # noqa: N818 - what was found, not what went wrong
    """Something that must never be."""


class Book:
    """See the module.

    Args:
        stored: what ThingsBoard's database has of a device at a time, None when nothing.
    """

    def __init__(self, stored: Callable[[str, int], dict[str, Any] | None]) -> None:
        self._stored = stored
        self.given: dict[Key, tuple[int, str]] = {}
        """Number and device name of every sample that was put."""
        self.accepted: set[Key] = set()
        self.confirmed: set[Key] = set()
        self.aside: dict[Key, str] = {}
        self.lost: dict[Key, str] = {}
        """What the outbox itself gave up, and said so."""
        self.poison: set[Key] = set()
        """Samples that ThingsBoard cannot read."""
        self._let_go: set[Key] = set()
        self._unseen: set[Key] = set()  # confirmed, and not in the database yet
        self._waiting: set[Key] = set()
        self.waiting_by_device: Counter[str] = Counter()
        self.last_confirmed_s = 0.0
        self.first_confirmed_s: float | None = None
        self.problems: list[str] = []
        self.early = 0
        """Samples that were confirmed before they were stored: no fault while they are stored later, but luck."""
        self.latencies_s: list[float] | None = None
        """Seconds from acceptance to confirmation, when somebody wants them."""
        self._accepted_s: dict[Key, float] = {}

    def gave(self, key: Key, device: str, *, poison: bool = False) -> int:
        """A sample is about to be put. Returns its number."""
        number = len(self.given) + 1
        if poison:
            self.poison.add(key)
        self.given[key] = number, device
        return number

    def on_disk(self, keys: Iterable[Key], now_s: float) -> None:
        """These were committed, or found on disk at a start."""
        for key in keys:
            if key not in self._waiting:
                self._waiting.add(key)
                self.waiting_by_device[self.given[key][1]] += 1
            self.accepted.add(key)
            if self.latencies_s is not None:
                self._accepted_s.setdefault(key, now_s)

    def were_confirmed(self, keys: Iterable[Key], now_s: float) -> None:
        """The wing let go of these."""
        for key in keys:
            self._goes(key)
            self.confirmed.add(key)
            if not self._is_stored(key):
                self._unseen.add(key)
                self.early += 1
            if self.latencies_s is not None:
                self.latencies_s.append(now_s - self._accepted_s[key])
            if self.first_confirmed_s is None:
                self.first_confirmed_s = now_s
            self.last_confirmed_s = now_s

    def set_aside(self, keys: Iterable[Key], reason: str) -> None:
        """The wing gave these up, with a reason."""
        for key in keys:
            self._goes(key)
            self.aside[key] = reason
            if key not in self.poison:
                self.say(f"{key} was set aside, and nothing is wrong with it: {reason}")

    def went(self, keys: Iterable[Key], reason: str) -> None:
        """The outbox gave these up by its own bounds."""
        for key in keys:
            self._goes(key)
            self.lost[key] = reason

    def life_ended(self, receipts: Iterable[tuple[Key, object]]) -> None:
        """The process is gone; the next one says what it finds on disk. What its receipts said must hold."""
        self.receipts_say(receipts)
        self._waiting.clear()
        self.waiting_by_device.clear()

    @property
    def waiting(self) -> int:
        """Samples on disk."""
        return len(self._waiting)

    @property
    def poison_waiting(self) -> int:
        """Of these, those that ThingsBoard cannot read."""
        return len(self.poison & self._waiting)

    def found_on_disk(self, keys: set[Key]) -> None:
        """A life begins: what was accepted and not let go of must be there."""
        missing = self.accepted - self.confirmed - self.aside.keys() - self.lost.keys() - keys
        if missing:
            self.say(f"{len(missing)} accepted samples are not on disk any more, such as {min(missing)}")

    def was_deleted(self, device: str) -> None:
        """Somebody deleted a device at ThingsBoard: what was given by now may have gone with it."""
        self._let_go.update(key for key, (_, name) in self.given.items() if name == device)

    def server_lost_its_memory(self) -> None:
        """What is confirmed by now must be in the database: from elsewhere it cannot come any more."""
        self._unseen = {key for key in self._unseen if not self._is_stored(key)}
        if self._unseen:
            self.say(f"{len(self._unseen)} samples were confirmed and are not stored, such as {min(self._unseen)}")
            self._unseen = set()

    def found_stored(self, device: str, rows: dict[int, dict[str, Any]]) -> None:
        """A device as it is at ThingsBoard in the end: nothing may be there that is not its own."""
        for ts_ms, values in rows.items():
            number = values.get(NUMBER)
            if number not in self._own_numbers(device, ts_ms):
                self.say(f"{device} has {values} at {ts_ms}, which no meter of that name gave")
                return

    def receipts_say(self, receipts: Iterable[tuple[Key, object]]) -> None:
        """What a receipt says is so."""
        for key, receipt in receipts:
            state = getattr(receipt, "state", None)
            if state == "on disk" and key not in self.accepted:
                self.say(f"the receipt of {key} says on disk, which never took it")
            elif state == "stored" and not self._is_stored(key):
                self._unseen.add(key)
            elif state == "set aside" and key not in self.aside:
                self.say(f"the receipt of {key} says set aside, which it is not")

    def end(self) -> None:
        """All is over: what was accepted is in one of three places."""
        self.server_lost_its_memory()
        nowhere = {
            key
            for key in self.accepted - self._waiting - self.aside.keys() - self.lost.keys()
            if not self._is_stored(key)
        }
        if nowhere:
            self.say(f"{len(nowhere)} accepted samples are nowhere, such as {min(nowhere)}")

    def say(self, problem: str) -> None:
        """Remember what must not be."""
        self.problems.append(problem)

    def _own_numbers(self, device: str, ts_ms: int) -> set[int]:
        if not hasattr(self, "_by_place"):
            self._by_place: dict[Key, set[int]] = {}
            for (_, given_ts_ms), (number, name) in self.given.items():
                self._by_place.setdefault((name, given_ts_ms), set()).add(number)
        return self._by_place.get((device, ts_ms), set())

    def _goes(self, key: Key) -> None:
        if key in self._waiting:
            self._waiting.remove(key)
            self.waiting_by_device[self.given[key][1]] -= 1

    def _is_stored(self, key: Key) -> bool:
        if key in self._let_go:
            return True
        number, device = self.given[key]
        values = self._stored(device, key[1])
        return values is not None and values.get(NUMBER) == number
